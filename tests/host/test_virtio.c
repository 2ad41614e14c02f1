/* SPDX-License-Identifier: MIT
 *
 * The driver of virtio disks, between a fake device and a block layer of this file's: what the
 * device has done has ended well and nothing else has, each request ends once, and whatever the
 * device says, no memory is touched that is not a request's, and a reset brings it all back.
 */
#include "tests/host/testing.h"

#include "drivers/virtio/virtio_blk.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/device.h"
#include "kern/irq.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "tests/host/fake_virtio.h"

#define REGION (FAKE_SECTORS / BLOCK_DEPTH_MAX) /* sectors of each request: they do not overlap */
#define IRQ    48

static struct {
    struct virtio_blk blk;
    struct block_info info;
    struct block_request request[BLOCK_DEPTH_MAX];
    struct block_io io[BLOCK_DEPTH_MAX][BLOCK_CHAIN_MAX];
    bool registered, wanted, polling, starting, restart, no_room, no_irq;
    irq_handler *handler;
    void *handler_arg;
    uint64_t now;
    unsigned logged, good, failed;
    /* Of the device, before the driver looks. */
    bool broken, lied[256], done[256];
} world;

static void request_start(unsigned n, enum block_op op);

/* The kernel's side. */

uint64_t clock_ns(void)
{
    assert_false(world.starting);
    world.now += 100000;
    return world.now;
}

void log_printf(const char *format, ...)
{
    (void)format;
    assert_false(world.starting);
    world.logged++;
}

void panic(const char *format, ...)
{
    fail_msg("panic: %s", format);
    abort();
}

int irq_of_node(const struct fdt *fdt, int node, unsigned index)
{
    (void)fdt;
    (void)node;
    assert_int_equal(index, 0);
    return IRQ;
}

int irq_request(int irq, irq_handler *handler, void *arg, const char *name)
{
    (void)name;
    assert_int_equal(irq, IRQ);
    if (world.no_irq)
        return -EBUSY;
    world.handler = handler;
    world.handler_arg = arg;
    return 0;
}

/* The block layer. */

static struct block_device *const device = (void *)&world;

struct block_device *block_register(const struct block_info *info)
{
    assert_true(info->depth >= 1 && info->depth <= BLOCK_DEPTH_MAX);
    assert_true(info->chain >= 1 && info->chain <= BLOCK_CHAIN_MAX);
    if (world.no_room)
        return NULL;
    world.info = *info;
    world.registered = true;
    return device;
}

void block_interrupt(struct block_device *d)
{
    assert_ptr_equal(d, device);
    world.wanted = true;
}

struct block_request *block_request(struct block_device *d, unsigned n)
{
    assert_ptr_equal(d, device);
    assert_true(n < world.info.depth);
    return &world.request[n];
}

void *block_data(const struct block_device *d)
{
    assert_ptr_equal(d, device);
    return world.info.data;
}

static uint8_t *page_of_io(const struct block_io *io)
{
    return fake_ram + (((uint64_t)io->pfn << PAGE_SHIFT) - FAKE_PHYS);
}

static void request_hide(struct block_request *r)
{
    r->active = false;
    for (struct block_io *io = r->op == BLOCK_FLUSH ? NULL : r->first; io; io = io->next)
        fake.access[((uint64_t)io->pfn << PAGE_SHIFT) / FAKE_PAGE - FAKE_PHYS / FAKE_PAGE] =
            PAGE_HIDDEN;
}

/* What was transferred is the same on both sides. */
static void request_compare(const struct block_request *r)
{
    uint64_t at = r->sector * 512;

    for (struct block_io *io = r->op == BLOCK_FLUSH ? NULL : r->first; io; io = io->next) {
        assert_memory_equal(page_of_io(io) + io->offset, fake_disk + at, io->bytes);
        at += io->bytes;
    }
}

void block_finish(struct block_device *d, struct block_request *r, int error)
{
    unsigned head = r->n * world.blk.per_request;

    assert_ptr_equal(d, device);
    assert_true(world.polling && r->active);
    if (error == 0) {
        /* What a broken one has ended it may take again: from a ring that it wrote over. */
        assert_true(world.done[head] || world.broken);
        request_compare(r);
        world.good++;
    } else {
        assert_int_equal(error, -EIO);
        assert_true(world.broken || world.lied[head]);
        world.failed++;
    }
    world.done[head] = false;
    request_hide(r);
    if (world.restart && testing_below(4) == 0)
        request_start(r->n, (enum block_op)testing_below(2));
}

