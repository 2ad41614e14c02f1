/* SPDX-License-Identifier: MIT
 *
 * CPU time and what else a process used: its dead threads' is in the process, its living ones' is
 * added when somebody asks, exact to the moment for threads that run, on other CPUs too. Which part
 * of it was spent in the kernel is sampled by the scheduler's tick; neither part ever shrinks.
 * Locks: (T) of the process > run queues; for what is told of children the child_wait.lock.
 */
#ifndef PROC_CPU_TIME_H
#define PROC_CPU_TIME_H

#include "proc/proc.h"

static inline uint64_t cpu_time_sum(struct cpu_time t)
{
    return t.user_ns + t.kernel_ns;
}

/* sched.c. (T) held, or t can't end. */
struct cpu_time thread_cpu_time(const struct thread *t);
/* What p used so far; O(threads). Any context that holds none of the locks above. */
struct cpu_time proc_cpu_time(struct proc *p);
/* The same for thread tid of p; false: there is none. */
bool proc_thread_time(struct proc *p, int tid, struct cpu_time *time);
/* What else p, the caller's process, used so far. */
struct usage proc_usage(struct proc *p);
/* The same of the calling thread. */
struct usage thread_usage(void);

/* t of p, the caller, ends: what it used becomes its process's. (T) held. */
void proc_account_thread(struct proc *p, struct thread *t);
/* A zombie's, and its children's. */
struct usage usage_with_children(const struct proc *p);
/* Notes how much of the memory of p, the caller's process, is resident. O(its nodes). The second,
 * at its end, says nearly the same of a small one, for less. */
void proc_note_resident(struct proc *p);
void proc_note_most(struct proc *p);
/* child, which is dead, is reaped by p, whose child_wait.lock is held. */
void proc_account_child(struct proc *p, const struct proc *child);
/* What p's reaped children used, and theirs; used: NULL, or for the rest. Takes child_wait.lock. */
struct cpu_time proc_child_time(struct proc *p, struct usage *used);

#endif
