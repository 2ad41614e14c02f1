/* SPDX-License-Identifier: MIT
 *
 * Entry from the boot loader, MMU off: r2 = device tree, by the Linux ARM boot protocol, in HYP or
 * SVC mode, secure or not, at RAM base + 0x10000. Leaves HYP, parks other cores, cleans caches and
 * TLB, clears .bss, maps the first MiB of RAM where it is linked, switches the MMU on and goes on in
 * boot/main.c on the boot stack.
 * Other cores enter at secondary_start, when they are told to.
 * Source: ARM DDI 0406C B1.9.1 (HYP), B2.2.4 (set/way), B3.5 (tables), B4.1 (registers).
 */
#include "generated/offsets.h"

#define SECTION_KERNEL 0x1140e /* normal write-back shareable memory, kernel only, AF set */
#define TTBR_FLAGS     0x4a    /* walks: write-back write-allocate, shareable */
#define TTBCR_N        2
#define SCTLR_SET      (1 << 29 | 1 << 12 | 1 << 11 | 1 << 2 | 1 << 0) /* AFE I Z C M */
#define SCTLR_CLEAR    (1 << 28 | 1 << 13 | 1 << 1)                    /* TRE V A */
#define MODE_SVC_MASKED 0x1d3

	.syntax unified
	.arch armv7-a
	.arch_extension virt
	.section .text.head, "ax"
	.arm

/* From HYP to SVC with interrupts masked, nothing trapped and time not shifted; from SVC nothing.
 * in: nothing / out: SVC mode / clobbers: r0 */
	.macro	leave_hyp
	cpsid	aif
	mrs	r0, cpsr
	and	r0, r0, #0x1f
	cmp	r0, #0x1a
	bne	1f
	mov	r0, #0
	mcr	p15, 4, r0, c1, c1, 0		/* HCR: nothing trapped */
	mcr	p15, 4, r0, c1, c1, 2		/* HCPTR */
	mcr	p15, 4, r0, c1, c1, 3		/* HSTR */
	mcrr	p15, 4, r0, r0, c14		/* CNTVOFF */
	mov	r0, #3
	mcr	p15, 4, r0, c14, c1, 0		/* CNTHCTL: counter and timer for SVC */
	mrc	p15, 0, r0, c0, c0, 0
	mcr	p15, 4, r0, c0, c0, 0		/* VPIDR */
	mrc	p15, 0, r0, c0, c0, 5
	mcr	p15, 4, r0, c0, c0, 5		/* VMPIDR */
	adr	r0, 1f
	msr	elr_hyp, r0
	ldr	r0, =MODE_SVC_MASKED
	msr	spsr_cxsf, r0
	eret
1:
	.endm

/* MMU and caches off and clean, TLB empty, the core takes part in coherency.
 * in: nothing / out: r9 = physical - virtual of the image / clobbers: r0-r8, r11, r12, lr */
	.macro	clean_machine
	mrc	p15, 0, r0, c1, c0, 0
	bic	r0, r0, #(1 << 12)
	bic	r0, r0, #(1 << 2 | 1 << 0)
	mcr	p15, 0, r0, c1, c0, 0
	isb
	bl	clean_dcache
	mov	r0, #0
	mcr	p15, 0, r0, c7, c5, 0		/* ICIALLU */
	mcr	p15, 0, r0, c7, c5, 6		/* BPIALL */
	mcr	p15, 0, r0, c8, c7, 0		/* TLBIALL */
	dsb
	isb
	mrc	p15, 0, r0, c1, c0, 1		/* ACTLR.SMP */
	orr	r0, r0, #0x40
	mcr	p15, 0, r0, c1, c0, 1
	adr	r9, _start
	ldr	r0, =_start
	sub	r9, r9, r0
	.endm

/* The MMU on with the first level that TTBR0 and TTBR1 name, and on to a linked address.
 * in: \label / out: running there / clobbers: r0, r1 */
	.macro	enable_mmu, label
	mov	r0, #1
	mcr	p15, 0, r0, c3, c0, 0		/* DACR: domain 0 is checked, others closed */
	mov	r0, #0
	mcr	p15, 0, r0, c13, c0, 1		/* CONTEXTIDR: ASID 0 */
	isb
	mrc	p15, 0, r0, c1, c0, 0
	ldr	r1, =SCTLR_CLEAR
	bic	r0, r0, r1
	ldr	r1, =SCTLR_SET
	orr	r0, r0, r1
	ldr	r1, =\label
	mcr	p15, 0, r0, c1, c0, 0
	isb
	bx	r1
	.endm

/* No user space: TTBR0 shows the empty table; the TLB forgets what was; vectors.
 * in: r9 / out: nothing / clobbers: r0, r1 */
	.macro	forget_boot
	ldr	r0, =empty_l1
	add	r0, r0, r9
	orr	r0, r0, #TTBR_FLAGS
	mcr	p15, 0, r0, c2, c0, 0
	dsb
	mov	r1, #0
	mcr	p15, 0, r1, c8, c7, 0
	dsb
	isb
	ldr	r0, =vectors
	mcr	p15, 0, r0, c12, c0, 0		/* VBAR */
	.endm

/* in: r2 device tree / out: never returns / clobbers: everything */
	.global _start
_start:
	leave_hyp
	mov	r10, r2
	mrc	p15, 0, r0, c0, c0, 5		/* MPIDR: one core boots */
	tst	r0, #0xff
	bne	park
	clean_machine

	ldr	r0, =__bss_start
	ldr	r1, =__bss_end
	add	r0, r0, r9
	add	r1, r1, r9
	mov	r3, #0
	mov	r4, #0
	mov	r5, #0
	mov	r6, #0
