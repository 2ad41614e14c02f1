/* SPDX-License-Identifier: MIT
 *
 * Timers of timer_create: each has the signal that it sends inside it, so that sending takes no
 * memory and none is lost among others; while that waits, or is ignored, the timer rests. And
 * sleeping until a clock of CPU time says so.
 * Locks: (K) of timer.h, above (T) of signals.
 */
#include "kern/clock.h"
#include "mm/slab.h"
#include "proc/cpu_time.h"
#include "proc/proc_timers.h"
#include "proc/signal_impl.h"
#include "proc/utimer_impl.h"

#define TIMERS_MOST 512u /* of a process */

struct posix_timer {
    struct utimer u;
    struct tree_link by_id;
    int id;               /* (c) */
    int tid;              /* (c) who gets the signal; 0: the process */
    uint32_t missed;      /* expiries while the signal waited, that did not rest */
    uint32_t overrun;     /* of the last signal that was taken */
    struct queued queued; /* (T) but for constants in it */
};

static struct slab_cache posix_timer_cache = SLAB_CACHE("timer", sizeof(struct posix_timer));

static struct posix_timer *posix_of(struct tree_link *l)
{
    return container_of(l, struct posix_timer, by_id);
}

static struct posix_timer *find(const struct proc_timers *pt, int id)
{
    struct tree_link *l = pt ? pt->posix.root : NULL;

    while (l && posix_of(l)->id != id)
        l = l->child[id > posix_of(l)->id];
    return l ? posix_of(l) : NULL;
}

/* Whether the signal waits is looked at without (T): if it does it can't stop to but by being
 * taken, and who takes it comes by here. */
static void expired(struct utimer *u)
{
    struct posix_timer *p = container_of(u, struct posix_timer, u);

    if (p->queued.waits)
        p->missed++;
    if (!signal_of_timer(u->proc, p->tid, p->queued.info.signo, &p->queued))
        utimer_stop(u);
}

static uint32_t count_of(uint64_t overruns)
{
    return (uint32_t)MIN(overruns, (uint64_t)INT32_MAX);
}

void posix_timer_taken(struct proc_timers *pt, struct siginfo *info)
{
    struct posix_timer *p = find(pt, (int)info->word[0]);

    if (!p)
        return;
    p->overrun = count_of(p->missed + utimer_go_on(&p->u));
    p->missed = 0;
    info->word[1] = p->overrun;
}

/* The timer with the smallest number >= id, NULL: none. (K) held. */
static struct posix_timer *find_from(const struct proc_timers *pt, int id)
{
    struct posix_timer *found = NULL;

    for (struct tree_link *l = pt->posix.root; l;) {
        bool behind = posix_of(l)->id < id;

        if (!behind)
            found = posix_of(l);
        l = l->child[behind];
    }
    return found;
}

/* One after the other, and all threads of the process are asked for their time but once. */
void posix_timers_look_again(struct proc *proc)
{
    const struct proc_timers *pt = proc->timers;
    struct cpu_time all = proc_cpu_time(proc);
    struct posix_timer *p;
    int id = 0;

    do {
        uint32_t mask = timers_lock();

        p = find_from(pt, id);
        if (p && !p->queued.waits)
            (void)utimer_go_on_at(&p->u, &all);
        id = p ? p->id + 1 : 0;
        timers_unlock(mask);
        preempt_point();
    } while (id > 0);
}

/* Numbers grow, so that a timer that was deleted is not mistaken for another one. */
static bool enter(struct proc_timers *pt, struct posix_timer *p)
{
    struct tree_link *l, *parent = NULL;
    int side = 0;

    if (pt->count >= TIMERS_MOST)
        return false;
    while (find(pt, pt->next_id))
        pt->next_id = (pt->next_id + 1) & INT32_MAX;
    p->id = pt->next_id;
    pt->next_id = (pt->next_id + 1) & INT32_MAX;
    for (l = pt->posix.root; l; l = l->child[side]) {
        parent = l;
        side = p->id > posix_of(l)->id;
    }
    tree_insert(&pt->posix, &p->by_id, parent, side, NULL);
    pt->count++;
    return true;
}

