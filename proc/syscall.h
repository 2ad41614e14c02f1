/* SPDX-License-Identifier: MIT
 *
 * System calls: the table that arch/arm/vectors.S indexes by r7. A handler gets the first four
 * arguments in registers and the rest from the trap frame; it returns the result or -Exxx. What is
 * not built is sys_enosys, which counts by number.
 */
#ifndef PROC_SYSCALL_H
#define PROC_SYSCALL_H

#include "lib/base.h"

#define SYSCALL_MAX 452

typedef long syscall_fn(uint32_t a, uint32_t b, uint32_t c, uint32_t d);
extern syscall_fn *const syscall_table[SYSCALL_MAX];

/* Arguments 5 to 7 of the call in progress. */
uint32_t syscall_arg(unsigned n);
/* The system call of the current thread once more, with arg in r0. */
long syscall_again(uint32_t arg);

/* Numbers outside the table: the ARM-private ones (0xf0002 cacheflush, 0xf0005 set_tls), and
 * -ENOSYS. */
long syscall_other(uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* How often a call that is not built was made; false at the end. For /proc/enosys. */
bool syscall_enosys_info(unsigned nth, unsigned *number, uint32_t *count);

#endif
