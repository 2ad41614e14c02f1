/* SPDX-License-Identifier: MIT
 *
 * The framebuffer's driver against a firmware that answers well, late, never, and nonsense. The
 * mailbox is memory; the firmware acts whenever the driver looks at the clock.
 */
#include "tests/host/testing.h"

#include "drivers/video/videocore.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/lock.h"

/* Transcribed from the firmware's wiki, not from the driver. */
enum { READ = 0, STATUS = 0x18 / 4, WRITE = 0x20 / 4, WRITE_STATUS = 0x38 / 4 };

#define EMPTY   0x40000000u
#define FULL    0x80000000u
#define BUS     0xc0000000u
#define PHYS    0x00012340u /* & ~15: where the driver's message pretends to be */
#define RAM     0x3f000000u
#define PICTURE 0x3c100000u

static uint32_t regs[16];
static const struct videocore vc = {regs, BUS, 0, RAM};

static struct {
    uint32_t *message; /* the driver's */
    uint64_t now;
    unsigned calls, synced, others;
    uint32_t width, height, got_width, got_height, code, depth, order, pitch, address, bytes;
    uint32_t silent_tag, seen[16];
    unsigned nseen;
    bool dead, full, noise;
} firmware;

uint32_t reg_read(volatile void *base, uint32_t offset)
{
    return ((volatile uint32_t *)base)[offset / 4];
}

void reg_write(volatile void *base, uint32_t offset, uint32_t value)
{
    ((volatile uint32_t *)base)[offset / 4] = value;
}

static uint32_t *tag_find(uint32_t tag)
{
    uint32_t *m = firmware.message;

    for (unsigned at = 2; m[at]; at += 3 + m[at + 1] / 4) {
        assert_true(at + 3 + m[at + 1] / 4 < m[0] / 4);
        if (m[at] == tag)
            return &m[at];
    }
    return NULL;
}

static void answer(uint32_t tag, uint32_t a, uint32_t b)
{
    uint32_t *t = tag_find(tag);

    if (!t || tag == firmware.silent_tag)
        return;
    firmware.seen[firmware.nseen++ % 16] = tag;
    t[2] = FULL | t[1];
    t[3] = a;
    if (t[1] >= 8)
        t[4] = b;
}

static void answer_all(void)
{
    uint32_t *m = firmware.message;

    assert_int_equal(m[1], 0);
    assert_int_equal(m[0] % 4, 0);
    assert_int_equal(m[m[0] / 4 - 1], 0);
    if (tag_find(0x48003)) {
        firmware.got_width = tag_find(0x48003)[3];
        firmware.got_height = tag_find(0x48003)[4];
        assert_int_equal(tag_find(0x48005)[3], 32);
        assert_int_equal(tag_find(0x40001)[3], 4096);
    }
    answer(0x40003, firmware.width, firmware.height);
    answer(0x48003, firmware.got_width, firmware.got_height);
    answer(0x48004, firmware.got_width, firmware.got_height);
    answer(0x48009, 0, 0);
    answer(0x48005, firmware.depth, 0);
    answer(0x48006, firmware.order, 0);
    answer(0x40001, firmware.address, firmware.bytes);
    answer(0x40008, firmware.pitch ? firmware.pitch : firmware.got_width * 4, 0);
    if (firmware.noise)
        for (unsigned i = 1; i < 64; i++)
            if (testing_below(4) == 0)
                m[i] = testing_below(2) ? testing_random() : testing_below(8192);
    m[1] = firmware.noise && testing_below(8) == 0 ? testing_random() : firmware.code;
}

/* The firmware's turn. A read takes no word out of memory, so the next one comes with time. */
static void firmware_act(void)
{
    regs[WRITE_STATUS] = firmware.full ? FULL : 0;
    if (firmware.dead || !regs[WRITE])
        return;
    assert_int_equal(regs[WRITE], (BUS + PHYS) | 8);
    assert_int_equal(firmware.synced % 2, 1);
    if (firmware.others > 0) {
        firmware.others--;
        regs[READ] = 0x12345678;
    } else {
        firmware.calls++;
        answer_all();
        regs[READ] = regs[WRITE];
        regs[WRITE] = 0;
    }
    regs[STATUS] = 0;
}

uint64_t clock_ns(void)
{
    firmware.now += NSEC_PER_MSEC;
    firmware_act();
    return firmware.now;
}

void preempt_point(void)
{
}

bool arch_translate(uintptr_t va, uint64_t *phys)
{
    firmware.message = (uint32_t *)va;
    *phys = PHYS;
    return true;
}

void arch_dma_sync(const volatile void *p, size_t bytes)
{
    assert_ptr_equal(p, firmware.message);
    assert_int_equal((uintptr_t)p % 64, 0);
    assert_int_equal(bytes % 64, 0);
    if (firmware.synced++ % 2)
        regs[STATUS] = EMPTY;
}

static int setup(void **state)
{
    (void)state;
    memset(&firmware, 0, sizeof(firmware));
    memset(regs, 0, sizeof(regs));
    regs[STATUS] = EMPTY;
    firmware.width = 1024;
    firmware.height = 768;
    firmware.depth = 32;
    firmware.code = 0x80000000;
    firmware.address = BUS + PICTURE;
    firmware.bytes = 4u << 20;
    return 0;
}

