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
/* A thread's VFP registers, as they go into a signal frame. */
struct vfp_state {
    uint32_t magic, bytes; /* (c) VFP_MAGIC, VFP_BYTES */
    struct vfp_registers {
        uint32_t d[2 * 32], fpscr, unused;
    } registers;
    uint32_t exception[3], pad; /* (c) 0 */
    uint32_t end;               /* (c) 0: the magic of no block */
};
#define VFP_MAGIC 0x56465001u
#define VFP_BYTES 288u /* without `end` */
_Static_assert(offsetof(struct vfp_state, end) == VFP_BYTES, "the block of the ABI");
/* The current thread's, NULL: it has not used any. */
const struct vfp_state *vfp_own(void);
/* The same where the caller writes what they are from its next VFP instruction on. NULL: it is to
 * die for want of memory. */
struct vfp_registers *vfp_replace(void);
/* It is as a thread that has never used them. */
void vfp_forget(void);
/* Access to the VFP for all, the VFP itself off. */
void vfp_boot(void);

#endif
