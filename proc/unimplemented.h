/* SPDX-License-Identifier: MIT
 *
 * Which system calls programs missed: how often a call answered -ENOSYS because there is none, by
 * its number and the program's name, since boot. A table of UNIMPLEMENTED_MAX pairs; what finds no
 * place there is counted as one.
 */
#ifndef PROC_UNIMPLEMENTED_H
#define PROC_UNIMPLEMENTED_H

#include "proc/proc.h"

#define UNIMPLEMENTED_MAX 256u

/* The current process made that call. Any context but an interrupt. */
void unimplemented_count(uint32_t number);
/* Of all calls since boot. */
uint32_t unimplemented_total(void);

#endif
