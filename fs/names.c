/* SPDX-License-Identifier: MIT
 *
 * Names made, taken away and changed: open with O_CREAT, mkdir and its kin, link, unlink, rename.
 * Here are POSIX's rules and Linux's order of errors; file systems only do what was found right.
 * Who may do what is fs/access.c's.
 * Locks: (n) for writing from the walk to the change; what loses its last name goes after that.
 * Source: POSIX.1-2017; for the order of errors Linux 6.1 as its programs see it.
 */
#include "fs/access.h"
#include "fs/file.h"
#include "fs/walk.h"
#include "include/uapi/errno.h"

/* Only CAP_MKNOD makes one; the character device 0 is no device, and anybody may make it. */
static bool is_device(uint32_t mode, uint32_t rdev)
{
    return rdev || (mode & S_IFMT) == S_IFBLK;
}

/* Makes a file in a directory where the name is free; its reference is the name's. */
static int make_at(struct vnode *dir, const struct name *name, uint32_t mode, uint32_t rdev,
                   const char *link, struct vnode **made)
{
    const struct cred *c = cred_current();
    int error;

    if (dir->nlink == 0 || !dir->ops->create)
        return -ENOENT;
    if (vnode_fs_is(dir, FS_RDONLY))
        return -EROFS;
    error = vnode_may_make(c, dir);
    if (!error && unlikely(c) && is_device(mode, rdev) && !cred_capable(c, CAP_MKNOD))
        error = -EPERM;
    return error ? error : dir->ops->create(dir, name, mode, rdev, link, made);
}

/* The file that open with O_CREAT means, with a reference; *made: it is new. (n) held for writing.
 */
static int find_or_make(struct walk *w, uint32_t flags, uint32_t mode, struct vnode **v, bool *made)
{
    for (;;) {
        bool owned = false;
        int error = walk_parent(w);

        if (error)
            return error;
        if (w->slash)
            return -EISDIR;
        *v = w->at;
        if (w->last.len)
            error = walk_child(w, v, &owned);
        if (error == -ENOENT) {
            error = make_at(w->at, &w->last, S_IFREG | (mode & S_IALL), 0, NULL, v);
            *made = !error;
        } else if (!error && flags & O_EXCL) {
            error = -EEXIST;
        } else if (!error && vnode_is(*v, S_IFLNK) && !(flags & O_NOFOLLOW)) {
            error = walk_link(w, *v);
            if (owned)
                vnode_unref(*v);
            if (error)
                return error;
            continue;
        }
        if (!error && !owned)
            vnode_ref(*v);
        else if (error && owned)
            vnode_unref(*v);
        return error;
    }
}

static int lookup_or_make(struct vnode *cwd, const char *path, uint32_t flags, uint32_t mode,
                          struct vnode **v, bool *made)
{
    struct walk w;
    int error = -ENOENT;

    if (!(flags & O_EXCL))
        error = vnode_lookup(cwd, path, !(flags & O_NOFOLLOW), v);
    if (error != -ENOENT && error != -ENOTDIR) /* of a slash at the end it thinks otherwise */
        return error;
    names_write();
    error = walk_start(&w, cwd, path);
    if (!error)
        error = find_or_make(&w, flags, mode, v, made);
    walk_end(&w);
    names_write_done();
    return error;
}

/* O_TMPFILE: a file without a name. */
static int make_unnamed(struct vnode *cwd, const char *path, uint32_t flags, uint32_t mode,
                        struct vnode **v)
{
    struct vnode *dir;
    int error = vnode_lookup(cwd, path, true, &dir);

    if (error)
        return error;
    names_write();
    if (!vnode_is(dir, S_IFDIR))
        error = -ENOTDIR;
    else if ((flags & O_ACCMODE) == O_RDONLY)
        error = -EINVAL;
    else if (!dir->ops->create)
        error = -EOPNOTSUPP;
    else if (vnode_fs_is(dir, FS_RDONLY))
        error = -EROFS;
    else
        error = vnode_may_make(cred_current(), dir);
    if (!error)
        error = dir->ops->create(dir, NULL, S_IFREG | (mode & S_IALL), 0, NULL, v);
    if (!error)
        (*v)->linkable = !(flags & O_EXCL);
    names_write_done();
    vnode_unref(dir);
    return error;
}

/* O_CREAT, and O_TMPFILE. Who makes a file may open it, whatever its mode. */
static __noinline int open_or_make(struct vnode *cwd, const char *path, uint32_t flags,
                                   uint32_t mode, struct file **f)
{
    bool made = (flags & O_TMPFILE) == O_TMPFILE;
    struct vnode *v;
    int error;

    if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
        return -EINVAL;
    if (made) {
        error = make_unnamed(cwd, path, flags, mode, &v);
        flags &= ~(uint32_t)O_DIRECTORY;
    } else {
        error = lookup_or_make(cwd, path, flags, mode, &v, &made);
    }
    return error ? error : file_open(v, flags, made ? NULL : cred_current(), f);
}

