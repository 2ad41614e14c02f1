/* SPDX-License-Identifier: MIT
 *
 * No frame is left: the process with most memory of its own dies, named, and not merely whoever
 * faulted. Where nobody has much, killing one is no help: if a process group, or else those who run
 * one program, then have more than all others together, a swarm such as a fork bomb, all of them
 * die. One kill at a time: as long as processes that are to die do so, the others wait for what
 * they give back.
 * Locks: the process lock. The caller holds none.
 */
#include "kern/clock.h"
#include "kern/log.h"
#include "kern/waitq.h"
#include "mm/fault.h"
#include "mm/pageout.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"
#include "proc/signal_impl.h"

#define NAP_NS       (10 * NSEC_PER_MSEC)
#define SEGS_A_FRAME (PAGE_SIZE / sizeof(struct seg))
#define PATIENCE_NS  (2 * NSEC_PER_SEC)
#define LONG_NS      (10 * PATIENCE_NS)
#define ENOUGH       128 /* frames: more than the kernel's reserve, so that one can be had */

#define MUCH 64 /* a process has much that has a 64th of what all have */

static struct {
    uint32_t dying;    /* (P) processes that were to die when we looked last */
    uint64_t began_ns; /* (P) when there was none before, or we killed */
    uint64_t last_ns;  /* (P) the same, or they became fewer */
    struct waitq nap;
} oom = {.nap = WAITQ_INIT(oom.nap)};

/* Worth killing: still has memory of its own and is not on its way out. */
static bool can_die(const struct proc *p)
{
    return p->as && !p->exiting && !p->kill_sig;
}

/* Frames that would come back: pages, what the kernel needs to describe them, and what it keeps for
 * open files, threads, signals that wait, and exec. (P) held. */
static uint32_t weight(const struct proc *p)
{
    struct as *as = p->as;
    uint32_t frames = as_resident(as) + as->nsegs / SEGS_A_FRAME + fdtable_frames(p->files);
    uint32_t bytes = p->nthreads * sizeof(struct thread) + p->sig.nqueued * sizeof(struct queued);

    frames += p->nthreads + page_of(bytes);                           /* a page's stack each */
    frames += 2 * __atomic_load_n(&p->exec_frames, __ATOMIC_RELAXED); /* and the new stack's */
    for (unsigned i = 0; i < ARRAY_SIZE(as->slots); i++)
        frames += (uint32_t)__builtin_popcount(as->slots[i]);
    return frames;
}

/* The process with most memory of its own; init only if nobody else is left. (P) held. */
static struct proc *choose_locked(uint32_t *most)
{
    struct proc *worst = NULL;

    *most = 0;
    proc_for_each_locked (p) {
        uint32_t w = can_die(p) ? weight(p) : 0;

        if (can_die(p) && (!worst || worst->pid == 1 || (p->pid != 1 && w > *most))) {
            worst = p;
            *most = w;
        }
        preempt_point();
    }
    return worst;
}

/* What makes a process one of a swarm: its group or, since each may have made one of its own, its
 * program. */
static uintptr_t swarm_of(const struct proc *p, bool by_program)
{
    return by_program ? (uintptr_t)p->exe : (uintptr_t)p->pgid;
}

/* The swarm that has more than half of what everybody has, or 0; 0 as well if one process has much,
 * the one with most being given. The first walk leaves the only swarm that can be it (Boyer and
 * Moore's majority vote), the second one counts. (P) held. */
static uintptr_t swarm_locked(uint32_t most, bool by_program)
{
    uint32_t all = 0, lead = 0, its = 0;
    uintptr_t swarm = 0;

    proc_for_each_locked (p) {
        uint32_t w = p->as ? weight(p) : 0;

        all += w;
        if (swarm_of(p, by_program) == swarm) {
            lead += w;
        } else if (lead >= w) {
            lead -= w;
        } else {
            swarm = swarm_of(p, by_program);
            lead = w - lead;
        }
        preempt_point();
    }
    if (most >= all / MUCH)
        return 0;
    proc_for_each_locked (p) {
        its += p->as && swarm_of(p, by_program) == swarm ? weight(p) : 0;
        preempt_point();
    }
    return its > all / 2 ? swarm : 0;
}

