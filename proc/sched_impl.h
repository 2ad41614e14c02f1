/* SPDX-License-Identifier: MIT
 *
 * Private to proc: what wait queues and threads need of the scheduler, and what the life of a
 * process is made of (proc.c, fork.c, exit.c, wait.c, exec.c).
 */
#ifndef PROC_SCHED_IMPL_H
#define PROC_SCHED_IMPL_H

#include "kern/waitq.h"
#include "proc/thread.h"

#define PRIORITIES 4
#define SLICE_NS   10000000u

/* Puts the current thread to sleep: q->lock is held with interrupts masked (mask: what they were)
 * and given back. Returns at once if work is there that ends such a sleep. */
void sched_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns);
/* Makes a sleeper runnable by an event: true if it was still asleep. Any context. */
bool sched_wake(struct thread *t);
/* t has work: wakes it if that ends its sleep. Any context. */
void sched_interrupt(struct thread *t);
_Static_assert(SLEEP_KILLABLE == (int)WORK_KILL && SLEEP_LIGHT == (WORK_KILL | WORK_SIGNAL),
               "a sleep's depth is the work that ends it");
/* The current thread is about to sleep for a lock of owner's, which can't give it back meanwhile:
 * owner is worth as much as who waits for it, and is the next of its level. Else the level on which
 * thousands wake all the time keeps it, and all who wait, from running. Any context but a held (q).
 */
void sched_lend(struct thread *owner);
/* A new thread's first place on a run queue: that of its maker, whose slice it shares. maker_waits:
 * the maker sleeps at once, so that no other CPU need come for the thread. */
void sched_start(struct thread *t, bool maker_waits);
/* t's work was set: if it runs on another CPU, that is interrupted. Any context. */
void sched_kick(const struct thread *t);
/* All the CPU time of t, the current thread, is in user_ns and kernel_ns. */
void sched_settle(struct thread *t);
/* Ends the current thread: it is freed by whoever runs next. */
void sched_exit(void) __noreturn;

/* The current thread is in a kernel operation from now on, unless work is due: the caller looks at
 * its work next. The barrier: either it sees WORK_STOP, or the stopper sees that it is busy. */
static inline void thread_leave_edge(struct thread *t)
{
    t->at_edge = false;
    memory_barrier();
}

/* watchdog.c: from the clock's interrupt, now and then. */
#define WATCHDOG_NS 1000000000u
void watchdog_look(void);

/* stop.c: the current thread waits until proc_resume_all. */
void stop_park(void);
/* The sleep in stop_park itself, which must not park again. */
bool stop_parks_on(const struct waitq *q);
/* A thread starts while all are stopped: it stops at its first edge. */
bool stop_in_progress(void);

/* thread.c, for stop.c and signal.c: the thread table. */
/* (T) of a process and its threads: returns the former interrupt mask. */
uint32_t thread_table_lock(const struct proc *p);
void thread_table_unlock(const struct proc *p, uint32_t mask);
unsigned thread_part_here(void); /* where a process that this CPU makes belongs */
/* Takes t, which is about to end, out of the table and of its process, which it does not know
 * afterwards; (P) held if it has one. True: the process was about to stand still, and only t did
 * not yet. */
bool thread_unlink(struct thread *t);
/* Threads that are unlinked and not freed yet. */
uint32_t threads_dying(void);

#endif
