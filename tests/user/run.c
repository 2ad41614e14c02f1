/* SPDX-License-Identifier: MIT
 *
 * /tests/run [soak] [PROGRAM...]: runs the test programs (all of /tests whose names start with t_)
 * one after the other and prints TAP: their own lines indented, and one line for each. Status 0 if
 * all passed. soak: with large counts. Frames in use are compared around each program as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>

#include "quire.h"
#include "tap.h"

#define PROGRAMS_MAX 64

static char *names[PROGRAMS_MAX];

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static unsigned programs_find(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/tests");
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) && count < PROGRAMS_MAX)
        if (strncmp(entry->d_name, "t_", 2) == 0 && (names[count] = strdup(entry->d_name)))
            count++;
    if (dir)
        closedir(dir);
    qsort(names, count, sizeof names[0], names_compare);
    return count;
}

static bool program_run(unsigned n, const char *name)
{
    char path[64];
    char *argv[] = {path, NULL};
    long frames = tap_frames();

    snprintf(path, sizeof path, "%s%s", strchr(name, '/') ? "" : "/tests/", name);
    printf("# Subtest: %s\n", name);
    setenv("TAP_INDENT", "    ", 1);
    int status = tap_program(argv, false);
    setenv("TAP_INDENT", "", 1);
    return tap_report(n, name, tap_exited_with(status, 0), frames);
}

int main(int argc, char **argv)
{
    unsigned count, passed = 0;

    if (argc > 1 && strcmp(argv[1], "soak") == 0) {
        setenv("TAP_SOAK", "1", 1);
        argc--;
        argv++;
    }
    count = argc > 1 ? (unsigned)argc - 1 : programs_find();
    if (argc > 1)
        memcpy(names, argv + 1, sizeof names[0] * (count < PROGRAMS_MAX ? count : PROGRAMS_MAX));
    if (count > PROGRAMS_MAX)
        count = PROGRAMS_MAX;
    printf("TAP version 14\n1..%u\n", count);
    fflush(stdout);
    setenv("TAP_INDENT", "    ", 1);
    tap_frames();
    for (unsigned i = 0; i < count; i++)
        passed += program_run(i + 1, names[i]);
    printf("# %u of %u test programs passed\n", passed, count);
    return passed == count && count > 0 ? 0 : 1;
}
