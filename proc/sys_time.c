/* SPDX-License-Identifier: MIT
 *
 * System calls about time. 32-bit and 64-bit forms differ in the structure alone.
 */
#include "kern/clock.h"
#include "kern/waitq.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/sys_impl.h"

#define CLOCK_REALTIME         0u
#define CLOCK_MONOTONIC        1u
#define CLOCK_PROCESS_CPUTIME  2u
#define CLOCK_THREAD_CPUTIME   3u
#define CLOCK_MONOTONIC_RAW    4u
#define CLOCK_REALTIME_COARSE  5u
#define CLOCK_MONOTONIC_COARSE 6u
#define CLOCK_BOOTTIME         7u
#define TIMER_ABSTIME          1u
#define TICKS_PER_SEC          100 /* of times() */
#define NSEC_PER_TICK          10000000

struct tms {
    int32_t user, kernel, child_user, child_kernel;
};

static struct waitq sleepers = WAITQ_INIT(sleepers);

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

uint64_t proc_cpu_ns(const struct proc *p)
{
    return p->user_ns + p->kernel_ns + thread_cpu_ns(thread_current());
}

static int clock_read(uint32_t id, uint64_t *ns)
{
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE: *ns = clock_epoch_ns() + clock_ns(); return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME: *ns = clock_ns(); return 0;
    case CLOCK_PROCESS_CPUTIME: *ns = proc_cpu_ns(proc_current()); return 0;
    case CLOCK_THREAD_CPUTIME: *ns = thread_cpu_ns(thread_current()); return 0;
    default: return -EINVAL;
    }
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

SYSCALL2(sys_clock_gettime, id, utime)
{
    uint64_t ns;
    int error = clock_read(id, &ns);

    return error ? error : put32(utime, ns_split(ns));
}

SYSCALL2(sys_clock_gettime64, id, utime)
{
    uint64_t ns;
    int error = clock_read(id, &ns);

    return error ? error : put64(utime, ns_split(ns));
}

static const struct timespec64 resolution = {0, 1};

SYSCALL2(sys_clock_getres, id, ures)
{
    if (id > CLOCK_BOOTTIME)
        return -EINVAL;
    return ures ? put32(ures, resolution) : 0;
}

SYSCALL2(sys_clock_getres64, id, ures)
{
    if (id > CLOCK_BOOTTIME)
        return -EINVAL;
    return ures ? put64(ures, resolution) : 0;
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

static int set_clock(uint32_t id, const struct timespec64 *t)
{
    uint64_t now = clock_ns(), ns = ns_of(t);

    if (id != CLOCK_REALTIME || !time_ok(t) || ns < now || ns == UINT64_MAX)
        return -EINVAL;
    if (!capable(CAP_SYS_TIME))
        return -EPERM;
    clock_set_epoch_ns(ns - now);
    return 0;
}

SYSCALL2(sys_clock_settime, id, utime)
{
    struct timespec64 t;

    return get32(&t, utime) ? -EFAULT : set_clock(id, &t);
}

SYSCALL2(sys_clock_settime64, id, utime)
{
    struct timespec64 t;

    return get64(&t, utime) ? -EFAULT : set_clock(id, &t);
}

SYSCALL2(sys_gettimeofday, utime, uzone)
{
    struct timespec64 t = ns_split(clock_epoch_ns() + clock_ns());

    t.nsec = (int32_t)t.nsec / (int32_t)NSEC_PER_USEC;
    if (utime && put32(utime, t))
        return -EFAULT;
    return uzone ? clear_user(uzone, 8) : 0;
}

/* Sleeps until clock_ns() is `until`: 0, or -EINTR. */
static int sleep_until(uint64_t until)
{
    uint32_t mask = spin_lock_irq(&sleepers.lock);
    int error = waitq_sleep(&sleepers, mask, SLEEP_LIGHT, until);

    return error == -EINTR ? -EINTR : 0;
}

/* The clock_ns() time at which an absolute sleep on clock id ends. */
static uint64_t end_of_sleep(uint32_t id, uint64_t ns)
{
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
        return ns == UINT64_MAX ? ns : ns - MIN(ns, clock_epoch_ns());
    return ns;
}

/* 0, -EINVAL, or -EINTR and *rest_ns: a relative sleep goes on if no handler runs. */
static int sleep_on(uint32_t id, bool absolute, const struct timespec64 *t, uint64_t *rest_ns)
{
    uint64_t until, now;

    if (id > CLOCK_BOOTTIME || id == CLOCK_THREAD_CPUTIME || !time_ok(t))
        return -EINVAL;
    if (id == CLOCK_PROCESS_CPUTIME)
        return (int)sys_enosys(0, 0, 0, 0);
    until = absolute ? end_of_sleep(id, ns_of(t)) : signal_deadline(ns_of(t));
    if (!sleep_until(until))
        return 0;
    now = clock_ns();
    *rest_ns = until > now ? until - now : 0;
    return -EINTR;
}

/* The rest goes to urest, unless that is 0 or the sleep is absolute. */
static long sleep_call(uint32_t id, uint32_t flags, vaddr_t utime, vaddr_t urest, bool wide)
{
    bool absolute = flags & TIMER_ABSTIME;
    struct timespec64 t;
    uint64_t rest_ns = 0;
    int error = get_time(&t, utime, wide);

    if (!error)
        error = sleep_on(id, absolute, &t, &rest_ns);
    if (error != -EINTR)
        return error;
    if (urest && !absolute && time_put(urest, rest_ns, wide))
        return -EFAULT;
    return signal_restart(RESTART_NO_HANDLER);
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

static int32_t ticks(uint64_t ns)
{
    struct timespec64 t = ns_split(ns);

    return (int32_t)t.sec * TICKS_PER_SEC + (int32_t)t.nsec / NSEC_PER_TICK;
}

SYSCALL1(sys_times, utimes)
{
    const struct proc *p = proc_current();
    struct tms t = {.user = ticks(proc_cpu_ns(p)),
                    .child_user = ticks(p->child_user_ns),
                    .child_kernel = ticks(p->child_kernel_ns)};

    if (utimes && copy_to_user(utimes, &t, sizeof(t)))
        return -EFAULT;
    return ticks(clock_ns());
}
