/* SPDX-License-Identifier: MIT
 *
 * The block layer on a disk that fails, delays and reorders: the device's thread is stepped by the
 * test, and time is a variable. After every step: requests are runs of neighbours, no more than the
 * disk takes at a time, nobody passes a flush; each transfer ends once, with success only if the
 * disk did it.
 */
#include "testing.h"

#include "block/block_impl.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/kthread.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "mm/slab.h"

#define SECTORS 512u
#define IOS     96u
#define DEPTH   3u
#define CHAIN   5u

enum state { IDLE, SUBMITTED, DONE };

/* A transfer of the test, with the page it is from or to. */
struct transfer {
    struct block_io io;
    enum state state;
    unsigned number; /* of its submission */
    bool reached;    /* the disk has done it */
    unsigned starts;
    uint64_t started_ns;
    uint8_t seen[PAGE_SIZE]; /* what a read must find */
};

static struct {
    struct block_device *d;
    uint64_t now;
    uint8_t bytes[SECTORS * SECTOR_BYTES], model[SECTORS * SECTOR_BYTES];
    bool bad[SECTORS];
    bool silent;  /* ends no request, and does not answer */
    bool whims;   /* fails now and then, for no reason */
    bool by_hand; /* ends none by itself */
    bool reset_fails;
    bool flush_fails;
    unsigned submitted, flushes, resets, starts;
    struct transfer t[IOS];
    struct block_request *work[DEPTH];
    unsigned nwork;
} w;

static _Alignas(4096) uint8_t pages[IOS][PAGE_SIZE];
struct direct_map direct_map;

uint64_t clock_ns(void)
{
    return w.now;
}

void *slab_alloc(struct slab_cache *c)
{
    (void)c;
    return calloc(1, sizeof(struct block_device));
}

void slab_free(struct slab_cache *c, void *p)
{
    (void)c;
    free(p);
}

int kthread_start(void (*entry)(void *arg), void *arg)
{
    (void)entry, (void)arg;
    return 0;
}

void log_printf(const char *f, ...)
{
    (void)f;
}

void preempt_point(void)
{
}

void audit_defer(void)
{
}

void audit_admit(void)
{
}

void panic(const char *f, ...)
{
    (void)f;
    abort();
}

static struct transfer *transfer_of(const struct block_io *io)
{
    return container_of(io, struct transfer, io);
}

static bool overlaps(const struct block_io *a, uint64_t sector, unsigned n)
{
    return a->op != BLOCK_FLUSH && a->sector < sector + n &&
           sector < a->sector + a->bytes / SECTOR_BYTES;
}

static void check_request(const struct block_request *r)
{
    uint64_t at = r->sector;
    unsigned n = 0;

    assert_in_range(w.nwork, 0, DEPTH - 1);
    for (const struct block_io *io = r->first; io; io = io->next, n++) {
        struct transfer *t = transfer_of(io);

        assert_int_equal(io->op, r->op);
        assert_int_equal(t->state, SUBMITTED);
        assert_in_range(++t->starts, 1, BLOCK_TRIES);
        t->started_ns = w.now;
        if (r->op != BLOCK_FLUSH)
            assert_int_equal(io->sector, at);
        at += io->bytes / SECTOR_BYTES;
    }
    assert_int_equal(n, r->ios);
    assert_in_range(n, 1, CHAIN);
    assert_int_equal(r->sector + r->sectors, at);
}

/* Who was submitted before the flush has ended, and who came later has not begun. */
static void check_flush(const struct block_request *r)
{
    unsigned number = transfer_of(r->first)->number;

    assert_int_equal(w.nwork, 0);
    for (unsigned i = 0; i < IOS; i++)
        if (w.t[i].state == SUBMITTED && !w.t[i].reached && w.t[i].starts < BLOCK_TRIES &&
            &w.t[i].io != r->first) {
            assert_true(w.t[i].number > number);
            assert_int_equal(w.t[i].starts, 0);
        }
}

static void disk_start(struct block_device *d, struct block_request *r)
{
    (void)d;
    check_request(r);
    if (r->op == BLOCK_FLUSH)
        check_flush(r);
    for (unsigned i = 0; i < w.nwork; i++)
        assert_true(w.work[i]->op != BLOCK_FLUSH);
    w.work[w.nwork++] = r;
    w.starts++;
}

static bool has_bad_sector(const struct block_request *r)
{
    for (unsigned i = 0; i < r->sectors; i++)
        if (w.bad[r->sector + i])
            return true;
    return false;
}

static void transfer_bytes(const struct block_request *r)
{
    for (struct block_io *io = r->first; io; io = io->next) {
        uint8_t *page = (uint8_t *)pfn_to_virt(io->pfn) + io->offset;
        uint8_t *disk = w.bytes + io->sector * SECTOR_BYTES;

        if (io->op == BLOCK_WRITE)
            memcpy(disk, page, io->bytes);
        else if (io->op == BLOCK_READ)
            memcpy(page, disk, io->bytes);
        transfer_of(io)->reached = true;
    }
}

