/* SPDX-License-Identifier: MIT
 *
 * pagehash FILE: the pages of a file that are in memory, a line each: its number in the file, the
 * frame, how many entries of page tables name that frame, how many of these the hardware knows,
 * through how many it can be written, and whether the page is clean. Each page of a file has one
 * frame, whoever reads, writes, maps or executes it. The last line counts.
 *
 * The file's owner in the core map is found by mapping one of its pages.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include "quire.h"

#define PAGE      4096u
#define WINDOW    256u /* pages looked at in one step */
#define FRAME_MAX 16

/* The first page of [at, at + pages) that is in memory is touched; NULL: none is. */
static const volatile char *touch_resident(char *at, unsigned pages)
{
    unsigned char in_core[WINDOW];

    if (mincore(at, pages * PAGE, in_core) != 0)
        return NULL;
    for (unsigned i = 0; i < pages; i++)
        if (in_core[i] & 1) {
            const volatile char *page = at + i * PAGE;

            (void)*page;
            return page;
        }
    return NULL;
}

/* The frame of the page, as /proc/self/pt has it; false: not there. */
static bool frame_find(const volatile char *page, char frame[FRAME_MAX])
{
    char *text = file_read_all("/proc/self/pt", NULL), *at, start[24];

    snprintf(start, sizeof start, "\n  %08lx resident ", (unsigned long)(uintptr_t)page);
    at = text ? strstr(text, start) : NULL;
    if (at) {
        at += strlen(start);
        at += strspn(at, " ");
        snprintf(frame, FRAME_MAX, "%.*s", (int)strcspn(at, " \n"), at);
    }
    free(text);
    return at != NULL;
}

/* A line of /proc/coremap: false if it is not a file's page. */
static bool line_parse(const char *line, char frame[FRAME_MAX], char owner[FRAME_MAX],
                       unsigned long *index)
{
    char type[FRAME_MAX];

    return sscanf(line, "%15s %15s %15s %lx", frame, type, owner, index) == 4 &&
           strcmp(type, "file") == 0;
}

/* Whose the frame is. */
static bool owner_find(const char *wanted, char owner[FRAME_MAX])
{
    char line[160], frame[FRAME_MAX];
    FILE *table = fopen("/proc/coremap", "r");
    unsigned long index;
    bool found = false;

    while (table && !found && fgets(line, sizeof line, table))
        found = line_parse(line, frame, owner, &index) && strcmp(frame, wanted) == 0;
    if (table)
        fclose(table);
    return found;
}

/* How the frame is used: its line of /proc/hat behind the colon. */
static const char *use_of(const char *frame, char use[80])
{
    char command[40], *text, *at;
    int len = snprintf(command, sizeof command, "pagesync %s", frame);
    int fd = open("/proc/hat", O_WRONLY);
    bool done = fd >= 0 && write(fd, command, (size_t)len) == len;

    close(fd);
    strcpy(use, "gone");
    text = done ? file_read_all("/proc/hat", NULL) : NULL;
    at = text ? strstr(text, ": ") : NULL;
    if (at)
        snprintf(use, 80, "%.*s", (int)strcspn(at + 2, "\n"), at + 2);
    free(text);
    return use;
}

/* Prints the pages of this owner; returns how many. */
static unsigned pages_print(const char *wanted)
{
    char line[160], frame[FRAME_MAX], owner[FRAME_MAX], use[80];
    FILE *table = fopen("/proc/coremap", "r");
    unsigned long index;
    unsigned count = 0;

    while (table && fgets(line, sizeof line, table))
        if (line_parse(line, frame, owner, &index) && strcmp(owner, wanted) == 0) {
            printf("page %lu: frame %s: %s\n", index, frame, use_of(frame, use));
            count++;
        }
    if (table)
        fclose(table);
    return count;
}

/* The owner of the file's pages; false: no page of it is in memory, or it can't be mapped. */
static bool file_owner(int fd, unsigned pages, char owner[FRAME_MAX])
{
    char frame[FRAME_MAX];
    bool found = false;

    for (unsigned first = 0; first < pages && !found; first += WINDOW) {
        unsigned count = pages - first < WINDOW ? pages - first : WINDOW;
        char *at = mmap(NULL, count * PAGE, PROT_READ, MAP_SHARED, fd, (off_t)first * PAGE);
        const volatile char *page;

        if (at == MAP_FAILED)
            return false;
        page = touch_resident(at, count);
        found = page && frame_find(page, frame) && owner_find(frame, owner);
        munmap(at, count * PAGE);
    }
    return found;
}

int main(int argc, char **argv)
{
    char owner[FRAME_MAX];
    unsigned pages, count = 0;
    off_t size;
    int fd;

    if (argc != 2) {
        fprintf(stderr, "usage: pagehash FILE\n");
        return 2;
    }
    fd = open(argv[1], O_RDONLY);
    size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
    if (size < 0)
        return fail("pagehash", argv[1]);
    pages = ((unsigned)size + PAGE - 1) / PAGE;
    if (file_owner(fd, pages, owner))
        count = pages_print(owner);
    printf("%u of %u pages in memory\n", count, pages);
    close(fd);
    return 0;
}
