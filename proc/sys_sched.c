/* SPDX-License-Identifier: MIT
 *
 * System calls about scheduling: nice values, policies (everybody is SCHED_OTHER, and nothing else
 * is to be had), CPUs that a thread may run on. A nice value is a thread's, as on Linux, and says
 * how long its slices are: sched.c. Locks: (P).
 */
#include "fs/cred.h"
#include "kern/cpu.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/pid.h"
#include "proc/sched_impl.h"
#include "proc/sys_impl.h"

#define SCHED_OTHER 0u
#define SCHED_FIFO  1u
#define SCHED_RR    2u
#define SCHED_BATCH 3u
#define SCHED_IDLE  5u

#define NICE_LEAST (-20)
#define NICE_MOST  19
#define NICE_RANK  20 /* getpriority answers this less the value */

/* Whose priority. */
enum which { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

/* The thread of that number, or NULL. (P) held. */
static struct thread *find_thread_locked(int tid)
{
    struct proc *p = pid_proc(tid);

    if (!p)
        p = pid_proc(thread_pid(tid));
    if (!p)
        return NULL;
    list_for_each (it, &p->threads) {
        struct thread *t = container_of(it, struct thread, siblings);

        if (t->tid == tid)
            return t;
    }
    return NULL;
}

/* One of those asked for: told its value, or with set given one. */
struct nice_request {
    bool set;
    int nice;
    int result; /* -ESRCH as long as there was none; else getpriority's, or the last error */
};

/* 0, -EPERM: another's; -EACCES: more than the caller may have. */
static int may_nice(struct thread *t, int nice)
{
    uint32_t limit = limit_soft(t->proc, RLIMIT_NICE);

    if (cred_may_schedule(t->proc))
        return -EPERM;
    if (nice >= t->nice || capable(CAP_SYS_NICE) || (uint32_t)(NICE_RANK - nice) <= limit)
        return 0;
    return -EACCES;
}

static void nice_one(struct nice_request *r, struct thread *t)
{
    int error;

    if (!r->set) {
        r->result = MAX(r->result, NICE_RANK - t->nice);
        return;
    }
    error = may_nice(t, r->nice);
    if (!error)
        sched_set_nice(t, r->nice);
    if (error || r->result == -ESRCH)
        r->result = error;
}

static bool is_of(struct proc *p, uint32_t which, uint32_t who)
{
    if (which == PRIO_USER)
        return cred_uid(p) == who;
    return p->pgid == (int)(who ? who : (uint32_t)proc_current()->pgid);
}

static int nice_all(struct nice_request *r, uint32_t which, uint32_t who)
{
    struct thread *t;

    if (which > PRIO_USER)
        return -EINVAL;
    if (which == PRIO_USER && !who)
        who = cred_uid(proc_current());
    r->result = -ESRCH;
    proc_lock();
    if (which == PRIO_PROCESS) {
        t = who ? find_thread_locked((int)who) : thread_current();
        if (t)
            nice_one(r, t);
    } else {
        proc_for_each_locked (p)
            if (is_of(p, which, who))
                list_for_each (it, &p->threads)
                    nice_one(r, container_of(it, struct thread, siblings));
    }
    proc_unlock();
    preempt_point();
    return r->result;
}

SYSCALL2(sys_getpriority, which, who)
{
    struct nice_request r = {.set = false};

    return nice_all(&r, which, who);
}

SYSCALL3(sys_setpriority, which, who, nice)
{
    struct nice_request r = {.set = true, .nice = MAX(MIN((int)nice, NICE_MOST), NICE_LEAST)};

    return nice_all(&r, which, who);
}

/* There is a thread of that number: 0, -EINVAL, -ESRCH. */
static int check_thread(uint32_t tid)
{
    bool found;

    if ((int)tid < 0)
        return -EINVAL;
    if (!tid)
        return 0;
    proc_lock();
    found = find_thread_locked((int)tid) != NULL;
    proc_unlock();
    return found ? 0 : -ESRCH;
}

SYSCALL1(sys_sched_getscheduler, pid)
{
    int error = check_thread(pid);

    return error ? error : (long)SCHED_OTHER;
}

SYSCALL2(sys_sched_getparam, pid, uparam)
{
    int error = uparam ? check_thread(pid) : -EINVAL;

    return error ? error : put_user32(uparam, 0);
}

static int set_param(uint32_t pid, vaddr_t uparam)
{
    uint32_t priority;
    int error;

    if ((int)pid < 0 || !uparam)
        return -EINVAL;
    if (get_user32(&priority, uparam))
        return -EFAULT;
    error = check_thread(pid);
    if (error)
        return error;
    return priority == 0 ? 0 : -EINVAL;
}

SYSCALL2(sys_sched_setparam, pid, uparam)
{
    return set_param(pid, uparam);
}

SYSCALL3(sys_sched_setscheduler, pid, policy, uparam)
{
    return policy == SCHED_OTHER ? set_param(pid, uparam) : -EINVAL;
}

static bool policy_known(uint32_t policy)
{
    return policy <= SCHED_BATCH || policy == SCHED_IDLE;
}

SYSCALL1(sys_sched_get_priority_max, policy)
{
    if (!policy_known(policy))
        return -EINVAL;
    return policy == SCHED_FIFO || policy == SCHED_RR ? 99 : 0;
}

SYSCALL1(sys_sched_get_priority_min, policy)
{
    if (!policy_known(policy))
        return -EINVAL;
    return policy == SCHED_FIFO || policy == SCHED_RR ? 1 : 0;
}

SYSCALL2(sys_sched_rr_get_interval, pid, uinterval)
{
    struct timespec32 slice = {.nsec = SLICE_NS};
    int error = check_thread(pid);

    return error ? error : copy_to_user(uinterval, &slice, sizeof(slice));
}

/* The affinity of a thread; with *set (if not NULL) it is changed. -ESRCH, -EPERM; -EINVAL: *set
 * is empty. */
static int affinity_of(int tid, const uint32_t *set, uint32_t *cpus)
{
    struct thread *t;
    int error = -ESRCH;

    if (tid < 0)
        return -ESRCH;
    proc_lock();
    t = tid ? find_thread_locked(tid) : thread_current();
    if (t)
        error = set ? cred_may_schedule(t->proc) : 0;
    if (!error && set && !*set)
        error = -EINVAL;
    if (!error) {
        if (set)
            sched_set_affinity(t, *set);
        *cpus = t->affinity;
    }
    proc_unlock();
    preempt_point();
    return error;
}

/* Answers the bytes written, as Linux's call does. */
SYSCALL3(sys_sched_getaffinity, pid, len, umask)
{
    uint32_t cpus;
    int error;

    if (len < sizeof(uint32_t) || len % sizeof(uint32_t))
        return -EINVAL;
    error = affinity_of((int)pid, NULL, &cpus);
    if (error)
        return error;
    return put_user32(umask, cpus & cpus_online()) ? -EFAULT : (long)sizeof(uint32_t);
}

/* A short mask has no further CPUs. */
SYSCALL3(sys_sched_setaffinity, pid, len, umask)
{
    uint32_t mask = 0, cpus;

    if (copy_from_user(&mask, umask, MIN(len, (uint32_t)sizeof(mask))))
        return -EFAULT;
    mask &= cpus_online();
    return affinity_of((int)pid, &mask, &cpus);
}
