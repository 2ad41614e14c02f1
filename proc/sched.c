/* SPDX-License-Identifier: MIT
 *
 * The scheduler: four queues by priority, round robin in each. A thread that used up its slice
 * falls a level, one that slept for an event rises to the top; ten times a second the first of the
 * lowest queue is lifted to the top, so that nobody starves. There is no periodic tick: the clock's
 * alarm rings at the end of a slice or of a sleep, whichever is first, and not at all when idle. An
 * alarm that rings early does no harm, so a switch sets it only if it is too late. One struct runq
 * now; its lock (q) is held with interrupts masked across arch_switch and given back by the thread
 * that runs then. It is the innermost lock but for those of the log and the trace. Called by wait
 * queues (sync.c), thread.c, the timer's interrupt and the kernel's edge.
 */
#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/panic.h"
#include "kern/trace.h"
#include "mm/as.h"
#include "proc/sched_impl.h"
#include "proc/stats.h"

#define NEVER          UINT64_MAX
#define SLICES_PER_SEC 100u
#define AGING_NS       100000000u

static struct runq {
    struct spin lock;
    uint32_t ready;                /* (q) bit p: level[p] is not empty */
    struct list level[PRIORITIES]; /* (q) by thread->run */
    struct tree timers;            /* (q) sleepers with a time-out, by wake_ns */
    uint64_t first_ns;             /* (q) wake_ns of the first; NEVER: none */
    uint64_t alarm_ns;             /* (q) what the clock was told */
    uint64_t aged_ns;              /* (q) */
    uint32_t slice_ticks;          /* (c) from the first thread on */
    uint32_t tick_ns;              /* (c) likewise; ns << 16 of a tick of the counter */
} rq = {.first_ns = NEVER, .alarm_ns = NEVER};

static struct thread *timer_thread(struct tree_link *l)
{
    return container_of(l, struct thread, timer);
}

/* The boot thread, which arch made, runs until sched_idle, then whenever nobody else can. */
void sched_init(void)
{
    struct cpu *cpu = cpu_self();
    struct thread *idle = cpu->thread;

    for (unsigned i = 0; i < PRIORITIES; i++)
        list_init(&rq.level[i]);
    tree_init(&rq.timers, NULL);
    idle->priority = PRIORITIES - 1;
    cpu->idle = idle;
    clock_on_alarm(sched_tick);
}

static uint64_t ns_of(uint32_t ticks)
{
    return (uint64_t)ticks * rq.tick_ns >> 16;
}

/* Makes the alarm ring at ns at the latest. */
static void arm(uint64_t ns)
{
    if (ns < rq.alarm_ns) {
        rq.alarm_ns = ns;
        clock_set_alarm(ns);
    }
}

static void timer_insert(struct thread *t, uint64_t wake_ns)
{
    struct tree_link *l = rq.timers.root, *parent = NULL;
    int side = 0;

    while (l) {
        parent = l;
        side = wake_ns >= timer_thread(l)->wake_ns;
        l = l->child[side];
    }
    t->wake_ns = wake_ns;
    t->timed = true;
    tree_insert(&rq.timers, &t->timer, parent, side);
    if (wake_ns < rq.first_ns) {
        rq.first_ns = wake_ns;
        arm(wake_ns);
    }
}

static void timer_remove(struct thread *t)
{
    struct tree_link *first;

    tree_remove(&rq.timers, &t->timer);
    t->timed = false;
    if (t->wake_ns == rq.first_ns) {
        first = tree_first(&rq.timers);
        rq.first_ns = first ? timer_thread(first)->wake_ns : NEVER;
    }
}

static inline void enqueue(struct thread *t)
{
    list_push_back(&rq.level[t->priority], &t->run);
    rq.ready |= 1u << t->priority;
}

/* Takes the first thread of a level that is not empty. */
static inline struct thread *dequeue(unsigned priority)
{
    struct list *level = &rq.level[priority];
    struct list_link *first = level->head.next, *second = first->next;

    level->head.next = second;
    second->prev = &level->head;
    if (second == &level->head)
        rq.ready &= ~(1u << priority);
    return container_of(first, struct thread, run);
}

static void set_work(struct thread *t, uint32_t work)
{
    __atomic_fetch_or(&t->work, work, __ATOMIC_RELAXED);
}

