/* SPDX-License-Identifier: MIT
 *
 * Offsets of structure members that assembly uses. Compiled to assembly and turned into
 * generated/offsets.h by the build; nothing of this is in the image.
 */
#include "arch/arm/boot.h"
#include "arch/arm/trapframe.h"
#include "mm/hat.h"
#include "proc/syscall.h"
#include "proc/thread.h"

#define DEFINE(name, value) __asm__ volatile("\n=>" #name " %0" ::"i"(value))

void offsets(void);
void offsets(void)
{
    DEFINE(TF_SIZE, sizeof(struct trapframe));
    DEFINE(TF_SP, offsetof(struct trapframe, sp));
    DEFINE(TF_LR, offsetof(struct trapframe, lr));
    DEFINE(TF_PC, offsetof(struct trapframe, pc));
    DEFINE(TF_CPSR, offsetof(struct trapframe, cpsr));
    DEFINE(BLOCK_HW, offsetof(struct secondary_block, hw));
    DEFINE(BLOCK_TABLE, offsetof(struct secondary_block, table));
    DEFINE(BLOCK_CPU, offsetof(struct secondary_block, cpu));
    DEFINE(BLOCK_IRQ_SP, offsetof(struct secondary_block, irq_sp));
    DEFINE(BLOCK_ABORT_SP, offsetof(struct secondary_block, abort_sp));
    DEFINE(BLOCK_UNDEF_SP, offsetof(struct secondary_block, undef_sp));
    DEFINE(BLOCK_SVC_SP, offsetof(struct secondary_block, svc_sp));
    DEFINE(CPU_THREAD, offsetof(struct cpu, thread));
    DEFINE(THREAD_SP, offsetof(struct thread, context.sp));
    DEFINE(THREAD_WORK, offsetof(struct thread, work));
    DEFINE(THREAD_PROC, offsetof(struct thread, proc));
    DEFINE(NR_SYSCALLS, SYSCALL_MAX);
}
