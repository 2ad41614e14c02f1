/* SPDX-License-Identifier: MIT
 *
 * Block devices as files. A disk and each of its partitions is an object of the page cache, whose
 * pages are filled from the sectors, and are what read(), write() and mappings see; what was
 * written goes back by blockdev_back.c.
 * Locks: (w) b->lock, which sleeps: one writer at a time, and one who writes back; pages on their
 * way are BUSY.
 */
#include "fs/blockdev_impl.h"

#include <string.h>

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "lib/fmt.h"
#include "mm/as.h"
#include "mm/pageout.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define BLKROGET     0x125eu
#define BLKRRPART    0x125fu
#define BLKGETSIZE   0x1260u
#define BLKFLSBUF    0x1261u
#define BLKSSZGET    0x1268u
#define BLKBSZGET    0x80041270u
#define BLKGETSIZE64 0x80041272u

static struct slab_cache run_cache = SLAB_CACHE("blockrun", sizeof(struct run));

static struct bdev *bdev_of(const struct file *f)
{
    return f->data;
}

static void clear_behind_end(const struct block_io *io, void *bytes)
{
    memset((char *)bytes + io->bytes, 0, PAGE_SIZE - io->bytes);
}

static int bdev_fill(struct obj *o, uint32_t page, void *bytes)
{
    struct bdev *b = container_of(o, struct bdev, obj);
    struct block_io io;

    if (b->whole && b->whole_page == page && mutex_held(&b->lock)) {
        memcpy(bytes, b->whole, PAGE_SIZE);
        return 0;
    }
    bdev_io_fill(&io, b, BLOCK_READ, page, virt_to_pfn(bytes));
    clear_behind_end(&io, bytes);
    return io.bytes ? block_wait(&io) : 0;
}

/* Without room for the transfers each page has to come by itself. */
static void bdev_fill_run(struct obj *o, struct obj_run *run)
{
    struct bdev *b = container_of(o, struct bdev, obj);
    struct run *r = slab_alloc(&run_cache);

    if (!r) {
        for (unsigned i = 0; i < run->n; i++)
            run->error[i] = -ENOMEM;
        return;
    }
    r->n = run->n;
    for (unsigned i = 0; i < r->n; i++) {
        bdev_io_fill(&r->io[i], b, BLOCK_READ, run->page[i], run->pfn[i]);
        clear_behind_end(&r->io[i], pfn_to_virt(run->pfn[i]));
    }
    bdev_transfer(r);
    for (unsigned i = 0; i < r->n; i++)
        run->error[i] = r->io[i].error;
    slab_free(&run_cache, r);
}

const struct obj_ops bdev_obj_ops = {.fill = bdev_fill,
                                     .fill_run = bdev_fill_run,
                                     .dirty = bdev_obj_dirty,
                                     .room = bdev_obj_room,
                                     .sync = bdev_obj_sync,
                                     .launder = bdev_obj_launder,
                                     .slow = true};

/* How much of [pos, pos + len) is in pos's page and before the end. */
static size_t part_at(const struct bdev *b, uint64_t pos, size_t len)
{
    uint64_t left = b->sectors * SECTOR_BYTES - pos;

    return (size_t)MIN(MIN((uint64_t)len, left), (uint64_t)(PAGE_SIZE - (pos & PAGE_MASK)));
}

static bool behind_end(const struct bdev *b, uint64_t pos)
{
    return pos >= b->sectors * SECTOR_BYTES;
}

/* Before the page at pos is read: it comes with those that this call wants, too, and who reads on
 * where the last one ended gets as many as go at a time. */
static void read_ahead(struct bdev *b, uint64_t pos, size_t len)
{
    uint32_t page = (uint32_t)(pos >> PAGE_SHIFT), last = (uint32_t)((pos + len - 1) >> PAGE_SHIFT);
    bool goes_on = __atomic_exchange_n(&b->ahead, page + 1, __ATOMIC_RELAXED) == page;

    if ((goes_on || last > page) && !obj_lookup(&b->obj, page))
        obj_fetch(&b->obj, page, goes_on ? OBJ_RUN : last - page + 1);
}

static int bdev_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct bdev *b = bdev_of(f);
    size_t done = 0;
    int error = 0;

    while (done < len && !behind_end(b, pos + done) && !thread_interrupted()) {
        size_t part = part_at(b, pos + done, len - done);
        pfn_t pfn;

        read_ahead(b, pos + done, len - done);
        error = obj_get(&b->obj, (uint32_t)((pos + done) >> PAGE_SHIFT), &pfn, NULL);
        if (error)
            break;
        error =
            copy_to_user(ubuf + done, (char *)pfn_to_virt(pfn) + ((pos + done) & PAGE_MASK), part);
        obj_put(pfn);
        if (error)
            break;
        done += part;
        rest_point();
    }
    return done ? (int)done : error;
}

/* Part of a page, whose bytes lie at `from`; page-sized ones replace the page without reading it.
 * What fails on the way to the disk is not this write's error: it stays for who syncs. (w). */
