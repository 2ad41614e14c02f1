/* SPDX-License-Identifier: MIT
 *
 * Units of memory and the conversions between them: every page-size shift of the kernel is here.
 * The address map (docs/ARCHITECTURE.md) is here, too.
 */
#ifndef MM_UNITS_H
#define MM_UNITS_H

#include "lib/base.h"

typedef uintptr_t vaddr_t; /* virtual address, bytes */
typedef uint64_t paddr_t;  /* physical address, bytes; RAM may end at exactly 2^32 */
typedef uint32_t pfn_t;    /* physical frame number: 20 bits; 0 names no frame */
typedef uint32_t vpn_t;    /* virtual page number */
typedef uint32_t prot_t;   /* PROT_* as in mmap */

#define PROT_NONE  0u
#define PROT_READ  1u
#define PROT_WRITE 2u
#define PROT_EXEC  4u

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096u
#define PAGE_MASK  4095u
#define NODE_SHIFT 21 /* a page-table node maps 2 MiB */
#define NODE_PAGES 512u
#define NODE_SPAN  (1u << NODE_SHIFT)

#define USER_MIN    0x1000u /* page 0 is never mapped */
#define FIXED_MIN   0x2000u /* where a program may ask for a mapping, as with Linux on ARM */
#define USER_END    0x40000000u
#define DIRECT_BASE 0x50000000u /* RAM's first byte */
#define DIRECT_END  0xfff00000u
#define NO_PFN      0u

static inline vpn_t page_of(vaddr_t va)
{
    return (vpn_t)(va >> PAGE_SHIFT);
}

static inline vaddr_t page_base(vaddr_t va)
{
    return va & ~(vaddr_t)PAGE_MASK;
}

static inline vaddr_t page_addr(vpn_t page)
{
    return (vaddr_t)page << PAGE_SHIFT;
}

/* Bytes to pages, rounded up; at most 2^32 - 4096 bytes. */
static inline uint32_t pages_of(size_t len_bytes)
{
    return (uint32_t)((len_bytes + PAGE_MASK) >> PAGE_SHIFT);
}

/* Slot of the root that holds va, and the page's index in its node. */
static inline unsigned node_slot(vaddr_t va)
{
    return (unsigned)(va >> NODE_SHIFT);
}

static inline unsigned node_index(vaddr_t va)
{
    return (unsigned)(va >> PAGE_SHIFT) & (NODE_PAGES - 1);
}

/* Where the kernel sees RAM: constant after mm_init. Virtual = physical + offset. */
struct direct_map {
    uintptr_t by_pfn;  /* (c) where frame 0 would have its entry in the frame table */
    uintptr_t by_page; /* (c) where the frame at virtual address 0 would have it */
    uintptr_t offset;  /* (c) */
    pfn_t first, end;  /* (c) frames of the frame table: first <= pfn < end */
};
extern struct direct_map direct_map;

static inline void *pfn_to_virt(pfn_t pfn)
{
    return (void *)(((uintptr_t)pfn << PAGE_SHIFT) + direct_map.offset);
}

static inline pfn_t virt_to_pfn(const void *p)
{
    return (pfn_t)(((uintptr_t)p - direct_map.offset) >> PAGE_SHIFT);
}

#endif
