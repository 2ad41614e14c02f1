/* SPDX-License-Identifier: MIT
 *
 * Exception vectors. From user mode every exception saves a struct trapframe at the top of the
 * thread's kernel stack and goes on in SVC mode; interrupts that hit the kernel save one on the
 * CPU's own interrupt stack, where they run; faults in the kernel push a trap frame where its stack is. Going back passes
 * ret_to_user, which looks at thread->work.
 * Source: ARM DDI 0406C B1.8, B1.9.
 */
#include "generated/offsets.h"

	.syntax unified
	.arch armv7-a
	.text
	.arm
	.balign	32

/* For debuggers: from here on the caller's registers are in the trap frame at reg (the way out, and
 * an entry that is not done, look wrong to them). A signal frame: its stack is another one. */
	.cfi_sections .debug_frame
	.macro	cfi_frame, reg
	.cfi_def_cfa \reg, TF_SIZE
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
	.cfi_offset \n, 4 * \n - TF_SIZE
	.endr
	.cfi_offset 13, TF_SP - TF_SIZE
	.cfi_offset 14, TF_LR - TF_SIZE
	.cfi_offset 15, TF_PC - TF_SIZE
	.endm
	.macro	cfi_entry, reg
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_return_column 15
	cfi_frame \reg
	.endm

	.macro	vector_table, svc, pabt, dabt
	b	.			/* reset: never through here */
	b	vec_undef
	b	\svc
	b	\pabt
	b	\dabt
	b	.
	b	vec_irq
	b	.			/* FIQ stays masked */
	.endm

/* A CPU's VBAR names one of the two: while system calls or faults are traced they go through
 * trace.c, and else cost nothing more. */
	.global vectors, vectors_traced
vectors:
	vector_table vec_svc, vec_pabt, vec_dabt
vectors_traced:
	vector_table vec_svc_traced, vec_pabt_traced, vec_dabt_traced

/* In SVC mode with pc and cpsr pushed by srsdb: the rest of a user's frame, r0 to r14 of user mode.
 * in: user registers / out: sp = frame / clobbers: - */
	.macro	save_user
	sub	sp, sp, #TF_PC
	stm	sp, {r0-r14}^
#if CONFIG_LINT				/* user memory is closed: copies open it (uaccess.c) */
	mov	lr, #1
	mcr	p15, 0, lr, c3, c0, 0		/* DACR */
	isb
#endif
	.endm

	.global vec_svc
