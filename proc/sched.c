/* SPDX-License-Identifier: MIT
 *
 * The scheduler: for each CPU four queues by priority, round robin in each. A thread that used up
 * its slice falls a level, one that slept for an event rises to the top; ten times a second the
 * first of the lowest queue is lifted to the top, so that nobody starves. There is no periodic
 * tick: a CPU's alarm rings at the end of a slice or of a sleep, whichever is first, and not at all
 * when idle. An alarm that rings early does no harm, so a switch sets it only if it is too late.
 *
 * A thread belongs to one queue, thread->rq, also while it runs or sleeps. Who makes it ready puts
 * it there; if that CPU is busy and another one idle, the idle one is interrupted and takes what it
 * may run. Nobody holds two queues' locks. A thread that may not stay on its CPU is left to whoever
 * runs next there, as a dead one is.
 * Locks: (q) the lock of the thread's queue, held with interrupts masked across arch_switch and
 * given back by the thread that runs then. It is the innermost lock but for those of the log and
 * the trace. Called by wait queues (sync.c), thread.c, the timer's interrupt and the kernel's edge.
 */
#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/irq.h"
#include "kern/lockcheck.h"
#include "kern/panic.h"
#include "kern/trace.h"
#include "mm/as.h"
#include "proc/cpu_time.h"
#include "proc/limits.h"
#include "proc/load.h"
#include "proc/proc_timers.h"
#include "proc/runq_impl.h"
#include "proc/timer.h"

#define NEVER          UINT64_MAX
#define SLICES_PER_SEC 100u
#define AGING_NS       100000000u

struct runq run_queues[CPU_MAX];

static struct {
    uint32_t slice_ticks; /* (c) from the first thread on */
    uint32_t tick_ns;     /* (c) likewise; ns << 16 of a tick of the counter */
} sched;

static struct thread *timer_thread(struct tree_link *l)
{
    return container_of(l, struct thread, timer);
}

/* The CPU's idle thread is there: the one that runs now on the boot CPU. */
void sched_init_cpu(struct cpu *cpu)
{
    struct runq *rq = &run_queues[cpu->id];

    rq->first_ns = rq->alarm_ns = NEVER;
    for (unsigned i = 0; i < PRIORITIES; i++)
        list_init(&rq->level[i]);
    tree_init(&rq->timers);
    rq->cpu = cpu;
    lock_classify(&rq->lock, LOCK_RUNQ);
    cpu->rq = rq;
    cpu->idle->rq = rq;
    cpu->idle->priority = PRIORITIES - 1;
    rq->stats.idle_ns = cpu->id ? clock_ns() : 0; /* until it started */
}

/* The boot thread, which arch made, runs until sched_idle, then whenever nobody else can. */
void sched_init(void)
{
    sched_init_cpu(cpu_self());
    clock_on_alarm(sched_tick);
}

/* A wait that goes on included. */
static uint64_t idle_ns(struct runq *rq)
{
    uint32_t mask = spin_lock_irq(&rq->lock);
    uint64_t since = rq->idle_since_ns, ns = rq->stats.idle_ns;

    ns += since ? clock_ns() - since : 0;
    spin_unlock_irq(&rq->lock, mask);
    return ns;
}

bool sched_stats(unsigned cpu, struct sched_stats *stats)
{
    if (cpu >= CPU_MAX || !run_queues[cpu].cpu || !(cpus_online() >> cpu & 1))
        return false;
    *stats = run_queues[cpu].stats;
    stats->idle_ns = idle_ns(&run_queues[cpu]);
    return true;
}

struct sched_stats sched_stats_total(void)
{
    struct sched_stats total = {0}, s;

    for (unsigned i = 0; i < CPU_MAX; i++) {
        if (!sched_stats(i, &s))
            continue;
        total.switches += s.switches;
        total.steals += s.steals;
        total.idle_ns += s.idle_ns;
        total.longest_ticks = MAX(total.longest_ticks, s.longest_ticks);
    }
    return total;
}

static uint64_t ns_of(uint32_t ticks)
{
    return (uint64_t)ticks * sched.tick_ns >> 16;
}

void sched_alarm(struct runq *rq, uint64_t ns)
{
    if (ns < rq->alarm_ns) {
        rq->alarm_ns = ns;
        clock_set_alarm(ns);
    }
}

static void timer_insert(struct runq *rq, struct thread *t, uint64_t wake_ns)
{
    struct tree_link *l = rq->timers.root, *parent = NULL;
    int side = 0;

    while (l) {
        parent = l;
        side = wake_ns >= timer_thread(l)->wake_ns;
        l = l->child[side];
    }
    t->wake_ns = wake_ns;
    t->timed = true;
    tree_insert(&rq->timers, &t->timer, parent, side, NULL);
    if (wake_ns < rq->first_ns) {
        rq->first_ns = wake_ns;
        sched_alarm(rq, wake_ns);
    }
}

