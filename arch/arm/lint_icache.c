/* SPDX-License-Identifier: MIT
 *
 * Hardware lint's shadow of the instruction caches: a bit a frame, set while every CPU fetches what
 * the frame holds. It is set by the manual's sequence alone (all lines cleaned to unification; DSB;
 * all instruction caches invalidated; DSB) and cleared when the frame is freed, cleared, copied to,
 * written by the kernel at its own address, or given to a program that may write but not execute
 * it. Who may do both has promised to call cacheflush.
 * Locks: lint's. Source: ARM DDI 0406C B2.2.6 (instruction caches), B2.2.9.
 */
#include "arch/arm/lint_impl.h"

#include <string.h>

#include "arch/arm/cp15.h"
#include "arch/arm/mmu.h"
#include "kern/cpu.h"
#include "kern/panic.h"
#include "mm/frame.h"
#include "mm/hat.h"
#include "mm/page.h"

static struct {
    uint32_t *coherent; /* bit: the frame is; from direct_map.first on */
    uint32_t line_bytes;
} shadow;

enum stage { CLEANING, CLEANED, ORDERED, INVALIDATED };

/* The linker sends everybody's calls here (CMakeLists.txt). */
void __real_page_clear(void *page);
void __real_page_copy(void *to, const void *from);
void __wrap_page_clear(void *page);
void __wrap_page_copy(void *to, const void *from);

void __wrap_page_clear(void *page)
{
    __real_page_clear(page);
    hat_frame_written(virt_to_pfn(page));
}

void __wrap_page_copy(void *to, const void *from)
{
    __real_page_copy(to, from);
    hat_frame_written(virt_to_pfn(to));
}

void lint_icache_boot(void)
{
    uint32_t bytes = (direct_map.end - direct_map.first) / 8 + sizeof(uint32_t);
    pfn_t pfn = frame_alloc_contiguous(pages_of(bytes), 1);

    if (pfn == NO_PFN)
        panic("lint: no memory for the shadow of the instruction caches");
    shadow.coherent = pfn_to_virt(pfn);
    memset(shadow.coherent, 0, page_addr(pages_of(bytes)));
    shadow.line_bytes = 4u << (cp15_read_ctr() >> 16 & 15);
}

static uint32_t *word_of(pfn_t pfn)
{
    return &shadow.coherent[(pfn - direct_map.first) / 32];
}

static uint32_t bit_of(pfn_t pfn)
{
    return 1u << ((pfn - direct_map.first) % 32);
}

/* A sync that is under way does not count any more either. */
void lint_icache_written(pfn_t pfn)
{
    if (pfn < direct_map.first || pfn >= direct_map.end)
        return;
    *word_of(pfn) &= ~bit_of(pfn);
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (lint_cpus[i].sync.pfn == pfn)
            lint_cpus[i].sync.pfn = 0;
}

static bool executable(uint32_t entry)
{
    return (entry & (L2_PAGE | L2_XN)) == L2_PAGE;
}

void lint_icache_stored(vaddr_t va, uint32_t old, uint32_t now, uint32_t pc)
{
    pfn_t pfn = now >> PAGE_SHIFT;
    char place[LINT_PLACE];

    if (!(now & L2_PAGE))
        return;
    if (!executable(now)) {
        if (!(now & L2_RO))
            lint_icache_written(pfn);
        return;
    }
    if (executable(old) && old >> PAGE_SHIFT == pfn)
        return;
    if (!(*word_of(pfn) & bit_of(pfn)))
        lint_fail("icache",
                  "%08x -> frame %x made executable by %s on cpu %u (ASID %u): written since all "
                  "instruction caches were last made coherent with it",
                  (unsigned)va, (unsigned)pfn, lint_place(pc, place), cpu_here(),
                  (unsigned)lint_cpus[cpu_here()].asid);
}

/* From a page's first line to its last, in order, as everybody does. */
static void clean_line(struct lint_cpu *me, uint32_t va)
{
    pfn_t pfn = virt_to_pfn((void *)(uintptr_t)va);

    if ((va & PAGE_MASK) == 0) {
        me->sync.pfn = pfn;
        me->sync.stage = CLEANING;
    } else if (me->sync.pfn != pfn || me->sync.stage != CLEANING || me->sync.next_line != va) {
        me->sync.pfn = 0;
    }
    me->sync.next_line = va + shadow.line_bytes;
    if (me->sync.pfn && (me->sync.next_line & PAGE_MASK) == 0)
        me->sync.stage = CLEANED;
}

void lint_icache_maintain(enum lint_register which, uint32_t value)
{
    struct lint_cpu *me = &lint_cpus[cpu_here()];
    bool all = which == LINT_icialluis || cpus_count() == 1;

    if (which == LINT_dccmvau)
        clean_line(me, value);
    else if (me->sync.stage == ORDERED && all)
        me->sync.stage = INVALIDATED;
}

void lint_icache_dsb(void)
{
    struct lint_cpu *me = &lint_cpus[cpu_here()];

    if (me->sync.stage == CLEANED) {
        me->sync.stage = ORDERED;
    } else if (me->sync.stage == INVALIDATED && me->sync.pfn) {
        *word_of(me->sync.pfn) |= bit_of(me->sync.pfn);
        me->sync.pfn = 0;
    }
}
