/* SPDX-License-Identifier: MIT
 *
 * System calls on descriptors. Each holds a reference to the file while it works, so that another
 * thread may close the descriptor meanwhile.
 */
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/sys_impl.h"

#define IOV_MAX 1024u

#define F_DUPFD         0u
#define F_GETFD         1u
#define F_SETFD         2u
#define F_GETFL         3u
#define F_SETFL         4u
#define F_DUPFD_CLOEXEC 1030u
#define FD_CLOEXEC      1u

struct iovec {
    uint32_t base, len;
};

static struct fdtable *files(void)
{
    return proc_current()->files;
}

static struct file *file_of(uint32_t fd)
{
    return fdtable_get(files(), (int)fd);
}

/* Gives a new file a descriptor; its reference is used up. */
static int install(struct file *f, uint32_t from, bool cloexec)
{
    int fd = fdtable_add(files(), f, (int)from, cloexec);

    if (fd < 0)
        file_unref(f);
    return fd;
}

/* What a path that is to be opened leads to. Nothing can be created here: the only file systems are
 * read-only. */
static int lookup_to_open(struct vnode *dir, const char *path, uint32_t flags, struct vnode **v)
{
    int error = vnode_lookup(dir, path, !(flags & O_NOFOLLOW), v);

    if (error == -ENOENT && flags & O_CREAT)
        return -EROFS;
    if (!error && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
        vnode_unref(*v);
        return -EEXIST;
    }
    return error;
}

static int open_path(int dirfd, const char *path, uint32_t flags)
{
    struct vnode *dir, *v;
    struct file *f;
    int error = dir_of_fd(dirfd, path, &dir);

    if (error)
        return error;
    error = lookup_to_open(dir, path, flags, &v);
    vnode_unref(dir);
    if (error)
        return error;
    error = file_open(v, flags, &f);
    vnode_unref(v);
    return error ? error : install(f, 0, flags & O_CLOEXEC);
}

static int open_user_path(int dirfd, vaddr_t upath, uint32_t flags)
{
    char *path;
    int result = path_from_user(upath, &path);

    if (result)
        return result;
    result = open_path(dirfd, path, flags);
    kfree(path);
    return result;
}

SYSCALL2(sys_open, upath, flags)
{
    return open_user_path(AT_FDCWD, upath, flags);
}

SYSCALL3(sys_openat, dirfd, upath, flags)
{
    return open_user_path((int)dirfd, upath, flags);
}

SYSCALL1(sys_close, fd)
{
    return fdtable_close(files(), (int)fd);
}

SYSCALL3(sys_read, fd, ubuf, len)
{
    struct file *f = file_of(fd);
    int result;

    if (!f)
        return -EBADF;
    result = file_read(f, ubuf, len);
    file_unref(f);
    return result;
}

SYSCALL3(sys_write, fd, ubuf, len)
{
    struct file *f = file_of(fd);
    int result;

    if (!f)
        return -EBADF;
    result = file_write(f, ubuf, len);
    file_unref(f);
    return result;
}

/* readv and writev: piece by piece until one comes out short. */
static int transfer(struct file *f, vaddr_t uiov, uint32_t count,
                    int (*move)(struct file *, vaddr_t, size_t))
{
    int done = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct iovec iov;
        int n;

        if (copy_from_user(&iov, uiov + i * sizeof(iov), sizeof(iov)))
            n = -EFAULT;
        else if (iov.len > (uint32_t)(INT32_MAX - done))
            n = -EINVAL;
        else
            n = iov.len ? move(f, iov.base, iov.len) : 0;
        if (n < 0)
            return done ? done : n;
        done += n;
        if ((uint32_t)n < iov.len)
            break;
        preempt_point();
    }
    return done;
}

static int transfer_fd(uint32_t fd, vaddr_t uiov, uint32_t count,
                       int (*move)(struct file *, vaddr_t, size_t))
{
    struct file *f = file_of(fd);
    int result = -EINVAL;

    if (!f)
        return -EBADF;
    if (count <= IOV_MAX)
        result = transfer(f, uiov, count, move);
    file_unref(f);
    return result;
}

SYSCALL3(sys_readv, fd, uiov, count)
{
    return transfer_fd(fd, uiov, count, file_read);
}

SYSCALL3(sys_writev, fd, uiov, count)
{
    return transfer_fd(fd, uiov, count, file_write);
}

