/* SPDX-License-Identifier: MIT
 *
 * Vnodes: reference counts, mounts, and the walk from a path to a vnode and back.
 * Invariants: refs is 0 only inside release(); a mounted directory has the parent of the one it
 * covers, so that ".." needs no special case; both are kept for ever.
 * Locks: none. Reference counts are atomic, the root and the mount table constant after boot.
 */
#include "fs/vnode.h"

#include <string.h>

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "kern/panic.h"
#include "lib/refcount.h"
#include "mm/slab.h"

#define MOUNTS_MAX 4
#define LINKS_MAX  8

struct mount {
    struct vnode *covered, *dir;
};

static struct {
    struct vnode *root;              /* (c) after boot */
    struct mount mounts[MOUNTS_MAX]; /* (c) after boot */
    unsigned nmounts;                /* (c) after boot */
} fs;

struct vnode *vnode_ref(struct vnode *v)
{
    uint32_t before = ref_take(&v->refs);

    kdebug_assert(before > 0);
    (void)before;
    return v;
}

void vnode_unref(struct vnode *v)
{
    uint32_t left;

    if (!v)
        return;
    left = ref_drop(&v->refs);
    kdebug_assert(left != UINT32_MAX);
    if (left == 0 && v->ops->release)
        v->ops->release(v);
}

struct vnode *vnode_root(void)
{
    return fs.root;
}

void vnode_set_root(struct vnode *v)
{
    v->parent = v;
    fs.root = vnode_ref(v);
}

int vnode_mount(const char *path, struct vnode *dir)
{
    struct vnode *covered;
    int error = vnode_lookup(fs.root, path, true, &covered);

    if (error)
        return error;
    if (!vnode_is(covered, S_IFDIR))
        error = -ENOTDIR;
    else if (fs.nmounts == MOUNTS_MAX || covered == fs.root)
        error = -EBUSY;
    if (error) {
        vnode_unref(covered);
        return error;
    }
    dir->parent = covered->parent;
    fs.mounts[fs.nmounts++] = (struct mount){covered, vnode_ref(dir)};
    return 0;
}

/* What stands at v's place: itself, or what is mounted over it. Exchanges the reference. */
static struct vnode *mount_above(struct vnode *v)
{
    for (unsigned i = 0; i < fs.nmounts; i++) {
        if (fs.mounts[i].covered == v) {
            vnode_unref(v);
            return vnode_ref(fs.mounts[i].dir);
        }
    }
    return v;
}

/* The directory entry's own vnode: v, or what it covers. Borrowed. */
static struct vnode *mount_below(struct vnode *v)
{
    for (unsigned i = 0; i < fs.nmounts; i++)
        if (fs.mounts[i].dir == v)
            return fs.mounts[i].covered;
    return v;
}

/* A resolution on its way. */
struct walk {
    struct vnode *at; /* where it is; with a reference */
    const char *rest; /* what is still to be resolved */
    char *buf;        /* of PATH_MAX bytes, holds rest once a link was met; or NULL */
    unsigned links;   /* met so far */
    bool follow;      /* the last component, too */
};

static const char *skip_slashes(const char *s)
{
    while (*s == '/')
        s++;
    return s;
}

/* Cuts the next component off w->rest into name. */
static int next_name(struct walk *w, char *name)
{
    const char *start = skip_slashes(w->rest);
    size_t len = 0;

    while (start[len] && start[len] != '/')
        len++;
    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, start, len);
    name[len] = '\0';
    w->rest = start + len;
    return 0;
}

static int walk_child(struct walk *w, const char *name, struct vnode **child)
{
    struct vnode *dir = w->at;
    int error;

    if (!vnode_is(dir, S_IFDIR))
        return -ENOTDIR;
    if (strcmp(name, ".") == 0) {
        *child = vnode_ref(dir);
        return 0;
    }
    if (strcmp(name, "..") == 0) {
        *child = vnode_ref(dir->parent ? dir->parent : fs.root);
        return 0;
    }
    error = dir->ops->lookup(dir, name, child);
    if (!error)
        *child = mount_above(*child);
    return error;
}

