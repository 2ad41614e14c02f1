/* SPDX-License-Identifier: MIT
 *
 * From a path to a vnode and back. A walk holds the namespace's lock from its first component to
 * the last, so that what it passes stays in place and needs no reference, but for vnodes that are
 * made by being looked up (/proc).
 * Locks: (n) held by the caller, for reading or writing.
 */
#include "fs/walk.h"

#include <string.h>

#include "fs/access.h"
#include "include/uapi/errno.h"
#include "lib/hash.h"
#include "mm/slab.h"

#define LINKS_MAX 40

static uint32_t seed; /* (c) after boot: names that collide can't be chosen without it */

void name_seed(uint32_t s)
{
    seed = s | 1;
}

static inline uint32_t hash_step(uint32_t hash, char c)
{
    return (hash ^ (uint8_t)c) * HASH_GOLDEN;
}

static inline uint32_t hash_end(uint32_t hash)
{
    return hash ^ hash >> 15;
}

struct name name_of(const char *text, size_t len)
{
    uint32_t hash = seed;

    for (size_t i = 0; i < len; i++)
        hash = hash_step(hash, text[i]);
    return (struct name){text, (uint32_t)len, hash_end(hash)};
}

bool name_is(const struct name *n, const char *text)
{
    return strlen(text) == n->len && memcmp(n->text, text, n->len) == 0;
}

enum component name_kind(const struct name *n)
{
    if (n->len == 0)
        return NAME_NONE;
    if (n->text[0] != '.' || n->len > 2)
        return NAME_PLAIN;
    if (n->len == 1)
        return NAME_DOT;
    return n->text[1] == '.' ? NAME_DOTDOT : NAME_PLAIN;
}

int walk_start(struct walk *w, struct vnode *cwd, const char *path)
{
    struct vnode *top = vnode_top();

    w->at = *path == '/' || !cwd ? top : cwd; /* one by one: cheaper than clearing it first */
    w->top = top;
    w->owned = w->slash = false;
    w->links = 0;
    w->rest = path;
    w->buf = NULL;
    w->cred = cred_current();
    w->last = (struct name){0};
    return *path && w->at ? 0 : -ENOENT;
}

void walk_end(struct walk *w)
{
    kfree(w->buf);
    if (w->owned)
        vnode_unref(w->at);
}

void walk_to(struct walk *w, struct vnode *v, bool owned)
{
    if (unlikely(w->owned))
        vnode_unref(w->at);
    w->at = v;
    w->owned = owned;
}

static const char *skip_slashes(const char *s)
{
    while (*s == '/')
        s++;
    return s;
}

/* Cuts the next component off w->rest. */
static int next_name(struct walk *w)
{
    const char *start = skip_slashes(w->rest), *s = start;
    uint32_t hash = seed;

    for (; *s && *s != '/'; s++)
        hash = hash_step(hash, *s);
    w->last = (struct name){start, (uint32_t)(s - start), hash_end(hash)};
    if (w->last.len > NAME_MAX)
        return -ENAMETOOLONG;
    w->slash = *s == '/';
    w->rest = skip_slashes(s);
    return 0;
}

static __noinline bool may_search(const struct walk *w)
{
    return vnode_may(w->cred, w->at, MAY_EXEC) == 0;
}

int walk_child(struct walk *w, struct vnode **child, bool *owned)
{
    struct vnode *dir = w->at;
    enum component kind;
    int found;

    *owned = false;
    if (unlikely(!vnode_is(dir, S_IFDIR)))
        return -ENOTDIR;
    if (unlikely(w->cred) && !may_search(w))
        return -EACCES;
    kind = name_kind(&w->last);
    if (unlikely(kind != NAME_PLAIN)) {
        *child = kind == NAME_DOTDOT && dir != w->top ? dir->parent : dir;
        if (!*child)
            *child = w->top;
        *owned = w->owned; /* the walk's reference is dropped, and may be what keeps its parent */
        if (*owned)
            vnode_ref(*child);
        return 0;
    }
    found = dir->ops->lookup(dir, &w->last, child);
    if (found < 0)
        return found;
    *owned = found == 0;
    while (unlikely((*child)->mounted))
        *child = (*child)->mounted;
    return 0;
}

/* The link's target in a buffer of its own with the tail behind it. */
static int read_link(struct vnode *link, const char *tail, bool slash, char **path)
{
    size_t tail_len = strlen(tail);
    char *buf = kmalloc(PATH_MAX);
    int n;

    if (!buf)
        return -ENOMEM;
    n = link->ops->readlink(link, buf, PATH_MAX);
    vnode_accessed(link);
    if (n > 0 && (size_t)n + tail_len + 2 > PATH_MAX)
        n = -ENAMETOOLONG;
    if (n <= 0) {
        kfree(buf);
        return n < 0 ? n : -ENOENT;
    }
    if (slash)
        buf[n++] = '/';
    memcpy(buf + n, tail, tail_len + 1);
    *path = buf;
    return 0;
}

