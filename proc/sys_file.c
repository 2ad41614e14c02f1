/* SPDX-License-Identifier: MIT
 *
 * System calls on descriptors. Each holds a reference to the file while it works, so that another
 * thread may close the descriptor meanwhile.
 */
#include "fs/blockdev.h"
#include "fs/poll.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/sys_impl.h"

#define IOV_MAX      1024u
#define FADV_NOREUSE 5u

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
    return restartable(result);
}

SYSCALL3(sys_write, fd, ubuf, len)
{
    struct file *f = file_of(fd);
    int result;

    if (!f)
        return -EBADF;
    result = file_write(f, ubuf, len);
    file_unref(f);
    return restartable(result);
}

/* A transfer of several pieces: at the file's position, or at its own. */
struct vector {
    int (*move)(struct file *f, vaddr_t ubuf, size_t len);
    int (*move_at)(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
    uint64_t pos; /* with move_at */
};

static int move_piece(struct file *f, const struct vector *v, int done, const struct iovec *iov)
{
    if (v->move_at)
        return v->move_at(f, v->pos + (uint32_t)done, iov->base, iov->len);
    return v->move(f, iov->base, iov->len);
}

/* What was read is not kept back by waiting for more. */
static bool would_wait(struct file *f, const struct vector *v)
{
    return v->move == file_read && !(file_poll(f, NULL) & POLLIN);
}

/* Piece by piece until one comes out short. */
static int transfer(struct file *f, vaddr_t uiov, uint32_t count, const struct vector *v)
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
            n = iov.len && !(done && would_wait(f, v)) ? move_piece(f, v, done, &iov) : 0;
        if (n < 0)
            return done ? done : n;
        done += n;
        if ((uint32_t)n < iov.len)
            break;
        preempt_point();
    }
    return done;
}

static int transfer_fd(uint32_t fd, vaddr_t uiov, uint32_t count, const struct vector *v)
{
    struct file *f = file_of(fd);
    int result = -EINVAL;

    if (!f)
        return -EBADF;
    if (count <= IOV_MAX && (int64_t)v->pos >= 0)
        result = transfer(f, uiov, count, v);
    file_unref(f);
    return restartable(result);
}

SYSCALL3(sys_readv, fd, uiov, count)
{
    return transfer_fd(fd, uiov, count, &(struct vector){.move = file_read});
}

SYSCALL3(sys_writev, fd, uiov, count)
{
    return transfer_fd(fd, uiov, count, &(struct vector){.move = file_write});
}

SYSCALL4(sys_preadv, fd, uiov, count, low)
{
    uint64_t pos = low | (uint64_t)syscall_arg(5) << 32;

    return transfer_fd(fd, uiov, count, &(struct vector){.move_at = file_read_at, .pos = pos});
}

SYSCALL4(sys_pwritev, fd, uiov, count, low)
{
    uint64_t pos = low | (uint64_t)syscall_arg(5) << 32;

    return transfer_fd(fd, uiov, count, &(struct vector){.move_at = file_write_at, .pos = pos});
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
    if ((int64_t)pos >= 0 && (int64_t)(pos + len) >= 0)
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

SYSCALL3(sys_ioctl, fd, request, argument)
{
    struct file *f = file_of(fd);
    int result;

    if (!f)
        return -EBADF;
    result = file_ioctl(f, request, argument);
    file_unref(f);
    return restartable(result);
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

/* fsync, fdatasync: files lie in RAM, so it is done. */
SYSCALL1(sys_fsync, fd)
{
    struct file *f = file_of(fd);
    int error = 0;

    if (!f)
        return -EBADF;
    if (vnode_is(f->vnode, S_IFCHR) || vnode_is(f->vnode, S_IFBLK))
        error = blockdev_sync(f);
    file_unref(f);
    return error;
}

SYSCALL0(sys_sync)
{
    blockdev_sync_all();
    return 0;
}

SYSCALL1(sys_syncfs, fd)
{
    if (fdtable_get_cloexec(files(), (int)fd) < 0)
        return -EBADF;
    blockdev_sync_all();
    return 0;
}

/* readahead, sync_file_range, and posix_fadvise: advice for those who wait for a disk. */
SYSCALL1(sys_advise, fd)
{
    return fdtable_get_cloexec(files(), (int)fd) < 0 ? -EBADF : 0;
}

/* posix_fadvise, as ARM has it: the advice second. */
SYSCALL2(sys_fadvise, fd, advice)
{
    int error = (int)sys_advise(fd, 0, 0, 0);

    return error ? error : advice > FADV_NOREUSE ? -EINVAL : 0;
}

static int cut(uint32_t fd, int64_t size)
{
    struct file *f;
    int error;

    if (size < 0)
        return -EINVAL;
    f = file_of(fd);
    if (!f)
        return -EBADF;
    error = file_truncate(f, (uint64_t)size);
    file_unref(f);
    return error;
}

SYSCALL2(sys_ftruncate, fd, size)
{
    return cut(fd, (int32_t)size);
}

SYSCALL4(sys_ftruncate64, fd, pad, low, high)
{
    (void)pad;
    return cut(fd, (int64_t)((uint64_t)high << 32 | low));
}

SYSCALL4(sys_fallocate, fd, mode, low, high)
{
    uint64_t len = syscall_arg(5) | (uint64_t)syscall_arg(6) << 32;
    struct file *f = file_of(fd);
    int error;

    if (!f)
        return -EBADF;
    error = file_allocate(f, mode, (uint64_t)high << 32 | low, len);
    file_unref(f);
    return error;
}

/* pos NULL: at the position of in. */
static int send(uint32_t out_fd, uint32_t in_fd, uint64_t *pos, uint32_t len)
{
    struct file *in = file_of(in_fd), *out = file_of(out_fd);
    int result = in && out ? file_send(out, in, pos, len) : -EBADF;

    if (in)
        file_unref(in);
    if (out)
        file_unref(out);
    return result;
}

SYSCALL4(sys_sendfile, out, in, upos, len)
{
    uint32_t small;
    uint64_t pos;
    int n;

    if (!upos)
        return send(out, in, NULL, len);
    if (get_user32(&small, upos))
        return -EFAULT;
    if ((int32_t)small < 0)
        return -EINVAL;
    pos = small;
    n = send(out, in, &pos, MIN(len, INT32_MAX - small));
    return put_user32(upos, (uint32_t)pos) ? -EFAULT : n;
}

SYSCALL4(sys_sendfile64, out, in, upos, len)
{
    uint64_t pos;
    int n;

    if (!upos)
        return send(out, in, NULL, len);
    if (copy_from_user(&pos, upos, sizeof(pos)))
        return -EFAULT;
    if ((int64_t)pos < 0)
        return -EINVAL;
    n = send(out, in, &pos, len);
    return copy_to_user(upos, &pos, sizeof(pos)) ? -EFAULT : n;
}