/* Replaces the rest of the path by the link's target and what follows it. */
static int walk_link(struct walk *w, struct vnode *link)
{
    size_t tail = strlen(w->rest);
    char *buf;
    int n;

    if (++w->links > LINKS_MAX)
        return -ELOOP;
    buf = kmalloc(PATH_MAX);
    if (!buf)
        return -ENOMEM;
    n = link->ops->readlink(link, buf, PATH_MAX);
    if (n > 0 && (size_t)n + tail + 1 > PATH_MAX)
        n = -ENAMETOOLONG;
    if (n <= 0) {
        kfree(buf);
        return n < 0 ? n : -ENOENT;
    }
    memcpy(buf + n, w->rest, tail + 1);
    kfree(w->buf);
    w->buf = buf;
    w->rest = buf;
    if (buf[0] == '/') {
        vnode_unref(w->at);
        w->at = vnode_ref(fs.root);
    }
    return 0;
}

/* One component on: into a child, or onto a link's target. */
static int walk_step(struct walk *w)
{
    char name[NAME_MAX + 1];
    struct vnode *child;
    int error = next_name(w, name);

    if (!error)
        error = walk_child(w, name, &child);
    if (error)
        return error;
    if (vnode_is(child, S_IFLNK) && (w->follow || *w->rest)) {
        error = walk_link(w, child);
        vnode_unref(child);
        return error;
    }
    vnode_unref(w->at);
    w->at = child;
    return 0;
}

int vnode_lookup(struct vnode *cwd, const char *path, bool follow, struct vnode **found)
{
    struct walk w = {.rest = path, .follow = follow};
    int error = 0;

    if (!*path || !fs.root)
        return -ENOENT;
    w.at = vnode_ref(*path == '/' || !cwd ? fs.root : cwd);
    while (!error && *skip_slashes(w.rest))
        error = walk_step(&w);
    if (!error && *w.rest && !vnode_is(w.at, S_IFDIR)) /* a slash at the end asks for one */
        error = -ENOTDIR;
    kfree(w.buf);
    if (error)
        vnode_unref(w.at);
    else
        *found = w.at;
    return error;
}

/* Puts the name that dir has for the vnode with this ino, and a slash, before *at. */
static int prepend_name(struct vnode *dir, uint32_t ino, const char *buf, char **at)
{
    struct dirent_info entry;
    uint64_t pos = 0;
    size_t len;
    int got;

    while ((got = dir->ops->readdir(dir, &pos, &entry)) == 1)
        if (entry.ino == ino)
            break;
    if (got <= 0)
        return got < 0 ? got : -ENOENT;
    len = strlen(entry.name);
    if ((size_t)(*at - buf) < len + 1)
        return -ERANGE;
    *at -= len;
    memcpy(*at, entry.name, len);
    *--*at = '/';
    return 0;
}

int vnode_path(struct vnode *dir, char *buf, size_t size)
{
    char *at = buf + size;

    if (size < 2)
        return -ERANGE;
    *--at = '\0';
    while (dir != fs.root) {
        struct vnode *entry = mount_below(dir);
        int error;

        if (!entry->parent)
            return -ENOENT;
        error = prepend_name(entry->parent, entry->ino, buf, &at);
        if (error)
            return error;
        dir = entry->parent;
    }
    if (!*at)
        *--at = '/';
    memmove(buf, at, (size_t)(buf + size - at));
    return 0;
}

int vnode_read_kernel(struct vnode *v, uint64_t pos, void *buf, size_t len)
{
    size_t done = 0;

    if (!v->obj)
        return vnode_is(v, S_IFDIR) ? -EISDIR : -EINVAL;
    while (done < len && pos < v->obj->size_bytes) {
        size_t offset = (size_t)pos & PAGE_MASK;
        size_t n = MIN(len - done, PAGE_SIZE - offset);
        pfn_t pfn;
        int error;

        n = (size_t)MIN((uint64_t)n, v->obj->size_bytes - pos);
        error = obj_get(v->obj, (uint32_t)(pos >> PAGE_SHIFT), &pfn, NULL);
        if (error)
            return error;
        memcpy((char *)buf + done, (char *)pfn_to_virt(pfn) + offset, n);
        obj_put(pfn);
        done += n;
        pos += n;
        preempt_point();
    }
    return (int)done;
}