int posix_timer_create(const struct posix_timer_make *make)
{
    struct proc_timers *pt = timers_of_caller();
    struct posix_timer *p = pt ? slab_alloc(&posix_timer_cache) : NULL;
    uint32_t mask;
    bool entered;
    int id;

    if (!p)
        return -ENOMEM;
    utimer_init(&p->u, &make->clock, expired);
    p->u.silent = make->notify == SIGEV_NONE;
    p->tid = make->tid;
    p->queued.of_timer = true;
    mask = timers_lock();
    entered = enter(pt, p);
    id = p->id;
    p->queued.info = (struct siginfo){
        .signo = make->sig,
        .code = SI_TIMER,
        .word = {(uint32_t)p->id, 0, make->has_value ? make->value : (uint32_t)p->id}};
    timers_unlock(mask); /* another thread may delete it at once */
    if (!entered)
        slab_free(&posix_timer_cache, p);
    return entered ? id : -EAGAIN;
}

int posix_timer_set(int id, const struct utimer_value *v, bool absolute, struct utimer_value *old)
{
    uint32_t mask = timers_lock();
    struct posix_timer *p = find(proc_current()->timers, id);
    int error = p ? 0 : -EINVAL;

    if (p && old)
        utimer_get(&p->u, old);
    if (p) {
        p->overrun = p->missed = 0;
        error = utimer_set(&p->u, v, absolute);
    }
    timers_unlock(mask);
    return error;
}

int posix_timer_get(int id, struct utimer_value *v)
{
    uint32_t mask = timers_lock();
    const struct posix_timer *p = find(proc_current()->timers, id);

    if (p)
        utimer_get(&p->u, v);
    timers_unlock(mask);
    return p ? 0 : -EINVAL;
}

int posix_timer_overrun(int id)
{
    uint32_t mask = timers_lock();
    const struct posix_timer *p = find(proc_current()->timers, id);
    int result = p ? (int)p->overrun : -EINVAL;

    timers_unlock(mask);
    return result;
}

/* Takes p out of its process, with its signal. (K) held; freed by the caller when it is not. */
static void take_out(struct proc_timers *pt, struct posix_timer *p)
{
    utimer_stop(&p->u);
    tree_remove(&pt->posix, &p->by_id, NULL);
    pt->count--;
    signal_withdraw(p->u.proc, &p->queued);
}

int posix_timer_delete(int id)
{
    struct proc_timers *pt = proc_current()->timers;
    uint32_t mask = timers_lock();
    struct posix_timer *p = find(pt, id);

    if (p)
        take_out(pt, p);
    timers_unlock(mask);
    if (!p)
        return -EINVAL;
    slab_free(&posix_timer_cache, p);
    return 0;
}

void posix_timers_forget(struct proc *proc)
{
    struct proc_timers *pt = proc->timers;
    struct posix_timer *p;

    do {
        uint32_t mask = timers_lock();
        struct tree_link *first = tree_first(&pt->posix);

        p = first ? posix_of(first) : NULL;
        if (p)
            take_out(pt, p);
        timers_unlock(mask);
        if (p)
            slab_free(&posix_timer_cache, p);
        preempt_point();
    } while (p);
}

/* A thread that sleeps until a clock of CPU time is so far. */
struct sleeper {
    struct utimer u;
    struct waitq wait;
    bool due; /* (wait.lock) */
};

static void sleep_over(struct utimer *u)
{
    struct sleeper *s = container_of(u, struct sleeper, u);

    spin_lock(&s->wait.lock);
    s->due = true;
    waitq_wake_locked(&s->wait, WAITQ_ALL);
    spin_unlock(&s->wait.lock);
}

int cpu_sleep(const struct clock_of *c, uint64_t until_ns)
{
    struct utimer_value v = {.value_ns = MAX(until_ns, 1ull)};
    struct sleeper s = {.due = false};
    uint32_t mask;
    int error;

    if (!timers_of_caller())
        return -ENOMEM;
    waitq_init(&s.wait);
    lock_classify(&s.wait.lock, LOCK_IRQ_WAITQ);
    utimer_init(&s.u, c, sleep_over);
    mask = timers_lock();
    error = utimer_set(&s.u, &v, true);
    timers_unlock(mask);
    while (!error) {
        mask = spin_lock_irq(&s.wait.lock);
        if (s.due) {
            spin_unlock_irq(&s.wait.lock, mask);
            break;
        }
        error = waitq_sleep(&s.wait, mask, SLEEP_LIGHT, UINT64_MAX);
    }
    mask = timers_lock();
    utimer_stop(&s.u);
    timers_unlock(mask);
    return error;
}
