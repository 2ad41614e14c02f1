/* SPDX-License-Identifier: MIT
 *
 * The bytes of a pipe: a ring of pages, filled and emptied by one copy each. Pages come when the
 * first byte of theirs does and go when the last one went.
 * All pipes together hold at most an eighth of memory beyond the first page of each: at that limit
 * a pipe that is not empty is full.
 * Invariants and locks: pipe_impl.h. The pool's count is atomic.
 */
#include "fs/pipe_impl.h"
#include "include/uapi/errno.h"
#include "mm/frame.h"
#include "mm/pageout.h"
#include "mm/slab.h"

#define POOL_PART 8u /* all pipes' part of memory */

static struct {
    uint32_t held; /* atomic: pages of all pipes */
    uint32_t most; /* atomic: 0 before the first pipe */
} pool;

/* What memlimit= has taken away is no part of memory. */
static uint32_t pool_most(void)
{
    uint32_t most = __atomic_load_n(&pool.most, __ATOMIC_RELAXED);

    if (unlikely(!most)) {
        struct frame_stats s = frame_stats();

        most = MAX((s.total - s.reserved) / POOL_PART, 1u);
        __atomic_store_n(&pool.most, most, __ATOMIC_RELAXED);
    }
    return most;
}

uint32_t pipe_frames(uint32_t *most)
{
    *most = pool_most();
    return __atomic_load_n(&pool.held, __ATOMIC_RELAXED);
}

static bool pool_has_room(void)
{
    return __atomic_load_n(&pool.held, __ATOMIC_RELAXED) < pool_most();
}

static void pool_count(struct pipe *p, int delta)
{
    __atomic_store_n(&p->held, p->held + (uint32_t)delta, __ATOMIC_RELAXED);
    __atomic_fetch_add(&pool.held, (uint32_t)delta, __ATOMIC_RELAXED);
}

int pipe_init(struct pipe *p)
{
    p->npages = PIPE_BYTES / PAGE_SIZE;
    p->page = kmalloc(p->npages * sizeof(*p->page));
    if (!p->page)
        return -ENOMEM;
    mutex_init(&p->lock);
    lock_classify(&p->lock, LOCK_FILE);
    event_init(&p->data, POLL_READ);
    event_init(&p->space, POLL_WRITE);
    p->held = p->head = p->tail = 0;
    p->readers = p->writers = p->read_opens = p->write_opens = 0;
    return 0;
}

static void **slot_of(const struct pipe *p, uint32_t pos)
{
    return &p->page[(pos >> PAGE_SHIFT) & (p->npages - 1)];
}

/* Pages that have bytes. */
static uint32_t span(const struct pipe *p)
{
    if (p->head == p->tail)
        return 0;
    return ((p->head - 1) >> PAGE_SHIFT) - (p->tail >> PAGE_SHIFT) + 1;
}

/* Bytes that fit; page by page, since a page that has any is a reader's. */
static uint32_t room(const struct pipe *p)
{
    return p->npages * PAGE_SIZE - (p->head - (p->tail & ~PAGE_MASK));
}

static void slot_free(struct pipe *p, void **slot)
{
    if (!*slot)
        return;
    frame_free(virt_to_pfn(*slot));
    *slot = NULL;
    pool_count(p, -1);
}

/* Frees the pages without bytes but one. */
static void trim(struct pipe *p)
{
    uint32_t first = p->tail >> PAGE_SHIFT, used = MAX(span(p), 1u);

    for (uint32_t i = used; i < p->npages; i++)
        slot_free(p, slot_of(p, (first + i) << PAGE_SHIFT));
}

void pipe_drop(struct pipe *p)
{
    p->head = p->tail = 0;
    for (uint32_t i = 0; p->held && i < p->npages; i++)
        slot_free(p, &p->page[i]);
}

void pipe_destroy(struct pipe *p)
{
    pipe_drop(p);
    kfree(p->page);
}

