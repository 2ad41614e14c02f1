/* SPDX-License-Identifier: MIT
 *
 * The kernel's half of the address map (TTBR1): the direct map in sections, the image in pages, and
 * the area of devices and kernel stacks, whose second-level tables come and go with their pages.
 * Each CPU keeps a few stacks that are mapped, so that a thread's end costs no TLB broadcast.
 * Locks: area.lock; no frame is allocated under it, since that may ask for the stacks that are
 * kept. Source: ARM DDI 0406C B3.5.
 */
#include "arch/arm/mmu.h"

#include <string.h>

#include "arch/arm/cp15.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/bugs.h"
#include "kern/device.h"
#include "kern/lock.h"
#include "machine/cpu.h"
#include "mm/frame.h"
#include "mm/store.h"

#define AREA_BASE   0x40000000u
#define DEVICE_END  0x44000000u
#define STACK_BASE  0x44000000u
#define STACK_PITCH (2 * PAGE_SIZE) /* guard page below each stack page */
#define STACK_SLOTS 16384u
#define GROUP_SPAN  (4u << SECTION_SHIFT) /* one frame holds four second-level tables */
#define AREA_GROUPS 64u
#define KUSER_BASE  0xffff0000u
#define STACKS_KEPT 7u

extern char __text_start[], __text_end[], __rodata_end[], __image_end[];
extern const char kuser_begin[], kuser_end[], kuser_sigreturn[], kuser_sigreturn_end[];

static struct {
    struct spin lock;
    uint32_t *tables[AREA_GROUPS];     /* (lock) four tables of 256 entries */
    uint16_t pages[AREA_GROUPS];       /* (lock) entries in use */
    vaddr_t device_next;               /* (lock) */
    uint32_t stacks[STACK_SLOTS / 32]; /* (lock) bit: slot in use */
    uint32_t stack_hint;               /* (lock) words below have no free bit */
} area = {.lock = SPIN_INIT(LOCK_KSTACKS), .device_next = AREA_BASE};

static struct {
    uint32_t n;
    uintptr_t slot[STACKS_KEPT];
} __aligned(64) kept[CPU_MAX];

/* The first group's tables: there before frames can be allocated, for the early console. */
static uint32_t early_tables[4 * L2_ENTRIES] __aligned(PAGE_SIZE);
static uint32_t kernel_l2[L2_ENTRIES] __aligned(L2_BYTES);
static uint32_t kuser_l2[L2_ENTRIES] __aligned(L2_BYTES);
static char kuser_page[PAGE_SIZE] __aligned(PAGE_SIZE);

paddr_t mmu_phys(const void *p)
{
    return (uint32_t)((uintptr_t)p - direct_map.offset);
}

void mmu_map_direct(pfn_t first, uint32_t count)
{
    uint32_t section = first >> (SECTION_SHIFT - PAGE_SHIFT);
    uint32_t last = (first + count - 1) >> (SECTION_SHIFT - PAGE_SHIFT);

    for (; section <= last; section++) {
        uint32_t phys = section << SECTION_SHIFT;
        uint32_t *entry = &kernel_l1[(phys + direct_map.offset) >> SECTION_SHIFT];

        if (*entry == L1_INVALID)
            *entry = phys | L1_NORMAL | L1_SECTION_XN;
    }
    dsb();
    isb();
}

/* The image's MiB is split into pages while we run in it: output addresses and memory type stay,
 * only permissions change, and the TLB is flushed at once. */
void mmu_protect_kernel(void)
{
    uintptr_t mib = (uintptr_t)__text_start & ~(uintptr_t)(SECTION_SIZE - 1);

    for (unsigned i = 0; i < L2_ENTRIES; i++) {
        uintptr_t va = mib + i * PAGE_SIZE;
        uint32_t entry = (uint32_t)mmu_phys((void *)va) | L2_NORMAL;

        if (va >= (uintptr_t)__text_start && va < (uintptr_t)__text_end)
            entry |= L2_RO;
        else if (va >= (uintptr_t)__text_end && va < (uintptr_t)__rodata_end)
            entry |= L2_RO | L2_XN;
        else
            entry |= L2_XN;
        kernel_l2[i] = entry;
    }
    dsb();
    kernel_l1[mib >> SECTION_SHIFT] = (uint32_t)mmu_phys(kernel_l2) | L1_TABLE;
    mmu_forget_all();
}

