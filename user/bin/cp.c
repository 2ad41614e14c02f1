/* SPDX-License-Identifier: MIT
 *
 * cp FROM TO, cp FROM... DIRECTORY: copies files with their permissions. As mv: renames them, or
 * across file systems copies and removes them. What can't be done is said, and the rest is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quire.h"

static char block[16384];

static int bytes_copy(int in, int out, const char *from, const char *to)
{
    ssize_t got;

    while ((got = read(in, block, sizeof block)) > 0)
        for (ssize_t done = 0, n; done < got; done += n)
            if ((n = write(out, block + done, (size_t)(got - done))) < 0)
                return fail(NAME, to);
    return got < 0 ? fail(NAME, from) : 0;
}

static int file_copy(const char *from, const char *to)
{
    struct stat a, b;
    int in = open(from, O_RDONLY), out, failed;

    if (in < 0 || fstat(in, &a) < 0)
        return fail(NAME, from);
    if (stat(to, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
        fprintf(stderr, "%s: %s and %s are the same file\n", NAME, from, to);
        close(in);
        return 1;
    }
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC, a.st_mode & 0777);
    failed = out < 0 ? fail(NAME, to) : bytes_copy(in, out, from, to);
    close(in);
    close(out);
    return failed;
}

static int file_move(const char *from, const char *to)
{
    if (rename(from, to) == 0)
        return 0;
    if (errno != EXDEV)
        return fail(NAME, to);
    if (file_copy(from, to))
        return 1;
    return unlink(from) ? fail(NAME, from) : 0;
}

static int one(const char *from, const char *to, bool into)
{
    const char *base = strrchr(from, '/');
    char path[512];

    if (into) {
        snprintf(path, sizeof path, "%s/%s", to, base ? base + 1 : from);
        to = path;
    }
    return MOVES ? file_move(from, to) : file_copy(from, to);
}

int main(int argc, char **argv)
{
    struct stat st;
    int failures = 0;
    bool into;

    if (argc < 3) {
        fprintf(stderr, "usage: %s FROM TO, or %s FROM... DIRECTORY\n", NAME, NAME);
        return 2;
    }
    into = stat(argv[argc - 1], &st) == 0 && S_ISDIR(st.st_mode);
    if (argc > 3 && !into) {
        errno = ENOTDIR;
        return fail(NAME, argv[argc - 1]);
    }
    for (int i = 1; i < argc - 1; i++)
        failures += one(argv[i], argv[argc - 1], into);
    return failures > 0;
}
