/* SPDX-License-Identifier: MIT
 *
 * Sleeping for an event without the mutex that guards it. Between a sleeper's giving the mutex back
 * and its standing on the queue the event may be raised: it looks at the version again, with the
 * queue's lock held, which who raises takes after the version moved.
 */
#include "fs/event.h"

#define NEVER UINT64_MAX

void event_init(struct event *e, uint32_t events)
{
    waitq_init(&e->wait);
    poll_head_init(&e->pollers, events);
    e->version = 0;
    e->asleep = false;
}

int event_sleep(struct event *e, struct mutex *m)
{
    uint32_t version = e->version, mask;
    int error = 0;

    e->asleep = true;
    mutex_unlock(m);
    mask = spin_lock_irq(&e->wait.lock);
    if (__atomic_load_n(&e->version, __ATOMIC_RELAXED) == version)
        error = waitq_sleep(&e->wait, mask, SLEEP_LIGHT, NEVER);
    else
        spin_unlock_irq(&e->wait.lock, mask);
    mutex_lock(m);
    return error;
}

void event_wake(struct event *e)
{
    e->asleep = false;
    __atomic_store_n(&e->version, e->version + 1, __ATOMIC_RELAXED);
    waitq_wake(&e->wait, WAITQ_ALL);
}
