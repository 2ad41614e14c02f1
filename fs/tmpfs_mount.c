/* SPDX-License-Identifier: MIT
 *
 * Trees of tmpfs that mount(2) makes and umount2(2) takes apart, with their options; who uses
 * anything of a tree.
 * Locks: (n) as each function says.
 * Source of the options: tmpfs(5) of Linux.
 */
#include <string.h>

#include "fs/tmpfs_impl.h"
#include "include/uapi/errno.h"
#include "kern/panic.h"
#include "lib/fmt.h"
#include "mm/slab.h"
#include "mm/sleep.h"

#define FIRST_DEV    32u
#define NUMBER_MAX   0x7fffffffu
#define PERCENT_MOST 1000000u

struct instance {
    struct fs fs;
    struct tmpfs_state state;
};

struct options {
    uint32_t mode, uid, gid;
    uint32_t pages, inodes; /* UINT32_MAX: no limit */
    bool sized, numbered;   /* the two were named */
};

static uint32_t last_dev = FIRST_DEV; /* atomic */

/* [*s, end) as a number to this base; -EINVAL. */
static int parse_number(const char *s, const char *end, unsigned base, uint32_t *value)
{
    uint32_t n = 0;

    if (s == end)
        return -EINVAL;
    for (; s < end; s++) {
        unsigned digit = (unsigned)(*s - '0');

        if (digit >= base || n > (NUMBER_MAX - digit) / base)
            return -EINVAL;
        n = n * base + digit;
    }
    *value = n;
    return 0;
}

static bool key_is(const char *key, const char *end, const char *text)
{
    return strlen(text) == (size_t)(end - key) && memcmp(key, text, (size_t)(end - key)) == 0;
}

/* Doublings that a letter behind a number stands for. */
static unsigned scale_of(char letter)
{
    switch (letter) {
    case 'k':
    case 'K': return 10;
    case 'm':
    case 'M': return 20;
    case 'g':
    case 'G': return 30;
    default: return 0;
    }
}

/* A number of things of 1 << shift, with k, m or g; it becomes one of pages, or of what is counted
 * (shift 0). 0 is no limit, and so is more than there can be. */
static int parse_limit(const char *s, const char *end, unsigned shift, uint32_t *value)
{
    unsigned scale = s < end ? scale_of(end[-1]) : 0;
    uint64_t all;
    uint32_t n;
    int error = parse_number(s, scale ? end - 1 : end, 10, &n);

    if (error)
        return error;
    all = (((uint64_t)n << scale) + ((1u << shift) - 1)) >> shift;
    *value = all && all < UINT32_MAX ? (uint32_t)all : UINT32_MAX;
    return 0;
}

/* A number of bytes, or percents of memory. */
static int parse_size(const char *s, const char *end, uint32_t *pages)
{
    uint64_t all;
    uint32_t n;
    int error;

    if (s == end || end[-1] != '%')
        return parse_limit(s, end, PAGE_SHIFT, pages);
    error = parse_number(s, end - 1, 10, &n);
    if (error)
        return error;
    n = MIN(n, PERCENT_MOST);
    all = (uint64_t)n * (tmpfs_memory() / 100) + n * (tmpfs_memory() % 100) / 100;
    *pages = all && all < UINT32_MAX ? (uint32_t)all : UINT32_MAX;
    return 0;
}

static int parse_option(const char *s, const char *end, struct options *o)
{
    const char *value = memchr(s, '=', (size_t)(end - s)), *key_end = value ? value : end;
    int error;

    value = value ? value + 1 : end;
    if (key_is(s, key_end, "mode")) {
        error = parse_number(value, end, 8, &o->mode);
        return error || o->mode > S_IALL ? -EINVAL : 0;
    }
    if (key_is(s, key_end, "uid"))
        return parse_number(value, end, 10, &o->uid);
    if (key_is(s, key_end, "gid"))
        return parse_number(value, end, 10, &o->gid);
    if (key_is(s, key_end, "nr_inodes")) {
        o->numbered = true;
        return parse_limit(value, end, 0, &o->inodes);
    }
    if (key_is(s, key_end, "size") || key_is(s, key_end, "nr_blocks")) {
        o->sized = true;
        return *s == 's' ? parse_size(value, end, &o->pages)
                         : parse_limit(value, end, 0, &o->pages);
    }
    return key_is(s, end, "huge=never") ? 0 : -EINVAL;
}

