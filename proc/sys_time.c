/* SPDX-License-Identifier: MIT
 *
 * System calls about time that passes: sleeping, CPU time and what else was used; and how times
 * come from user memory and go there. 32-bit and 64-bit forms differ in the structure alone.
 */
#include "kern/clock.h"
#include "kern/waitq.h"
#include "mm/uaccess.h"
#include "proc/cpu_time.h"
#include "proc/sys_impl.h"
#include "proc/utimer_impl.h"

#define TICKS_PER_SEC 100u /* of times() */
#define NSEC_PER_TICK 10000000u
#define PAGE_KIB      (PAGE_SIZE / 1024u)

#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD   1

struct tms {
    int32_t user, kernel, child_user, child_kernel;
};

struct timeval32 {
    int32_t sec, usec;
};

struct rusage {
    struct timeval32 user, kernel;
    int32_t most_kib, unused1[3], minor_faults, major_faults, unused2[6], voluntary, involuntary;
};

static struct waitq sleepers = WAITQ_INIT(sleepers);
static struct waitq wall_sleepers = WAITQ_INIT(wall_sleepers);

/* The high word of the product of 64-bit numbers, b below 2^35. */
static uint64_t mul_high(uint64_t a, uint64_t b)
{
    uint32_t a0 = (uint32_t)a, a1 = (uint32_t)(a >> 32), b0 = (uint32_t)b, b1 = (uint32_t)(b >> 32);
    uint64_t middle = (uint64_t)a1 * b0 + ((uint64_t)a0 * b0 >> 32);
    uint64_t low = (uint64_t)a0 * b1 + (uint32_t)middle;

    return (uint64_t)a1 * b1 + (middle >> 32) + (low >> 32);
}

/* 2^64 / 10^9 rounded down makes the quotient too small by one at most, but for the rounding of the
 * product itself, which may take one more. */
struct timespec64 ns_split(uint64_t ns)
{
    uint64_t sec = mul_high(ns, 18446744073ull);
    uint64_t rest = ns - sec * NSEC_PER_SEC;

    while (rest >= NSEC_PER_SEC) {
        rest -= NSEC_PER_SEC;
        sec++;
    }
    return (struct timespec64){(int64_t)sec, (int64_t)rest};
}

static int put32(vaddr_t to, struct timespec64 t)
{
    struct timespec32 narrow = {(int32_t)t.sec, (int32_t)t.nsec};

    return copy_to_user(to, &narrow, sizeof(narrow));
}

static int put64(vaddr_t to, struct timespec64 t)
{
    return copy_to_user(to, &t, sizeof(t));
}

static int get32(struct timespec64 *t, vaddr_t from)
{
    struct timespec32 narrow;
    int error = copy_from_user(&narrow, from, sizeof(narrow));

    *t = (struct timespec64){narrow.sec, narrow.nsec};
    return error;
}

/* The upper half of nsec is padding on 32-bit machines. */
static int get64(struct timespec64 *t, vaddr_t from)
{
    int error = copy_from_user(t, from, sizeof(*t));

    t->nsec = (int32_t)t->nsec;
    return error;
}

static bool time_ok(const struct timespec64 *t)
{
    return t->sec >= 0 && t->nsec >= 0 && t->nsec < (int64_t)NSEC_PER_SEC;
}

/* Times beyond what 64 bits of nanoseconds hold (584 years) are never. */
static uint64_t ns_of(const struct timespec64 *t)
{
    if ((uint64_t)t->sec >= UINT64_MAX / NSEC_PER_SEC)
        return UINT64_MAX;
    return (uint64_t)t->sec * NSEC_PER_SEC + (uint64_t)t->nsec;
}

static int get_time(struct timespec64 *t, vaddr_t from, bool wide)
{
    return wide ? get64(t, from) : get32(t, from);
}

int timeout_get(vaddr_t from, uint64_t *ns, bool wide)
{
    struct timespec64 t;

    if (get_time(&t, from, wide))
        return -EFAULT;
    *ns = time_ok(&t) ? ns_of(&t) : 0;
    return time_ok(&t) ? 0 : -EINVAL;
}

int time_put(vaddr_t to, uint64_t ns, bool wide)
{
    struct timespec64 t = ns_split(ns);

    return wide ? put64(to, t) : put32(to, t);
}

/* Sleeps until clock_ns() is `until`: 0, or -EINTR. */
static int sleep_until(uint64_t until)
{
    uint32_t mask = spin_lock_irq(&sleepers.lock);
    int error = waitq_sleep(&sleepers, mask, SLEEP_LIGHT, until);

    return error == -EINTR ? -EINTR : 0;
}

void wall_sleepers_wake(void)
{
    waitq_wake(&wall_sleepers, WAITQ_ALL);
}

/* The same for the wall clock, which may be set meanwhile: either the setter wakes us, or we see
 * what it set. */
static int sleep_until_wall(uint64_t until)
{
    for (;;) {
        uint32_t mask = spin_lock_irq(&wall_sleepers.lock);
        uint64_t epoch = clock_epoch_ns();

        if (until <= timer_now(TIMER_WALL)) {
            spin_unlock_irq(&wall_sleepers.lock, mask);
            return 0;
        }
        if (waitq_sleep(&wall_sleepers, mask, SLEEP_LIGHT, until - MIN(until, epoch)) == -EINTR)
            return -EINTR;
    }
}

