/* SPDX-License-Identifier: MIT
 *
 * The life of a private page that goes to swap and comes back, with what may happen to it on its
 * way: the disk in memory calls the test in the middle of a transfer.
 */
#include "tests/host/swap_world.h"

static unsigned asked; /* calls in the middle of a transfer */

/* It keeps its slot and is not written again, until somebody writes to it. */
static void test_clean(void **state)
{
    uint32_t slot;

    (void)state;
    store(1, 7);
    page_out(1);
    slot = slot_in(as, 1);
    assert_int_equal(disk.out, 1);
    expect(1, 7); /* found */
    assert_int_equal(disk.in, 0);
    page_out(1);
    assert_int_equal(slot_in(as, 1), slot);
    forget_cache();
    expect(1, 7); /* read */
    assert_int_equal(disk.in, 1);
    page_out(1);
    assert_int_equal(slot_in(as, 1), slot);
    assert_int_equal(disk.out, 1);
    expect(1, 7);
    store(1, 8);
    assert_int_equal(swap_stats().used, 0);
    page_out(1);
    assert_int_equal(disk.out, 2);
    forget_cache();
    expect(1, 8);
}

/* A store to a page that is away brings it first: its other bytes are what they were. */
static void test_store_away(void **state)
{
    uint8_t byte = 9;

    (void)state;
    store(1, 7);
    page_out(1);
    forget_cache();
    assert_int_equal(cpu_access(as, va_of(1) + 100, PROT_WRITE, &byte), FAULT_OK);
    expect(1, 7);
    assert_int_equal(cpu_load(as, va_of(1) + 100), 9);
    assert_int_equal(swap_stats().used, 0);
}

static void store_meanwhile(struct fake_swap *s, bool write, uint32_t page, unsigned n)
{
    (void)s, (void)write, (void)page, (void)n;
    asked++;
    store(1, 8);
    expect(1, 8);
}

/* Stored to while it is written: the store is not lost, and what goes to the disk is of one moment,
 * which the disk looks for. */
static void test_store_on_its_way_out(void **state)
{
    (void)state;
    store(1, 7);
    disk.meanwhile = store_meanwhile;
    asked = 0;
    page_out(1);
    assert_int_equal(asked, 1);
    assert_int_equal(fake_check(), 0);
    forget_cache();
    expect(1, 8);
    page_out(1);
    forget_cache();
    expect(1, 8);
}

static void load_meanwhile(struct fake_swap *s, bool write, uint32_t page, unsigned n)
{
    (void)s, (void)write, (void)page, (void)n;
    asked++;
    expect(1, 7);
}

static void test_load_on_its_way_out(void **state)
{
    uint32_t found = swap_stats().found;

    (void)state;
    store(1, 7);
    disk.meanwhile = load_meanwhile;
    asked = 0;
    page_out(1);
    assert_int_equal(asked, 1);
    assert_int_equal(swap_stats().found, found + 1);
    assert_int_equal(disk.reads, 0);
    expect(1, 7);
    assert_int_equal(fake_check(), 0);
    page_out(1);
    assert_int_equal(disk.out, 1); /* it was written the first time */
    forget_cache();
    expect(1, 7);
}

static void unmap_meanwhile(struct fake_swap *s, bool write, uint32_t page, unsigned n)
{
    (void)s, (void)write, (void)page, (void)n;
    asked++;
    assert_int_equal(as_unmap(as, va_of(0), PAGES), 0);
}

static void test_unmap_on_its_way(void **state)
{
    for (unsigned out = 0; out < 2; out++) {
        store(1, 7);
        store(2, 7);
        asked = 0;
        if (out)
            disk.meanwhile = unmap_meanwhile;
        assert_int_equal(fake_page_out(as, va_of(1)), 1);
        if (!out) {
            page_out(2);
            forget_cache();
            disk.meanwhile = unmap_meanwhile;
            assert_int_equal(cpu_load(as, va_of(1)), -FAULT_NO_SEGMENT);
        }
        assert_int_equal(asked, 1);
        assert_int_equal(swap_stats().used, 0);
        assert_int_equal(fake_check(), 0);
        assert_int_equal(map_anon(as, BASE, PAGES, RW), 0);
    }
    (void)state;
    expect(1, 0);
}

