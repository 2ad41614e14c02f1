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
/* Access to the VFP for all, the VFP itself off. */
void vfp_boot(void);

#endif