/* Ends requests by chance, in any order. */
static void disk_poll(struct block_device *d)
{
    while (w.nwork && !w.silent && !w.by_hand && testing_below(3)) {
        unsigned i = testing_below(w.nwork);
        struct block_request *r = w.work[i];
        bool fails = r->op == BLOCK_FLUSH ? w.flush_fails
                                          : has_bad_sector(r) || (w.whims && !testing_below(40));

        w.work[i] = w.work[--w.nwork];
        w.flushes += r->op == BLOCK_FLUSH && !fails;
        if (!fails)
            transfer_bytes(r);
        block_finish(d, r, fails ? -EIO : 0);
    }
}

static int disk_reset(struct block_device *d)
{
    (void)d;
    w.nwork = 0;
    w.resets++;
    return w.reset_fails ? -EIO : 0;
}

static const struct block_ops disk_ops = {
    .start = disk_start, .poll = disk_poll, .reset = disk_reset};

static void transfer_done(struct block_io *io)
{
    struct transfer *t = transfer_of(io);

    assert_int_equal(t->state, SUBMITTED);
    t->state = DONE;
    if (io->error) {
        assert_int_equal(io->error, -EIO);
        return;
    }
    assert_true(t->reached || (io->op == BLOCK_FLUSH && !w.d->info.has_flush));
    if (io->op == BLOCK_WRITE)
        memcpy(w.model + io->sector * SECTOR_BYTES, pages[io->pfn] + io->offset, io->bytes);
    else if (io->op == BLOCK_READ)
        assert_memory_equal(pages[io->pfn] + io->offset, t->seen, io->bytes);
}

static struct transfer *idle_transfer(void)
{
    unsigned first = testing_below(IOS);

    for (unsigned i = 0; i < IOS; i++)
        if (w.t[(first + i) % IOS].state != SUBMITTED)
            return &w.t[(first + i) % IOS];
    return NULL;
}

static bool is_free(uint64_t sector, unsigned n)
{
    for (unsigned i = 0; i < IOS; i++)
        if (w.t[i].state == SUBMITTED && overlaps(&w.t[i].io, sector, n))
            return false;
    return true;
}

/* A transfer that overlaps nobody's, filled in; NULL: no room. */
static struct transfer *prepare(enum block_op op, uint64_t sector, unsigned n, unsigned offset)
{
    struct transfer *t = idle_transfer();

    if (!t || (op != BLOCK_FLUSH && !is_free(sector, n)))
        return NULL;
    *t = (struct transfer){.state = SUBMITTED, .number = w.submitted++};
    t->io = (struct block_io){.dev = w.d,
                              .op = op,
                              .sector = sector,
                              .pfn = (pfn_t)(t - w.t),
                              .offset = (uint16_t)(offset * SECTOR_BYTES),
                              .bytes = (uint16_t)(n * SECTOR_BYTES),
                              .done = transfer_done};
    if (op == BLOCK_READ)
        memcpy(t->seen, w.bytes + sector * SECTOR_BYTES, n * SECTOR_BYTES);
    for (unsigned i = 0; op == BLOCK_WRITE && i < PAGE_SIZE; i++)
        pages[t->io.pfn][i] = (uint8_t)testing_random();
    return t;
}

static void submit_random(void)
{
    enum block_op op = testing_below(30) == 0 ? BLOCK_FLUSH : (enum block_op)testing_below(2);
    unsigned n = 1 + testing_below(8), count = op == BLOCK_FLUSH ? 1 : 1 + testing_below(7);
    uint64_t sector = testing_below(SECTORS);
    struct block_io *first = NULL, **end = &first;

    for (unsigned i = 0; i < count && sector + n <= SECTORS; i++, sector += n) {
        struct transfer *t = prepare(op, sector, n, testing_below(9 - n));

        if (!t)
            break;
        *end = &t->io;
        end = &t->io.next;
    }
    if (first)
        block_submit(first);
}

/* One request ends well, and the next begins. */
static void end_one(uint64_t *until)
{
    struct block_request *r = w.work[0];

    w.nwork = 0;
    transfer_bytes(r);
    block_finish(w.d, r, 0);
    block_round(w.d, until);
}

static bool anybody_waits(void)
{
    for (unsigned i = 0; i < IOS; i++)
        if (w.t[i].state == SUBMITTED)
            return true;
    return false;
}

static void settle(void)
{
    uint64_t until;

    w.by_hand = false;
    for (unsigned i = 0; anybody_waits() && i < 10000; i++) {
        block_round(w.d, &until);
        w.now += i % 100 == 99 ? BLOCK_TIMEOUT_NS : 1000;
    }
    assert_false(anybody_waits());
    assert_null(w.d->waiting.root);
    assert_true(list_empty(&w.d->behind) && list_empty(&w.d->by_age));
    assert_int_equal(w.d->active, 0);
}

