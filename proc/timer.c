/* SPDX-License-Identifier: MIT
 *
 * Kernel timers: see timer.h. Invariant: first_ns is the first of each tree; timers.cpu is the CPU
 * whose clock rings no later than the first of all. A timer that was stopped leaves a clock that
 * rings for nothing, once.
 * Locks: (K), above those of wait queues, threads and run queues.
 */
#include "proc/timer.h"

#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/panic.h"
#include "proc/runq_impl.h"

#define NEVER    UINT64_MAX
#define AT_ONCE  16u     /* that ring before threads go on */
#define PAUSE_NS 100000u /* so long */

static struct {
    struct spin lock;               /* (K) */
    uint32_t count;                 /* (K), read without */
    struct tree tree[TIMER_BASES];  /* (K) by when_ns, equal ones in the order they were set */
    uint64_t first_ns[TIMER_BASES]; /* (K) NEVER: none */
    unsigned cpu;                   /* (K) */
} timers = {.lock = SPIN_INIT(LOCK_TIMERS), .first_ns = {NEVER, NEVER}};

static struct timer *timer_of(struct tree_link *l)
{
    return container_of(l, struct timer, link);
}

uint32_t timers_lock(void)
{
    return spin_lock_irq(&timers.lock);
}

void timers_unlock(uint32_t mask)
{
    spin_unlock_irq(&timers.lock, mask);
}

uint32_t timers_count(void)
{
    return __atomic_load_n(&timers.count, __ATOMIC_RELAXED);
}

uint64_t timer_now(enum timer_base base)
{
    return base == TIMER_WALL ? clock_epoch_ns() + clock_ns() : clock_ns();
}

/* clock_ns() when the first of a base is due. */
static uint64_t due_ns(enum timer_base base)
{
    uint64_t ns = timers.first_ns[base];

    if (likely(ns == NEVER || base != TIMER_WALL))
        return ns;
    return ns - MIN(ns, clock_epoch_ns());
}

static uint64_t next_ns(void)
{
    return MIN(due_ns(TIMER_MONOTONIC), due_ns(TIMER_WALL));
}

/* This CPU sees to the first one. */
static void watch_first(void)
{
    timers.cpu = cpu_self()->id;
    sched_alarm(cpu_self()->rq, next_ns());
}

void timer_stop(struct timer *t)
{
    struct tree *tree = &timers.tree[t->base];

    kdebug_assert(spin_is_locked(&timers.lock));
    if (!t->set)
        return;
    t->set = false;
    timers.count--;
    tree_remove(tree, &t->link, NULL);
    if (t->when_ns == timers.first_ns[t->base]) {
        struct tree_link *first = tree_first(tree);

        timers.first_ns[t->base] = first ? timer_of(first)->when_ns : NEVER;
    }
}

void timer_set(struct timer *t, uint64_t when_ns)
{
    struct tree *tree = &timers.tree[t->base];
    struct tree_link *l, *parent = NULL;
    int side = 0;

    timer_stop(t);
    l = tree->root;
    while (l) {
        parent = l;
        side = when_ns >= timer_of(l)->when_ns;
        l = l->child[side];
    }
    t->when_ns = when_ns;
    t->set = true;
    timers.count++;
    tree_insert(tree, &t->link, parent, side, NULL);
    if (when_ns < timers.first_ns[t->base]) {
        timers.first_ns[t->base] = when_ns;
        watch_first();
    }
}

/* The first that is due, or NULL. */
static struct timer *first_due(uint64_t now_ns)
{
    for (unsigned base = 0; base < TIMER_BASES; base++)
        if (due_ns((enum timer_base)base) <= now_ns)
            return timer_of(tree_first(&timers.tree[base]));
    return NULL;
}

uint64_t timers_run(uint64_t now_ns)
{
    unsigned me = cpu_self()->id, rang = 0;
    struct timer *t;
    uint64_t next;

    if (likely(!timers_count()))
        return NEVER;
    spin_lock(&timers.lock);
    while (rang < AT_ONCE && (t = first_due(now_ns)) != NULL) {
        timer_stop(t);
        t->ring(t);
        rang++;
    }
    next = next_ns();
    if (next <= now_ns)
        next = now_ns + PAUSE_NS;
    if (rang)
        timers.cpu = me;
    else if (timers.cpu != me)
        next = NEVER;
    spin_unlock(&timers.lock);
    return next;
}

void timers_clock_set(void)
{
    uint32_t mask = timers_lock();

    if (timers.first_ns[TIMER_WALL] != NEVER)
        watch_first();
    timers_unlock(mask);
}
