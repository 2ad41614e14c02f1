/* SPDX-License-Identifier: MIT
 *
 * Trace rings: what is put comes back, what is overwritten is counted and not given, several rings
 * merge by time in both directions, and a reader stops where it looked.
 */
#include "kern/trace_ring.h"
#include "tests/host/testing.h"

#define SIZE 8u

static struct trace_raw memory[3][SIZE], *pages[3];
static struct trace_ring rings[3];

static int rings_reset(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        pages[i] = memory[i];
        rings[i] = (struct trace_ring){.page = &pages[i], .size = SIZE};
    }
    return 0;
}

static void put(unsigned cpu, uint64_t time, enum trace_event event, uint32_t a)
{
    const struct trace_record r = {
        .time = time, .thread = (uint16_t)(cpu + 40), .event = event, .info = 5, .a = a, .b = ~a};

    trace_ring_put(&rings[cpu], &r);
}

/* A cursor that sees all up to now. */
static struct trace_cursor look(uint64_t now)
{
    struct trace_cursor c = {.now = now};

    for (int i = 0; i < 3; i++)
        c.end[i] = rings[i].head;
    return c;
}

static void expect(struct trace_cursor *c, unsigned cpu, enum trace_event event, uint32_t a)
{
    struct trace_record r;

    assert_true(trace_merge(c, rings, 3, &r));
    assert_int_equal(r.cpu, cpu);
    assert_int_equal(r.event, event);
    assert_int_equal(r.a, a);
}

static void expect_end(struct trace_cursor *c)
{
    struct trace_record r;

    assert_false(trace_merge(c, rings, 3, &r));
}

static void test_every_field(void **state)
{
    struct trace_record in = {.time = 0x2512345678ull,
                              .thread = 32768,
                              .event = TRACE_LOCK,
                              .info = TRACE_INFO_MAX,
                              .a = 0xdeadbeef,
                              .b = 0x80000001};
    struct trace_record out;

    (void)state;
    trace_ring_put(&rings[0], &in);
    assert_true(trace_ring_get(&rings[0], 0, in.time, &out));
    assert_int_equal(out.time, in.time);
    assert_int_equal(out.thread, in.thread);
    assert_int_equal(out.event, in.event);
    assert_int_equal(out.info, in.info);
    assert_int_equal(out.a, in.a);
    assert_int_equal(out.b, in.b);
    assert_false(trace_ring_get(&rings[0], 1, in.time, &out)); /* not written */
}

/* 38 bits of the time are kept; the reader's clock has the rest, and may be a little behind. */
static void test_time(void **state)
{
    const uint64_t epoch = 7ull << 38;
    struct trace_record out;

    (void)state;
    put(0, epoch - 3, TRACE_IRQ, 0);
    put(0, epoch + 3, TRACE_IRQ, 1);
    for (uint64_t now = epoch + 2; now < epoch + (1ull << 37); now = now * 2 - epoch) {
        assert_true(trace_ring_get(&rings[0], 0, now, &out));
        assert_int_equal(out.time, epoch - 3);
        assert_true(trace_ring_get(&rings[0], 1, now, &out));
        assert_int_equal(out.time, epoch + 3);
    }
}

static void test_merge(void **state)
{
    struct trace_cursor c;

    (void)state;
    put(0, 10, TRACE_FORK, 1);
    put(2, 11, TRACE_CALL, 2);
    put(2, 11, TRACE_MORE, 3);
    put(1, 11, TRACE_CALL, 4);
    put(1, 11, TRACE_MORE, 5);
    put(0, 12, TRACE_EXIT, 6);
    c = look(100);
    expect(&c, 0, TRACE_FORK, 1);
    expect(&c, 1, TRACE_CALL, 4); /* of equal times the lower CPU, with all that belongs to it */
    expect(&c, 1, TRACE_MORE, 5);
    expect(&c, 2, TRACE_CALL, 2);
    expect(&c, 2, TRACE_MORE, 3);
    expect(&c, 0, TRACE_EXIT, 6);
    expect_end(&c);
}

static void test_merge_back(void **state)
{
    static const uint32_t order[] = {6, 3, 2, 5, 4, 1};
    struct trace_cursor c;
    struct trace_record r;

    (void)state;
    put(0, 10, TRACE_FORK, 1);
    put(2, 11, TRACE_CALL, 2);
    put(2, 11, TRACE_MORE, 3);
    put(1, 11, TRACE_CALL, 4);
    put(1, 11, TRACE_MORE, 5);
    put(0, 12, TRACE_EXIT, 6);
    c = look(100);
    for (unsigned i = 0; i < 6; i++) {
        assert_true(trace_merge_back(&c, rings, 3, &r));
        assert_int_equal(r.a, order[i]);
    }
    assert_false(trace_merge_back(&c, rings, 3, &r));
}