static struct as *copy;

static void fork_meanwhile(struct fake_swap *s, bool write, uint32_t page, unsigned n)
{
    (void)s, (void)write, (void)page, (void)n;
    asked++;
    assert_int_equal(as_fork(as, &copy), 0);
    store_in(copy, 40, 1); /* a node of its own */
    if (write)
        store_in(copy, 1, 9);
}

static void test_fork_on_its_way(void **state)
{
    (void)state;
    store(1, 7);
    disk.meanwhile = fork_meanwhile;
    asked = 0;
    page_out(1);
    assert_int_equal(asked, 1);
    expect_in(copy, 1, 9);
    expect(1, 7);
    as_leave(copy);
    page_out(1);
    forget_cache();
    disk.meanwhile = fork_meanwhile;
    expect(1, 7);
    assert_int_equal(asked, 2);
    expect_in(copy, 1, 7);
    assert_int_equal(fake_check(), 0);
    as_leave(copy);
}

/* Parent and child name the slot; the last one frees it. */
static void test_fork(void **state)
{
    struct as *child;

    (void)state;
    store(1, 7);
    store(2, 17);
    page_out(1);
    page_out(2);
    assert_int_equal(as_fork(as, &child), 0);
    assert_int_equal(entries_of(1), 1); /* in a node of both */
    store_in(child, 40, 1);
    assert_int_equal(entries_of(1), 2);
    assert_int_equal(slot_in(child, 1), slot_in(as, 1));
    assert_int_equal(swap_stats().used, 2);
    forget_cache();
    store_in(child, 1, 8);
    assert_int_equal(entries_of(1), 1);
    assert_int_equal(as_unmap(as, va_of(2), 1), 0);
    assert_int_equal(swap_stats().used, 2);
    expect_in(child, 2, 17);
    expect_in(child, 1, 8);
    as_leave(child);
    assert_int_equal(swap_stats().used, 1);
    forget_cache();
    expect(1, 7);
}

/* A page that both have goes from both, by one slot. */
static void test_shared_goes(void **state)
{
    struct as *child;

    (void)state;
    store(1, 7);
    assert_int_equal(as_fork(as, &child), 0);
    store_in(child, 40, 1);
    expect_in(child, 1, 7);
    expect(1, 7);
    page_out(1);
    assert_int_not_equal(slot_in(as, 1), NO_SLOT);
    assert_int_equal(slot_in(child, 1), slot_in(as, 1));
    assert_int_equal(entries_of(1), 2);
    assert_int_equal(disk.out, 1);
    forget_cache();
    store(1, 8);
    expect_in(child, 1, 7);
    expect(1, 8);
    assert_int_equal(fake_check(), 0);
    as_leave(child);
}

static void test_gone_while_away(void **state)
{
    struct remap_request r = {.from = va_of(0),
                              .old_pages = 16,
                              .new_pages = 16,
                              .to = va_of(512),
                              .flags = REMAP_MAYMOVE | REMAP_FIXED};
    vaddr_t where;

    (void)state;
    store_all();
    all_out();
    forget_cache();
    assert_int_equal(as_unmap(as, va_of(16), 16), 0);
    assert_int_equal(swap_stats().used, 48);
    assert_int_equal(as_discard(as, va_of(32), 16, SEG_DONTNEED), 0);
    assert_int_equal(swap_stats().used, 32);
    assert_int_equal(as_remap(as, &r, &where), 0);
    assert_int_equal(swap_stats().used, 32);
    assert_int_equal(fake_check(), 0);
    for (unsigned i = 0; i < 16; i++) {
        expect(512 + i, i + 1);
        expect(32 + i, 0);
        expect(48 + i, 49 + i);
    }
    assert_int_equal(fake_page_out(as, va_of(513)), 1);
    forget_cache();
    expect(513, 2);
}