void mmu_map_kuser(void)
{
    memcpy(kuser_page + 0xf60, kuser_begin, (size_t)(kuser_end - kuser_begin));
    memcpy(kuser_page + 0x500, kuser_sigreturn, (size_t)(kuser_sigreturn_end - kuser_sigreturn));
    cp15_write_iciallu(0);
    kuser_l2[KUSER_BASE >> PAGE_SHIFT & (L2_ENTRIES - 1)] =
        (uint32_t)mmu_phys(kuser_page) | L2_NORMAL | L2_USER | L2_RO;
    dsb();
    kernel_l1[KUSER_BASE >> SECTION_SHIFT] = (uint32_t)mmu_phys(kuser_l2) | L1_TABLE;
    mmu_forget_all();
}

/* Four first-level entries lead to the group's tables, or to nothing. */
static void set_group(unsigned g, uint32_t *tables)
{
    area.tables[g] = tables;
    for (unsigned i = 0; i < 4; i++) {
        vaddr_t va = AREA_BASE + g * GROUP_SPAN + i * SECTION_SIZE;
        uint32_t l2 = (uint32_t)mmu_phys(tables) + i * L2_BYTES;
        uint32_t *entry = &kernel_l1[(AREA_BASE >> SECTION_SHIFT) + 4 * g + i];

        table_store_kernel(entry, tables ? l2 | L1_TABLE : L1_INVALID, va, true);
    }
    dsb();
    isb();
}

/* Writes an entry; a group without tables takes *table for them, or answers -EAGAIN. */
static int set_page_locked(vaddr_t va, uint32_t entry, pfn_t *table)
{
    unsigned g = (unsigned)((va - AREA_BASE) / GROUP_SPAN);
    unsigned i = (unsigned)((va - AREA_BASE) % GROUP_SPAN) >> PAGE_SHIFT;

    if (!area.tables[g]) {
        if (*table == NO_PFN)
            return -EAGAIN;
        set_group(g, pfn_to_virt(*table));
        *table = NO_PFN;
    }
    area.pages[g] = (uint16_t)(area.pages[g] + (entry != 0) - (area.tables[g][i] != 0));
    table_store_kernel(&area.tables[g][i], entry, va, false);
    dsb();
    if (!entry && !BUG(tlb_kernel)) {
        mmu_forget_page(va);
        dsb();
    }
    isb();
    if (area.pages[g] == 0) {
        pfn_t pfn = virt_to_pfn(area.tables[g]);

        set_group(g, NULL);
        mmu_forget_all(); /* four first-level entries may be cached with the way to the table */
        frame_free(pfn);
    }
    return 0;
}

int mmu_set_kernel_page(vaddr_t va, uint32_t entry)
{
    pfn_t table = NO_PFN;
    int error;

    for (;;) {
        spin_lock(&area.lock);
        error = set_page_locked(va, entry, &table);
        spin_unlock(&area.lock);
        if (error != -EAGAIN)
            break;
        table = frame_alloc(FRAME_TABLE, NULL, 0, FRAME_FOR_KERNEL | FRAME_CLEAR);
        if (table == NO_PFN)
            return -ENOMEM;
    }
    if (table != NO_PFN)
        frame_free(table); /* another CPU made the group meanwhile */
    return error;
}

volatile void *device_map(uint64_t phys, size_t len_bytes)
{
    uint32_t offset = (uint32_t)phys & PAGE_MASK, npages = pages_of(len_bytes + offset);
    vaddr_t base = 0;

    if (phys + len_bytes > 1ull << 32)
        return NULL;
    spin_lock(&area.lock);
    if (npages <= page_of(DEVICE_END - area.device_next)) {
        base = area.device_next;
        area.device_next += npages * PAGE_SIZE;
    }
    spin_unlock(&area.lock);
    for (uint32_t i = 0; base && i < npages; i++)
        if (mmu_set_kernel_page(base + i * PAGE_SIZE,
                                (((uint32_t)phys & ~PAGE_MASK) + i * PAGE_SIZE) | L2_DEVICE))
            base = 0;
    return base ? (volatile char *)base + offset : NULL;
}

