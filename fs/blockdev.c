/* SPDX-License-Identifier: MIT
 *
 * Block devices as files. A disk and each of its partitions is an object of the page cache, whose
 * pages are filled from the sectors and written back in runs: when many are dirty, by fsync, sync
 * and the last close, and by a thread a few seconds after the first. A page that could not be
 * written is clean all the same, so that memory comes back; who syncs next is told.
 * Locks: (w) b->lock, which sleeps: one writer at a time, and one who writes back; pages on their
 * way are BUSY.
 */
#include "fs/blockdev_impl.h"

#include <string.h>

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/kthread.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define WRITE_BACK_NS   5000000000ull /* after the first page became dirty */
#define SECTORS_IN_PAGE (PAGE_SIZE / SECTOR_BYTES)

#define BLKROGET     0x125eu
#define BLKRRPART    0x125fu
#define BLKGETSIZE   0x1260u
#define BLKFLSBUF    0x1261u
#define BLKSSZGET    0x1268u
#define BLKBSZGET    0x80041270u
#define BLKGETSIZE64 0x80041272u

static struct {
    struct waitq work; /* who writes back sleeps here */
    bool dirty;        /* atomic, work.lock: something is */
} all = {.work = WAITQ_INIT(all.work)};

static struct slab_cache run_cache = SLAB_CACHE("blockrun", sizeof(struct run));

static struct bdev *bdev_of(const struct file *f)
{
    return f->data;
}

/* A page's sectors: how many there are, the last page may have fewer. 0: none. */
static uint32_t page_sectors(const struct bdev *b, uint32_t page)
{
    uint64_t at = (uint64_t)page * SECTORS_IN_PAGE;

    return at >= b->sectors ? 0 : (uint32_t)MIN(b->sectors - at, (uint64_t)SECTORS_IN_PAGE);
}

static void io_fill(struct block_io *io, const struct bdev *b, enum block_op op, uint32_t page,
                    pfn_t pfn)
{
    *io = (struct block_io){.dev = b->disk,
                            .op = op,
                            .sector = b->first + (uint64_t)page * SECTORS_IN_PAGE,
                            .pfn = pfn,
                            .bytes = (uint16_t)(page_sectors(b, page) * SECTOR_BYTES)};
}

/* Does the run's transfers, and waits; each has its error. */
static void run_transfer(struct run *r)
{
    for (unsigned i = 0; i + 1 < r->n; i++)
        r->io[i].next = &r->io[i + 1];
    (void)!block_wait(r->io);
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
    io_fill(&io, b, BLOCK_READ, page, virt_to_pfn(bytes));
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
        io_fill(&r->io[i], b, BLOCK_READ, run->page[i], run->pfn[i]);
        clear_behind_end(&r->io[i], pfn_to_virt(run->pfn[i]));
    }
    run_transfer(r);
    for (unsigned i = 0; i < r->n; i++)
        run->error[i] = r->io[i].error;
    slab_free(&run_cache, r);
}

const struct obj_ops bdev_obj_ops = {.fill = bdev_fill, .fill_run = bdev_fill_run, .slow = true};

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

/* Writes the run, and lets those go on who want the pages. (w). */
static void run_write(struct bdev *b)
{
    struct run *r = &b->run;

    if (r->n == 0)
        return;
    run_transfer(r);
    for (unsigned i = 0; i < r->n; i++) {
        b->error = r->io[i].error ? r->io[i].error : b->error;
        obj_written(r->pfn[i], 0);
    }
    r->n = 0;
}

/* What is dirty goes to the disk, and through its cache; 0, or the first error since the last call.
 * (w). */
static int write_back(struct bdev *b)
{
    struct block_io flush = {.dev = b->disk, .op = BLOCK_FLUSH};
    struct run *r = &b->run;
    int error;

    for (unsigned i = 0; i < b->ndirty; i++) {
        pfn_t pfn = obj_take_dirty(&b->obj, b->dirty[i], false);

        if (pfn) {
            io_fill(&r->io[r->n], b, BLOCK_WRITE, b->dirty[i], pfn);
            r->pfn[r->n++] = pfn;
        }
        if (r->n == RUN_PAGES)
            run_write(b);
        preempt_point();
    }
    run_write(b);
    error = b->ndirty ? block_wait(&flush) : 0;
    b->ndirty = 0;
    error = b->error ? b->error : error;
    b->error = 0;
    return error;
}

/* An error stays for the next who asks. (w). */
static void write_back_quietly(struct bdev *b)
{
    b->error = write_back(b);
}

static int bdev_sync(struct bdev *b)
{
    int error;

    mutex_lock(&b->lock);
    error = write_back(b);
    mutex_unlock(&b->lock);
    return error;
}

/* The page, which was clean, is to be written back: not now, but in a while. */
static void note_dirty(struct bdev *b, uint32_t page)
{
    unsigned at = b->ndirty++;
    uint32_t mask;

    for (; at > 0 && b->dirty[at - 1] > page; at--)
        b->dirty[at] = b->dirty[at - 1];
    b->dirty[at] = page;
    if (__atomic_load_n(&all.dirty, __ATOMIC_RELAXED))
        return;
    mask = spin_lock_irq(&all.work.lock);
    __atomic_store_n(&all.dirty, true, __ATOMIC_RELAXED);
    waitq_wake_locked(&all.work, 1);
    spin_unlock_irq(&all.work.lock, mask);
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
        note_dirty(b, page);
    if (b->ndirty == DIRTY_MAX)
        write_back_quietly(b);
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
    room = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);
    if (room == NO_PFN)
        return -ENOMEM;
    n = write_pages(b, pos, ubuf, len, pfn_to_virt(room));
    frame_free(room);
    return n;
}

int bdev_drop(struct bdev *b)
{
    int error;

    mutex_lock(&b->lock);
    error = write_back(b);
    obj_punch(&b->obj, 0, UINT32_MAX); /* its size stays, so that no reader finds an end */
    mutex_unlock(&b->lock);
    return error;
}

int bdev_become(struct bdev *b, uint64_t first, uint64_t sectors)
{
    int error;

    mutex_lock(&b->lock);
    error = write_back(b);
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

static void bdev_sync_quietly(struct bdev *b)
{
    mutex_lock(&b->lock);
    write_back_quietly(b);
    mutex_unlock(&b->lock);
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
    .size = bdev_size,
    .positioned = true,
};

int blockdev_sync(struct file *f)
{
    return f->vnode->ops == &bdev_ops ? bdev_sync(bdev_of(f)) : -EINVAL;
}

void blockdev_sync_all(void)
{
    struct bdev *b;

    for (unsigned i = 0; i < BDEVS_MAX; i++)
        if ((b = bdev_nth(i)))
            bdev_sync_quietly(b);
}

/* The thread that writes back what nobody else has. */
void bdev_write_back_run(void *arg)
{
    (void)arg;
    kthread_stops(); /* an audit finds no page on its way */
    for (;;) {
        uint32_t mask = spin_lock_irq(&all.work.lock);

        if (!all.dirty) {
            (void)!waitq_sleep(&all.work, mask, false, UINT64_MAX);
            continue;
        }
        (void)!waitq_sleep(&all.work, mask, false, clock_ns() + WRITE_BACK_NS);
        __atomic_store_n(&all.dirty, false, __ATOMIC_RELAXED);
        blockdev_sync_all();
    }
}
