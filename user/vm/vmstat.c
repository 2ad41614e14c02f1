/* SPDX-License-Identifier: MIT
 *
 * vmstat: memory, swap and faults in a few lines. vmstat -s: all counters. vmstat -d COMMAND
 * [ARGUMENT...]: the counters that changed while the command ran, and by how much; ends with its
 * status. vmstat SECONDS [LOOKS]: a line each so many seconds: kB now, and faults and pages per
 * second, at first since the start; without LOOKS until Ctrl-C.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"

#define VMSTAT      "/proc/vmstat"
#define KB_PER_PAGE 4
#define HEAD_EVERY  20 /* lines */

/* The next "name value" line; *p moves on. False at the end. */
static bool counter_next(const char **p, char name[48], uint64_t *value)
{
    const char *line = *p, *end = strchr(line, '\n');
    size_t len = strcspn(line, " \t\n");

    if (!*line || len == 0 || len >= 48)
        return false;
    memcpy(name, line, len);
    name[len] = '\0';
    *value = strtoull(line + len, NULL, 10);
    *p = end ? end + 1 : line + strlen(line);
    return true;
}

static int summary_show(void)
{
    static const char *const memory[] = {"FramesTotal", "FramesUsed", "FramesCache", "FramesFree"};
    static const char *const swap[] = {"swap_used", "pswpin", "pswpout", "pgscan", "pgsteal"};
    char *text = file_read_all(VMSTAT, NULL), name[48], digits[U64_DIGITS];
    uint64_t value;

    if (!text)
        return fail("vmstat", VMSTAT);
    for (size_t i = 0; i < 4; i++)
        if (proc_number("/proc/meminfo", memory[i], &value))
            printf("%-20s %10s\n", memory[i], u64_format(value, digits));
    const char *p = text;
    while (counter_next(&p, name, &value))
        if (value && (strstr(name, "fault") || strstr(name, "entries")))
            printf("%-20s %10s\n", name, u64_format(value, digits));
    for (size_t i = 0; i < sizeof swap / sizeof swap[0]; i++)
        if (text_number(text, swap[i], &value) && value)
            printf("%-20s %10s\n", swap[i], u64_format(value, digits));
    free(text);
    return 0;
}

static void change_show(const char *name, uint64_t before, uint64_t after)
{
    char digits[U64_DIGITS];

    if (after != before)
        printf("%-24s %c%s\n", name, after > before ? '+' : '-',
               u64_format(after > before ? after - before : before - after, digits));
}

static int changes_show(const char *before)
{
    char *after = file_read_all(VMSTAT, NULL), name[48];
    const char *p = after;
    uint64_t old, new;

    if (!after)
        return fail("vmstat", VMSTAT);
    while (counter_next(&p, name, &new)) {
        old = 0;
        text_number(before, name, &old);
        change_show(name, old, new);
    }
    free(after);
    return 0;
}

static int command_measure(char **argv)
{
    static char path[256];
    int status = 0;

    if (!command_find(argv[0], path, sizeof path)) {
        fprintf(stderr, "vmstat: %s: not found\n", argv[0]);
        return 127;
    }
    const char *name = argv[0];
    argv[0] = path;
    char *before = file_read_all(VMSTAT, NULL);
    if (!before)
        return fail("vmstat", VMSTAT);
    pid_t pid = spawn("vmstat", argv, 0);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return fail("vmstat", name);
    status_report(name, status);
    int error = changes_show(before);
    free(before);
    return error ? error : status_to_code(status);
}

/* The rates of a line, each of one counter or of several together. */
static const struct {
    const char *title, *names[4];
    int width;
} columns[] = {
    {"zero", {"fault_zero"}, 7},
    {"copy", {"fault_copy"}, 7},
    {"reclaim", {"fault_reclaim"}, 8},
    {"attach", {"fault_attach"}, 7},
    {"upgrade", {"fault_upgrade"}, 8},
    {"pagein", {"fault_pagein"}, 7},
    {"other", {"fault_spurious", "fault_transit", "fault_pager", "fault_error"}, 6},
    {"in", {"pswpin"}, 6},
    {"out", {"pswpout"}, 6},
    {"scanned", {"pgscan"}, 8},
};

#define COLUMNS (sizeof columns / sizeof columns[0])

static uint32_t column_value(const char *text, size_t column)
{
    uint32_t sum = 0;
    uint64_t value;

    for (size_t i = 0; i < 4 && columns[column].names[i]; i++)
        if (text_number(text, columns[column].names[i], &value))
            sum += (uint32_t)value;
    return sum;
}

static void head_show(void)
{
    printf("%8s%8s%8s", "free kB", "cache", "swap");
    for (size_t i = 0; i < COLUMNS; i++)
        printf("%*s", columns[i].width, columns[i].title);
    printf("\n");
}

static void kilobytes_show(const char *text, const char *name)
{
    uint64_t pages = 0;

    text_number(text, name, &pages);
    printf("%8lu", (unsigned long)pages * KB_PER_PAGE);
}

/* looks 0: until Ctrl-C. */
static int periodic(unsigned seconds, unsigned looks)
{
    static uint32_t before[COLUMNS];
    uint64_t then = 0;
    char digits[U64_DIGITS];

    for (unsigned n = 0; looks == 0 || n < looks; n++) {
        if (n)
            sleep(seconds);
        char *text = file_read_all(VMSTAT, NULL);
        uint64_t now = time_ms(), ms = now > then ? now - then : 1;
        if (!text)
            return fail("vmstat", VMSTAT);
        if (n % HEAD_EVERY == 0)
            head_show();
        kilobytes_show(text, "frames_free");
        kilobytes_show(text, "frames_cache");
        kilobytes_show(text, "swap_used");
        for (size_t i = 0; i < COLUMNS; i++) {
            uint32_t value = column_value(text, i);
            uint64_t rate = ((uint64_t)(value - before[i]) * 1000 + ms / 2) / ms;
            printf("%*s", columns[i].width, u64_format(rate, digits));
            before[i] = value;
        }
        printf("\n");
        fflush(stdout);
        free(text);
        then = now;
    }
    return 0;
}

int main(int argc, char **argv)
{
    uint32_t seconds, looks = 0;

    if (argc == 1)
        return summary_show();
    if (argc == 2 && strcmp(argv[1], "-s") == 0)
        return file_print("vmstat", VMSTAT) < 0;
    if (argc > 2 && strcmp(argv[1], "-d") == 0)
        return command_measure(argv + 2);
    if (argc <= 3 && number_parse(argv[1], &seconds) && seconds > 0 &&
        (argc == 2 || (number_parse(argv[2], &looks) && looks > 0)))
        return periodic(seconds, looks);
    fprintf(stderr, "usage: vmstat [-s | -d COMMAND [ARGUMENT...] | SECONDS [LOOKS]]\n");
    return 2;
}