static int setup(void **state)
{
    struct block_info info = {.prefix = "vd",
                              .major = 254,
                              .ops = &disk_ops,
                              .sectors = SECTORS,
                              .depth = DEPTH,
                              .chain = CHAIN,
                              .has_flush = true};

    (void)state;
    free(w.d);
    memset(&w, 0, sizeof(w));
    w.now = 1;
    direct_map.offset = (uintptr_t)pages;
    block_table[0] = NULL;
    w.d = block_register(&info);
    assert_non_null(w.d);
    return 0;
}

static void random_transfers(void **state)
{
    unsigned steps = testing_count(60000, 6000000);
    uint64_t until;

    (void)state;
    w.whims = true;
    for (unsigned i = 0; i < steps; i++) {
        if (testing_below(3) == 0)
            submit_random();
        if (testing_below(500) == 0)
            w.bad[testing_below(SECTORS)] ^= true;
        if (testing_below(2000) == 0)
            w.silent = true;
        if (w.resets) {
            w.silent = false;
            w.resets = 0;
        }
        w.now += w.silent ? BLOCK_TIMEOUT_NS / 10 : testing_below(1000);
        block_round(w.d, &until);
        assert_false(w.d->dead);
    }
    w.silent = false;
    settle();
    assert_true(w.flushes > 100);
    assert_true(w.d->stats.of[BLOCK_READ].merged > 100);
    assert_true(w.d->stats.retries > 100);
}

/* The neighbours of a bad sector do not suffer for it, and it is named by one error. */
static void a_bad_sector_hurts_its_own_page_alone(void **state)
{
    struct transfer *t[4];

    (void)state;
    w.bad[21] = true;
    for (unsigned i = 0; i < 4; i++)
        t[i] = prepare(BLOCK_WRITE, 8 * (i + 1), 8, 0);
    for (unsigned i = 0; i < 3; i++)
        t[i]->io.next = &t[i + 1]->io;
    block_submit(&t[0]->io);
    assert_int_equal(w.starts, 1);
    settle();
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(t[i]->io.error, i == 1 ? -EIO : 0);
    assert_int_equal(t[1]->starts, BLOCK_TRIES);
}

static void neighbours_are_one_request_in_the_order_of_sectors(void **state)
{
    struct transfer *t[5];
    uint64_t until;

    (void)state;
    w.silent = true;
    for (unsigned i = 0; i < DEPTH; i++)
        block_submit(&prepare(BLOCK_READ, 400 + 20 * i, 8, 0)->io);
    for (unsigned i = 0; i < 5; i++) { /* backwards */
        t[i] = prepare(BLOCK_READ, 32 - 8 * i, 8, 0);
        block_submit(&t[i]->io);
    }
    assert_int_equal(w.starts, DEPTH);
    w.silent = false;
    while (w.starts == DEPTH)
        block_round(w.d, &until);
    assert_int_equal(w.d->stats.of[BLOCK_READ].merged, 0);
    settle();
    assert_int_equal(w.starts, DEPTH + 1);
    assert_int_equal(w.d->stats.of[BLOCK_READ].merged, 4);
}

/* Sectors of single transfers, in the order in which the disk was given them. */
static void the_arm_moves_upwards_and_starts_again(void **state)
{
    static const unsigned come[] = {300, 50, 200, 350, 100}, go[] = {300, 350, 50, 100, 200};
    uint64_t until;

    (void)state;
    w.d->info.depth = 1;
    w.by_hand = true;
    block_submit(&prepare(BLOCK_READ, 250, 8, 0)->io);
    for (unsigned i = 0; i < ARRAY_SIZE(come); i++)
        block_submit(&prepare(BLOCK_READ, come[i], 8, 0)->io);
    for (unsigned i = 0; i < ARRAY_SIZE(go); i++) {
        end_one(&until);
        assert_int_equal(w.work[0]->sector, go[i]);
    }
    settle();
}

/* Others keep coming in front of it: there are always some between the arm and the end. */
static void nobody_waits_for_ever(void **state)
{
    struct transfer *low;
    uint64_t until;

    (void)state;
    w.d->info.depth = 1;
    w.by_hand = true;
    block_submit(&prepare(BLOCK_READ, 100, 8, 0)->io);
    low = prepare(BLOCK_READ, 0, 8, 0);
    block_submit(&low->io);
    for (unsigned i = 0; low->starts == 0 && i < 2000; i++) {
        if (w.d->head > 300)
            w.d->head = 100; /* a disk without an end */
        for (uint64_t sector = w.d->head + 16; sector < w.d->head + 80; sector += 16)
            if (is_free(sector, 8))
                block_submit(&prepare(BLOCK_READ, sector, 8, 0)->io);
        w.now += NSEC_PER_MSEC;
        end_one(&until);
    }
    assert_in_range(low->started_ns, BLOCK_AGE_NS, BLOCK_AGE_NS + 10 * NSEC_PER_MSEC);
    settle();
}