/* pread64 and pwrite64: the position is in an even pair of registers, r4 and r5. */
static int transfer_at(uint32_t fd, vaddr_t ubuf, uint32_t len,
                       int (*move)(struct file *, uint64_t, vaddr_t, size_t))
{
    uint64_t pos = syscall_arg(5) | (uint64_t)syscall_arg(6) << 32;
    struct file *f = file_of(fd);
    int result = -EINVAL;

    if (!f)
        return -EBADF;
    if ((int64_t)pos >= 0)
        result = move(f, pos, ubuf, len);
    file_unref(f);
    return result;
}

SYSCALL3(sys_pread64, fd, ubuf, len)
{
    return transfer_at(fd, ubuf, len, file_read_at);
}

SYSCALL3(sys_pwrite64, fd, ubuf, len)
{
    return transfer_at(fd, ubuf, len, file_write_at);
}

static int64_t seek(uint32_t fd, int64_t offset, uint32_t whence)
{
    struct file *f = file_of(fd);
    int64_t result;

    if (!f)
        return -EBADF;
    result = file_seek(f, offset, (int)whence);
    file_unref(f);
    return result;
}

SYSCALL3(sys_lseek, fd, offset, whence)
{
    int64_t result = seek(fd, (int32_t)offset, whence);

    return result > INT32_MAX ? -EOVERFLOW : (long)result;
}

SYSCALL4(sys_llseek, fd, high, low, uresult)
{
    int64_t result = seek(fd, (int64_t)((uint64_t)high << 32 | low), syscall_arg(5));

    if (result < 0)
        return (long)result;
    return copy_to_user(uresult, &result, sizeof(result));
}

static int dup_from(uint32_t fd, uint32_t from, bool cloexec)
{
    struct file *f = file_of(fd);

    if (!f)
        return -EBADF;
    if (from >= FD_MAX) {
        file_unref(f);
        return -EINVAL;
    }
    return install(f, from, cloexec);
}

SYSCALL1(sys_dup, fd)
{
    return dup_from(fd, 0, false);
}

static int dup_to(uint32_t fd, uint32_t to, bool cloexec)
{
    struct file *f = file_of(fd);
    int result;

    if (!f)
        return -EBADF;
    result = fdtable_set(files(), f, (int)to, cloexec);
    if (result < 0)
        file_unref(f);
    return result;
}

SYSCALL2(sys_dup2, fd, to)
{
    if (fd != to)
        return dup_to(fd, to, false);
    return fdtable_get_cloexec(files(), (int)fd) < 0 ? -EBADF : (long)fd;
}

SYSCALL3(sys_dup3, fd, to, flags)
{
    if (fd == to || flags & ~(uint32_t)O_CLOEXEC)
        return -EINVAL;
    return dup_to(fd, to, flags & O_CLOEXEC);
}

/* F_GETFL and F_SETFL. */
static int file_flags(uint32_t fd, bool set, uint32_t flags)
{
    struct file *f = file_of(fd);
    int result = 0;

    if (!f)
        return -EBADF;
    if (set)
        file_set_flags(f, flags);
    else
        result = (int)f->flags;
    file_unref(f);
    return result;
}

/* fcntl and fcntl64. Locks are not built and must not seem to be. */
SYSCALL3(sys_fcntl, fd, command, argument)
{
    switch (command) {
    case F_DUPFD: return dup_from(fd, argument, false);
    case F_DUPFD_CLOEXEC: return dup_from(fd, argument, true);
    case F_GETFD: return fdtable_get_cloexec(files(), (int)fd);
    case F_SETFD: return fdtable_set_cloexec(files(), (int)fd, argument & FD_CLOEXEC);
    case F_GETFL: return file_flags(fd, false, 0);
    case F_SETFL: return file_flags(fd, true, argument);
    default: return fdtable_get_cloexec(files(), (int)fd) < 0 ? -EBADF : -EINVAL;
    }
}

SYSCALL3(sys_ioctl, fd, request, argument)
{
    struct file *f = file_of(fd);
    int result;

    if (!f)
        return -EBADF;
    result = file_ioctl(f, request, argument);
    file_unref(f);
    return result;
}

SYSCALL3(sys_getdents64, fd, ubuf, len)
{
    struct file *f = file_of(fd);
    int result;

    if (!f)
        return -EBADF;
    result = file_getdents(f, ubuf, len);
    file_unref(f);
    return result;
}

/* fsync and fdatasync: storage is RAM, so it is done. */
SYSCALL1(sys_fsync, fd)
{
    return fdtable_get_cloexec(files(), (int)fd) < 0 ? -EBADF : 0;
}
