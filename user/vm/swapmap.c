/* SPDX-License-Identifier: MIT
 *
 * swapmap: the slots of swap that are in use, from /proc/quire/swapmap. swapmap PID: those of the
 * process's pages, from /proc/PID/swap, also where the page is in memory besides, and their sum.
 * "users" is how many have the page: entries that name it, and page tables that share the
 * process's. What we print may itself push pages out, so the text is read until it stays the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quire.h"

#define SWAPMAP     "/proc/quire/swapmap"
#define TRIES       5
#define KB_PER_SLOT 4

/* Calls visit (or nobody) for each line; the number of lines, and *sum tells texts apart. -1 and
 * errno: it can't be read. */
static long lines_walk(const char *path, void (*visit)(const char *line), uint32_t *sum)
{
    FILE *file = fopen(path, "r");
    char line[160];
    long lines = 0;

    if (!file)
        return -1;
    *sum = 0;
    while (fgets(line, sizeof line, file)) {
        for (const char *p = line; *p; p++)
            *sum = *sum * 31 + (unsigned char)*p;
        if (visit)
            visit(line);
        lines++;
    }
    bool failed = ferror(file);
    fclose(file);
    return failed ? -1 : lines;
}

/* Until two readings are the same. */
static void settle(const char *path)
{
    uint32_t before = 0, sum = 0;

    for (int i = 0; i < TRIES && lines_walk(path, NULL, &sum) >= 0 && (i == 0 || sum != before);
         i++)
        before = sum;
}

static void line_show(const char *line)
{
    fputs(line, stdout);
}

/* "PAGE SLOT ENTRIES TABLES FRAME STATE" */
static void page_show(const char *line)
{
    char word[6][12];

    if (sscanf(line, "%11s %11s %11s %11s %11s %11s", word[0], word[1], word[2], word[3], word[4],
               word[5]) == 6)
        printf("%8s %5s %5lu %5s %s\n", word[0], word[1],
               strtoul(word[2], NULL, 10) + strtoul(word[3], NULL, 10) - 1, word[4], word[5]);
}

static int show(const char *path, const char *head, void (*visit)(const char *line))
{
    uint32_t sum;
    long lines;

    settle(path);
    printf("%s\n", head);
    lines = lines_walk(path, visit, &sum);
    if (lines < 0)
        return fail("swapmap", path);
    printf("%ld slots, %ld kB\n", lines, lines * KB_PER_SLOT);
    return 0;
}

int main(int argc, char **argv)
{
    char path[64];
    uint32_t pid;

    if (argc == 1)
        return show(SWAPMAP, "slot type owner page entries frame state area", line_show);
    if (argc != 2 || (strcmp(argv[1], "self") != 0 && !number_parse(argv[1], &pid))) {
        fprintf(stderr, "usage: swapmap [PID]\n");
        return 2;
    }
    snprintf(path, sizeof path, "/proc/%s", argv[1]);
    if (access(path, F_OK) < 0) {
        fprintf(stderr, "swapmap: %s: no such process\n", argv[1]);
        return 1;
    }
    snprintf(path, sizeof path, "/proc/%s/swap", argv[1]);
    return show(path, "page      slot users frame state", page_show);
}
