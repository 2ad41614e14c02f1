/* SPDX-License-Identifier: MIT
 *
 * Trees of tmpfs that mount(2) makes and umount2(2) takes apart, with their options; who uses
 * anything of a tree. A size of its own none of them has: all files together may take half of
 * memory, and statfs tells that.
 * Locks: (n) as each function says.
 */
#include <string.h>

#include "fs/tmpfs_impl.h"
#include "include/uapi/errno.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "mm/slab.h"

#define FIRST_DEV  32u
#define MODE_USUAL 01777u
#define NUMBER_MAX 0x7fffffffu

struct instance {
    struct fs fs;
    struct fs_state state;
};

struct options {
    uint32_t mode, uid, gid;
    bool limited; /* a size or a number of inodes */
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

/* A number of bytes or inodes, with k, m, g or %. */
static int parse_limit(const char *s, const char *end)
{
    uint32_t n;

    if (s < end && strchr("kKmMgG%", end[-1]))
        end--;
    return parse_number(s, end, 10, &n);
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
    if (key_is(s, key_end, "size") || key_is(s, key_end, "nr_blocks") ||
        key_is(s, key_end, "nr_inodes")) {
        o->limited = true;
        return parse_limit(value, end);
    }
    return key_is(s, end, "huge=never") ? 0 : -EINVAL;
}

static int parse_options(const char *s, struct options *o)
{
    while (s && *s) {
        const char *end = s + strcspn(s, ",");
        int error = end > s ? parse_option(s, end, o) : 0;

        if (error)
            return error;
        s = *end ? end + 1 : end;
    }
    return 0;
}

static const struct fs *make_fs(uint32_t flags)
{
    struct instance *i = kmalloc(sizeof(*i));

    if (!i)
        return NULL;
    i->fs = tmpfs_root_fs;
    i->fs.dev = __atomic_add_fetch(&last_dev, 1, __ATOMIC_RELAXED);
    i->fs.state = &i->state;
    i->state.flags = flags;
    return &i->fs;
}

int tmpfs_make(const char *options, uint32_t flags, struct vnode **root)
{
    struct options o = {.mode = MODE_USUAL};
    const struct fs *fs;
    int error = parse_options(options, &o);

    if (error)
        return error;
    fs = make_fs(flags);
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
    if (o.limited)
        log_printf("tmpfs: no limits of its own; all files in memory share what statfs tells\n");
    return 0;
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
           (v->obj && __atomic_load_n(&v->obj->refs, __ATOMIC_RELAXED) > 1);
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
    return seen != __atomic_load_n(&root->fs->state->inodes, __ATOMIC_RELAXED);
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
    kfree(i);
}
