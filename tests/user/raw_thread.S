/* SPDX-License-Identifier: MIT
 *
 * raw_thread.h: run and its argument wait on the new stack.
 */
	.syntax	unified
	.arm
	.global	raw_thread
	.type	raw_thread, %function
raw_thread:
	push	{r4, r5, r7, lr}
	ldr	r4, [sp, #16]
	str	r3, [r1, #-8]!
	str	r4, [r1, #4]
	mov	r4, r2
	mov	r3, #0
	mov	r7, #120
	svc	#0
	cmp	r0, #0
	popne	{r4, r5, r7, pc}
	pop	{r1, r2}
	mov	r0, r2
	blx	r1
	mov	r0, #0
	mov	r7, #1
	svc	#0
