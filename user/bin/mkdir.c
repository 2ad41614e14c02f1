/* SPDX-License-Identifier: MIT
 *
 * mkdir PATH..., rmdir PATH..., touch PATH...: one step for each path, by the name of the program.
 * touch makes a file or gives it the time of now.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "quire.h"

static int step(const char *path)
{
    int fd;

    if (NAME[0] == 'm')
        return mkdir(path, 0777);
    if (NAME[0] == 'r')
        return rmdir(path);
    fd = open(path, O_WRONLY | O_CREAT, 0666);
    if (fd < 0)
        return -1;
    close(fd);
    return (int)syscall(SYS_utimensat, LINUX_AT_FDCWD, path, NULL, 0);
}

int main(int argc, char **argv)
{
    int failures = 0;

    if (argc < 2) {
        fprintf(stderr, "usage: %s PATH...\n", NAME);
        return 2;
    }
    for (int i = 1; i < argc; i++)
        if (step(argv[i]) < 0)
            failures += fail(NAME, argv[i]);
    return failures > 0;
}