/* A request of random length, in the region of its number, all its pages in different places. */
static void request_start(unsigned n, enum block_op op)
{
    struct block_request *r = &world.request[n];
    unsigned ios = 1 + testing_below(world.info.chain);

    assert_false(r->active);
    *r = (struct block_request){
        .n = n, .op = op, .ios = op == BLOCK_FLUSH ? 1 : ios, .first = world.io[n], .active = true};
    r->sector = op == BLOCK_FLUSH ? 77 : n * REGION + testing_below(REGION - ios * 8 + 1);
    for (unsigned i = 0; i < r->ios; i++) {
        struct block_io *io = &world.io[n][i];
        unsigned page = FAKE_RING + n * 16 + i;

        *io = (struct block_io){.dev = device, .op = op, .pfn = FAKE_PHYS / FAKE_PAGE + page};
        io->next = i + 1 < r->ios ? io + 1 : NULL;
        if (op == BLOCK_FLUSH)
            break;
        io->offset = (uint16_t)(512 * testing_below(8));
        io->bytes = (uint16_t)(512 * (1 + testing_below(8 - io->offset / 512)));
        r->sectors += io->bytes / 512;
        fake.access[page] = op == BLOCK_READ ? PAGE_TO_WRITE : PAGE_TO_READ;
        memset(page_of_io(io), (int)testing_below(256), FAKE_PAGE);
    }
    world.starting = true;
    world.info.ops->start(device, r);
    world.starting = false;
}

static void deliver(void)
{
    for (int i = 0; fake.edge && i < 1000; i++) {
        fake.edge = false;
        world.handler(world.handler_arg);
    }
}

static void poll(void)
{
    world.wanted = false;
    world.broken = fake.broken;
    memcpy(world.lied, fake.lied, sizeof(fake.lied));
    memcpy(world.done, fake.done, sizeof(fake.done));
    world.polling = true;
    world.info.ops->poll(device);
    world.polling = false;
}

/* What the layer does at a deadline. */
static int reset(void)
{
    uint64_t begin = world.now;
    int error = world.info.ops->reset(device);

    assert_true(world.now - begin < 2 * VIRTIO_RESET_MAX_NS);
    if (error == 0)
        for (unsigned n = 0; n < world.info.depth; n++)
            if (world.request[n].active)
                request_hide(&world.request[n]);
    return error;
}

static unsigned active(void)
{
    unsigned count = 0;

    for (unsigned n = 0; n < world.info.depth; n++)
        count += world.request[n].active;
    return count;
}

/* Everything that the device can still do, honestly. */
static void drain(void)
{
    for (int i = 0; i < 1000 && active() > 0; i++) {
        fake_take();
        fake_end(LIE_NONE);
        deliver();
        if (world.wanted)
            poll();
    }
}

/* One thing that happens. */
static void step(bool honest)
{
    unsigned n = testing_below(world.info.depth);

    switch (testing_below(5)) {
    case 0:
    case 1:
        if (!world.request[n].active)
            request_start(n, testing_below(8) || !world.info.has_flush
                                 ? (enum block_op)testing_below(2)
                                 : BLOCK_FLUSH);
        break;
    case 2: fake_take(); break;
    case 3:
        fake_end(honest || testing_below(4) ? LIE_NONE : (enum fake_lie)testing_below(LIES));
        break;
    default:
        deliver();
        if (world.wanted)
            poll();
    }
}

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    memset(&fake, 0, sizeof(fake));
    fake.magic = 0x74726976;
    fake.id = 2;
    fake.version = 2;
    fake.queue_max = 256;
    fake.size_max = 65536;
    fake.seg_max = 126;
    fake.sectors = FAKE_SECTORS;
    fake.features = 1ull << 32 | 1ull << 28 | 0x3fff; /* and what the driver does not know */
    fake.features &= ~(1ull << 5 | 1ull << 1);
    fake.below = testing_below;
    fake.status = 7; /* as firmware left it */
    return 0;
}

static int setup_version(unsigned version)
{
    setup(NULL);
    fake.version = version;
    if (version == 1)
        fake.features &= 0xffffffff;
    return 0;
}

static int attach(void)
{
    const struct virtio_device v = {.base = device_map_reg(NULL, 0, 0),
                                    .legacy = fake.version == 1};

    return virtio_blk_attach(&world.blk, &v, IRQ);
}

static void honest_steps(unsigned steps)
{
    while (steps-- > 0)
        step(true);
    drain();
    assert_int_equal(active(), 0);
    assert_int_equal(world.failed, 0);
    assert_int_equal(world.logged, 0);
    assert_int_equal(fake.resets, 1);
}

/* Both interfaces, an honest device that is at work whenever it likes. */
static void test_honest(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 2; version++) {
        setup_version(version);
        fake.busy = true;
        assert_int_equal(attach(), 0);
        assert_int_equal(world.info.sectors, FAKE_SECTORS);
        assert_int_equal(world.info.depth, 8);
        assert_int_equal(world.info.chain, 16);
        assert_false(world.info.read_only);
        assert_true(world.info.has_flush);
        assert_string_equal(world.info.prefix, "vd");
        honest_steps(testing_count(20000, 2000000));
        assert_true(world.good > 1000 && fake.notified > 0);
    }
}

