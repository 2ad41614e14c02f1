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
/* A process that had it is not on the list of all any more. */
void pid_free(int pid);
/* pid is p's from now on, and p is on the list of all. */
void pid_set(int pid, struct proc *p);
/* The process of a number, or NULL, with a reference. */
struct proc *pid_ref(int pid);
/* The same without one. The process lock is held whole. */
struct proc *pid_proc(int pid);
/* The process with the smallest number > pid, or NULL, with a reference. */
struct proc *pid_ref_next(int pid);

#endif