static void a_silent_disk_is_given_up(void **state)
{
    struct transfer *t = prepare(BLOCK_READ, 8, 8, 0), *f;
    uint64_t until, before = w.now;

    (void)state;
    w.silent = true;
    block_submit(&t->io);
    while (!w.d->dead) {
        block_round(w.d, &until);
        if (t->state == DONE) {
            assert_int_equal(t->io.error, -EIO);
            t = prepare(BLOCK_READ, 8, 8, 0);
            block_submit(&t->io);
        }
        w.now += BLOCK_TIMEOUT_NS / 4;
        assert_true(w.now - before < 10 * BLOCK_TIMEOUT_NS);
    }
    assert_int_equal(w.resets, BLOCK_RESETS + 1);
    t = prepare(BLOCK_WRITE, 100, 8, 0);
    f = prepare(BLOCK_FLUSH, 0, 0, 0);
    block_submit(&t->io);
    block_submit(&f->io);
    block_round(w.d, &until);
    assert_true(t->state == DONE && t->io.error == -EIO);
    assert_true(f->state == DONE && f->io.error == -EIO);
    settle();
}

static void a_disk_that_can_not_be_reset_is_given_up(void **state)
{
    struct transfer *t = prepare(BLOCK_READ, 8, 8, 0);
    uint64_t until;

    (void)state;
    w.silent = w.reset_fails = true;
    block_submit(&t->io);
    w.now += BLOCK_TIMEOUT_NS;
    block_round(w.d, &until);
    assert_true(w.d->dead);
    assert_true(t->state == DONE && t->io.error == -EIO);
}

static void fails(uint64_t sector, unsigned offset, unsigned bytes, enum block_op op)
{
    struct transfer *t = prepare(BLOCK_FLUSH, 0, 0, 0);
    uint64_t until;

    t->io.op = op;
    t->io.sector = sector;
    t->io.offset = (uint16_t)offset;
    t->io.bytes = (uint16_t)bytes;
    block_submit(&t->io);
    block_round(w.d, &until);
    assert_true(t->state == DONE && t->io.error == -EIO);
    assert_int_equal(w.starts, 0);
}

static void impossible_transfers_are_refused(void **state)
{
    (void)state;
    fails(SECTORS, 0, 512, BLOCK_READ);
    fails(SECTORS - 1, 0, 1024, BLOCK_READ);
    fails(UINT64_MAX, 0, 512, BLOCK_READ);
    fails(0, 0, 0, BLOCK_READ);
    fails(0, 0, 100, BLOCK_READ);
    fails(0, 100, 512, BLOCK_READ);
    fails(0, 3584, 1024, BLOCK_WRITE);
    w.d->info.read_only = true;
    fails(0, 0, 512, BLOCK_WRITE);
}

/* Without a cache of its own a disk is never asked to flush it. */
static void a_flush_without_a_cache_is_an_order_alone(void **state)
{
    struct transfer *t = prepare(BLOCK_WRITE, 8, 8, 0), *f = prepare(BLOCK_FLUSH, 0, 0, 0);

    (void)state;
    w.d->info.has_flush = false;
    w.silent = true;
    block_submit(&t->io);
    block_submit(&f->io);
    assert_int_equal(f->state, SUBMITTED);
    w.silent = false;
    settle();
    assert_true(f->state == DONE && !f->io.error && w.flushes == 0);
}

static void a_flush_that_fails_is_told(void **state)
{
    struct transfer *f = prepare(BLOCK_FLUSH, 0, 0, 0), *t;

    (void)state;
    w.flush_fails = true;
    block_submit(&f->io);
    t = prepare(BLOCK_WRITE, 8, 8, 0);
    block_submit(&t->io);
    settle();
    assert_int_equal(f->io.error, -EIO);
    assert_int_equal(f->starts, BLOCK_TRIES);
    assert_int_equal(t->io.error, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {
        TEST(random_transfers),
        TEST(a_bad_sector_hurts_its_own_page_alone),
        TEST(neighbours_are_one_request_in_the_order_of_sectors),
        TEST(the_arm_moves_upwards_and_starts_again),
        TEST(nobody_waits_for_ever),
        TEST(a_silent_disk_is_given_up),
        TEST(a_disk_that_can_not_be_reset_is_given_up),
        TEST(impossible_transfers_are_refused),
        TEST(a_flush_without_a_cache_is_an_order_alone),
        TEST(a_flush_that_fails_is_told),
    };

    testing_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
