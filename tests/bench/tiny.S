/* SPDX-License-Identifier: MIT
 *
 * /bin/tiny: the smallest static program, exit(0). What exec of next to nothing costs; without a C
 * library (-nostdlib -static). Run by tests/bench/bench.c.
 */
    .syntax unified
    .arm
    .text
    .global _start
_start:
    mov r0, #0
    mov r7, #1
    svc #0
    .section .note.GNU-stack, "", %progbits
