/* SPDX-License-Identifier: MIT
 *
 * Where a program starts, and the calls that can not be written in C.
 * The stack as execve leaves it (Linux, ARM EABI): [sp] argc, argv[0..argc-1], 0, envp.., 0, auxv
 * pairs, AT_NULL, then the strings; sp is 8-byte aligned, r0 is 0.
 * System calls (ARM EABI): svc 0, number in r7, arguments in r0-r6, result in r0; every other
 * register comes back unchanged.
 */
    .syntax unified
    .thumb
    .cfi_sections .debug_frame      @ for debuggers: how to find the caller

/* in: the stack above; never returns */
    .section .text.start, "ax", %progbits
    .global _start
    .type _start, %function
_start:
    .cfi_startproc
    .cfi_undefined lr               @ there is none
    .cfi_undefined 15
    mov     fp, #0
    mov     lr, #0
    mov     r4, sp
    ldr     r3, =entry_stack
    str     r4, [r3]
    ldr     r5, [r4]                @ argc
    add     r6, r4, #4              @ argv
    add     r8, r6, r5, lsl #2
    add     r8, r8, #4              @ envp
    ldr     r3, =environ
    str     r8, [r3]
    bic     r3, r4, #7
    mov     sp, r3
    bl      __libc_init_array
    mov     r0, r5
    mov     r1, r6
    mov     r2, r8
    bl      main
    bl      exit
    udf     #0
    .cfi_endproc
    .ltorg
    .size _start, . - _start

/* The empty hooks that newlib's __libc_init_array and exit call. */
    .section .text._init, "ax", %progbits
    .global _init, _fini
    .type _init, %function
    .type _fini, %function
_init:
_fini:
    bx      lr

/* long sys_raw(long nr, ...): in: r0 nr, r1-r3 and four stack words the seven arguments;
 * out: r0 the kernel's own result; clobbers: r1-r3, ip */
    .section .text.sys_raw, "ax", %progbits
    .global sys_raw
    .type sys_raw, %function
sys_raw:
    .cfi_startproc
    mov     ip, sp
    push    {r4-r7}
    .cfi_adjust_cfa_offset 16
    .cfi_rel_offset r4, 0
    .cfi_rel_offset r5, 4
    .cfi_rel_offset r6, 8
    .cfi_rel_offset r7, 12
    mov     r7, r0
    mov     r0, r1
    mov     r1, r2
    mov     r2, r3
    ldm     ip, {r3-r6}
    svc     #0
    pop     {r4-r7}
    .cfi_adjust_cfa_offset -16
    bx      lr
    .cfi_endproc
    .size sys_raw, . - sys_raw

/* pid_t vfork(void): the child runs on the parent's stack and pops what lies here, so nothing is
 * kept there across the call; in: -; out: r0 pid, 0 in the child; clobbers: r1-r3, ip */
    .section .text.vfork, "ax", %progbits
    .global vfork
    .type vfork, %function
vfork:
    mov     ip, r7
    mov     r7, #190
    svc     #0
    mov     r7, ip
    cmn     r0, #4096
    it      ls
    bxls    lr
    b       sys_result
    .size vfork, . - vfork

    .section .bss.entry_stack, "aw", %nobits
    .align  2
    .global entry_stack
entry_stack:
    .space  4

    .section .note.GNU-stack, "", %progbits