/* What parent and child have is copied when one of them moves it. */
static void test_move_shared(void **state)
{
    struct remap_request r = {.from = va_of(0),
                              .old_pages = 16,
                              .new_pages = 16,
                              .to = va_of(512),
                              .flags = REMAP_MAYMOVE | REMAP_FIXED};
    struct as *child;
    vaddr_t where;

    (void)state;
    store_all();
    all_out();
    assert_int_equal(as_fork(as, &child), 0);
    forget_cache();
    expect(3, 4);
    assert_int_equal(as_remap(child, &r, &where), 0);
    assert_int_equal(fake_check(), 0);
    for (unsigned i = 0; i < 16; i++)
        expect_in(child, 512 + i, i + 1);
    expect_all(as);
    as_leave(child);
    expect_all(as);
}

static void test_protected(void **state)
{
    (void)state;
    store(1, 7);
    page_out(1);
    forget_cache();
    assert_int_equal(as_protect(as, va_of(0), PAGES, PROT_READ), 0);
    expect(1, 7);
    assert_int_equal(cpu_store(as, va_of(1), 1), FAULT_PROTECTION);
    page_out(1);
    assert_int_equal(as_protect(as, va_of(0), PAGES, PROT_NONE), 0);
    assert_int_equal(cpu_load(as, va_of(1)), -FAULT_PROTECTION);
    assert_int_equal(as_protect(as, va_of(0), PAGES, RW), 0);
    store(1, 8);
    expect(1, 8);
}

static void test_locked(void **state)
{
    (void)state;
    store_all();
    page_out(5);
    assert_int_equal(as_wire(as, va_of(0), 16, SEG_WIRED), 0);
    expect(5, 6);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(page_look(pte_pfn(pt_get(as, va_of(i))), true), PAGE_NOT);
        assert_int_equal(page_evict(pte_pfn(pt_get(as, va_of(i)))), 0);
    }
    launder_flush();
    assert_int_equal(disk.out, 1);
    page_out(16);
    assert_int_equal(as_wire(as, va_of(0), 16, 0), 0);
    page_out(5);
    page_out(4);
    expect_all(as);
}

/* What can't be written stays, can be read and written, and is tried again. */
static void test_write_error(void **state)
{
    uint32_t slot, errors = swap_stats().write_errors;
    pfn_t pfn;

    (void)state;
    store(1, 7);
    store(2, 7);
    pfn = pte_pfn(pt_get(as, va_of(1)));
    disk.write_fails = 2;
    page_out(1);
    slot = slot_in(as, 1);
    assert_int_not_equal(slot, NO_SLOT);
    assert_int_equal(swap_stats().write_errors, errors + 1);
    assert_int_equal(slot_info(slot).pfn, pfn);
    forget_cache();
    assert_int_equal(slot_info(slot).pfn, pfn);
    assert_int_equal(page_look(pfn, false), PAGE_IDLE);
    assert_int_equal(page_evict(pfn), 1);
    launder_flush();
    assert_int_equal(swap_stats().write_errors, errors + 2);
    expect(1, 7);
    page_out(1);
    assert_int_equal(disk.out, 1);
    forget_cache();
    expect(1, 7);
    disk.write_fails = 1;
    page_out(2);
    store(2, 8);
    expect(2, 8);
    assert_int_equal(fake_check(), 0);
}

