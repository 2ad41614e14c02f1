/* SPDX-License-Identifier: MIT
 *
 * Swap under the model: pages go, written or not, single or with their neighbours, and their frames
 * are dropped or not; so do nodes of the page table, and all that a program has; the area itself
 * goes and comes back. The model does not notice any of it. A page that is away is looked at on the
 * disk.
 */
#include "mm/pageout_impl.h"
#include "mm/reclaim.h"
#include "mm/swap_impl.h"
#include "tests/host/fake_swap.h"
#include "tests/host/mm_model.h"

#define SWAP_PAGES 6000u

static struct fake_swap disk;

void make_swap(void)
{
    assert_int_equal(fake_swap_add(&disk, "disk", SWAP_PAGES, -1), 0);
}

void drop_swap(void)
{
    launder_flush();
    assert_int_equal(swap_stats().used, 0);
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(disk.closed, 1);
}

const uint8_t *swapped_bytes(uint32_t slot)
{
    struct swap_area_info area;
    struct swap_slot_info info;

    assert_true(swap_area(0, &area));
    assert_true(swap_slot(slot, &info));
    assert_non_null(info.owner);
    assert_true(info.count > 0 && !info.reading && !info.writing);
    if (info.pfn)
        return pfn_to_virt(info.pfn);
    return disk.bytes + (size_t)(slot - area.first) * PAGE_SIZE;
}

/* The frame of the page, if it is in memory. */
static pfn_t frame_at(struct space *sp, unsigned i)
{
    pte_t e = pt_get(sp->as, va_of(i));

    return pte_in_core(e) ? pte_pfn(e) : NO_PFN;
}

/* page_evict; a page of a file may have gone home by it. */
static void evict(pfn_t pfn)
{
    const struct frame *f = frame_of(pfn);
    const void *owner = frame_type(f) == FRAME_OBJ ? frame_owner(f) : NULL;
    uint32_t index = f->index;
    unsigned writes = fake_writes;

    (void)page_evict(pfn);
    for (unsigned o = 0; o < FILES && fake_writes != writes; o++)
        if (owner == files[o])
            dirty[o][index] = false;
}

/* The node of a page, or all that the program has. */
static void take_nodes(struct space *sp)
{
    struct node *n = pt_node(sp->as->pt, va_of(testing_below(PAGES)));

    if (testing_below(3) == 0)
        (void)evict_space(sp->as);
    else if (n && page_look(node_pfn(n), true) == PAGE_IDLE)
        (void)page_evict(node_pfn(n));
}

/* A page is taken, perhaps with some of its neighbours, which have been looked at. */
void do_page_out(struct space *sp)
{
    unsigned i = testing_below(PAGES), first, n;
    pfn_t pfn;

    for (unsigned tries = 0; tries < 20 && !frame_at(sp, i); tries++)
        i = testing_below(PAGES);
    first = i > 16 ? i - testing_below(16) : i;
    n = testing_below(3) ? 1 : 16;
    for (unsigned k = first; n > 1 && k < first + n && k < PAGES; k++)
        if (frame_at(sp, k))
            (void)page_look(frame_at(sp, k), true);
    pfn = frame_at(sp, i);
    if (pfn && page_look(pfn, testing_below(2)) != PAGE_NOT)
        evict(pfn);
    if (testing_below(16) == 0)
        disk.write_fails = 1 + testing_below(3);
    if (testing_below(16) == 0)
        take_nodes(sp);
    if (testing_below(3))
        launder_flush();
    disk.write_fails = 0;
}

void do_reclaim(void)
{
    (void)reclaim_cache(testing_below(4) ? testing_below(100) : UINT32_MAX);
}

/* swapoff, and swapon. */
void do_swapoff(void)
{
    launder_flush();
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(swap_stats().used, 0);
    assert_int_equal(fake_check(), 0);
    make_swap();
}
