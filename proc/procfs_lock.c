/* SPDX-License-Identifier: MIT
 *
 * /proc/lockstat, debug builds only: what lockcheck.c counted of each class of locks, one line a
 * class: name in quotes, times taken, times waited for, times of more than 1 ms, microseconds
 * waited in all, the longest wait, the longest hold. Read without a lock; a moment's picture.
 */
#include "kern/clock.h"
#include "kern/lockcheck.h"
#include "proc/procfs_impl.h"

static unsigned us_of(uint64_t ticks)
{
    return (unsigned)(ticks * 1000000 / clock_hz());
}

void procfs_lockstat(struct text *t, struct proc *p)
{
    struct lock_stats s;

    (void)p;
    for (unsigned c = LOCK_NONE + 1; lock_stats((enum lock_class)c, &s); c++)
        if (s.taken)
            text_printf(t, "\"%s\" %u %u %u %u %u %u\n", s.name, (unsigned)s.taken,
                        (unsigned)s.contended, (unsigned)s.stalled, us_of(s.wait_ticks),
                        us_of(s.wait_most), us_of(s.hold_most));
}
