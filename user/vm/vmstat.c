/* SPDX-License-Identifier: MIT
 *
 * vmstat: memory and faults in a few lines. vmstat -s: all counters. vmstat -d COMMAND
 * [ARGUMENT...]: the counters that changed while the command ran, and by how much; ends with its
 * status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>

#include "quire.h"

#define VMSTAT "/proc/vmstat"

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

int main(int argc, char **argv)
{
    if (argc == 1)
        return summary_show();
    if (argc == 2 && strcmp(argv[1], "-s") == 0)
        return file_print("vmstat", VMSTAT) < 0;
    if (argc > 2 && strcmp(argv[1], "-d") == 0)
        return command_measure(argv + 2);
    fprintf(stderr, "usage: vmstat [-s | -d COMMAND [ARGUMENT...]]\n");
    return 2;
}
