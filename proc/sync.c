/* SPDX-License-Identifier: MIT
 *
 * Wait queues and the sleeping locks built on them. Uncontended a lock is a spin lock and a store.
 * A queue's own spin lock protects its list and the lock's state; it is above the run-queue lock.
 * Interrupt handlers wake queues but take no mutex or rwlock, so the fast paths of those leave
 * interrupts on. A sleeper that a time-out or a kill woke stays on its queue until it takes itself
 * off; waitq_wake passes over it.
 * Before the scheduler runs there is the boot thread alone and no contention.
 */
#include "kern/waitq.h"

#include "include/uapi/errno.h"
#include "kern/cpu.h"
#include "kern/lockcheck.h"
#include "kern/panic.h"
#include "mm/frame.h"
#include "kern/trace.h"
#include "proc/sched_impl.h"

#define NEVER       UINT64_MAX
#define WATCH_TRIES 200u

static void *self(void)
{
    return thread_current();
}

static void count_lock(int delta)
{
    struct thread *t = thread_current();

    t->locks_held = (uint8_t)(t->locks_held + delta);
}

void waitq_init(struct waitq *q)
{
    spin_init(&q->lock, LOCK_WAITQ);
    list_init(&q->waiters);
}

/* The sleep ended without an event: off the queue, unless a waker was here just now. */
static int woken_otherwise(struct waitq *q, struct thread *t, enum sleep_depth depth)
{
    uint32_t mask = spin_lock_irq(&q->lock);

    if (list_linked(&t->wait))
        list_remove(&t->wait);
    spin_unlock_irq(&q->lock, mask);
    if (t->woken)
        return 0;
    return t->work & (uint32_t)depth ? -EINTR : -ETIMEDOUT;
}

/* waitq_sleep without the stop. */
static int waitq_sleep_only(struct waitq *q, uint32_t mask, enum sleep_depth depth,
                            uint64_t until_ns)
{
    struct thread *t = thread_current();

    kdebug_assert(spin_is_locked(&q->lock));
    lock_may_sleep(&q->lock);
    t->woken = false;
    list_push_back(&q->waiters, &t->wait);
    sched_sleep(q, mask, depth, until_ns);
    return t->woken ? 0 : woken_otherwise(q, t, depth);
}

/* An audit wants who sleeps to stop when it wakes (stop.c). */
static inline bool has_to_stop(bool interruptible)
{
    const struct thread *t = thread_current();

    return unlikely(t->work & WORK_STOP) && (interruptible || t->locks_held == 0);
}

int waitq_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns)
{
    int result = waitq_sleep_only(q, mask, depth, until_ns);

    if (has_to_stop(depth != SLEEP_DEEP) && !stop_parks_on(q))
        stop_park();
    return result;
}

void waitq_wake_locked(struct waitq *q, unsigned n)
{
    struct list_link *l;

    while (n && (l = list_pop_front(&q->waiters)) != NULL) {
        struct thread *t = container_of(l, struct thread, wait);

        if (sched_wake(t))
            n--;
    }
}

void waitq_wake(struct waitq *q, unsigned n)
{
    uint32_t mask = spin_lock_irq(&q->lock);

    waitq_wake_locked(q, n);
    spin_unlock_irq(&q->lock, mask);
}

void mutex_init(struct mutex *m)
{
    waitq_init(&m->wait);
    lock_classify(&m->wait.lock, LOCK_SLEEP_STATE);
    m->owner = NULL;
}

/* A CPU runs this thread now. It is not looked at, since it may have ended. */
static bool runs(const void *thread)
{
    for (uint32_t cpus = cpus_online(); cpus; cpus &= cpus - 1)
        if (__atomic_load_n(&cpu_table[__builtin_ctz(cpus)]->thread, __ATOMIC_RELAXED) == thread)
            return true;
    return false;
}

/* An owner that runs will soon be done, sooner than we could sleep and be woken. */
static void mutex_watch(const struct mutex *m)
{
    for (unsigned tries = WATCH_TRIES; tries; tries--) {
        const void *owner = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);

        if (!owner || !runs(owner))
            return;
        spin_raw_wait();
    }
}

