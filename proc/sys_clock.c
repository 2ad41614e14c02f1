/* SPDX-License-Identifier: MIT
 *
 * System calls that tell and set clocks. Numbers below 0 are clocks of CPU time of any process, or
 * of a thread of the caller's: ~pid << 3, 4 for a thread, and which time. The wall clock alone can
 * be set; who sleeps or has a timer until a time of it looks again then.
 */
#include "kern/clock.h"
#include "kern/waitq.h"
#include "mm/uaccess.h"
#include "proc/cpu_time.h"
#include "proc/cred.h"
#include "proc/futex.h"
#include "proc/pid.h"
#include "proc/sys_impl.h"
#include "proc/utimer_impl.h"

#define CLOCK_ID_THREAD 4u
#define CLOCK_ID_TIME   3u /* which: */
#define CLOCK_ID_PROF   0u
#define CLOCK_ID_VIRT   1u
#define CLOCK_ID_SCHED  2u

/* Those with numbers from 0 on; kind NO_CLOCK: none. */
#define NO_CLOCK 255u
static const struct clock_of clocks[] = {
    [CLOCK_REALTIME] = {.kind = CLOCK_KIND_WALL},
    [CLOCK_MONOTONIC] = {.kind = CLOCK_KIND_MONOTONIC},
    [CLOCK_PROCESS_CPUTIME] = {.kind = CLOCK_KIND_CPU},
    [CLOCK_THREAD_CPUTIME] = {.kind = CLOCK_KIND_CPU},
    [CLOCK_MONOTONIC_RAW] = {.kind = CLOCK_KIND_MONOTONIC, .coarse = true},
    [CLOCK_REALTIME_COARSE] = {.kind = CLOCK_KIND_WALL, .coarse = true},
    [CLOCK_MONOTONIC_COARSE] = {.kind = CLOCK_KIND_MONOTONIC, .coarse = true},
    [CLOCK_BOOTTIME] = {.kind = CLOCK_KIND_MONOTONIC},
    [CLOCK_BOOTTIME + 1 ... CLOCK_TAI - 1] = {.kind = NO_CLOCK},
    [CLOCK_TAI] = {.kind = CLOCK_KIND_WALL},
};

static bool thread_is_ours(int tid)
{
    struct cpu_time ignored;

    return proc_thread_time(proc_current(), tid, &ignored);
}

static bool process_exists(int pid)
{
    struct proc *p = pid_ref(pid);

    if (p)
        proc_unref(p);
    return p != NULL;
}

/* Of CPU time, of who has that number, 0: the caller. */
static int find_cpu_clock(uint32_t id, struct clock_of *c)
{
    int who = ~((int)id >> 3), me = proc_current()->pid;

    if ((id & CLOCK_ID_TIME) > CLOCK_ID_SCHED)
        return -EINVAL;
    *c = (struct clock_of){.kind = (id & CLOCK_ID_TIME) == CLOCK_ID_VIRT ? CLOCK_KIND_USER
                                                                         : CLOCK_KIND_CPU};
    if (id & CLOCK_ID_THREAD) {
        c->tid = who ? who : thread_current()->tid;
        return thread_is_ours(c->tid) ? 0 : -EINVAL;
    }
    c->pid = who == me ? 0 : who;
    return !c->pid || process_exists(c->pid) ? 0 : -EINVAL;
}

int clock_find(uint32_t id, struct clock_of *c)
{
    if ((int)id < 0)
        return find_cpu_clock(id, c);
    if (id >= ARRAY_SIZE(clocks) || clocks[id].kind == NO_CLOCK)
        return -EINVAL;
    *c = clocks[id];
    if (id == CLOCK_THREAD_CPUTIME)
        c->tid = thread_current()->tid;
    return 0;
}

/* CPU time by clock c: -EINVAL, whose it was ended. */
static int cpu_clock_read(const struct clock_of *c, uint64_t *ns)
{
    struct cpu_time t;
    struct proc *p;

    if (c->tid) {
        if (!proc_thread_time(proc_current(), c->tid, &t))
            return -EINVAL;
    } else if (c->pid) {
        p = pid_ref(c->pid);
        if (!p)
            return -EINVAL;
        t = proc_cpu_time(p);
        proc_unref(p);
    } else {
        t = proc_cpu_time(proc_current());
    }
    *ns = c->kind == CLOCK_KIND_USER ? t.user_ns : cpu_time_sum(t);
    return 0;
}

