/* SPDX-License-Identifier: MIT
 *
 * Tables of file descriptors. A descriptor in use holds one reference to its file. The first group
 * is part of the table, and all that most programs need; others come in parts, which stay where
 * they are until the table goes.
 * Locks: t->lock (spins) for the look-up alone; files are closed after it was given back, since
 * closing may sleep, and parts made before it is taken. Order: fdtable lock > file lock.
 */
#include "fs/file.h"

#include "fs/lock.h"
#include "include/uapi/errno.h"
#include "kern/panic.h"
#include "mm/slab.h"

static struct slab_cache fdtable_cache = SLAB_CACHE("fdtable", sizeof(struct fdtable));
static struct slab_cache part_cache = SLAB_CACHE("fdtable part", sizeof(struct fd_part));

_Static_assert(FD_GROUP == 32 && FD_MAX % FD_GROUP == 0, "a group's bits are words");

struct fdtable *fdtable_create(void)
{
    struct fdtable *t = slab_alloc(&fdtable_cache);

    if (!t)
        return NULL;
    lock_classify(&t->lock, LOCK_FDTABLE);
    t->refs = 1;
    t->ngroups = 1;
    t->most = FD_SOFT;
    return t;
}

static bool fd_ok(int fd)
{
    return fd >= 0 && fd < FD_MAX;
}

static uint32_t part_of(uint32_t group)
{
    return (group - 1) / FD_PART_GROUPS;
}

/* The n-th group, or NULL: its part is not there. */
static struct fd_group *group_locked(struct fdtable *t, uint32_t n)
{
    struct fd_part *part;

    if (likely(n == 0))
        return &t->first;
    part = t->part[part_of(n)];
    return part ? &part->group[(n - 1) % FD_PART_GROUPS] : NULL;
}

/* As group_locked, of a descriptor that is fd_ok. */
static struct fd_group *group_of_locked(struct fdtable *t, int fd)
{
    return group_locked(t, (uint32_t)fd / FD_GROUP);
}

static uint32_t bit_of(int fd)
{
    return 1u << (uint32_t)fd % FD_GROUP;
}

static struct file *file_locked(struct fdtable *t, int fd)
{
    const struct fd_group *g = group_of_locked(t, fd);

    return g ? g->file[(uint32_t)fd % FD_GROUP] : NULL;
}

/* Enters a part, which it takes, unless another was faster. */
static void part_enter(struct fdtable *t, uint32_t n, struct fd_part *part)
{
    spin_lock(&t->lock);
    if (!t->part[n]) {
        t->part[n] = part;
        part = NULL;
        t->ngroups = MAX(t->ngroups, MIN((n + 1) * FD_PART_GROUPS + 1, FD_GROUPS));
    }
    spin_unlock(&t->lock);
    if (unlikely(part))
        slab_free(&part_cache, part);
}

static int part_make(struct fdtable *t, uint32_t n)
{
    struct fd_part *part = slab_alloc(&part_cache);

    if (!part)
        return -ENOMEM;
    part_enter(t, n, part);
    return 0;
}

/* The first part with descriptors in use that the copy lacks, or FD_PARTS. */
static uint32_t lacking_locked(struct fdtable *t, const struct fdtable *copy)
{
    for (uint32_t n = 1; n < t->ngroups; n++) {
        const struct fd_group *g = group_locked(t, n);

        if (g && g->used && !copy->part[part_of(n)])
            return part_of(n);
    }
    return FD_PARTS;
}

static void group_copy_locked(struct fd_group *to, const struct fd_group *g)
{
    to->used = g->used;
    to->cloexec = g->cloexec;
    for (uint32_t left = g->used; left; left &= left - 1) {
        int i = __builtin_ctz(left);

        to->file[i] = file_ref(g->file[i]);
    }
}

struct fdtable *fdtable_copy(struct fdtable *t)
{
    struct fdtable *copy = fdtable_create();
    uint32_t part;

