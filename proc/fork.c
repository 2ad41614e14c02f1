/* SPDX-License-Identifier: MIT
 *
 * fork, vfork and posix_spawn's clone: a new process with one thread that returns from the same
 * system call with 0. Nothing here is O(processes), nor O(pages) beyond what as_fork does.
 * Locks: the process lock, shared, for entering the child alone; the child is nobody's business
 * before.
 */
#include "fs/tty.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/trace.h"
#include "mm/uaccess.h"
#include "mm/pageout.h"
#include "mm/swap.h"
#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"
#include "proc/sched_impl.h"
#include "proc/stats.h"

#define CLONE_SIGNAL_MASK 0xffu
#define CLONE_HANDLED                                                                              \
    (CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID |    \
     CLONE_SETTLS)
/* Frames that fork leaves to those who are already there, so that they can go on or die: more than
 * the 64 which page faults may not take, and what children that did not run yet will copy: a 32nd
 * of memory. Init and the shell, which leads the terminal's group while it has nothing running in
 * front, may fork for longer, so that somebody can stop them; a session is easily made. Where swap
 * has room for it, that is what is left to others. */
#define FORK_RESERVE_LEAST 128u
#define FORK_RESERVE_MOST  512u

bool fork_has_reserve(void)
{
    const struct proc *p = proc_current();
    uint32_t reserve = MAX(FORK_RESERVE_LEAST, MIN(FORK_RESERVE_MOST, frame_total() / 32));

    if (frame_at_least(p->pid == 1 || p->pid == tty_foreground() ? FORK_RESERVE_LEAST : reserve))
        return true;
    return swap_stats().total - swap_stats().used >= reserve && pageout_make(FORK_RESERVE_LEAST);
}

/* What shares memory and runs at the same time is a thread: clone.c. */
static int check(uint32_t flags)
{
    uint32_t sig = flags & CLONE_SIGNAL_MASK;

    if (flags & ~(CLONE_HANDLED | CLONE_SIGNAL_MASK) || (sig != SIGCHLD && sig != 0))
        return -EINVAL;
    if (flags & CLONE_VM && !(flags & CLONE_VFORK))
        return -EINVAL;
    return fork_has_reserve() ? 0 : -EAGAIN;
}

static int copy_memory(struct proc *child, const struct proc *parent, uint32_t flags)
{
    int error;

    if (flags & CLONE_VM) {
        as_enter(parent->as);
        child->as = parent->as;
        return 0;
    }
    error = as_fork(parent->as, &child->as);
    if (!error && unlikely(parent->fork_copies))
        error = as_copy_ahead(parent->as, child->as);
    return error;
}

static int copy_files(struct proc *child, const struct proc *parent)
{
    child->files = fdtable_copy(parent->files);
    if (!child->files)
        return -ENOMEM;
    child->cwd = proc_cwd();
    child->root = proc_root();
    child->exe = vnode_ref(parent->exe);
    vnode_run_shared(child->exe);
    return 0;
}

/* The undoing of everything up to entering. */
static void discard(struct proc *child)
{
    if (child->files)
        fdtable_unref(child->files);
    vnode_unref(child->cwd);
    vnode_unref(child->root);
    proc_put_exe(child->exe);
    if (child->as)
        as_leave(child->as);
    pid_free(child->pid);
    if (child->cred)
        cred_reaped(child);
    proc_unref(child);
}

struct thread *thread_copy(struct proc *p, const struct fork_args *a)
{
    struct thread *me = thread_current(), *t = thread_create(p, NULL, NULL);

    if (!t)
        return NULL;
    t->as = p->as;
    if (a->flags & CLONE_CHILD_CLEARTID)
        t->clear_tid = a->ctid;
    arch_thread_init_fork(t, me);
    if (arch_thread_copy_vfp(t, me)) {
        thread_free(t);
        return NULL;
    }
    t->tls = a->flags & CLONE_SETTLS ? a->tls : me->tls;
    if (a->stack)
        arch_set_sp(t, a->stack);
    return t;
}

