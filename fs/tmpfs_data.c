/* SPDX-License-Identifier: MIT
 *
 * Contents of tmpfs files: pages of the page cache, one frame each, whoever reads, writes or maps
 * them. A page comes into being by the first write: filled first and entered then, so that nobody
 * waits for it and a page that is written whole is never cleared. What was never written has no
 * page; it reads as zeroes, or as the archive's bytes that the file came in.
 * User memory is copied with (i) held, but no page is brought meanwhile: where the copy would
 * fault, (i) is given back, some bytes go through the stack, and the next piece is quick again. So
 * neither a buffer that maps the same file nor one that takes long to bring can stop others. Locks:
 * (i), shared by readers; a kept page stays as long as it is held.
 */
#include <string.h>

#include "fs/access.h"
#include "fs/file.h"
#include "fs/limit.h"
#include "fs/tmpfs_impl.h"
#include "include/uapi/errno.h"
#include "mm/page.h"
#include "mm/pageout.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define BOUNCE_BYTES   128u
#define SIZE_MOST      ((uint64_t)UINT32_MAX << PAGE_SHIFT)
#define SIZE_SMALL     0x7fffffffu /* most without O_LARGEFILE */
#define PREFAULT_BYTES (64u * 1024)

/* Where bytes come from: the user, or if kernel is set, there. */
struct source {
    vaddr_t user;
    const char *kernel;
};

/* How much of [pos, pos + len) lies in pos's page. */
static size_t in_page(uint64_t pos, size_t len)
{
    return MIN(len, PAGE_SIZE - ((size_t)pos & PAGE_MASK));
}

/* The archive has the page, if it is not in memory. */
static bool in_archive(const struct tnode *n, uint32_t page)
{
    return page < pages_of(n->data_len);
}

/* len bytes at pos, all in one page that lies below the end, to the user or the kernel. (i). */
static int page_read(struct tnode *n, uint64_t pos, vaddr_t ubuf, void *buf, size_t len)
{
    uint32_t page = (uint32_t)(pos >> PAGE_SHIFT);
    bool there, pinned = false;
    pfn_t pfn = obj_find_kept(&n->obj, page, &there);
    const char *from;
    int error = 0;

    if (unlikely(!pfn)) {
        if (!there && !in_archive(n, page)) {
            if (!buf)
                return clear_user_nofault(ubuf, len);
            memset(buf, 0, len);
            return 0;
        }
        error = obj_get(&n->obj, page, &pfn, NULL);
        if (error)
            return error;
        pinned = true;
    }
    from = (char *)pfn_to_virt(pfn) + ((size_t)pos & PAGE_MASK);
    if (buf)
        memcpy(buf, from, len);
    else
        error = copy_to_user_nofault(ubuf, from, len);
    if (pinned)
        obj_put(pfn);
    return error;
}

/* A few bytes, with (i) given back while the user's page is brought. Bytes or -Exxx. */
static __noinline int read_bounced(struct tnode *n, uint64_t pos, vaddr_t ubuf, size_t len)
{
    char buf[BOUNCE_BYTES];
    size_t part = MIN(in_page(pos, len), sizeof(buf)), copied;
    int error = page_read(n, pos, 0, buf, part);

    if (error)
        return error;
    rwlock_read_done(&n->lock);
    copied = file_copy_out(ubuf, buf, part);
    rwlock_read(&n->lock);
    return copied ? (int)copied : -EFAULT;
}

static int data_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct tnode *n = tnode_of(f->vnode);
    size_t done = 0;
    int error = 0;

    rwlock_read(&n->lock);
    while (done < len && pos + done < n->obj.size_bytes && !thread_interrupted()) {
        uint64_t at = pos + done;
        size_t part = (size_t)MIN((uint64_t)in_page(at, len - done), n->obj.size_bytes - at);

        error = page_read(n, at, ubuf + done, NULL, part);
        if (unlikely(error == -EFAULT)) {
            error = read_bounced(n, at, ubuf + done, part);
            part = (size_t)MAX(error, 0);
        }
        if (error < 0)
            break;
        done += part;
        preempt_point();
    }
    vnode_accessed(&n->vnode);
    rwlock_read_done(&n->lock);
    return done ? (int)done : error;
}

