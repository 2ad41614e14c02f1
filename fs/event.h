/* SPDX-License-Identifier: MIT
 *
 * Something that happens again and again, such as that there is data: threads sleep for it, and
 * others poll. What it is about is guarded by a mutex of its user's, which sleepers give back while
 * they sleep. All sleepers are woken: each looks again.
 */
#ifndef FS_EVENT_H
#define FS_EVENT_H

#include "fs/poll.h"

struct event {
    struct waitq wait;
    uint32_t version; /* (user's mutex) written: times that sleepers were woken */
    bool asleep;      /* (user's mutex) somebody sleeps, or did until a moment ago */
    struct poll_head pollers;
};

/* events: POLL* that it is about. */
void event_init(struct event *e, uint32_t events);
/* Sleeps until event_raise or a signal: 0 or -EINTR. m is held, and again when it returns. */
int __must_check event_sleep(struct event *e, struct mutex *m);
void event_wake(struct event *e);

/* It happened; the user's mutex is held. */
static inline void event_raise(struct event *e)
{
    if (e->asleep)
        event_wake(e);
    poll_wake(&e->pollers);
}

/* It will not happen any more, which pollers may see as other events. */
static inline void event_end(struct event *e)
{
    if (e->asleep)
        event_wake(e);
    poll_wake_any(&e->pollers);
}

#endif
