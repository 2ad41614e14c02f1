/* SPDX-License-Identifier: MIT
 *
 * repeat N COMMAND [ARGUMENT...]: runs a command N times, one after the other. Ends with the status
 * of the last run that failed, 0 if none did. It is in one process group with what it runs, so that
 * Ctrl-C ends both.
 */
#include <stdio.h>

#include <sys/wait.h>

#include "quire.h"

int main(int argc, char **argv)
{
    static char path[256];
    uint32_t times;
    int failed = 0;

    if (argc < 3 || !number_parse(argv[1], &times)) {
        fprintf(stderr, "usage: repeat N COMMAND [ARGUMENT...]\n");
        return 2;
    }
    const char *name = argv[2];
    if (!command_find(name, path, sizeof path)) {
        fprintf(stderr, "repeat: %s: not found\n", name);
        return 127;
    }
    argv[2] = path;
    for (uint32_t i = 0; i < times; i++) {
        int status = 0;
        pid_t pid = spawn("repeat", argv + 2, 0);
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
            return fail("repeat", name);
        status_report(name, status);
        if (status_to_code(status))
            failed = status_to_code(status);
    }
    return failed;
}
