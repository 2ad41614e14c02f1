/* SPDX-License-Identifier: MIT
 *
 * Whole pages by multi-register transfers, and the copies between kernel and user memory. A fault
 * between uaccess_begin and uaccess_end on a user address that can't be resolved goes on at
 * uaccess_failed (arch/arm/trap.c); every routine there has the same stack frame.
 */
	.syntax unified
	.arch armv7-a
	.text
	.arm

/* void page_clear(void *page)  in: r0 / out: - / clobbers: r1-r3, r12
 * 5 times 17 stores of 48 bytes, and 16 bytes. */
	.global page_clear
page_clear:
	push	{r4-r11, lr}
	mov	r1, #0
	mov	r2, #0
	mov	r3, #0
	mov	r4, #0
	mov	r5, #0
	mov	r6, #0
	mov	r7, #0
	mov	r8, #0
	mov	r9, #0
	mov	r10, #0
	mov	r12, #0
	mov	lr, #0
	add	r11, r0, #4080
1:	.rept	17
	stmia	r0!, {r1-r10, r12, lr}
	.endr
	cmp	r0, r11
	bne	1b
	stmia	r0!, {r1-r4}
	pop	{r4-r11, pc}

/* void words_clear(void *p, unsigned n)  n > 0, a multiple of 16
 * in: r0, r1 / out: - / clobbers: r1-r3, r12 */
	.global words_clear
words_clear:
	push	{r4, lr}
	mov	r2, #0
	mov	r3, #0
	mov	r12, #0
	mov	lr, #0
	tst	r1, #16
	stmiane	r0!, {r2, r3, r12, lr}
	bics	r1, r1, #16
	popeq	{r4, pc}
1:	subs	r1, r1, #32
	stmia	r0!, {r2, r3, r12, lr}
	stmia	r0!, {r2, r3, r12, lr}
	bne	1b
	pop	{r4, pc}

/* void page_copy(void *to, const void *from)  in: r0, r1 / out: - / clobbers: r2, r3, r12
 * As page_clear; no register is left for the end, which is where bits 4 to 11 are all set. */
	.global page_copy
page_copy:
	push	{r4-r11, lr}
1:	.rept	17
	ldmia	r1!, {r2-r12, lr}
	stmia	r0!, {r2-r12, lr}
	.endr
	mvn	r12, r0
	tst	r12, #0xff0
	bne	1b
	ldmia	r1, {r2-r5}
	stmia	r0, {r2-r5}
	pop	{r4-r11, pc}

/* void *memset(void *p, int c, size_t n), in place of the C library's, which needs twice as many
 * instructions for the structures that a kernel clears
 * in: r0, r1, r2 / out: r0 / clobbers: r1-r3, r12 */
	.global memset
	.type	memset, %function
memset:
	and	r1, r1, #255
	orr	r1, r1, r1, lsl #8
	orr	r1, r1, r1, lsl #16
	tst	r0, #3
	push	{r0, r4, lr}
	bne	3f
	subs	r2, r2, #16
	blo	2f
	mov	r3, r1
	mov	r4, r1
	mov	r12, r1
1:	stmia	r0!, {r1, r3, r4, r12}
	subs	r2, r2, #16
	bhs	1b
2:	add	r2, r2, #16
4:	subs	r2, r2, #4
	strhs	r1, [r0], #4
	bhi	4b
	popeq	{r0, r4, pc}
	add	r2, r2, #4
3:	subs	r2, r2, #1
	strbhs	r1, [r0], #1
	bhi	3b
	pop	{r0, r4, pc}

	.global uaccess_begin
uaccess_begin:

/* int uaccess_copy(void *to, const void *from, size_t n): 0 or -EFAULT
 * in: r0, r1, r2 / out: r0 / clobbers: r1-r3, r12 */
	.global uaccess_copy
uaccess_copy:
	push	{r4-r10, lr}
	orr	r3, r0, r1
	tst	r3, #3
	bne	3f
	cmp	r2, #32
	blo	5f
0:	subs	r2, r2, #128
	blo	1f
	.rept	4
	ldmia	r1!, {r3-r10}
	stmia	r0!, {r3-r10}
	.endr
	bhi	0b
	beq	9f
1:	add	r2, r2, #128
4:	subs	r2, r2, #32
	ldmiahs	r1!, {r3-r10}
	stmiahs	r0!, {r3-r10}
	bhi	4b
	beq	9f
	add	r2, r2, #32
5:	cmp	r2, #16
	blo	2f
	ldmia	r1!, {r3-r6}
	stmia	r0!, {r3-r6}
	subs	r2, r2, #16
	beq	9f
2:	subs	r2, r2, #4
	ldrhs	r3, [r1], #4
	strhs	r3, [r0], #4
	bhi	2b
	beq	9f
	add	r2, r2, #4
3:	subs	r2, r2, #1
	ldrbhs	r3, [r1], #1
	strbhs	r3, [r0], #1
	bhi	3b
