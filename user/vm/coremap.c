/* SPDX-License-Identifier: MIT
 *
 * coremap [-c]: prints the frame table, a line a frame: number (hexadecimal), type, owner,
 * index, users, flags, links. A run of free frames that were never used is one line, FIRST-LAST.
 * With -c the table is checked instead: each frame once and in order, known types, and as many
 * free frames as FramesFree of /proc/meminfo says; between the two reads others may take frames,
 * so a difference is looked at again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quire.h"

#define TRIES        5
#define SLACK_FRAMES 8 /* what this program itself takes meanwhile */

static const char *const types[] = {"free", "kernel", "slab",    "node",     "table", "anon",
                                    "file", "zero",   "ramdisk", "reserved", "stack", "swap"};

#define TYPES    (sizeof types / sizeof types[0])
#define FREE     0 /* indices into types */
#define RESERVED 9

struct check {
    unsigned long next, frames, errors;
    unsigned long count[TYPES];
    bool started;
};

static void error_found(struct check *check, const char *line, const char *what)
{
    if (check->errors++ < 20)
        printf("coremap: %s: %.40s\n", what, line);
}

static int type_find(const char *word, size_t len)
{
    for (size_t i = 0; i < TYPES; i++)
        if (strlen(types[i]) == len && memcmp(types[i], word, len) == 0)
            return (int)i;
    return -1;
}

static void line_check(struct check *check, char *line)
{
    char *p;
    unsigned long first = strtoul(line, &p, 16), last = first;

    if (p == line)
        return error_found(check, line, "no frame number");
    if (*p == '-')
        last = strtoul(p + 1, &p, 16);
    if (last < first)
        return error_found(check, line, "run backwards");
    if (check->started && first < check->next)
        error_found(check, line, "frame twice or out of order");
    p += strspn(p, " ");
    int type = type_find(p, strcspn(p, " "));
    if (type < 0)
        error_found(check, line, "unknown type");
    else
        check->count[type] += last - first + 1;
    if (last != first && type != FREE && type != RESERVED)
        error_found(check, line, "a run of frames in use");
    check->started = true;
    check->frames += last - first + 1;
    check->next = last + 1;
}

/* Reads the whole table, and how many frames are free while its text is still held; that text took
 * frames while it was printed, *slack of them at most. Returns false if something can't be read. */
static bool table_check(struct check *check, uint64_t *unused, uint64_t *slack)
{
    FILE *table = fopen("/proc/coremap", "r");
    char line[160];
    uint64_t bytes = 0;

    if (!table)
        return false;
    *check = (struct check){0};
    while (fgets(line, sizeof line, table)) {
        bytes += strlen(line);
        line[strcspn(line, "\n")] = '\0';
        if (!strstr(line, "pfn"))
            line_check(check, line);
    }
    bool read = !ferror(table) && proc_number("/proc/meminfo", "FramesFree", unused);
    fclose(table);
    *slack = bytes / 4096 + SLACK_FRAMES;
    return read;
}

static int coremap_check(void)
{
    struct check check;
    uint64_t unused = 0, slack = 0;
    bool same = false;

    for (int i = 0; i < TRIES && !same; i++) {
        if (!table_check(&check, &unused, &slack))
            return fail("coremap", "/proc");
        same = check.count[0] + SLACK_FRAMES >= unused && check.count[0] <= unused + slack;
    }
    for (size_t i = 0; i < TYPES; i++)
        printf("%-9s %8lu\n", types[i], check.count[i]);
    if (!same) {
        check.errors++;
        printf("coremap: %lu frames are free, /proc/meminfo says %lu\n", check.count[0],
               (unsigned long)unused);
    }
    if (check.errors)
        printf("coremap: %lu errors\n", check.errors);
    else
        printf("coremap: ok, %lu frames\n", check.frames);
    return check.errors != 0;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        printf("pfn type owner index users flags next:prev:hash\n");
        fflush(stdout);
        return file_print("coremap", "/proc/coremap") < 0;
    }
    if (argc == 2 && strcmp(argv[1], "-c") == 0)
        return coremap_check();
    fprintf(stderr, "usage: coremap [-c]\n");
    return 2;
}
