/* SPDX-License-Identifier: MIT
 *
 * Names of tmpfs. All names of all directories are in one hash table, found by directory and name;
 * the table has about as many buckets as there are names and grows and shrinks by one at a time.
 * Each directory also has its names in the order in which they came: their numbers are positions
 * for readdir, which stay right whatever comes and goes.
 * Locks: (n), for writing where something changes.
 * Source: W. Litwin, Linear hashing, VLDB 1980.
 */
#include <string.h>

#include "fs/access.h"
#include "fs/tmpfs_impl.h"
#include "include/uapi/errno.h"
#include "kern/panic.h"
#include "lib/hash.h"
#include "mm/slab.h"

#define PER_CHUNK  (PAGE_SIZE / sizeof(struct tentry *))
#define CHUNKS_MAX 512u

static struct {
    struct tentry **chunk[CHUNKS_MAX]; /* pages of buckets */
    uint32_t buckets, mask;            /* mask + 1: the power of two that is not below buckets */
    uint32_t count;                    /* names */
} table;

int tmpfs_names_init(void)
{
    memset(&table, 0, sizeof(table));
    table.chunk[0] = kmalloc(PAGE_SIZE);
    table.buckets = PER_CHUNK;
    table.mask = PER_CHUNK - 1;
    return table.chunk[0] ? 0 : -ENOMEM;
}

static struct tentry **bucket_at(uint32_t i)
{
    return &table.chunk[i / PER_CHUNK][i % PER_CHUNK];
}

static struct tentry **bucket_of(uint32_t hash)
{
    uint32_t i = hash & table.mask;

    return bucket_at(i < table.buckets ? i : i & table.mask >> 1);
}

/* One bucket more: it takes its share of the one that it was part of. Without memory chains grow.
 */
static void table_grow(void)
{
    uint32_t n = table.buckets;
    struct tentry **from, **to;

    if (n % PER_CHUNK == 0) {
        if (n / PER_CHUNK == CHUNKS_MAX)
            return;
        table.chunk[n / PER_CHUNK] = kmalloc(PAGE_SIZE);
        if (!table.chunk[n / PER_CHUNK])
            return;
    }
    table.buckets++;
    if (n > table.mask)
        table.mask = 2 * table.mask + 1;
    from = bucket_at(n & table.mask >> 1);
    to = bucket_at(n);
    while (*from) {
        struct tentry *e = *from;

        if ((e->hash & table.mask) != n) {
            from = &e->hash_next;
            continue;
        }
        *from = e->hash_next;
        e->hash_next = *to;
        *to = e;
    }
}

/* One bucket less: its names go back to where they came from. */
static void table_shrink(void)
{
    uint32_t n = table.buckets - 1;
    struct tentry **from = bucket_at(n), **to = bucket_at(n & table.mask >> 1);

    while (*to)
        to = &(*to)->hash_next;
    *to = *from;
    *from = NULL;
    table.buckets = n;
    if (n == (table.mask + 1) / 2)
        table.mask >>= 1;
    if (n % PER_CHUNK == 0) {
        kfree(table.chunk[n / PER_CHUNK]);
        table.chunk[n / PER_CHUNK] = NULL;
    }
}

static uint32_t hash_in(const struct tnode *dir, const struct name *name)
{
    return name->hash ^ dir->vnode.ino * HASH_GOLDEN;
}

/* Names are short, and where the hash is the same all of it is: cheaper than a call of memcmp. */
static bool same_bytes(const char *a, const char *b, uint32_t len)
{
    for (; len; len--)
        if (*a++ != *b++)
            return false;
    return true;
}

struct tentry *tmpfs_find(const struct tnode *dir, const struct name *name)
{
    uint32_t hash = hash_in(dir, name);
    struct tentry *e = *bucket_of(hash);

    while (e && (e->hash != hash || e->dir != dir || e->len != name->len ||
                 !same_bytes(e->name, name->text, name->len)))
        e = e->hash_next;
    return e;
}

static void order_insert(struct tnode *dir, struct tentry *e)
{
    struct tree_link *last = tree_last(&dir->names);

    e->pos = ++dir->next_pos;
    tree_insert(&dir->names, &e->by_pos, last, 1, NULL);
}

int tmpfs_enter(struct tnode *dir, const struct name *name, struct vnode *v)
{
    struct tentry *e = kmalloc(sizeof(*e) + name->len + 1), **bucket;

    if (!e)
        return -ENOMEM;
    memcpy(e->name, name->text, name->len);
    e->name[name->len] = '\0';
    e->len = (uint8_t)name->len;
    e->hash = hash_in(dir, name);
    e->dir = dir;
    e->vnode = vnode_ref(v);
    order_insert(dir, e);
    bucket = bucket_of(e->hash);
    e->hash_next = *bucket;
    *bucket = e;
    v->parent = &dir->vnode;
    v->name = e->name;
    dir->count++;
    if (++table.count > table.buckets)
        table_grow();
    return 0;
}

void tmpfs_remove(struct tentry *e)
{
    struct tentry **at = bucket_of(e->hash);
    struct vnode *v = e->vnode;

    while (*at != e)
        at = &(*at)->hash_next;
    *at = e->hash_next;
    tree_remove(&e->dir->names, &e->by_pos, NULL);
    if (v->name == e->name) {
        v->name = NULL;
        v->parent = NULL;
    }
    e->dir->count--;
    kfree(e);
    table.count--;
    for (int i = 0; i < 2 && table.count < table.buckets / 2 && table.buckets > PER_CHUNK; i++)
        table_shrink();
}

/* The first name at this position or behind it. */
static struct tentry *entry_from(const struct tnode *dir, uint64_t pos)
{
    struct tree_link *l = dir->names.root, *best = NULL;