static int parse_options(const char *s, struct options *o)
{
    *o = (struct options){.mode = TMPFS_MODE, .pages = UINT32_MAX, .inodes = UINT32_MAX};
    while (s && *s) {
        const char *end = s + strcspn(s, ",");
        int error = end > s ? parse_option(s, end, o) : 0;

        if (error)
            return error;
        s = *end ? end + 1 : end;
    }
    return 0;
}

static const struct fs *make_fs(uint32_t flags, const struct options *o)
{
    struct instance *i = kmalloc(sizeof(*i));

    if (!i)
        return NULL;
    i->fs = tmpfs_root_fs;
    i->fs.dev = __atomic_add_fetch(&last_dev, 1, __ATOMIC_RELAXED);
    i->fs.state = &i->state.fs;
    i->state = (struct tmpfs_state){.fs.flags = flags,
                                    .counted = true,
                                    .pages.most = o->pages,
                                    .inodes_most = o->inodes,
                                    .mode = o->mode,
                                    .uid = o->uid,
                                    .gid = o->gid};
    return &i->fs;
}

int tmpfs_make(const char *options, uint32_t flags, struct vnode **root)
{
    struct options o;
    const struct fs *fs;
    int error = parse_options(options, &o);

    if (error)
        return error;
    fs = make_fs(flags, &o);
    if (!fs)
        return -ENOMEM;
    error = tmpfs_make_root(fs, root);
    if (error) {
        kfree(container_of(fs, struct instance, fs));
        return error;
    }
    (*root)->mode = S_IFDIR | o.mode;
    (*root)->uid = o.uid;
    (*root)->gid = o.gid;
    return 0;
}

/* The limits that are named become its own; as in Linux, not below what is there, and nothing else
 * becomes different. */
int tmpfs_remount(const struct fs *fs, const char *options)
{
    struct tmpfs_state *t = tmpfs_state_of(fs);
    struct options o;
    int error = parse_options(options, &o);

    if (error)
        return error;
    if (o.sized && !t->counted) /* the root, /dev */
        return -EINVAL;
    if ((o.sized && __atomic_load_n(&t->pages.used, __ATOMIC_RELAXED) > o.pages) ||
        (o.numbered && __atomic_load_n(&t->inodes, __ATOMIC_RELAXED) > o.inodes))
        return -EINVAL;
    if (o.sized)
        __atomic_store_n(&t->pages.most, o.pages, __ATOMIC_RELAXED);
    if (o.numbered)
        __atomic_store_n(&t->inodes_most, o.inodes, __ATOMIC_RELAXED);
    return 0;
}

/* Text in a buffer. */
struct out {
    char *buf;
    size_t size, at;
};

static void put(struct out *o, const char *key, int digits, uint64_t value, const char *unit)
{
    size_t room = o->size - o->at; /* at least 1: the end */
    size_t n = (size_t)fmt_snprint(o->buf + o->at, room, ",%s=%0*llu%s", key, digits,
                                   (unsigned long long)value, unit);

    o->at += MIN(n, room - 1);
}

/* The decimal number that looks as this octal one. */
static uint32_t octal(uint32_t mode)
{
    return (mode >> 9 & 7) * 1000 + (mode >> 6 & 7) * 100 + (mode >> 3 & 7) * 10 + (mode & 7);
}

