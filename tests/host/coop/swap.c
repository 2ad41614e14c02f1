/* SPDX-License-Identifier: MIT */
#include "tests/host/coop/swap.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/panic.h"
#include "mm/pageout_impl.h"
#include "mm/reclaim.h"
#include "mm/swap.h"
#include "tests/host/coop/coop.h"
#include "tests/host/threads.h"

#define AREA_PAGES 9u
#define HALF       (PAGE_SIZE / 2)

static uint8_t disk[AREA_PAGES][PAGE_SIZE];

static void move_half(uint8_t *to, const uint8_t *from)
{
    uintptr_t a = (uintptr_t)to & ~(uintptr_t)PAGE_MASK,
              b = (uintptr_t)from & ~(uintptr_t)PAGE_MASK;

    if (coop_inside())
        coop_step(&(struct coop_op){.n = 2, .access = {{a, COOP_WRITE}, {b, COOP_READ}}});
    memcpy(to, from, HALF);
}

/* The order of halves is not that of addresses. */
static void move(uint8_t *to, const uint8_t *from)
{
    move_half(to + HALF, from + HALF);
    move_half(to, from);
}

static int area_read(void *dev, uint32_t page, unsigned n, const pfn_t *pfns)
{
    (void)dev;
    check(page > 0 && page + n <= AREA_PAGES);
    for (unsigned i = 0; i < n; i++)
        move(pfn_to_virt(pfns[i]), disk[page + i]);
    return 0;
}

static int area_write(void *dev, uint32_t page, unsigned n, const pfn_t *pfns)
{
    (void)dev;
    check(page > 0 && page + n <= AREA_PAGES);
    for (unsigned i = 0; i < n; i++)
        move(disk[page + i], pfn_to_virt(pfns[i]));
    return 0;
}

static void area_close(void *dev)
{
    (void)dev;
    memset(disk, 0, sizeof(disk));
}

void coop_swap_add(void)
{
    static const struct swap_ops ops = {
        .read = area_read, .write = area_write, .close = area_close};

    memset(disk, 0xd5, sizeof(disk));
    check(swap_add(&(struct swap_request){
              .name = "area", .ops = &ops, .pages = AREA_PAGES, .prio = -1}) == 0);
}

void coop_swap_remove(void)
{
    launder_flush();
    check(swap_stats().used == 0);
    check(swap_remove("area") == 0);
}

void coop_page_out(struct as *as, vaddr_t va)
{
    pte_t e = pt_get(as, va);

    if (pte_in_core(e) && pte_pfn(e) != frame_zero_page() &&
        page_look(pte_pfn(e), true) != PAGE_NOT)
        (void)page_evict(pte_pfn(e));
    launder_flush();
}

void coop_space_out(struct as *as)
{
    (void)evict_space(as);
}

void coop_reclaim(void)
{
    (void)reclaim_cache(UINT32_MAX);
}
