/* SPDX-License-Identifier: MIT
 *
 * /tests/run [soak] [untimed] [together | except] [PROGRAM...]: runs the test programs (all of
 * /tests whose names start with t_; except: but these) one after the other and prints TAP: their
 * own lines indented, and one line for each. Status 0 if all passed. soak: with large counts.
 * untimed: however long anything takes. Frames in use are compared around each program as well.
 * together: all at the same time, with one look at the frames around all of them, and names in
 * front of their lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>

#include <sys/wait.h>

#include "quire.h"
#include "tap.h"

#define PROGRAMS_MAX 64

static char *names[PROGRAMS_MAX];

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void name_add(unsigned *count, char *name)
{
    if (*count == PROGRAMS_MAX) {
        printf("Bail out! more than %d programs\n", PROGRAMS_MAX);
        exit(1);
    }
    names[(*count)++] = name;
}

static bool is_among(char **list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list;
}

/* All test programs but those of the list. */
static unsigned programs_find(char **but)
{
    unsigned count = 0;
    DIR *dir = opendir("/tests");
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (strncmp(entry->d_name, "t_", 2) == 0 && !is_among(but, entry->d_name))
            name_add(&count, strdup(entry->d_name));
    if (dir)
        closedir(dir);
    qsort(names, count, sizeof names[0], names_compare);
    return count;
}

/* A name alone is one of /tests. */
static void path_make(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s%s", strchr(name, '/') ? "" : "/tests/", name);
}

static bool program_run(unsigned n, const char *name)
{
    char path[64];
    char *argv[] = {path, NULL};
    long frames = tap_before();

    path_make(path, sizeof path, name);
    printf("# Subtest: %s\n", name);
    setenv("TAP_INDENT", "    ", 1);
    int status = tap_program(argv, false);
    setenv("TAP_INDENT", "", 1);
    return tap_report(n, name, tap_exited_with(status, 0), frames);
}

static pid_t program_start(const char *name)
{
    char path[64], indent[64];
    char *argv[] = {path, NULL};
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    path_make(path, sizeof path, name);
    snprintf(indent, sizeof indent, "    %s: ", name);
    setenv("TAP_INDENT", indent, 1);
    setenv("TAP_TOGETHER", "1", 1);
    execve(path, argv, environ);
    fail("run", path);
    _exit(126);
}

static unsigned programs_run_together(unsigned count)
{
    pid_t pids[PROGRAMS_MAX];
    unsigned passed = 0;
    long frames = tap_before();

    fflush(stdout);
    for (unsigned i = 0; i < count; i++)
        pids[i] = program_start(names[i]);
    for (unsigned i = 0; i < count; i++) {
        int status;
        bool ok =
            pids[i] > 0 && waitpid(pids[i], &status, 0) == pids[i] && tap_exited_with(status, 0);
        printf("# %s: %s\n", names[i], ok ? "passed" : "failed");
        passed += ok;
    }
    return tap_report(1, "together", passed == count, frames) ? passed : 0;
}

static bool word_is(int *argc, char ***argv, const char *word)
{
    if (*argc < 2 || strcmp((*argv)[1], word) != 0)
        return false;
    --*argc;
    ++*argv;
    return true;
}

int main(int argc, char **argv)
{
    unsigned count = 0, passed = 0;
    bool together;

    if (word_is(&argc, &argv, "soak"))
        setenv("TAP_SOAK", "1", 1);
    if (word_is(&argc, &argv, "untimed"))
        setenv("TAP_UNTIMED", "1", 1);
    together = word_is(&argc, &argv, "together");
    if (word_is(&argc, &argv, "except") || argc == 1)
        count = programs_find(argv + 1);
    else
        for (int i = 1; i < argc; i++)
            name_add(&count, argv[i]);
    printf("TAP version 14\n1..%u\n", together ? 1 : count);
    fflush(stdout);
    setenv("TAP_INDENT", "    ", 1);
    tap_before();
    if (together)
        passed = programs_run_together(count);
    for (unsigned i = 0; i < count && !together; i++)
        passed += program_run(i + 1, names[i]);
    printf("# %u of %u test programs passed\n", passed, count);
    return passed == count && count > 0 ? 0 : 1;
}
