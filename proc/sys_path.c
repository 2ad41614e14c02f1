/* SPDX-License-Identifier: MIT
 *
 * System calls that take a path and lead somewhere: readlink, access, chdir, getcwd; and for all
 * others how a path comes from user memory and what it is relative to.
 */
#include <string.h>

#include "fs/access.h"
#include "kern/trace.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/sys_impl.h"

#define X_OK 1u
#define W_OK 2u
#define R_OK 4u

_Static_assert(X_OK == MAY_EXEC && W_OK == MAY_WRITE && R_OK == MAY_READ, "handed through");

#define AT_EACCESS 0x200u

int path_get(struct path *p, vaddr_t upath)
{
    int len = copy_string_from_user(p->small, upath, sizeof(p->small));

    p->text = p->small;
    if (unlikely(len == -ENAMETOOLONG)) {
        p->text = kmalloc(PATH_MAX);
        if (!p->text)
            return -ENOMEM;
        len = copy_string_from_user(p->text, upath, PATH_MAX);
    }
    if (likely(len > 0)) {
        trace_text(p->text);
        return 0;
    }
    path_put(p);
    return len ? len : -ENOENT;
}

void path_put(struct path *p)
{
    if (unlikely(p->text != p->small))
        kfree(p->text);
}

int path_from_user(vaddr_t upath, char **path)
{
    struct path p;
    int error = path_get(&p, upath);

    if (error)
        return error;
    *path = p.text;
    if (p.text == p.small) {
        *path = kmalloc(strlen(p.small) + 1);
        if (*path)
            strcpy(*path, p.small);
    }
    return *path ? 0 : -ENOMEM;
}

struct vnode *vnode_of_fd(int fd)
{
    struct proc *p = proc_current();
    struct vnode *v = NULL;
    struct file *f;

    if (fd == AT_FDCWD)
        return proc_cwd();
    f = fdtable_get(p->files, fd);
    if (f) {
        v = vnode_ref(f->vnode);
        file_unref(f);
    }
    return v;
}

int dir_of_fd(int dirfd, const char *path, struct vnode **dir)
{
    *dir = NULL;
    if (*path == '/')
        return 0;
    *dir = vnode_of_fd(dirfd);
    if (!*dir)
        return -EBADF;
    if (vnode_is(*dir, S_IFDIR))
        return 0;
    vnode_unref(*dir);
    return -ENOTDIR;
}

/* The path is the empty string. */
static bool path_is_empty(vaddr_t upath)
{
    char first;

    return copy_from_user(&first, upath, 1) == 0 && first == '\0';
}

int lookup_user(int dirfd, vaddr_t upath, uint32_t flags, struct vnode **v)
{
    struct vnode *dir;
    struct path p;
    int error;

    if (flags & AT_EMPTY_PATH && path_is_empty(upath)) {
        *v = vnode_of_fd(dirfd);
        return *v ? 0 : -EBADF;
    }
    error = path_get(&p, upath);
    if (error)
        return error;
    error = dir_of_fd(dirfd, p.text, &dir);
    if (!error) {
        error = vnode_lookup(dir, p.text, !(flags & AT_SYMLINK_NOFOLLOW), v);
        vnode_unref(dir);
    }
    path_put(&p);
    return error;
}

/* What the file can, and the caller may. */
static int access_check(struct vnode *v, uint32_t mode)
{
    bool kept = vnode_is(v, S_IFREG) || vnode_is(v, S_IFDIR) || vnode_is(v, S_IFLNK);

    if (mode & W_OK && kept && vnode_fs_is(v, FS_RDONLY))
        return -EROFS;
    if (mode & W_OK && !v->ops->write && vnode_is(v, S_IFREG))
        return -EACCES;
    return mode ? vnode_may(cred_current(), v, mode) : 0;
}

static int access_path(int dirfd, vaddr_t upath, uint32_t mode, uint32_t flags)
{
    const struct cred *before = NULL;
    struct vnode *v;
    int error = 0;

    if (mode & ~(R_OK | W_OK | X_OK) || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (!(flags & AT_EACCESS))
        error = cred_real_begin(&before);
    if (!error)
        error = lookup_user(dirfd, upath, flags, &v);
    if (!error) {
        error = access_check(v, mode);
        vnode_unref(v);
    }
    cred_real_end(before);
    return error;
}

SYSCALL2(sys_access, upath, mode)
{
    return access_path(AT_FDCWD, upath, mode, 0);
}

SYSCALL3(sys_faccessat, dirfd, upath, mode)
{
    return access_path((int)dirfd, upath, mode, 0);
}

SYSCALL4(sys_faccessat2, dirfd, upath, mode, flags)
{
    return access_path((int)dirfd, upath, mode, flags);
}

/* Uses up the reference to v. */
static int read_link(struct vnode *v, vaddr_t ubuf, uint32_t size)
{
    char *buf = NULL;
    int n = -EINVAL;

    if (vnode_is(v, S_IFLNK) && v->ops->readlink) {
        n = cred_current() && v->fs->may ? v->fs->may(v, 0, 0) : 0;
        buf = n ? NULL : kmalloc(PATH_MAX);
        n = n ? n : buf ? v->ops->readlink(v, buf, MIN(size, (uint32_t)PATH_MAX)) : -ENOMEM;
        vnode_accessed(v);
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
    error = lookup_user(dirfd, upath, AT_SYMLINK_NOFOLLOW, &v);
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
    int error = vnode_is(v, S_IFDIR) ? vnode_may(cred_current(), v, MAY_EXEC) : -ENOTDIR;

    vnode_unref(error ? v : proc_change_cwd(v));
    return error;
}

SYSCALL1(sys_chdir, upath)
{
    struct vnode *v;
    int error = lookup_user(AT_FDCWD, upath, 0, &v);

    return error ? error : change_dir(v);
}

SYSCALL1(sys_chroot, upath)
{
    struct vnode *v;
    int error = lookup_user(AT_FDCWD, upath, 0, &v);

    if (error)
        return error;
    error = vnode_is(v, S_IFDIR) ? vnode_may(cred_current(), v, MAY_EXEC) : -ENOTDIR;
    if (!error && !capable(CAP_SYS_CHROOT))
        error = -EPERM;
    if (error)
        vnode_unref(v);
    else
        proc_change_root(v);
    return error;
}

SYSCALL1(sys_fchdir, fd)
{
    struct vnode *v = (int)fd < 0 ? NULL : vnode_of_fd((int)fd);

    return v ? change_dir(v) : -EBADF;
}

SYSCALL2(sys_getcwd, ubuf, size)
{
    char *buf = kmalloc(PATH_MAX);
    struct vnode *cwd;
    int error;
    long result;

    if (!buf)
        return -ENOMEM;
    cwd = proc_cwd();
    error = vnode_path(cwd, buf, PATH_MAX);
    vnode_unref(cwd);
    if (error == -ERANGE)
        error = -ENAMETOOLONG; /* whatever the size: glibc does it in another way then */
    result = error ? error : (long)strlen(buf) + 1;
    if (!error && (uint32_t)result > size)
        result = -ERANGE;
    else if (!error && copy_to_user(ubuf, buf, (size_t)result))
        result = -EFAULT;
    kfree(buf);
    return result;
}
