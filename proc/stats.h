/* SPDX-License-Identifier: MIT
 *
 * Counters of what processes did since boot, for /proc/vmstat and /proc/stat. Words that wrap and
 * are counted atomically; a reader gets a moment's picture. No locks.
 */
#ifndef PROC_STATS_H
#define PROC_STATS_H

#include "lib/base.h"

struct proc_stats {
    uint32_t forks, execs, exits;
    int last_pid; /* made last */
};

extern struct proc_stats proc_stats_counters;

static inline struct proc_stats *proc_stats(void)
{
    return &proc_stats_counters;
}

static inline void stat_count(uint32_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

#endif
