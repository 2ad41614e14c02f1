/* SPDX-License-Identifier: MIT
 *
 * The machine's part of a thread: VFP registers, enabled at the first use in a time slice and saved
 * at switch-out. Private to arch/arm.
 */
#ifndef ARM_THREAD_H
#define ARM_THREAD_H

#include "lib/base.h"

/* The current thread met an instruction that was undefined: if the VFP was off, it is on now with
 * the thread's registers and the answer is true; else the instruction really is undefined. */
bool vfp_first_use(void);
/* Bytes of a thread's VFP registers: d0 to d31, FPSCR and a word that nobody uses. */
#define VFP_STATE_BYTES 264u
/* The current thread's registers into `to`, false: it has not used any. */
bool arch_vfp_get(void *to);
/* The other way round: from its next VFP instruction on. -ENOMEM. */
int __must_check arch_vfp_set(const void *from);
/* It is as a thread that has never used them. */
void arch_vfp_forget(void);
/* Access to the VFP for all, the VFP itself off. */
void vfp_boot(void);

#endif