    if (!copy)
        return NULL;
    spin_lock(&t->lock);
    while (unlikely((part = lacking_locked(t, copy)) < FD_PARTS)) {
        spin_unlock(&t->lock);
        if (part_make(copy, part)) {
            fdtable_unref(copy);
            return NULL;
        }
        spin_lock(&t->lock);
    }
    group_copy_locked(&copy->first, &t->first);
    for (uint32_t n = 1; n < t->ngroups; n++) {
        const struct fd_group *g = group_locked(t, n);

        if (g && g->used)
            group_copy_locked(group_locked(copy, n), g);
    }
    copy->most = t->most;
    spin_unlock(&t->lock);
    return copy;
}

void fdtable_ref(struct fdtable *t)
{
    spin_lock(&t->lock);
    t->refs++;
    spin_unlock(&t->lock);
}

/* A descriptor lets go of its file: the process's locks of it go, whoever else has it open. */
static void let_go(struct fdtable *t, struct file *f)
{
    if (unlikely(f->vnode->locks))
        range_locks_drop(f->vnode, t);
    file_unref(f);
}

void fdtable_unref(struct fdtable *t)
{
    uint32_t left;

    spin_lock(&t->lock);
    kdebug_assert(t->refs > 0);
    left = --t->refs;
    spin_unlock(&t->lock);
    if (left)
        return;
    for (uint32_t n = 0; n < t->ngroups; n++) {
        const struct fd_group *g = group_locked(t, n);

        for (uint32_t used = g ? g->used : 0; used; used &= used - 1)
            let_go(t, g->file[__builtin_ctz(used)]);
    }
    if (unlikely(t->ngroups > 1))
        for (uint32_t i = 0; i < FD_PARTS; i++)
            if (t->part[i])
                slab_free(&part_cache, t->part[i]);
    slab_free(&fdtable_cache, t);
}

/* Puts f (NULL: nothing) into a group that is there; returns what was there. */
static struct file *set_locked(struct fd_group *g, int fd, struct file *f, bool cloexec)
{
    struct file **at = &g->file[(uint32_t)fd % FD_GROUP], *old = *at;
    uint32_t bit = bit_of(fd);

    *at = f;
    g->used = f ? g->used | bit : g->used & ~bit;
    g->cloexec = cloexec ? g->cloexec | bit : g->cloexec & ~bit;
    return old;
}

void fdtable_exec(struct fdtable *t)
{
    for (uint32_t n = 0; n < t->ngroups;) {
        struct file *f = NULL;
        struct fd_group *g;

        spin_lock(&t->lock);
        g = group_locked(t, n);
        if (g && g->cloexec)
            f = set_locked(g, __builtin_ctz(g->cloexec), NULL, false);
        spin_unlock(&t->lock);
        if (f)
            let_go(t, f);
        else
            n++;
    }
}

struct file *fdtable_get(struct fdtable *t, int fd)
{
    struct file *f;

    if (!fd_ok(fd))
        return NULL;
    spin_lock(&t->lock);
    f = file_locked(t, fd);
    if (f)
        file_ref(f);
    spin_unlock(&t->lock);
    return f;
}

void fdtable_set_most(struct fdtable *t, int most)
{
    spin_lock(&t->lock);
    t->most = most;
    spin_unlock(&t->lock);
}

int fdtable_size(const struct fdtable *t)
{
    return (int)(__atomic_load_n(&t->ngroups, __ATOMIC_RELAXED) * FD_GROUP);
}

static uint32_t bytes_locked(const struct fdtable *t)
{
    uint32_t bytes = sizeof(*t);

    for (uint32_t i = 0; i < FD_PARTS; i++)
        if (t->part[i])
            bytes += sizeof(*t->part[i]);
    return bytes;
}

uint32_t fdtable_bytes(struct fdtable *t)
{
    uint32_t bytes;

    spin_lock(&t->lock);
    bytes = bytes_locked(t);
    spin_unlock(&t->lock);
    return bytes;
}

uint32_t fdtable_frames(struct fdtable *t)
{
    uint32_t frames = 0, bytes;

    spin_lock(&t->lock);
    bytes = bytes_locked(t) + range_locks_bytes(t->nlocks);
    for (uint32_t n = 0; n < t->ngroups; n++) {
        const struct fd_group *g = group_locked(t, n);

        for (uint32_t left = g ? g->used : 0; left; left &= left - 1) {
            const struct file *f = g->file[__builtin_ctz(left)];

            bytes += sizeof(*f);
            frames += f->frames;
            if (f->vnode->ops->frames)
                frames += f->vnode->ops->frames(f);
        }
    }
    spin_unlock(&t->lock);
    return frames + page_of(bytes);
}

