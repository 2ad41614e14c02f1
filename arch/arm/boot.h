/* SPDX-License-Identifier: MIT
 *
 * Pieces of arch/arm that run once, at boot. Private to arch/arm.
 */
#ifndef ARM_BOOT_H
#define ARM_BOOT_H

#include "lib/base.h"
#include "machine/cpu.h"

/* What head.S needs of a core that it starts; written with the MMU on, read with it off. */
struct secondary_block {
    uint32_t hw;    /* affinity of the core that it is for */
    uint32_t table; /* physical address of the first level to begin with */
    struct cpu *cpu;
    void *irq_sp, *abort_sp, *undef_sp, *svc_sp;
};

void arch_boot(uint32_t dtb_phys, uint32_t phys_minus_virt);
void hat_boot(void);
/* Registers of a core that keep what they are given here; on each core. */
void arch_cpu_setup(void);
/* First C of another core, on its own stacks, interrupts masked. */
void arch_cpu_main(struct cpu *cpu) __noreturn;
void secondary_start(void);

#endif
