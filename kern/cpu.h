/* SPDX-License-Identifier: MIT
 *
 * Which CPU runs this, and for which thread. Valid from the first instruction in C on, interrupts
 * or not; implemented by arch/arm (cpu_id, by TPIDRPRW) and proc (cpu_thread_id).
 */
#ifndef KERN_CPU_H
#define KERN_CPU_H

#include "lib/base.h"

#define CPU_MAX 4

/* 0 .. CPU_MAX - 1. */
unsigned cpu_id(void);
/* The tid of the current thread; 0: none yet, or the idle thread. */
uint16_t cpu_thread_id(void);

#endif