static int source_copy(void *to, struct source s, size_t len)
{
    if (likely(!s.kernel))
        return copy_from_user_nofault(to, s.user, len);
    memcpy(to, s.kernel, len);
    return 0;
}

/* A page that is in memory or in the archive, made the only copy and pinned. */
static int page_own(struct tnode *n, uint32_t page, pfn_t *pfn)
{
    int error = obj_get(&n->obj, page, pfn, NULL);

    if (error)
        return error;
    error = obj_keep(&n->obj, *pfn);
    if (error)
        obj_put(*pfn);
    return error;
}

/* A new page with these bytes in it, zeroes around. -EEXIST: somebody mapped it just now. */
static int page_make(struct tnode *n, uint32_t page, size_t offset, struct source s, size_t len)
{
    char *bytes;
    pfn_t pfn;
    int error = obj_reserve(n->obj.share, 1);

    if (error)
        return error;
    pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);
    if (pfn == NO_PFN) {
        obj_unreserve(n->obj.share, 1);
        return -ENOMEM;
    }
    bytes = pfn_to_virt(pfn);
    if (unlikely(len < PAGE_SIZE)) {
        memset(bytes, 0, offset);
        memset(bytes + offset + len, 0, PAGE_SIZE - offset - len);
    }
    error = len ? source_copy(bytes + offset, s, len) : 0;
    if (IS_ENABLED(CONFIG_LINT))
        obj_wrote(pfn);
    if (!error && obj_adopt(&n->obj, page, pfn))
        error = -EEXIST;
    if (unlikely(error)) {
        frame_free(pfn);
        obj_unreserve(n->obj.share, 1);
    }
    return error;
}

/* len bytes to pos, all in one page, which comes into being if need be. (i) held for writing. */
static int page_write(struct tnode *n, uint64_t pos, struct source s, size_t len)
{
    uint32_t page = (uint32_t)(pos >> PAGE_SHIFT);
    size_t offset = (size_t)pos & PAGE_MASK;
    int error;

    do {
        bool there, own;
        pfn_t pfn = obj_find_kept(&n->obj, page, &there);

        own = !pfn && (there || (in_archive(n, page) && len < PAGE_SIZE));
        if (!pfn && !own) {
            error = page_make(n, page, offset, s, len);
            continue;
        }
        error = own ? page_own(n, page, &pfn) : 0;
        if (error)
            break;
        error = len ? source_copy((char *)pfn_to_virt(pfn) + offset, s, len) : 0;
        obj_wrote(pfn);
        if (own)
            obj_put(pfn);
    } while (unlikely(error == -EEXIST));
    return error;
}

/* A write on its way. */
struct writing {
    struct tnode *n;
    uint64_t pos;
    struct source s;
    size_t len, done;
    bool append;
};

/* What is written by now is the file's. */
static void write_commit(struct writing *w)
{
    if (w->done && w->pos + w->done > w->n->obj.size_bytes)
        obj_grow(&w->n->obj, w->pos + w->done);
}

/* Bytes between the old end and a write behind it are zero, whatever a mapping left there. */
static void close_gap(struct tnode *n, uint64_t pos)
{
    uint64_t size = n->obj.size_bytes;

    if (pos > size && size & PAGE_MASK)
        obj_zero(&n->obj, (uint32_t)(size >> PAGE_SHIFT), (uint32_t)size & PAGE_MASK, PAGE_SIZE);
}

