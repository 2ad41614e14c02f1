/* SPDX-License-Identifier: MIT
 *
 * spawn [-n N] COMMAND [ARGUMENT...]: starts a program in the background, N times, prints each
 * one's pid and does not wait; init collects them.
 */
#include <stdio.h>
#include <string.h>

#include "quire.h"

int main(int argc, char **argv)
{
    static char path[256];
    uint32_t times = 1;
    int first = 1;

    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        if (!number_parse(argv[2], &times)) {
            fprintf(stderr, "spawn: %s: not a number\n", argv[2]);
            return 2;
        }
        first = 3;
    }
    if (first >= argc) {
        fprintf(stderr, "usage: spawn [-n N] COMMAND [ARGUMENT...]\n");
        return 2;
    }
    if (!command_find(argv[first], path, sizeof path)) {
        fprintf(stderr, "spawn: %s: not found\n", argv[first]);
        return 127;
    }
    argv[first] = path;
    for (uint32_t i = 0; i < times; i++) {
        pid_t pid = spawn("spawn", argv + first, SPAWN_GROUP);
        if (pid < 0)
            return fail("spawn", path);
        printf("pid %d\n", (int)pid);
        fflush(stdout);
    }
    return 0;
}
