/* SPDX-License-Identifier: MIT
 *
 * The load: how many threads run or wait for a CPU, on average over the last 1, 5 and 15 minutes,
 * each older part weighing less, by e. Sampled every five seconds by whoever has a tick then; where
 * none had, all CPUs were idle.
 * Source: Linux, kernel/sched/loadavg.c, for what the numbers mean.
 */
#ifndef PROC_LOAD_H
#define PROC_LOAD_H

#include "lib/base.h"

#define LOAD_SHIFT 11 /* of a fixed-point number */

/* From the clock's interrupt, now and then. */
void load_look(void);
/* The averages now; the caller does not count. */
void load_get(uint32_t load[3]);

#endif
