/* SPDX-License-Identifier: MIT
 *
 * System calls that take a path or tell about a file. Paths are copied into kernel memory first;
 * everybody is root, so that permission bits only matter where they do for root.
 */
#include <string.h>

#include "kern/trace.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/sys_impl.h"

#define SHORT_PATH 256u
#define BLOCK_SIZE 512u /* of st_blocks */

#define X_OK 1u
#define W_OK 2u
#define R_OK 4u

/* struct stat64 of the ABI. */
struct stat64 {
    uint64_t dev;
    uint32_t pad0, ino32;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev;
    uint32_t pad1[2];
    int64_t size;
    uint32_t blksize, pad2;
    uint64_t blocks;
    uint32_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
    uint64_t ino;
};

_Static_assert(sizeof(struct stat64) == 104, "struct stat64 of the ABI");

int path_from_user(vaddr_t upath, char **path)
{
    size_t size = SHORT_PATH;
    int len;

    do {
        *path = kmalloc(size);
        if (!*path)
            return -ENOMEM;
        len = copy_string_from_user(*path, upath, size);
        if (len > 0) {
            trace_text(*path);
            return 0;
        }
        kfree(*path);
        size = size == SHORT_PATH ? PATH_MAX : 0;
    } while (len == -ENAMETOOLONG && size);
    return len ? len : -ENOENT;
}

/* The caller's own working directory, or a file of the caller's, with a reference. */
static struct vnode *vnode_of_fd(int fd)
{
    struct proc *p = proc_current();
    struct vnode *v = NULL;
    struct file *f;

    if (fd == AT_FDCWD)
        return vnode_ref(p->cwd);
    f = fdtable_get(p->files, fd);
    if (f) {
        v = vnode_ref(f->vnode);
        file_unref(f);
    }
    return v;
}

int dir_of_fd(int dirfd, const char *path, struct vnode **dir)
{
    *dir = vnode_of_fd(*path == '/' ? AT_FDCWD : dirfd);
    if (!*dir)
        return -EBADF;
    if (vnode_is(*dir, S_IFDIR))
        return 0;
    vnode_unref(*dir);
    return -ENOTDIR;
}

/* The file of a path in user memory, with a reference. */
static int lookup_user(int dirfd, vaddr_t upath, bool follow, struct vnode **v)
{
    struct vnode *dir;
    char *path;
    int error = path_from_user(upath, &path);

    if (error)
        return error;
    error = dir_of_fd(dirfd, path, &dir);
    if (!error) {
        error = vnode_lookup(dir, path, follow, v);
        vnode_unref(dir);
    }
    kfree(path);
    return error;
}

/* The length of a link's target. */
static int link_length(struct vnode *v)
{
    char *buf = kmalloc(PATH_MAX);
    int n = buf ? v->ops->readlink(v, buf, PATH_MAX) : -ENOMEM;

    kfree(buf);
    return n;
}

/* Uses up the reference to v. */
static int put_stat(struct vnode *v, vaddr_t ubuf)
{
    struct stat64 s = {.dev = 1,
                       .ino32 = v->ino,
                       .mode = v->mode,
                       .nlink = v->nlink,
                       .rdev = v->rdev,
                       .size = v->obj ? (int64_t)v->obj->size_bytes : 0,
                       .blksize = PAGE_SIZE,
                       .atime = v->mtime,
                       .mtime = v->mtime,
                       .ctime = v->mtime,
                       .ino = v->ino};

    if (vnode_is(v, S_IFLNK) && v->ops->readlink)
        s.size = MAX(link_length(v), 0);
    s.blocks = ((uint64_t)s.size + BLOCK_SIZE - 1) / BLOCK_SIZE;
    vnode_unref(v);
    return copy_to_user(ubuf, &s, sizeof(s));
}

static int stat_path(int dirfd, vaddr_t upath, bool follow, vaddr_t ubuf)
{
    struct vnode *v;
    int error = lookup_user(dirfd, upath, follow, &v);

    return error ? error : put_stat(v, ubuf);
}

SYSCALL2(sys_stat64, upath, ubuf)
{
    return stat_path(AT_FDCWD, upath, true, ubuf);
}

SYSCALL2(sys_lstat64, upath, ubuf)
{
    return stat_path(AT_FDCWD, upath, false, ubuf);
}

SYSCALL2(sys_fstat64, fd, ubuf)
{
    struct vnode *v = (int)fd < 0 ? NULL : vnode_of_fd((int)fd);

    return v ? put_stat(v, ubuf) : -EBADF;
}