/* Who has to stop leaves the mutex that it was woken for to the next one: that one may hold another
 * lock, and then the audit waits for it. */
static void mutex_stop(struct mutex *m)
{
    uint32_t mask = spin_lock_irq(&m->wait.lock);

    if (!m->owner)
        waitq_wake_locked(&m->wait, 1);
    spin_unlock_irq(&m->wait.lock, mask);
    stop_park();
}

static __noinline void mutex_lock_slow(struct mutex *m, void *me)
{
    uint32_t since = lock_clock();

    for (;;) {
        uint32_t mask;

        mutex_watch(m);
        mask = spin_lock_irq(&m->wait.lock);

        kdebug_assert(m->owner != me);
        if (!m->owner) {
            m->owner = me;
            spin_unlock_irq(&m->wait.lock, mask);
            lock_waited(LOCK_CLASS(m), since);
            return;
        }
        trace(TRACE_LOCK, (uint32_t)(uintptr_t)m, (uint32_t)((struct thread *)m->owner)->tid);
        sched_lend(m->owner);
        (void)!waitq_sleep_only(&m->wait, mask, SLEEP_DEEP, NEVER);
        if (has_to_stop(false))
            mutex_stop(m);
    }
}

void mutex_lock(struct mutex *m)
{
    void *me = self();
    bool taken;

    lock_wanted(m, LOCK_CLASS(m), LOCK_CALLER);
    spin_lock(&m->wait.lock);
    taken = likely(!m->owner);
    if (taken)
        m->owner = me;
    spin_unlock(&m->wait.lock);
    if (unlikely(!taken))
        mutex_lock_slow(m, me);
    lock_taken(m, LOCK_CLASS(m), LOCK_CALLER);
    count_lock(1); /* not before: who only waits for it may be stopped (stop.c) */
}

bool mutex_trylock(struct mutex *m)
{
    bool taken = false;

    spin_lock(&m->wait.lock);
    if (!m->owner) {
        m->owner = self();
        taken = true;
        count_lock(1);
    }
    spin_unlock(&m->wait.lock);
    if (taken)
        lock_taken(m, LOCK_CLASS(m), LOCK_CALLER);
    return taken;
}

void mutex_unlock(struct mutex *m)
{
    lock_dropped(m, LOCK_CLASS(m), LOCK_CALLER);
    kdebug_assert(m->owner == self());
    count_lock(-1);
    spin_lock(&m->wait.lock);
    m->owner = NULL;
    if (unlikely(!list_empty(&m->wait.waiters)))
        waitq_wake_locked(&m->wait, 1);
    spin_unlock(&m->wait.lock);
}

bool mutex_held(const struct mutex *m)
{
    return m->owner == self();
}

void rwlock_init(struct rwlock *l)
{
    waitq_init(&l->wait);
    lock_classify(&l->wait.lock, LOCK_SLEEP_STATE);
    l->state = 0;
    l->writer = NULL;
}

