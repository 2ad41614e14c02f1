/* SPDX-License-Identifier: MIT
 *
 * Threads of the kernel alone, for layers below processes. Implemented by proc/thread.c.
 */
#ifndef KERN_KTHREAD_H
#define KERN_KTHREAD_H

/* Starts a thread that runs entry(arg) and ends when that returns. 0 or -ENOMEM. */
int kthread_start(void (*entry)(void *arg), void *arg);
/* From now on an audit stops the calling thread as it stops those of processes. Not for one that
 * others wait for who hold locks. */
void kthread_stops(void);
/* When a time-out of the calling thread is over it takes the CPU from who is not worth more. */
void kthread_urgent(void);
/* At boot, in the thread that may not sleep: those that can run on this CPU run first. */
void kthread_run_others(void);

#endif
