/* SPDX-License-Identifier: MIT
 *
 * What was written to block devices goes to their sectors, in runs: when many pages are dirty, by
 * fsync, msync, sync and the last close, and by a thread a few seconds after the first. Pages that
 * calls wrote are noted one by one. Those that mappings stored to are found among the object's
 * pages in memory by their DIRTY, since a store leaves no other trace: after a first-write fault,
 * and as long as somebody may store without one. A page that could not be written is clean all the
 * same, so that memory comes back; who syncs next is told. Locks: (w) b->lock; none is held over a
 * fault. The counts of stores are atomic.
 */
#include <string.h>

#include "fs/blockdev_impl.h"
#include "fs/file.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/kthread.h"
#include "mm/frame.h"

#define WRITE_BACK_NS 5000000000ull /* after the first page became dirty */
#define STORED_SHARE  8u /* mappings may have so large a part of memory dirty: an eighth */

static struct {
    struct waitq work; /* who writes back sleeps here */
    bool dirty;        /* atomic, work.lock: something is */
    uint32_t stored;   /* atomic: sum of all b->stored */
    uint32_t most;     /* (c) after boot: of stored */
} all = {.work = WAITQ_INIT(all.work)};

/* A page's sectors: how many there are, the last page may have fewer. 0: none. */
static uint32_t page_sectors(const struct bdev *b, uint32_t page)
{
    uint64_t at = (uint64_t)page * SECTORS_IN_PAGE;

    return at >= b->sectors ? 0 : (uint32_t)MIN(b->sectors - at, (uint64_t)SECTORS_IN_PAGE);
}

void bdev_io_fill(struct block_io *io, const struct bdev *b, enum block_op op, uint32_t page,
                  pfn_t pfn)
{
    *io = (struct block_io){.dev = b->disk,
                            .op = op,
                            .sector = b->first + (uint64_t)page * SECTORS_IN_PAGE,
                            .pfn = pfn,
                            .bytes = (uint16_t)(page_sectors(b, page) * SECTOR_BYTES)};
}

void bdev_transfer(struct run *r)
{
    for (unsigned i = 0; i + 1 < r->n; i++)
        r->io[i].next = &r->io[i + 1];
    (void)!block_wait(r->io);
}

/* Who stores to a page of the run from now on makes it dirty again. (w). */
static void run_protect(struct bdev *b)
{
    const struct run *r = &b->run;

    for (unsigned i = 0, end; i < r->n; i = end) {
        for (end = i + 1; end < r->n && r->page[end] == r->page[end - 1] + 1;)
            end++;
        obj_write_protect(&b->obj, r->page[i], end - i);
    }
}

/* Writes the run, and lets those go on who want the pages. (w). */
static void run_write(struct bdev *b)
{
    struct run *r = &b->run;

    if (r->n == 0)
        return;
    run_protect(b);
    bdev_transfer(r);
    for (unsigned i = 0; i < r->n; i++) {
        b->error = r->io[i].error ? r->io[i].error : b->error;
        obj_written(r->pfn[i], 0);
    }
    b->unflushed = true;
    r->n = 0;
}

/* The page joins the run if it is dirty. (w). */
static void run_add(struct bdev *b, uint32_t page)
{
    struct run *r = &b->run;
    pfn_t pfn = obj_take_dirty(&b->obj, page, false);

    if (pfn) {
        bdev_io_fill(&r->io[r->n], b, BLOCK_WRITE, page, pfn);
        r->page[r->n] = page;
        r->pfn[r->n++] = pfn;
    }
    if (r->n == RUN_PAGES)
        run_write(b);
    preempt_point();
}

/* What calls have written. (w). */
static void write_noted(struct bdev *b)
{
    for (unsigned i = 0; i < b->ndirty; i++)
        run_add(b, b->dirty[i]);
    run_write(b);
    b->ndirty = 0;
}

static void sort(uint32_t *page, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        uint32_t p = page[i];
        unsigned at = i;

        for (; at > 0 && page[at - 1] > p; at--)
            page[at] = page[at - 1];
        page[at] = p;
    }
}

/* What is dirty from page first to end, whoever wrote it: by their numbers or by what is in memory,
 * what is shorter. (w). */
static void write_range(struct bdev *b, uint32_t first, uint32_t end)
{
    struct obj_walk w = {.first = first, .end = end};
    uint32_t page[RUN_PAGES];

    if (end - first <= obj_resident(&b->obj)) {
        for (uint32_t i = first; i < end; i++)
            run_add(b, i);
        run_write(b);
        return;
    }
    while (!w.over) {
        unsigned n = obj_collect(&b->obj, &w, true, page, RUN_PAGES);

        sort(page, n);
        for (unsigned i = 0; i < n; i++)
            run_add(b, page[i]);
        run_write(b);
        preempt_point();
    }
}

/* Mappings may have made pages dirty since the last call: there was a first-write fault, or some
 * mapping was there that may store, or is. (w). */
