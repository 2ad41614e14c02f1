/* SPDX-License-Identifier: MIT
 *
 * fcntl with its locks and seals, flock, the dup family and memfd_create.
 */
#include "fs/lock.h"
#include "fs/pipe.h"
#include "fs/tmpfs.h"
#include "mm/uaccess.h"
#include "proc/sys_impl.h"

#define F_DUPFD         0u
#define F_GETFD         1u
#define F_SETFD         2u
#define F_GETFL         3u
#define F_SETFL         4u
#define F_GETLK         5u
#define F_SETLK         6u
#define F_SETLKW        7u
#define F_GETLK64       12u
#define F_SETLK64       13u
#define F_SETLKW64      14u
#define F_DUPFD_CLOEXEC 1030u
#define F_SETPIPE_SZ    1031u
#define F_GETPIPE_SZ    1032u
#define F_ADD_SEALS     1033u
#define F_GET_SEALS     1034u
#define FD_CLOEXEC      1u

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

#define LOCK_SH 1u
#define LOCK_EX 2u
#define LOCK_NB 4u
#define LOCK_UN 8u

#define SEALS             (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define MFD_CLOEXEC       1u
#define MFD_ALLOW_SEALING 2u
#define MFD_NAME_MAX      249u

/* struct flock and flock64 of the ABI. */
struct flock32 {
    int16_t type, whence;
    int32_t start, len, pid;
};

struct flock64 {
    int16_t type, whence;
    int64_t start, len;
    int32_t pid;
};

_Static_assert(sizeof(struct flock32) == 16 && sizeof(struct flock64) == 32, "the ABI's");

static struct fdtable *files(void)
{
    return proc_current()->files;
}

static int dup_from(uint32_t fd, uint32_t from, bool cloexec)
{
    struct file *f = fdtable_get(files(), (int)fd);
    int result;

    if (!f)
        return -EBADF;
    result = from < (uint32_t)MAX(files()->most, 1) ? fdtable_add(files(), f, (int)from, cloexec)
                                                    : -EINVAL;
    if (result < 0)
        file_unref(f);
    return result;
}

SYSCALL1(sys_dup, fd)
{
    return dup_from(fd, 0, false);
}

