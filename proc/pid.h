/* SPDX-License-Identifier: MIT
 *
 * Numbers of processes and threads: one number space, 1 to PID_MAX - 1. A number is given out again
 * only after it was freed (a process is reaped, a thread is gone) and not before the others had
 * their turn.
 */
#ifndef PROC_PID_H
#define PROC_PID_H

#include "proc/proc.h"

#define PID_INIT 1 /* the first process, whatever threads the kernel has started before */

/* Once, before the first number. */
void pid_init(void);
/* Process 1's, once. -ENOMEM. */
int __must_check pid_alloc_init(void);
/* The next free number; -EAGAIN: none is left, -ENOMEM. May sleep. */
int __must_check pid_alloc(void);
/* The same for a thread of the kernel: out of the way of those that people type. */
int __must_check pid_alloc_kernel(void);
void pid_free(int pid);
/* pid is p's from now on. */
void pid_set(int pid, struct proc *p);
/* The process of a number, or NULL, with a reference. */
struct proc *pid_ref(int pid);
/* The process with the smallest number > pid, or NULL, with a reference. */
struct proc *pid_ref_next(int pid);
/* The same two without one. The process lock is held whole. */
struct proc *pid_proc(int pid);
struct proc *pid_proc_next(int pid);
/* The same for the debugger, everything standing still: no lock is taken. */
struct proc *pid_next_stopped(int pid);

/* Every process, in the order of the numbers. The process lock is held whole; everything stands
 * still. */
#define proc_for_each_locked(p)                                                                    \
    for (struct proc *p = pid_proc_next(0); p; p = pid_proc_next(p->pid))
#define proc_for_each_stopped(p)                                                                   \
    for (struct proc *p = pid_next_stopped(0); p; p = pid_next_stopped(p->pid))

#endif
