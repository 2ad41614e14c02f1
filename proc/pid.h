/* SPDX-License-Identifier: MIT
 *
 * Numbers of processes and threads: one number space, 1 to PID_MAX - 1. A number is given out again
 * only after it was freed (a process is reaped, a thread is gone) and not before the others had
 * their turn.
 */
#ifndef PROC_PID_H
#define PROC_PID_H

#include "proc/proc.h"

/* The next free number; -EAGAIN: none is left, -ENOMEM. */
int __must_check pid_alloc(void);
void pid_free(int pid);
/* pid is p's from now on. */
void pid_set(int pid, struct proc *p);
/* The process of a number, or NULL. The process lock is held. */
struct proc *pid_proc(int pid);
/* The process with the smallest number > pid, or NULL. The process lock is held. */
struct proc *pid_next(int pid);

#endif