/* The path is the empty string: "" and AT_EMPTY_PATH mean the descriptor itself. */
static bool path_is_empty(vaddr_t upath)
{
    char first;

    return copy_from_user(&first, upath, 1) == 0 && first == '\0';
}

SYSCALL4(sys_fstatat64, dirfd, upath, ubuf, flags)
{
    struct vnode *v;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    if (!(flags & AT_EMPTY_PATH) || !path_is_empty(upath))
        return stat_path((int)dirfd, upath, !(flags & AT_SYMLINK_NOFOLLOW), ubuf);
    v = vnode_of_fd((int)dirfd);
    return v ? put_stat(v, ubuf) : -EBADF;
}

/* What root may do: anything that the file can, and execute what somebody may. */
static int access_check(const struct vnode *v, uint32_t mode)
{
    if (mode & W_OK && !v->ops->write && !vnode_is(v, S_IFCHR))
        return -EROFS;
    if (mode & X_OK && !vnode_is(v, S_IFDIR) && !(v->mode & 0111))
        return -EACCES;
    return 0;
}

static int access_path(int dirfd, vaddr_t upath, uint32_t mode)
{
    struct vnode *v;
    int error;

    if (mode & ~(R_OK | W_OK | X_OK))
        return -EINVAL;
    error = lookup_user(dirfd, upath, true, &v);
    if (error)
        return error;
    error = access_check(v, mode);
    vnode_unref(v);
    return error;
}

SYSCALL2(sys_access, upath, mode)
{
    return access_path(AT_FDCWD, upath, mode);
}

SYSCALL3(sys_faccessat, dirfd, upath, mode)
{
    return access_path((int)dirfd, upath, mode);
}

/* Uses up the reference to v. */
static int read_link(struct vnode *v, vaddr_t ubuf, uint32_t size)
{
    char *buf = NULL;
    int n = -EINVAL;

    if (vnode_is(v, S_IFLNK) && v->ops->readlink) {
        buf = kmalloc(PATH_MAX);
        n = buf ? v->ops->readlink(v, buf, MIN(size, (uint32_t)PATH_MAX)) : -ENOMEM;
    }
    vnode_unref(v);
    if (n > 0 && copy_to_user(ubuf, buf, (size_t)n))
        n = -EFAULT;
    kfree(buf);
    return n;
}

static int read_link_path(int dirfd, vaddr_t upath, vaddr_t ubuf, uint32_t size)
{
    struct vnode *v;
    int error;

    if ((int)size <= 0)
        return -EINVAL;
    error = lookup_user(dirfd, upath, false, &v);
    return error ? error : read_link(v, ubuf, size);
}

SYSCALL3(sys_readlink, upath, ubuf, size)
{
    return read_link_path(AT_FDCWD, upath, ubuf, size);
}

SYSCALL4(sys_readlinkat, dirfd, upath, ubuf, size)
{
    return read_link_path((int)dirfd, upath, ubuf, size);
}

/* v becomes the working directory; uses up the reference. */
static int change_dir(struct vnode *v)
{
    struct proc *p = proc_current();
    struct vnode *old = v;
    bool is_dir = vnode_is(v, S_IFDIR);

    if (is_dir) {
        proc_share();
        old = p->cwd;
        p->cwd = v;
        proc_unshare();
    }
    vnode_unref(old);
    return is_dir ? 0 : -ENOTDIR;
}

SYSCALL1(sys_chdir, upath)
{
    struct vnode *v;
    int error = lookup_user(AT_FDCWD, upath, true, &v);

    return error ? error : change_dir(v);
}

SYSCALL1(sys_fchdir, fd)
{
    struct vnode *v = (int)fd < 0 ? NULL : vnode_of_fd((int)fd);

    return v ? change_dir(v) : -EBADF;
}

SYSCALL2(sys_getcwd, ubuf, size)
{
    char *buf = kmalloc(PATH_MAX);
    int error;
    long result;

    if (!buf)
        return -ENOMEM;
    error = vnode_path(proc_current()->cwd, buf, PATH_MAX);
    result = error ? error : (long)strlen(buf) + 1;
    if (!error && (uint32_t)result > size)
        result = -ERANGE;
    else if (!error && copy_to_user(ubuf, buf, (size_t)result))
        result = -EFAULT;
    kfree(buf);
    return result;
}
