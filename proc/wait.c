/* SPDX-License-Identifier: MIT
 *
 * wait4 and waitid. Zombies stand first among their parent's children, so that waiting for anyone
 * looks at one child and waiting for a pid at one slot of the table; only waiting for a group
 * walks. Locks: the process lock for the look, then the parent's child_wait, taken before the
 * process lock is given back: who becomes a zombie in between is not missed.
 */
#include "include/uapi/errno.h"
#include "kern/waitq.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"

static struct proc *child_of(struct list_link *l)
{
    return container_of(l, struct proc, sibling);
}

/* A zombie of the group, or NULL; *any: some child is of the group. */
static struct proc *find_in_group(struct proc *me, int pgid, bool *any)
{
    list_for_each (it, &me->children) {
        struct proc *p = child_of(it);

        if (p->pgid == pgid) {
            *any = true;
            if (p->zombie)
                return p;
        }
    }
    return NULL;
}

/* The child to reap: 0 and *found, which is NULL if none is ready, or -ECHILD. (P) held. */
static int search_locked(struct proc *me, const struct wait_request *req, struct proc **found)
{
    int pid = req->pid;
    struct proc *p = NULL;
    bool any = false;

    if (req->group) {
        p = find_in_group(me, pid, &any);
    } else if (pid == -1) {
        struct list_link *first = list_first(&me->children);

        any = first != NULL;
        p = any ? child_of(first) : NULL;
    } else if (pid > 0) {
        p = pid_proc(pid);
        any = p && p->parent == me;
    } else {
        p = find_in_group(me, pid == 0 ? me->pgid : -pid, &any);
    }
    *found = any && p && p->zombie ? p : NULL;
    return any ? 0 : -ECHILD;
}

static void take_locked(struct proc *me, struct proc *p, bool reap, struct wait_result *res)
{
    res->pid = p->pid;
    res->status = p->exit_status;
    res->user_ns = p->user_ns + p->child_user_ns;
    res->kernel_ns = p->kernel_ns + p->child_kernel_ns;
    if (!reap)
        return;
    me->child_user_ns += res->user_ns;
    me->child_kernel_ns += res->kernel_ns;
    proc_reap_locked(p);
}

int proc_wait(const struct wait_request *req, struct wait_result *res)
{
    struct proc *me = proc_current(), *p;
    int error;

    if (req->pid == INT32_MIN)
        return -ESRCH;
    for (;;) {
        uint32_t mask;

        proc_lock();
        error = search_locked(me, req, &p);
        if (unlikely(p && __atomic_load_n(&p->leaving, __ATOMIC_ACQUIRE))) {
            proc_ref(p);
            proc_unlock(); /* its thread still runs a few instructions elsewhere */
            do
                sched_yield();
            while (__atomic_load_n(&p->leaving, __ATOMIC_ACQUIRE));
            proc_unref(p);
            continue;
        }
        if (error || req->nohang || p) {
            if (!error && p && !req->no_exits)
                take_locked(me, p, !req->nowait, res);
            else
                p = NULL;
            proc_unlock();
            return error ? error : p ? res->pid : 0;
        }
        mask = spin_lock_irq(&me->child_wait.lock);
        proc_unlock();
        error = waitq_sleep(&me->child_wait, mask, true, UINT64_MAX);
        if (error)
            return error;
    }
}
