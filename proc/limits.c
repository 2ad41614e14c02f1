/* SPDX-License-Identifier: MIT
 *
 * Where limits are kept, and how they reach the parts that obey them. A record is made when a
 * process first gets a limit of its own, and stays until the process is gone: it may be read
 * without a lock. Locks: (T) of the process for a pair that changes.
 */
#include "proc/limits.h"

#include "fs/limit.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "loader/stack.h"
#include "mm/slab.h"
#include "proc/cpu_time.h"
#include "proc/cred.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"

struct limits {
    struct limit of[RLIMITS]; /* (T), read without */
    uint32_t looked, pause;   /* atomic: at CPU time, and how long not again; 1 << LOOK_SHIFT ns */
};

#define LOOK_SHIFT  20u /* ns: looks are timed in about a millisecond, */
#define LOOK_LEAST  8u  /* are so much apart at least, */
#define LOOK_SPENT  8u  /* and this many times what one took */
#define NS_A_SECOND 1000000000u

#define NONE     RLIM_INFINITY
#define MEMLOCK  (8u << 20)
#define MSGQUEUE 819200u

static const struct limits defaults = {
    .of = {
        [RLIMIT_CPU] = {NONE, NONE},
        [RLIMIT_FSIZE] = {NONE, NONE},
        [RLIMIT_DATA] = {NONE, NONE},
        [RLIMIT_STACK] = {STACK_LIMIT_PAGES << PAGE_SHIFT, NONE},
        [RLIMIT_CORE] = {0, NONE},
        [RLIMIT_RSS] = {NONE, NONE},
        [RLIMIT_NPROC] = {PID_MAX / 2, PID_MAX / 2}, /* no user has all numbers */
        [RLIMIT_NOFILE] = {FD_SOFT, FD_MAX},
        [RLIMIT_MEMLOCK] = {MEMLOCK, MEMLOCK},
        [RLIMIT_AS] = {NONE, NONE},
        [RLIMIT_LOCKS] = {NONE, NONE},
        [RLIMIT_SIGPENDING] = {QUEUED_MOST, QUEUED_MOST},
        [RLIMIT_MSGQUEUE] = {MSGQUEUE, MSGQUEUE},
        [RLIMIT_NICE] = {0, 0},
        [RLIMIT_RTPRIO] = {0, 0},
        [RLIMIT_RTTIME] = {NONE, NONE},
    }};

static struct slab_cache limits_cache = SLAB_CACHE("limits", sizeof(struct limits));

static const struct limits *limits_of(const struct proc *p)
{
    const struct limits *l = __atomic_load_n(&p->limits, __ATOMIC_ACQUIRE);

    return l ? l : &defaults;
}

uint32_t limit_soft(const struct proc *p, enum resource r)
{
    return __atomic_load_n(&limits_of(p)->of[r].soft, __ATOMIC_RELAXED);
}

struct limit limit_get(const struct proc *p, enum resource r)
{
    uint32_t mask = thread_table_lock(p);
    struct limit l = limits_of(p)->of[r];

    thread_table_unlock(p, mask);
    return l;
}