static void timer_remove(struct runq *rq, struct thread *t)
{
    struct tree_link *first;

    tree_remove(&rq->timers, &t->timer, NULL);
    t->timed = false;
    if (t->wake_ns == rq->first_ns) {
        first = tree_first(&rq->timers);
        rq->first_ns = first ? timer_thread(first)->wake_ns : NEVER;
    }
}

/* t may run: behind its equals. Who is about to end leaves its CPU to t. */
void sched_make_ready(struct runq *rq, struct thread *t)
{
    const struct thread *running = rq->cpu->thread;

    t->state = THREAD_RUNNABLE;
    t->waiting_on = NULL;
    enqueue(rq, t);
    sched_announce(rq, t, running->proc || running == rq->cpu->idle);
}

/* Ticks become nanoseconds now and then: a multiplication that a switch does without. */
static void settle(struct thread *t)
{
    t->user_ns += ns_of(t->used_ticks);
    t->used_ticks = 0;
}

/* The end of a sleep. Waiting for an event earns the top level; waiting for a lock does not. */
static void wake(struct runq *rq, struct thread *t)
{
    if (t->timed)
        timer_remove(rq, t);
    if (t->interruptible) {
        t->priority = 0;
        t->slice_ticks = t->slice_whole;
        settle(t);
    }
    sched_make_ready(rq, t);
}

static __noinline bool slice_over(struct thread *t)
{
    settle(t);
    t->slice_ticks = t->slice_whole;
    if (t->priority < PRIORITIES - 1)
        t->priority++;
    return true;
}

/* Accounts for the time since t was switched to or last charged: true if its slice is over. */
static inline bool charge(struct thread *t, uint32_t now)
{
    uint32_t used = now - t->switched_ticks;

    t->switched_ticks = now;
    t->used_ticks += used;
    if (unlikely(used >= t->slice_ticks))
        return slice_over(t);
    t->slice_ticks -= used;
    return false;
}

unsigned thread_cpu(const struct thread *t)
{
    return __atomic_load_n(&t->rq, __ATOMIC_RELAXED)->cpu->id;
}

uint64_t sched_longest_ns(void)
{
    return ns_of(sched_stats_total().longest_ticks);
}

struct cpu_time thread_cpu_time(const struct thread *t)
{
    uint32_t mask = irq_save(), pending;
    struct runq *rq = lock_queue_of(t);
    struct cpu_time time = {t->user_ns, t->kernel_ns};

    pending = t->used_ticks;
    if (rq->cpu->thread == t)
        pending += (uint32_t)clock_ticks() - t->switched_ticks;
    spin_unlock_irq(&rq->lock, mask);
    time.user_ns += ns_of(pending);
    return time;
}

/* Nobody but this CPU's tick changes what is read here. */
void sched_settle(struct thread *t)
{
    uint32_t mask = irq_save();

    charge(t, (uint32_t)clock_ticks());
    settle(t);
    irq_restore(mask);
}

uint64_t thread_cpu_ns(const struct thread *t)
{
    return cpu_time_sum(thread_cpu_time(t));
}

static __noinline void trace_switch(const struct thread *from, const struct thread *to)
{
    trace_write_switch(thread_traced(from) || thread_traced(to), (uint32_t)from->tid,
                       (uint32_t)to->tid);
}

/* Registers and address space of `to`, then its stack. A thread without memory sees none: nobody
 * else's tables may go while a CPU shows them. */
static inline void switch_to(struct cpu *cpu, struct thread *from, struct thread *to)
{
    cpu->rq->stats.switches++;
    if (unlikely(trace_mask & TRACE_BIT(TRACE_SWITCH)))
        trace_switch(from, to);
    arch_thread_save(from);
    hat_switch(likely(to->as) ? &to->as->hat : NULL);
    __atomic_store_n(&cpu->thread, to, __ATOMIC_RELAXED);
    arch_thread_load(to);
    arch_switch(from, to);
}

/* The current thread goes on later, or not: behind its equals, elsewhere, or to be freed. */
static inline void put_away(struct cpu *cpu, struct thread *from, uint64_t ticks)
{
    uint32_t now = (uint32_t)ticks;

    if (from == cpu->idle) {
        sched_alarm(cpu->rq, clock_ns() + SLICE_NS);
        return;
    }
    charge(from, now);
    if (likely(from->state == THREAD_RUNNABLE && may_run(from, cpu))) {
        from->involuntary++;
        enqueue(cpu->rq, from);
    } else if (likely(from->state == THREAD_SLEEPING)) {
        from->voluntary++;
        from->asleep_at = (uint32_t)(ticks >> 16);
    } else {
        settle(from);
        cpu->left = from;
    }
}

