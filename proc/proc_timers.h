/* SPDX-License-Identifier: MIT
 *
 * The timers of processes: what the rest of proc has to call. A process that never had a timer has
 * NULL in proc->timers, and none of these is called. setitimer's timers are kept by exec, those of
 * timer_create are not; a child has none.
 */
#ifndef PROC_PROC_TIMERS_H
#define PROC_PROC_TIMERS_H

#include "proc/proc.h"

/* The last thread of p ends; exec's only thread has a new program. The caller's process. */
void timers_exit(struct proc *p);
void timers_exec(struct proc *p);
/* The caller, of p, took sig: the timer that sent it goes on, and *info learns its overruns. */
void timers_signal_taken(struct proc *p, int sig, struct siginfo *info);
/* What p, the caller's process, does with a signal changed: timers that were ignored go on. */
void timers_look_again(struct proc *p);
/* For the scheduler's tick, interrupts masked and nothing locked: rings timers of CPU time that are
 * due. t runs, its process has timers. When to ring again if t runs on; UINT64_MAX: need not. */
uint64_t timers_run_cpu(struct thread *t, uint64_t now_ns);

#endif
