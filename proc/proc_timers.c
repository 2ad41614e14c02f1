/* SPDX-License-Identifier: MIT
 *
 * The timers of processes: values, clocks of CPU time, setitimer's three, and what becomes of them
 * in the life of a process. Timers of CPU time are looked at by the tick of a CPU that runs the
 * process; their list is short.
 * Locks: (K) of timer.h.
 */
#include "proc/proc_timers.h"

#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/panic.h"
#include "mm/slab.h"
#include "proc/cpu_time.h"
#include "proc/runq_impl.h"
#include "proc/signal_impl.h"
#include "proc/utimer_impl.h"

#define NEVER          UINT64_MAX
#define LATEST         (NEVER - 1) /* an expiry that never comes, nearly */
#define CPU_STEP_NS    1000000u    /* two looks at CPU time are apart at least, */
#define CPU_STEP_SPENT 8u          /* and this many times what one took */
#define AT_ONCE        16u         /* timers of CPU time that expire in one tick */

static const int itimer_signal[ITIMERS] = {SIGALRM, SIGVTALRM, SIGPROF};

static struct slab_cache timers_cache = SLAB_CACHE("timers", sizeof(struct proc_timers));

static bool is_cpu(const struct utimer *u)
{
    return u->kind >= CLOCK_KIND_CPU;
}

static uint64_t time_of_kind(uint8_t kind, struct cpu_time t)
{
    return kind == CLOCK_KIND_USER ? t.user_ns : cpu_time_sum(t);
}

/* The time of u's clock; false: its thread ended. all: what its process used, if that is known. */
static bool now_at(const struct utimer *u, const struct cpu_time *all, uint64_t *now_ns)
{
    struct cpu_time t;

    if (!is_cpu(u)) {
        *now_ns = timer_now((enum timer_base)u->timer.base);
        return true;
    }
    if (!u->tid)
        t = all ? *all : proc_cpu_time(u->proc);
    else if (!proc_thread_time(u->proc, u->tid, &t))
        return false;
    *now_ns = time_of_kind(u->kind, t);
    return true;
}

static uint64_t later(uint64_t ns, uint64_t by)
{
    return by > LATEST - MIN(ns, LATEST) ? LATEST : ns + by;
}

static bool now_of(const struct utimer *u, uint64_t *now_ns)
{
    return now_at(u, NULL, now_ns);
}

static void arm(struct utimer *u, uint64_t now_ns)
{
    u->armed = true;
    if (!is_cpu(u)) {
        timer_set(&u->timer, u->when_ns);
        return;
    }
    list_push_back(&u->proc->timers->cpu, &u->on_cpu);
    if (u->proc == proc_current()) {
        uint64_t left = u->when_ns - MIN(u->when_ns, now_ns);

        sched_alarm(cpu_self()->rq, later(clock_ns(), MAX(left, CPU_STEP_NS)));
    }
}

static void disarm(struct utimer *u)
{
    if (!u->armed)
        return;
    u->armed = false;
    if (is_cpu(u))
        list_remove(&u->on_cpu);
    else
        timer_stop(&u->timer);
}

static void expire(struct utimer *u)
{
    u->armed = false;
    if (!u->interval_ns)
        u->when_ns = 0;
    u->expired(u);
}

static void ring(struct timer *t)
{
    expire(container_of(t, struct utimer, timer));
}

void utimer_init(struct utimer *u, const struct clock_of *c, void (*expired)(struct utimer *u))
{
    *u = (struct utimer){.proc = proc_current(),
                         .tid = c->tid,
                         .kind = c->kind,
                         .expired = expired,
                         .timer.ring = ring};
}

void utimer_stop(struct utimer *u)
{
    disarm(u);
    u->when_ns = u->interval_ns = 0;
}

/* A relative time does not follow the wall clock when that is set. */
int utimer_set(struct utimer *u, const struct utimer_value *v, bool absolute)
{
    uint64_t now_ns;

    utimer_stop(u);
    if (!v->value_ns)
        return 0;
    u->timer.base = absolute && u->kind == CLOCK_KIND_WALL ? TIMER_WALL : TIMER_MONOTONIC;
    if (!now_of(u, &now_ns))
        return -ESRCH;
    u->when_ns = absolute ? MIN(v->value_ns, LATEST) : later(now_ns, v->value_ns);
    u->interval_ns = v->interval_ns;
    if (!u->silent)
        arm(u, now_ns);
    return 0;
}

/* One that is due and did not ring yet has a nanosecond left: 0 would be off. */
void utimer_get(const struct utimer *u, struct utimer_value *v)
{
    uint64_t now_ns;

    *v = (struct utimer_value){.interval_ns = u->interval_ns};
    if (!u->when_ns || !now_of(u, &now_ns))
        return;
    if (u->when_ns > now_ns)
        v->value_ns = u->when_ns - now_ns;
    else if (u->interval_ns)
        v->value_ns = u->interval_ns - (now_ns - u->when_ns) % u->interval_ns;
    else
        v->value_ns = !u->silent;
}

