/* SPDX-License-Identifier: MIT
 *
 * The end of threads and processes. The last thread closes and leaves everything and makes a zombie
 * of the process, which the parent's wait, or init's, takes away; the others only leave. O(own
 * children), O(pages in use), nothing else.
 * Locks: the process lock twice: to take what is to be given back, and to become a zombie; it is
 * shared, but to hand over children.
 */
#include "fs/tty.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/bootargs.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "kern/power.h"
#include "kern/trace.h"
#include "kern/waitq.h"
#include "mm/uaccess.h"
#include "proc/cpu_time.h"
#include "proc/futex.h"
#include "proc/proc_impl.h"
#include "proc/proc_timers.h"
#include "proc/refs_control.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"
#include "proc/stats.h"

/* What a process gives back without the process lock, since that may sleep. */
struct belongings {
    struct fdtable *files;
    struct vnode *cwd, *root, *exe;
    bool children; /* there were some */
};

/* The process is there until the thread is freed. (P) and child_wait.lock held. */
static void account_locked(struct proc *p, struct thread *t)
{
    t->was = p;
    proc_ref(p);
    __atomic_fetch_add(&p->leaving, 1, __ATOMIC_RELAXED);
    p->nthreads--;
}

/* The first to end the process decides the status and kills its fellows. Likewise. */
static void begin_locked(struct proc *p, int status)
{
    uint32_t mask;

    if (p->exiting)
        return;
    p->exiting = true;
    p->exit_status = status;
    if (p->nthreads == 0)
        return;
    mask = thread_table_lock(p);
    list_for_each (it, &p->threads)
        thread_set_work(container_of(it, struct thread, siblings), WORK_KILL);
    thread_table_unlock(p, mask);
}

/* One of several threads is gone. Whoever waits for that, or for the process to stand still, is
 * told. (P) shared, and given back. */
static void leave_fellows(struct proc *p, struct thread *t)
{
    bool stopped = thread_unlink(t);

    proc_unshare();
    if (p->alone)
        waitq_wake(&p->child_wait, WAITQ_ALL);
    if (stopped)
        job_tell_stopped(p);
    signal_free_spent(p);
}

/* Takes files and directory from the process, its address space too: /proc finds none of them any
 * more. whole: the process ends with the thread. True if the caller was the last thread. */
static bool strip(struct proc *p, struct thread *t, int status, bool whole, struct belongings *b)
{
    bool last, children;
    uint32_t mask;

    proc_share();
    mask = spin_lock_irq(&p->child_wait.lock);
    account_locked(p, t);
    last = p->nthreads == 0;
    if (whole || last)
        begin_locked(p, status);
    /* A child that dies at this moment is on the list for all of it, or done with us. */
    children = !list_empty(&p->children);
    spin_unlock_irq(&p->child_wait.lock, mask);
    if (last) {
        *b = (struct belongings){p->files, p->cwd, p->root, p->exe, children};
        p->files = NULL;
        p->cwd = p->root = p->exe = NULL;
        p->as = NULL;
        proc_unshare();
    } else {
        leave_fellows(p, t);
    }
    return last;
}

static void close_files(struct belongings *b)
{
    fdtable_unref(b->files);
    vnode_unref(b->cwd);
    if (unlikely(b->root))
        vnode_unref(b->root);
    proc_put_exe(b->exe);
}

void thread_forget_futexes(struct thread *t)
{
    if (t->robust)
        futex_robust_exit(t);
    if (t->clear_tid && t->as->users > 1 && !put_user32(t->clear_tid, 0))
        (void)futex_wake(&(struct futex){.at = t->clear_tid}, 1, FUTEX_ANY);
    t->robust = t->clear_tid = 0;
}

static void leave_memory(struct thread *t)
{
    struct as *as = t->as;

    t->as = NULL;
    hat_switch(NULL); /* others may stay in it, and be gone before this CPU looks again */
    as_leave(as);
}

/* Orphans become init's children; zombies among them are init's to reap at once. */
static void give_children_away(struct proc *p)
{
    struct proc *init = proc_init();
    bool zombies = false;
    struct list_link *l;

    proc_lock();
    while ((l = list_pop_front(&p->children)) != NULL) {
        struct proc *child = container_of(l, struct proc, sibling);

        child->parent = init;
        child->ppid = init->pid;
        if (child->zombie)
            list_push_front(&init->children, l);
        else
            list_push_back(&init->children, l);
        zombies |= child->zombie;
        preempt_point();
    }
    proc_unlock();
    if (zombies)
        waitq_wake(&init->child_wait, WAITQ_ALL);
}

/* Zombies stand first among the children, so that wait finds them without a search. Whose parent
 * does not want to know is reaped at once. */
static void become_zombie(struct proc *p, struct thread *t)
{
    struct proc *parent;
    struct child_signal sig = {0};
    uint32_t mask;

    proc_share();
    parent = p->parent;
    thread_unlink(t);
    mask = signal_child_lock(parent, p, 0, &sig);
    p->zombie = true;
    list_remove(&p->sibling);
    if (unlikely(sig.reaps))
        p->parent = NULL;
    else
        list_push_front(&parent->children, &p->sibling);
    if (unlikely(sig.sends))
        signal_child_send(parent, &sig);
    waitq_wake_locked(&parent->child_wait, WAITQ_ALL);
    spin_unlock_irq(&parent->child_wait.lock, mask);
    if (unlikely(sig.sends))
        signal_free_spent(parent);
    if (unlikely(sig.reaps))
        proc_reap_locked(p);
    proc_unshare();
}

void init_died(int status)
{
    int code = status & 127 ? 128 + (status & 127) : status >> 8 & 255;

    if (status & 127)
        log_printf("init was killed by signal %d\n", status & 127);
    else
        log_printf("init exited with status %d\n", code);
    if (power_has_semihosting())
        power_off(code);
    if (bootargs_is("panic", "poweroff"))
        power_off(1);
    cpu_pause_others();
    log_printf("init is gone: the machine stops\n");
    arch_halt();
}

/* Steps: give up futexes, while the memory is there; take from the process what it has, so that
 * nobody finds it half gone; close files; leave memory; let a vfork parent go on; hand children to
 * init and become a zombie; end the thread. A thread that is not the last one only leaves. */
static void __noreturn end(int status, bool whole)
{
    struct thread *t = thread_current();
    struct proc *p = t->proc;
    struct belongings b;

    trace(TRACE_EXIT, (uint32_t)p->pid, (uint32_t)status);
    if (unlikely(t->robust | t->clear_tid))
        thread_forget_futexes(t);
    if (p->nthreads == 1)
        proc_note_most(p);
    if (unlikely(!strip(p, t, status, whole, &b))) {
        leave_memory(t);
        thread_exit();
    }
    stat_count(&proc_stats()->exits);
    if (p->pid == 1)
        init_died(p->exit_status);
    if (p->sid == p->pid)
        job_hang_up(tty_end_session(p->pid));
    close_files(&b);
    if (unlikely(p->timers))
        timers_exit(p);
    if (unlikely(p->recording))
        refs_exit(p);
    leave_memory(t);
    vfork_release(p);
    job_leave(p);
    if (unlikely(b.children))
        give_children_away(p);
    become_zombie(p, t);
    thread_exit();
}

void proc_exit(int status)
{
    end(status, true);
}

void thread_end(int status)
{
    end(status, false);
}
