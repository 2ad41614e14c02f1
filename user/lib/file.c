/* SPDX-License-Identifier: MIT
 *
 * newlib's hooks for files: open, read, write, seek, stat. Flags and struct stat are translated:
 * newlib numbers open's flags as BSD does, and its struct stat is its own. Directories, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <dirent.h>
#include <termios.h>

#include "quire.h"

#define LINUX_O_EXCL     0200
#define LINUX_O_NOCTTY   0400
#define LINUX_O_TRUNC    01000
#define LINUX_O_APPEND   02000
#define LINUX_O_SYNC     04010000
#define LINUX_O_NOFOLLOW 0100000

static const struct {
    int newlib, linux;
} open_flags[] = {
    {O_CREAT, LINUX_O_CREAT},         {O_EXCL, LINUX_O_EXCL},       {O_NOCTTY, LINUX_O_NOCTTY},
    {O_TRUNC, LINUX_O_TRUNC},         {O_APPEND, LINUX_O_APPEND},   {O_NONBLOCK, LINUX_O_NONBLOCK},
    {O_SYNC, LINUX_O_SYNC},           {O_CLOEXEC, LINUX_O_CLOEXEC}, {O_NOFOLLOW, LINUX_O_NOFOLLOW},
    {O_DIRECTORY, LINUX_O_DIRECTORY},
};

static int open_with(const char *path, int flags, int linux, int mode)
{
    linux |= flags & O_ACCMODE;
    for (size_t i = 0; i < sizeof open_flags / sizeof open_flags[0]; i++)
        if (flags & open_flags[i].newlib)
            linux |= open_flags[i].linux;
    return (int)syscall(SYS_openat, LINUX_AT_FDCWD, path, linux, mode);
}

int _open(const char *path, int flags, int mode)
{
    return open_with(path, flags, 0, mode);
}

int file_open_large(const char *path, int flags)
{
    return open_with(path, flags, LINUX_O_LARGEFILE, 0666);
}

int _close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

int _read(int fd, char *buf, int len)
{
    return (int)syscall(SYS_read, fd, buf, len);
}

int _write(int fd, const char *buf, int len)
{
    return (int)syscall(SYS_write, fd, buf, len);
}

int _lseek(int fd, int offset, int whence)
{
    return (int)syscall(SYS_lseek, fd, offset, whence);
}

/* The kernel's struct stat64 (Linux, ARM EABI). */
struct linux_stat {
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

static int stat_convert(long result, const struct linux_stat *from, struct stat *to)
{
    if (result < 0)
        return (int)result;
    *to = (struct stat){
        .st_dev = (dev_t)from->dev,
        .st_ino = (ino_t)from->ino,
        .st_mode = from->mode,
        .st_nlink = (nlink_t)from->nlink,
        .st_uid = (uid_t)from->uid,
        .st_gid = (gid_t)from->gid,
        .st_rdev = (dev_t)from->rdev,
        .st_size = (off_t)from->size,
        .st_atim = {.tv_sec = from->atime, .tv_nsec = (long)from->atime_ns},
        .st_mtim = {.tv_sec = from->mtime, .tv_nsec = (long)from->mtime_ns},
        .st_ctim = {.tv_sec = from->ctime, .tv_nsec = (long)from->ctime_ns},
        .st_blksize = (blksize_t)from->blksize,
        .st_blocks = (blkcnt_t)from->blocks,
    };
    return 0;
}

int _fstat(int fd, struct stat *st)
{
    struct linux_stat got;

    return stat_convert(syscall(SYS_fstat64, fd, &got), &got, st);
}

int _stat(const char *path, struct stat *st)
{
    struct linux_stat got;

    return stat_convert(syscall(SYS_stat64, path, &got), &got, st);
}

int lstat(const char *path, struct stat *st)
{
    struct linux_stat got;

    return stat_convert(syscall(SYS_lstat64, path, &got), &got, st);
}

int _isatty(int fd)
{
    struct termios settings;

    return tcgetattr(fd, &settings) == 0;
}

/* newlib's own does nothing here. */
int fcntl(int fd, int command, ...)
{
    va_list list;

    va_start(list, command);
    int arg = va_arg(list, int);
    va_end(list);
    return (int)syscall(SYS_fcntl64, fd, command, arg);
}

int _link(const char *from, const char *to)
{
    return (int)syscall(SYS_link, from, to);
}

int _unlink(const char *path)
{
    return (int)syscall(SYS_unlink, path);
}

/* newlib's own is made of link and unlink. */
int _rename(const char *from, const char *to)
{
    return (int)syscall(SYS_rename, from, to);
}

int rename(const char *from, const char *to)
{
    return _rename(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    return (int)syscall(SYS_mkdir, path, mode);
}

int rmdir(const char *path)
{
    return (int)syscall(SYS_rmdir, path);
}

int symlink(const char *target, const char *path)
{
    return (int)syscall(SYS_symlink, target, path);
}

int fsync(int fd)
{
    return (int)syscall(SYS_fsync, fd);
}

void sync(void)
{
    syscall(SYS_sync);
}

int access(const char *path, int mode)
{
    return (int)syscall(SYS_access, path, mode);
}

int dup(int fd)
{
    return (int)syscall(SYS_dup, fd);
}

int pipe(int fd[2])
{
    return (int)syscall(SYS_pipe, fd);
}

int dup2(int fd, int wanted)
{
    return (int)syscall(SYS_dup2, fd, wanted);
}

int chdir(const char *path)
{
    return (int)syscall(SYS_chdir, path);
}

char *getcwd(char *buf, size_t size)
{
    return syscall(SYS_getcwd, buf, size) < 0 ? NULL : buf;
}

ssize_t readlink(const char *restrict path, char *restrict buf, size_t size)
{
    return (ssize_t)syscall(SYS_readlink, path, buf, size);
}

struct dir {
    int fd;
    int used, filled;
    char entries[1024] __attribute__((aligned(8)));
};

DIR *opendir(const char *path)
{
    DIR *dir = malloc(sizeof *dir);

    if (!dir)
        return NULL;
    dir->used = dir->filled = 0;
    dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->fd < 0) {
        free(dir);
        return NULL;
    }
    return dir;
}

struct dirent *readdir(DIR *dir)
{
    if (dir->used >= dir->filled) {
        dir->used = 0;
        dir->filled = (int)syscall(SYS_getdents64, dir->fd, dir->entries, sizeof dir->entries);
        if (dir->filled <= 0)
            return NULL;
    }
    struct dirent *entry = (struct dirent *)(dir->entries + dir->used);
    dir->used += entry->d_reclen;
    return entry;
}

int closedir(DIR *dir)
{
    int result = close(dir->fd);

    free(dir);
    return result;
}