    while (l) {
        bool here = container_of(l, struct tentry, by_pos)->pos >= pos;

        if (here)
            best = l;
        l = l->child[here ? 0 : 1];
    }
    return best ? container_of(best, struct tentry, by_pos) : NULL;
}

static int dir_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    const struct tentry *e = entry_from(tnode_of(dir), *pos);

    if (!e)
        return 0;
    memcpy(entry->name, e->name, e->len + 1u);
    entry->ino = e->vnode->ino;
    entry->mode = e->vnode->mode;
    *pos = e->pos + 1;
    return 1;
}

static int dir_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    const struct tentry *e = tmpfs_find(tnode_of(dir), name);

    if (!e)
        return -ENOENT;
    *found = e->vnode;
    return 1;
}

/* The directory's contents changed. */
static void touch(struct vnode *dir)
{
    uint64_t now = vnode_now();

    time_set(&dir->mtime, now);
    time_set(&dir->ctime, now);
}

static void touch_name(struct vnode *v)
{
    time_set(&v->ctime, vnode_now());
}

static int dir_create(struct vnode *dir, const struct name *name, uint32_t mode, uint32_t rdev,
                      const char *link, struct vnode **made)
{
    bool is_dir = (mode & S_IFMT) == S_IFDIR;
    struct tnode *n;
    int error;

    if (unlikely(dir->mode & S_ISGID))
        mode = vnode_new_mode(cred_current(), dir, mode);
    error = tmpfs_node(dir->fs, mode, rdev, &n);
    if (error)
        return error;
    if (dir->mode & S_ISGID)
        n->vnode.gid = dir->gid;
    *made = &n->vnode;
    if (link)
        error = tmpfs_set_target(n, link, strlen(link));
    if (!name)
        return 0;
    if (!error)
        error = tmpfs_enter(tnode_of(dir), name, &n->vnode);
    if (!error) {
        n->vnode.nlink = is_dir ? 2 : 1;
        dir->nlink += is_dir;
        touch(dir);
    }
    vnode_unref(&n->vnode); /* the name's is left */
    return error;
}

static int dir_link(struct vnode *dir, const struct name *name, struct vnode *v)
{
    int error = tmpfs_count_name(dir->fs);

    if (error)
        return error;
    error = tmpfs_enter(tnode_of(dir), name, v);
    if (error) {
        tmpfs_uncount_name(dir->fs);
        return error;
    }
    if (v->nlink++ == 0)
        tmpfs_uncount_name(dir->fs); /* its first name comes with the inode */
    touch(dir);
    touch_name(v);
    return 0;
}

/* v has lost a name; its reference is still there. */
static void unnamed(struct vnode *v, struct vnode *dir)
{
    if (vnode_is(v, S_IFDIR)) {
        v->nlink = 0;
        dir->nlink--;
        v->parent = vnode_ref(dir); /* its .. as long as somebody is in there */
    } else if (--v->nlink > 0) {
        tmpfs_uncount_name(dir->fs);
    }
    v->linkable = false;
    touch_name(v);
}

static bool has_names(const struct vnode *v)
{
    return vnode_is(v, S_IFDIR) && tnode_of(v)->count > 0;
}

static int dir_unlink(struct vnode *dir, const struct name *name, struct vnode *v)
{
    if (has_names(v))
        return -ENOTEMPTY;
    tmpfs_remove(tmpfs_find(tnode_of(dir), name));
    unnamed(v, dir);
    touch(dir);
    return 0;
}

/* A directory moves from one to another. */
static void moved(const struct vnode *v, struct vnode *from, struct vnode *to)
{
    if (vnode_is(v, S_IFDIR)) {
        from->nlink--;
        to->nlink++;
    }
}

/* The name stands for v from now on, which has the reference that it brings. */
static void name_set(struct tentry *e, struct vnode *v)
{
    e->vnode = v;
    v->parent = &e->dir->vnode;
    v->name = e->name;
}

/* The name that is there is used again, so that nothing can fail; without one the new name is
 * entered before the old one goes. */
static int dir_rename(struct vnode *dir, const struct name *name, struct vnode *from,
                      struct vnode *to_dir, const struct name *to_name, struct vnode *v)
{
    int error;

    if (v && has_names(v))
        return -ENOTEMPTY;
    if (!v) {
        error = tmpfs_enter(tnode_of(to_dir), to_name, from);
        if (error)
            return error;
        tmpfs_remove(tmpfs_find(tnode_of(dir), name));
        vnode_unref(from); /* one name, one reference */
    } else {
        v->name = NULL;
        v->parent = NULL;
        tmpfs_remove(tmpfs_find(tnode_of(dir), name));
        name_set(tmpfs_find(tnode_of(to_dir), to_name), from);
        unnamed(v, to_dir);
    }
    moved(from, dir, to_dir);
    touch(dir);
    touch(to_dir);
    touch_name(from);
    return 0;
}

static int dir_exchange(struct vnode *dir, const struct name *name, struct vnode *v,
                        struct vnode *to_dir, const struct name *to_name, struct vnode *to)
{
    struct tentry *here = tmpfs_find(tnode_of(dir), name);
    struct tentry *there = tmpfs_find(tnode_of(to_dir), to_name);

    name_set(here, to);
    name_set(there, v);
    moved(v, dir, to_dir);
    moved(to, to_dir, dir);
    touch(dir);
    touch(to_dir);
    touch_name(v);
    touch_name(to);
    return 0;
}

const struct vnode_ops tmpfs_dir_ops = {
    .lookup = dir_lookup,
    .readdir = dir_readdir,
    .create = dir_create,
    .link = dir_link,
    .unlink = dir_unlink,
    .rename = dir_rename,
    .exchange = dir_exchange,
};
