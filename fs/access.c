/* SPDX-License-Identifier: MIT
 *
 * What callers may do to files. Linux's rules, with the restrictions on links that Debian's Linux
 * has on: protected_hardlinks and protected_symlinks.
 * Source: POSIX.1-2017; for what it leaves open Linux 6.1 as its programs see it.
 */
#include "fs/access.h"

#include "fs/file.h"
#include "include/uapi/errno.h"

#define GROUP_EXEC 0010u
#define ALL_WRITE  0002u

static bool owns(const struct cred *c, const struct vnode *v)
{
    return !c || c->fsuid == v->uid || cred_capable(c, CAP_FOWNER);
}

int vnode_may(const struct cred *c, struct vnode *v, unsigned want)
{
    int error = cred_may(c, v->mode, v->uid, v->gid, want);

    return unlikely(c && v->fs->may) ? v->fs->may(v, want, error) : error;
}

int vnode_may_open(const struct cred *c, struct vnode *v, uint32_t flags)
{
    static const uint8_t wants[] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
                                    MAY_READ | MAY_WRITE};

    return vnode_may(c, v, wants[flags & O_ACCMODE] | (flags & O_TRUNC ? MAY_WRITE : 0u));
}

int vnode_may_make(const struct cred *c, struct vnode *dir)
{
    return likely(!c) ? 0 : vnode_may(c, dir, MAY_WRITE | MAY_EXEC);
}

int vnode_may_remove(const struct cred *c, struct vnode *dir, const struct vnode *v)
{
    int error = vnode_may_make(c, dir);

    if (!error && c && dir->mode & S_ISVTX && c->fsuid != dir->uid && !owns(c, v))
        error = -EPERM;
    return error;
}

/* Nothing that a name could be made for with bad intent. */
static bool harmless(const struct cred *c, struct vnode *v)
{
    return vnode_is(v, S_IFREG) && !(v->mode & S_ISUID) &&
           (v->mode & (S_ISGID | GROUP_EXEC)) != (S_ISGID | GROUP_EXEC) &&
           vnode_may(c, v, MAY_READ | MAY_WRITE) == 0;
}

int vnode_may_link(const struct cred *c, struct vnode *v)
{
    return owns(c, v) || harmless(c, v) ? 0 : -EPERM;
}

int vnode_may_follow(const struct cred *c, const struct vnode *dir, const struct vnode *link)
{
    if (link->uid == (c ? c->fsuid : 0) || link->uid == dir->uid)
        return 0;
    return (dir->mode & (S_ISVTX | ALL_WRITE)) == (S_ISVTX | ALL_WRITE) ? -EACCES : 0;
}

/* The new owners are such that the caller may choose. */
static bool may_chown(const struct cred *c, const struct vnode *v, const struct attr *a)
{
    bool mine = c->fsuid == v->uid;

    if (cred_capable(c, CAP_CHOWN))
        return true;
    if (a->mask & ATTR_UID && !(mine && a->uid == v->uid))
        return false;
    return !(a->mask & ATTR_GID) || (mine && (a->gid == v->gid || cred_in_group(c, a->gid)));
}

static int may_change(const struct cred *c, struct vnode *v, const struct attr *a)
{
    if (a->mask & (ATTR_UID | ATTR_GID) && !may_chown(c, v, a))
        return -EPERM;
    if (a->mask & ATTR_MODE && !owns(c, v))
        return -EPERM;
    if (!(a->mask & (ATTR_ATIME | ATTR_MTIME)) || owns(c, v))
        return 0;
    return a->mask & ATTR_NOW ? vnode_may(c, v, MAY_WRITE) : -EPERM;
}

int vnode_setattr(struct vnode *v, const struct attr *a)
{
    if (vnode_fs_is(v, FS_RDONLY))
        return -EROFS;
    return v->fs->setattr ? v->fs->setattr(v, a) : -EPERM;
}

int vnode_may_set(struct vnode *v, struct attr *a)
{
    const struct cred *c = cred_current();
    int error = likely(!c) ? 0 : may_change(c, v, a);

    if (!error && a->mask & ATTR_MODE && !cred_capable(c, CAP_FSETID) &&
        !cred_in_group(c, a->mask & ATTR_GID ? a->gid : v->gid))
        a->mode &= ~S_ISGID;
    return error;
}

struct vnode_owner vnode_owner(const struct vnode *v)
{
    struct vnode_owner o;

    do {
        o.uid = __atomic_load_n(&v->uid, __ATOMIC_ACQUIRE);
        o.gid = __atomic_load_n(&v->gid, __ATOMIC_ACQUIRE);
        o.mode = __atomic_load_n(&v->mode, __ATOMIC_ACQUIRE);
    } while (o.uid != __atomic_load_n(&v->uid, __ATOMIC_ACQUIRE) ||
             o.gid != __atomic_load_n(&v->gid, __ATOMIC_RELAXED));
    return o;
}

uint32_t vnode_new_mode(const struct cred *c, const struct vnode *dir, uint32_t mode)
{
    bool is_dir = (mode & S_IFMT) == S_IFDIR;

    if (!(dir->mode & S_ISGID))
        return mode;
    if (is_dir)
        return mode | S_ISGID;
    if ((mode & (S_ISGID | GROUP_EXEC)) == (S_ISGID | GROUP_EXEC) && !cred_capable(c, CAP_FSETID) &&
        !cred_in_group(c, dir->gid))
        mode &= ~S_ISGID;
    return mode;
}

uint32_t vnode_written_mode(const struct cred *c, uint32_t mode)
{
    if (cred_capable(c, CAP_FSETID))
        return mode;
    return mode & ~(S_ISUID | (mode & GROUP_EXEC ? S_ISGID : 0u));
}
