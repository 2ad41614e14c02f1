/* SPDX-License-Identifier: MIT
 *
 * Stopping all threads of processes, and those of the kernel that say so, for mm_check: none of
 * them is in the middle of an operation on memory. A thread counts as stopped that waits at the
 * kernel's edge, has not run yet, sleeps for an event (interruptibly; it parks when it wakes),
 * sleeps with no sleeping lock held nor audit_defer or rests in the middle of a long call
 * (rest_point).
 * The others are waited for; what they do ends without the stopped ones, since those hold no lock
 * but perhaps that of a device's reader. Locks: stop.turn for one stopper at a time; parked threads
 * sleep on stop.parked.
 */
#include "kern/clock.h"
#include "kern/kthread.h"
#include "kern/waitq.h"
#include "mm/pageout.h"
#include "proc/proc.h"
#include "proc/sched_impl.h"

#define POLL_NS 1000000u

static struct {
    struct mutex turn;
    struct waitq parked;  /* lock: on */
    struct waitq nothing; /* the stopper's short sleeps */
    volatile bool on;
    volatile bool quiet; /* all are stopped: nobody may move, not even to die */
} stop = {.turn = MUTEX_INIT(stop.turn, LOCK_STOP),
          .parked = WAITQ_INIT(stop.parked),
          .nothing = WAITQ_INIT(stop.nothing)};

bool stop_in_progress(void)
{
    return stop.on;
}

bool stop_parks_on(const struct waitq *q)
{
    return q == &stop.parked;
}

/* waitq_sleep parks its caller when it wakes; the sleep in here must not: it may not come back. Who
 * is killed leaves to die as long as others are waited for: they may want its memory. */
void stop_park(void)
{
    struct thread *t = thread_current();
    bool at_edge = t->at_edge;

    t->at_edge = true;
    for (;;) {
        uint32_t mask = spin_lock_irq(&stop.parked.lock);

        __atomic_fetch_and(&t->work, ~(uint32_t)WORK_STOP, __ATOMIC_RELAXED);
        if (!stop.on || (t->work & WORK_KILL && !stop.quiet)) {
            spin_unlock_irq(&stop.parked.lock, mask);
            break;
        }
        waitq_sleep(&stop.parked, mask, stop.quiet ? SLEEP_DEEP : SLEEP_KILLABLE, UINT64_MAX);
    }
    if (at_edge)
        t->at_edge = true;
    else
        thread_leave_edge(t);
}

void rest_point(void)
{
    struct thread *t = thread_current();

    preempt_point();
    if (unlikely(t->work & WORK_STOP) && t->locks_held == 0)
        stop_park();
}

void audit_defer(void)
{
    thread_current()->locks_held++;
}

void audit_admit(void)
{
    thread_current()->locks_held--;
}

void kthread_stops(void)
{
    thread_current()->stops = true;
}

void kthread_urgent(void)
{
    thread_current()->urgent = true;
}

/* An audit has to do with it. */
static bool is_concerned(const struct thread *t)
{
    return t->proc || t->stops;
}

static bool is_quiet(const struct thread *t)
{
    if (!is_concerned(t) || (t->at_edge && !(t->work & WORK_KILL && t->state == THREAD_RUNNABLE)))
        return true;
    return t->state == THREAD_SLEEPING && (t->interruptible || t->locks_held == 0);
}

static void count_busy(struct thread *t, void *arg)
{
    unsigned *busy = arg;

    if (t != thread_current() && !is_quiet(t))
        ++*busy;
}

static void tell(struct thread *t, void *arg)
{
    (void)arg;
    if (t != thread_current() && is_concerned(t))
        thread_set_work(t, WORK_STOP);
}

/* Everybody is where they may be, and no dead thread is on its way to be freed. */
static bool all_quiet(void)
{
    unsigned busy = 0;

    thread_for_each(count_busy, &busy);
    return busy == 0 && threads_dying() == 0;
}

static void set_quiet(bool quiet)
{
    uint32_t mask = spin_lock_irq(&stop.parked.lock);

    stop.quiet = quiet;
    spin_unlock_irq(&stop.parked.lock, mask);
}

static void wait_a_little(void)
{
    uint32_t mask = spin_lock_irq(&stop.nothing.lock);

    waitq_sleep(&stop.nothing, mask, SLEEP_DEEP, clock_ns() + POLL_NS);
}

/* All are told, and looked at until they are quiet. The second look is for who was killed, and left
 * to die, between the first and the moment from which nobody may. */
void proc_stop_all(void)
{
    mutex_lock(&stop.turn);
    stop.on = true;
    thread_for_each(tell, NULL);
    for (;;) {
        if (all_quiet()) {
            set_quiet(true);
            if (all_quiet()) {
                pageout_pause(); /* nobody waits for it with a lock by now */
                return;
            }
            set_quiet(false);
        }
        wait_a_little();
    }
}

static void untell(struct thread *t, void *arg)
{
    (void)arg;
    __atomic_fetch_and(&t->work, ~(uint32_t)WORK_STOP, __ATOMIC_RELAXED);
}

void proc_resume_all(void)
{
    uint32_t mask;

    pageout_resume();
    mask = spin_lock_irq(&stop.parked.lock);
    stop.on = stop.quiet = false;
    waitq_wake_locked(&stop.parked, WAITQ_ALL);
    spin_unlock_irq(&stop.parked.lock, mask);
    thread_for_each(untell, NULL);
    mutex_unlock(&stop.turn);
}
