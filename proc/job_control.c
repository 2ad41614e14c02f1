/* SPDX-License-Identifier: MIT
 *
 * Processes that stand still. The thread that takes a signal which stops says so in the process;
 * every thread parks at the kernel's edge, the last one tells the parent. SIGCONT lets all go on,
 * and the first one tells. A process group that nobody could continue - no member has a parent in
 * another group of the session - does not stop for the terminal, and who stands still in it when it
 * becomes one is hung up and continued.
 * Locks: (P), shared, to find the parent; its child_wait.lock for proc->sig.event; (T); `parked`
 * below (T).
 * Source: POSIX.1-2017, XBD 3.266 (orphaned process group), XSH 2.4.
 */
#include "include/uapi/errno.h"
#include "kern/waitq.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"

static struct {
    struct waitq parked; /* all threads that stand still */
    uint32_t stopped;    /* atomic: processes that stand still */
} job = {.parked = WAITQ_INIT_CLASS(job.parked, LOCK_JOB)};

void job_continue_locked(struct proc *p)
{
    p->sig.stopping = false;
    if (!p->sig.stop_sig)
        return;
    p->sig.stop_sig = 0;
    p->sig.continued = true;
    __atomic_fetch_sub(&job.stopped, 1, __ATOMIC_RELAXED);
    waitq_wake(&job.parked, WAITQ_ALL);
}

/* parent, in another group of the session, lets p's group go on when it stops. (P) held. */
static bool could_continue(const struct proc *parent, const struct proc *p)
{
    return parent && parent->pid != 1 && parent->pgid != p->pgid && parent->sid == p->sid;
}

/* No member of of's group has a parent in another group of the session, without who is leaving. (P)
 * held. */
static bool group_is_orphan_locked(const struct proc *of, const struct proc *leaving)
{
    proc_for_each_locked (p) {
        if (p->pgid == of->pgid && p != leaving && !p->zombie && p->parent != leaving &&
            could_continue(p->parent, p))
            return false;
    }
    return true;
}

static bool is_orphan(const struct proc *p)
{
    bool is;

    proc_lock();
    is = group_is_orphan_locked(p, NULL);
    proc_unlock();
    return is;
}

void job_stop(int sig)
{
    struct proc *p = proc_current();
    uint32_t mask;

    if (sig != SIGSTOP && is_orphan(p))
        return;
    mask = thread_table_lock(p);
    if (p->sig.stopping && !p->sig.stop_sig && !p->kill_sig) { /* SIGCONT may have come since */
        p->sig.stopping = false;
        p->sig.stop_sig = (uint8_t)sig;
        p->sig.continued = false;
        __atomic_fetch_add(&job.stopped, 1, __ATOMIC_RELAXED);
        list_for_each (it, &p->threads)
            thread_set_work(container_of(it, struct thread, siblings), WORK_SIGNAL);
    }
    thread_table_unlock(p, mask);
}

/* The parent's wait and its SIGCHLD. event: the signal that stopped p, or EVENT_CONTINUED. */
static void tell_parent(struct proc *p, uint8_t event)
{
    struct child_signal sig = {0};
    struct proc *parent;
    uint32_t mask;

    proc_share();
    parent = p->parent;
    if (parent) {
        mask = signal_child_lock(parent, p, event, &sig);
        p->sig.event = event;
        if (sig.sends)
            signal_child_send(parent, &sig);
        waitq_wake_locked(&parent->child_wait, WAITQ_ALL);
        spin_unlock_irq(&parent->child_wait.lock, mask);
        signal_free_spent(parent);
    }
    proc_unshare();
}

void job_tell_stopped(struct proc *p)
{
    uint8_t sig = p->sig.stop_sig;

    if (sig)
        tell_parent(p, sig);
}

/* One more thread stands still: true if it was the last one to. */
static bool park_begin(struct proc *p)
{
    uint32_t mask = thread_table_lock(p), n = 0;
    bool last;

    list_for_each (it, &p->threads)
        n++;
    last = p->sig.stop_sig && ++p->sig.nparked == n;
    thread_table_unlock(p, mask);
    return last;
}

/* The stop is over: true for the first thread to see it. */
static bool park_end(struct thread *t, bool parked)
{
    struct proc *p = t->proc;
    uint32_t mask = thread_table_lock(p);
    bool first = p->sig.continued && !p->sig.stop_sig;

    if (first)
        p->sig.continued = false;
    if (parked && p->sig.nparked)
        p->sig.nparked--;
    signal_look_again_locked(t);
    thread_table_unlock(p, mask);
    return first;
}

void job_park(void)
{
    struct thread *t = thread_current();
    struct proc *p = t->proc;
    uint8_t sig = p->sig.stop_sig;
    bool parked = sig != 0;

    if (parked && park_begin(p))
        tell_parent(p, sig);
    for (;;) {
        uint32_t mask = spin_lock_irq(&job.parked.lock);

        if (!*(volatile uint8_t *)&p->sig.stop_sig || t->work & WORK_KILL) {
            spin_unlock_irq(&job.parked.lock, mask);
            break;
        }
        (void)waitq_sleep(&job.parked, mask, SLEEP_KILLABLE, UINT64_MAX);
    }
    if (park_end(t, parked))
        tell_parent(p, EVENT_CONTINUED);
}

int job_background(int sig)
{
    struct proc *p = proc_current();

    if (p->pid == 1 || signal_is_deaf(sig)) /* init never stops */
        return sig == SIGTTIN ? -EIO : 0;
    if (is_orphan(p))
        return -EIO;
    signal_send_group(p->pgid, sig);
    return -EINTR;
}

/* (P) held. */
static void send_locked(int pgid, int sig)
{
    proc_for_each_locked (p)
        if (p->pgid == pgid)
            signal_send(p, sig, NULL);
}

void job_hang_up(int pgid)
{
    if (!pgid)
        return;
    proc_lock();
    send_locked(pgid, SIGHUP);
    send_locked(pgid, SIGCONT);
    proc_unlock();
}

/* Hangs up a group that became an orphan with somebody standing still in it. (P) held. */
static void hang_up_locked(int pgid)
{
    bool stopped = false;

    proc_for_each_locked (p)
        stopped |= p->pgid == pgid && p->sig.stop_sig;
    if (!stopped)
        return;
    send_locked(pgid, SIGHUP);
    send_locked(pgid, SIGCONT);
}

void job_leave(struct proc *leaving)
{
    uint32_t mask;

    if (likely(!__atomic_load_n(&job.stopped, __ATOMIC_RELAXED)))
        return;
    mask = thread_table_lock(leaving);
    if (leaving->sig.stop_sig) {
        leaving->sig.stop_sig = 0;
        __atomic_fetch_sub(&job.stopped, 1, __ATOMIC_RELAXED);
    }
    thread_table_unlock(leaving, mask);
    proc_lock();
    if (could_continue(leaving->parent, leaving) && group_is_orphan_locked(leaving, leaving))
        hang_up_locked(leaving->pgid);
    list_for_each (it, &leaving->children) {
        struct proc *child = container_of(it, struct proc, sibling);

        if (child->pgid != leaving->pgid && child->sid == leaving->sid &&
            group_is_orphan_locked(child, leaving))
            hang_up_locked(child->pgid);
    }
    proc_unlock();
}

int job_session_of(int pgid)
{
    int sid = -ESRCH;

    proc_lock();
    proc_for_each_locked (p) {
        if (p->pgid == pgid) {
            sid = p->sid;
            break;
        }
    }
    proc_unlock();
    return sid;
}
