/* SPDX-License-Identifier: MIT
 *
 * Inodes of tmpfs: how they come and go, their attributes, and the limits. An inode whose last
 * reference went gives its memory back at once; a regular file's only when nobody maps it any more,
 * since segments hold the object, which is part of it.
 * Locks: (i) of the inode; counts are atomic.
 */
#include <string.h>

#include "fs/access.h"
#include "fs/file.h"
#include "fs/pipe.h"
#include "fs/tmpfs_impl.h"
#include "include/uapi/errno.h"
#include "kern/panic.h"
#include "kern/random.h"
#include "lib/refcount.h"
#include "mm/slab.h"

#define TMPFS_MAGIC  0x01021994u
#define TARGET_SMALL 128u /* bytes of a link's target that an inode's share of memory covers */

static struct {
    uint32_t inodes, inodes_most; /* atomic; (c) */
    uint32_t last_ino;            /* atomic */
    struct slab_cache files, others;
} tmpfs = {
    .files = SLAB_CACHE("inode", sizeof(struct tnode)),
    .others = SLAB_CACHE("inode, small", offsetof(struct tnode, obj)),
};

static struct tmpfs_state root_state, dev_state;

int tmpfs_init(void)
{
    struct frame_stats s = frame_stats();

    name_seed(random_u32());
    tmpfs.inodes = tmpfs.last_ino = 0;
    root_state = dev_state = TMPFS_UNLIMITED;
    tmpfs.inodes_most = s.total - s.reserved;
    return tmpfs_names_init();
}

void tmpfs_set_limit(void)
{
    obj_keep_limit(tmpfs.inodes_most / 2);
}

uint32_t tmpfs_memory(void)
{
    return tmpfs.inodes_most;
}

uint32_t tmpfs_inodes(void)
{
    return __atomic_load_n(&tmpfs.inodes, __ATOMIC_RELAXED);
}

/* What a limit leaves. */
static uint32_t left(uint32_t most, const uint32_t *used)
{
    uint32_t n = __atomic_load_n(used, __ATOMIC_RELAXED);

    return most - MIN(n, most);
}

/* The tree's own limits, or those for all; what the root and /dev have is not counted apart. */
void tmpfs_space(const struct fs *fs, struct fs_space *s)
{
    const struct tmpfs_state *t = tmpfs_state_of(fs);
    uint32_t pages = __atomic_load_n(&t->pages.most, __ATOMIC_RELAXED);
    uint32_t inodes = __atomic_load_n(&t->inodes_most, __ATOMIC_RELAXED);
    struct obj_kept all = obj_kept();

    s->pages_most = MIN(pages, all.most);
    s->pages_left = left(all.most, &all.used);
    s->pages_free = t->counted ? left(s->pages_most, &t->pages.used) : s->pages_left;
    s->pages_left = MIN(s->pages_left, s->pages_free);
    s->inodes_most = MIN(inodes, tmpfs.inodes_most);
    s->inodes_free = MIN(left(s->inodes_most, &t->inodes), left(tmpfs.inodes_most, &tmpfs.inodes));
}

