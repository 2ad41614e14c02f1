/* SPDX-License-Identifier: MIT
 *
 * Tables of file descriptors. A slot holds one reference to its file.
 * Locks: t->lock (spins) for the look-up alone; files are closed after it was given back, since
 * closing may sleep. Order: fdtable lock > file lock.
 */
#include "fs/file.h"

#include "fs/lock.h"
#include "include/uapi/errno.h"
#include "kern/panic.h"
#include "mm/slab.h"

static struct slab_cache fdtable_cache = SLAB_CACHE("fdtable", sizeof(struct fdtable));

struct fdtable *fdtable_create(void)
{
    struct fdtable *t = slab_alloc(&fdtable_cache);

    if (!t)
        return NULL;
    lock_classify(&t->lock, LOCK_FDTABLE);
    t->refs = 1;
    t->most = FD_MAX;
    return t;
}

struct fdtable *fdtable_copy(struct fdtable *t)
{
    struct fdtable *copy = fdtable_create();

    if (!copy)
        return NULL;
    spin_lock(&t->lock);
    for (int fd = 0; fd < t->end; fd++)
        if (t->file[fd])
            copy->file[fd] = file_ref(t->file[fd]);
    copy->end = t->end;
    copy->most = t->most;
    for (unsigned i = 0; i < ARRAY_SIZE(t->cloexec); i++)
        copy->cloexec[i] = t->cloexec[i];
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
    for (int fd = 0; fd < t->end; fd++)
        if (t->file[fd])
            let_go(t, t->file[fd]);
    slab_free(&fdtable_cache, t);
}

static bool fd_ok(int fd)
{
    return fd >= 0 && fd < FD_MAX;
}

static bool cloexec_locked(const struct fdtable *t, int fd)
{
    return t->cloexec[fd / 32] >> (fd % 32) & 1;
}

/* Puts f (NULL: nothing) into a slot; returns what was there. */
static struct file *set_locked(struct fdtable *t, int fd, struct file *f, bool cloexec)
{
    struct file *old = t->file[fd];
    uint32_t bit = 1u << (fd % 32);

    t->file[fd] = f;
    if (f && fd >= t->end)
        t->end = fd + 1;
    if (cloexec)
        t->cloexec[fd / 32] |= bit;
    else
        t->cloexec[fd / 32] &= ~bit;
    return old;
}

void fdtable_exec(struct fdtable *t)
{
    for (int fd = 0; fd < t->end; fd++) {
        struct file *f = NULL;

        spin_lock(&t->lock);
        if (cloexec_locked(t, fd))
            f = set_locked(t, fd, NULL, false);
        spin_unlock(&t->lock);
        if (f)
            let_go(t, f);
    }
}

struct file *fdtable_get(struct fdtable *t, int fd)
{
    struct file *f = NULL;

    if (!fd_ok(fd))
        return NULL;
    spin_lock(&t->lock);
    if (t->file[fd])
        f = file_ref(t->file[fd]);
    spin_unlock(&t->lock);
    return f;
}

void fdtable_set_most(struct fdtable *t, int most)
{
    spin_lock(&t->lock);
    t->most = most;
    spin_unlock(&t->lock);
}

uint32_t fdtable_frames(struct fdtable *t)
{
    uint32_t frames = 0;

    spin_lock(&t->lock);
    for (int fd = 0; fd < t->end; fd++) {
        const struct file *f = t->file[fd];

        if (!f)
            continue;
        frames += f->frames;
        if (f->vnode->ops->frames)
            frames += f->vnode->ops->frames(f);
    }
    spin_unlock(&t->lock);
    return frames;
}

int fdtable_add(struct fdtable *t, struct file *f, int from, bool cloexec)
{
    int fd;

    if (!fd_ok(from))
        return from < 0 ? -EINVAL : -EMFILE;
    spin_lock(&t->lock);
    for (fd = from; fd < t->most; fd++)
        if (!t->file[fd])
            break;
    if (fd < t->most)
        set_locked(t, fd, f, cloexec);
    else
        fd = -EMFILE;
    spin_unlock(&t->lock);
    return fd;
}

int fdtable_set(struct fdtable *t, struct file *f, int fd, bool cloexec)
{
    struct file *old = NULL;

    if (!fd_ok(fd))
        return -EBADF;
    spin_lock(&t->lock);
    if (fd < t->most)
        old = set_locked(t, fd, f, cloexec);
    else
        fd = -EBADF;
    spin_unlock(&t->lock);
    if (old)
        let_go(t, old);
    return fd;
}

int fdtable_close(struct fdtable *t, int fd)
{
    struct file *old;

    if (!fd_ok(fd))
        return -EBADF;
    spin_lock(&t->lock);
    old = set_locked(t, fd, NULL, false);
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
    if (t->file[fd])
        result = cloexec_locked(t, fd);
    spin_unlock(&t->lock);
    return result;
}

int fdtable_set_cloexec(struct fdtable *t, int fd, bool cloexec)
{
    int error = -EBADF;

    if (!fd_ok(fd))
        return -EBADF;
    spin_lock(&t->lock);
    if (t->file[fd]) {
        set_locked(t, fd, t->file[fd], cloexec);
        error = 0;
    }
    spin_unlock(&t->lock);
    return error;
}

int fdtable_next(struct fdtable *t, int fd, struct vnode **v, uint32_t *flags)
{
    int found = -EBADF;

    spin_lock(&t->lock);
    for (fd = MAX(fd, 0); fd < t->end && found < 0; fd++) {
        const struct file *f = t->file[fd];

        if (!f)
            continue;
        found = fd;
        if (v)
            *v = vnode_ref(f->vnode);
        if (flags)
            *flags = f->flags;
    }
    spin_unlock(&t->lock);
    return found;
}
