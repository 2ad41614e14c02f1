/* SPDX-License-Identifier: MIT
 *
 * System calls that make, name and change files: open, mkdir, unlink, link, rename, chmod, chown,
 * utimensat, truncate. What they check is Linux's, in its order; the rest is fs/names.c.
 */
#include "fs/access.h"
#include "mm/uaccess.h"
#include "proc/sys_impl.h"

#define AT_REMOVEDIR      0x200u
#define AT_SYMLINK_FOLLOW 0x400u

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe
#define NSEC       1000000000

/* A path from the user and the directory that it is relative to. */
struct where {
    struct path path;
    struct vnode *dir;
};

static int where_get(struct where *w, int dirfd, vaddr_t upath)
{
    int error = path_get(&w->path, upath);

    if (error)
        return error;
    error = dir_of_fd(dirfd, w->path.text, &w->dir);
    if (error)
        path_put(&w->path);
    return error;
}

static void where_put(struct where *w)
{
    vnode_unref(w->dir);
    path_put(&w->path);
}

static uint32_t masked(uint32_t mode)
{
    return mode & ~proc_current()->umask;
}

static int open_user_path(int dirfd, vaddr_t upath, uint32_t flags, uint32_t mode)
{
    struct fdtable *files = proc_current()->files;
    struct where w;
    struct file *f;
    int result = where_get(&w, dirfd, upath);

    if (result)
        return result;
    result = vnode_open(w.dir, w.path.text, flags, masked(mode), &f);
    where_put(&w);
    if (result)
        return restartable(result); /* of a FIFO whose other end did not come */
    result = fdtable_add(files, f, 0, flags & O_CLOEXEC);
    if (result < 0)
        file_unref(f);
    return result;
}

SYSCALL3(sys_open, upath, flags, mode)
{
    return open_user_path(AT_FDCWD, upath, flags, mode);
}

SYSCALL4(sys_openat, dirfd, upath, flags, mode)
{
    return open_user_path((int)dirfd, upath, flags, mode);
}