/* t may run: behind its equals. Whoever runs and is worth less gives way soon. */
static void make_ready(struct thread *t)
{
    struct thread *running = thread_current();

    t->state = THREAD_RUNNABLE;
    t->waiting_on = NULL;
    enqueue(t);
    if (running != cpu_self()->idle && t->priority < running->priority)
        set_work(running, WORK_RESCHED);
}

/* Ticks become nanoseconds now and then: a multiplication that a switch does without. */
static void settle(struct thread *t)
{
    t->user_ns += ns_of(t->used_ticks);
    t->used_ticks = 0;
}

/* The end of a sleep. Waiting for an event earns the top level; waiting for a lock does not. */
static void wake(struct thread *t)
{
    if (t->timed)
        timer_remove(t);
    if (t->interruptible) {
        t->priority = 0;
        t->slice_ticks = rq.slice_ticks;
        settle(t);
    }
    make_ready(t);
}

static __noinline bool slice_over(struct thread *t)
{
    settle(t);
    t->slice_ticks = rq.slice_ticks;
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

uint64_t thread_cpu_ns(const struct thread *t)
{
    uint32_t mask = spin_lock_irq(&rq.lock), pending = t->used_ticks;
    uint64_t ns = t->user_ns + t->kernel_ns;

    if (t == thread_current())
        pending += (uint32_t)clock_ticks() - t->switched_ticks;
    spin_unlock_irq(&rq.lock, mask);
    return ns + ns_of(pending);
}

/* A dead thread that this CPU left, for the caller to free without the lock. */
static inline struct thread *take_dead(struct cpu *cpu)
{
    struct thread *dead = cpu->dead;

    if (unlikely(dead))
        cpu->dead = NULL;
    return dead;
}

/* Registers and address space of `to`, then its stack. */
static inline void switch_to(struct cpu *cpu, struct thread *from, struct thread *to)
{
    proc_stats()->switches++;
    trace(TRACE_SWITCH, (uint32_t)from->tid, (uint32_t)to->tid);
    arch_thread_save(from);
    if (to->as)
        hat_switch(&to->as->hat);
    cpu->thread = to;
    arch_thread_load(to);
    arch_switch(from, to);
}

/* The current thread goes on later, or not: behind its equals, or to be freed. */
static inline void put_away(struct cpu *cpu, struct thread *from, uint32_t now)
{
    if (from == cpu->idle) {
        arm(clock_ns() + SLICE_NS);
        return;
    }
    charge(from, now);
    if (likely(from->state == THREAD_RUNNABLE))
        enqueue(from);
    else if (from->state == THREAD_ZOMBIE)
        cpu->dead = from;
}

/* Gives the CPU to the best thread, lock held before and after; the state of the current one says
 * whether it wants to go on. Returns a dead thread for the caller to free, or NULL. */
static inline __attribute__((always_inline)) struct thread *switch_locked(void)
{
    struct cpu *cpu = cpu_self();
    struct thread *from = cpu->thread, *to;
    uint32_t now = (uint32_t)clock_ticks();

    if (from->work & WORK_RESCHED)
        __atomic_fetch_and(&from->work, ~(uint32_t)WORK_RESCHED, __ATOMIC_RELAXED);
    put_away(cpu, from, now);
    to = likely(rq.ready) ? dequeue((unsigned)__builtin_ctz(rq.ready)) : cpu->idle;
    if (to == from)
        return NULL;
    to->switched_ticks = now;
    switch_to(cpu, from, to);
    return take_dead(cpu);
}

static inline void unlock_and_free(uint32_t mask, struct thread *dead)
{
    spin_unlock_irq(&rq.lock, mask);
    if (unlikely(dead))
        thread_free(dead);
}

void sched_finish_switch(void)
{
    thread_current()->at_edge = false;
    unlock_and_free(0, take_dead(cpu_self()));
}

void schedule(void)
{
    uint32_t mask = spin_lock_irq(&rq.lock);

    unlock_and_free(mask, switch_locked());
}

/* Behind all that are ready, the worse levels too: who yields wants others to run. */
void sched_yield(void)
{
    uint32_t mask = spin_lock_irq(&rq.lock);
    struct thread *t = thread_current(), *dead = NULL;

    if (rq.ready) {
        t->priority = (uint8_t)MAX(t->priority, (unsigned)__builtin_ctz(rq.ready));
        dead = switch_locked();
    }
    unlock_and_free(mask, dead);
}

void preempt_point(void)
{
    if (unlikely(thread_current()->work & WORK_RESCHED))
        schedule();
}

bool thread_interrupted(void)
{
    return unlikely(thread_current()->work & WORK_KILL);
}

void sched_sleep(struct waitq *q, uint32_t mask, bool interruptible, uint64_t until_ns)
{
    struct thread *t = thread_current(), *dead = NULL;

    if (unlikely(t == cpu_self()->idle))
        panic("the idle thread may not sleep");
    kdebug_assert(cpu_self()->in_irq == 0);
    spin_lock(&rq.lock);
    if (!interruptible || !(t->work & WORK_KILL)) {
        t->state = THREAD_SLEEPING;
        t->interruptible = interruptible;
        t->waiting_on = q;
        if (until_ns != NEVER)
            timer_insert(t, until_ns);
        spin_unlock(&q->lock);
        dead = switch_locked();
    } else {
        spin_unlock(&q->lock);
    }
    unlock_and_free(mask, dead);
}

bool sched_wake(struct thread *t)
{
    uint32_t mask = spin_lock_irq(&rq.lock);
    bool asleep = t->state == THREAD_SLEEPING;

    if (asleep)
        wake(t);
    spin_unlock_irq(&rq.lock, mask);
    return asleep;
}

void sched_interrupt(struct thread *t)
{
    uint32_t mask = spin_lock_irq(&rq.lock);

    if (t->state == THREAD_SLEEPING && t->interruptible)
        wake(t);
    spin_unlock_irq(&rq.lock, mask);
}

/* The clock's driver is found between sched_init and the first thread. */
static void learn_clock(void)
{
    if (!rq.slice_ticks) {
        rq.slice_ticks = clock_hz() / SLICES_PER_SEC;
        rq.tick_ns = (uint32_t)((NSEC_PER_SEC << 16) / clock_hz());
    }
}

/* Halving the maker's slice lets the swarm of a fork bomb fall as one. */
void sched_start(struct thread *t)
{
    uint32_t mask = spin_lock_irq(&rq.lock);
    struct thread *maker = thread_current();

    if (maker == cpu_self()->idle) {
        learn_clock();
        t->slice_ticks = rq.slice_ticks;
    } else {
        t->priority = maker->priority;
        t->slice_ticks = maker->slice_ticks / 2;
        maker->slice_ticks -= t->slice_ticks;
    }
    make_ready(t);
    spin_unlock_irq(&rq.lock, mask);
}

void sched_exit(void)
{
    spin_lock_irq(&rq.lock);
    thread_current()->state = THREAD_ZOMBIE;
    switch_locked();
    panic("a dead thread runs");
}

static void wake_sleepers(uint64_t now)
{
    while (rq.first_ns <= now)
        wake(timer_thread(tree_first(&rq.timers)));
}

/* Lifts one thread of the lowest level that has any: one slice at the top. */
static void age(uint64_t now)
{
    struct thread *t;

    if (now - rq.aged_ns < AGING_NS)
        return;
    rq.aged_ns = now;
    if (rq.ready & ~1u) {
        t = dequeue(31u - (unsigned)__builtin_clz(rq.ready));
        t->priority = 0;
        t->slice_ticks = rq.slice_ticks;
        enqueue(t);
    }
}

void sched_tick(void)
{
    uint64_t now = clock_ns(), next;
    uint32_t mask = spin_lock_irq(&rq.lock);
    struct thread *t = thread_current();

    wake_sleepers(now);
    next = rq.first_ns;
    if (t != cpu_self()->idle) {
        age(now);
        if (charge(t, (uint32_t)clock_ticks()) && rq.ready)
            set_work(t, WORK_RESCHED);
        next = MIN(next, now + ns_of(t->slice_ticks));
    }
    rq.alarm_ns = next;
    clock_set_alarm(next);
    spin_unlock_irq(&rq.lock, mask);
}

void sched_idle(void)
{
    for (;;) {
        irq_save();
        if (rq.ready)
            schedule();
        else
            arch_wait_for_interrupt();
        irq_restore(0);
    }
}
