/* SPDX-License-Identifier: MIT
 *
 * Sleeping for BUSY pages. A sleeper looks at the flag under the wait queue's lock, so that the
 * wake-up which follows the change is not lost.
 * Locks: the queue's own, above the frame lock.
 */
#include "mm/sleep.h"

#include "kern/clock.h"
#include "kern/lock.h"
#include "kern/lockcheck.h"
#include "kern/waitq.h"
#include "mm/frame.h"

#define QUEUES 8

static struct waitq queues[QUEUES];

static struct waitq *queue_of(pfn_t pfn)
{
    return &queues[pfn % QUEUES];
}

void frame_sleep_init(void)
{
    for (unsigned i = 0; i < QUEUES; i++) {
        waitq_init(&queues[i]);
        lock_classify(&queues[i].lock, LOCK_BUSY_WAITQ);
    }
}

void frame_sleep(pfn_t pfn)
{
    struct waitq *q = queue_of(pfn);
    uint32_t mask, since = lock_clock();
    bool busy;

    lock_wanted(frame_of(pfn), LOCK_BUSY, LOCK_CALLER);
    mask = spin_lock_irq(&q->lock);
    frame_lock(pfn);
    busy = frame_of(pfn)->flags & (FRAME_BUSY | FRAME_WRITING);
    frame_unlock(pfn);
    if (busy) {
        waitq_sleep(q, mask, SLEEP_DEEP, UINT64_MAX);
        lock_waited_only(LOCK_BUSY, since);
    } else {
        spin_unlock_irq(&q->lock, mask);
    }
}

void frame_wake(pfn_t pfn)
{
    waitq_wake(queue_of(pfn), WAITQ_ALL);
}

void frame_nap(void)
{
    static struct waitq naps = WAITQ_INIT(naps);
    uint32_t mask = spin_lock_irq(&naps.lock);

    waitq_sleep(&naps, mask, SLEEP_DEEP, clock_ns() + NSEC_PER_MSEC);
}
