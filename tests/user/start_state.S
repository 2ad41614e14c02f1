/* SPDX-License-Identifier: MIT
 *
 * /tests/start_state: a program without a C library that looks at its registers before anything
 * else: status 0 if none of them has anything of whoever ran before, else 1 for r0 to r12 and lr,
 * 2 for CPSR, 3 for TPIDRURW, 4 for TPIDRURO, 5 for VFP's data registers, 6 for FPSCR.
 */
    .syntax unified
    .arch armv7-a
    .fpu neon
    .arm
    .text
    .global _start
_start:
    orr     r0, r0, r1
    orr     r2, r2, r3
    orr     r4, r4, r5
    orr     r6, r6, r7
    orr     r8, r8, r9
    orr     r10, r10, r11
    orr     r12, r12, lr
    orr     r0, r0, r2
    orr     r4, r4, r6
    orr     r8, r8, r10
    orr     r0, r0, r4
    orr     r8, r8, r12
    orrs    r0, r0, r8
    mov     r0, #1
    bne     end
    mov     r0, #2
    mrs     r1, cpsr
    bic     r1, r1, #0xf0000000     @ the comparison was ours
    cmp     r1, #0x10
    bne     end
    mov     r0, #3
    mrc     p15, 0, r1, c13, c0, 2
    cmp     r1, #0
    bne     end
    mov     r0, #4
    mrc     p15, 0, r1, c13, c0, 3
    cmp     r1, #0
    bne     end
    mov     r0, #6
    vmrs    r1, fpscr
    cmp     r1, #0
    bne     end
    mov     r0, #5
    sub     sp, sp, #256
    mov     r2, sp
    vstmia  r2!, {d0-d15}
    vstmia  r2!, {d16-d31}
1:  ldr     r1, [sp], #4
    cmp     r1, #0
    bne     end
    cmp     sp, r2
    bne     1b
    mov     r0, #0
end:
    mov     r7, #1
    svc     #0
    .section .note.GNU-stack, "", %progbits
