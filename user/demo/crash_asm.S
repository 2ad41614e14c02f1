/* SPDX-License-Identifier: MIT
 *
 * The accesses of crash that a compiler would refuse, change or leave out.
 */
    .syntax unified
    .thumb

/* void crash_undefined(void): in -, out -, clobbers -; an instruction that is none */
    .section .text.crash_undefined, "ax", %progbits
    .global crash_undefined
    .type crash_undefined, %function
crash_undefined:
    udf     #0
    bx      lr

/* uint32_t crash_ldrd(const void *p): in r0, out r0, clobbers r1; LDRD wants 4-byte alignment */
    .section .text.crash_ldrd, "ax", %progbits
    .global crash_ldrd
    .type crash_ldrd, %function
crash_ldrd:
    ldrd    r0, r1, [r0]
    bx      lr

/* uint32_t crash_ldm(const void *p): in r0, out r0, clobbers r1-r3; so does LDM */
    .section .text.crash_ldm, "ax", %progbits
    .global crash_ldm
    .type crash_ldm, %function
crash_ldm:
    ldmia   r0, {r1-r3}
    mov     r0, r1
    bx      lr

/* void crash_coprocessor(void): clobbers r0; a control register that user mode may not read */
    .section .text.crash_coprocessor, "ax", %progbits
    .global crash_coprocessor
    .type crash_coprocessor, %function
crash_coprocessor:
    mrc     p15, 0, r0, c1, c0, 0
    bx      lr

/* void crash_breakpoint(void) */
    .section .text.crash_breakpoint, "ax", %progbits
    .global crash_breakpoint
    .type crash_breakpoint, %function
crash_breakpoint:
    bkpt    #0
    bx      lr

    .section .note.GNU-stack, "", %progbits