/* The tick took the CPU from a thread, and set the alarm by the slice of that one. */
static __noinline void give_way(struct runq *rq, struct thread *from, const struct thread *to,
                                uint32_t now)
{
    __atomic_fetch_and(&from->work, ~(uint32_t)WORK_RESCHED, __ATOMIC_RELAXED);
    if (now - rq->due_ticks > rq->stats.longest_ticks)
        rq->stats.longest_ticks = now - rq->due_ticks;
    if (to->nice > 0)
        sched_alarm(rq, clock_ns() + ns_of(to->slice_ticks));
}

/* Gives the CPU to the best thread, its queue's lock held before and after, though perhaps on
 * another CPU; the state of the current one says whether it wants to go on. */
static inline __attribute__((always_inline)) void switch_locked(struct runq *rq)
{
    struct cpu *cpu = rq->cpu;
    struct thread *from = cpu->thread, *to;
    uint64_t ticks = clock_ticks();
    uint32_t now = (uint32_t)ticks;

    put_away(cpu, from, ticks);
    to = likely(rq->ready) ? dequeue(rq, (unsigned)__builtin_ctz(rq->ready)) : cpu->idle;
    if (from->work & WORK_RESCHED)
        give_way(rq, from, to, now);
    if (to == from)
        return;
    to->switched_ticks = now;
    switch_to(cpu, from, to);
}

static __noinline void deal_with(struct thread *left, uint32_t mask)
{
    cpu_self()->left = NULL;
    if (left->state == THREAD_ZOMBIE) {
        irq_restore(mask);
        thread_free(left);
        return;
    }
    sched_move(left);
    irq_restore(mask);
}

/* After a switch: gives the lock back and deals with the thread that this CPU left. */
static inline void finish_switch(uint32_t mask)
{
    struct cpu *cpu = cpu_self();
    struct thread *left = cpu->left;

    spin_unlock(&cpu->rq->lock);
    if (unlikely(left))
        deal_with(left, mask);
    else
        irq_restore(mask);
}

void sched_finish_switch(void)
{
    thread_leave_edge(thread_current());
    finish_switch(0);
}

void schedule(void)
{
    uint32_t mask;
    struct runq *rq;

    lock_may_sleep(NULL);
    mask = irq_save();
    rq = own_queue();
    spin_lock(&rq->lock);
    switch_locked(rq);
    finish_switch(mask);
}

/* Behind all that are ready, the worse levels too: who yields wants others to run. */
void sched_yield(void)
{
    struct thread *t = thread_current();
    uint32_t mask;
    struct runq *rq;

    lock_may_sleep(NULL);
    mask = irq_save();
    rq = own_queue();
    spin_lock(&rq->lock);
    if (rq->ready) {
        t->priority = (uint8_t)MAX(t->priority, (unsigned)__builtin_ctz(rq->ready));
        switch_locked(rq);
    }
    finish_switch(mask);
}

void preempt_point(void)
{
    lock_may_sleep(NULL);
    if (unlikely(thread_current()->work & WORK_RESCHED))
        schedule();
}

bool thread_interrupted(void)
{
    return unlikely(thread_current()->work & WORK_KILL);
}

bool thread_signalled(void)
{
    return unlikely(thread_current()->work & (WORK_KILL | WORK_SIGNAL));
}

void sched_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns)
{
    struct thread *t = thread_current();
    struct runq *rq = own_queue();

    if (unlikely(t == cpu_self()->idle))
        panic("the idle thread may not sleep");
    spin_lock(&rq->lock);
    if (!(t->work & (uint32_t)depth)) {
        t->state = THREAD_SLEEPING;
        t->interruptible = (uint8_t)depth;
        t->waiting_on = q;
        if (until_ns != NEVER)
            timer_insert(rq, t, until_ns);
        spin_unlock(&q->lock);
        switch_locked(rq);
    } else {
        spin_unlock(&q->lock);
    }
    finish_switch(mask);
}

bool sched_wake(struct thread *t)
{
    uint32_t mask = irq_save();
    struct runq *rq = lock_queue_of(t);
    bool asleep = t->state == THREAD_SLEEPING;

    if (asleep) {
        t->woken = true;
        wake(rq, t);
    }
    spin_unlock_irq(&rq->lock, mask);
    return asleep;
}

void sched_interrupt(struct thread *t)
{
    uint32_t mask = irq_save();
    struct runq *rq = lock_queue_of(t);

    if (t->state == THREAD_SLEEPING && t->work & t->interruptible)
        wake(rq, t);
    spin_unlock_irq(&rq->lock, mask);
}

