/* SPDX-License-Identifier: MIT
 *
 * Threads as objects: made, started, ended, freed, and the table of all of them. A thread is in the
 * table from thread_start until it ends; its number goes back when it is freed, but that of a
 * process's first thread, which is the pid, when the process is reaped.
 * Locks: (T), interrupts masked, above the run-queue lock: the table is in parts, each with a lock,
 * so that CPUs that start and end threads do not meet; the threads of one process are in one part.
 * Who looks through all of them first keeps everybody out: of a group that is killed while its
 * members fork, nobody escapes (as proc_lock.c does for the process lock).
 */
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/cpu.h"
#include "kern/kthread.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/cpu_time.h"
#include "proc/pid.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"

#define PART(i)                                                                                    \
    {                                                                                              \
        .lock = SPIN_INIT(LOCK_THREADS), .all = LIST_INIT(threads.part[i].all)                     \
    }

static struct {
    struct spin whole; /* who looks through all of it, */
    uint32_t taken;    /* atomic, written with `whole`: and keeps the others out of the parts */
    uint32_t count;    /* atomic */
    uint32_t dying;    /* atomic: out of the table, not freed */
    struct {
        struct spin lock;
        struct list all; /* (lock) */
    } __aligned(64) part[4];
} threads = {.whole = SPIN_INIT(LOCK_ALL_THREADS), .part = {PART(0), PART(1), PART(2), PART(3)}};

static struct slab_cache thread_cache = SLAB_CACHE("thread", sizeof(struct thread));

unsigned cpu_id(void)
{
    return cpu_self()->id;
}

uint16_t cpu_thread_id(void)
{
    struct thread *t = thread_current();

    return t ? (uint16_t)t->tid : 0;
}

#if CONFIG_LOCKCHECK
struct lock_list *lock_list_of_thread(void)
{
    struct thread *t = thread_current();

    return t ? &t->locks : NULL;
}
#endif

bool thread_traced(const struct thread *t)
{
    return t && t->proc && t->proc->traced;
}

bool cpu_thread_traced(void)
{
    return thread_traced(thread_current());
}

/* Somebody looks through all parts: gives part i back meanwhile. Whoever comes to look next waits
 * for us. */
static __noinline void let_through(unsigned i)
{
    spin_unlock(&threads.part[i].lock);
    spin_lock(&threads.whole);
    spin_lock(&threads.part[i].lock);
    spin_unlock(&threads.whole);
}

static inline uint32_t lock_part(unsigned i)
{
    uint32_t mask = spin_lock_irq(&threads.part[i].lock);

    if (unlikely(__atomic_load_n(&threads.taken, __ATOMIC_ACQUIRE)))
        let_through(i);
    return mask;
}

uint32_t thread_table_lock(const struct proc *p)
{
    return lock_part(p->part);
}

void thread_table_unlock(const struct proc *p, uint32_t mask)
{
    spin_unlock_irq(&threads.part[p->part].lock, mask);
}

unsigned thread_part_here(void)
{
    return cpu_id() % ARRAY_SIZE(threads.part);
}

/* Here, not in cred.c, so that it is inlined into what is compiled for speed. */
const struct cred *cred_current(void)
{
    return thread_current()->cred;
}

static bool tid_is_pid(const struct thread *t)
{
    return t->proc && t->tid == t->proc->pid;
}

struct thread *thread_create(struct proc *p, void (*entry)(void *), void *arg)
{
    struct thread *t = slab_alloc(&thread_cache);

    if (!t)
        return NULL;
    t->proc = p;
    t->tid = !p ? pid_alloc_kernel() : p->nthreads == 0 ? p->pid : pid_alloc();
    t->kstack = t->tid > 0 ? arch_kstack_alloc() : NULL;
    if (!t->kstack) {
        if (t->tid > 0 && !tid_is_pid(t))
            pid_free(t->tid);
        slab_free(&thread_cache, t);
        return NULL;
    }
    t->at_edge = true;
    t->affinity = thread_current()->proc ? thread_current()->affinity : ~0u;
    t->rq = thread_current()->rq;
    t->further = p && p->nthreads != 0;
    if (unlikely(thread_current()->cred) && p)
        cred_thread_made(t);
    if (entry)
        arch_thread_init(t, entry, arg);
    return t;
}