uint64_t utimer_go_on_at(struct utimer *u, const struct cpu_time *all)
{
    uint64_t now_ns, missed = 0;

    if (!utimer_rests(u) || !now_at(u, all, &now_ns))
        return 0;
    if (now_ns >= u->when_ns)
        missed = (now_ns - u->when_ns) / u->interval_ns;
    u->when_ns = later(u->when_ns + missed * u->interval_ns, u->interval_ns);
    arm(u, now_ns);
    return missed;
}

uint64_t utimer_go_on(struct utimer *u)
{
    return utimer_go_on_at(u, NULL);
}

static void itimer_expired(struct utimer *u)
{
    (void)signal_of_timer(u->proc, 0, itimer_signal[u - u->proc->timers->itimer], NULL);
}

static void itimers_init(struct proc_timers *pt)
{
    static const uint8_t kind[ITIMERS] = {CLOCK_KIND_MONOTONIC, CLOCK_KIND_USER, CLOCK_KIND_CPU};

    for (unsigned i = 0; i < ITIMERS; i++) {
        pt->itimer[i].timer.base = TIMER_MONOTONIC;
        utimer_init(&pt->itimer[i], &(struct clock_of){.kind = kind[i]}, itimer_expired);
    }
    list_init(&pt->cpu);
    tree_init(&pt->posix);
}

struct proc_timers *timers_of_caller(void)
{
    struct proc *p = proc_current();
    struct proc_timers *mine;
    uint32_t mask;

    if (likely(p->timers))
        return p->timers;
    mine = slab_alloc(&timers_cache);
    if (!mine)
        return NULL;
    itimers_init(mine);
    mask = timers_lock();
    if (!p->timers) {
        p->timers = mine;
        mine = NULL;
    }
    timers_unlock(mask);
    if (mine) /* another thread was here */
        slab_free(&timers_cache, mine);
    return p->timers;
}

/* A tick of another CPU may still find a fellow there that is leaving, and looks again with (K). */
void timers_exit(struct proc *p)
{
    struct proc_timers *pt = p->timers;
    uint32_t mask;

    posix_timers_forget(p);
    mask = timers_lock();
    for (unsigned i = 0; i < ITIMERS; i++)
        utimer_stop(&pt->itimer[i]);
    kdebug_assert(list_empty(&pt->cpu));
    p->timers = NULL;
    timers_unlock(mask);
    slab_free(&timers_cache, pt);
}

void timers_exec(struct proc *p)
{
    posix_timers_forget(p);
}

void timers_signal_taken(struct proc *p, int sig, struct siginfo *info)
{
    uint32_t mask = timers_lock();

    for (unsigned i = 0; i < ITIMERS; i++)
        if (sig == itimer_signal[i])
            (void)utimer_go_on(&p->timers->itimer[i]);
    if (info->code == SI_TIMER)
        posix_timer_taken(p->timers, info);
    timers_unlock(mask);
}

/* Whose signal still waits goes on when that is taken. */
void timers_look_again(struct proc *p)
{
    uint32_t mask = timers_lock();

    for (unsigned i = 0; i < ITIMERS; i++)
        if (!(p->sig.pending.set & SIG_BIT(itimer_signal[i])))
            (void)utimer_go_on(&p->timers->itimer[i]);
    timers_unlock(mask);
    if (p->timers->count)
        posix_timers_look_again(p);
}

/* Time of u's clock as far as t's running moves it; false: it does not. */
static bool moves(const struct utimer *u, const struct thread *t, struct cpu_time all,
                  uint64_t *now_ns)
{
    if (u->tid && u->tid != t->tid)
        return false;
    *now_ns = time_of_kind(u->kind, u->tid ? thread_cpu_time(t) : all);
    return true;
}

uint64_t timers_run_cpu(struct thread *t, uint64_t now_ns)
{
    struct proc_timers *pt = __atomic_load_n(&t->proc->timers, __ATOMIC_RELAXED);
    uint64_t left_ns = NEVER, now, spent_ns;
    unsigned expired = 0;
    struct cpu_time all;
    uint32_t mask;

    if (likely(!pt || list_empty(&pt->cpu)))
        return NEVER;
    mask = timers_lock();
    if (unlikely(!t->proc->timers)) {
        timers_unlock(mask);
        return NEVER;
    }
    all = proc_cpu_time(t->proc);
    list_for_each_safe (it, &pt->cpu) {
        struct utimer *u = container_of(it, struct utimer, on_cpu);

        if (!moves(u, t, all, &now))
            continue;
        if (u->when_ns > now) {
            left_ns = MIN(left_ns, u->when_ns - now);
        } else if (expired++ < AT_ONCE) {
            list_remove(it);
            expire(u);
        } else {
            left_ns = 0;
        }
    }
    timers_unlock(mask);
    if (left_ns == NEVER)
        return NEVER;
    spent_ns = clock_ns() - now_ns; /* it grows with the threads, and is not to be all they do */
    return later(now_ns, MAX(left_ns, MAX(CPU_STEP_NS, spent_ns * CPU_STEP_SPENT)));
}