/* Pages go into the slots of a table of another size. p->lock held. */
static void move_pages(struct pipe *p, void **table, uint32_t npages)
{
    uint32_t first = p->tail >> PAGE_SHIFT, used = span(p);

    for (uint32_t i = 0; i < used; i++) {
        void **slot = slot_of(p, (first + i) << PAGE_SHIFT);

        table[(first + i) & (npages - 1)] = *slot;
        *slot = NULL;
    }
    for (uint32_t i = 0; i < p->npages; i++)
        slot_free(p, &p->page[i]);
}

int pipe_resize(struct pipe *p, uint32_t npages)
{
    void **table = kmalloc(npages * sizeof(*table));
    int error = -EBUSY;

    if (!table)
        return -ENOMEM;
    mutex_lock(&p->lock);
    if (span(p) <= npages) {
        void **old = p->page;

        move_pages(p, table, npages);
        p->page = table;
        p->npages = npages;
        table = old;
        error = (int)(npages * PAGE_SIZE);
        event_raise(&p->space);
    }
    mutex_unlock(&p->lock);
    kfree(table);
    return error;
}

uint32_t pipe_filled(struct pipe *p)
{
    uint32_t n;

    mutex_lock(&p->lock);
    n = p->head - p->tail;
    mutex_unlock(&p->lock);
    return n;
}

uint32_t pipe_held(const struct pipe *p)
{
    return __atomic_load_n(&p->held, __ATOMIC_RELAXED);
}

/* Waits for bytes: 1; 0: there will be none, or a socket was told that it does not read any more.
 * -EAGAIN, -EINTR. */
static int wait_data(struct pipe *p, bool nonblock)
{
    while (p->head == p->tail) {
        int error = -EAGAIN;

        if (!p->writers || !p->readers)
            return 0;
        if (!nonblock)
            error = event_sleep(&p->data, &p->lock);
        if (error)
            return error;
    }
    return 1;
}

/* Copies out what there is, up to len bytes. */
static int take(struct pipe *p, vaddr_t ubuf, size_t len)
{
    size_t done = 0;

    while (done < len && p->tail != p->head) {
        size_t offset = p->tail & PAGE_MASK;
        size_t n = MIN(MIN(len - done, p->head - p->tail), PAGE_SIZE - offset);
        size_t copied = file_copy_out(ubuf + done, (char *)*slot_of(p, p->tail) + offset, n);

        p->tail += (uint32_t)copied;
        done += copied;
        if (copied < n)
            return done ? (int)done : -EFAULT;
        preempt_point();
    }
    return (int)done;
}

/* Bytes went. Writers are woken when as much fits as stays together, not for each byte. */
static void took(struct pipe *p)
{
    bool wanted = p->space.asleep;

    if (p->head == p->tail)
        p->head = p->tail = (p->tail - 1) & ~PAGE_MASK;
    if (p->held > span(p) + 1 && !wanted)
        trim(p);
    if (room(p) >= PIPE_BUF)
        event_raise(&p->space);
}

int pipe_read(struct pipe *p, vaddr_t ubuf, size_t len, bool nonblock)
{
    int n;

    if (len == 0)
        return 0;
    mutex_lock(&p->lock);
    n = wait_data(p, nonblock);
    if (n > 0) {
        n = take(p, ubuf, len);
        if (n > 0)
            took(p);
    }
    mutex_unlock(&p->lock);
    return n;
}

/* Pages for the next n bytes, which fit. -EAGAIN: the pool is empty and the pipe is not; -ENOMEM.
 */
static int provide(struct pipe *p, size_t n)
{
    uint32_t first = p->head >> PAGE_SHIFT, last = (p->head + (uint32_t)n - 1) >> PAGE_SHIFT;

    for (uint32_t i = first; i <= last; i++) {
        void **slot = slot_of(p, i << PAGE_SHIFT);
        pfn_t pfn;

        if (likely(*slot))
            continue;
        if (p->held && !pool_has_room())
            return -EAGAIN;
        pfn = pageout_frame();
        if (pfn == NO_PFN)
            return -ENOMEM;
        *slot = pfn_to_virt(pfn);
        pool_count(p, 1);
    }
    return 0;
}

