/* SPDX-License-Identifier: MIT
 *
 * Resource limits of a process (setrlimit): inherited by fork, kept by exec. A process whose limits
 * are the ones that everybody begins with has no record of them. What each part of the kernel needs
 * of them it has in its own words: mm in struct as, fs in struct fdtable.
 * Enforced: CPU, FSIZE, DATA, STACK, NPROC, NOFILE, MEMLOCK, AS, SIGPENDING, NICE. Kept and told
 * alone: CORE (no core is ever written), RSS, LOCKS (both without effect on Linux, too), MSGQUEUE,
 * RTPRIO and RTTIME (of which there is nothing to limit).
 */
#ifndef PROC_LIMITS_H
#define PROC_LIMITS_H

#include "proc/proc.h"

enum resource {
    RLIMIT_CPU,
    RLIMIT_FSIZE,
    RLIMIT_DATA,
    RLIMIT_STACK,
    RLIMIT_CORE,
    RLIMIT_RSS,
    RLIMIT_NPROC,
    RLIMIT_NOFILE,
    RLIMIT_MEMLOCK,
    RLIMIT_AS,
    RLIMIT_LOCKS,
    RLIMIT_SIGPENDING,
    RLIMIT_MSGQUEUE,
    RLIMIT_NICE,
    RLIMIT_RTPRIO,
    RLIMIT_RTTIME,
    RLIMITS
};

#define RLIM_INFINITY UINT32_MAX

/* In the units of setrlimit: mostly bytes. */
struct limit {
    uint32_t soft, hard;
};

/* One limit of p, at this moment: both of its values together, for which it takes (T); or the soft
 * one alone, without a lock, in any context. */
struct limit limit_get(const struct proc *p, enum resource r);
uint32_t limit_soft(const struct proc *p, enum resource r);

/* Sets it, and tells the parts of the kernel that obey it. -EINVAL: soft above hard; -EPERM: the
 * caller may not raise it; -ENOMEM. May sleep. */
int __must_check limit_set(struct proc *p, enum resource r, const struct limit *to);

/* The child's are its parent's. -ENOMEM. */
int __must_check limits_fork(struct proc *child, const struct proc *parent);
void limits_free(struct proc *p);
/* Those of memory, for an address space that p will have: in *buf, or those that all begin with, as
 * process 1 (p NULL). */
const struct as_limits *limits_of_memory(const struct proc *p, struct as_limits *buf);
/* The address space and the files of p obey its limits from now on; not an address space that it
 * borrows from its parent, until exec gives it its own. May sleep; takes (P). */
void limits_apply(struct proc *p);
/* For the scheduler's tick, as timers_run_cpu: a thread of p runs. RLIMIT_CPU: SIGXCPU where p has
 * used so much CPU time, SIGKILL at the hard limit; looked at every 10 to 20 ms, less often with
 * many threads. */
void limit_cpu_tick(struct proc *p, uint64_t now_ns);
/* RLIMIT_MEMLOCK, pages that the caller may still lock; UINT32_MAX: as many as it wants. */
uint32_t limit_lockable(void);

#endif