/* state from `from` to `to`, unless it moved. */
static bool state_move(struct rwlock *l, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&l->state, &from, to, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* One reader more, if nobody writes or sleeps for the lock. */
static bool read_try(struct rwlock *l)
{
    for (;;) {
        uint32_t s = __atomic_load_n(&l->state, __ATOMIC_RELAXED);

        if (unlikely(s & (RWLOCK_WRITER | RWLOCK_WAITING)))
            return false;
        if (likely(__atomic_compare_exchange_n(&l->state, &s, s + 1, true, __ATOMIC_ACQUIRE,
                                               __ATOMIC_RELAXED)))
            return true;
    }
}

/* The writer, if nobody has the lock. */
static bool write_try(struct rwlock *l)
{
    uint32_t s = __atomic_load_n(&l->state, __ATOMIC_RELAXED);

    return !(s & ~RWLOCK_WAITING) && state_move(l, s, s | RWLOCK_WRITER);
}

/* Sleeps until `try` takes the lock. Who goes to sleep says so in the state, under wait.lock; who
 * leaves the lock and sees it wakes all and takes the word back, under the same lock. */
static __noinline void lock_slow(struct rwlock *l, bool (*try)(struct rwlock *))
{
    uint32_t since = lock_clock();

    for (;;) {
        uint32_t mask = spin_lock_irq(&l->wait.lock), s;

        kdebug_assert(l->writer != self());
        if (try(l)) {
            spin_unlock_irq(&l->wait.lock, mask);
            lock_waited(LOCK_CLASS(l), since);
            return;
        }
        s = __atomic_load_n(&l->state, __ATOMIC_RELAXED);
        if (s != 0 && (s & RWLOCK_WAITING || state_move(l, s, s | RWLOCK_WAITING))) {
            trace(TRACE_LOCK, (uint32_t)(uintptr_t)l, s);
            waitq_sleep(&l->wait, mask, SLEEP_DEEP, NEVER);
        } else {
            spin_unlock_irq(&l->wait.lock, mask); /* it moved: try again */
        }
    }
}

void rwlock_read(struct rwlock *l)
{
    lock_wanted(l, LOCK_CLASS(l), LOCK_CALLER);
    if (unlikely(!read_try(l)))
        lock_slow(l, read_try);
    lock_taken(l, LOCK_CLASS(l), LOCK_CALLER);
    count_lock(1);
}

/* Nobody has the lock, or only the caller as writer: everybody who sleeps tries again. */
static __noinline void wake_all(struct rwlock *l)
{
    uint32_t mask = spin_lock_irq(&l->wait.lock);

    __atomic_and_fetch(&l->state, ~(RWLOCK_WRITER | RWLOCK_WAITING), __ATOMIC_RELEASE);
    waitq_wake_locked(&l->wait, WAITQ_ALL);
    spin_unlock_irq(&l->wait.lock, mask);
}

/* The last reader leaves, somebody sleeps: both wake and a writer may have come in between; then
 * that one's leaving wakes. */
static __noinline void wake_after_read(struct rwlock *l)
{
    uint32_t mask = spin_lock_irq(&l->wait.lock);

    if (state_move(l, RWLOCK_WAITING, 0))
        waitq_wake_locked(&l->wait, WAITQ_ALL);
    spin_unlock_irq(&l->wait.lock, mask);
}

void rwlock_read_done(struct rwlock *l)
{
    lock_dropped(l, LOCK_CLASS(l), LOCK_CALLER);
    kdebug_assert((l->state & ~(RWLOCK_WRITER | RWLOCK_WAITING)) > 0);
    count_lock(-1);
    if (unlikely(__atomic_sub_fetch(&l->state, 1, __ATOMIC_RELEASE) == RWLOCK_WAITING))
        wake_after_read(l);
}

void rwlock_write(struct rwlock *l)
{
    lock_wanted(l, LOCK_CLASS(l), LOCK_CALLER);
    if (unlikely(!write_try(l)))
        lock_slow(l, write_try);
    lock_taken(l, LOCK_CLASS(l), LOCK_CALLER);
    l->writer = self();
    count_lock(1);
}

bool rwlock_trywrite(struct rwlock *l)
{
    if (!write_try(l))
        return false;
    lock_taken(l, LOCK_CLASS(l), LOCK_CALLER);
    l->writer = self();
    count_lock(1);
    return true;
}

void rwlock_write_done(struct rwlock *l)
{
    uint32_t alone = RWLOCK_WRITER;

    lock_dropped(l, LOCK_CLASS(l), LOCK_CALLER);
    kdebug_assert(l->writer == self());
    count_lock(-1);
    l->writer = NULL;
    if (unlikely(!__atomic_compare_exchange_n(&l->state, &alone, 0, false, __ATOMIC_RELEASE,
                                              __ATOMIC_RELAXED)))
        wake_all(l);
}

bool rwlock_held_write(const struct rwlock *l)
{
    return l->writer == self();
}
