/* SPDX-License-Identifier: MIT
 *
 * time COMMAND [ARGUMENT...]: runs a command, says how long it took by the clock, and ends with
 * its status.
 */
#include <stdio.h>
#include <time.h>

#include <sys/wait.h>

#include "quire.h"

int main(int argc, char **argv)
{
    static char path[256];
    struct timespec begin, end;
    int status = 0;

    if (argc < 2) {
        fprintf(stderr, "usage: time COMMAND [ARGUMENT...]\n");
        return 2;
    }
    const char *name = argv[1];
    if (!command_find(name, path, sizeof path)) {
        fprintf(stderr, "time: %s: not found\n", name);
        return 127;
    }
    argv[1] = path;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    pid_t pid = spawn("time", argv + 1, 0);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return fail("time", name);
    clock_gettime(CLOCK_MONOTONIC, &end);
    status_report(name, status);
    int64_t us = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
    fprintf(stderr, "time: %lu.%06lu s\n", (unsigned long)(us / 1000000),
            (unsigned long)(us % 1000000));
    return status_to_code(status);
}