int clock_read(const struct clock_of *c, uint64_t *ns)
{
    if (c->kind >= CLOCK_KIND_CPU)
        return cpu_clock_read(c, ns);
    *ns = timer_now(c->kind == CLOCK_KIND_WALL ? TIMER_WALL : TIMER_MONOTONIC);
    return 0;
}

bool clock_is_device(uint32_t id)
{
    return (int)id < 0 && (id & (CLOCK_ID_THREAD | CLOCK_ID_TIME)) == CLOCK_ID_TIME;
}

static __noinline int get_other_time(uint32_t id, vaddr_t utime, bool wide)
{
    struct clock_of c;
    uint64_t ns;
    int error = clock_find(id, &c);

    if (!error)
        error = clock_read(&c, &ns);
    return error ? error : time_put(utime, ns, wide);
}

static inline int get_time(uint32_t id, vaddr_t utime, bool wide)
{
    if (likely(id == CLOCK_MONOTONIC))
        return time_put(utime, clock_ns(), wide);
    if (likely(id == CLOCK_REALTIME))
        return time_put(utime, timer_now(TIMER_WALL), wide);
    return get_other_time(id, utime, wide);
}

/* The usual one, on a straight line. */
SYSCALL2(sys_clock_gettime, id, utime)
{
    if (likely(id == CLOCK_MONOTONIC)) {
        struct timespec64 t = ns_split(clock_ns());

        return copy_to_user(utime, &(struct timespec32){(int32_t)t.sec, (int32_t)t.nsec}, 8);
    }
    return get_time(id, utime, false);
}

SYSCALL2(sys_clock_gettime64, id, utime)
{
    return get_time(id, utime, true);
}

static int get_resolution(uint32_t id, vaddr_t ures, bool wide)
{
    struct clock_of c;
    int error = clock_find(id, &c);

    return error || !ures ? error : time_put(ures, 1, wide);
}

SYSCALL2(sys_clock_getres, id, ures)
{
    return get_resolution(id, ures, false);
}

SYSCALL2(sys_clock_getres64, id, ures)
{
    return get_resolution(id, ures, true);
}

/* Before the machine started there was no time. */
static int set_wall(uint64_t ns)
{
    uint64_t now = clock_ns();

    if (ns == UINT64_MAX)
        return -EINVAL;
    if (!capable(CAP_SYS_TIME))
        return -EPERM;
    if (ns < now)
        return -EINVAL;
    clock_set_epoch_ns(ns - now);
    timers_clock_set();
    wall_sleepers_wake();
    futex_clock_set();
    return 0;
}

/* That of a clock of CPU time exists, and may not be set. */
static int set_time(uint32_t id, vaddr_t utime, bool wide)
{
    struct clock_of c;
    uint64_t ns;
    int error;

    if (id != CLOCK_REALTIME && (int)id >= 0)
        return -EINVAL;
    error = timeout_get(utime, &ns, wide);
    if (!error && (int)id < 0)
        error = clock_find(id, &c) ? -EINVAL : -EPERM;
    return error ? error : set_wall(ns);
}

SYSCALL2(sys_clock_settime, id, utime)
{
    return set_time(id, utime, false);
}

SYSCALL2(sys_clock_settime64, id, utime)
{
    return set_time(id, utime, true);
}

SYSCALL2(sys_gettimeofday, utime, uzone)
{
    struct timespec64 t = ns_split(timer_now(TIMER_WALL));
    struct timespec32 micro = {(int32_t)t.sec, (int32_t)t.nsec / (int32_t)NSEC_PER_USEC};

    if (utime && copy_to_user(utime, &micro, sizeof(micro)))
        return -EFAULT;
    return uzone ? clear_user(uzone, 8) : 0;
}

/* The kernel keeps no time zone: one other than Greenwich is refused. */
SYSCALL2(sys_settimeofday, utime, uzone)
{
    struct utimer_value v = {0};
    int32_t zone[2] = {0};
    int error = utime ? timeval_get(utime, &v.value_ns) : 0;

    if (error)
        return error;
    if (uzone && copy_from_user(zone, uzone, sizeof(zone)))
        return -EFAULT;
    if (!capable(CAP_SYS_TIME))
        return -EPERM;
    if (zone[0] || zone[1])
        return -EINVAL;
    return utime ? set_wall(v.value_ns) : 0;
}
