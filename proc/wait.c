/* SPDX-License-Identifier: MIT
 *
 * wait4 and waitid. Zombies stand first among their parent's children, so that waiting for anyone
 * looks at one child and waiting for a pid at one slot of the table; only waiting for a group, or
 * for those who stand still or go on, walks. Locks: the process lock for the look, then the
 * parent's child_wait, which is kept when the process lock is given back: who becomes a zombie in
 * between is not missed.
 */
#include "include/uapi/errno.h"
#include "kern/waitq.h"
#include "proc/cred.h"
#include "proc/cpu_time.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"

static struct proc *child_of(struct list_link *l)
{
    return container_of(l, struct proc, sibling);
}

static bool of_group(const struct wait_request *req)
{
    return req->group || req->pid == 0 || req->pid < -1;
}

/* All children are looked at. */
static bool walks(const struct wait_request *req)
{
    return of_group(req) || (req->pid == -1 && (req->stopped || req->continued));
}

/* There is something to tell of child p. The caller's child_wait.lock held. */
static bool is_ready(const struct proc *p, const struct wait_request *req)
{
    if (p->zombie)
        return !req->no_exits;
    if (p->sig.event == EVENT_CONTINUED)
        return req->continued;
    return p->sig.event && req->stopped && p->sig.stop_sig; /* and nobody has let it go on since */
}

/* The first that is ready, of a group or of all, or NULL; *any: there are such children. */
static struct proc *find(struct proc *me, const struct wait_request *req, bool *any)
{
    int pgid = req->group ? req->pid : req->pid ? -req->pid : me->pgid;

    list_for_each (it, &me->children) {
        struct proc *p = child_of(it);

        if (of_group(req) && p->pgid != pgid)
            continue;
        *any = true;
        if (is_ready(p, req))
            return p;
    }
    return NULL;
}

/* One look at the children; the locks are held that look() takes. */
struct look {
    bool walks;         /* at all of them */
    struct proc *child; /* that is asked for and ready, or NULL; `named`: that has the number */
    struct proc *named; /* with a reference, or NULL */
    bool any;           /* there are such children */
    uint32_t mask;
};

/* With (P) held whole where all children are looked at, else shared; and with child_wait.lock. */
static void look(struct proc *me, const struct wait_request *req, struct look *l)
{
    struct proc *p = NULL;

    *l = (struct look){.walks = walks(req)};
    if (l->walks) {
        proc_lock();
    } else {
        proc_share();
        if (req->pid > 0)
            l->named = p = pid_ref(req->pid);
    }
    l->mask = spin_lock_irq(&me->child_wait.lock);
    if (l->walks) {
        p = find(me, req, &l->any);
    } else if (req->pid == -1) {
        struct list_link *first = list_first(&me->children);

        p = first ? child_of(first) : NULL;
        l->any = p != NULL;
    } else if (l->named) {
        l->any = p->parent == me;
    }
    l->child = l->any && p && is_ready(p, req) ? p : NULL;
}

/* child_wait.lock is held or not. */
static void look_end(const struct look *l)
{
    if (l->walks)
        proc_unlock();
    else
        proc_unshare();
    if (l->named)
        proc_unref(l->named);
}

/* child_wait.lock held. A zombie that is reaped is nobody's child afterwards; that a living one
 * stands still or goes on is told once. */
static void take_locked(struct proc *me, struct proc *p, const struct wait_request *req,
                        struct wait_result *res)
{
    res->pid = p->pid;
    res->uid = cred_uid(p);
    if (!p->zombie) {
        res->status =
            p->sig.event == EVENT_CONTINUED ? WSTATUS_CONTINUED : WSTATUS_STOP(p->sig.event);
        if (!req->nowait)
            p->sig.event = 0;
        return;
    }
    res->status = p->exit_status;
    res->user_ns = p->user_ns + p->child_user_ns;
    res->kernel_ns = p->kernel_ns + p->child_kernel_ns;
    if (unlikely(req->usage))
        res->used = usage_with_children(p);
    if (req->nowait)
        return;
    proc_account_child(me, p);
    list_remove(&p->sibling);
    p->parent = NULL;
}

/* Threads of p still run a few instructions elsewhere: waits for that. */
static void wait_for_thread(struct proc *me, const struct look *l)
{
    struct proc *p = l->child;

    proc_ref(p);
    spin_unlock_irq(&me->child_wait.lock, l->mask);
    look_end(l);
    do
        sched_yield();
    while (__atomic_load_n(&p->leaving, __ATOMIC_ACQUIRE));
    proc_unref(p);
}

/* What the look found, which is enough to answer: a child, none that is ready, or none at all. */
static int answer(struct proc *me, const struct wait_request *req, const struct look *l,
                  struct wait_result *res)
{
    struct proc *p = l->child;
    bool reaps = p && p->zombie && !req->nowait;

    if (p)
        take_locked(me, p, req, res);
    spin_unlock_irq(&me->child_wait.lock, l->mask);
    if (reaps)
        proc_reap_locked(p);
    look_end(l);
    return !l->any ? -ECHILD : p ? res->pid : 0;
}

/* A handler is to run that may jump away from the call, as bash's does for a trap: the status of a
 * child that is taken now would be lost. Linux takes it all the same; there whoever is signalled
 * mostly runs before the sender ends. */
static bool handler_goes_first(void)
{
    return unlikely(thread_current()->work & WORK_SIGNAL) && signal_handler_pending_except(SIGCHLD);
}

int proc_wait(const struct wait_request *req, struct wait_result *res)
{
    struct proc *me = proc_current();
    bool interrupted = false;

    if (req->pid == INT32_MIN)
        return -ESRCH;
    for (;;) {
        struct look l;

        look(me, req, &l);
        if (!req->nohang && l.any && handler_goes_first()) {
            interrupted = true;
        } else if (unlikely(l.child && l.child->zombie &&
                            __atomic_load_n(&l.child->leaving, __ATOMIC_ACQUIRE))) {
            wait_for_thread(me, &l);
            continue;
        } else if (l.child || !l.any || req->nohang) {
            return answer(me, req, &l, res);
        }
        if (interrupted) { /* perhaps by the SIGCHLD of who was ready: hence the last look */
            spin_unlock_irq(&me->child_wait.lock, l.mask);
            look_end(&l);
            return -EINTR;
        }
        look_end(&l);
        interrupted = waitq_sleep(&me->child_wait, l.mask, SLEEP_LIGHT, UINT64_MAX) == -EINTR;
    }
}
