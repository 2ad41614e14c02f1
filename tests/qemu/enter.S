/* SPDX-License-Identifier: MIT
 *
 * Two boot loaders of a few words, for tests that enter the kernel in a way QEMU's -kernel does
 * not: `copy` moves BYTES bytes from FROM to TO and enters there as the Linux ARM boot protocol
 * wants it, with the device tree (or 0) in r2; `jump` only goes to TO.
 * MMU and caches are off. Assembled by test_boot.py, which defines the capitals.
 */
    .syntax unified
    .arm
    .text
    .global enter
enter:
#ifdef ENTER_copy
    ldr r0, =FROM
    ldr r1, =TO
    ldr r2, =BYTES
1:  ldr r3, [r0], #4
    str r3, [r1], #4
    subs r2, r2, #4
    bgt 1b
    dsb
    isb
    mov r0, #0
    mvn r1, #0
    ldr r2, =R2
#endif
    ldr pc, =TO
    .ltorg
