/* SPDX-License-Identifier: MIT
 *
 * CPUs on the host: each thread of a test counts as one. There are at most CPU_MAX threads.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "lib/base.h"

#define CPU_MAX 8

/* The calling thread's number. */
unsigned cpu_here(void);

static inline void memory_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