/* Where it leads may be hidden, and where it lies be a trap. */
static __noinline int may_follow(const struct walk *w, struct vnode *link)
{
    int error = *w->rest ? 0 : vnode_may_follow(w->cred, w->at, link);

    return !error && w->cred && link->fs->may ? link->fs->may(link, 0, 0) : error;
}

int walk_link(struct walk *w, struct vnode *link)
{
    struct vnode *to;
    char *path;
    int error;

    if (++w->links > LINKS_MAX)
        return -ELOOP;
    error = may_follow(w, link);
    if (error)
        return error;
    if (link->ops->jump) {
        error = link->ops->jump(link, &to);
        if (!error)
            walk_to(w, to, true);
        w->last.len = 0;
        return error;
    }
    error = read_link(link, w->rest, w->slash, &path);
    if (error)
        return error;
    kfree(w->buf);
    w->buf = path;
    w->rest = path;
    if (path[0] == '/')
        walk_to(w, w->top, false);
    return 0;
}

/* Through the component at hand: into a child, or onto a link's target. */
static int walk_through(struct walk *w, bool follow)
{
    struct vnode *child;
    bool owned;
    int error = walk_child(w, &child, &owned);

    if (error)
        return error;
    if (unlikely(follow && vnode_is(child, S_IFLNK))) {
        error = walk_link(w, child);
        if (owned)
            vnode_unref(child);
        return error;
    }
    walk_to(w, child, owned);
    return 0;
}

int walk_parent(struct walk *w)
{
    int error = next_name(w);

    while (!error && *w->rest) {
        error = walk_through(w, true);
        if (!error)
            error = next_name(w);
    }
    if (!error && w->last.len && !vnode_is(w->at, S_IFDIR))
        error = -ENOTDIR;
    return error;
}

/* After a link's target, which may have ended in a jump, another last component waits. */
int walk_all(struct walk *w, bool follow)
{
    int error = 0;

    while (!error && *skip_slashes(w->rest)) {
        error = next_name(w);
        if (!error)
            error = walk_through(w, follow || w->slash || *w->rest);
    }
    if (!error && w->slash && !vnode_is(w->at, S_IFDIR)) /* a slash at the end asks for one */
        error = -ENOTDIR;
    return error;
}

int vnode_lookup(struct vnode *cwd, const char *path, bool follow, struct vnode **found)
{
    struct walk w;
    int error;

    names_read();
    error = walk_start(&w, cwd, path);
    if (!error)
        error = walk_all(&w, follow);
    if (!error)
        *found = vnode_ref(w.at);
    walk_end(&w);
    names_read_done();
    return error;
}

static int prepend(const char *name, const char *buf, char **at)
{
    size_t len = strlen(name);

    if ((size_t)(*at - buf) < len + 1)
        return -ERANGE;
    *at -= len;
    memcpy(*at, name, len);
    *--*at = '/';
    return 0;
}

/* The same with the name that dir has for the vnode with this ino. */
static int prepend_found(struct vnode *dir, uint32_t ino, const char *buf, char **at)
{
    struct dirent_info entry;
    uint64_t pos = 0;
    int got;

    while ((got = dir->ops->readdir(dir, &pos, &entry)) == 1)
        if (entry.ino == ino)
            return prepend(entry.name, buf, at);
    return got < 0 ? got : -ENOENT;
}

int vnode_path_locked(struct vnode *v, char *buf, size_t size)
{
    const struct vnode *top = vnode_top();
    char *at = buf + size;

    if (size < 2)
        return -ERANGE;
    *--at = '\0';
    while (v != top && v != vnode_root()) {
        struct vnode *parent = v->parent;
        int error = -ENOENT;

        if (parent && v->name)
            error = prepend(v->name, buf, &at);
        else if (parent)
            error = prepend_found(parent, v->ino, buf, &at);
        if (error)
            return error;
        v = parent;
    }
    if (!*at)
        *--at = '/';
    memmove(buf, at, (size_t)(buf + size - at));
    return 0;
}

/* The root of what was unmounted is its own parent. */
static bool is_below(const struct vnode *v, const struct vnode *top)
{
    while (v && v != top && v != vnode_root() && v != v->parent)
        v = v->parent;
    return v == top;
}

int vnode_path(struct vnode *v, char *buf, size_t size)
{
    static const char outside[] = "(unreachable)";
    size_t before;
    int error;

    names_read();
    before = is_below(v, vnode_top()) ? 0 : sizeof(outside) - 1;
    memcpy(buf, outside, before);
    error = vnode_path_locked(v, buf + before, size - before);
    names_read_done();
    return error;
}
