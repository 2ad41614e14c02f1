/* SPDX-License-Identifier: MIT
 *
 * Per-CPU data: reached through TPIDRPRW, which only the kernel can read or write. Included by
 * proc/thread.h; the offsets that assembly uses are generated (arch/arm/offsets.c).
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "lib/base.h"

struct thread;
struct hat;

struct cpu {
    struct thread *thread; /* running now */
    uint32_t id;
    struct thread *idle;      /* (c) */
    struct thread *dead;      /* switched away from for good: to be freed */
    struct thread *vfp_owner; /* whose registers the VFP holds and is enabled for, or NULL */
    struct hat *hat;          /* what TTBR0 shows; NULL: nothing */
    uint32_t in_irq;          /* interrupts being handled */
};

static inline struct cpu *cpu_self(void)
{
    struct cpu *c;

    /* Not volatile and no memory clobber: constant for a CPU, and threads do not migrate while
     * they look. */
    __asm__("mrc p15, 0, %0, c13, c0, 4" : "=r"(c));
    return c;
}

static inline struct thread *thread_current(void)
{
    struct thread *t;

    __asm__ volatile("mrc p15, 0, %0, c13, c0, 4\n\tldr %0, [%0]" : "=r"(t));
    return t;
}

#endif