vec_svc:
	cfi_entry sp
	srsdb	sp!, #0x13
	save_user
	cpsie	i
	cmp	r7, #NR_SYSCALLS
	ldrlo	r12, =syscall_table
	ldrlo	r12, [r12, r7, lsl #2]
	ldrhs	r12, =syscall_other
	blx	r12
	str	r0, [sp]

/* Back to the program whose frame is at sp, interrupts on or off. */
	.global ret_to_user
ret_to_user:
	cpsid	i
	mrc	p15, 0, r1, c13, c0, 4
	ldr	r1, [r1, #CPU_THREAD]
	ldr	r2, [r1, #THREAD_WORK]
	cmp	r2, #0
	bne	do_work
#if CONFIG_LOCKCHECK
	bl	lock_none_held
#endif
#if CONFIG_LINT
	bl	lint_to_user
#endif
	ldm	sp, {r0-r14}^
	add	sp, sp, #TF_PC
	rfeia	sp!
do_work:
	cpsie	i
	bl	thread_do_work
	b	ret_to_user
	.cfi_endproc

vec_svc_traced:
	cfi_entry sp
	srsdb	sp!, #0x13
	save_user
	cpsie	i
	mov	r0, sp
	bl	syscall_traced
	str	r0, [sp]
	b	ret_to_user
	.cfi_endproc

/* Faults. lr is corrected to the faulting instruction; r0 is saved below the mode's stack pointer
 * meanwhile (nothing else uses that stack). A fault whose spsr is its own mode is srsdb's: the
 * kernel stack ran into its guard page. */
	.macro	fault_entry, correction, handler, mode
	cfi_entry sp
	sub	lr, lr, #\correction
	str	r0, [sp, #-8]
	mrs	r0, spsr
	and	r0, r0, #0x1f
	cmp	r0, #0x17
	beq	stack_overflow
	cmp	r0, #0x10
	ldr	r0, [sp, #-8]
	srsdb	sp!, #0x13
	cps	#0x13
	bne	1f
	save_user
	mov	r0, sp
	bl	\handler
	b	ret_to_user
1:	sub	sp, sp, #TF_PC
	stm	sp, {r0-r12}
	add	r0, sp, #TF_SIZE
	str	r0, [sp, #TF_SP]
	str	lr, [sp, #TF_LR]
	mov	r0, sp
	mov	r4, sp
	cfi_frame r4
	bic	sp, sp, #7
	bl	\handler
	mov	sp, r4
	cpsid	i
	clrex
	ldr	lr, [sp, #TF_LR]
	ldm	sp, {r0-r12}
	add	sp, sp, #TF_PC
	rfeia	sp!
	.cfi_endproc
	.endm

vec_dabt:
	fault_entry 8, trap_data_abort, 0x17
vec_pabt:
	fault_entry 4, trap_prefetch_abort, 0x17
vec_dabt_traced:
	fault_entry 8, trap_data_abort_traced, 0x17
vec_pabt_traced:
	fault_entry 4, trap_prefetch_abort_traced, 0x17
vec_undef:
	fault_entry 0, trap_undefined, 0x1b

stack_overflow:
	mov	r0, lr
	bl	trap_stack_overflow
	b	.

vec_irq:
	cfi_entry sp
	sub	lr, lr, #4
	str	r0, [sp, #-8]
	mrs	r0, spsr
	and	r0, r0, #0x1f
	cmp	r0, #0x10
	ldr	r0, [sp, #-8]
	bne	irq_in_kernel
	srsdb	sp!, #0x13
	cps	#0x13
	save_user
	mov	r0, sp
	bl	irq_dispatch
	b	ret_to_user
irq_in_kernel:
	srsdb	sp!, #0x12
	sub	sp, sp, #TF_PC
	stm	sp, {r0-r12}
	cps	#0x13
	mov	r1, sp
	mov	r2, lr
	cps	#0x12
	mov	r0, sp
	add	r3, sp, #TF_SP
	stm	r3, {r1, r2}
	bl	irq_dispatch
	ldm	sp, {r0-r12}
	add	sp, sp, #TF_PC
	rfeia	sp!
	.cfi_endproc

/* void arch_switch(struct thread *from, struct thread *to)
 * in: r0, r1 / out: in the other thread / clobbers: what a call may */
	.global arch_switch
arch_switch:
	push	{r4-r11, r12, lr}
	str	sp, [r0, #THREAD_SP]
	ldr	sp, [r1, #THREAD_SP]
	clrex
	pop	{r4-r11, r12, pc}

/* First return address of a new thread: r4 = entry, r5 = argument (arch_thread_init). */
	.global thread_start_entry
thread_start_entry:
	.cfi_startproc
	.cfi_undefined lr		/* there is no caller */
	bl	sched_finish_switch
	mov	r0, r5
	blx	r4
	mrc	p15, 0, r1, c13, c0, 4
	ldr	r1, [r1, #CPU_THREAD]
	ldr	r1, [r1, #THREAD_PROC]
	cmp	r1, #0
	bne	ret_to_user
	bl	thread_exit
	b	.
	.cfi_endproc

/* The same of a forked thread: straight to user mode. */
	.global thread_start_forked
thread_start_forked:
	cfi_entry sp
	bl	sched_finish_switch
	b	ret_to_user
	.cfi_endproc

/* void arch_note_registers(void)  the caller's registers, for panic
 * in: - / out: noted_registers / clobbers: - */
	.global arch_note_registers
arch_note_registers:
	push	{r0, r1}
	ldr	r0, =noted_registers
	stm	r0, {r0-r12}
	ldr	r1, [sp]
	str	r1, [r0]
	ldr	r1, [sp, #4]
	str	r1, [r0, #4]
	add	r1, sp, #8
	str	r1, [r0, #TF_SP]
	str	lr, [r0, #TF_LR]
	str	lr, [r0, #TF_PC]
	mrs	r1, cpsr
	str	r1, [r0, #TF_CPSR]
	pop	{r0, r1}
	bx	lr
