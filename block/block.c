/* SPDX-License-Identifier: MIT
 *
 * Disks: their registration, and the thread that each has. Interrupts and whoever submits only wake
 * it or start requests; it alone takes answers from the driver, watches the time, and calls who
 * waits, with nothing locked.
 * Locks: (q); the table of disks is written at boot alone.
 */
#include <string.h>

#include "block/block_impl.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/kthread.h"
#include "kern/log.h"
#include "lib/fmt.h"
#include "mm/slab.h"

static struct slab_cache device_cache = SLAB_CACHE("blockdev", sizeof(struct block_device));
struct block_device *block_table[BLOCK_DEVICES];

static const char *const op_names[] = {"read", "write", "flush"};

struct block_device *block_disk(unsigned i)
{
    return i < BLOCK_DEVICES ? block_table[i] : NULL;
}

const char *block_name(const struct block_device *d)
{
    return d->name;
}

const struct block_info *block_info(const struct block_device *d)
{
    return &d->info;
}

void *block_data(const struct block_device *d)
{
    return d->info.data;
}

struct block_request *block_request(struct block_device *d, unsigned n)
{
    return &d->request[n];
}

/* At most one message a second; it says how many there were since the last. */
static void log_error(struct block_device *d, const struct block_io *io)
{
    uint64_t now = clock_ns();

    if (d->logged_ns && now - d->logged_ns < NSEC_PER_SEC) {
        d->unlogged++;
        return;
    }
    d->logged_ns = now;
    if (io->op == BLOCK_FLUSH)
        log_printf("%s: flush failed", d->name);
    else
        log_printf("%s: %s of sectors %llu-%llu failed", d->name, op_names[io->op],
                   (unsigned long long)io->sector,
                   (unsigned long long)io->sector + io->bytes / SECTOR_BYTES - 1);
    log_printf(d->unlogged ? " (and %u more)\n" : "\n", d->unlogged);
    d->unlogged = 0;
}

/* Calls done for what has ended. True: there was something. */
static bool call_done(struct block_device *d)
{
    bool any = false;

    for (;;) {
        uint32_t mask = spin_lock_irq(&d->work.lock);
        struct list_link *l = list_pop_front(&d->ended);
        struct block_io *io = l ? container_of(l, struct block_io, by_age) : NULL;

        spin_unlock_irq(&d->work.lock, mask);
        if (!io)
            return any;
        any = true;
        if (io->error)
            log_error(d, io);
        io->done(io);
        preempt_point();
    }
}

/* The first deadline of the requests at work, UINT64_MAX if there is none. */
static uint64_t first_deadline(const struct block_device *d)
{
    uint64_t first = UINT64_MAX;

    for (unsigned i = 0; i < d->info.depth; i++)
        if (d->request[i].active)
            first = MIN(first, d->request[i].deadline_ns);
    return first;
}

/* The device does not answer: it is reset, and what it had is tried again. What to say of it, or
 * NULL. (q). */
static const char *overdue(struct block_device *d)
{
    int error;

    if (first_deadline(d) > clock_ns())
        return NULL;
    d->stats.resets++;
    error = d->info.ops->reset(d);
    d->dead = error || ++d->resets > BLOCK_RESETS;
    block_give_up(d);
    return d->dead ? "does not answer, and is given up" : "does not answer: reset";
}

bool block_round(struct block_device *d, uint64_t *until_ns)
{
    uint32_t mask = spin_lock_irq(&d->work.lock);
    const char *trouble;
    bool any = d->poked;

    d->poked = false;
    d->info.ops->poll(d);
    trouble = overdue(d);
    block_dispatch(d);
    *until_ns = first_deadline(d);
    spin_unlock_irq(&d->work.lock, mask);
    if (trouble)
        log_printf("%s: %s\n", d->name, trouble);
    return call_done(d) || any || trouble;
}

static void worker(void *arg)
{
    struct block_device *d = arg;

    for (;;) {
        uint64_t until_ns;
        uint32_t mask;

        if (block_round(d, &until_ns)) {
            preempt_point();
            continue;
        }
        mask = spin_lock_irq(&d->work.lock);
        if (d->poked || !list_empty(&d->ended) || first_deadline(d) != until_ns)
            spin_unlock_irq(&d->work.lock, mask);
        else
            (void)!waitq_sleep(&d->work, mask, SLEEP_DEEP, until_ns);
    }
}

void block_poke(struct block_device *d)
{
    d->poked = true;
    waitq_wake_locked(&d->work, 1);
}

void block_interrupt(struct block_device *d)
{
    uint32_t mask = spin_lock_irq(&d->work.lock);

    block_poke(d);
    spin_unlock_irq(&d->work.lock, mask);
}