void arch_dma_sync(const volatile void *p, size_t bytes)
{
    uint32_t line = 4u << (cp15_read_ctr() >> 16 & 15), start = ALIGN_DOWN((uint32_t)p, line);

    dsb();
    for (uint32_t at = start; at < (uint32_t)p + bytes; at += line)
        cp15_write_dccimvac(at);
    dsb();
}

/* A free stack slot, taken; or -1. */
static int take_stack_slot(void)
{
    int slot = -1;

    spin_lock(&area.lock);
    for (uint32_t w = area.stack_hint; w < ARRAY_SIZE(area.stacks) && slot < 0; w++) {
        if (area.stacks[w] != ~0u) {
            unsigned bit = (unsigned)__builtin_ctz(~area.stacks[w]);

            area.stacks[w] |= 1u << bit;
            area.stack_hint = w;
            slot = (int)(w * 32 + bit);
        }
    }
    spin_unlock(&area.lock);
    return slot;
}

static void give_stack_slot(uint32_t slot)
{
    spin_lock(&area.lock);
    area.stacks[slot / 32] &= ~(1u << (slot % 32));
    area.stack_hint = MIN(area.stack_hint, slot / 32);
    spin_unlock(&area.lock);
}

static __noinline void *stack_make(void)
{
    pfn_t pfn = frame_alloc(FRAME_STACK, NULL, 0, FRAME_FOR_KERNEL);
    int slot = pfn == NO_PFN ? -1 : take_stack_slot();
    vaddr_t va = STACK_BASE + (uint32_t)slot * STACK_PITCH + PAGE_SIZE;

    if (slot >= 0 && mmu_set_kernel_page(va, pfn << PAGE_SHIFT | L2_NORMAL | L2_XN) == 0)
        return (void *)va;
    if (slot >= 0)
        give_stack_slot((uint32_t)slot);
    if (pfn != NO_PFN)
        frame_free(pfn);
    return NULL;
}

static __noinline void stack_free(vaddr_t va)
{
    unsigned g = (unsigned)((va - AREA_BASE) / GROUP_SPAN);
    unsigned i = (unsigned)((va - AREA_BASE) % GROUP_SPAN) >> PAGE_SHIFT;
    pfn_t pfn = area.tables[g][i] >> PAGE_SHIFT; /* ours alone, and the group stays meanwhile */
    int error = mmu_set_kernel_page(va, 0);

    kassert(error == 0);
    give_stack_slot((uint32_t)((va - STACK_BASE) / STACK_PITCH));
    frame_free(pfn);
}

static void stacks_drain(void)
{
    for (unsigned i = 0; i < CPU_MAX * STACKS_KEPT; i++) {
        vaddr_t va = store_steal(&kept[i / STACKS_KEPT].slot[i % STACKS_KEPT]);

        if (va)
            stack_free(va);
    }
}

void *arch_kstack_alloc(void)
{
    vaddr_t va = store_take(kept[cpu_here()].slot, &kept[cpu_here()].n);

    return likely(va) ? (void *)va : stack_make();
}

/* Kept are only stacks of the first group: those of a crowd that is gone hold no tables. */
void arch_kstack_free(void *stack)
{
    if (likely(kept[cpu_here()].n < STACKS_KEPT && (vaddr_t)stack < STACK_BASE + GROUP_SPAN))
        store_put(kept[cpu_here()].slot, &kept[cpu_here()].n, (vaddr_t)stack);
    else
        stack_free((vaddr_t)stack);
}

void mmu_boot(void)
{
    set_group(0, early_tables);
    area.pages[0] = 1; /* never empty */
    frame_add_drain(stacks_drain);
}
