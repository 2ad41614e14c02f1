/* SPDX-License-Identifier: MIT
 *
 * What vectors.S calls, and the table of fault status codes (const, tested on the host against a
 * second transcription).
 */
#ifndef ARM_TRAP_H
#define ARM_TRAP_H

#include "arch/arm/trapframe.h"

enum fsr_class {
    FSR_OTHER,       /* reserved, or of no interest */
    FSR_TRANSLATION, /* nothing is mapped */
    FSR_ACCESS_FLAG, /* AP[0] clear */
    FSR_PERMISSION,
    FSR_DOMAIN,
    FSR_ALIGNMENT,
    FSR_DEBUG,
    FSR_EXTERNAL, /* the bus, or parity */
};

/* Class of a short-descriptor fault status: FS[4] (bit 10) << 4 | FS[3:0]. ARM DDI 0406C table
 * B3-23. */
enum fsr_class fsr_classify(uint32_t fsr);

void trap_data_abort(struct trapframe *tf);
void trap_prefetch_abort(struct trapframe *tf);
void trap_undefined(struct trapframe *tf);
void trap_stack_overflow(uint32_t pc) __attribute__((noreturn));

#endif