/* One more, below the limit. */
static bool count_up(uint32_t *count, uint32_t most)
{
    uint32_t n = __atomic_load_n(count, __ATOMIC_RELAXED);

    do {
        if (n >= most)
            return false;
    } while (
        !__atomic_compare_exchange_n(count, &n, n + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

int tmpfs_count_name(const struct fs *fs)
{
    struct tmpfs_state *t = tmpfs_state_of(fs);

    if (!count_up(&t->inodes, __atomic_load_n(&t->inodes_most, __ATOMIC_RELAXED)))
        return -ENOSPC;
    if (likely(count_up(&tmpfs.inodes, tmpfs.inodes_most)))
        return 0;
    __atomic_fetch_sub(&t->inodes, 1, __ATOMIC_RELAXED);
    return -ENOSPC;
}

void tmpfs_uncount_name(const struct fs *fs)
{
    __atomic_fetch_sub(&tmpfs.inodes, 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&tmpfs_state_of(fs)->inodes, 1, __ATOMIC_RELEASE); /* its tree may go now */
}

static const struct vnode_ops *ops_of(uint32_t mode, uint32_t rdev)
{
    switch (mode & S_IFMT) {
    case S_IFREG: return &tmpfs_file_ops;
    case S_IFDIR: return &tmpfs_dir_ops;
    case S_IFLNK: return &tmpfs_link_ops;
    case S_IFIFO: return &fifo_ops;
    default: return device_ops(mode, rdev);
    }
}

static struct slab_cache *cache_of(uint32_t mode)
{
    return (mode & S_IFMT) == S_IFREG ? &tmpfs.files : &tmpfs.others;
}

int tmpfs_node(const struct fs *fs, uint32_t mode, uint32_t rdev, struct tnode **made)
{
    int error = tmpfs_count_name(fs);
    const struct cred *c;
    struct tnode *n;

    if (error)
        return error;
    n = slab_alloc(cache_of(mode));
    if (!n) {
        tmpfs_uncount_name(fs);
        return -ENOMEM;
    }
    rwlock_init(&n->lock);
    lock_classify(&n->lock, LOCK_INODE);
    n->vnode.ops = ops_of(mode, rdev);
    n->vnode.fs = fs;
    n->vnode.refs = 1;
    n->vnode.mode = mode;
    n->vnode.rdev = rdev;
    c = cred_current();
    if (unlikely(c)) {
        n->vnode.uid = c->fsuid;
        n->vnode.gid = c->fsgid;
    }
    n->vnode.ino = __atomic_add_fetch(&tmpfs.last_ino, 1, __ATOMIC_RELAXED);
    n->vnode.atime = n->vnode.mtime = n->vnode.ctime = vnode_now();
    if ((mode & S_IFMT) == S_IFREG) {
        obj_create(&n->obj, &tmpfs_obj_ops, n, 0);
        n->obj.share = tmpfs_share(fs);
        n->vnode.obj = &n->obj;
        n->vnode.seals = F_SEAL_SEAL;
    }
    *made = n;
    return 0;
}

int tmpfs_make_root(const struct fs *fs, struct vnode **root)
{
    struct tnode *n;
    int error = tmpfs_node(fs, S_IFDIR | 0755, 0, &n);

    if (error)
        return error;
    n->vnode.nlink = 2;
    n->vnode.parent = &n->vnode;
    *root = &n->vnode;
    return 0;
}

int tmpfs_make_unnamed(uint32_t mode, struct vnode **v)
{
    struct tnode *n;
    int error = tmpfs_node(&tmpfs_root_fs, S_IFREG | mode, 0, &n);

    if (error)
        return error;
    n->vnode.name = "memfd:"; /* for listings, which know by the missing parent that it has none */
    *v = &n->vnode;
    return 0;
}

int tmpfs_set_target(struct tnode *n, const char *text, size_t len)
{
    uint32_t pages = len >= TARGET_SMALL ? 1 : 0;
    int error = pages ? obj_reserve(tmpfs_share(n->vnode.fs), pages) : 0;

    if (error)
        return error;
    n->reserved = pages;
    n->target = kmalloc(len + 1);
    if (!n->target)
        return -ENOMEM;
    memcpy(n->target, text, len);
    n->target[len] = '\0';
    n->length = (uint32_t)len;
    return 0;
}

/* The memory of an inode that nobody knows any more. */
static void node_free(struct tnode *n)
{
    const struct fs *fs = n->vnode.fs;

    if (vnode_is(&n->vnode, S_IFLNK)) {
        kfree(n->target);
        obj_unreserve(tmpfs_share(fs), n->reserved);
    }
    fifo_release(&n->vnode);
    slab_free(cache_of(n->vnode.mode), n);
    tmpfs_uncount_name(fs);
}

static void contents_release(struct obj *o)
{
    node_free(o->data);
}

/* A directory that was removed had a reference to the one it was in; with it that one may go, and
 * so on, however deep they were. */
static void tmpfs_release(struct vnode *v)
{
    while (v) {
        struct vnode *parent = NULL;

        if (vnode_is(v, S_IFDIR) && v->parent != v)
            parent = v->parent;
        if (v->obj)
            obj_unref(v->obj); /* the last one frees v */
        else
            node_free(tnode_of(v));
        v = parent && ref_drop(&parent->refs) == 0 ? parent : NULL;
    }
}

/* Who owns it is another: set-user-ID goes, set-group-ID where the group may execute. */
static uint32_t mode_of_owner(uint32_t mode)
{
    if ((mode & S_IFMT) == S_IFDIR)
        return mode;
    if (mode & 0010)
        mode &= ~S_ISGID;
    return mode & ~S_ISUID;
}

/* The set-id bits go before the owner does, and come after it: vnode_owner. */
static void set_owner(struct vnode *v, const struct attr *a)
{
    __atomic_store_n(&v->mode, mode_of_owner(v->mode), __ATOMIC_RELAXED);
    if (a->mask & ATTR_UID)
        __atomic_store_n(&v->uid, a->uid, __ATOMIC_RELEASE);
    if (a->mask & ATTR_GID)
        __atomic_store_n(&v->gid, a->gid, __ATOMIC_RELEASE);
}

static void set_locked(struct vnode *v, const struct attr *a)
{
    if (a->mask & (ATTR_UID | ATTR_GID))
        set_owner(v, a);
    if (a->mask & ATTR_MODE)
        __atomic_store_n(&v->mode, (v->mode & S_IFMT) | (a->mode & S_IALL), __ATOMIC_RELEASE);
    if (a->mask & ATTR_ATIME)
        time_set(&v->atime, a->atime);
    if (a->mask & ATTR_MTIME)
        time_set(&v->mtime, a->mtime);
    time_set(&v->ctime, vnode_now());
}

static int tmpfs_setattr(struct vnode *v, const struct attr *a)
{
    struct tnode *n = tnode_of(v);
    struct attr wanted = *a;
    int error;

    rwlock_write(&n->lock);
    error = vnode_may_set(v, &wanted);
    if (!error)
        set_locked(v, &wanted);
    rwlock_write_done(&n->lock);
    return error;
}

static int link_readlink(struct vnode *v, char *buf, size_t size)
{
    const struct tnode *n = tnode_of(v);
    size_t len = MIN((size_t)n->length, size);

    memcpy(buf, n->target, len);
    return (int)len;
}

/* A page that is not in memory: of the archive that the file came in, else a hole. */
static int contents_fill(struct obj *o, uint32_t page, void *frame_bytes)
{
    const struct tnode *n = o->data;
    uint32_t len = __atomic_load_n(&n->data_len, __ATOMIC_RELAXED), done = 0;

    if (page < pages_of(len)) {
        done = MIN(len - (page << PAGE_SHIFT), PAGE_SIZE);
        memcpy(frame_bytes, n->data + (page << PAGE_SHIFT), done);
    }
    memset((char *)frame_bytes + done, 0, PAGE_SIZE - done);
    return 0;
}

struct vnode *vnode_of_obj(const struct obj *o)
{
    return o->ops == &tmpfs_obj_ops ? &((struct tnode *)o->data)->vnode : NULL;
}

const struct vnode_ops tmpfs_link_ops = {.readlink = link_readlink};
/* Calls use kept pages with the inode's lock alone. */
static bool contents_freeze(struct obj *o)
{
    return rwlock_trywrite(&((struct tnode *)o->data)->lock);
}

static void contents_thaw(struct obj *o)
{
    rwlock_write_done(&((struct tnode *)o->data)->lock);
}

const struct obj_ops tmpfs_obj_ops = {
    .fill = contents_fill,
    .release = contents_release,
    .dirty = obj_keep,
    .freeze = contents_freeze,
    .thaw = contents_thaw,
};

const struct fs tmpfs_root_fs = {.type = "tmpfs",
                                 .source = "tmpfs",
                                 .dev = 1,
                                 .magic = TMPFS_MAGIC,
                                 .state = &root_state.fs,
                                 .release = tmpfs_release,
                                 .space = tmpfs_space,
                                 .options = tmpfs_options,
                                 .remount = tmpfs_remount,
                                 .setattr = tmpfs_setattr};
const struct fs tmpfs_dev_fs = {.type = "devtmpfs",
                                .source = "devtmpfs",
                                .dev = 2,
                                .magic = TMPFS_MAGIC,
                                .state = &dev_state.fs,
                                .release = tmpfs_release,
                                .space = tmpfs_space,
                                .options = tmpfs_options,
                                .remount = tmpfs_remount,
                                .setattr = tmpfs_setattr};
