/* SPDX-License-Identifier: MIT
 *
 * Threads and CPUs: which idle CPU is called for a thread that waits, what an idle CPU takes from
 * the others, where a thread may run. The rules are at the top of sched.c.
 * Locks: (q) of one queue at a time; cpus.idle is atomic.
 */
#include "kern/arch.h"
#include "kern/cpu.h"
#include "kern/kthread.h"
#include "proc/runq_impl.h"

static struct {
    uint32_t idle; /* atomic: CPUs that wait for an interrupt and have not been sent one */
    bool poll;     /* (c) idle=poll: they do not stop while they wait */
} cpus;

/* One of the idle CPUs that t may run on comes and takes it, if there is one. The bit goes with the
 * interrupt, so that the next one calls another CPU. */
static __noinline void call_idle(const struct thread *t, uint32_t idle)
{
    for (idle &= t->affinity; idle; idle &= idle - 1) {
        uint32_t bit = idle & -idle;

        if (__atomic_fetch_and(&cpus.idle, ~bit, __ATOMIC_RELAXED) & bit) {
            cpu_kick(bit);
            return;
        }
    }
}

/* t waits in rq: whoever runs there and is worth less gives way soon; an idle CPU is told. The
 * barrier: either we see that a CPU is idle, or it sees t when it looks around a last time. */
void sched_announce(struct runq *rq, const struct thread *t, bool spread)
{
    struct thread *running = rq->cpu->thread;
    bool here = rq == own_queue();
    uint32_t idle;

    if (running == rq->cpu->idle) {
        if (!here) {
            __atomic_fetch_and(&cpus.idle, ~(1u << rq->cpu->id), __ATOMIC_RELAXED);
            cpu_kick(1u << rq->cpu->id);
        }
        return;
    }
    if (t->priority < running->priority) {
        sched_preempt(rq, running);
        if (!here)
            cpu_kick(1u << rq->cpu->id);
    }
    memory_barrier();
    idle = __atomic_load_n(&cpus.idle, __ATOMIC_RELAXED);
    if (unlikely(idle) && spread)
        call_idle(t, idle);
}

/* The first CPU from this one on that t may run on. */
static struct runq *allowed_queue(const struct thread *t)
{
    uint32_t allowed = t->affinity & cpus_online();
    uint32_t from_here = allowed & ~((1u << cpu_self()->id) - 1);

    return &run_queues[__builtin_ctz(from_here ? from_here : allowed)];
}

/* t, which is in no queue, waits on a CPU that it may run on. Interrupts masked, no lock held. */
void sched_move(struct thread *t)
{
    struct runq *rq = allowed_queue(t);

    spin_lock(&rq->lock);
    __atomic_store_n(&t->rq, rq, __ATOMIC_RELAXED);
    sched_make_ready(rq, t);
    spin_unlock(&rq->lock);
}

/* The barrier: either it sees its work on its way to user mode, or we see that it runs. */
void sched_kick(const struct thread *t)
{
    const struct cpu *cpu = __atomic_load_n(&t->rq, __ATOMIC_RELAXED)->cpu;

    memory_barrier();
    if (cpu != cpu_self() && __atomic_load_n(&cpu->thread, __ATOMIC_RELAXED) == t)
        cpu_kick(1u << cpu->id);
}

/* Steps: note the mask; a thread that waits on a CPU it may not use moves; one that runs there is
 * told to give way, and moves then. */
void sched_set_affinity(struct thread *t, uint32_t allowed)
{
    uint32_t mask = irq_save();
    struct runq *rq = lock_queue_of(t);
    bool stray, queued;

    t->affinity = allowed;
    stray = t->state == THREAD_RUNNABLE && !may_run(t, rq->cpu);
    queued = stray && list_linked(&t->run);
    if (queued)
        take_out(rq, t);
    else if (stray)
        set_work(t, WORK_RESCHED);
    spin_unlock(&rq->lock);
    if (queued)
        sched_move(t);
    else if (stray)
        sched_kick(t);
    irq_restore(mask);
}

