/* SPDX-License-Identifier: MIT
 *
 * Who sleeps longest, for page-out when memory is desperate. Source: 4.3BSD's sched(), which takes
 * the process that has been asleep for the longest time out whole.
 * Locks: (T). States and times are a moment's picture: who has just been woken comes back by
 * faults.
 */
#include "kern/clock.h"
#include "mm/pageout.h"
#include "proc/proc_impl.h"

#define LEAST_S 2u
#define TRIES   8u

/* Times are in units of 2^16 ticks, and wrap. */
struct search {
    uint32_t now, least, below; /* asleep for so long at least, and less than that */
    uint32_t longest;
    const struct as *as;
    bool awake; /* a thread of the space that was found is */
};

static bool sleeps(const struct thread *t, const struct search *s, uint32_t *time)
{
    *time = s->now - t->asleep_at;
    return t->state == THREAD_SLEEPING && t->interruptible && !t->locks_held && *time >= s->least;
}

static void look_for_longest(struct thread *t, void *arg)
{
    struct search *s = arg;
    uint32_t time;

    if (t->as && sleeps(t, s, &time) && t->out_at != t->asleep_at && time < s->below &&
        time > s->longest) {
        s->longest = time;
        s->as = t->as;
    }
}

static void look_for_awake(struct thread *t, void *arg)
{
    struct search *s = arg;
    uint32_t time;

    if (t->as == s->as)
        s->awake |= !sleeps(t, s, &time);
}

static void mark(struct thread *t, void *arg)
{
    const struct search *s = arg;

    if (t->as == s->as)
        t->out_at = t->asleep_at;
}

const struct as *proc_longest_sleeper(void)
{
    struct search s = {.below = UINT32_MAX};

    s.now = (uint32_t)(clock_ticks() >> 16);
    s.least = (uint32_t)((uint64_t)clock_hz() * LEAST_S >> 16);
    for (unsigned i = 0; i < TRIES; i++) {
        s.longest = 0;
        s.as = NULL;
        s.awake = false;
        thread_for_each(look_for_longest, &s);
        if (!s.as)
            return NULL;
        thread_for_each(look_for_awake, &s);
        if (!s.awake) {
            thread_for_each(mark, &s);
            return s.as;
        }
        s.below = s.longest;
    }
    return NULL;
}