/* (i) was given back for a while. Who appends goes on behind what others appended meanwhile. */
static int reenter(struct writing *w)
{
    if (w->n->vnode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if (w->append)
        w->pos = w->n->obj.size_bytes - w->done;
    close_gap(w->n, w->pos + w->done);
    return 0;
}

/* A few bytes, with (i) given back while the user's page is brought. Bytes or -Exxx. */
static __noinline int write_bounced(struct writing *w, size_t len)
{
    char buf[BOUNCE_BYTES];
    size_t copied;
    int error;

    write_commit(w);
    rwlock_write_done(&w->n->lock);
    copied = file_copy_in(buf, w->s.user + w->done, MIN(len, sizeof(buf)));
    rwlock_write(&w->n->lock);
    if (!copied)
        return -EFAULT;
    error = reenter(w);
    if (error)
        return error;
    copied = in_page(w->pos + w->done, copied);
    error = page_write(w->n, w->pos + w->done, (struct source){.kernel = buf}, copied);
    return error ? error : (int)copied;
}

/* No frame was there: waits for page-out, which can take pages of this file as well meanwhile. Then
 * as write_bounced, 0 bytes. */
static __noinline int write_waited(struct writing *w)
{
    bool got;

    write_commit(w);
    rwlock_write_done(&w->n->lock);
    got = pageout_wait();
    rwlock_write(&w->n->lock);
    if (!got)
        return -ENOSPC;
    return reenter(w);
}

/* (i) held for writing. Bytes or -Exxx. */
static int write_locked(struct writing *w)
{
    int error = 0;

    close_gap(w->n, w->pos);
    while (w->done < w->len && !thread_interrupted()) {
        uint64_t at = w->pos + w->done;
        size_t part = in_page(at, w->len - w->done);
        struct source s = {w->s.user + w->done, w->s.kernel ? w->s.kernel + w->done : NULL};

        error = page_write(w->n, at, s, part);
        if (unlikely(error == -EFAULT)) {
            error = write_bounced(w, part);
            part = (size_t)MAX(error, 0);
        }
        if (unlikely(error == -ENOMEM)) {
            error = write_waited(w);
            part = 0;
        }
        if (error < 0)
            break;
        w->done += part;
        preempt_point();
    }
    write_commit(w);
    if (w->done) {
        uint64_t now = vnode_now();

        time_set(&w->n->vnode.mtime, now);
        time_set(&w->n->vnode.ctime, now);
    }
    return w->done ? (int)w->done : error;
}

/* Cuts len to what the file may grow to. (i). */
static int write_check(const struct file *f, uint64_t pos, size_t *len)
{
    const struct vnode *v = f->vnode;
    uint64_t most = f->flags & O_LARGEFILE ? SIZE_MOST : SIZE_SMALL, own = limit_file_size();

    if (unlikely(v->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        return -EPERM;
    if (unlikely(v->seals & F_SEAL_GROW && pos + *len > v->obj->size_bytes)) {
        uint64_t end = v->obj->size_bytes & ~(uint64_t)PAGE_MASK; /* whole pages, as in Linux */

        if (pos >= end)
            return -EPERM;
        *len = (size_t)(end - pos);
    }
    if (unlikely(pos >= own)) {
        limit_file_hit();
        return -EFBIG;
    }
    most = MIN(most, own);
    if (pos >= most)
        return -EFBIG;
    *len = (size_t)MIN((uint64_t)*len, most - pos);
    return 0;
}

/* Brings the user's pages, so that a record that is appended comes out whole. */
static void prefault(vaddr_t ubuf, size_t len)
{
    char byte;

    for (size_t i = 0; i < MIN(len, PREFAULT_BYTES); i += PAGE_SIZE) {
        if (copy_from_user(&byte, ubuf + i, 1))
            return;
        preempt_point();
    }
}

/* Contents that somebody has changed do not run with the owner's rights, but for root's changes. */
static void drop_set_ids(struct vnode *v)
{
    if (unlikely(v->mode & (S_ISUID | S_ISGID)))
        __atomic_store_n(&v->mode, vnode_written_mode(cred_current(), v->mode), __ATOMIC_RELAXED);
}

static int write_from(struct file *f, uint64_t *pos, struct source s, size_t len, bool append)
{
    struct tnode *n = tnode_of(f->vnode);
    int result;

    if (len == 0)
        return 0;
    rwlock_write(&n->lock);
    if (append)
        *pos = n->obj.size_bytes;
    result = write_check(f, *pos, &len);
    if (!result) {
        struct writing w = {n, *pos, s, len, 0, append};

        drop_set_ids(&n->vnode);
        result = write_locked(&w);
        *pos = w.pos;
    }
    rwlock_write_done(&n->lock);
    return result;
}

static int data_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    return write_from(f, &pos, (struct source){.user = ubuf}, len, false);
}

/* A record of up to a page is taken out of the user's memory first, and comes out whole whatever
 * becomes of the memory meanwhile; a longer one if its pages stay. */
static int data_append(struct file *f, uint64_t *pos, vaddr_t ubuf, size_t len)
{
    char *record = len && len <= PAGE_SIZE ? kmalloc(len) : NULL;
    int result = -EFAULT;

    if (!record) {
        prefault(ubuf, len);
        return write_from(f, pos, (struct source){.user = ubuf}, len, true);
    }
    len = file_copy_in(record, ubuf, len);
    if (len)
        result = write_from(f, pos, (struct source){.kernel = record}, len, true);
    kfree(record);
    return result;
}

int tmpfs_write_kernel(struct file *f, uint64_t *pos, const void *buf, size_t len)
{
    return write_from(f, pos, (struct source){.kernel = buf}, len, f->flags & O_APPEND);
}

int tmpfs_read_kernel(struct vnode *v, uint64_t pos, void *buf, size_t len)
{
    struct tnode *n = tnode_of(v);
    int result = 0;

    rwlock_read(&n->lock);
    if (pos < n->obj.size_bytes) {
        len = (size_t)MIN((uint64_t)in_page(pos, len), n->obj.size_bytes - pos);
        result = page_read(n, pos, 0, buf, len);
        if (!result)
            result = (int)len;
    }
    vnode_accessed(v);
    rwlock_read_done(&n->lock);
    return result;
}

static void changed(struct vnode *v)
{
    uint64_t now = vnode_now();

    drop_set_ids(v);
    time_set(&v->mtime, now);
    time_set(&v->ctime, now);
}

/* The caller may make a file so long. */
static int grow_check(uint64_t size)
{
    if (likely(size <= limit_file_size()))
        return 0;
    limit_file_hit();
    return -EFBIG;
}

static int data_truncate(struct vnode *v, uint64_t size)
{
    struct tnode *n = tnode_of(v);
    int error = 0;

    if (size > SIZE_MOST)
        return -EFBIG;
    rwlock_write(&n->lock);
    if (size > n->obj.size_bytes)
        error = grow_check(size);
    if ((size < n->obj.size_bytes && v->seals & F_SEAL_SHRINK) ||
        (size > n->obj.size_bytes && v->seals & F_SEAL_GROW))
        error = -EPERM;
    if (!error) {
        if (size < n->data_len)
            __atomic_store_n(&n->data_len, (uint32_t)size, __ATOMIC_RELAXED);
        error = obj_resize(&n->obj, size);
    }
    if (!error)
        changed(v);
    rwlock_write_done(&n->lock);
    return error;
}

/* Space for every page of the range. Zeroes where nothing was. After an error no page is left
 * behind the file's end that was not there before. */
static int allocate_pages(struct tnode *n, uint32_t first, uint32_t end)
{
    uint32_t was_end = n->obj.alloc_end, page = first;
    struct fs_space s;
    int error = 0;

    tmpfs_space(n->vnode.fs, &s);
    if (end - first > s.pages_most)
        return -ENOSPC;
    n->obj.alloc_end = MAX(was_end, end);
    for (; page < end && !error; page++) {
        error = page_write(n, (uint64_t)page << PAGE_SHIFT, (struct source){0}, 0);
        if (!error && thread_interrupted())
            error = -EINTR;
        preempt_point();
    }
    if (error) {
        first = MAX(first, MAX(was_end, (uint32_t)((n->obj.size_bytes + PAGE_MASK) >> PAGE_SHIFT)));
        if (first < page)
            obj_punch(&n->obj, first, page);
        n->obj.alloc_end = was_end;
    }
    return error;
}

/* Zeroes into a part of a page, which may have to come from the archive for it. */
static int zero_part(struct tnode *n, uint32_t page, uint32_t from, uint32_t to)
{
    pfn_t pfn;
    int error = 0;

    if (in_archive(n, page) && page < pages_of((size_t)MIN(n->obj.size_bytes, n->data_len))) {
        error = page_own(n, page, &pfn);
        if (!error)
            obj_put(pfn);
    }
    if (!error && from < to)
        obj_zero(&n->obj, page, from, to);
    return error;
}

/* The bytes of the range become zero and whole pages go; those of the archive are zeroed. */
static int punch(struct tnode *n, uint64_t pos, uint64_t end)
{
    uint32_t first = (uint32_t)((pos + PAGE_MASK) >> PAGE_SHIFT),
             last = (uint32_t)(end >> PAGE_SHIFT);
    int error = 0;

    if (pos >> PAGE_SHIFT == end >> PAGE_SHIFT)
        return zero_part(n, last, (uint32_t)pos & PAGE_MASK, (uint32_t)end & PAGE_MASK);
    if (pos & PAGE_MASK)
        error = zero_part(n, first - 1, (uint32_t)pos & PAGE_MASK, PAGE_SIZE);
    if (!error && end & PAGE_MASK)
        error = zero_part(n, last, 0, (uint32_t)end & PAGE_MASK);
    for (; !error && first < last && in_archive(n, first); first++) {
        error = zero_part(n, first, 0, PAGE_SIZE);
        preempt_point();
    }
    if (!error)
        obj_punch(&n->obj, first, last);
    return error;
}

static int allocate_locked(struct tnode *n, unsigned mode, uint64_t pos, uint64_t end)
{
    bool keep = mode & ALLOCATE_KEEP_SIZE, grows = end > n->obj.size_bytes && !keep;
    int error;

    if (mode & ALLOCATE_PUNCH_HOLE)
        return n->vnode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ? -EPERM : punch(n, pos, end);
    if (end > n->obj.size_bytes && n->vnode.seals & F_SEAL_GROW)
        return -EPERM;
    error = grows ? grow_check(end) : 0;
    if (error)
        return error;
    error = allocate_pages(n, (uint32_t)(pos >> PAGE_SHIFT),
                           (uint32_t)((end + PAGE_MASK) >> PAGE_SHIFT));
    if (!error && grows) {
        close_gap(n, end);
        obj_grow(&n->obj, end);
    }
    return error;
}

static int data_allocate(struct vnode *v, unsigned mode, uint64_t pos, uint64_t len)
{
    struct tnode *n = tnode_of(v);
    int error;

    if (len > SIZE_MOST || pos > SIZE_MOST - len)
        return -EFBIG;
    rwlock_write(&n->lock);
    error = allocate_locked(n, mode, pos, pos + len);
    if (!error)
        changed(v);
    rwlock_write_done(&n->lock);
    return error;
}

int tmpfs_add_seals(struct vnode *v, uint32_t seals)
{
    struct tnode *n = tnode_of(v);
    int error = 0;

    rwlock_write(&n->lock);
    if (v->seals & F_SEAL_SEAL)
        error = -EPERM;
    else if (seals & F_SEAL_WRITE && !(v->seals & F_SEAL_WRITE) &&
             __atomic_load_n(&n->obj.writable, __ATOMIC_ACQUIRE))
        error = -EBUSY;
    else
        v->seals |= seals;
    rwlock_write_done(&n->lock);
    return error;
}

void tmpfs_seals_hold(struct vnode *v)
{
    rwlock_read(&tnode_of(v)->lock);
}

void tmpfs_seals_release(struct vnode *v)
{
    rwlock_read_done(&tnode_of(v)->lock);
}

const struct vnode_ops tmpfs_file_ops = {.read = data_read,
                                         .write = data_write,
                                         .append = data_append,
                                         .truncate = data_truncate,
                                         .allocate = data_allocate};
