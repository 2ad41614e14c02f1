/* SPDX-License-Identifier: MIT
 *
 * User registers as vectors.S saves them at the top of the thread's kernel stack; a fault in the
 * kernel pushes the same layout where its stack is. srsdb stores pc and cpsr, hence the order.
 */
#ifndef ARM_TRAPFRAME_H
#define ARM_TRAPFRAME_H

#include "lib/base.h"

/* What signal frames have in the same order. */
struct user_registers {
    uint32_t r[13], sp, lr;
};

struct trapframe {
    union {
        struct user_registers registers;
        struct {
            uint32_t r[13], sp, lr;
        };
    };
    uint32_t pad; /* keeps the frame a multiple of 8 bytes */
    uint32_t pc, cpsr;
};

#define PSR_MODE 0x1fu
#define PSR_USR  0x10u
#define PSR_IRQ  0x12u
#define PSR_SVC  0x13u
#define PSR_ABT  0x17u
#define PSR_UND  0x1bu
#define PSR_T    0x20u
#define PSR_I    0x80u

static inline bool trap_from_user(const struct trapframe *tf)
{
    return (tf->cpsr & PSR_MODE) == PSR_USR;
}

#endif