static void test_good(void **state)
{
    struct framebuffer fb;

    (void)state;
    assert_int_equal(videocore_framebuffer(&vc, &fb), 0);
    assert_int_equal(firmware.calls, 2);
    assert_int_equal(firmware.synced, 4);
    assert_int_equal(fb.width, 1024);
    assert_int_equal(fb.height, 768);
    assert_int_equal(fb.pitch_bytes, 4096);
    assert_int_equal(fb.phys, PICTURE);
    assert_int_equal(fb.size_bytes, 4u << 20);
    assert_false(fb.red_first);
    firmware.order = 1;
    firmware.address = PICTURE; /* by another of its caches */
    firmware.others = 5;
    assert_int_equal(videocore_framebuffer(&vc, &fb), 0);
    assert_int_equal(fb.phys, PICTURE);
    assert_true(fb.red_first);
}

/* A display whose size the firmware does not know, or that can't be. */
static void test_default_size(void **state)
{
    struct framebuffer fb;

    (void)state;
    firmware.width = 0;
    assert_int_equal(videocore_framebuffer(&vc, &fb), 0);
    assert_true(fb.width == 640 && fb.height == 480);
    firmware.width = 1024;
    firmware.silent_tag = 0x40003;
    assert_int_equal(videocore_framebuffer(&vc, &fb), 0);
    assert_int_equal(fb.width, 640);
    firmware.silent_tag = 0;
    firmware.height = 100000;
    assert_int_equal(videocore_framebuffer(&vc, &fb), 0);
    assert_int_equal(fb.height, 480);
}

static void test_silent(void **state)
{
    struct framebuffer fb;
    uint64_t begin = firmware.now;

    (void)state;
    firmware.dead = true;
    assert_int_equal(videocore_framebuffer(&vc, &fb), -ETIMEDOUT);
    assert_in_range(firmware.now - begin, NSEC_PER_SEC, NSEC_PER_SEC + 10 * NSEC_PER_MSEC);
    setup(NULL);
    firmware.full = true;
    regs[WRITE_STATUS] = FULL;
    assert_int_equal(videocore_framebuffer(&vc, &fb), -ETIMEDOUT);
    setup(NULL);
    firmware.others = UINT32_MAX; /* it talks for ever, but not to us */
    assert_int_equal(videocore_framebuffer(&vc, &fb), -ETIMEDOUT);
    setup(NULL);
    assert_int_equal(videocore_framebuffer(&vc, &fb), 0);
}

static void refused(uint32_t *what, uint32_t value)
{
    struct framebuffer fb;
    uint32_t before = *what;

    *what = value;
    assert_int_equal(videocore_framebuffer(&vc, &fb), -EIO);
    *what = before;
    assert_int_equal(videocore_framebuffer(&vc, &fb), 0);
}

static void test_nonsense(void **state)
{
    static const uint32_t needed[] = {0x48004, 0x48005, 0x48006, 0x40001, 0x40008};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(needed); i++)
        refused(&firmware.silent_tag, needed[i]);
    refused(&firmware.code, 0x80000001);
    refused(&firmware.code, 0);
    refused(&firmware.depth, 16);
    refused(&firmware.order, 2);
    refused(&firmware.pitch, 1024 * 4 - 4);
    refused(&firmware.pitch, 1024 * 4 + 2);
    refused(&firmware.pitch, 0xfffffffc);
    refused(&firmware.address, BUS + PICTURE + 4);
    refused(&firmware.address, BUS + RAM);
    refused(&firmware.address, BUS + RAM - (1u << 20));
    refused(&firmware.bytes, 1024 * 768 * 4 - 1);
    refused(&firmware.bytes, 0);
    refused(&firmware.bytes, RAM);
    refused(&firmware.bytes, UINT32_MAX);
}

/* Whatever the answers: an error, or a picture that lies in RAM. */
static void test_noise(void **state)
{
    unsigned good = 0;

    (void)state;
    testing_seed();
    firmware.noise = true;
    for (unsigned round = testing_count(200000, 5000000); round > 0; round--) {
        struct framebuffer fb;
        int error = videocore_framebuffer(&vc, &fb);

        assert_true(error == 0 || error == -EIO);
        if (error)
            continue;
        good++;
        assert_true(fb.width >= 16 && fb.width <= 4096 && fb.height >= 16 && fb.height <= 4096);
        assert_true((uint64_t)fb.phys + fb.size_bytes <= RAM && fb.phys % 4096 == 0);
        assert_true((uint64_t)fb.pitch_bytes * fb.height <= fb.size_bytes);
        assert_true(fb.pitch_bytes >= fb.width * 4);
    }
    printf("%u of them good\n", good);
}

/* Where the VideoCore can't see the message, nothing is sent. */
static void test_elsewhere(void **state)
{
    const struct videocore little = {regs, BUS, 0, PHYS + 16}, high = {regs, BUS, PHYS + 64, RAM};
    struct framebuffer fb;

    (void)state;
    assert_int_equal(videocore_framebuffer(&little, &fb), -EFAULT);
    assert_int_equal(videocore_framebuffer(&high, &fb), -EFAULT);
    assert_int_equal(regs[WRITE], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good, setup),
        cmocka_unit_test_setup(test_silent, setup),
        cmocka_unit_test_setup(test_default_size, setup),
        cmocka_unit_test_setup(test_nonsense, setup),
        cmocka_unit_test_setup(test_noise, setup),
        cmocka_unit_test_setup(test_elsewhere, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
