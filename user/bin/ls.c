/* SPDX-License-Identifier: MIT
 *
 * ls [-l] [PATH...]: names in a directory, sorted; -l adds type, permissions, size and target of
 * a symbolic link. A path that is not a directory is listed by itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dirent.h>

#include "quire.h"

int lstat(const char *restrict path, struct stat *restrict st);

static char type_letter(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR: return 'd';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    case S_IFLNK: return 'l';
    case S_IFIFO: return 'p';
    default: return '-';
    }
}

static void mode_format(mode_t mode, char text[11])
{
    static const char letters[] = "rwxrwxrwx";

    text[0] = type_letter(mode);
    for (int i = 0; i < 9; i++)
        text[1 + i] = mode & (0400u >> i) ? letters[i] : '-';
    text[10] = '\0';
}

static int path_show(const char *path, const char *name, bool details)
{
    char mode[11], target[256];
    struct stat st;

    if (!details) {
        printf("%s\n", name);
        return 0;
    }
    if (lstat(path, &st) < 0)
        return fail("ls", path);
    mode_format(st.st_mode, mode);
    printf("%s %3u %9lu %s", mode, (unsigned)st.st_nlink, (unsigned long)st.st_size, name);
    ssize_t len = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof target) : 0;
    if (len > 0)
        printf(" -> %.*s", (int)len, target);
    printf("\n");
    return 0;
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names but those that start with a dot; NULL and errno if the path can't be read. */
static char **names_read(const char *path, size_t *count)
{
    size_t room = 32;
    char **names = malloc(room * sizeof *names);
    DIR *dir = opendir(path);
    struct dirent *entry;

    *count = 0;
    while (dir && names && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        if (*count == room) {
            char **more = realloc(names, (room *= 2) * sizeof *names);
            if (!more)
                break;
            names = more;
        }
        if (!(names[*count] = strdup(entry->d_name)))
            break;
        ++*count;
    }
    if (!dir)
        return NULL;
    closedir(dir);
    return names;
}

static int folder_show(const char *path, bool details)
{
    size_t count;
    char **names = names_read(path, &count);
    int failures = 0;

    if (!names)
        return fail("ls", path);
    qsort(names, count, sizeof *names, names_compare);
    for (size_t i = 0; i < count; i++) {
        char full[512];
        snprintf(full, sizeof full, "%s/%s", path, names[i]);
        failures += path_show(full, names[i], details);
        free(names[i]);
    }
    free(names);
    return failures > 0;
}

static int argument_show(const char *path, bool details)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return fail("ls", path);
    return S_ISDIR(st.st_mode) ? folder_show(path, details) : path_show(path, path, details);
}

int main(int argc, char **argv)
{
    bool details = argc > 1 && strcmp(argv[1], "-l") == 0;
    int first = details ? 2 : 1, failures = 0;

    if (first < argc && argv[first][0] == '-') {
        fprintf(stderr, "usage: ls [-l] [PATH...]\n");
        return 2;
    }
    if (first == argc)
        failures = argument_show(".", details);
    for (int i = first; i < argc; i++) {
        if (argc - first > 1)
            printf("%s%s:\n", i > first ? "\n" : "", argv[i]);
        failures += argument_show(argv[i], details);
    }
    return failures > 0;
}