/* One page can't be written, again and again: its neighbours are all the same. */
static void test_bad_write(void **state)
{
    struct swap_area_info area;

    (void)state;
    store_all();
    assert_true(swap_area(0, &area));
    for (unsigned i = 0; i < 16; i++)
        assert_int_not_equal(page_look(pte_pfn(pt_get(as, va_of(i))), true), PAGE_NOT);
    assert_int_equal(fake_page_evict(as, va_of(0)), 16);
    disk.bad_page = slot_in(as, 10) - area.first;
    for (unsigned i = 8; i < 13; i++) /* it has neighbours */
        assert_int_equal(slot_in(as, i), slot_in(as, 10) + i - 10);
    launder_flush();
    for (unsigned turn = 0; turn < 3; turn++) {
        for (unsigned i = 0; i < 16; i++) {
            pfn_t pfn = slot_info(slot_in(as, i)).pfn;

            if (pfn && page_look(pfn, true) == PAGE_IDLE)
                (void)page_evict(pfn);
        }
        launder_flush();
    }
    assert_int_equal(disk.out, 15);
    forget_cache();
    expect_all(as);
    disk.bad_page = 0;
}

/* Who needs the page gets a bus error, and can try again; all others never notice. */
static void test_read_error(void **state)
{
    struct swap_area_info area;

    (void)state;
    store_all();
    all_out();
    assert_true(swap_area(0, &area));
    disk.bad_page = slot_in(as, 20) - area.first;
    forget_cache();
    for (unsigned i = 0; i < PAGES; i++) {
        int want = i == 20 ? -(int)FAULT_IO : (int)i + 1;

        assert_int_equal(cpu_load(as, va_of(i)), want);
    }
    assert_int_equal(cpu_store(as, va_of(20), 1), FAULT_IO);
    assert_int_equal(fake_check(), 0);
    disk.bad_page = 0;
    expect_all(as);
}

/* A copy that a move needs can't be made: the move says so, or does without; nothing is lost. */
static void test_read_error_in_move(void **state)
{
    struct remap_request r = {.from = va_of(0),
                              .old_pages = 16,
                              .new_pages = 16,
                              .to = va_of(512),
                              .flags = REMAP_MAYMOVE | REMAP_FIXED};
    struct as *child;
    vaddr_t where;
    int error;

    (void)state;
    store_all();
    all_out();
    assert_int_equal(as_fork(as, &child), 0);
    forget_cache();
    disk.read_fails = 1;
    error = as_remap(child, &r, &where);
    disk.read_fails = 0;
    assert_int_equal(error, -EIO);
    assert_int_equal(fake_check(), 0);
    expect_all(child);
    expect_all(as);
    as_leave(child);
}

/* Every page of a program that is larger than memory. */
static void test_larger(void **state)
{
    static struct fake_swap large;
    enum { MANY = 6000 };

    (void)state;
    assert_int_equal(fake_swap_add(&large, "large", 8000, 1), 0);
    as_commit_limit_add(8000);
    assert_int_equal(map_anon(as, va_of(PAGES), MANY, RW), 0);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            while (!frame_at_least(200))
                (void)(policy_current()->scan(256, 64), launder_flush(), reclaim_cache(64));
            if (round)
                expect(PAGES + i, i % 251);
            else
                store(PAGES + i, i % 251);
        }
    }
    assert_int_equal(fake_check(), 0);
    assert_int_equal(as_unmap(as, va_of(PAGES), MANY), 0);
    assert_int_equal(swap_stats().used, 0);
    as_commit_limit_add(-8000);
    assert_int_equal(fake_swap_remove(&large), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_clean),
        TEST(test_store_away),
        TEST(test_store_on_its_way_out),
        TEST(test_load_on_its_way_out),
        TEST(test_unmap_on_its_way),
        TEST(test_fork_on_its_way),
        TEST(test_fork),
        TEST(test_shared_goes),
        TEST(test_gone_while_away),
        TEST(test_move_shared),
        TEST(test_protected),
        TEST(test_locked),
        TEST(test_write_error),
        TEST(test_bad_write),
        TEST(test_read_error),
        TEST(test_read_error_in_move),
        TEST(test_larger),
    };

    return cmocka_run_group_tests_name("swap_page", tests, NULL, NULL);
}
