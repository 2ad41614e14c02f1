/* SPDX-License-Identifier: MIT
 *
 * The memory core's surroundings on the host. One machine at a time.
 */
#ifndef TESTS_FAKE_HAT_H
#define TESTS_FAKE_HAT_H

#include "mm/as.h"
#include "mm/check.h"
#include "mm/frame.h"

/* A machine with so many frames of RAM, full of garbage; the one before is gone. */
void fake_machine(uint32_t nframes);
/* mm_check with its findings on stderr. */
int fake_check(void);
/* Frames neither free nor droppable cache. */
uint32_t fake_in_use(void);

extern int fake_chaos;        /* forgets translations at random */
extern int fake_oom_gives_up; /* 1: the process short of memory dies; 0: it tries again for ever */

#endif