static bool is_possible(const struct block_device *d, const struct block_io *io)
{
    uint32_t n = io->bytes / SECTOR_BYTES;

    if (io->op == BLOCK_FLUSH)
        return true;
    return io->bytes && !((io->bytes | io->offset) % SECTOR_BYTES) &&
           io->offset + io->bytes <= PAGE_SIZE && io->sector < d->info.sectors &&
           n <= d->info.sectors - io->sector && !(io->op == BLOCK_WRITE && d->info.read_only);
}

/* Each by itself: what is not possible fails. */
static void enqueue_all(struct block_device *d, struct block_io *first)
{
    for (struct block_io *io = first, *next; io; io = next) {
        next = io->next;
        if (is_possible(d, io))
            block_enqueue(d, io);
        else
            block_end(d, io, -EIO);
    }
}

void block_submit(struct block_io *first)
{
    struct block_device *d = first->dev;
    uint32_t mask = spin_lock_irq(&d->work.lock);
    uint64_t now = clock_ns();
    bool possible = true;

    for (struct block_io *io = first; io; io = io->next) {
        io->since_ns = now;
        io->tries = 0;
        possible &= is_possible(d, io);
    }
    if (!possible || !block_start_chain(d, first))
        enqueue_all(d, first);
    block_dispatch(d);
    waitq_wake_locked(&d->work, 1); /* there is a new deadline, or something has ended */
    spin_unlock_irq(&d->work.lock, mask);
}

struct waiter {
    struct waitq wait;
    unsigned left; /* wait.lock: transfers that have not ended */
    int error;     /* wait.lock: the first */
};

static void waiter_done(struct block_io *io)
{
    struct waiter *w = io->arg;
    uint32_t mask = spin_lock_irq(&w->wait.lock);

    if (!w->error)
        w->error = io->error;
    if (--w->left == 0)
        waitq_wake_locked(&w->wait, 1);
    spin_unlock_irq(&w->wait.lock, mask);
}

int block_wait(struct block_io *first)
{
    struct waiter w = {.left = 0};
    uint32_t mask;

    waitq_init(&w.wait);
    for (struct block_io *io = first; io; io = io->next) {
        io->done = waiter_done;
        io->arg = &w;
        w.left++;
    }
    audit_defer(); /* what the transfers are for may be a page that others want */
    block_submit(first);
    mask = spin_lock_irq(&w.wait.lock);
    while (w.left) {
        (void)!waitq_sleep(&w.wait, mask, SLEEP_DEEP, UINT64_MAX);
        mask = spin_lock_irq(&w.wait.lock);
    }
    spin_unlock_irq(&w.wait.lock, mask);
    audit_admit();
    return w.error;
}

/* "vda" or "ram0": the n-th of its prefix. */
static void name_disk(struct block_device *d)
{
    unsigned n = 0;

    for (unsigned i = 0; i < BLOCK_DEVICES && block_table[i]; i++)
        n += strcmp(block_table[i]->info.prefix, d->info.prefix) == 0;
    if (d->info.by_number)
        fmt_snprint(d->name, sizeof(d->name), "%s%u", d->info.prefix, n);
    else
        fmt_snprint(d->name, sizeof(d->name), "%s%c", d->info.prefix, 'a' + n);
}

struct block_device *block_register(const struct block_info *info)
{
    struct block_device *d;
    unsigned i = 0;

    while (i < BLOCK_DEVICES && block_table[i])
        i++;
    if (i == BLOCK_DEVICES || info->depth < 1 || info->depth > BLOCK_DEPTH_MAX || info->chain < 1 ||
        info->chain > BLOCK_CHAIN_MAX || info->sectors == 0)
        return NULL;
    d = slab_alloc(&device_cache);
    if (!d)
        return NULL;
    memset(d, 0, sizeof(*d));
    d->info = *info;
    waitq_init(&d->work);
    tree_init(&d->waiting);
    list_init(&d->by_age);
    list_init(&d->behind);
    list_init(&d->ended);
    for (unsigned n = 0; n < BLOCK_DEPTH_MAX; n++)
        d->request[n].n = n;
    name_disk(d);
    if (kthread_start(worker, d)) {
        slab_free(&device_cache, d);
        return NULL;
    }
    block_table[i] = d;
    log_printf("%s: %llu KiB%s\n", d->name, (unsigned long long)info->sectors / 2,
               info->read_only ? ", read-only" : "");
    return d;
}

struct block_stats block_stats(struct block_device *d)
{
    uint32_t mask = spin_lock_irq(&d->work.lock);
    struct block_stats s = d->stats;

    s.inflight = d->active;
    if (d->active)
        s.busy_ns += clock_ns() - d->busy_since_ns;
    spin_unlock_irq(&d->work.lock, mask);
    return s;
}
