/* SPDX-License-Identifier: MIT
 *
 * sync: all that was written to files is on their disks when it ends. sync FILE...: of these files.
 */
#include <fcntl.h>
#include <unistd.h>

#include "quire.h"

static int file_sync(const char *path)
{
    int fd = file_open_large(path, O_RDONLY), failed;

    if (fd < 0)
        return fail("sync", path);
    failed = fsync(fd) < 0 ? fail("sync", path) : 0;
    close(fd);
    return failed;
}

int main(int argc, char **argv)
{
    int failures = 0;

    if (argc < 2)
        sync();
    for (int i = 1; i < argc; i++)
        failures += file_sync(argv[i]);
    return failures > 0;
}
