/* SPDX-License-Identifier: MIT
 *
 * The laws of the memory system, audited: every frame is exactly one thing; counts equal a recount;
 * a resident entry and its frame name each other; the hardware never permits more than page table
 * and segment do. The caller has stopped all threads at the kernel's edge.
 */
#ifndef MM_CHECK_H
#define MM_CHECK_H

#include "lib/base.h"

/* Audits everything; each finding is one line to report(). Returns the number of findings. */
int mm_check(void (*report)(void *arg, const char *what), void *arg);

struct as;
/* All address spaces, for mm_check: called back for each. Provided by mm/as.c. */
void as_for_each(void (*visit)(struct as *as, void *arg), void *arg);

#endif