/* What the device can and can't is respected, or it is refused and its memory comes back. */
static void test_limits(void **state)
{
    static const uint32_t queues[] = {0, 1, 2, 3, 4, 8, 31, 64, 200, 256, 1000, 1024};
    static const uint32_t sizes[] = {0, 511, 512, 700, 1024, 4095, 4096, UINT32_MAX};
    static const uint32_t segments[] = {0, 1, 2, 7, 8, 9, 16, 126, UINT32_MAX};

    (void)state;
    for (unsigned round = testing_count(3000, 100000); round > 0; round--) {
        setup_version(1 + testing_below(2));
        fake.queue_max = queues[testing_below(ARRAY_SIZE(queues))];
        fake.size_max = sizes[testing_below(ARRAY_SIZE(sizes))];
        fake.seg_max = segments[testing_below(ARRAY_SIZE(segments))];
        fake.features ^= testing_random() & (1u << 1 | 1u << 2 | 1u << 5 | 1u << 9);

        bool sized = fake.features & 2;
        unsigned size = sized ? MIN(fake.size_max / 512 * 512, 4096u) : 4096;
        unsigned pieces = size ? (4096 + size - 1) / size : 0;
        bool good = pieces && fake.queue_max >= pieces + 2 &&
                    1u << (31 - __builtin_clz(fake.queue_max)) >= pieces + 2 &&
                    (!(fake.features & 4) || fake.seg_max >= pieces);
        assert_int_equal(attach(), good ? 0 : -EIO);
        assert_int_equal(world.registered, good);
        if (!good) {
            assert_int_equal(fake.frames, 0);
            assert_int_equal(fake.status, 0x80);
            continue;
        }
        assert_int_equal(world.info.read_only, (fake.features & 1u << 5) != 0);
        assert_int_equal(world.info.has_flush, (fake.features & 1u << 9) != 0);
        honest_steps(200);
    }
}

static void refused(int error)
{
    assert_int_equal(attach(), error);
    assert_false(world.registered);
    assert_int_equal(fake.frames, 0);
}

/* Devices that do not come up. */
static void test_refused(void **state)
{
    (void)state;
    fake.no_features_ok = true;
    refused(-EIO);
    setup(NULL);
    fake.features &= 0xffffffff; /* registers of version 2, but not the rest */
    refused(-EIO);
    for (unsigned version = 1; version <= 2; version++) {
        setup_version(version);
        fake.unsteady = true;
        refused(-EIO);
        setup_version(version);
        fake.stuck = true;
        refused(-EIO);
        setup_version(version);
        fake.no_memory = true;
        refused(-ENOMEM);
        setup_version(version);
        world.no_irq = true;
        refused(-EBUSY);
        setup_version(version);
        world.no_room = true;
        refused(-ENOSPC);
        fake.interrupts = 1; /* nobody is there any more to be told */
        world.handler(world.handler_arg);
        assert_int_equal(fake.interrupts, 0);
    }
}

/* Each lie, told of a request: it has failed at once, unless nothing can be known. */
static void test_each_lie(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 2; version++)
        for (enum fake_lie lie = LIE_IO_ERROR; lie < LIES; lie++) {
            bool ignored = version == 1 && (lie == LIE_SHORT || lie == LIE_LONG);
            bool told = lie > LIE_UNSUPPORTED && lie != LIE_SILENT && !ignored;

            if (lie == LIE_SCRIBBLE)
                continue; /* it may say anything: see test_lies */
            for (int round = 0; round < 300; round++) {
                setup_version(version);
                assert_int_equal(attach(), 0);
                request_start(3, (enum block_op)testing_below(2));
                request_start(1, BLOCK_READ);
                fake_take();
                fake_end(lie);
                fake_end(LIE_NONE);
                deliver();
                if (world.wanted)
                    poll();
                assert_int_equal(active(), lie == LIE_SILENT);
                assert_int_equal(world.logged, told);
                /* It goes on. */
                if (active())
                    assert_int_equal(reset(), 0);
                world.failed = 0;
                request_start(3, BLOCK_WRITE);
                drain();
                assert_int_equal(active() + world.failed, 0);
                assert_int_equal(world.logged, told);
            }
        }
}

/* What had ended when the device was reset has not; what it is given then is all there is. */
static void test_reset(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 2; version++) {
        setup_version(version);
        assert_int_equal(attach(), 0);
        for (int round = 0; round < 1000; round++) {
            for (unsigned n = 0; n < 8; n++)
                request_start(n, BLOCK_READ);
            fake_take();
            for (unsigned i = testing_below(9); i > 0; i--)
                fake_end(LIE_NONE);
            assert_int_equal(reset(), 0);
            poll();
            assert_int_equal(world.good, round);
            request_start(testing_below(8), BLOCK_WRITE);
            poll();
            assert_int_equal(active(), 1);
            drain();
            assert_int_equal(world.good, round + 1);
        }
        assert_int_equal(world.logged, 0);
    }
}