/* As much as fits without a wait: bytes, -EAGAIN, -EFAULT, -ENOMEM. whole: all or nothing. */
static int put(struct pipe *p, vaddr_t ubuf, size_t len, bool whole)
{
    uint32_t head = p->head;
    size_t done = 0;
    int error = 0;

    len = MIN(len, room(p));
    if (whole)
        error = provide(p, len);
    while (!error && done < len) {
        size_t offset = p->head & PAGE_MASK;
        size_t n = MIN(len - done, PAGE_SIZE - offset), copied;

        error = provide(p, n);
        if (error)
            break;
        copied = file_copy_in((char *)*slot_of(p, p->head) + offset, ubuf + done, n);
        p->head += (uint32_t)copied;
        done += copied;
        if (copied < n)
            error = -EFAULT;
        preempt_point();
    }
    if (error && whole) {
        p->head = head;
        done = 0;
    }
    return done ? (int)done : error;
}

/* Waits until need bytes fit and somebody can read them. -EPIPE, -EAGAIN, -EINTR. */
static int wait_room(struct pipe *p, size_t need, bool nonblock)
{
    while (p->readers && room(p) < need) {
        int error = nonblock ? -EAGAIN : event_sleep(&p->space, &p->lock);

        if (error)
            return error;
    }
    return p->readers ? 0 : -EPIPE;
}

/* The pool is empty: the pipe is as good as full until its reader has emptied it. */
static int wait_pool(struct pipe *p, bool nonblock)
{
    if (p->head == p->tail || nonblock)
        return -EAGAIN;
    return event_sleep(&p->space, &p->lock);
}

int pipe_write(struct pipe *p, vaddr_t ubuf, size_t len, bool nonblock, bool *broken)
{
    bool whole = len <= PIPE_BUF;
    size_t done = 0;
    int n = 0;

    if (len == 0)
        return 0;
    mutex_lock(&p->lock);
    while (done < len) {
        n = wait_room(p, whole ? len : 1, nonblock);
        if (n)
            break;
        n = put(p, ubuf + done, len - done, whole);
        if (n > 0) {
            done += (size_t)n;
            event_raise(&p->data);
        } else if (n == -EAGAIN) {
            n = wait_pool(p, nonblock);
        }
        if (n < 0)
            break;
    }
    *broken = n == -EPIPE;
    mutex_unlock(&p->lock);
    return done ? (int)done : n;
}

void pipe_open_end(struct pipe *p, bool writer)
{
    mutex_lock(&p->lock);
    if (writer) {
        p->writers++;
        p->write_opens++;
        event_raise(&p->data);
    } else {
        p->readers++;
        p->read_opens++;
        event_raise(&p->space);
    }
    mutex_unlock(&p->lock);
}

void pipe_close_end(struct pipe *p, bool writer)
{
    mutex_lock(&p->lock);
    if (writer && --p->writers == 0) {
        trim(p);
        event_end(&p->data);
    }
    if (!writer && --p->readers == 0) {
        event_end(&p->space);
        event_end(&p->data);
    }
    if (!p->readers && !p->writers)
        pipe_drop(p);
    mutex_unlock(&p->lock);
}

uint32_t pipe_poll_read(struct pipe *p, struct poll_wait *w, struct file *f)
{
    uint32_t events = 0;

    poll_add(w, &p->data.pollers, f);
    mutex_lock(&p->lock);
    if (p->head != p->tail)
        events |= POLL_READ;
    if (!p->writers)
        events |= POLLHUP;
    mutex_unlock(&p->lock);
    return events;
}

uint32_t pipe_poll_write(struct pipe *p, struct poll_wait *w, struct file *f)
{
    uint32_t events = 0;

    poll_add(w, &p->space.pollers, f);
    mutex_lock(&p->lock);
    if (room(p) >= PIPE_BUF && (p->head == p->tail || pool_has_room()))
        events |= POLL_WRITE;
    if (!p->readers)
        events |= POLLERR;
    mutex_unlock(&p->lock);
    return events;
}