/* As Linux does, a bad pointer is the caller's own trouble: the child is made all the same. */
static void tell_tids(const struct proc *child, const struct fork_args *a)
{
    uint32_t tid = (uint32_t)child->pid;
    int ignored = 0;

    if (a->flags & CLONE_PARENT_SETTID)
        ignored |= put_user32(a->ptid, tid);
    if (a->flags & CLONE_CHILD_SETTID && a->flags & CLONE_VM)
        ignored |= put_user32(a->ctid, tid);
    else if (a->flags & CLONE_CHILD_SETTID && user_range_ok(a->ctid, sizeof(tid)))
        ignored |= as_poke(child->as, a->ctid, &tid, sizeof(tid));
    (void)ignored;
}

/* What the process lock protects; from here on the child can be found and killed. False: a signal
 * came first, and who sends one to a group would miss the child. */
static bool enter(struct proc *child, struct proc *parent, struct thread *t, bool vfork)
{
    proc_share();
    if (unlikely(thread_current()->work & WORK_SIGNAL)) {
        proc_unshare();
        return false;
    }
    child->pgid = parent->pgid;
    child->sid = parent->sid;
    child->umask = parent->umask;
    child->traced = parent->traced;
    child->undumpable = parent->undumpable;
    child->fork_copies = parent->fork_copies;
    for (unsigned i = 0; i < COMM_SIZE; i++)
        child->comm[i] = parent->comm[i];
    child->nthreads = 1;
    if (vfork) {
        child->vfork_parent = parent;
        proc_ref(child);
    }
    proc_enter_locked(child, parent);
    thread_start(t, vfork);
    proc_unshare();
    return true;
}

/* Sleeps until the child has an address space of its own or is dead; a kill ends the wait, and
 * then the child does not know us any more. */
static void wait_for_vfork(struct proc *child, struct proc *me)
{
    int error = 0;

    while (!error) {
        uint32_t mask = spin_lock_irq(&me->child_wait.lock);

        if (child->vfork_done) {
            spin_unlock_irq(&me->child_wait.lock, mask);
            break;
        }
        error = waitq_sleep(&me->child_wait, mask, SLEEP_KILLABLE, UINT64_MAX);
    }
    if (error) {
        proc_lock();
        child->vfork_parent = NULL;
        proc_unlock();
    }
    proc_unref(child);
}

void vfork_release(struct proc *p)
{
    struct proc *parent;

    if (likely(!p->vfork_parent))
        return;
    proc_share();
    parent = p->vfork_parent;
    p->vfork_parent = NULL;
    if (parent) {
        uint32_t mask = spin_lock_irq(&parent->child_wait.lock);

        p->vfork_done = true;
        waitq_wake_locked(&parent->child_wait, WAITQ_ALL);
        spin_unlock_irq(&parent->child_wait.lock, mask);
    }
    proc_unshare();
    if (unlikely(p->sig.pending.set | thread_current()->sig.pending.set))
        signal_set_mask(thread_current()->sig.mask); /* what would have stopped us may now */
}

/* Steps: is it a call that we know; a process with a number; memory, shared or copied; files; a
 * thread; the numbers that the caller wants written; entering and starting it; for vfork waiting
 * until it has left our memory. Everything before entering can fail and is undone by discard(). */
int proc_fork(const struct fork_args *a)
{
    struct proc *me = proc_current(), *child;
    struct thread *t = NULL;
    int error = check(a->flags), pid;

    if (error)
        return error;
    child = proc_alloc(&error);
    if (!child)
        return error;
    if (unlikely(thread_current()->cred))
        error = cred_fork(child);
    if (!error && unlikely(me->limits))
        error = limits_fork(child, me);
    if (!error)
        error = copy_memory(child, me, a->flags);
    if (!error)
        error = copy_files(child, me);
    if (!error)
        t = thread_copy(child, a);
    if (!t) {
        discard(child);
        return error ? error : -ENOMEM;
    }
    signal_fork(child, t, me);
    pid = child->pid;
    tell_tids(child, a);
    trace(TRACE_FORK, (uint32_t)me->pid, (uint32_t)pid);
    stat_count(&proc_stats()->forks);
    proc_stats()->last_pid = pid;
    if (!enter(child, me, t, a->flags & CLONE_VFORK)) {
        thread_free(t);
        discard(child);
        return signal_restart(RESTART_ALWAYS);
    }
    if (a->flags & CLONE_VFORK)
        wait_for_vfork(child, me);
    return pid;
}