void tmpfs_options(const struct fs *fs, char *buf, size_t size)
{
    const struct tmpfs_state *t = tmpfs_state_of(fs);
    uint32_t pages = __atomic_load_n(&t->pages.most, __ATOMIC_RELAXED);
    uint32_t inodes = __atomic_load_n(&t->inodes_most, __ATOMIC_RELAXED);
    struct out o = {buf, size, 0};

    buf[0] = '\0';
    if (pages != UINT32_MAX)
        put(&o, "size", 1, (uint64_t)pages << (PAGE_SHIFT - 10), "k");
    if (inodes != UINT32_MAX)
        put(&o, "nr_inodes", 1, inodes, "");
    if (t->mode != TMPFS_MODE)
        put(&o, "mode", 3, octal(t->mode), "");
    if (t->uid)
        put(&o, "uid", 1, t->uid, "");
    if (t->gid)
        put(&o, "gid", 1, t->gid, "");
}

static struct tentry *first_of(const struct vnode *dir)
{
    struct tree_link *l = tree_first(&tnode_of(dir)->names);

    return l ? container_of(l, struct tentry, by_pos) : NULL;
}

static struct tentry *next_of(struct tentry *e)
{
    struct tree_link *l = tree_next(&e->by_pos);

    return l ? container_of(l, struct tentry, by_pos) : NULL;
}

/* The name behind e in the whole tree, names in a directory behind its own; NULL at the end. */
static struct tentry *next_in_tree(const struct vnode *root, struct tentry *e)
{
    const struct vnode *dir = &e->dir->vnode;
    struct tentry *next = vnode_is(e->vnode, S_IFDIR) ? first_of(e->vnode) : NULL;

    if (!next)
        next = next_of(e);
    while (!next && dir != root) {
        next = next_of(container_of(dir->name, struct tentry, name));
        dir = dir->parent;
    }
    return next;
}

/* Beyond its names somebody has it: open, as a directory to work in, mapped, with a mount on it. */
static bool is_used(const struct vnode *v)
{
    uint32_t names = vnode_is(v, S_IFDIR) ? 1 : v->nlink;

    return __atomic_load_n(&v->refs, __ATOMIC_RELAXED) > names ||
           (v->obj && __atomic_load_n(&v->obj->refs, __ATOMIC_RELAXED) > 1 &&
            obj_is_mapped(v->obj));
}

bool tmpfs_in_use(const struct vnode *root)
{
    uint32_t seen = 1; /* the root */

    if (root->ops != &tmpfs_dir_ops)
        return false;
    for (struct tentry *e = first_of(root); e; e = next_in_tree(root, e)) {
        if (is_used(e->vnode))
            return true;
        seen++;
        preempt_point();
    }
    /* what has lost its names and is still there is in use, too */
    return seen != __atomic_load_n(&tmpfs_state_of(root->fs)->inodes, __ATOMIC_ACQUIRE);
}

bool tmpfs_is_written(const struct vnode *root)
{
    if (root->ops != &tmpfs_dir_ops)
        return false;
    if (__atomic_load_n(&root->fs->state->writers, __ATOMIC_SEQ_CST))
        return true;
    for (struct tentry *e = first_of(root); e; e = next_in_tree(root, e)) {
        const struct obj *o = e->vnode->obj;

        if (o && __atomic_load_n(&o->writable, __ATOMIC_RELAXED)) /* mapped, and closed since */
            return true;
        preempt_point();
    }
    return false;
}

/* The deepest of the first names. */
static struct tentry *first_leaf(const struct vnode *root)
{
    struct tentry *e = first_of(root), *inner;

    while (e && vnode_is(e->vnode, S_IFDIR) && (inner = first_of(e->vnode)) != NULL)
        e = inner;
    return e;
}

void tmpfs_unmake(struct vnode *root)
{
    struct instance *i = container_of(root->fs, struct instance, fs);
    struct tentry *e;

    while ((e = first_leaf(root)) != NULL) {
        struct vnode *v = e->vnode;
        struct name name = name_of(e->name, e->len);
        int error;

        names_write();
        error = e->dir->vnode.ops->unlink(&e->dir->vnode, &name, v);
        names_write_done();
        kassert(!error); /* a leaf, which nobody has */
        vnode_unref(v);
        preempt_point();
    }
    vnode_unref(root);
    while (__atomic_load_n(&i->state.inodes, __ATOMIC_ACQUIRE)) /* page-out looks at one of them */
        frame_nap();
    kassert(!i->state.pages.used);
    kfree(i);
}