static uint32_t dying_locked(void)
{
    uint32_t dying = 0;

    proc_for_each_locked (p) {
        dying += p->kill_sig && !p->zombie;
        preempt_point();
    }
    return dying;
}

/* Processes that are to die, whoever killed them, have not given their memory back yet, and have
 * still time to: they are fewer than when we looked last, or that is not long ago; but some program
 * that always kills somebody does not hold it up for ever. (P) held. */
static bool kill_in_progress_locked(void)
{
    uint32_t dying = dying_locked();
    uint64_t now = clock_ns();

    if (dying && (!oom.dying || now - oom.last_ns > LONG_NS)) /* a look long ago says nothing */
        oom.began_ns = oom.last_ns = now;
    else if (dying < oom.dying && now - oom.began_ns < LONG_NS)
        oom.last_ns = now;
    oom.dying = dying;
    return dying && now - oom.last_ns < PATIENCE_NS;
}

/* How many were killed. */
static unsigned kill_swarm_locked(uintptr_t swarm, bool by_program)
{
    const struct proc *one = NULL;
    unsigned n = 0;

    proc_for_each_locked (p) {
        if (swarm_of(p, by_program) == swarm && can_die(p) && p->pid != 1) {
            signal_kill_now(p, SIGKILL);
            one = p;
            n++;
        }
        preempt_point();
    }
    if (one)
        log_printf("out of memory: killed a swarm of %u, %s[%d] among them\n", n, one->comm,
                   one->pid);
    return n;
}

/* (P) held. worst: the process with most memory. True: the caller is not among the killed. */
static bool kill_locked(struct proc *worst, uint32_t most)
{
    bool by_program = false;
    uintptr_t swarm = swarm_locked(most, by_program);

    if (!swarm) {
        by_program = true;
        swarm = swarm_locked(most, by_program);
    }
    if (!swarm || !kill_swarm_locked(swarm, by_program)) {
        log_printf("out of memory: killed %s[%d] with %lu pages\n", worst->comm, worst->pid,
                   (unsigned long)most);
        signal_kill_now(worst, SIGKILL);
    }
    oom.began_ns = oom.last_ns = clock_ns();
    oom.dying = dying_locked();
    return !proc_current()->kill_sig;
}

static void nap(void)
{
    uint32_t mask = spin_lock_irq(&oom.nap.lock);

    waitq_sleep(&oom.nap, mask, SLEEP_DEEP, clock_ns() + NAP_NS);
}

/* What CPUs keep for themselves makes the difference. */
static bool drain(void)
{
    bool none = frame_stats().free <= frame_reserve();

    mm_drain();
    return none && frame_stats().free > frame_reserve();
}

/* Steps: who is dying anyway goes and dies; a kill in progress is waited for; where its memory is
 * back by now, that is tried; else the worst one is killed, and waited for unless it is the caller.
 * The fault may be that of a copy out of a page that is pinned meanwhile: as with a lock held, an
 * audit waits until our sleeps are over. */
bool oom_handle(struct as *as)
{
    struct thread *t = thread_current();
    struct proc *victim = NULL;
    uint32_t most;
    bool wait;

    (void)as;
    if (!t->proc || t->work & WORK_KILL)
        return false;
    if (pageout_wait() || drain())
        return true;
    t->locks_held++;
    proc_lock();
    wait = kill_in_progress_locked();
    if (!wait && frame_stats().free >= ENOUGH) { /* while we waited for the lock, somebody ended */
        proc_unlock();
        t->locks_held--;
        return true;
    }
    if (!wait) {
        victim = choose_locked(&most);
        wait = victim && kill_locked(victim, most);
    }
    proc_unlock();
    if (wait)
        nap();
    t->locks_held--;
    return wait;
}
