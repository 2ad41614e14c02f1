/* SPDX-License-Identifier: MIT
 *
 * Vnodes: reference counts, who writes and who runs them, the namespace's lock, the root.
 * Invariants: refs is 0 only inside release().
 * Locks: (n), a reader-writer lock that sleeps, above all other locks but an open file's.
 */
#include "fs/vnode.h"

#include <string.h>

#include "fs/mount.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/panic.h"
#include "lib/refcount.h"

static struct {
    struct rwlock names;
    struct vnode *root; /* (n) written at boot */
    uint32_t last_ino;  /* atomic: of vnodes without names */
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
    if (left == 0)
        v->fs->release(v);
}

void vnode_init_unnamed(struct vnode *v, const struct vnode_ops *ops, const struct fs *of,
                        uint32_t mode)
{
    v->ops = ops;
    v->fs = of;
    v->refs = 1;
    v->mode = mode;
    v->nlink = 1;
    v->ino = __atomic_add_fetch(&fs.last_ino, 1, __ATOMIC_RELAXED);
    v->atime = v->mtime = v->ctime = vnode_now();
}

void names_read(void)
{
    rwlock_read(&fs.names);
}

void names_read_done(void)
{
    rwlock_read_done(&fs.names);
}

void names_write(void)
{
    rwlock_write(&fs.names);
}

void names_write_done(void)
{
    rwlock_write_done(&fs.names);
}

struct vnode *vnode_root(void)
{
    return fs.root;
}

void vnode_set_root(struct vnode *v)
{
    rwlock_init(&fs.names);
    lock_classify(&fs.names, LOCK_NAMESPACE);
    v->parent = v;
    fs.root = v;
    mount_root(v);
}

/* One user more of the kind that makes the count move by step; not with users of the other kind. */
static int users_add(struct vnode *v, int32_t step)
{
    int32_t n = __atomic_load_n(&v->writers, __ATOMIC_RELAXED);

    do {
        if (step > 0 ? n < 0 : n > 0)
            return -ETXTBSY;
    } while (!__atomic_compare_exchange_n(&v->writers, &n, n + step, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return 0;
}

/* mount_change sets the flag before it looks for writers, and takes it back if it finds one. */
int vnode_write_begin(struct vnode *v)
{
    do {
        int error = users_add(v, 1);

        if (error || !v->fs->state)
            return error;
        __atomic_fetch_add(&v->fs->state->writers, 1, __ATOMIC_SEQ_CST);
        if (likely(!vnode_fs_is(v, FS_RDONLY)))
            return 0;
        vnode_write_done(v);
        names_read(); /* until it has decided */
        names_read_done();
    } while (!vnode_fs_is(v, FS_RDONLY));
    return -EROFS;
}

void vnode_write_done(struct vnode *v)
{
    __atomic_fetch_sub(&v->writers, 1, __ATOMIC_RELAXED);
    if (v->fs->state) /* a mapping that was made meanwhile is seen before */
        __atomic_fetch_sub(&v->fs->state->writers, 1, __ATOMIC_RELEASE);
}

int vnode_run_begin(struct vnode *v)
{
    return users_add(v, -1);
}

void vnode_run_shared(struct vnode *v)
{
    __atomic_fetch_sub(&v->writers, 1, __ATOMIC_RELAXED);
}

void vnode_run_done(struct vnode *v)
{
    __atomic_fetch_add(&v->writers, 1, __ATOMIC_RELAXED);
}

uint64_t vnode_now(void)
{
    return clock_epoch_ns() + clock_ns();
}

int vnode_read_kernel(struct vnode *v, uint64_t pos, void *buf, size_t len)
{
    size_t done = 0;
    uint64_t size;

    if (!v->obj)
        return vnode_is(v, S_IFDIR) ? -EISDIR : -EINVAL;
    while (done < len && pos < (size = obj_size(v->obj))) {
        size_t offset = (size_t)pos & PAGE_MASK;
        size_t n = MIN(len - done, PAGE_SIZE - offset);
        pfn_t pfn;
        int error;

        n = (size_t)MIN((uint64_t)n, size - pos);
        error = obj_get(v->obj, (uint32_t)(pos >> PAGE_SHIFT), &pfn, NULL);
        if (error == -EINVAL)
            break; /* it was cut just now */
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
