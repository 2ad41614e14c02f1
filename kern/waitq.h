/* SPDX-License-Identifier: MIT
 *
 * Wait queues: threads asleep until something happens. Implemented by proc/sync.c.
 */
#ifndef KERN_WAITQ_H
#define KERN_WAITQ_H

#include "kern/lock.h"

#define WAITQ_ALL (~0u)

/* What ends a sleep besides the event and the time: nothing; a kill; any signal. The numbers are
 * the work of a thread that does (proc/thread.h). */
enum sleep_depth { SLEEP_DEEP = 0, SLEEP_KILLABLE = 2, SLEEP_LIGHT = 10 };

void waitq_init(struct waitq *q);
/* Sleeps until waitq_wake, until_ns (clock_ns time; UINT64_MAX: none) or what `depth` says. Called
 * with q->lock held (mask: from spin_lock_irq), returns without it. 0, -ETIMEDOUT, -EINTR. */
int waitq_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns);
/* Wakes up to n sleepers in order; any context. _locked: q->lock held. */
void waitq_wake(struct waitq *q, unsigned n);
void waitq_wake_locked(struct waitq *q, unsigned n);

#endif
