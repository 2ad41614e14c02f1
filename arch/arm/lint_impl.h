/* SPDX-License-Identifier: MIT
 *
 * Private to hardware lint: its lock, its picture of each CPU, and what its two halves (lint_tlb.c,
 * lint_icache.c) do for the hooks of lint.c. All of it with the lock held but for lint_fail.
 */
#ifndef ARM_LINT_IMPL_H
#define ARM_LINT_IMPL_H

#include "arch/arm/lint.h"
#include "machine/cpu.h"

#define LINT_FLUSHES 8

/* A CPU as lint sees it: its own, changed by itself. */
struct lint_cpu {
    uint32_t asid;   /* CONTEXTIDR */
    uint32_t *table; /* what TTBR0 shows; NULL: the table without translations */
    bool asid_open;  /* CONTEXTIDR was written, and no ISB followed */
    bool table_open; /* the same of TTBR0 */
    bool flushed;    /* the TLB was invalidated and no ISB followed: old translations may be used */
    bool work;       /* the next DSB completes something */
    bool stored;     /* a descriptor was stored, and no DSB followed: */
    uint16_t store_tid;
    vaddr_t store_va;  /* what it translates */
    uint32_t store_pc; /* where */
    struct {
        uint16_t asid; /* or LINT_GLOBAL: all */
        uint8_t cpus;
    } flush[LINT_FLUSHES]; /* by ASID or of everything, not complete: no DSB followed */
    unsigned nflush;
    struct {
        uint32_t pfn; /* 0: none */
        uint32_t next_line;
        uint8_t stage;
    } sync; /* of instruction caches with this frame */
};

#define LINT_GLOBAL  256u /* in the place of an ASID: translations of the kernel */
#define LINT_NOWHERE 257u

extern struct lint_cpu lint_cpus[CPU_MAX];

/* What this CPU's TTBR0 shows, as an ASID; LINT_NOWHERE. */
static inline uint32_t lint_shown(unsigned cpu)
{
    return lint_cpus[cpu].table ? lint_cpus[cpu].asid : LINT_NOWHERE;
}

/* The CPUs that may use translations of the ASID at this moment. */
uint32_t lint_showing(uint32_t asid);

/* A violation of the kind, described by format: the machine ends. Gives the lock back. */
void lint_fail(const char *kind, const char *format, ...) __printf(2, 3) __noreturn;
/* "hat_unload+0x34" in buf, which it returns. */
#define LINT_PLACE 48
const char *lint_place(uint32_t pc, char buf[LINT_PLACE]);

/* lint_tlb.c: what TLBs may hold. */
void lint_tlb_boot(void);
/* The entry, of a node or a first level in user space, was `old` and is `now`. */
void lint_tlb_stored(uint32_t *entry, uint32_t old, uint32_t now, uint32_t pc);
void lint_tlb_stored_kernel(vaddr_t va, uint32_t old, uint32_t now, bool first, uint32_t pc);
void lint_tlb_invalidate(enum lint_register which, uint32_t value);
void lint_tlb_dsb(void);
/* This CPU is about to show the table with its ASID. */
void lint_tlb_show(uint32_t *table);
void lint_tlb_to_user(void);
void lint_tlb_thread_ends(uint16_t tid);
void lint_tlb_frame_freed(uint32_t pfn);

/* lint_icache.c: which frames instruction fetches see as they are. */
void lint_icache_boot(void);
void lint_icache_written(uint32_t pfn);
/* An entry that translates va was `old` and is `now`. */
void lint_icache_stored(vaddr_t va, uint32_t old, uint32_t now, uint32_t pc);
void lint_icache_maintain(enum lint_register which, uint32_t value);
void lint_icache_dsb(void);

#endif
