/* SPDX-License-Identifier: MIT
 *
 * For the tests of files: the kernel's calls with its own numbers, on paths below a directory of
 * the test's own that is empty when the test begins and is taken away by files_end.
 */
#ifndef TESTS_USER_FILES_H
#define TESTS_USER_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dirent.h>

#include "quire.h"
#include "tap.h"

#define HERE   LINUX_AT_FDCWD
#define CREATE (O_RDWR | LINUX_O_CREAT)

struct files_stat {
    uint64_t dev;
    uint32_t pad, ino_low, mode, nlink, uid, gid;
    uint64_t rdev;
    uint64_t pad2;
    int64_t size;
    uint32_t blksize, pad3;
    uint64_t blocks;
    uint32_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
    uint64_t ino;
};

static inline long files_open(const char *path, int flags, int mode)
{
    return sys_raw(SYS_openat, HERE, path, flags, mode);
}

/* A new file with this text. */
static inline void files_put(const char *path, const char *text)
{
    long fd = files_open(path, CREATE | LINUX_O_TRUNC, 0644);

    CHECK(fd >= 0);
    CHECK_EQ(sys_raw(SYS_write, fd, text, strlen(text)), strlen(text));
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* The file has this text and no other. */
static inline void files_has(const char *path, const char *text)
{
    char buf[128];
    long fd = files_open(path, O_RDONLY, 0), got;

    CHECK(fd >= 0);
    got = sys_raw(SYS_read, fd, buf, sizeof buf);
    CHECK_EQ(got, strlen(text));
    CHECK(memcmp(buf, text, (size_t)got) == 0);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

static inline struct files_stat files_stat(const char *path)
{
    struct files_stat st;

    CHECK_EQ(sys_raw(SYS_lstat64, path, &st), 0);
    return st;
}

static inline long files_mkdir(const char *path)
{
    return sys_raw(SYS_mkdir, path, 0755);
}

static inline long files_unlink(const char *path)
{
    return sys_raw(SYS_unlink, path);
}

static inline long files_rename(const char *from, const char *to)
{
    return sys_raw(SYS_rename, from, to);
}

static inline bool files_exists(const char *path)
{
    struct files_stat st;

    return sys_raw(SYS_lstat64, path, &st) == 0;
}

/* Into an empty directory of this name below /tmp. */
static inline void files_begin(const char *name)
{
    CHECK_EQ(sys_raw(SYS_chdir, "/tmp"), 0);
    CHECK_EQ(files_mkdir(name), 0);
    CHECK_EQ(sys_raw(SYS_chdir, name), 0);
}

/* It is empty again, and goes. */
static inline void files_end(const char *name)
{
    CHECK_EQ(sys_raw(SYS_chdir, "/tmp"), 0);
    CHECK_EQ(sys_raw(SYS_rmdir, name), 0);
}

/* Everything below a directory goes, however deep. */
static inline void files_remove_below(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;

    CHECK(dir != NULL);
    while ((e = readdir(dir))) {
        char full[512];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(full, sizeof full, "%s/%s", path, e->d_name);
        if (files_unlink(full) == -EISDIR && sys_raw(SYS_rmdir, full)) {
            files_remove_below(full);
            CHECK_EQ(sys_raw(SYS_rmdir, full), 0);
        }
    }
    closedir(dir);
}

/* A copy that may be run. */
static inline void files_copy(const char *from, const char *to)
{
    long in = files_open(from, O_RDONLY, 0), out = files_open(to, CREATE, 0755);

    CHECK(in >= 0 && out >= 0);
    CHECK(sys_raw(SYS_sendfile64, out, in, NULL, 1 << 20) > 0);
    CHECK_EQ(sys_raw(SYS_close, in), 0);
    CHECK_EQ(sys_raw(SYS_close, out), 0);
}

#endif
