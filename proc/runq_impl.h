/* SPDX-License-Identifier: MIT
 *
 * Run queues, private to sched.c and sched_cpus.c: their structure, and the steps that both take.
 * The rules are at the top of sched.c.
 */
#ifndef PROC_RUNQ_IMPL_H
#define PROC_RUNQ_IMPL_H

#include "kern/clock.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "proc/sched_impl.h"

struct runq {
    struct spin lock;
    uint32_t ready;                /* (q) bit p: level[p] is not empty */
    struct list level[PRIORITIES]; /* (q) by thread->run */
    struct tree timers;            /* (q) sleepers with a time-out, by wake_ns */
    uint64_t first_ns;             /* (q) wake_ns of the first; NEVER: none */
    uint64_t alarm_ns;             /* (q) what the CPU's clock was told */
    uint64_t aged_ns;              /* (q) */
    uint32_t due_ticks;            /* (q) since when the running thread is to give way */
    struct cpu *cpu;               /* (c) NULL: no such CPU */
    uint64_t idle_since_ns;        /* (q) the CPU waits for an interrupt since then; 0: it runs */
    struct sched_stats stats;      /* (q), read without, but for idle_ns */
};

/* By CPU number; those without a CPU are empty. */
extern struct runq run_queues[CPU_MAX];

static inline struct runq *own_queue(void)
{
    return cpu_self()->rq;
}

/* The queue that t belongs to, locked; interrupts are masked. It may move until we have the lock.
 */
static inline struct runq *lock_queue_of(const struct thread *t)
{
    for (;;) {
        struct runq *rq = __atomic_load_n(&t->rq, __ATOMIC_RELAXED);

        spin_lock(&rq->lock);
        if (likely(rq == t->rq))
            return rq;
        spin_unlock(&rq->lock);
    }
}

static inline void enqueue(struct runq *rq, struct thread *t)
{
    list_push_back(&rq->level[t->priority], &t->run);
    rq->ready |= 1u << t->priority;
}

static inline void take_out(struct runq *rq, struct thread *t)
{
    list_remove(&t->run);
    if (list_empty(&rq->level[t->priority]))
        rq->ready &= ~(1u << t->priority);
}

/* Takes the first thread of a level that is not empty. */
static inline struct thread *dequeue(struct runq *rq, unsigned priority)
{
    struct list *level = &rq->level[priority];
    struct list_link *first = level->head.next, *second = first->next;

    level->head.next = second;
    second->prev = &level->head;
    first->next = NULL; /* not linked */
    if (second == &level->head)
        rq->ready &= ~(1u << priority);
    return container_of(first, struct thread, run);
}

static inline void set_work(struct thread *t, uint32_t work)
{
    __atomic_fetch_or(&t->work, work, __ATOMIC_RELAXED);
}

static inline bool may_run(const struct thread *t, const struct cpu *cpu)
{
    return t->affinity >> cpu->id & 1;
}

/* t, which runs on rq's CPU, gives way soon; the lock is held. */
static inline void sched_preempt(struct runq *rq, struct thread *t)
{
    if (t->work & WORK_RESCHED)
        return;
    rq->due_ticks = (uint32_t)clock_ticks();
    set_work(t, WORK_RESCHED);
}

/* t waits in rq, whose lock is held: whoever runs there and is worth less gives way soon; with
 * spread, an idle CPU that may run t is told to come. */
void sched_announce(struct runq *rq, const struct thread *t, bool spread);
/* Makes this CPU's alarm ring at ns at the latest; rq is its queue, interrupts are masked. */
void sched_alarm(struct runq *rq, uint64_t ns);
/* t may run: behind its equals; the queue's lock is held. */
void sched_make_ready(struct runq *rq, struct thread *t);
/* t, which is in no queue, waits on a CPU that it may run on. Interrupts masked, no lock held. */
void sched_move(struct thread *t);

#endif