static bool take_stored(struct bdev *b)
{
    uint32_t stored = __atomic_exchange_n(&b->stored, 0, __ATOMIC_ACQ_REL);
    bool was = b->writable;

    __atomic_fetch_sub(&all.stored, stored, __ATOMIC_RELAXED);
    b->writable = obj_is_writable(&b->obj);
    return stored || was || b->writable;
}

/* What was written goes through the disk's cache; 0, or the first error since the last call. (w).
 */
static int settle(struct bdev *b)
{
    struct block_io flush = {.dev = b->disk, .op = BLOCK_FLUSH};
    int error = b->unflushed ? block_wait(&flush) : 0;

    b->unflushed = false;
    error = b->error ? b->error : error;
    b->error = 0;
    return error;
}

int bdev_write_back(struct bdev *b)
{
    write_noted(b);
    if (take_stored(b))
        write_range(b, 0, UINT32_MAX);
    return settle(b);
}

/* An error stays for the next who asks. (w). */
static void write_back_quietly(struct bdev *b)
{
    b->error = bdev_write_back(b);
}

static int bdev_sync(struct bdev *b)
{
    int error;

    mutex_lock(&b->lock);
    error = bdev_write_back(b);
    mutex_unlock(&b->lock);
    return error;
}

void bdev_sync_quietly(struct bdev *b)
{
    mutex_lock(&b->lock);
    write_back_quietly(b);
    mutex_unlock(&b->lock);
}

/* Something is dirty: not now, but in a while it is written back. */
static void wake_later(void)
{
    uint32_t mask;

    if (__atomic_load_n(&all.dirty, __ATOMIC_RELAXED))
        return;
    mask = spin_lock_irq(&all.work.lock);
    __atomic_store_n(&all.dirty, true, __ATOMIC_RELAXED);
    waitq_wake_locked(&all.work, 1);
    spin_unlock_irq(&all.work.lock, mask);
}

/* One that msync has written meanwhile is there already. */
void bdev_note_dirty(struct bdev *b, uint32_t page)
{
    unsigned at = b->ndirty;

    while (at > 0 && b->dirty[at - 1] > page)
        at--;
    if (at == 0 || b->dirty[at - 1] != page) {
        memmove(&b->dirty[at + 1], &b->dirty[at], (b->ndirty - at) * sizeof(b->dirty[0]));
        b->dirty[at] = page;
        b->ndirty++;
    }
    wake_later();
    if (b->ndirty == DIRTY_MAX)
        write_back_quietly(b);
}

static bool stored_enough(void)
{
    return __atomic_load_n(&all.stored, __ATOMIC_RELAXED) >= all.most;
}

int bdev_obj_dirty(struct obj *o, pfn_t pfn)
{
    struct bdev *b = container_of(o, struct bdev, obj);

    if (__atomic_load_n(&frame_of(pfn)->flags, __ATOMIC_RELAXED) & FRAME_DIRTY)
        return 0;
    if (!__atomic_load_n(&all.dirty, __ATOMIC_RELAXED) || stored_enough())
        return OBJ_SLOW;
    __atomic_fetch_add(&all.stored, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&b->stored, 1, __ATOMIC_RELEASE);
    return 0;
}

void bdev_obj_room(struct obj *o)
{
    (void)o;
    wake_later();
    if (stored_enough())
        blockdev_sync_all();
}

int bdev_obj_sync(struct obj *o, uint32_t first, uint32_t npages)
{
    struct bdev *b = container_of(o, struct bdev, obj);
    int error;

    mutex_lock(&b->lock);
    write_range(b, first, first + MIN(npages, UINT32_MAX - first));
    error = settle(b);
    mutex_unlock(&b->lock);
    return error;
}

/* Who has (w) may wait for page-out. */
void bdev_obj_launder(struct obj *o, uint32_t page)
{
    struct bdev *b = container_of(o, struct bdev, obj);

    if (!mutex_trylock(&b->lock))
        return;
    run_add(b, page);
    run_write(b);
    mutex_unlock(&b->lock);
}

int blockdev_sync(struct file *f)
{
    return f->vnode->ops == &bdev_ops ? bdev_sync(f->data) : -EINVAL;
}

void blockdev_sync_all(void)
{
    struct bdev *b;

    for (unsigned i = 0; i < BDEVS_MAX; i++)
        if ((b = bdev_nth(i)))
            bdev_sync_quietly(b);
}

void bdev_back_init(void)
{
    all.most = MAX(frame_stats().free / STORED_SHARE, DIRTY_MAX);
}

void bdev_write_back_run(void *arg)
{
    (void)arg;
    kthread_stops(); /* an audit finds no page on its way */
    for (;;) {
        uint32_t mask = spin_lock_irq(&all.work.lock);

        if (!all.dirty) {
            (void)!waitq_sleep(&all.work, mask, SLEEP_DEEP, UINT64_MAX);
            continue;
        }
        (void)!waitq_sleep(&all.work, mask, SLEEP_DEEP, clock_ns() + WRITE_BACK_NS);
        __atomic_store_n(&all.dirty, false, __ATOMIC_RELAXED);
        blockdev_sync_all();
    }
}
