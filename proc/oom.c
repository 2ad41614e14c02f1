/* SPDX-License-Identifier: MIT
 *
 * No frame is left: the process with most memory of its own dies, named, and not merely whoever
 * faulted. One kill at a time: while a victim is dying the others wait for what it gives back.
 * Locks: the process lock. The caller holds none.
 */
#include "kern/clock.h"
#include "kern/log.h"
#include "kern/waitq.h"
#include "mm/fault.h"
#include "proc/proc_impl.h"

#define NAP_NS       (10 * NSEC_PER_MSEC)
#define SEGS_A_FRAME (PAGE_SIZE / sizeof(struct seg))
#define PATIENCE_NS  (2 * NSEC_PER_SEC)

static struct {
    int victim;         /* (P) pid, 0: none yet */
    uint64_t killed_ns; /* (P) when */
    struct waitq nap;
} oom = {.nap = {.waiters = LIST_INIT(oom.nap.waiters)}};

/* Worth killing: still has memory of its own and is not on its way out. */
static bool can_die(const struct proc *p)
{
    return p->as && !p->exiting && !p->kill_sig;
}

/* Frames that would come back: pages, what the kernel needs to describe them, and what it keeps for
 * open files. (P) held. */
static uint32_t weight(const struct proc *p)
{
    const struct as *as = p->as;
    uint32_t frames = as->resident + as->nsegs / SEGS_A_FRAME + fdtable_frames(p->files);

    for (unsigned i = 0; i < ARRAY_SIZE(as->slots); i++)
        frames += (uint32_t)__builtin_popcount(as->slots[i]);
    return frames;
}

/* The process with most memory of its own; init only if nobody else is left. (P) held. */
static struct proc *choose_locked(void)
{
    struct proc *worst = NULL;

    list_for_each (it, proc_list()) {
        struct proc *p = container_of(it, struct proc, all);

        if (!can_die(p))
            continue;
        if (!worst || worst->pid == 1 || (p->pid != 1 && weight(p) > weight(worst)))
            worst = p;
    }
    return worst;
}

/* A victim chosen earlier has not given its memory back yet, and has still time to. (P) held. */
static bool kill_in_progress_locked(void)
{
    list_for_each (it, proc_list()) {
        const struct proc *p = container_of(it, struct proc, all);

        if (p->pid == oom.victim && !p->zombie)
            return clock_ns() - oom.killed_ns < PATIENCE_NS;
    }
    return false;
}

static void kill_locked(struct proc *p)
{
    log_printf("out of memory: killed %s[%d] with %lu pages\n", p->comm, p->pid,
               (unsigned long)weight(p));
    oom.victim = p->pid;
    oom.killed_ns = clock_ns();
    proc_kill_now(p, SIGKILL);
}

static void nap(void)
{
    uint32_t mask = spin_lock_irq(&oom.nap.lock);

    waitq_sleep(&oom.nap, mask, false, clock_ns() + NAP_NS);
}

/* Steps: who is dying anyway goes and dies; a kill in progress is waited for; else the worst one is
 * killed, and waited for unless it is the caller. The fault may be that of a copy out of a page
 * that is pinned meanwhile: as with a lock held, an audit waits until our sleeps are over. */
bool oom_handle(struct as *as)
{
    struct thread *t = thread_current();
    struct proc *victim = NULL;
    bool wait;

    (void)as;
    if (!t->proc || t->work & WORK_KILL)
        return false;
    t->locks_held++;
    proc_lock();
    wait = kill_in_progress_locked();
    if (!wait) {
        victim = choose_locked();
        if (victim)
            kill_locked(victim);
        wait = victim && victim != t->proc;
    }
    proc_unlock();
    if (wait)
        nap();
    t->locks_held--;
    return wait;
}