/* Twenty in a ring of eight: twelve are lost, once, and the others come. */
static void test_lost(void **state)
{
    struct trace_cursor c;
    struct trace_record r;

    (void)state;
    for (uint32_t i = 0; i < 20; i++)
        put(1, 100 + i, TRACE_IRQ, i);
    put(0, 50, TRACE_FORK, 1);
    put(0, 200, TRACE_FORK, 2);
    assert_false(trace_ring_get(&rings[1], 11, 300, &r));
    c = look(300);
    expect(&c, 0, TRACE_FORK, 1);
    expect(&c, 1, TRACE_LOST, 12); /* in the place of the first that is there */
    for (uint32_t i = 12; i < 20; i++)
        expect(&c, 1, TRACE_IRQ, i);
    expect(&c, 0, TRACE_FORK, 2);
    expect_end(&c);
}

/* The writer is at work on the next record, in the oldest one's place. */
static void test_busy(void **state)
{
    struct trace_record r;

    (void)state;
    for (uint32_t i = 0; i < SIZE; i++)
        put(0, i, TRACE_IRQ, i);
    assert_true(trace_ring_get(&rings[0], 0, 100, &r));
    rings[0].busy = 1;
    assert_false(trace_ring_get(&rings[0], 0, 100, &r));
    assert_true(trace_ring_get(&rings[0], 1, 100, &r));
}

/* A reader gives what was there when it looked, no later than that, and goes on from there. */
static void test_looks(void **state)
{
    struct trace_cursor c;

    (void)state;
    put(0, 10, TRACE_FORK, 1);
    put(1, 21, TRACE_FORK, 3); /* later than the look */
    c = look(20);
    put(0, 19, TRACE_FORK, 2); /* after the look */
    expect(&c, 0, TRACE_FORK, 1);
    expect_end(&c);
    for (int i = 0; i < 3; i++)
        c.end[i] = rings[i].head;
    c.now = 30;
    expect(&c, 0, TRACE_FORK, 2);
    expect(&c, 1, TRACE_FORK, 3);
    expect_end(&c);
}

/* Numbers of records wrap; so must the reader's arithmetic. */
static void test_wrap(void **state)
{
    struct trace_cursor c;

    (void)state;
    rings[0].head = (uint32_t)-3;
    for (uint32_t i = 0; i < 12; i++)
        put(0, i, TRACE_IRQ, i);
    c = look(100);
    c.next[0] = (uint32_t)-3;
    expect(&c, 0, TRACE_LOST, 4);
    for (uint32_t i = 4; i < 12; i++)
        expect(&c, 0, TRACE_IRQ, i);
    expect_end(&c);
}

/* A ring of several pages keeps all that fits. */
static void test_pages(void **state)
{
    static struct trace_raw first[TRACE_PAGE_RECORDS], second[TRACE_PAGE_RECORDS];
    struct trace_raw *page[2] = {first, second};
    struct trace_cursor c;

    (void)state;
    rings[1] = (struct trace_ring){.page = page, .size = 2 * TRACE_PAGE_RECORDS};
    for (uint32_t i = 0; i < 3 * TRACE_PAGE_RECORDS; i++)
        put(1, i, TRACE_IRQ, i);
    c = look(10000);
    expect(&c, 1, TRACE_LOST, TRACE_PAGE_RECORDS);
    for (uint32_t i = TRACE_PAGE_RECORDS; i < 3 * TRACE_PAGE_RECORDS; i++)
        expect(&c, 1, TRACE_IRQ, i);
    expect_end(&c);
}

static void test_no_ring(void **state)
{
    struct trace_cursor c;
    struct trace_record r;

    (void)state;
    rings[0] = rings[1] = rings[2] = (struct trace_ring){0};
    c = look(100);
    expect_end(&c);
    assert_false(trace_merge_back(&c, rings, 3, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_field, rings_reset),
        cmocka_unit_test_setup(test_time, rings_reset),
        cmocka_unit_test_setup(test_merge, rings_reset),
        cmocka_unit_test_setup(test_merge_back, rings_reset),
        cmocka_unit_test_setup(test_lost, rings_reset),
        cmocka_unit_test_setup(test_busy, rings_reset),
        cmocka_unit_test_setup(test_looks, rings_reset),
        cmocka_unit_test_setup(test_wrap, rings_reset),
        cmocka_unit_test_setup(test_pages, rings_reset),
        cmocka_unit_test_setup(test_no_ring, rings_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