/* The clock's driver is found between sched_init and the first thread. */
static void learn_clock(void)
{
    if (!sched.slice_ticks) {
        sched.slice_ticks = clock_hz() / SLICES_PER_SEC;
        sched.tick_ns = (uint32_t)((NSEC_PER_SEC << 16) / clock_hz());
    }
}

/* Halving the maker's slice lets the swarm of a fork bomb fall as one. */
void sched_start(struct thread *t, bool maker_waits)
{
    uint32_t mask = irq_save();
    struct thread *maker = thread_current();
    struct runq *rq = own_queue();

    spin_lock(&rq->lock);
    t->rq = rq;
    if (maker == rq->cpu->idle) {
        learn_clock();
        t->slice_ticks = t->slice_whole = sched.slice_ticks;
    } else {
        t->nice = maker->nice;
        t->slice_whole = maker->slice_whole;
        t->priority = maker->priority;
        t->slice_ticks = maker->slice_ticks / 2;
        maker->slice_ticks -= t->slice_ticks;
    }
    t->state = THREAD_RUNNABLE;
    if (likely(may_run(t, rq->cpu))) {
        enqueue(rq, t);
        sched_announce(rq, t, !maker_waits);
        spin_unlock(&rq->lock);
    } else {
        spin_unlock(&rq->lock);
        sched_move(t);
    }
    irq_restore(mask);
}

/* By nice - of -10 or less as of -10: what one of them computes is not to be waited for long. In
 * 1,024ths of a slice: 1.25 to the power of -nice. */
static uint32_t slice_of(int nice)
{
    uint32_t part = 1024;

    for (int n = MAX(nice, -10); n < 0; n++)
        part += part / 4;
    for (; nice > 0; nice--)
        part = part * 4 / 5;
    return MAX(sched.slice_ticks / 1024 * part, 1u);
}

void sched_set_nice(struct thread *t, int nice)
{
    uint32_t mask = irq_save();
    struct runq *rq = lock_queue_of(t);

    t->nice = (int8_t)nice;
    t->slice_whole = slice_of(nice);
    t->slice_ticks = MIN(t->slice_ticks, t->slice_whole);
    spin_unlock(&rq->lock);
    irq_restore(mask);
}

void sched_exit(void)
{
    irq_save();
    spin_lock(&own_queue()->lock);
    thread_current()->state = THREAD_ZOMBIE;
    switch_locked(own_queue());
    panic("a dead thread runs");
}

static void wake_sleepers(struct runq *rq, uint64_t now)
{
    while (rq->first_ns <= now) {
        struct thread *t = timer_thread(tree_first(&rq->timers));

        wake(rq, t);
        if (unlikely(t->urgent) && rq->cpu->thread != rq->cpu->idle)
            sched_preempt(rq, rq->cpu->thread);
    }
}

/* Lifts one thread of the lowest level that has any: one slice at the top. */
static void age(struct runq *rq, uint64_t now)
{
    struct thread *t;

    if (now - rq->aged_ns < AGING_NS)
        return;
    rq->aged_ns = now;
    if (rq->ready & ~1u) {
        t = dequeue(rq, 31u - (unsigned)__builtin_clz(rq->ready));
        t->priority = 0;
        t->slice_ticks = t->slice_whole;
        enqueue(rq, t);
    }
}

/* True if its slice is over. The time since t was charged last was spent where the tick found it:
 * that is a sample, but the sum of both is exact. */
static bool tick_charge(struct thread *t)
{
    uint32_t now = (uint32_t)clock_ticks(), used = now - t->switched_ticks;

    if (!arch_frame_is_user(irq_frame())) {
        t->kernel_ns += ns_of(used);
        t->used_ticks -= used; /* which charge adds */
    }
    return charge(t, now);
}

void sched_tick(void)
{
    uint32_t mask = irq_save();
    struct thread *t = thread_current();
    struct runq *rq = own_queue();
    uint64_t now = clock_ns(), next = timers_run(now);

    if (unlikely(t->proc && t->proc->timers))
        next = MIN(next, timers_run_cpu(t, now));
    if (unlikely(t->proc && t->proc->limits))
        limit_cpu_tick(t->proc, now);
    spin_lock(&rq->lock);
    wake_sleepers(rq, now);
    next = MIN(next, rq->first_ns);
    if (t != rq->cpu->idle) {
        age(rq, now);
        if (tick_charge(t) && rq->ready)
            sched_preempt(rq, t);
        next = MIN(next, now + ns_of(t->slice_ticks));
    }
    rq->alarm_ns = next;
    clock_set_alarm(next);
    spin_unlock_irq(&rq->lock, mask);
    watchdog_look();
    load_look();
}
