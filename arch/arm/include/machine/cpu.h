/* SPDX-License-Identifier: MIT
 *
 * Per-CPU data: reached through TPIDRPRW, which only the kernel can read or write. Included by
 * proc/thread.h and by per-CPU caches; the offsets that assembly uses are generated
 * (arch/arm/offsets.c). Fields belong to their CPU; others may look at thread, idle and hat, which
 * are what they were a moment ago.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "lib/base.h"

#define CPU_MAX 8 /* interfaces of a GICv2 */

struct thread;
struct hat;
struct runq;

struct cpu {
    struct thread *thread; /* running now */
    uint32_t id;           /* (c) affinity 0 of MPIDR: the number that hardware uses, too */
    struct runq *rq;       /* (c) the threads that wait for this CPU */
    struct thread *idle;   /* (c) */
    struct thread *left;   /* switched away from, and to be freed or moved by whoever runs next */
    struct thread *vfp_owner; /* whose registers the VFP holds and is enabled for, or NULL */
    struct hat *hat;          /* what TTBR0 shows; NULL: nothing */
};

/* (c) once the CPU is there; NULL: there is no such CPU. */
extern struct cpu *cpu_table[CPU_MAX];

/* Volatile: a thread that slept may be on another CPU when it wakes. */
static inline struct cpu *cpu_self(void)
{
    struct cpu *c;

    __asm__ volatile("mrc p15, 0, %0, c13, c0, 4" : "=r"(c));
    return c;
}

/* cpu_id() of kern/cpu.h, inline: the caller does not sleep until it is used. */
static inline unsigned cpu_here(void)
{
    return cpu_self()->id;
}

static inline struct thread *thread_current(void)
{
    struct thread *t;

    __asm__ volatile("mrc p15, 0, %0, c13, c0, 4\n\tldr %0, [%0]" : "=r"(t));
    return t;
}

/* Everything before is seen by other CPUs before everything after. */
static inline void memory_barrier(void)
{
    __asm__ volatile("dmb ish" ::: "memory");
}

#endif
