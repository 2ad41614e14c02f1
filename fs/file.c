/* SPDX-License-Identifier: MIT
 *
 * Open files: what read, write, lseek, getdents64 and ioctl do with them. Contents come through an
 * object's pages where the vnode has one, else from its operations.
 * Locks: files.lock for changeable flags (spins, innermost); f->lock (sleeps) for the position of
 * files that have one, held over the copy. Devices have no position, so a
 * reader that sleeps for a key stops no writer.
 */
#include "fs/file.h"

#include <string.h>

#include "fs/access.h"
#include "fs/epoll.h"
#include "fs/lock.h"
#include "fs/tmpfs.h"
#include "include/uapi/errno.h"
#include "kern/bugs.h"
#include "kern/panic.h"
#include "lib/refcount.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define RW_MAX        0x7ffff000u /* most bytes of one read or write, as in Linux */
#define DIRENT_HEADER 19          /* bytes of struct linux_dirent64 before the name */

static struct {
    struct spin lock;
    struct slab_cache cache;
} files = {.lock = SPIN_INIT(LOCK_OPEN_FILES), .cache = SLAB_CACHE("file", sizeof(struct file))};

static bool wants_write(uint32_t flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

static int open_check(const struct vnode *v, uint32_t flags)
{
    uint32_t type = vnode_type(v);
    bool change = wants_write(flags) || (flags & O_TRUNC && type != S_IFCHR);

    if (type == S_IFLNK)
        return -ELOOP;
    if (type == S_IFDIR)
        return change || flags & O_CREAT ? -EISDIR : 0;
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    if ((type == S_IFCHR || type == S_IFBLK) && vnode_fs_is(v, FS_NODEV))
        return -EACCES;
    if (change && type == S_IFREG && vnode_fs_is(v, FS_RDONLY))
        return -EROFS;
    if (change && !v->ops->write && !v->ops->map)
        return -EACCES;
    if (v->obj && obj_size(v->obj) > INT32_MAX && !(flags & O_LARGEFILE))
        return -EOVERFLOW;
    return 0;
}

/* The same for who may not open everything. */
static __noinline int open_check_as(const struct cred *c, struct vnode *v, uint32_t flags)
{
    int error = open_check(v, flags);

    return error ? error : vnode_may_open(c, v, flags);
}

/* What a file that is open has of its vnode: the right to write to it. */
static int open_rights(struct vnode *v, uint32_t flags)
{
    return wants_write(flags) && vnode_is(v, S_IFREG) ? vnode_write_begin(v) : 0;
}

static void close_rights(struct vnode *v, uint32_t flags)
{
    if (wants_write(flags) && vnode_is(v, S_IFREG))
        vnode_write_done(v);
}

/* The driver's part, and O_TRUNC. */
static int open_last(struct file *f, uint32_t flags)
{
    struct vnode *v = f->vnode;
    int error = v->ops->open ? v->ops->open(f) : 0;

    if (error || !(flags & O_TRUNC) || !v->ops->truncate)
        return error;
    if (likely(wants_write(flags)))
        return v->ops->truncate(v, 0);
    error = vnode_write_begin(v);
    if (!error) {
        error = v->ops->truncate(v, 0);
        vnode_write_done(v);
    }
    return error;
}

static struct file *file_create(struct vnode *v, uint32_t flags)
{
    struct file *f = slab_alloc(&files.cache);

    if (!f)
        return NULL;
    f->vnode = v;
    f->refs = 1;
    f->flags = flags & ~(uint32_t)(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC);
    mutex_init(&f->lock);
    lock_classify(&f->lock, LOCK_FILE);
    return f;
}

int file_open(struct vnode *v, uint32_t flags, const struct cred *c, struct file **f)
{
    int error = unlikely(c) ? open_check_as(c, v, flags) : open_check(v, flags);
    struct file *file;

    if (!error)
        error = open_rights(v, flags);
    if (error)
        goto unref;
    file = file_create(v, flags);
    error = file ? open_last(file, flags) : -ENOMEM;
    if (!error) {
        *f = file;
        return 0;
    }
    if (file)
        slab_free(&files.cache, file);
    close_rights(v, flags);
unref:
    vnode_unref(v);
    return error;
}

struct file *file_ref(struct file *f)
{
    ref_take(&f->refs);
    return f;
}

void file_unref(struct file *f)
{
    uint32_t left = ref_drop(&f->refs);

    kdebug_assert(left != UINT32_MAX);
    if (left)
        return;
    if (unlikely(f->watches))
        epoll_forget(f);
    if (f->vnode->ops->close)
        f->vnode->ops->close(f);
    if (f->vnode->locks)
        range_locks_drop(f->vnode, f);
    close_rights(f->vnode, f->flags);
    vnode_unref(f->vnode);
    slab_free(&files.cache, f);
}

void file_set_flags(struct file *f, uint32_t flags)
{
    const uint32_t changeable = O_NONBLOCK | O_APPEND;

    spin_lock(&files.lock);
    f->flags = (f->flags & ~changeable) | (flags & changeable);
    spin_unlock(&files.lock);
}

/* A copy that failed may still have room up to the end of the page it began in: a fault in the
 * middle of the user's buffer lies at the start of one of its pages. */
size_t file_copy_out(vaddr_t to, const void *from, size_t n)
{
    size_t edge = PAGE_SIZE - (to & PAGE_MASK);

    if (copy_to_user(to, from, n) == 0)
        return n;
    if (edge < n && copy_to_user(to, from, edge) == 0)
        return edge;
    return 0;
}

size_t file_copy_in(void *to, vaddr_t from, size_t n)
{
    size_t edge = PAGE_SIZE - (from & PAGE_MASK);

    if (copy_from_user(to, from, n) == 0)
        return n;
    if (edge < n && copy_from_user(to, from, edge) == 0)
        return edge;
    return 0;
}

static bool has_position(const struct file *f)
{
    return vnode_is(f->vnode, S_IFREG) || vnode_is(f->vnode, S_IFDIR) || f->vnode->ops->positioned;
}

static int read_at(struct file *f, uint64_t *pos, vaddr_t ubuf, size_t len)
{
    const struct vnode *v = f->vnode;

    if ((f->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (vnode_is(v, S_IFDIR))
        return -EISDIR;
    if (unlikely((int32_t)len < 0)) /* no user's memory is so large */
        return -EFAULT;
    return v->ops->read ? v->ops->read(f, *pos, ubuf, MIN(len, RW_MAX)) : -EINVAL;
}

static int write_at(struct file *f, uint64_t *pos, vaddr_t ubuf, size_t len)
{
    const struct vnode *v = f->vnode;

    if (!wants_write(f->flags))
        return -EBADF;
    if (unlikely((int32_t)len < 0))
        return -EFAULT;
    len = MIN(len, RW_MAX);
    if (f->flags & O_APPEND && v->ops->append)
        return v->ops->append(f, pos, ubuf, len);
    return v->ops->write ? v->ops->write(f, *pos, ubuf, len) : -EINVAL;
}

/* At f's position, which moves by what was done. */
static int at_position(struct file *f, vaddr_t ubuf, size_t len,
                       int (*transfer)(struct file *, uint64_t *, vaddr_t, size_t))
{
    uint64_t pos = 0;
    int n;

    if (!has_position(f))
        return transfer(f, &pos, ubuf, len);
    mutex_lock(&f->lock);
    pos = f->pos;
    n = transfer(f, &pos, ubuf, len);
    if (n > 0)
        f->pos = pos + (unsigned)n;
    if (!BUG(lock_kept))
        mutex_unlock(&f->lock);
    return n;
}

int file_read(struct file *f, vaddr_t ubuf, size_t len)
{
    return at_position(f, ubuf, len, read_at);
}

int file_write(struct file *f, vaddr_t ubuf, size_t len)
{
    return at_position(f, ubuf, len, write_at);
}

/* Memory devices (major 1) accept any position; terminals have none. */
static bool seekable(const struct file *f)
{
    return has_position(f) || (vnode_is(f->vnode, S_IFCHR) && f->vnode->rdev >> 8 == 1);
}

int file_read_at(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    return seekable(f) ? read_at(f, &pos, ubuf, len) : -ESPIPE;
}

int file_write_at(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    return seekable(f) ? write_at(f, &pos, ubuf, len) : -ESPIPE;
}

int64_t file_seek(struct file *f, int64_t offset, int whence)
{
    int64_t base = 0;

    if (!seekable(f))
        return -ESPIPE;
    if (!has_position(f))
        return 0;
    if (whence < 0 || whence > 2 || (whence == 2 && !f->vnode->obj && !f->vnode->ops->size))
        return -EINVAL;
    mutex_lock(&f->lock);
    if (whence == 1)
        base = (int64_t)f->pos;
    else if (whence == 2)
        base = (int64_t)(f->vnode->obj ? obj_size(f->vnode->obj) : f->vnode->ops->size(f));
    if (__builtin_add_overflow(base, offset, &base) || base < 0)
        base = -EINVAL;
    else
        f->pos = (uint64_t)base;
    mutex_unlock(&f->lock);
    return base;
}

/* The entry at *pos, which moves: "." and ".." come first. As readdir. */
static int next_entry(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    uint64_t inner = *pos - 2;
    int got;

    if (*pos < 2) {
        const struct vnode *v;

        names_read();
        v = *pos == 1 && dir->parent ? dir->parent : dir;
        entry->ino = v->ino;
        names_read_done();
        entry->mode = S_IFDIR;
        strcpy(entry->name, *pos == 1 ? ".." : ".");
        ++*pos;
        return 1;
    }
    names_read();
    got = dir->ops->readdir(dir, &inner, entry);
    names_read_done();
    *pos = inner + 2;
    return got;
}

/* Writes one struct linux_dirent64: its length, 0 if it does not fit, -EFAULT. */
static int put_entry(const struct dirent_info *entry, uint64_t next, vaddr_t ubuf, size_t room)
{
    struct {
        uint64_t ino, off;
        uint16_t reclen;
        uint8_t type;
    } __packed head;
    size_t name_bytes = strlen(entry->name) + 1;

    _Static_assert(sizeof(head) == DIRENT_HEADER, "struct linux_dirent64");
    head.ino = entry->ino;
    head.off = next;
    head.reclen = (uint16_t)ALIGN_UP(DIRENT_HEADER + name_bytes, 8u);
    head.type = (uint8_t)((entry->mode & S_IFMT) >> 12);
    if (head.reclen > room)
        return 0;
    if (copy_to_user(ubuf, &head, sizeof(head)) ||
        copy_to_user(ubuf + DIRENT_HEADER, entry->name, name_bytes) ||
        clear_user(ubuf + DIRENT_HEADER + name_bytes, head.reclen - DIRENT_HEADER - name_bytes))
        return -EFAULT;
    return head.reclen;
}

static int getdents_locked(struct file *f, vaddr_t ubuf, size_t len)
{
    struct dirent_info entry;
    uint64_t next = f->pos;
    size_t done = 0;
    int n;

    while ((n = next_entry(f->vnode, &next, &entry)) == 1) {
        n = put_entry(&entry, next, ubuf + done, len - done);
        if (n <= 0) {
            n = n ? n : -EINVAL; /* not even one fits */
            break;
        }
        done += (size_t)n;
        f->pos = next;
        preempt_point();
    }
    return done ? (int)done : n;
}

int file_getdents(struct file *f, vaddr_t ubuf, size_t len)
{
    int n;

    if (!vnode_is(f->vnode, S_IFDIR))
        return -ENOTDIR;
    if (__atomic_load_n(&f->vnode->nlink, __ATOMIC_RELAXED) == 0)
        return -ENOENT; /* it was removed */
    mutex_lock(&f->lock);
    n = getdents_locked(f, ubuf, MIN(len, RW_MAX));
    mutex_unlock(&f->lock);
    vnode_accessed(f->vnode);
    return n;
}

int file_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    return f->vnode->ops->ioctl ? f->vnode->ops->ioctl(f, request, arg) : -ENOTTY;
}

int file_truncate(struct file *f, uint64_t size)
{
    const struct vnode *v = f->vnode;

    if (!wants_write(f->flags) || !v->ops->truncate)
        return -EINVAL;
    if (size > INT32_MAX && !(f->flags & O_LARGEFILE))
        return -EINVAL;
    return v->ops->truncate(f->vnode, size);
}

int file_allocate(struct file *f, uint32_t mode, uint64_t pos, uint64_t len)
{
    const struct vnode *v = f->vnode;

    if ((int64_t)pos < 0 || (int64_t)len <= 0)
        return -EINVAL;
    if (mode != 0 && mode != ALLOCATE_KEEP_SIZE &&
        mode != (ALLOCATE_KEEP_SIZE | ALLOCATE_PUNCH_HOLE))
        return -EOPNOTSUPP;
    if (!wants_write(f->flags))
        return -EBADF;
    if (vnode_is(v, S_IFDIR))
        return -EISDIR;
    if (!vnode_is(v, S_IFREG))
        return vnode_is(v, S_IFCHR) ? -ENODEV : -ESPIPE;
    return v->ops->allocate ? v->ops->allocate(f->vnode, mode, pos, len) : -EOPNOTSUPP;
}

/* One page at most, through a frame of the kernel's. Bytes or -Exxx. */
static int send_piece(struct file *out, struct file *in, uint64_t *pos, void *buf, size_t len)
{
    size_t part = MIN(len, PAGE_SIZE - ((size_t)*pos & PAGE_MASK));
    int got = tmpfs_read_kernel(in->vnode, *pos, buf, part);
    uint64_t to;

    if (got <= 0)
        return got;
    mutex_lock(&out->lock);
    to = out->pos;
    got = tmpfs_write_kernel(out, &to, buf, (size_t)got);
    if (got > 0)
        out->pos = to + (unsigned)got;
    mutex_unlock(&out->lock);
    if (got > 0)
        *pos += (unsigned)got;
    return got;
}

static int send_pieces(struct file *out, struct file *in, uint64_t *pos, size_t len)
{
    void *buf = kmalloc(PAGE_SIZE);
    size_t done = 0;
    int n = buf ? 0 : -ENOMEM;

    while (buf && done < len && !thread_interrupted()) {
        n = send_piece(out, in, pos, buf, len - done);
        if (n <= 0)
            break;
        done += (size_t)n;
        rest_point();
    }
    kfree(buf);
    return done ? (int)done : n;
}

int file_send(struct file *out, struct file *in, uint64_t *pos, size_t len)
{
    uint64_t own;
    int n;

    if ((in->flags & O_ACCMODE) == O_WRONLY || !wants_write(out->flags))
        return -EBADF;
    if (!in->vnode->obj || !out->vnode->obj || out->flags & O_APPEND)
        return -EINVAL;
    if (pos)
        return send_pieces(out, in, pos, MIN(len, RW_MAX));
    mutex_lock(&in->lock);
    own = in->pos;
    mutex_unlock(&in->lock);
    n = send_pieces(out, in, &own, MIN(len, RW_MAX));
    mutex_lock(&in->lock);
    in->pos = own;
    mutex_unlock(&in->lock);
    return n;
}
