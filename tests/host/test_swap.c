/* SPDX-License-Identifier: MIT
 *
 * Areas of swap and their slots, on a disk in memory: how slots are given, what an area refuses,
 * what brings an area's pages back. tests/host/test_swap_page.c has the life of a page.
 */
#include "tests/host/swap_world.h"

static void test_refused(void **state)
{
    static struct fake_swap more[SWAP_AREAS];
    static const char *const names[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    static const uint32_t one = 1;
    struct swap_area_info area;
    struct swap_slot_info slot;
    uint32_t before = fake_in_use();

    (void)state;
    assert_int_equal(swap_remove("disc"), -EINVAL);
    assert_int_equal(swap_remove(""), -EINVAL);
    assert_int_equal(fake_swap_add(&more[0], "disk", 10, -1), -EBUSY);
    assert_int_equal(fake_swap_add(&more[0], "none", 1, -1), -EINVAL);
    assert_int_equal(fake_swap_add_bad(&more[0], "none", 2, &one, 1), -EINVAL);
    assert_int_equal(fake_swap_add(&more[0], "huge", 1u << 20, -1), -EPERM);
    assert_int_equal(fake_in_use(), before);
    for (unsigned i = 1; i < SWAP_AREAS; i++)
        assert_int_equal(fake_swap_add(&more[i], names[i], 10, 3), i < SWAP_AREAS ? 0 : -EPERM);
    assert_int_equal(fake_swap_add(&more[0], names[0], 10, 3), -EPERM);
    assert_int_equal(swap_stats().total, 256 + 7 * 9);
    assert_false(swap_area(SWAP_AREAS, &area));
    assert_false(swap_slot(area.first + (1u << 20), &slot));
    for (unsigned i = 1; i < SWAP_AREAS; i++)
        assert_int_equal(fake_swap_remove(&more[i]), 0);
    assert_int_equal(fake_swap_remove(&more[1]), -EINVAL);
    assert_int_equal(fake_in_use(), before);
    assert_true(swap_area(0, &area));
    assert_string_equal(area.name, "disk");
    assert_int_equal(area.usable, 256);
    assert_int_equal(area.pages, 257);
}

/* Each number of frames less than enough: -ENOMEM, and nothing is lost. */
static void test_add_without_memory(void **state)
{
    static struct fake_swap more;
    static pfn_t got[4096];
    unsigned n = 0, failed = 0;
    int error = -ENOMEM;

    (void)state;
    mm_drain();
    while (n < ARRAY_SIZE(got) &&
           (got[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL)) != NO_PFN)
        n++;
    while (error == -ENOMEM && n) {
        uint32_t before = frame_stats().free;

        error = fake_swap_add(&more, "more", 1000, -1);
        assert_true(error == 0 || error == -ENOMEM);
        mm_drain();
        if (error)
            assert_int_equal(frame_stats().free, before);
        failed += error != 0;
        frame_free(got[--n]);
    }
    assert_in_range(failed, 3, 12);
    assert_int_equal(error, 0);
    while (n)
        frame_free(got[--n]);
    assert_int_equal(fake_swap_remove(&more), 0);
}

/* Two programs take turns: each has runs of slots that double. */
static void test_runs_double(void **state)
{
    static const unsigned ends[] = {16, 48}; /* 16, 32, 64 */
    struct as *other = as_create();

    (void)state;
    assert_int_equal(map_anon(other, BASE, PAGES, RW), 0);
    store_all();
    for (unsigned i = 0; i < PAGES; i++) {
        store_in(other, i, i);
        page_out(i);
        assert_int_equal(fake_page_out(other, va_of(i)), 1);
    }
    for (unsigned i = 1, end = 0; i < PAGES; i++) {
        bool follows = slot_in(as, i) == slot_in(as, i - 1) + 1;

        if (end < ARRAY_SIZE(ends) && i == ends[end]) {
            assert_false(follows);
            end++;
        } else {
            assert_true(follows);
        }
        assert_int_equal(follows, slot_in(other, i) == slot_in(other, i - 1) + 1);
    }
    as_leave(other);
}

/* Idle neighbours go together, in slots that follow each other, by one transfer. */
static void test_neighbours(void **state)
{
    (void)state;
    store_all();
    for (unsigned i = 0; i < 16; i++)
        assert_int_not_equal(page_look(pte_pfn(pt_get(as, va_of(i))), true), PAGE_NOT);
    expect(9, 10); /* used: it stays */
    assert_int_equal(fake_page_out(as, va_of(3)), 15);
    assert_int_equal(slot_in(as, 9), NO_SLOT);
    for (unsigned i = 1; i < 16; i++)
        if (i != 9 && i != 10)
            assert_int_equal(slot_in(as, i), slot_in(as, i - 1) + 1);
    assert_int_equal(slot_in(as, 10), slot_in(as, 8) + 1);
    assert_int_equal(disk.writes, 1);
    assert_int_equal(disk.out, 15);
    forget_cache();
    expect_all(as);
    assert_int_equal(disk.reads, 2); /* the page that stayed parts them */
    assert_int_equal(disk.in, 15);
}

/* A hand that comes to a page which went with its neighbours does not part their transfer. */
static void test_washed_once(void **state)
{
    pfn_t pfn;

    (void)state;
    store_all();
    for (unsigned i = 0; i < 16; i++)
        assert_int_not_equal(page_look(pte_pfn(pt_get(as, va_of(i))), true), PAGE_NOT);
    pfn = pte_pfn(pt_get(as, va_of(5)));
    assert_int_equal(fake_page_evict(as, va_of(3)), 16);
    assert_int_equal(page_look(pfn, false), PAGE_IDLE);
    assert_int_equal(page_evict(pfn), 0);
    launder_flush();
    assert_int_equal(disk.writes, 1);
    assert_int_equal(disk.out, 16);
    forget_cache();
    expect_all(as);
}

static void test_bad_pages(void **state)
{
    static const uint32_t bad[] = {1, 5, 6, 20, 39};
    static struct fake_swap worn;
    struct swap_area_info area = {0};

    (void)state;
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(fake_swap_add_bad(&worn, "worn", 40, bad, ARRAY_SIZE(bad)), 0);
    assert_int_equal(swap_stats().total, 34);
    assert_true(swap_area(0, &area));
    store_all();
    for (unsigned i = 0; i < PAGES; i++) {
        bool room = i < 34;
        uint32_t slot;

        assert_int_equal(fake_page_out(as, va_of(i)), room);
        slot = slot_in(as, i);
        assert_int_equal(slot != NO_SLOT, room);
        assert_int_not_equal(slot, room ? area.first : 1);
        for (unsigned b = 0; room && b < ARRAY_SIZE(bad); b++)
            assert_int_not_equal(slot, area.first + bad[b]);
    }
    expect_all(as);
    as_leave(as);
    assert_int_equal(fake_swap_remove(&worn), 0);
    as = as_create();
    assert_int_equal(fake_swap_add(&disk, "disk", 257, -1), 0);
}

static void test_full(void **state)
{
    static struct fake_swap small;

    (void)state;
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(fake_swap_add(&small, "small", 9, -1), 0);
    store_all();
    for (unsigned i = 0; i < 8; i++)
        page_out(i);
    assert_int_equal(swap_room(), 0);
    assert_int_equal(fake_page_out(as, va_of(8)), 0);
    expect(8, 9);
    assert_int_equal(swap_stats().used, 8);
    assert_int_equal(as_unmap(as, va_of(3), 1), 0);
    assert_int_equal(swap_room(), 1);
    page_out(8);
    assert_int_equal(fake_page_out(as, va_of(9)), 0);
    assert_int_equal(fake_check(), 0);
    forget_cache();
    for (unsigned i = 0; i < PAGES; i++)
        if (i != 3)
            expect(i, i + 1);
    as_leave(as);
    assert_int_equal(fake_swap_remove(&small), 0);
    as = as_create();
    assert_int_equal(fake_swap_add(&disk, "disk", 257, -1), 0);
}

static unsigned area_of(uint32_t slot)
{
    struct swap_area_info area;

    for (unsigned i = 0; i < SWAP_AREAS; i++)
        if (swap_area(i, &area) && slot - area.first < area.pages)
            return i;
    return SWAP_AREAS;
}

/* disk has the lowest, as the first of those without; then worse than it comes nothing but later
 * ones; equal ones take turns. */
static void test_priorities(void **state)
{
    static struct fake_swap low, last, high[2];
    unsigned got[SWAP_AREAS + 1][PAGES / 8] = {{0}};

    (void)state;
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(fake_swap_add(&disk, "disk", 9, -1), 0);
    assert_int_equal(fake_swap_add(&last, "last", 257, -1), 0);
    assert_int_equal(fake_swap_add(&low, "low", 9, 0), 0);
    assert_int_equal(fake_swap_add(&high[0], "high", 9, 5), 0);
    assert_int_equal(fake_swap_add(&high[1], "high too", 9, 5), 0);
    store_all();
    all_out();
    for (unsigned i = 0; i < PAGES; i++)
        got[area_of(slot_in(as, i))][i / 8]++;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(got[3][i] + got[4][i], 8);
    assert_int_equal(got[3][0], 8); /* a run of sixteen is in neither: what there is in one */
    assert_int_equal(got[2][2], 8);
    assert_int_equal(got[0][3], 8);
    for (unsigned i = 4; i < 8; i++)
        assert_int_equal(got[1][i], 8);
    assert_int_equal(fake_swap_remove(&high[0]), 0);
    assert_int_equal(fake_swap_remove(&last), 0);
    assert_int_equal(swap_stats().total, 24);
    expect_all(as);
    assert_int_equal(fake_swap_remove(&high[1]), 0);
    assert_int_equal(fake_swap_remove(&low), 0);
}

/* A slot counts the entries that name it, up to a limit. */
static void test_count(void **state)
{
    uint32_t slot;

    (void)state;
    swap_lock();
    slot = swap_alloc(0x1000 | FRAME_ANON, 7, NO_PFN);
    assert_int_not_equal(slot, NO_SLOT);
    for (unsigned i = 0; i < SLOT_COUNT_MAX; i++)
        assert_int_equal(swap_use(slot), 0);
    assert_int_equal(swap_use(slot), -EAGAIN);
    swap_unlock();
    assert_int_equal(slot_info(slot).count, SLOT_COUNT_MAX);
    assert_int_equal(slot_info(slot).index, 7);
    for (unsigned i = 0; i < SLOT_COUNT_MAX; i++) {
        assert_int_equal(swap_stats().used, 1);
        swap_unuse(slot);
    }
    assert_int_equal(swap_stats().used, 0);
    assert_null(slot_info(slot).owner);
}

/* Pages away, in memory, and named by parent and child; all are as they were. */
static void test_remove(void **state)
{
    struct as *child;

    (void)state;
    store_all();
    for (unsigned i = 0; i < 32; i++)
        page_out(i);
    assert_int_equal(as_fork(as, &child), 0);
    store_in(child, 40, 41);
    store_in(child, 5, 6); /* its own node */
    forget_cache();
    for (unsigned i = 0; i < 16; i += 2)
        expect_in(child, i, i + 1);
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(disk.closed, 1);
    assert_int_equal(swap_stats().used, 0);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(slot_in(as, i) | slot_in(child, i), NO_SLOT);
    expect_all(as);
    expect_all(child);
    assert_int_equal(fake_check(), 0);
    as_leave(child);
    assert_int_equal(fake_swap_add(&disk, "disk", 257, -1), 0);
}

/* An area that is being removed gives no slots, and is removed once; others give theirs. */
static int during[3];
static uint32_t new_slot;

static void remove_meanwhile(struct fake_swap *s, bool write, uint32_t page, unsigned n)
{
    (void)write, (void)page, (void)n;
    during[0] = swap_remove(s->name);
    during[1] = (int)swap_room();
    during[2] = (int)fake_page_evict(as, va_of(50));
    new_slot = slot_in(as, 50);
}

static void remove_with_other(bool other)
{
    static struct fake_swap more;

    store_all();
    page_out(1);
    forget_cache();
    if (other)
        assert_int_equal(fake_swap_add(&more, "more", 10, -1), 0);
    disk.meanwhile = remove_meanwhile;
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(disk.closed, 1);
    assert_int_equal(during[0], -EBUSY);
    assert_int_equal(during[1], other ? 9 : 0);
    assert_int_equal(during[2], other);
    assert_int_equal(new_slot != NO_SLOT, other);
    launder_flush();
    expect_all(as);
    assert_int_equal(fake_swap_add(&disk, "disk", 257, -1), 0);
    if (other)
        assert_int_equal(fake_swap_remove(&more), 0);
}

static void test_remove_twice(void **state)
{
    (void)state;
    remove_with_other(false);
    remove_with_other(true);
}

static void test_remove_unreadable(void **state)
{
    struct swap_area_info area;

    (void)state;
    store_all();
    all_out();
    forget_cache();
    assert_true(swap_area(0, &area));
    disk.bad_page = slot_in(as, 30) - area.first;
    assert_int_equal(fake_swap_remove(&disk), -EIO);
    assert_int_equal(disk.closed, 0);
    assert_int_equal(swap_room() + swap_stats().used, 256);
    assert_int_not_equal(slot_in(as, 30), NO_SLOT);
    assert_int_equal(fake_check(), 0);
    disk.bad_page = 0;
    assert_int_equal(fake_swap_remove(&disk), 0);
    expect_all(as);
    assert_int_equal(fake_swap_add(&disk, "disk", 257, -1), 0);
}

static void test_remove_without_room(void **state)
{
    static pfn_t got[4096];
    unsigned n = 0;

    (void)state;
    store_all();
    all_out();
    forget_cache();
    while (n < ARRAY_SIZE(got) &&
           (got[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL)) != NO_PFN)
        n++;
    assert_int_equal(fake_swap_remove(&disk), -ENOMEM);
    assert_int_equal(disk.closed, 0);
    assert_int_equal(swap_room() + swap_stats().used, 256);
    while (n)
        frame_free(got[--n]);
    assert_int_equal(fake_check(), 0);
    expect_all(as);
    page_out(3);
    fake_interrupted = true;
    assert_int_equal(fake_swap_remove(&disk), -EINTR);
    fake_interrupted = false;
    expect_all(as);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refused),
        TEST(test_add_without_memory),
        TEST(test_runs_double),
        TEST(test_neighbours),
        TEST(test_washed_once),
        TEST(test_bad_pages),
        TEST(test_full),
        TEST(test_priorities),
        TEST(test_count),
        TEST(test_remove),
        TEST(test_remove_twice),
        TEST(test_remove_unreadable),
        TEST(test_remove_without_room),
    };

    return cmocka_run_group_tests_name("swap", tests, NULL, NULL);
}