int vnode_open(struct vnode *cwd, const char *path, uint32_t flags, uint32_t mode, struct file **f)
{
    struct vnode *v;
    uint32_t type;
    int error;

    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
        return open_or_make(cwd, path, flags, mode, f);
    error = vnode_lookup(cwd, path, !(flags & O_NOFOLLOW), &v);
    type = error ? 0 : vnode_type(v);
    if (!error && unlikely(type == S_IFSOCK || type == 0)) { /* by /proc/PID/fd */
        vnode_unref(v);
        error = -ENXIO;
    }
    return error ? error : file_open(v, flags, cred_current(), f);
}

/* The last component's place in its directory; must_be_new as for mkdir. (n) held for writing. */
static int walk_new(struct walk *w, struct vnode *cwd, const char *path, bool is_dir)
{
    struct vnode *child;
    bool owned;
    int error = walk_start(w, cwd, path);

    if (!error)
        error = walk_parent(w);
    if (error)
        return error;
    if (name_kind(&w->last) != NAME_PLAIN)
        return -EEXIST;
    error = walk_child(w, &child, &owned);
    if (!error && owned)
        vnode_unref(child);
    if (error == -ENOENT)
        return w->slash && !is_dir ? -ENOENT : 0;
    return error ? error : -EEXIST;
}

int vnode_make(struct vnode *cwd, const char *path, uint32_t mode, uint32_t rdev, const char *link)
{
    struct vnode *made;
    struct walk w;
    int error;

    names_write();
    error = walk_new(&w, cwd, path, (mode & S_IFMT) == S_IFDIR);
    if (!error)
        error = make_at(w.at, &w.last, mode, rdev, link, &made);
    walk_end(&w);
    names_write_done();
    return error;
}

int vnode_link(struct vnode *v, struct vnode *cwd, const char *path)
{
    struct walk w;
    int error;

    names_write();
    error = walk_new(&w, cwd, path, false);
    if (!error && w.at->fs != v->fs)
        error = -EXDEV;
    if (!error && vnode_fs_is(v, FS_RDONLY))
        error = -EROFS;
    if (!error)
        error = vnode_may_link(w.cred, v);
    if (!error)
        error = vnode_may_make(w.cred, w.at);
    if (!error && (vnode_is(v, S_IFDIR) || !w.at->ops->link))
        error = -EPERM;
    if (!error && (w.at->nlink == 0 || (v->nlink == 0 && !v->linkable)))
        error = -ENOENT;
    if (!error)
        error = w.at->ops->link(w.at, &w.last, v);
    walk_end(&w);
    names_write_done();
    return error;
}

/* The name of a file or directory may go. */
static int check_remove(const struct walk *w, const struct vnode *v, bool dir)
{
    bool is_dir = vnode_is(v, S_IFDIR);
    int error = vnode_may_remove(w->cred, w->at, v);

    if (error)
        return error;
    if (dir && !is_dir)
        return -ENOTDIR;
    if (!dir && is_dir)
        return -EISDIR;
    if (!dir && w->slash)
        return -ENOTDIR;
    if (v->fs != w->at->fs)
        return -EBUSY; /* mounted there */
    if (vnode_fs_is(v, FS_RDONLY))
        return -EROFS;
    return w->at->ops->unlink ? 0 : -EPERM;
}

static int check_kind(const struct walk *w, bool dir)
{
    switch (name_kind(&w->last)) {
    case NAME_PLAIN: return 0;
    case NAME_DOT: return dir ? -EINVAL : -EISDIR;
    case NAME_DOTDOT: return dir ? -ENOTEMPTY : -EISDIR;
    default: return dir ? -EBUSY : -EISDIR;
    }
}

int vnode_remove(struct vnode *cwd, const char *path, bool dir)
{
    struct vnode *v = NULL;
    bool owned = false;
    struct walk w;
    int error;

    names_write();
    error = walk_start(&w, cwd, path);
    if (!error)
        error = walk_parent(&w);
    if (!error)
        error = check_kind(&w, dir);
    if (!error)
        error = walk_child(&w, &v, &owned);
    if (!error)
        error = check_remove(&w, v, dir);
    if (!error)
        error = w.at->ops->unlink(w.at, &w.last, v);
    if (error && !owned)
        v = NULL;
    walk_end(&w);
    names_write_done();
    vnode_unref(v);
    return error;
}

/* Both ends of a rename. */
struct ends {
    struct walk from, to;
    struct vnode *old, *new; /* new: NULL if there is none */
    bool old_owned, new_owned;
    unsigned flags;
};

/* dir is v or lies below it. */
static bool lies_in(const struct vnode *dir, const struct vnode *v)
{
    while (dir != v && dir->parent && dir->parent != dir)
        dir = dir->parent;
    return dir == v;
}

