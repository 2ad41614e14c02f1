/* SPDX-License-Identifier: MIT
 *
 * Short-descriptor formats and the kernel's own mappings. Constructors build whole descriptors; one
 * store publishes them. Private to arch/arm (and its host test).
 * Source: ARM DDI 0406C B3.5.1 (formats), B3.7 (access permissions, AFE), B3.8 (memory types).
 */
#ifndef ARM_MMU_H
#define ARM_MMU_H

#include "arch/arm/lint.h"
#include "mm/units.h"

/* First level. */
#define L1_INVALID     0u
#define L1_TABLE       0x1u  /* second level at bits 31:10 */
#define L1_TABLE_PXN   0x4u  /* the kernel executes nothing through it */
#define L1_DOMAIN1     0x20u /* hardware lint: what DACR closes */
#define L1_SECTION     0x2u
#define L1_SECTION_B   0x4u
#define L1_SECTION_C   0x8u
#define L1_SECTION_XN  0x10u
#define L1_SECTION_AF  0x400u  /* AP[0] with SCTLR.AFE */
#define L1_SECTION_TEX 0x1000u /* TEX[0] */
#define L1_SECTION_RO  0x8000u /* AP[2] */
#define L1_SECTION_S   0x10000u

/* Second level: small pages. */
#define L2_XN   0x1u
#define L2_PAGE 0x2u
#define L2_B    0x4u
#define L2_C    0x8u
#define L2_AF   0x10u /* AP[0] */
#define L2_USER 0x20u /* AP[1] */
#define L2_TEX0 0x40u
#define L2_RO   0x200u /* AP[2] */
#define L2_S    0x400u
#define L2_NG   0x800u

/* Normal memory, inner and outer write-back write-allocate, shareable; shareable device memory. */
#define L1_NORMAL                                                                                  \
    (L1_SECTION | L1_SECTION_TEX | L1_SECTION_C | L1_SECTION_B | L1_SECTION_S | L1_SECTION_AF)
#define L2_NORMAL (L2_PAGE | L2_TEX0 | L2_C | L2_B | L2_S | L2_AF)
#define L2_DEVICE (L2_PAGE | L2_B | L2_AF | L2_XN)

#define TTBR_FLAGS 0x4au /* walks: write-back write-allocate, shareable (B4.1.154) */

#define SECTION_SHIFT 20
#define SECTION_SIZE  (1u << SECTION_SHIFT)
#define L2_ENTRIES    256u
#define L2_BYTES      1024u

/* The only ways to write a descriptor that a CPU may walk to: of user space, first or second level;
 * of the kernel's area, second or first level, the one that translates va. */
static inline void table_store(volatile uint32_t *entry, uint32_t value)
{
    if (IS_ENABLED(CONFIG_LINT))
        lint_store((uint32_t *)(uintptr_t)entry, value);
    else
        *entry = value;
}

/* The same where the caller's lock or barrier keeps the compiler from moving it. */
static inline void table_store_plain(uint32_t *entry, uint32_t value)
{
    if (IS_ENABLED(CONFIG_LINT))
        lint_store(entry, value);
    else
        *entry = value;
}

static inline void table_store_kernel(uint32_t *entry, uint32_t value, vaddr_t va, bool first)
{
    if (IS_ENABLED(CONFIG_LINT))
        lint_store_kernel(entry, value, va, first);
    else
        *entry = value;
}

extern uint32_t kernel_l1[4096];
extern uint32_t empty_l1[1024];

/* Before anything else: device_map works from here on. */
void mmu_boot(void);
/* The kernel sees RAM [first, first + count), rounded out to sections, at its direct address. */
void mmu_map_direct(pfn_t first, uint32_t count);
/* Kernel text read-only and executable, constants read-only, everything else not executable. */
void mmu_protect_kernel(void);
/* Enters, or with entry 0 removes, one page of the area 0x40000000-0x4fffffff. -ENOMEM. */
int mmu_set_kernel_page(vaddr_t va, uint32_t entry);
/* All TLBs forget what they know of the page, whatever its ASID; barriers are the caller's. */
void mmu_forget_page(vaddr_t va);
/* All TLBs forget everything, barriers included. */
void mmu_forget_all(void);
/* The kuser page. */
void mmu_map_kuser(void);
paddr_t mmu_phys(const void *p);

/* hat_chaos.c: what hat_chaos does when it is on; see mm/hat.h. */
struct as;
void chaos_seed(uint32_t random);
bool chaos_throw(struct as *as, vaddr_t pc);

#endif