/* A record of p's own, which two may make at once. */
static int own(struct proc *p)
{
    struct limits *mine, *none = NULL;

    if (p->limits)
        return 0;
    mine = slab_alloc(&limits_cache);
    if (!mine)
        return -ENOMEM;
    *mine = defaults;
    if (!__atomic_compare_exchange_n(&p->limits, &none, mine, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        slab_free(&limits_cache, mine);
    return 0;
}

int limits_fork(struct proc *child, const struct proc *parent)
{
    uint32_t mask;

    if (likely(!parent->limits))
        return 0;
    child->limits = slab_alloc(&limits_cache);
    if (!child->limits)
        return -ENOMEM;
    mask = thread_table_lock(parent);
    *child->limits = *parent->limits;
    thread_table_unlock(parent, mask);
    return 0;
}

void limits_free(struct proc *p)
{
    slab_free(&limits_cache, p->limits);
}

static uint32_t pages_in(uint32_t bytes)
{
    return bytes == NONE ? UINT32_MAX : page_of(bytes);
}

/* A limit of 0 of data is the hard one, but for the heap: Linux has it so for valgrind. */
const struct as_limits *limits_of_memory(const struct proc *p, struct as_limits *buf)
{
    static const struct as_limits all = {
        .pages = UINT32_MAX, .data = UINT32_MAX, .heap = UINT32_MAX, .stack = STACK_LIMIT_PAGES};
    struct limit data;

    if (likely(!p || !p->limits))
        return &all;
    data = limit_get(p, RLIMIT_DATA);
    *buf =
        (struct as_limits){.pages = pages_in(limit_soft(p, RLIMIT_AS)),
                           .data = pages_in(data.soft ? data.soft : data.hard),
                           .heap = pages_in(data.soft),
                           .stack = MIN(pages_in(limit_soft(p, RLIMIT_STACK)), page_of(USER_END))};
    return buf;
}

uint32_t limit_lockable(void)
{
    const struct proc *p = proc_current();
    uint32_t most = pages_in(limit_soft(p, RLIMIT_MEMLOCK)), locked;

    if (capable(CAP_IPC_LOCK) || most == UINT32_MAX)
        return UINT32_MAX;
    rwlock_read(&p->as->lock);
    locked = as_pages(p->as, AS_LOCKED, NULL);
    rwlock_read_done(&p->as->lock);
    return locked < most ? most - locked : 0;
}

void limits_apply(struct proc *p)
{
    struct as_limits buf;

    proc_lock();
    if (p->as && !p->vfork_parent)
        as_set_limits(p->as, limits_of_memory(p, &buf));
    if (p->files)
        fdtable_set_most(p->files, (int)MIN(limit_soft(p, RLIMIT_NOFILE), (uint32_t)FD_MAX));
    proc_unlock();
}

int limit_set(struct proc *p, enum resource r, const struct limit *to)
{
    uint32_t mask;
    int error;

    if (to->soft > to->hard)
        return -EINVAL;
    if (r == RLIMIT_NOFILE && to->hard > FD_MAX)
        return -EPERM;
    error = own(p);
    if (error)
        return error;
    mask = thread_table_lock(p);
    if (to->hard > p->limits->of[r].hard && !capable(CAP_SYS_RESOURCE))
        error = -EPERM;
    else
        p->limits->of[r] = *to;
    thread_table_unlock(p, mask);
    if (!error)
        limits_apply(p);
    return error;
}

uint64_t limit_file_size(void)
{
    const struct proc *p = proc_current();
    uint32_t bytes;

    if (likely(!p || !p->limits))
        return UINT64_MAX;
    bytes = limit_soft(p, RLIMIT_FSIZE);
    return bytes == NONE ? UINT64_MAX : bytes;
}

/* As in Linux the soft limit is a second higher from then on: so SIGXCPU comes every second. */
static void cpu_hit(struct proc *p, uint32_t soft)
{
    uint32_t mask = thread_table_lock(p);
    bool first = p->limits->of[RLIMIT_CPU].soft == soft; /* not another CPU, which looks as well */

    p->limits->of[RLIMIT_CPU].soft += first;
    thread_table_unlock(p, mask);
    if (first)
        (void)signal_of_timer(p, 0, SIGXCPU, NULL);
}

void limit_cpu_tick(struct proc *p, uint64_t now_ns)
{
    struct limits *l = __atomic_load_n(&p->limits, __ATOMIC_ACQUIRE);
    uint32_t soft = l ? __atomic_load_n(&l->of[RLIMIT_CPU].soft, __ATOMIC_RELAXED) : NONE;
    uint32_t now = (uint32_t)(now_ns >> LOOK_SHIFT), spent;
    uint64_t used;

    if (likely(soft == NONE) || now - __atomic_load_n(&l->looked, __ATOMIC_RELAXED) <
                                    __atomic_load_n(&l->pause, __ATOMIC_RELAXED))
        return;
    used = cpu_time_sum(proc_cpu_time(p));
    spent = (uint32_t)((clock_ns() - now_ns) * LOOK_SPENT >> LOOK_SHIFT);
    __atomic_store_n(&l->looked, now, __ATOMIC_RELAXED);
    __atomic_store_n(&l->pause, MAX(spent, LOOK_LEAST), __ATOMIC_RELAXED);
    if (used >= (uint64_t)__atomic_load_n(&l->of[RLIMIT_CPU].hard, __ATOMIC_RELAXED) * NS_A_SECOND)
        (void)signal_of_timer(p, 0, SIGKILL, NULL);
    else if (used >= (uint64_t)soft * NS_A_SECOND)
        cpu_hit(p, soft);
}

void limit_file_hit(void)
{
    signal_send(proc_current(), SIGXFSZ, NULL);
}
