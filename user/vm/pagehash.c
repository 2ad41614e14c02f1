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

#define PAGE     4096u
#define WINDOW   256u /* pages looked at in one step */
#define WORD_MAX 16

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
static bool frame_find(const volatile char *page, unsigned long *frame)
{
    char *text = file_read_all("/proc/self/pt", NULL), *at, start[24];

    snprintf(start, sizeof start, "\n  %08lx resident ", (unsigned long)(uintptr_t)page);
    at = text ? strstr(text, start) : NULL;
    if (at)
        *frame = strtoul(at + strlen(start), NULL, 16);
    free(text);
    return at != NULL;
}

/* A line of /proc/coremap: false if it is not a file's page. */
static bool line_parse(const char *line, unsigned long *frame, char owner[WORD_MAX],
                       unsigned long *index)
{
    char type[WORD_MAX];

    return sscanf(line, "%lx %15s %15s %lx", frame, type, owner, index) == 4 &&
           strcmp(type, "file") == 0;
}

/* Whose the frame is. */
static bool owner_find(unsigned long wanted, char owner[WORD_MAX])
{
    char line[160];
    FILE *table = fopen("/proc/coremap", "r");
    unsigned long frame, index;
    bool found = false;

    while (table && !found && fgets(line, sizeof line, table))
        found = line_parse(line, &frame, owner, &index) && frame == wanted;
    if (table)
        fclose(table);
    return found;
}

/* How the frame is used: its line of /proc/hat behind the colon. */
static const char *use_of(unsigned long frame, char use[80])
{
    char command[40], *text, *at;
    int len = snprintf(command, sizeof command, "pagesync %lx", frame);
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
    char line[160], owner[WORD_MAX], use[80];
    FILE *table = fopen("/proc/coremap", "r");
    unsigned long frame, index;
    unsigned count = 0;

    while (table && fgets(line, sizeof line, table))
        if (line_parse(line, &frame, owner, &index) && strcmp(owner, wanted) == 0) {
            printf("page %lu: frame %lx: %s\n", index, frame, use_of(frame, use));
            count++;
        }
    if (table)
        fclose(table);
    return count;
}

/* The owner of the file's pages; false: no page of it is in memory, or it can't be mapped. */
static bool file_owner(int fd, unsigned pages, char owner[WORD_MAX])
{
    unsigned long frame;
    bool found = false;

    for (unsigned first = 0; first < pages && !found; first += WINDOW) {
        unsigned count = pages - first < WINDOW ? pages - first : WINDOW;
        char *at = mmap(NULL, count * PAGE, PROT_READ, MAP_SHARED, fd, (off_t)first * PAGE);
        const volatile char *page;

        if (at == MAP_FAILED)
            return false;
        page = touch_resident(at, count);
        found = page && frame_find(page, &frame) && owner_find(frame, owner);
        munmap(at, count * PAGE);
    }
    return found;
}

int main(int argc, char **argv)
{
    char owner[WORD_MAX];
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
