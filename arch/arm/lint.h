/* SPDX-License-Identifier: MIT
 *
 * Hardware lint: what it is told, in builds with CONFIG_LINT. Called by the primitives through
 * which all of arch/arm stores descriptors, maintains TLB and caches and orders both (cp15.h,
 * mmu.h), so that nobody can forget to call it. docs/DEBUGGING.md says what it finds.
 */
#ifndef ARM_LINT_H
#define ARM_LINT_H

#include "lib/base.h"
#include "mm/units.h"

/* Registers whose writing it must know: LINT_ and their names in cp15.h. */
enum lint_register {
    LINT_ttbr0,
    LINT_contextidr,
    LINT_iciallu,
    LINT_icialluis,
    LINT_dccmvau,
    LINT_tlbiall,
    LINT_tlbimva,
    LINT_tlbiasid,
    LINT_tlbimvaa,
    LINT_tlbiallis, /* from here on: of all CPUs; lint_tlb_invalidate relies on the order */
    LINT_tlbimvais,
    LINT_tlbiasidis,
    LINT_tlbimvaais,
};

#define DACR_CLOSED 1u /* domain 0, the kernel's, alone */
#define DACR_OPEN   5u /* and domain 1, the programs' */

/* At boot, when frames can be had. */
void lint_boot(void);

/* Before the register is written; after the barrier. */
void lint_cp15(enum lint_register which, uint32_t value);
void lint_dsb(void);
void lint_isb(void);

/* Stores a descriptor: in a node or in a first level of user space; in a table of the kernel's,
 * where it translates va; first: a first level's. */
void lint_store(uint32_t *entry, uint32_t value);
void lint_store_kernel(uint32_t *entry, uint32_t value, vaddr_t va, bool first);

/* From vectors.S, interrupts masked: the next instruction is the program's. */
void lint_to_user(void);
/* A copy of user memory begins or, by a return from an exception, goes on; it ends or is
 * interrupted by a fault. */
void lint_user_open(bool by_return);
void lint_user_close(void);
/* The thread ends, or became another program: what it left undone is due. */
void lint_thread_ends(uint16_t tid);

#endif