/* A device that does not let itself be reset keeps the memory of its requests until it does. */
static void test_stuck(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 2; version++) {
        setup_version(version);
        assert_int_equal(attach(), 0);
        request_start(0, BLOCK_READ);
        request_start(5, BLOCK_WRITE);
        fake.stuck = true;
        fake_take();
        fake_end(LIE_WILD_ID);
        poll();
        assert_int_equal(active(), 2);
        assert_int_equal(reset(), -EIO);
        poll();
        request_start(2, BLOCK_READ); /* not given to it */
        assert_int_equal(active(), 3);
        assert_int_equal(world.logged, 1);
        fake.stuck = false;
        assert_int_equal(reset(), 0);
        request_start(2, BLOCK_READ);
        drain();
        assert_int_equal(world.good, 1);
        /* Another device in its place. */
        fake.features_next = fake.features & ~(1ull << 9);
        assert_int_equal(reset(), -EIO);
        request_start(2, BLOCK_READ);
        fake_take();
        assert_int_equal(fake.nwork, 0);
        fake.features_next = fake.features | 1ull << 9;
        assert_int_equal(reset(), 0);
        fake.queue_max = 128;
        assert_int_equal(reset(), -EIO);
    }
}

/* Lies of all kinds, among requests that are served; now and then the layer loses its patience. */
static void test_lies(void **state)
{
    unsigned good = 0, failed = 0;

    (void)state;
    for (unsigned round = testing_count(400, 40000); round > 0; round--) {
        setup_version(1 + testing_below(2));
        fake.busy = testing_below(2);
        fake.queue_max = 16u << testing_below(6);
        assert_int_equal(attach(), 0);
        world.restart = testing_below(2);
        for (unsigned i = 0; i < 500; i++) {
            step(false);
            fake.stuck = testing_below(50) == 0;
            if (testing_below(100) == 0)
                assert_int_equal(reset(), fake.stuck ? -EIO : 0);
        }
        fake.stuck = false;
        fake.busy = world.restart = false;
        drain();
        assert_true(world.logged <= 1);
        assert_int_equal(reset(), 0);
        good += world.good;
        failed += world.failed;
        world.failed = 0;
        for (unsigned i = 0; i < 100; i++)
            step(true);
        drain();
        assert_int_equal(active() + world.failed, 0);
    }
    printf("%u requests good, %u failed\n", good, failed);
    assert_true(good > 1000 && failed > 1000);
}

/* Of empty places and other devices nothing is said, and nothing is asked. */
static void test_probe(void **state)
{
    static const uint32_t others[] = {0, 1, 3, 4, 5, 16, UINT32_MAX};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        fake.id = others[i];
        fake.accesses = 0;
        assert_int_equal(virtio_mmio_probe(NULL, 0), 0);
        assert_int_equal(fake.accesses, 3);
    }
    fake.id = 2;
    assert_int_equal(virtio_mmio_probe(NULL, -1), -ENXIO);
    fake.magic = 0x12345678;
    assert_int_equal(virtio_mmio_probe(NULL, 0), -ENODEV);
    fake.magic = 0x74726976;
    fake.version = 0;
    assert_int_equal(virtio_mmio_probe(NULL, 0), -ENODEV);
    fake.version = 3;
    assert_int_equal(virtio_mmio_probe(NULL, 0), -ENODEV);
    for (unsigned i = 0; i < 4; i++) {
        setup_version(1 + i % 2);
        assert_int_equal(virtio_mmio_probe(NULL, 0), 0);
        assert_true(world.registered);
        assert_int_equal(((struct virtio_blk *)world.info.data)->number, i);
    }
    setup(NULL);
    assert_int_equal(virtio_mmio_probe(NULL, 0), -ENOSPC);
    assert_false(world.registered);
    assert_int_equal(world.logged, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_honest, setup),  cmocka_unit_test_setup(test_limits, setup),
        cmocka_unit_test_setup(test_refused, setup), cmocka_unit_test_setup(test_each_lie, setup),
        cmocka_unit_test_setup(test_reset, setup),   cmocka_unit_test_setup(test_stuck, setup),
        cmocka_unit_test_setup(test_lies, setup),    cmocka_unit_test_setup(test_probe, setup),
    };
    int failed;

    testing_seed();
    fake_begin();
    for (unsigned i = 0; i < sizeof(fake_disk); i++)
        fake_disk[i] = (uint8_t)testing_random();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_finish();
    return failed;
}
