/* SPDX-License-Identifier: MIT
 *
 * Tests of swap: a machine, an area in memory, a program with some private pages.
 */
#ifndef TESTS_SWAP_WORLD_H
#define TESTS_SWAP_WORLD_H

#include "tests/host/machine.h"

#include "include/uapi/errno.h"
#include "mm/pageout_impl.h"
#include "mm/reclaim.h"
#include "mm/swap_impl.h"
#include "tests/host/fake_swap.h"

#define BASE  0x10200000u
#define PAGES 64u /* of the program, in four blocks of those that are read together */

static struct fake_swap disk;
static struct as *as;

static inline vaddr_t va_of(unsigned page)
{
    return BASE + page_addr(page);
}

static inline void store_in(struct as *where, unsigned page, unsigned byte)
{
    assert_int_equal(cpu_store(where, va_of(page), (uint8_t)byte), FAULT_OK);
}

static inline void store(unsigned page, unsigned byte)
{
    store_in(as, page, byte);
}

static inline void expect_in(struct as *where, unsigned page, unsigned byte)
{
    assert_int_equal(cpu_load(where, va_of(page)), (int)byte);
}

static inline void expect(unsigned page, unsigned byte)
{
    expect_in(as, page, byte);
}

/* Each page holds its number and one. */
static inline void store_all(void)
{
    for (unsigned i = 0; i < PAGES; i++)
        store(i, i + 1);
}

static inline void expect_all(struct as *where)
{
    for (unsigned i = 0; i < PAGES; i++)
        expect_in(where, i, i + 1);
}

static inline void page_out(unsigned page)
{
    assert_int_equal(fake_page_out(as, va_of(page)), 1);
}

static inline void all_out(void)
{
    for (unsigned i = 0; i < PAGES; i++)
        page_out(i);
}

/* What is in memory and on the disk is on the disk alone. */
static inline void forget_cache(void)
{
    reclaim_cache(UINT32_MAX);
    assert_int_equal(frame_cached(), 0);
}

static inline uint32_t slot_in(struct as *where, unsigned page)
{
    pte_t e = pt_get(where, va_of(page));

    return pte_state(e) == PTE_SWAPPED ? pte_pfn(e) : NO_SLOT;
}

static inline struct swap_slot_info slot_info(uint32_t slot)
{
    struct swap_slot_info info = {0};

    assert_true(swap_slot(slot, &info));
    return info;
}

static inline unsigned entries_of(unsigned page)
{
    return slot_info(slot_in(as, page)).count;
}

static inline int swap_setup(void **state)
{
    machine_setup(state);
    assert_int_equal(fake_swap_add(&disk, "disk", 257, -1), 0);
    as = as_create();
    assert_int_equal(map_anon(as, BASE, PAGES, RW), 0);
    return 0;
}

static inline int swap_teardown(void **state)
{
    as_leave(as);
    assert_int_equal(swap_stats().used, 0);
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(disk.closed, 1);
    assert_int_equal(swap_stats().total, 0);
    assert_int_equal(swap_room(), 0);
    return machine_teardown(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, swap_setup, swap_teardown)

#endif