9:	mov	r0, #0
	pop	{r4-r10, pc}

/* int uaccess_clear(void *to, size_t n): 0 or -EFAULT  in: r0, r1 / out: r0 / clobbers: r1-r3 */
	.global uaccess_clear
uaccess_clear:
	push	{r4-r10, lr}
	mov	r2, #0
	orr	r3, r0, r1
	tst	r3, #63
	bne	3f
	mov	r3, #0
	mov	r4, r2
	mov	r5, r2
1:	subs	r1, r1, #64
	.rept	4
	stmiahs	r0!, {r2-r5}
	.endr
	bhi	1b
	b	9f
3:	subs	r1, r1, #1
	strbhs	r2, [r0], #1
	bhi	3b
9:	mov	r0, #0
	pop	{r4-r10, pc}

/* int uaccess_string(char *to, const char *from, size_t n): length without NUL, n if there is none
 * in n > 0 bytes, or -EFAULT  in: r0, r1, r2 / out: r0 / clobbers: r1-r3, r12 */
	.global uaccess_string
uaccess_string:
	push	{r4-r10, lr}
	add	r2, r0, r2
	mov	r12, r0
1:	ldrb	r3, [r1], #1
	strb	r3, [r0], #1
	cmp	r3, #0
	cmpne	r0, r2
	bne	1b
	cmp	r3, #0
	subeq	r0, r0, #1
	sub	r0, r0, r12
	pop	{r4-r10, pc}

/* int uaccess_cmpxchg(uint32_t *at, uint32_t old, uint32_t value, uint32_t *seen): 0 or -EFAULT
 * in: r0-r3 / out: r0 */
	.global uaccess_cmpxchg
uaccess_cmpxchg:
	push	{r4-r10, lr}
	dmb	ish
1:	ldrex	r4, [r0]
	cmp	r4, r1
	bne	2f
	strex	r5, r2, [r0]
	cmp	r5, #0
	bne	1b
2:	dmb	ish
	str	r4, [r3]
	mov	r0, #0
	pop	{r4-r10, pc}

	.global uaccess_end
uaccess_end:
	.global uaccess_failed
uaccess_failed:
	mvn	r0, #13			/* -EFAULT */
	pop	{r4-r10, pc}

/* The kuser page (Documentation of the Linux ARM kuser helpers gives the addresses): copied to
 * 0xffff0000 at boot, executed by old programs in user mode. */
	.balign	4
	.global kuser_begin
kuser_begin:				/* 0xffff0f60: cmpxchg64 */
	push	{r4-r7}
	ldrd	r4, r5, [r0]
	ldrd	r6, r7, [r1]
1:	ldrexd	r0, r1, [r2]
	eors	r3, r0, r4
	eorseq	r3, r1, r5
	strexdeq r3, r6, r7, [r2]
	teqeq	r3, #1
	beq	1b
	dmb	ish
	rsbs	r0, r3, #0
	pop	{r4-r7}
	bx	lr
	.org	kuser_begin + 0x40	/* 0xffff0fa0: memory barrier */
	dmb	ish
	bx	lr
	.org	kuser_begin + 0x60	/* 0xffff0fc0: cmpxchg */
1:	ldrex	r3, [r2]
	subs	r3, r3, r0
	strexeq	r3, r1, [r2]
	teqeq	r3, #1
	beq	1b
	dmb	ish
	rsbs	r0, r3, #0
	bx	lr
	.org	kuser_begin + 0x80	/* 0xffff0fe0: get_tls */
	mrc	p15, 0, r0, c13, c0, 3
	bx	lr
	.org	kuser_begin + 0x9c	/* 0xffff0ffc: version */
	.word	5
	.global kuser_end
kuser_end:

/* The same, at 0xffff0500: where handlers return to that bring no code of their own. Eight bytes
 * each: sigreturn (119) and rt_sigreturn (173) in ARM and in Thumb. */
	.balign	4
	.global kuser_sigreturn, kuser_sigreturn_end
kuser_sigreturn:
	mov	r7, #119
	svc	#0
	mov	r7, #173
	svc	#0
	.thumb
	mov.w	r7, #119
	svc	#0
	nop
	mov.w	r7, #173
	svc	#0
	nop
	.arm
kuser_sigreturn_end:

/* VFP and NEON registers: vfp_save(struct vfp_registers *), vfp_load(const struct vfp_registers *):
 * 256 bytes, then FPSCR. in: r0 / clobbers: r1 */
	.fpu	neon
	.global vfp_save
vfp_save:
	vstmia	r0!, {d0-d15}
	vstmia	r0!, {d16-d31}
	vmrs	r1, fpscr
	str	r1, [r0]
	bx	lr
	.global vfp_load
vfp_load:
	vldmia	r0!, {d0-d15}
	vldmia	r0!, {d16-d31}
	ldr	r1, [r0]
	vmsr	fpscr, r1
	bx	lr