/* t->proc is NULL, or p of a thread that never ran: then a number that is the pid stays p's. */
void thread_free(struct thread *t)
{
    struct proc *was = t->was;
    bool ended = t->state == THREAD_ZOMBIE;

    if (unlikely(t->cred))
        cred_thread_freed(t);
    arch_thread_release(t);
    arch_kstack_free(t->kstack);
    if (t->tid > 0 && !tid_is_pid(t))
        pid_free(t->tid);
    slab_free(&thread_cache, t);
    if (was) {
        __atomic_fetch_sub(&was->leaving, 1, __ATOMIC_RELEASE);
        proc_unref(was);
    }
    if (ended)
        __atomic_fetch_sub(&threads.dying, 1, __ATOMIC_RELEASE);
}

uint32_t threads_dying(void)
{
    return __atomic_load_n(&threads.dying, __ATOMIC_ACQUIRE);
}

void thread_start(struct thread *t, bool maker_waits)
{
    unsigned here = t->proc ? t->proc->part : thread_part_here();
    uint32_t mask = lock_part(here);

    t->part = (uint8_t)here;
    list_push_back(&threads.part[here].all, &t->all);
    __atomic_fetch_add(&threads.count, 1, __ATOMIC_RELAXED);
    if (t->proc)
        list_push_back(&t->proc->threads, &t->siblings);
    if (t->proc && proc_current() && !t->proc->kill_sig)
        t->proc->kill_sig = proc_current()->kill_sig; /* who forks while it is being killed */
    if (t->proc && t->proc->kill_sig)
        t->work |= WORK_KILL;
    if (t->proc && unlikely(t->proc->sig.stop_sig))
        t->work |= WORK_SIGNAL;
    if (unlikely(stop_in_progress()) && t->proc)
        t->work |= WORK_STOP;
    sched_start(t, maker_waits);
    spin_unlock_irq(&threads.part[here].lock, mask);
}

int kthread_start(void (*entry)(void *arg), void *arg)
{
    struct thread *t = thread_create(NULL, entry, arg);

    if (!t)
        return -ENOMEM;
    thread_start(t, false);
    return 0;
}

bool thread_unlink(struct thread *t)
{
    uint32_t mask = lock_part(t->part);
    bool all_stand_still = false;

    list_remove(&t->all);
    __atomic_fetch_sub(&threads.count, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&threads.dying, 1, __ATOMIC_RELAXED);
    if (t->proc) {
        list_remove(&t->siblings);
        all_stand_still = signal_leave_locked(t);
        proc_account_thread(t->proc, t);
        if (tid_is_pid(t))
            t->tid = 0; /* the pid is the zombie's now */
        t->proc = NULL;
    }
    spin_unlock_irq(&threads.part[t->part].lock, mask);
    return all_stand_still;
}

void thread_exit(void)
{
    struct thread *t = thread_current();

    lock_none_held();
    if (list_linked(&t->all))
        thread_unlink(t);
    sched_exit();
}

void thread_set_work(struct thread *t, uint32_t work)
{
    __atomic_fetch_or(&t->work, work, __ATOMIC_RELEASE); /* with the reason, kill_sig */
    if (t == thread_current())
        return; /* it looks before it sleeps, and before it leaves the kernel */
    if (work & (WORK_KILL | WORK_SIGNAL))
        sched_interrupt(t);
    sched_kick(t);
}

void thread_for_each_stopped(void (*visit)(struct thread *t, void *arg), void *arg)
{
    for (unsigned i = 0; i < ARRAY_SIZE(threads.part); i++)
        list_for_each (it, &threads.part[i].all)
            visit(container_of(it, struct thread, all), arg);
}

void thread_for_each(void (*visit)(struct thread *t, void *arg), void *arg)
{
    uint32_t mask = spin_lock_irq(&threads.whole);

    __atomic_store_n(&threads.taken, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < ARRAY_SIZE(threads.part); i++)
        spin_pass(&threads.part[i].lock);
    thread_for_each_stopped(visit, arg);
    __atomic_store_n(&threads.taken, 0, __ATOMIC_RELEASE);
    spin_unlock_irq(&threads.whole, mask);
}

struct tid_search {
    int tid, pid;
};

static void compare_tid(struct thread *t, void *arg)
{
    struct tid_search *s = arg;

    if (t->tid == s->tid && t->proc)
        s->pid = t->proc->pid;
}

int thread_pid(int tid)
{
    struct tid_search s = {.tid = tid};

    thread_for_each(compare_tid, &s);
    return s.pid;
}

struct proc *thread_proc_ref(int tid)
{
    struct proc *p = pid_ref(tid);

    return p ? p : pid_ref(thread_pid(tid));
}

uint32_t thread_count(void)
{
    return __atomic_load_n(&threads.count, __ATOMIC_RELAXED);
}
