/* SPDX-License-Identifier: MIT
 *
 * Threads of a process that has some: made by clone with CLONE_THREAD, ended all but one by exec.
 * They share everything that a process has; what a thread has of its own is in struct thread.
 * Locks: the process lock, shared, and the process's child_wait.lock, under which threads come, go,
 * and are told to end: nobody comes once that was said.
 */
#include <string.h>

#include "include/uapi/errno.h"
#include "kern/waitq.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"
#include "proc/sched_impl.h"

#define SHARED (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define HANDLED                                                                                    \
    (SHARED | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |            \
     CLONE_CHILD_CLEARTID | CLONE_DETACHED)
#define SIGNAL_MASK 0xffu /* of the flags: no meaning for a thread */

/* As Linux does, a bad pointer is the caller's own trouble. */
static void tell_tids(const struct thread *t, const struct fork_args *a)
{
    int ignored = 0;

    if (a->flags & CLONE_PARENT_SETTID)
        ignored |= put_user32(a->ptid, (uint32_t)t->tid);
    if (a->flags & CLONE_CHILD_SETTID)
        ignored |= put_user32(a->ctid, (uint32_t)t->tid);
    (void)ignored;
}

/* From here on it runs; false: the process's threads are about to end. */
static bool enter(struct proc *p, struct thread *t)
{
    uint32_t mask;
    bool may;

    proc_share();
    mask = spin_lock_irq(&p->child_wait.lock);
    may = !p->exiting && !p->alone;
    if (may) {
        p->nthreads++;
        thread_start(t, false);
    }
    spin_unlock_irq(&p->child_wait.lock, mask);
    proc_unshare();
    return may;
}

int thread_fork(const struct fork_args *a)
{
    struct thread *me = thread_current(), *t;
    int tid;

    if ((a->flags & SHARED) != SHARED || a->flags & ~(HANDLED | SIGNAL_MASK))
        return -EINVAL;
    if (!fork_has_reserve() || !cred_may_fork())
        return -EAGAIN;
    t = thread_copy(me->proc, a);
    if (!t)
        return -EAGAIN;
    as_enter(t->as);
    t->sig.mask = me->sig.mask;
    memcpy(t->name, thread_comm(me), sizeof(t->name));
    tell_tids(t, a);
    tid = t->tid;
    if (enter(me->proc, t))
        return tid;
    as_leave(t->as);
    thread_free(t);
    return -EAGAIN;
}

/* The caller's is the only thread left. child_wait.lock held. */
static bool is_alone(struct proc *p)
{
    const struct list_link *me = &thread_current()->siblings;
    uint32_t mask = thread_table_lock(p);
    bool alone = list_first(&p->threads) == me && me->next == &p->threads.head;

    thread_table_unlock(p, mask);
    return alone;
}

/* Likewise. */
static void end_others(struct proc *p)
{
    uint32_t mask = thread_table_lock(p);

    list_for_each (it, &p->threads) {
        struct thread *t = container_of(it, struct thread, siblings);

        if (t != thread_current())
            thread_set_work(t, WORK_KILL);
    }
    thread_table_unlock(p, mask);
}

/* The process's own number, which its first thread, gone by now, had. */
static void take_number(struct thread *t)
{
    int old = t->tid;

    if (old == t->proc->pid)
        return;
    t->tid = t->proc->pid;
    pid_free(old);
}

int thread_be_alone(void)
{
    struct proc *p = proc_current();
    uint32_t mask = spin_lock_irq(&p->child_wait.lock);
    int error = p->exiting || p->alone ? -EAGAIN : 0;

    if (error) {
        spin_unlock_irq(&p->child_wait.lock, mask);
        return error;
    }
    p->alone = true;
    end_others(p);
    while (!error && !is_alone(p)) {
        error = waitq_sleep(&p->child_wait, mask, SLEEP_KILLABLE, UINT64_MAX);
        mask = spin_lock_irq(&p->child_wait.lock);
    }
    p->alone = false;
    spin_unlock_irq(&p->child_wait.lock, mask);
    if (!error)
        take_number(thread_current());
    return error;
}
