/* SPDX-License-Identifier: MIT
 *
 * The queue of a device: which of the transfers that wait becomes the next request. The arm of a
 * disk, as it were, moves upwards over the sectors and starts again at the lowest; who has waited
 * too long goes first. What failed in company is tried again alone, so that a bad sector hurts
 * nobody but its own page.
 * Locks: (q), held by the callers.
 * Source: disksort() of 4.3BSD; C-SCAN.
 */
#include <string.h>

#include "block/block_impl.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"

static struct block_io *io_of(struct tree_link *l)
{
    return l ? container_of(l, struct block_io, by_sector) : NULL;
}

static uint32_t sectors_of(const struct block_io *io)
{
    return io->bytes / SECTOR_BYTES;
}

static void waiting_insert(struct block_device *d, struct block_io *io)
{
    struct tree_link *l = d->waiting.root, *parent = NULL;
    int side = 0;

    while (l) {
        parent = l;
        side = io->sector >= io_of(l)->sector;
        l = l->child[side];
    }
    tree_insert(&d->waiting, &io->by_sector, parent, side, NULL);
    list_push_back(&d->by_age, &io->by_age);
}

static void waiting_remove(struct block_device *d, struct block_io *io)
{
    tree_remove(&d->waiting, &io->by_sector, NULL);
    list_remove(&io->by_age);
}

void block_enqueue(struct block_device *d, struct block_io *io)
{
    if (d->flush)
        list_push_back(&d->behind, &io->by_age);
    else if (io->op == BLOCK_FLUSH)
        d->flush = io;
    else
        waiting_insert(d, io);
}

/* Once more: the flush that waits for it, if there is one, came later. */
static void enqueue_again(struct block_device *d, struct block_io *io)
{
    d->stats.retries++;
    if (io->op != BLOCK_FLUSH)
        waiting_insert(d, io);
}

void block_end(struct block_device *d, struct block_io *io, int error)
{
    uint64_t waited = clock_ns() - io->since_ns;

    io->error = error;
    d->stats.errors += error != 0;
    if (io->op == BLOCK_FLUSH) {
        d->stats.flushes++;
        d->stats.flush_ns += waited;
        d->flush = NULL;
        while (!d->flush && !list_empty(&d->behind))
            block_enqueue(d, container_of(list_pop_front(&d->behind), struct block_io, by_age));
    } else {
        d->stats.of[io->op].wait_ns += waited;
    }
    list_push_back(&d->ended, &io->by_age);
}

/* The next in order, or who waits for too long; NULL: nobody waits. */
static struct block_io *choose(const struct block_device *d)
{
    struct tree_link *l = d->waiting.root, *best = NULL;
    struct block_io *oldest;

    if (!l)
        return NULL;
    oldest = container_of(list_first(&d->by_age), struct block_io, by_age);
    if (clock_ns() - oldest->since_ns > BLOCK_AGE_NS)
        return oldest;
    while (l) {
        bool low = io_of(l)->sector < d->head;

        if (!low)
            best = l;
        l = l->child[low];
    }
    return best ? io_of(best) : io_of(tree_first(&d->waiting));
}

/* b can be done in one request with a, which it follows. */
static bool follows(const struct block_io *a, const struct block_io *b)
{
    return b && b->op == a->op && b->sector == a->sector + sectors_of(a) && !a->tries && !b->tries;
}

static void request_init(struct block_request *r, struct block_io *first)
{
    *r =
        (struct block_request){.n = r->n, .op = first->op, .sector = first->sector, .first = first};
}

/* Takes io and those that follow it out of the queue: they are the request. */
static void fill_request(struct block_device *d, struct block_request *r, struct block_io *io)
{
    request_init(r, io);
    for (;;) {
        struct block_io *next = io->op == BLOCK_FLUSH ? NULL : io_of(tree_next(&io->by_sector));

        if (io->op != BLOCK_FLUSH)
            waiting_remove(d, io);
        r->ios++;
        r->sectors += sectors_of(io);
        io->next = NULL;
        if (r->ios == d->info.chain || !follows(io, next))
            break;
        io->next = next;
        io = next;
    }
}

static struct block_request *free_request(struct block_device *d)
{
    for (unsigned i = 0; i < d->info.depth; i++)
        if (!d->request[i].active)
            return &d->request[i];
    return NULL;
}

static void start_request(struct block_device *d, struct block_request *r)
{
    uint64_t now = clock_ns();

    r->active = true;
    r->deadline_ns = now + BLOCK_TIMEOUT_NS;
    d->head = r->sector + r->sectors;
    if (d->active++ == 0)
        d->busy_since_ns = now;
    d->info.ops->start(d, r);
}

static void start(struct block_device *d, struct block_io *io)
{
    struct block_request *r = free_request(d);

    fill_request(d, r, io);
    start_request(d, r);
}

bool block_start_chain(struct block_device *d, struct block_io *first)
{
    unsigned ios = 0;
    uint32_t sectors = 0;
    struct block_request *r;

    if (d->waiting.root || d->flush || d->dead || d->active == d->info.depth ||
        first->op == BLOCK_FLUSH)
        return false;
    for (struct block_io *io = first; io; io = io->next) {
        if (++ios > d->info.chain || (io->next && !follows(io, io->next)))
            return false;
        sectors += sectors_of(io);
    }
    r = free_request(d);
    request_init(r, first);
    r->ios = ios;
    r->sectors = sectors;
    start_request(d, r);
    return true;
}

/* The flush, once all before it have ended; a device without a cache has nothing to do for it. */
static void dispatch_flush(struct block_device *d)
{
    while (d->flush && !d->active && !d->waiting.root) {
        if (d->info.has_flush && !d->dead)
            start(d, d->flush);
        else
            block_end(d, d->flush, d->dead ? -EIO : 0);
    }
}

void block_dispatch(struct block_device *d)
{
    dispatch_flush(d);
    while (d->waiting.root && (d->dead || d->active < d->info.depth)) {
        struct block_io *io = choose(d);

        if (d->dead) {
            waiting_remove(d, io);
            block_end(d, io, -EIO);
        } else {
            start(d, io);
        }
        dispatch_flush(d);
    }
}

/* The request's memory is free for another; its transfers end, or are tried again. */
static void request_done(struct block_device *d, struct block_request *r, int error)
{
    struct block_io *io = r->first, *next;

    r->active = false;
    r->first = NULL;
    if (--d->active == 0)
        d->stats.busy_ns += clock_ns() - d->busy_since_ns;
    if (!error && r->op != BLOCK_FLUSH) {
        d->stats.of[r->op].requests++;
        d->stats.of[r->op].merged += r->ios - 1;
        d->stats.of[r->op].sectors += r->sectors;
    }
    for (; io; io = next) {
        next = io->next;
        if (error && ++io->tries < BLOCK_TRIES && !d->dead)
            enqueue_again(d, io);
        else
            block_end(d, io, error);
    }
}

void block_finish(struct block_device *d, struct block_request *r, int error)
{
    if (!r->active)
        return;
    d->resets = 0;
    request_done(d, r, error);
}

void block_give_up(struct block_device *d)
{
    for (unsigned i = 0; i < d->info.depth; i++)
        if (d->request[i].active)
            request_done(d, &d->request[i], -EIO);
}