/* The time of CPU time at which a relative sleep ends, the same when the call is done again. */
static uint64_t cpu_deadline(uint64_t now, uint64_t ns)
{
    struct thread *t = thread_current();

    if (!t->sig.redo)
        t->sig.deadline_ns = ns > UINT64_MAX - now ? UINT64_MAX : now + ns;
    return t->sig.deadline_ns;
}

static int sleep_cpu(const struct clock_of *c, bool absolute, uint64_t ns, uint64_t *rest_ns)
{
    uint64_t now, until;
    int error = clock_read(c, &now);

    if (error)
        return error;
    until = absolute ? ns : cpu_deadline(now, ns);
    error = until <= now ? 0 : cpu_sleep(c, until);
    if (error == -EINTR && !clock_read(c, &now))
        *rest_ns = until - MIN(until, now);
    return error;
}

/* 0, -EINTR and *rest_ns: a relative sleep goes on if no handler runs. */
static int sleep_on(const struct clock_of *c, bool absolute, uint64_t ns, uint64_t *rest_ns)
{
    uint64_t until, now;
    int error;

    if (c->kind >= CLOCK_KIND_CPU)
        return sleep_cpu(c, absolute, ns, rest_ns);
    if (absolute && c->kind == CLOCK_KIND_WALL)
        return sleep_until_wall(ns);
    until = absolute ? ns : signal_deadline(ns);
    error = sleep_until(until);
    now = clock_ns();
    *rest_ns = until - MIN(until, now);
    return error;
}

/* The clocks to sleep on: not the own CPU time, which stands still; that of other processes is left
 * out. */
static int sleep_clock(uint32_t id, struct clock_of *c)
{
    int error = clock_find(id, c);

    if (error)
        return clock_is_device(id) ? -EOPNOTSUPP : error;
    if (c->coarse || c->pid || id == CLOCK_THREAD_CPUTIME)
        return -EOPNOTSUPP;
    return c->tid == thread_current()->tid ? -EINVAL : 0;
}

/* The rest goes to urest, unless that is 0 or the sleep is absolute. */
static long sleep_call(uint32_t id, uint32_t flags, vaddr_t utime, vaddr_t urest, bool wide)
{
    bool absolute = flags & TIMER_ABSTIME;
    uint64_t ns, rest_ns = 0;
    struct clock_of c;
    int error = sleep_clock(id, &c);

    if (!error)
        error = timeout_get(utime, &ns, wide);
    if (!error)
        error = sleep_on(&c, absolute, ns, &rest_ns);
    if (error != -EINTR)
        return error;
    if (urest && !absolute && time_put(urest, rest_ns, wide))
        return -EFAULT;
    return signal_restart(RESTART_NO_HANDLER);
}

/* A wait that SIGSTOP or the like interrupted goes on by itself here: to who asks, nothing was left
 * to go on with, as on Linux. */
SYSCALL0(sys_restart_syscall)
{
    return -EINTR;
}

SYSCALL2(sys_nanosleep, utime, urest)
{
    return sleep_call(CLOCK_MONOTONIC, 0, utime, urest, false);
}

SYSCALL4(sys_clock_nanosleep, id, flags, utime, urest)
{
    return sleep_call(id, flags, utime, urest, false);
}

SYSCALL4(sys_clock_nanosleep64, id, flags, utime, urest)
{
    return sleep_call(id, flags, utime, urest, true);
}

/* Of 32 bits: they begin anew after 497 days. */
static int32_t ticks(uint64_t ns)
{
    struct timespec64 t = ns_split(ns);

    return (int32_t)((uint32_t)t.sec * TICKS_PER_SEC + (uint32_t)t.nsec / NSEC_PER_TICK);
}

SYSCALL1(sys_times, utimes)
{
    struct proc *p = proc_current();
    struct cpu_time mine = proc_cpu_time(p), children = proc_child_time(p, NULL);
    struct tms t = {.user = ticks(mine.user_ns),
                    .kernel = ticks(mine.kernel_ns),
                    .child_user = ticks(children.user_ns),
                    .child_kernel = ticks(children.kernel_ns)};

    if (utimes && copy_to_user(utimes, &t, sizeof(t)))
        return -EFAULT;
    return ticks(clock_ns());
}

static struct timeval32 timeval_of(uint64_t ns)
{
    struct timespec64 t = ns_split(ns);

    return (struct timeval32){(int32_t)t.sec, (int32_t)t.nsec / (int32_t)NSEC_PER_USEC};
}

int rusage_put(vaddr_t to, struct cpu_time time, const struct usage *u)
{
    struct rusage ru = {.user = timeval_of(time.user_ns),
                        .kernel = timeval_of(time.kernel_ns),
                        .most_kib = (int32_t)(u->most_pages * PAGE_KIB),
                        .minor_faults = (int32_t)u->minor_faults,
                        .major_faults = (int32_t)u->major_faults,
                        .voluntary = (int32_t)u->voluntary,
                        .involuntary = (int32_t)u->involuntary};

    return copy_to_user(to, &ru, sizeof(ru));
}

SYSCALL2(sys_getrusage, who, uusage)
{
    struct proc *p = proc_current();
    struct cpu_time time;
    struct usage u;

    switch ((int)who) {
    case RUSAGE_SELF:
        time = proc_cpu_time(p);
        u = proc_usage(p);
        break;
    case RUSAGE_CHILDREN: time = proc_child_time(p, &u); break;
    case RUSAGE_THREAD:
        if (!proc_thread_time(p, thread_current()->tid, &time))
            return -EINVAL;
        u = thread_usage();
        break;
    default: return -EINVAL;
    }
    return rusage_put(uusage, time, &u);
}