SYSCALL2(sys_creat, upath, mode)
{
    return open_user_path(AT_FDCWD, upath, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

static int make(int dirfd, vaddr_t upath, uint32_t mode, uint32_t rdev, const char *link)
{
    struct where w;
    int error = where_get(&w, dirfd, upath);

    if (error)
        return error;
    error = vnode_make(w.dir, w.path.text, mode, rdev, link);
    where_put(&w);
    return error;
}

SYSCALL2(sys_mkdir, upath, mode)
{
    return make(AT_FDCWD, upath, S_IFDIR | masked(mode & (S_IALL & ~(S_ISUID | S_ISGID))), 0, NULL);
}

SYSCALL3(sys_mkdirat, dirfd, upath, mode)
{
    return make((int)dirfd, upath, S_IFDIR | masked(mode & (S_IALL & ~(S_ISUID | S_ISGID))), 0,
                NULL);
}

/* Files, devices and FIFOs; sockets have no names. */
static int make_node(int dirfd, vaddr_t upath, uint32_t mode, uint32_t dev)
{
    uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
    uint32_t rdev = (dev >> 8 & 0xfff) << 8 | (dev & 0xff);

    bool device = type == S_IFCHR || type == S_IFBLK;

    if (type == S_IFDIR || type == S_IFSOCK)
        return -EPERM;
    if (type != S_IFREG && type != S_IFIFO && !device)
        return -EINVAL;
    return make(dirfd, upath, type | masked(mode & S_IALL), device ? rdev : 0, NULL);
}

SYSCALL3(sys_mknod, upath, mode, dev)
{
    return make_node(AT_FDCWD, upath, mode, dev);
}

SYSCALL4(sys_mknodat, dirfd, upath, mode, dev)
{
    return make_node((int)dirfd, upath, mode, dev);
}

static int make_link(vaddr_t utarget, int dirfd, vaddr_t upath)
{
    struct path target;
    int error = path_get(&target, utarget);

    if (error)
        return error;
    error = make(dirfd, upath, S_IFLNK | 0777, 0, target.text);
    path_put(&target);
    return error;
}

SYSCALL2(sys_symlink, utarget, upath)
{
    return make_link(utarget, AT_FDCWD, upath);
}

SYSCALL3(sys_symlinkat, utarget, dirfd, upath)
{
    return make_link(utarget, (int)dirfd, upath);
}

static int hard_link(int from_fd, vaddr_t ufrom, int dirfd, vaddr_t upath, uint32_t flags)
{
    struct where w;
    struct vnode *v;
    uint32_t follow = flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW;
    int error;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH && !cred_capable(cred_current(), CAP_DAC_READ_SEARCH))
        return -ENOENT;
    error = lookup_user(from_fd, ufrom, follow | (flags & AT_EMPTY_PATH), &v);
    if (error)
        return error;
    error = where_get(&w, dirfd, upath);
    if (!error) {
        error = vnode_link(v, w.dir, w.path.text);
        where_put(&w);
    }
    vnode_unref(v);
    return error;
}

SYSCALL2(sys_link, ufrom, upath)
{
    return hard_link(AT_FDCWD, ufrom, AT_FDCWD, upath, 0);
}

SYSCALL4(sys_linkat, from_fd, ufrom, dirfd, upath)
{
    return hard_link((int)from_fd, ufrom, (int)dirfd, upath, syscall_arg(5));
}

static int remove_path(int dirfd, vaddr_t upath, bool dir)
{
    struct where w;
    int error = where_get(&w, dirfd, upath);

    if (error)
        return error;
    error = vnode_remove(w.dir, w.path.text, dir);
    where_put(&w);
    return error;
}

SYSCALL1(sys_unlink, upath)
{
    return remove_path(AT_FDCWD, upath, false);
}

SYSCALL1(sys_rmdir, upath)
{
    return remove_path(AT_FDCWD, upath, true);
}

SYSCALL3(sys_unlinkat, dirfd, upath, flags)
{
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    return remove_path((int)dirfd, upath, flags & AT_REMOVEDIR);
}

static int rename_path(int from_fd, vaddr_t ufrom, int to_fd, vaddr_t uto, uint32_t flags)
{
    struct where from, to;
    int error;

    if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    error = where_get(&from, from_fd, ufrom);
    if (error)
        return error;
    error = where_get(&to, to_fd, uto);
    if (!error) {
        error = vnode_rename(from.dir, from.path.text, to.dir, to.path.text, flags);
        where_put(&to);
    }
    where_put(&from);
    return error;
}

SYSCALL2(sys_rename, ufrom, uto)
{
    return rename_path(AT_FDCWD, ufrom, AT_FDCWD, uto, 0);
}

SYSCALL4(sys_renameat, from_fd, ufrom, to_fd, uto)
{
    return rename_path((int)from_fd, ufrom, (int)to_fd, uto, 0);
}

SYSCALL4(sys_renameat2, from_fd, ufrom, to_fd, uto)
{
    return rename_path((int)from_fd, ufrom, (int)to_fd, uto, syscall_arg(5));
}

/* Uses up the reference to v. */
static int set_attributes(struct vnode *v, const struct attr *a)
{
    int error = a->mask & ATTR_MODE && vnode_is(v, S_IFLNK) ? -EOPNOTSUPP : vnode_setattr(v, a);

    vnode_unref(v);
    return error;
}

static int change_path(int dirfd, vaddr_t upath, uint32_t flags, const struct attr *a)
{
    struct vnode *v;
    int error = lookup_user(dirfd, upath, flags, &v);

    return error ? error : set_attributes(v, a);
}

static int change_fd(uint32_t fd, const struct attr *a)
{
    struct vnode *v = (int)fd < 0 ? NULL : vnode_of_fd((int)fd);

    return v ? set_attributes(v, a) : -EBADF;
}

SYSCALL2(sys_chmod, upath, mode)
{
    return change_path(AT_FDCWD, upath, 0, &(struct attr){.mask = ATTR_MODE, .mode = mode});
}

SYSCALL2(sys_fchmod, fd, mode)
{
    return change_fd(fd, &(struct attr){.mask = ATTR_MODE, .mode = mode});
}

SYSCALL3(sys_fchmodat, dirfd, upath, mode)
{
    return change_path((int)dirfd, upath, 0, &(struct attr){.mask = ATTR_MODE, .mode = mode});
}

/* Owners; -1 leaves one as it is. */
static struct attr owners(uint32_t uid, uint32_t gid)
{
    return (struct attr){.mask = (uid != UINT32_MAX ? ATTR_UID : 0u) |
                                 (gid != UINT32_MAX ? ATTR_GID : 0u),
                         .uid = uid,
                         .gid = gid};
}

SYSCALL3(sys_chown, upath, uid, gid)
{
    struct attr a = owners(uid, gid);

    return change_path(AT_FDCWD, upath, 0, &a);
}

SYSCALL3(sys_lchown, upath, uid, gid)
{
    struct attr a = owners(uid, gid);

    return change_path(AT_FDCWD, upath, AT_SYMLINK_NOFOLLOW, &a);
}

SYSCALL3(sys_fchown, fd, uid, gid)
{
    struct attr a = owners(uid, gid);

    return change_fd(fd, &a);
}

SYSCALL4(sys_fchownat, dirfd, upath, uid, gid)
{
    struct attr a = owners(uid, gid);
    uint32_t flags = syscall_arg(5);

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return change_path((int)dirfd, upath, flags, &a);
}

/* The forms with 16 bits for an id. */

SYSCALL3(sys_chown16, upath, uid, gid)
{
    return sys_chown(upath, wide_id(uid), wide_id(gid), 0);
}

SYSCALL3(sys_lchown16, upath, uid, gid)
{
    return sys_lchown(upath, wide_id(uid), wide_id(gid), 0);
}

SYSCALL3(sys_fchown16, fd, uid, gid)
{
    return sys_fchown(fd, wide_id(uid), wide_id(gid), 0);
}

/* One of the two times: now, as it is, or what is asked for. */
static int time_of(const struct timespec64 *t, unsigned mask, struct attr *a, uint64_t *ns)
{
    if (t->nsec == UTIME_OMIT)
        return 0;
    a->mask |= mask;
    if (t->nsec == UTIME_NOW) {
        *ns = vnode_now();
        return 0;
    }
    if (t->nsec < 0 || t->nsec >= NSEC)
        return -EINVAL;
    *ns = t->sec < 0 ? 0 : (uint64_t)t->sec * NSEC + (uint64_t)t->nsec;
    return 0;
}

/* t: access and modification, or NULL for now. */
static int set_times(int dirfd, vaddr_t upath, const struct timespec64 *t, uint32_t flags)
{
    const struct timespec64 now[2] = {{.nsec = UTIME_NOW}, {.nsec = UTIME_NOW}};
    struct attr a = {.mask = 0};
    struct vnode *v;
    int error;

    if (!t)
        t = now;
    if (t[0].nsec == UTIME_NOW && t[1].nsec == UTIME_NOW)
        a.mask = ATTR_NOW;
    error = time_of(&t[0], ATTR_ATIME, &a, &a.atime);
    if (!error)
        error = time_of(&t[1], ATTR_MTIME, &a, &a.mtime);
    if (error || (!a.mask && upath))
        return error;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (upath)
        return change_path(dirfd, upath, flags, &a);
    if (flags)
        return -EINVAL;
    v = dirfd < 0 ? NULL : vnode_of_fd(dirfd);
    if (!v)
        return dirfd == AT_FDCWD ? -EFAULT : -EBADF;
    return set_attributes(v, &a);
}

SYSCALL4(sys_utimensat, dirfd, upath, utimes, flags)
{
    struct timespec32 t[2];
    struct timespec64 wide[2];

    if (!utimes)
        return set_times((int)dirfd, upath, NULL, flags);
    if (copy_from_user(t, utimes, sizeof(t)))
        return -EFAULT;
    for (int i = 0; i < 2; i++)
        wide[i] = (struct timespec64){t[i].sec, t[i].nsec};
    return set_times((int)dirfd, upath, wide, flags);
}

SYSCALL4(sys_utimensat64, dirfd, upath, utimes, flags)
{
    struct timespec64 t[2];

    if (!utimes)
        return set_times((int)dirfd, upath, NULL, flags);
    if (copy_from_user(t, utimes, sizeof(t)))
        return -EFAULT;
    for (int i = 0; i < 2; i++)
        t[i].nsec = (int32_t)t[i].nsec; /* the upper half is padding */
    return set_times((int)dirfd, upath, t, flags);
}

static int cut_path(vaddr_t upath, int64_t size)
{
    struct vnode *v;
    int error;

    if (size < 0)
        return -EINVAL;
    error = lookup_user(AT_FDCWD, upath, 0, &v);
    if (error)
        return error;
    if (vnode_is(v, S_IFDIR))
        error = -EISDIR;
    else if (vnode_fs_is(v, FS_RDONLY))
        error = -EROFS;
    else if (!v->ops->truncate)
        error = -EINVAL;
    else
        error = vnode_may(cred_current(), v, MAY_WRITE);
    if (!error)
        error = vnode_write_begin(v);
    if (!error) {
        error = v->ops->truncate(v, (uint64_t)size);
        vnode_write_done(v);
    }
    vnode_unref(v);
    return error;
}

SYSCALL2(sys_truncate, upath, size)
{
    return cut_path(upath, (int32_t)size);
}

SYSCALL4(sys_truncate64, upath, pad, low, high)
{
    (void)pad;
    return cut_path(upath, (int64_t)((uint64_t)high << 32 | low));
}