static int find_ends(struct ends *e)
{
    bool noreplace = e->flags & RENAME_NOREPLACE;
    int error;

    if (e->from.at->fs != e->to.at->fs)
        return -EXDEV;
    if (name_kind(&e->from.last) != NAME_PLAIN)
        return -EBUSY;
    if (name_kind(&e->to.last) != NAME_PLAIN)
        return noreplace ? -EEXIST : -EBUSY;
    error = walk_child(&e->from, &e->old, &e->old_owned);
    if (error)
        return error;
    error = walk_child(&e->to, &e->new, &e->new_owned);
    if (error == -ENOENT) {
        e->new = NULL;
        return e->flags & RENAME_EXCHANGE ? -ENOENT : 0;
    }
    if (!error && noreplace)
        return -EEXIST;
    return error;
}

static int check_slashes(const struct ends *e)
{
    bool exchange = e->flags & RENAME_EXCHANGE;

    if (exchange && e->to.slash && !vnode_is(e->new, S_IFDIR))
        return -ENOTDIR;
    if (!vnode_is(e->old, S_IFDIR) && (e->from.slash || (!exchange && e->to.slash)))
        return -ENOTDIR;
    return 0;
}

/* No directory may come to lie in itself. */
static int check_loop(const struct ends *e)
{
    if (vnode_is(e->old, S_IFDIR) && lies_in(e->to.at, e->old))
        return -EINVAL;
    if (e->new &&vnode_is(e->new, S_IFDIR) && lies_in(e->from.at, e->new))
        return e->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
    return 0;
}

/* A directory that moves changes its .. */
static int may_move(const struct cred *c, struct vnode *v, const struct ends *e)
{
    return vnode_is(v, S_IFDIR) && e->from.at != e->to.at ? vnode_may(c, v, MAY_WRITE) : 0;
}

static int may_rename(const struct ends *e)
{
    const struct cred *c = e->from.cred;
    int error = vnode_may_remove(c, e->from.at, e->old);

    if (!error)
        error = e->new ? vnode_may_remove(c, e->to.at, e->new) : vnode_may_make(c, e->to.at);
    if (!error)
        error = may_move(c, e->old, e);
    if (!error && e->flags & RENAME_EXCHANGE)
        error = may_move(c, e->new, e);
    return error;
}

/* 0; 1: old and new are the same file, and nothing is to be done. */
static int check_rename(const struct ends *e)
{
    bool is_dir = vnode_is(e->old, S_IFDIR), exchange = e->flags & RENAME_EXCHANGE;
    int error = check_slashes(e);

    if (!error)
        error = check_loop(e);
    if (error)
        return error;
    if (e->old == e->new)
        return 1;
    error = unlikely(e->from.cred) ? may_rename(e) : 0;
    if (error)
        return error;
    if (e->to.at->nlink == 0)
        return -ENOENT;
    if (!exchange && e->new &&is_dir && !vnode_is(e->new, S_IFDIR))
        return -ENOTDIR;
    if (!exchange && e->new && !is_dir &&vnode_is(e->new, S_IFDIR))
        return -EISDIR;
    if (e->old->fs != e->from.at->fs || (e->new && e->new->fs != e->to.at->fs))
        return -EBUSY;
    if (vnode_fs_is(e->from.at, FS_RDONLY))
        return -EROFS;
    return e->from.at->ops->rename ? 0 : -EPERM;
}

/* 0: done, and e->new has lost its name. */
static int rename_ends(struct ends *e)
{
    struct vnode *dir = e->from.at, *to = e->to.at;
    int error = find_ends(e);

    if (!error)
        error = check_rename(e);
    if (error)
        return error;
    if (e->flags & RENAME_EXCHANGE)
        error = dir->ops->exchange(dir, &e->from.last, e->old, to, &e->to.last, e->new);
    else
        error = dir->ops->rename(dir, &e->from.last, e->old, to, &e->to.last, e->new);
    if (!error && e->new && !(e->flags & RENAME_EXCHANGE))
        e->new_owned = true;
    return error;
}

int vnode_rename(struct vnode *cwd, const char *path, struct vnode *to_cwd, const char *to_path,
                 unsigned flags)
{
    struct ends e = {.flags = flags};
    int error;

    names_write();
    error = walk_start(&e.from, cwd, path);
    if (!error)
        error = walk_start(&e.to, to_cwd, to_path);
    if (!error)
        error = walk_parent(&e.from);
    if (!error)
        error = walk_parent(&e.to);
    if (!error)
        error = rename_ends(&e);
    walk_end(&e.from);
    walk_end(&e.to);
    names_write_done();
    if (e.old_owned)
        vnode_unref(e.old);
    if (e.new_owned)
        vnode_unref(e.new);
    return MIN(error, 0);
}
