/* SPDX-License-Identifier: MIT
 *
 * Calls with registers that no compiler would make. See malice.h.
 */
    .syntax unified
    .arch armv7-a
    .arm

/* void call_forged(uint32_t regs[14]): in: r0 -> r0-r12 and sp for the call, whose number is r7;
 * out: regs as they are after it; clobbers: r1-r3, ip. lr alone leads back, so that the stack
 * pointer may be anything. */
    .section .text.call_forged, "ax", %progbits
    .global call_forged
    .type call_forged, %function
call_forged:
    push    {r4-r11, lr}
    ldr     r1, =own_stack
    str     sp, [r1]
    mov     lr, r0
    ldr     sp, [lr, #52]
    ldm     lr, {r0-r12}
    svc     #0
    stm     lr, {r0-r12}
    str     sp, [lr, #52]
    ldr     r1, =own_stack
    ldr     sp, [r1]
    pop     {r4-r11, pc}
    .ltorg
    .size call_forged, . - call_forged

    .section .bss.own_stack, "aw", %nobits
    .align  2
own_stack:
    .space  4

    .section .note.GNU-stack, "", %progbits
