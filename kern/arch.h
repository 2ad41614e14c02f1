/* SPDX-License-Identifier: MIT
 *
 * What portable code needs of the machine and arch/arm implements, besides mm/hat.h and
 * mm/uaccess.h: halting, showing registers, switching stacks, user registers.
 */
#ifndef KERN_ARCH_H
#define KERN_ARCH_H

#include "lib/base.h"

struct trapframe;
struct thread;
struct siginfo;
struct sigaction_abi;
struct altstack;

void arch_halt(void) __noreturn;
/* The CPU's main ID register: whose it is, and which. */
uint32_t arch_main_id(void);
/* Semihosting, ARM DUI 0471 chapter 8: an operation with its block of arguments, done by the
 * emulator or debugger before this returns. Its result; 0 where nobody listens. */
int arch_semihosting(uint32_t operation, const uint32_t *block);
int arch_psci_call(bool smc, uint32_t fn, uint32_t a, uint32_t b, uint32_t c);
/* Waits for an interrupt, interrupts masked on entry and on return. */
void arch_wait_for_interrupt(void);

/* Keeps the registers as they are here, one set for the machine, and gives it: for panics. */
void arch_note_registers(void);
const struct trapframe *arch_noted_registers(void);
void arch_show_registers(const struct trapframe *tf, void (*print)(const char *format, ...));
/* Calls frame(pc) for each return address, from tf (NULL: the caller) outwards. */
void arch_backtrace(const struct trapframe *tf, void (*frame)(uint32_t pc, void *arg), void *arg);

uint32_t arch_frame_pc(const struct trapframe *tf);
/* tf are registers of a program. */
bool arch_frame_is_user(const struct trapframe *tf);
/* Calls fn(tf, arg) on the stack whose end is stack_top, with the caller's registers in tf,
 * whatever the CPU's mode; interrupts are masked and stay so. */
void arch_call_debugger(void (*fn)(const struct trapframe *tf, void *arg), void *arg,
                        void *stack_top);
/* Calls fn(tf, arg) with the registers at which t, which runs on no CPU, will go on in the kernel:
 * those that it saved, the others 0. */
void arch_thread_frame(const struct thread *t, void (*fn)(const struct trapframe *tf, void *arg),
                       void *arg);
/* The physical address of what the kernel sees at va; false: nothing is mapped there. */
bool arch_translate(uintptr_t va, uint64_t *phys);
/* Writes the data cache's lines of [p, p + bytes) to memory and drops them, whoever has them: what
 * was written before is seen by a device that looks at memory alone, and what it wrote is read
 * next. Nothing else of value may lie in these lines meanwhile. */
void arch_dma_sync(const volatile void *p, size_t bytes);

/* Kernel stacks: one page with a guard page below it. NULL: no memory or no room. */
void *arch_kstack_alloc(void);
void arch_kstack_free(void *stack);

/* Switches from one thread to the other; returns when somebody switches back. */
void arch_switch(struct thread *from, struct thread *to);
/* First context of a thread: entry(arg) on its kernel stack; a user thread goes to its frame. */
void arch_thread_init(struct thread *t, void (*entry)(void *), void *arg);
/* First context of a forked thread: returns to user mode with the frame of t, result 0. */
void arch_thread_init_fork(struct thread *t, const struct thread *parent);
/* Per-thread registers (TLS, VFP off) of `to`, which is about to run. */
void arch_thread_load(struct thread *to);
/* Saves what is live only in registers of the machine (VFP) of the current thread. */
void arch_thread_save(struct thread *from);
void arch_thread_release(struct thread *t);
/* Bytes that the machine keeps for t beside struct and kernel stack, at this moment: VFP. */
uint32_t arch_thread_bytes(const struct thread *t);
/* fork: the child's copy of VFP registers. 0 or -ENOMEM. */
int __must_check arch_thread_copy_vfp(struct thread *to, struct thread *from);
void arch_set_tls(uint32_t value);

/* User registers of the current thread. */
void arch_set_entry(uint32_t pc, uint32_t sp); /* all others 0; T bit from pc bit 0 */
void arch_set_result(struct thread *t, uint32_t r0);
void arch_set_sp(struct thread *t, uint32_t sp);
uint32_t arch_user_arg(unsigned n); /* r0..r6 at the system call */
uint32_t arch_user_pc(void);
uint32_t arch_user_sp(void);

uint32_t arch_user_result(void); /* r0 as it goes back */
/* The program does its system call again, with that first argument. */
void arch_redo_call(uint32_t r0);

/* Signals (proc/signal.h). A frame on the program's stack, or on its other one, and the handler's
 * first registers. -EFAULT: it can't be written, and nothing has changed. May sleep. */
struct arch_signal {
    const struct siginfo *info;
    const struct sigaction_abi *action;
    uint64_t mask; /* to be blocked again when the handler returns */
};
int __must_check arch_signal_enter(const struct arch_signal *s);
/* Back from a handler: registers from the frame at the stack pointer, and what is to be blocked
 * then; stack: the other one as it was. rt: the frame has siginfo. -EFAULT: it is none. May sleep.
 */
int __must_check arch_signal_return(bool rt, uint64_t *mask, struct altstack *stack);
/* The program runs on its other stack. */
bool arch_on_altstack(void);

/* Sends system calls and faults through the trace (TRACE_CALL, TRACE_RETURN, TRACE_FAULT), or
 * straight to their handlers again: on all CPUs, before any thread runs its next instruction. */
void arch_trace_traps(bool on);
/* On a CPU that was told so: called by the interrupt that told it. */
void arch_trace_apply(void);

/* cacheflush: makes instruction fetches see user memory [start, end). 0 or -EFAULT. */
int arch_cacheflush(uint32_t start, uint32_t end);

#endif
