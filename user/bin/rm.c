/* SPDX-License-Identifier: MIT
 *
 * rm [-r] PATH...: takes names away; -r directories with all that is in them. What can't be
 * removed is said, and the rest goes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dirent.h>

#include "quire.h"

int lstat(const char *restrict path, struct stat *restrict st);

static int path_remove(const char *path, bool deep);

static int folder_empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int failures = 0;

    if (!dir)
        return fail("rm", path);
    while ((e = readdir(dir))) {
        char full[512];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(full, sizeof full, "%s/%s", path, e->d_name);
        failures += path_remove(full, true);
    }
    closedir(dir);
    return failures;
}

static int path_remove(const char *path, bool deep)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return fail("rm", path);
    if (!deep || !S_ISDIR(st.st_mode))
        return unlink(path) ? fail("rm", path) : 0;
    if (folder_empty(path))
        return 1;
    return rmdir(path) ? fail("rm", path) : 0;
}

int main(int argc, char **argv)
{
    bool deep = argc > 1 && strcmp(argv[1], "-r") == 0;
    int failures = 0;

    if (argc < 2 + deep) {
        fprintf(stderr, "usage: rm [-r] PATH...\n");
        return 2;
    }
    for (int i = 1 + deep; i < argc; i++)
        failures += path_remove(argv[i], deep);
    return failures > 0;
}