static int dup_to(uint32_t fd, uint32_t to, bool cloexec)
{
    struct file *f = fdtable_get(files(), (int)fd);
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

/* The range in bytes that the words of a lock mean in the file. */
static int range_of(struct file *f, const struct flock64 *l, struct lock_range *r)
{
    int64_t base = 0, start, last = INT64_MAX;

    if (l->whence == 1)
        base = file_seek(f, 0, 1);
    else if (l->whence == 2)
        base = f->vnode->obj ? (int64_t)obj_size(f->vnode->obj) : 0;
    else if (l->whence != 0)
        return -EINVAL;
    if (__builtin_add_overflow(MAX(base, 0), l->start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    if (l->len > 0 && __builtin_add_overflow(start, l->len - 1, &last))
        return -EOVERFLOW;
    if (l->len < 0) {
        last = start - 1;
        if (__builtin_add_overflow(start, l->len, &start) || start < 0)
            return -EINVAL;
    }
    r->first = (uint64_t)start;
    r->last = last == INT64_MAX ? UINT64_MAX : (uint64_t)last;
    return 0;
}

static int request_of(struct file *f, const struct flock64 *l, struct lock_range *r)
{
    static const enum lock_type types[] = {LOCK_SHARED, LOCK_EXCLUSIVE, LOCK_NOTHING};

    if (l->type < F_RDLCK || l->type > F_UNLCK)
        return -EINVAL;
    *r = (struct lock_range){.type = types[l->type], .owner = files(), .pid = proc_current()->pid};
    return range_of(f, l, r);
}

/* F_GETLK: *l becomes what stands in the way. */
static int lock_ask(struct file *f, struct flock64 *l)
{
    struct lock_range r, found;
    int error = request_of(f, l, &r);

    if (error || r.type == LOCK_NOTHING)
        return error ? error : -EINVAL;
    if (!range_lock_test(f->vnode, &r, &found)) {
        l->type = F_UNLCK;
        return 0;
    }
    *l = (struct flock64){.type = found.type == LOCK_SHARED ? F_RDLCK : F_WRLCK,
                          .start = (int64_t)found.first,
                          .len = found.last == UINT64_MAX ? 0
                                                          : (int64_t)(found.last - found.first + 1),
                          .pid = found.pid};
    return 0;
}

static int lock_change(struct file *f, const struct flock64 *l, bool wait)
{
    uint32_t access = f->flags & O_ACCMODE;
    struct lock_range r;
    int error = request_of(f, l, &r);

    if (error)
        return error;
    if ((r.type == LOCK_SHARED && access == O_WRONLY) ||
        (r.type == LOCK_EXCLUSIVE && access == O_RDONLY))
        return -EBADF;
    return range_lock_set(f->vnode, &r, wait);
}

static int lock64(struct file *f, uint32_t command, vaddr_t ulock)
{
    struct flock64 l;
    int error;

    if (copy_from_user(&l, ulock, sizeof(l)))
        return -EFAULT;
    if (command != F_GETLK64)
        return lock_change(f, &l, command == F_SETLKW64);
    error = lock_ask(f, &l);
    return error ? error : copy_to_user(ulock, &l, sizeof(l));
}

static int lock32(struct file *f, uint32_t command, vaddr_t ulock)
{
    struct flock32 s;
    struct flock64 l;
    int error;

    if (copy_from_user(&s, ulock, sizeof(s)))
        return -EFAULT;
    l = (struct flock64){s.type, s.whence, s.start, s.len, s.pid};
    if (command != F_GETLK)
        return lock_change(f, &l, command == F_SETLKW);
    error = lock_ask(f, &l);
    if (error)
        return error;
    if (l.start > INT32_MAX || l.len > INT32_MAX)
        return -EOVERFLOW;
    s = (struct flock32){l.type, l.whence, (int32_t)l.start, (int32_t)l.len, l.pid};
    return copy_to_user(ulock, &s, sizeof(s));
}

static int seals(struct file *f, uint32_t command, uint32_t argument)
{
    if (!f->vnode->obj)
        return -EINVAL;
    if (command == F_GET_SEALS)
        return (int)__atomic_load_n(&f->vnode->seals, __ATOMIC_RELAXED);
    if ((f->flags & O_ACCMODE) == O_RDONLY)
        return -EPERM;
    if (argument & ~SEALS)
        return -EINVAL;
    return tmpfs_add_seals(f->vnode, argument);
}

/* What is done with an open file, not with a descriptor. */
static int with_file(struct file *f, uint32_t command, uint32_t argument)
{
    switch (command) {
    case F_GETFL: return (int)f->flags;
    case F_SETFL: file_set_flags(f, argument); return 0;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW: return lock32(f, command, argument);
    case F_GETLK64:
    case F_SETLK64:
    case F_SETLKW64: return lock64(f, command, argument);
    case F_SETPIPE_SZ: return pipe_set_capacity(f, argument);
    case F_GETPIPE_SZ: return pipe_capacity(f);
    case F_ADD_SEALS:
    case F_GET_SEALS: return seals(f, command, argument);
    default: return -EINVAL;
    }
}

static bool sets_lock(uint32_t command)
{
    return command == F_SETLK || command == F_SETLKW || command == F_SETLK64 ||
           command == F_SETLKW64;
}

/* Another thread may have closed fd before the lock was there: then that let go of nothing. */
static void locked_late(struct file *f, uint32_t fd)
{
    struct file *now;

    if (likely(!f->vnode->locks))
        return;
    now = fdtable_get(files(), (int)fd);
    if (now != f)
        range_locks_drop(f->vnode, files());
    if (now)
        file_unref(now);
}

/* fcntl and fcntl64. */
SYSCALL3(sys_fcntl, fd, command, argument)
{
    struct file *f;
    int result;

    switch (command) {
    case F_DUPFD: return dup_from(fd, argument, false);
    case F_DUPFD_CLOEXEC: return dup_from(fd, argument, true);
    case F_GETFD: return fdtable_get_cloexec(files(), (int)fd);
    case F_SETFD: return fdtable_set_cloexec(files(), (int)fd, argument & FD_CLOEXEC);
    }
    f = fdtable_get(files(), (int)fd);
    if (!f)
        return -EBADF;
    result = with_file(f, command, argument);
    if (sets_lock(command))
        locked_late(f, fd);
    file_unref(f);
    return restartable(result);
}

SYSCALL2(sys_flock, fd, operation)
{
    struct file *f = fdtable_get(files(), (int)fd);
    struct lock_range r = {.whole = true, .owner = f, .pid = -1, .last = UINT64_MAX};
    int error = 0;

    if (!f)
        return -EBADF;
    switch (operation & ~LOCK_NB) {
    case LOCK_SH: r.type = LOCK_SHARED; break;
    case LOCK_EX: r.type = LOCK_EXCLUSIVE; break;
    case LOCK_UN: r.type = LOCK_NOTHING; break;
    default: error = -EINVAL;
    }
    if (!error)
        error = range_lock_set(f->vnode, &r, !(operation & LOCK_NB));
    file_unref(f);
    return restartable(error);
}

SYSCALL2(sys_memfd_create, uname, flags)
{
    struct path name;
    struct vnode *v;
    struct file *f;
    int result, len;

    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    len = copy_string_from_user(name.small, uname, sizeof(name.small));
    if (len < 0 && len != -ENAMETOOLONG)
        return len;
    if (len < 0) { /* the name is for listings of open files; only its length counts here */
        result = path_get(&name, uname);
        if (result)
            return result == -ENAMETOOLONG ? -EINVAL : result;
        for (len = 0; name.text[len]; len++)
            ;
        path_put(&name);
        if ((uint32_t)len > MFD_NAME_MAX)
            return -EINVAL;
    }
    result = tmpfs_make_unnamed(0777, &v);
    if (result)
        return result;
    if (flags & MFD_ALLOW_SEALING)
        v->seals = 0;
    result = file_open(v, O_RDWR | O_LARGEFILE, NULL, &f);
    if (result)
        return result;
    result = fdtable_add(files(), f, 0, flags & MFD_CLOEXEC);
    if (result < 0)
        file_unref(f);
    return result;
}