static int write_page(struct bdev *b, uint64_t pos, const char *from, size_t len)
{
    uint32_t page = (uint32_t)(pos >> PAGE_SHIFT);
    bool clean;
    pfn_t pfn;
    int error;

    b->whole_page = page;
    b->whole = len == PAGE_SIZE ? from : NULL;
    error = obj_get(&b->obj, page, &pfn, NULL);
    b->whole = NULL;
    if (error)
        return error;
    memcpy((char *)pfn_to_virt(pfn) + (pos & PAGE_MASK), from, len);
    clean = obj_wrote_dirty(pfn);
    obj_put(pfn);
    if (clean)
        bdev_note_dirty(b, page);
    return 0;
}

/* The user's bytes come into `page` first: bringing them may take long, and may need this device.
 */
static int write_pages(struct bdev *b, uint64_t pos, vaddr_t ubuf, size_t len, char *page)
{
    size_t done = 0;
    int error = 0;

    while (done < len && !behind_end(b, pos + done) && !thread_interrupted()) {
        size_t part = part_at(b, pos + done, len - done);

        error = copy_from_user(page, ubuf + done, part);
        if (error)
            break;
        mutex_lock(&b->lock);
        error = write_page(b, pos + done, page, part);
        mutex_unlock(&b->lock);
        if (error)
            break;
        done += part;
        rest_point();
    }
    return done ? (int)done : error;
}

static int bdev_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct bdev *b = bdev_of(f);
    pfn_t room;
    int n;

    if (len == 0)
        return 0;
    if (behind_end(b, pos))
        return -ENOSPC;
    room = pageout_frame();
    if (room == NO_PFN)
        return -ENOMEM;
    n = write_pages(b, pos, ubuf, len, pfn_to_virt(room));
    frame_free(room);
    return n;
}

/* Not what somebody has mapped or is just reading. (w). */
static void drop_unused(struct bdev *b)
{
    struct obj_walk w = {.end = UINT32_MAX};
    uint32_t page[RUN_PAGES];

    while (!w.over) {
        unsigned n = obj_collect(&b->obj, &w, false, page, RUN_PAGES);

        for (unsigned i = 0; i < n; i++)
            obj_drop_unused(&b->obj, page[i]);
        preempt_point();
    }
}

int bdev_drop(struct bdev *b)
{
    int error;

    mutex_lock(&b->lock);
    error = bdev_write_back(b);
    drop_unused(b);
    mutex_unlock(&b->lock);
    return error;
}

int bdev_become(struct bdev *b, uint64_t first, uint64_t sectors)
{
    int error;

    mutex_lock(&b->lock);
    error = bdev_write_back(b);
    b->first = first;
    b->sectors = sectors;
    (void)!obj_resize(&b->obj, 0);
    (void)!obj_resize(&b->obj, sectors * SECTOR_BYTES);
    mutex_unlock(&b->lock);
    return error;
}

static int put_word(vaddr_t arg, uint32_t word)
{
    return copy_to_user(arg, &word, sizeof(word));
}

static int bdev_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    struct bdev *b = bdev_of(f);
    uint64_t bytes = b->sectors * SECTOR_BYTES;

    switch (request) {
    case BLKROGET: return put_word(arg, block_info(b->disk)->read_only);
    case BLKSSZGET: return put_word(arg, SECTOR_BYTES);
    case BLKBSZGET: return put_word(arg, PAGE_SIZE);
    case BLKGETSIZE:
        return bytes > UINT32_MAX * (uint64_t)SECTOR_BYTES ? -EFBIG
                                                           : put_word(arg, (uint32_t)b->sectors);
    case BLKGETSIZE64: return copy_to_user(arg, &bytes, sizeof(bytes));
    case BLKFLSBUF: return bdev_drop(b);
    case BLKRRPART: return bdev_read_table(b);
    default: return -ENOTTY;
    }
}

/* The device stays in memory as long as the machine runs, its sectors as long as it is mapped. */
static int bdev_map(struct file *f, struct map_request *r)
{
    r->ops = r->flags & SEG_SHARED ? &seg_shared : &seg_vn;
    r->obj = &bdev_of(f)->obj;
    return 0;
}

bool blockdev_path(const struct obj *o, char *buf, size_t size)
{
    if (o->ops != &bdev_obj_ops)
        return false;
    fmt_snprint(buf, size, "/dev/%s", container_of(o, struct bdev, obj)->name);
    return true;
}

static uint64_t bdev_size(const struct file *f)
{
    return bdev_of(f)->sectors * SECTOR_BYTES;
}

static int bdev_open(struct file *f)
{
    struct bdev *b = bdev_find(f->vnode->rdev);

    if (!b)
        return -ENXIO;
    if (f->flags & O_ACCMODE && block_info(b->disk)->read_only)
        return -EACCES;
    if (f->flags & O_ACCMODE && bdev_is_swap(b))
        return -EBUSY;
    f->data = b;
    return bdev_hold(b);
}

static void bdev_close(struct file *f)
{
    struct bdev *b = bdev_of(f);

    if (__atomic_sub_fetch(&b->opens, 1, __ATOMIC_ACQ_REL) == 0)
        bdev_sync_quietly(b);
}

const struct vnode_ops bdev_ops = {
    .open = bdev_open,
    .close = bdev_close,
    .read = bdev_read,
    .write = bdev_write,
    .ioctl = bdev_ioctl,
    .map = bdev_map,
    .size = bdev_size,
    .positioned = true,
};
