/* SPDX-License-Identifier: MIT
 *
 * Counters of what processes did since boot, for /proc/vmstat and /proc/stat. Plain words that wrap
 * and that their one place each increments; a reader gets a moment's picture. No locks.
 */
#ifndef PROC_STATS_H
#define PROC_STATS_H

#include "lib/base.h"

struct proc_stats {
    unsigned forks, execs, exits;
    unsigned switches; /* from one thread to another */
    int last_pid;      /* made last */
};

extern struct proc_stats proc_stats_counters;

static inline struct proc_stats *proc_stats(void)
{
    return &proc_stats_counters;
}

#endif