void sched_lend(struct thread *owner)
{
    uint32_t mask = irq_save();
    struct runq *rq = lock_queue_of(owner);
    uint8_t priority = thread_current()->priority;

    if (owner->priority >= priority && list_linked(&owner->run)) {
        take_out(rq, owner);
        owner->priority = priority;
        list_push_front(&rq->level[priority], &owner->run);
        rq->ready |= 1u << priority;
        sched_announce(rq, owner, true);
    } else if (owner->priority > priority) {
        owner->priority = priority;
    }
    spin_unlock_irq(&rq->lock, mask);
}

/* The first thread of a queue that may run on this CPU, taken out; lock held. */
static struct thread *take_for(struct runq *rq, const struct cpu *cpu)
{
    for (unsigned p = 0; p < PRIORITIES; p++)
        list_for_each (it, &rq->level[p]) {
            struct thread *t = container_of(it, struct thread, run);

            if (may_run(t, cpu)) {
                take_out(rq, t);
                return t;
            }
        }
    return NULL;
}

/* A thread that waits for a busy CPU comes to this one's queue; false: there is none. Interrupts
 * masked, no lock held. */
static bool steal(struct cpu *cpu)
{
    uint32_t others = cpus_online() & ~(1u << cpu->id);
    struct thread *t = NULL;

    for (; others && !t; others &= others - 1) {
        struct runq *rq = &run_queues[__builtin_ctz(others)];

        if (!__atomic_load_n(&rq->ready, __ATOMIC_RELAXED))
            continue;
        spin_lock(&rq->lock);
        if (rq->cpu->thread != rq->cpu->idle)
            t = take_for(rq, cpu);
        if (t)
            __atomic_store_n(&t->rq, cpu->rq, __ATOMIC_RELAXED);
        spin_unlock(&rq->lock);
    }
    if (!t)
        return false;
    spin_lock(&cpu->rq->lock);
    enqueue(cpu->rq, t);
    cpu->rq->stats.steals++;
    spin_unlock(&cpu->rq->lock);
    return true;
}

/* Until an interrupt comes, which is still masked: its handler's time is not idle. */
static void wait_for_interrupt(struct runq *rq)
{
    spin_lock(&rq->lock);
    rq->idle_since_ns = clock_ns();
    spin_unlock(&rq->lock);
    if (cpus.poll)
        spin_raw_wait();
    else
        arch_wait_for_interrupt();
    spin_lock(&rq->lock);
    rq->stats.idle_ns += clock_ns() - rq->idle_since_ns;
    rq->idle_since_ns = 0;
    spin_unlock(&rq->lock);
}

/* Nothing to run here: says so, looks around a last time, and waits. */
static void wait_for_work(struct cpu *cpu)
{
    uint32_t bit = 1u << cpu->id;

    if (__atomic_fetch_or(&cpus.idle, bit, __ATOMIC_RELAXED) != (cpus_online() & ~bit))
        sched_alarm(cpu->rq, clock_ns() + WATCHDOG_NS); /* somebody is busy: see that he is well */
    memory_barrier();
    if (!__atomic_load_n(&cpu->rq->ready, __ATOMIC_RELAXED) && !steal(cpu))
        wait_for_interrupt(cpu->rq);
    __atomic_fetch_and(&cpus.idle, ~bit, __ATOMIC_RELAXED);
}

void sched_idle_polls(void)
{
    cpus.poll = true;
}

void kthread_run_others(void)
{
    if (__atomic_load_n(&cpu_self()->rq->ready, __ATOMIC_RELAXED))
        schedule();
}

void sched_idle(void)
{
    struct cpu *cpu = cpu_self();

    for (;;) {
        irq_save();
        if (__atomic_load_n(&cpu->rq->ready, __ATOMIC_RELAXED))
            schedule();
        else
            wait_for_work(cpu);
        irq_restore(0);
    }
}