1:	cmp	r0, r1
	stmialo	r0!, {r3-r6}
	blo	1b

	ldr	r4, =kernel_l1
	add	r4, r4, r9
	ldr	r5, =SECTION_KERNEL
	adr	r6, _start
	lsr	r6, r6, #20			/* the image's physical MiB */
	orr	r7, r5, r6, lsl #20
	str	r7, [r4, r6, lsl #2]		/* itself, until we jump */
	ldr	r0, =_start
	lsr	r0, r0, #20
	str	r7, [r4, r0, lsl #2]
	dsb

	orr	r4, r4, #TTBR_FLAGS
	mcr	p15, 0, r4, c2, c0, 0
	mcr	p15, 0, r4, c2, c0, 1
	mov	r0, #TTBCR_N
	mcr	p15, 0, r0, c2, c0, 2
	enable_mmu in_virtual

in_virtual:
	ldr	r0, =kernel_l1
	mov	r1, #0
	str	r1, [r0, r6, lsl #2]		/* no more identity */
	forget_boot
	cps	#0x12
	ldr	sp, =irq_stack_top
	cps	#0x17
	ldr	sp, =abort_stack_top
	cps	#0x1b
	ldr	sp, =undef_stack_top
	cps	#0x13
	ldr	sp, =boot_stack_top
	mov	r0, r10
	mov	r1, r9
	mov	fp, #0
	bl	arch_boot
	b	.

/* Another core, sent here by arch/arm/smp.c, which wrote its secondary_block: with a first level
 * that has the image at its physical address, too, and is dropped at once. As _start otherwise. */
	.global secondary_start
secondary_start:
	leave_hyp
	clean_machine
	ldr	r4, =secondary_block
	add	r4, r4, r9
	mrc	p15, 0, r0, c0, c0, 5
	ubfx	r0, r0, #0, #24
	ldr	r1, [r4, #BLOCK_HW]
	cmp	r0, r1
	bne	park				/* too late: the block is another core's */
	ldr	r5, [r4, #BLOCK_TABLE]
	orr	r5, r5, #TTBR_FLAGS
	mov	r0, #0
	mcr	p15, 0, r0, c2, c0, 2		/* TTBCR: TTBR0 for everything */
	mcr	p15, 0, r5, c2, c0, 0
	enable_mmu secondary_virtual

secondary_virtual:
	ldr	r0, =kernel_l1
	add	r0, r0, r9
	orr	r0, r0, #TTBR_FLAGS
	mcr	p15, 0, r0, c2, c0, 1
	isb
	mov	r0, #TTBCR_N
	mcr	p15, 0, r0, c2, c0, 2
	isb
	forget_boot
	ldr	r4, =secondary_block
	cps	#0x12
	ldr	sp, [r4, #BLOCK_IRQ_SP]
	cps	#0x17
	ldr	sp, [r4, #BLOCK_ABORT_SP]
	cps	#0x1b
	ldr	sp, [r4, #BLOCK_UNDEF_SP]
	cps	#0x13
	ldr	sp, [r4, #BLOCK_SVC_SP]
	ldr	r0, [r4, #BLOCK_CPU]
	mov	fp, #0
	bl	arch_cpu_main
	b	.

/* Cores that this kernel does not use sleep. */
park:
	wfi
	b	park

/* Cleans and invalidates every data and unified cache to the point of coherency.
 * in: nothing / out: nothing / clobbers: r0-r8, r11, r12 */
clean_dcache:
	dmb
	mrc	p15, 1, r0, c0, c0, 1		/* CLIDR */
	ands	r3, r0, #0x07000000
	lsr	r3, r3, #23			/* level of coherency * 2 */
	beq	9f
	mov	r12, #0				/* level * 2 */
1:	add	r2, r12, r12, lsr #1
	lsr	r1, r0, r2
	and	r1, r1, #7
	cmp	r1, #2
	blt	8f
	mcr	p15, 2, r12, c0, c0, 0		/* CSSELR */
	isb
	mrc	p15, 1, r1, c0, c0, 0		/* CCSIDR */
	and	r2, r1, #7
	add	r2, r2, #4			/* log2 of the line */
	ubfx	r4, r1, #3, #10			/* ways - 1 */
	clz	r5, r4
	ubfx	r7, r1, #13, #15		/* sets - 1 */
2:	mov	r8, r4
3:	orr	r11, r12, r8, lsl r5
	orr	r11, r11, r7, lsl r2
	mcr	p15, 0, r11, c7, c14, 2		/* DCCISW */
	subs	r8, r8, #1
	bge	3b
	subs	r7, r7, #1
	bge	2b
8:	add	r12, r12, #2
	cmp	r3, r12
	bgt	1b
9:	mov	r0, #0
	mcr	p15, 2, r0, c0, c0, 0
	dsb
	isb
	bx	lr

	.section .bss.tables, "aw", %nobits
	.balign	16384
	.global kernel_l1
kernel_l1:
	.space	16384
	.global empty_l1
empty_l1:
	.space	4096
	.balign 8
	.space	1024
irq_stack_bottom:
	.space	4096
	.global irq_stack_top
irq_stack_top:
	.space	1024
	.global abort_stack_top
abort_stack_top:
	.space	256
	.global undef_stack_top
undef_stack_top:
	.space	8192
	.global boot_stack_top
boot_stack_top:
