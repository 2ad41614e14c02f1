/* SPDX-License-Identifier: MIT
 *
 * System calls about timers: setitimer and its kin in microseconds, timer_create and its kin in the
 * two widths of time. The work is in proc_timers.c and posix_timer.c.
 */
#include "kern/clock.h"
#include "mm/uaccess.h"
#include "proc/cpu_time.h"
#include "proc/sys_impl.h"
#include "proc/timerfd.h"
#include "proc/utimer_impl.h"

/* struct itimerval; that of itimerspec has the same order, and 16 bytes a time if it is wide. */
#define TIMEVAL_BYTES 8u
#define TIME_BYTES    16u

#define TFD_TIMER_CANCEL_ON_SET 2u

/* The head of struct sigevent, of 64 bytes. */
struct sigevent {
    uint32_t value;
    int32_t signo;
    uint32_t notify;
    int32_t tid;
    uint32_t unused[12];
};

static uint32_t time_bytes(bool wide)
{
    return wide ? TIME_BYTES : sizeof(struct timespec32);
}

int utimer_value_get(vaddr_t from, struct utimer_value *v, bool wide)
{
    int error = timeout_get(from, &v->interval_ns, wide), second;

    if (error == -EFAULT)
        return error;
    second = timeout_get(from + time_bytes(wide), &v->value_ns, wide);
    return second == -EFAULT ? second : error ? error : second;
}

int utimer_value_put(vaddr_t to, const struct utimer_value *v, bool wide)
{
    if (time_put(to, v->interval_ns, wide))
        return -EFAULT;
    return time_put(to + time_bytes(wide), v->value_ns, wide);
}

int timeval_get(vaddr_t from, uint64_t *ns)
{
    int32_t t[2];

    if (copy_from_user(t, from, sizeof(t)))
        return -EFAULT;
    if (t[0] < 0 || t[1] < 0 || t[1] >= 1000000)
        return -EINVAL;
    *ns = (uint64_t)t[0] * NSEC_PER_SEC + (uint64_t)t[1] * NSEC_PER_USEC;
    return 0;
}

/* Rounded down, but not to 0, which is off. */
static int timeval_put(vaddr_t to, uint64_t ns)
{
    struct timespec64 t = ns_split(ns);
    int32_t micro[2] = {(int32_t)t.sec, (int32_t)t.nsec / (int32_t)NSEC_PER_USEC};

    if (ns && !micro[0] && !micro[1])
        micro[1] = 1;
    return copy_to_user(to, micro, sizeof(micro));
}

static int itimerval_get(vaddr_t from, struct utimer_value *v)
{
    int error = timeval_get(from, &v->interval_ns), second;

    if (error == -EFAULT)
        return error;
    second = timeval_get(from + TIMEVAL_BYTES, &v->value_ns);
    return second == -EFAULT ? second : error ? error : second;
}

static int itimerval_put(vaddr_t to, const struct utimer_value *v)
{
    if (timeval_put(to, v->interval_ns))
        return -EFAULT;
    return timeval_put(to + TIMEVAL_BYTES, v->value_ns);
}

static void itimer_read(unsigned which, struct utimer_value *v)
{
    const struct proc_timers *pt = proc_current()->timers;
    uint32_t mask;

    *v = (struct utimer_value){0};
    if (!pt)
        return;
    mask = timers_lock();
    utimer_get(&pt->itimer[which], v);
    timers_unlock(mask);
}

SYSCALL2(sys_getitimer, which, uvalue)
{
    struct utimer_value v;

    if (which >= ITIMERS)
        return -EINVAL;
    itimer_read(which, &v);
    return itimerval_put(uvalue, &v);
}

/* Who never had a timer need not get one to stop it. */
static int itimer_write(unsigned which, const struct utimer_value *v, struct utimer_value *old)
{
    struct proc_timers *pt;
    uint32_t mask;
    int error;

    if (!v->value_ns && !proc_current()->timers) {
        *old = (struct utimer_value){0};
        return 0;
    }
    pt = timers_of_caller();
    if (!pt)
        return -ENOMEM;
    mask = timers_lock();
    utimer_get(&pt->itimer[which], old);
    error = utimer_set(&pt->itimer[which], v, false);
    timers_unlock(mask);
    return error;
}

SYSCALL3(sys_setitimer, which, unew, uold)
{
    struct utimer_value v = {0}, old;
    int error = unew ? itimerval_get(unew, &v) : 0;

    if (!error && which >= ITIMERS)
        error = -EINVAL;
    if (!error)
        error = itimer_write(which, &v, &old);
    return error || !uold ? error : itimerval_put(uold, &old);
}

static bool signal_ok(int sig)
{
    return sig > 0 && sig <= NSIG;
}

/* What the event says; -EINVAL. */
static int event_check(const struct sigevent *e, struct posix_timer_make *make)
{
    struct cpu_time ignored;

    make->notify = e->notify;
    make->sig = e->signo;
    make->value = e->value;
    make->has_value = true;
    switch (e->notify) {
    case SIGEV_THREAD_ID:
        make->tid = e->tid;
        if (!proc_thread_time(proc_current(), e->tid, &ignored))
            return -EINVAL;
        return signal_ok(e->signo) ? 0 : -EINVAL;
    case SIGEV_SIGNAL:
    case SIGEV_THREAD: return signal_ok(e->signo) ? 0 : -EINVAL;
    case SIGEV_NONE: return 0;
    default: return -EINVAL;
    }
}

/* Which clocks timers run on: those of other processes' CPU time are left out. */
static int timer_clock(uint32_t id, struct clock_of *c)
{
    int error = clock_find(id, c);

    if (error)
        return clock_is_device(id) ? -EOPNOTSUPP : error;
    return c->coarse || c->pid ? -EOPNOTSUPP : 0;
}

SYSCALL3(sys_timer_create, clock, uevent, uid)
{
    struct posix_timer_make make = {.notify = SIGEV_SIGNAL, .sig = SIGALRM};
    struct sigevent e;
    int id, error;

    if (uevent && copy_from_user(&e, uevent, sizeof(e)))
        return -EFAULT;
    error = timer_clock(clock, &make.clock);
    if (!error && uevent)
        error = event_check(&e, &make);
    if (error)
        return error;
    id = posix_timer_create(&make);
    if (id < 0)
        return id;
    if (!put_user32(uid, (uint32_t)id))
        return 0;
    error = posix_timer_delete(id);
    return error ? error : -EFAULT;
}

static long timer_settime(int id, uint32_t flags, vaddr_t unew, vaddr_t uold, bool wide)
{
    struct utimer_value v, old;
    int error = unew ? utimer_value_get(unew, &v, wide) : -EINVAL;

    if (!error)
        error = posix_timer_set(id, &v, flags & TIMER_ABSTIME, uold ? &old : NULL);
    return error || !uold ? error : utimer_value_put(uold, &old, wide);
}

SYSCALL4(sys_timer_settime, id, flags, unew, uold)
{
    return timer_settime((int)id, flags, unew, uold, false);
}

SYSCALL4(sys_timer_settime64, id, flags, unew, uold)
{
    return timer_settime((int)id, flags, unew, uold, true);
}

static long timer_gettime(int id, vaddr_t uvalue, bool wide)
{
    struct utimer_value v;
    int error = posix_timer_get(id, &v);

    return error ? error : utimer_value_put(uvalue, &v, wide);
}

SYSCALL2(sys_timer_gettime, id, uvalue)
{
    return timer_gettime((int)id, uvalue, false);
}

SYSCALL2(sys_timer_gettime64, id, uvalue)
{
    return timer_gettime((int)id, uvalue, true);
}

SYSCALL1(sys_timer_getoverrun, id)
{
    return posix_timer_overrun((int)id);
}

SYSCALL1(sys_timer_delete, id)
{
    return posix_timer_delete((int)id);
}

/* Of the clocks that timers of files run on. */
SYSCALL2(sys_timerfd_create, id, flags)
{
    struct clock_of c;
    struct file *f;
    int error, fd;

    if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC && id != CLOCK_BOOTTIME)
        return -EINVAL;
    error = clock_find(id, &c);
    if (!error)
        error = timerfd_create(&c, flags & O_NONBLOCK, &f);
    if (error)
        return error;
    fd = fdtable_add(proc_current()->files, f, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_unref(f);
    return fd;
}

/* With v set, else only told. */
static int timerfd_do(int fd, const struct utimer_value *v, bool absolute, struct utimer_value *old)
{
    struct file *f = fdtable_get(proc_current()->files, fd);
    int error;

    if (!f)
        return -EBADF;
    error = v ? timerfd_set(f, v, absolute, old) : timerfd_get(f, old);
    file_unref(f);
    return error;
}

/* That a read fails when the wall clock is set is not built. */
static long timerfd_settime(int fd, uint32_t flags, vaddr_t unew, vaddr_t uold, bool wide)
{
    struct utimer_value v, old;
    int error = utimer_value_get(unew, &v, wide);

    if (!error && flags & ~(TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        error = -EINVAL;
    if (!error && flags & TFD_TIMER_CANCEL_ON_SET)
        return sys_enosys(0, 0, 0, 0);
    if (!error)
        error = timerfd_do(fd, &v, flags & TIMER_ABSTIME, &old);
    return error || !uold ? error : utimer_value_put(uold, &old, wide);
}

SYSCALL4(sys_timerfd_settime, fd, flags, unew, uold)
{
    return timerfd_settime((int)fd, flags, unew, uold, false);
}

SYSCALL4(sys_timerfd_settime64, fd, flags, unew, uold)
{
    return timerfd_settime((int)fd, flags, unew, uold, true);
}

static long timerfd_gettime(int fd, vaddr_t uvalue, bool wide)
{
    struct utimer_value v;
    int error = timerfd_do(fd, NULL, false, &v);

    return error ? error : utimer_value_put(uvalue, &v, wide);
}

SYSCALL2(sys_timerfd_gettime, fd, uvalue)
{
    return timerfd_gettime((int)fd, uvalue, false);
}

SYSCALL2(sys_timerfd_gettime64, fd, uvalue)
{
    return timerfd_gettime((int)fd, uvalue, true);
}
