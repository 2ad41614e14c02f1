/* SPDX-License-Identifier: MIT
 *
 * Processes as objects: finding, references, groups and sessions. Invariants: a process is in the
 * table of numbers from fork to reaping; only a zombie has no address space and no files; everybody
 * but init has a parent. Locks: (P), proc_lock.c.
 */
#include "proc/proc.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/panic.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"
#include "proc/refs_control.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"

static struct proc *init; /* (c) once there */

static struct slab_cache proc_cache = SLAB_CACHE("proc", sizeof(struct proc));

struct proc *proc_init(void)
{
    return init;
}

struct proc *proc_alloc(int *error)
{
    struct proc *p = slab_alloc(&proc_cache);
    int pid = !p ? -ENOMEM : init ? pid_alloc() : pid_alloc_init();

    if (pid < 0) {
        if (p)
            slab_free(&proc_cache, p);
        *error = pid;
        return NULL;
    }
    p->pid = pid;
    p->part = (uint8_t)thread_part_here();
    p->refs = 1;
    list_init(&p->children);
    list_init(&p->threads);
    waitq_init(&p->child_wait);
    p->start_ns = clock_ns();
    return p;
}

void proc_unref(struct proc *p)
{
    if (ref_drop(&p->refs))
        return;
    if (unlikely(p->recording))
        recording_put(p->recording);
    if (unlikely(p->sig.pending.set || p->sig.spent || p->sig.handlers))
        signal_proc_forget(p);
    if (unlikely(p->cred))
        cred_proc_freed(p);
    if (unlikely(p->limits))
        limits_free(p);
    slab_free(&proc_cache, p);
}

void proc_enter_locked(struct proc *p, struct proc *parent)
{
    kdebug_assert(proc_locked());
    p->parent = parent;
    p->ppid = parent ? parent->pid : 0;
    if (parent) {
        uint32_t mask = spin_lock_irq(&parent->child_wait.lock);

        list_push_back(&parent->children, &p->sibling);
        spin_unlock_irq(&parent->child_wait.lock, mask);
    } else {
        init = p;
    }
    pid_set(p->pid, p);
}

void proc_reap_locked(struct proc *p)
{
    kdebug_assert(proc_locked() && !list_linked(&p->sibling));
    if (unlikely(p->cred))
        cred_reaped(p);
    pid_free(p->pid);
    proc_unref(p);
}

struct vnode *proc_cwd(void)
{
    struct proc *p = proc_current();
    struct vnode *v;

    if (likely(p->nthreads == 1)) /* nobody else changes it */
        return vnode_ref(p->cwd);
    proc_share();
    v = vnode_ref(p->cwd);
    proc_unshare();
    return v;
}

struct vnode *proc_change_cwd(struct vnode *v)
{
    struct proc *p = proc_current();
    bool alone = p->nthreads == 1;
    struct vnode *old;

    if (likely(alone))
        proc_share();
    else
        proc_lock(); /* other threads share it */
    old = p->cwd;
    p->cwd = v;
    if (likely(alone))
        proc_unshare();
    else
        proc_unlock();
    return old;
}

struct vnode *vnode_top(void)
{
    const struct proc *p = thread_current()->proc;

    return likely(!p || !p->root) ? vnode_root() : p->root;
}

struct vnode *proc_root(void)
{
    const struct proc *p = proc_current();
    struct vnode *v;

    if (likely(!p->root))
        return NULL;
    names_read();
    v = p->root ? vnode_ref(p->root) : NULL;
    names_read_done();
    return v;
}

void proc_change_root(struct vnode *v)
{
    struct proc *p = proc_current();
    struct vnode *old;
    bool first = v == vnode_root();

    names_write(); /* nobody walks */
    proc_lock();
    old = p->root;
    p->root = first ? NULL : v;
    proc_unlock();
    names_write_done();
    vnode_unref(old);
    if (first)
        vnode_unref(v);
}

void proc_set_comm(char comm[COMM_SIZE], const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = MIN(strlen(name), (size_t)COMM_SIZE - 1);

    memcpy(comm, name, n);
    memset(comm + n, 0, COMM_SIZE - n);
}

/* The process that a call with pid means: 0 the caller. */
static struct proc *target_locked(int pid)
{
    return pid ? pid_proc(pid) : proc_current();
}

static bool group_exists_locked(int pgid, int sid)
{
    proc_for_each_locked (p) {
        if (p->pgid == pgid && p->sid == sid)
            return true;
    }
    return false;
}

static int set_group_locked(struct proc *p, int pgid)
{
    struct proc *me = proc_current();

    if (!p || (p != me && p->parent != me))
        return -ESRCH;
    if (p->sid == p->pid || p->sid != me->sid)
        return -EPERM;
    if (p != me && p->execed)
        return -EACCES;
    if (pgid != p->pid && pgid != p->pgid && !group_exists_locked(pgid, p->sid))
        return -EPERM;
    p->pgid = pgid;
    return 0;
}

int proc_set_group(int pid, int pgid)
{
    struct proc *p;
    int error;

    if (pgid < 0 || pid < 0)
        return -EINVAL;
    proc_lock();
    p = target_locked(pid);
    error = !p && thread_pid(pid) ? -EINVAL : set_group_locked(p, pgid || !p ? pgid : p->pid);
    proc_unlock();
    return error;
}

int proc_get_group(int pid, bool session)
{
    struct proc *p;
    int result = -ESRCH;

    proc_lock();
    p = target_locked(pid);
    if (p)
        result = session ? p->sid : p->pgid;
    proc_unlock();
    return result;
}

int proc_new_session(void)
{
    struct proc *p = proc_current();
    int result = -EPERM;

    proc_lock();
    if (p->pgid != p->pid && !group_exists_locked(p->pid, p->sid)) {
        p->pgid = p->sid = p->pid;
        result = p->pid;
    }
    proc_unlock();
    return result;
}