/* The lowest descriptor >= from that is not in use: t->most or more if there is none below. */
static int unused_locked(struct fdtable *t, int from)
{
    int fd = from;

    while (fd < t->most) {
        const struct fd_group *g = group_of_locked(t, fd);
        uint32_t unused = (g ? ~g->used : ~0u) & ~(bit_of(fd) - 1);

        fd &= -(int)FD_GROUP;
        if (unused)
            return fd + __builtin_ctz(unused);
        fd += FD_GROUP;
    }
    return fd;
}

int fdtable_add(struct fdtable *t, struct file *f, int from, bool cloexec)
{
    if (!fd_ok(from))
        return from < 0 ? -EINVAL : -EMFILE;
    for (;;) {
        struct fd_group *g = NULL;
        bool room;
        int fd;

        spin_lock(&t->lock);
        fd = unused_locked(t, from);
        room = fd < t->most;
        if (room)
            g = group_of_locked(t, fd);
        if (g)
            set_locked(g, fd, f, cloexec);
        spin_unlock(&t->lock);
        if (likely(g))
            return fd;
        if (!room)
            return -EMFILE;
        if (part_make(t, part_of((uint32_t)fd / FD_GROUP)))
            return -ENOMEM;
    }
}

int fdtable_set(struct fdtable *t, struct file *f, int fd, bool cloexec)
{
    if (!fd_ok(fd))
        return -EBADF;
    for (;;) {
        struct fd_group *g = NULL;
        struct file *old = NULL;
        bool room;

        spin_lock(&t->lock);
        room = fd < t->most;
        if (room)
            g = group_of_locked(t, fd);
        if (g)
            old = set_locked(g, fd, f, cloexec);
        spin_unlock(&t->lock);
        if (old)
            let_go(t, old);
        if (likely(g))
            return fd;
        if (!room)
            return -EBADF;
        if (part_make(t, part_of((uint32_t)fd / FD_GROUP)))
            return -ENOMEM;
    }
}

int fdtable_close(struct fdtable *t, int fd)
{
    struct file *old = NULL;
    struct fd_group *g;

    if (!fd_ok(fd))
        return -EBADF;
    spin_lock(&t->lock);
    g = group_of_locked(t, fd);
    if (g)
        old = set_locked(g, fd, NULL, false);
    spin_unlock(&t->lock);
    if (!old)
        return -EBADF;
    let_go(t, old);
    return 0;
}

int fdtable_get_cloexec(struct fdtable *t, int fd)
{
    int result = -EBADF;

    if (!fd_ok(fd))
        return -EBADF;
    spin_lock(&t->lock);
    if (file_locked(t, fd))
        result = (group_of_locked(t, fd)->cloexec & bit_of(fd)) != 0;
    spin_unlock(&t->lock);
    return result;
}

int fdtable_set_cloexec(struct fdtable *t, int fd, bool cloexec)
{
    struct file *f;

    if (!fd_ok(fd))
        return -EBADF;
    spin_lock(&t->lock);
    f = file_locked(t, fd);
    if (f)
        set_locked(group_of_locked(t, fd), fd, f, cloexec);
    spin_unlock(&t->lock);
    return f ? 0 : -EBADF;
}

/* The first descriptor >= fd in use, or -EBADF. */
static int used_locked(struct fdtable *t, int fd)
{
    while (fd < fdtable_size(t)) {
        const struct fd_group *g = group_of_locked(t, fd);
        uint32_t used = g ? g->used & ~(bit_of(fd) - 1) : 0;

        fd &= -(int)FD_GROUP;
        if (used)
            return fd + __builtin_ctz(used);
        fd += FD_GROUP;
    }
    return -EBADF;
}

int fdtable_next(struct fdtable *t, int fd, struct vnode **v, uint32_t *flags)
{
    spin_lock(&t->lock);
    fd = used_locked(t, MAX(fd, 0));
    if (fd >= 0) {
        const struct file *f = file_locked(t, fd);

        if (v)
            *v = vnode_ref(f->vnode);
        if (flags)
            *flags = f->flags;
    }
    spin_unlock(&t->lock);
    return fd;
}
