/* SPDX-License-Identifier: MIT
 *
 * Locks and wait queues for coop.h: taking one is a step that can be done when it is free, so that
 * nobody spins. Giving one back is no step: nobody but who wants it can tell. As the debug kernel
 * does, it is seen to that nobody sleeps with a spinning lock held, and that a reader does not take
 * the lock again that a writer may be waiting for.
 */
#include "tests/host/coop/sync.h"

#include <stddef.h>
#include <string.h>

#include "kern/lock.h"
#include "kern/lockcheck.h"
#include "kern/panic.h"
#include "kern/waitq.h"
#include "machine/cpu.h"
#include "tests/host/coop/coop.h"

#define READ_MOST 8u

static struct {
    unsigned cpu;                  /* outside of threads */
    unsigned spins[CPU_MAX];       /* spinning locks held */
    const void *sleeping[CPU_MAX]; /* the wait queue it sleeps in */
    const void *reads[CPU_MAX][READ_MOST];
} held;

void coop_set_cpu(unsigned cpu)
{
    held.cpu = cpu;
}

unsigned cpu_here(void)
{
    return coop_inside() ? coop_self() : held.cpu;
}

static void may_sleep(unsigned spins)
{
    if (held.spins[cpu_here()] != spins)
        panic("coop: would sleep with %u spinning locks held", held.spins[cpu_here()]);
}

static void step(enum coop_when when, const void *on, size_t size, enum coop_mode mode)
{
    coop_step(&(struct coop_op){
        .when = when, .on = on, .size = size, .n = 1, .access = {{(uintptr_t)on, mode}}});
}

void spin_lock(struct spin *l)
{
    step(COOP_IF_ZERO, &l->locked, sizeof(l->locked), COOP_WRITE);
    if (l->locked)
        panic("coop: a spinning lock is taken twice");
    l->locked = 1;
    held.spins[cpu_here()]++;
}

bool spin_trylock(struct spin *l)
{
    step(COOP_ALWAYS, &l->locked, sizeof(l->locked), COOP_WRITE);
    if (l->locked)
        return false;
    l->locked = 1;
    held.spins[cpu_here()]++;
    return true;
}

void spin_unlock(struct spin *l)
{
    if (l->locked != 1)
        panic("coop: a spinning lock is given back that is not held");
    l->locked = 0;
    held.spins[cpu_here()]--;
    coop_release((uintptr_t)&l->locked, COOP_WRITE);
}

void spin_lock_shared(struct spin *l)
{
    step(COOP_IF_EVEN, &l->locked, sizeof(l->locked), COOP_READ);
    l->locked += 2;
    held.spins[cpu_here()]++;
}

void spin_unlock_shared(struct spin *l)
{
    l->locked -= 2;
    held.spins[cpu_here()]--;
    coop_release((uintptr_t)&l->locked, COOP_READ);
}

void mutex_init(struct mutex *m)
{
    memset(m, 0, sizeof(*m));
}

void mutex_lock(struct mutex *m)
{
    may_sleep(0);
    step(COOP_IF_ZERO, &m->owner, sizeof(m->owner), COOP_WRITE);
    m->owner = &held.spins[cpu_here()];
}

void mutex_unlock(struct mutex *m)
{
    if (m->owner != &held.spins[cpu_here()])
        panic("coop: a mutex is given back by another thread");
    m->owner = NULL;
    coop_release((uintptr_t)&m->owner, COOP_WRITE);
}

void rwlock_init(struct rwlock *l)
{
    memset(l, 0, sizeof(*l));
}

/* The place of a lock among those that are held for reading, or of NULL: a free one. */
static const void **read_place(const void *l)
{
    for (unsigned i = 0; i < READ_MOST; i++)
        if (held.reads[cpu_here()][i] == l)
            return &held.reads[cpu_here()][i];
    return NULL;
}

void rwlock_read(struct rwlock *l)
{
    may_sleep(0);
    if (read_place(l))
        panic("coop: a lock is taken twice for reading: a writer may wait in between");
    coop_step(&(struct coop_op){.when = COOP_IF_ZERO,
                                .on = &l->writer,
                                .size = sizeof(l->writer),
                                .n = 1,
                                .access = {{(uintptr_t)l, COOP_READ}}});
    l->state++;
    *read_place(NULL) = l;
}

void rwlock_read_done(struct rwlock *l)
{
    if (!read_place(l))
        panic("coop: a lock is given back that is not held for reading");
    *read_place(l) = NULL;
    l->state--;
    coop_release((uintptr_t)l, COOP_READ);
}

void rwlock_write(struct rwlock *l)
{
    may_sleep(0);
    coop_step(&(struct coop_op){.when = COOP_IF_FREE,
                                .on = &l->state,
                                .also = &l->writer,
                                .size = sizeof(l->state),
                                .n = 1,
                                .access = {{(uintptr_t)l, COOP_WRITE}}});
    if (l->writer || l->state)
        panic("coop: a lock is taken for writing that is not free");
    l->writer = &held.spins[cpu_here()];
}

bool rwlock_trywrite(struct rwlock *l)
{
    step(COOP_ALWAYS, l, sizeof(*l), COOP_WRITE);
    if (l->writer || l->state)
        return false;
    l->writer = &held.spins[cpu_here()];
    return true;
}

void rwlock_write_done(struct rwlock *l)
{
    if (l->writer != &held.spins[cpu_here()])
        panic("coop: a lock is given back by another thread");
    l->writer = NULL;
    coop_release((uintptr_t)l, COOP_WRITE);
}

void waitq_init(struct waitq *q)
{
    memset(q, 0, sizeof(*q));
    list_init(&q->waiters);
}

/* A nap, which has an end, is over when what the thread looked at last has changed: to look at the
 * same again shows nothing. */
int waitq_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns)
{
    unsigned self = cpu_here();

    (void)depth;
    may_sleep(1);
    held.sleeping[self] = until_ns == UINT64_MAX ? q : NULL;
    spin_unlock_irq(&q->lock, mask);
    if (until_ns != UINT64_MAX)
        coop_wait_change();
    else
        coop_step(&(struct coop_op){.when = COOP_IF_WOKEN});
    return 0;
}

void waitq_wake_locked(struct waitq *q, unsigned n)
{
    for (unsigned i = 0; i < CPU_MAX && n > 0; i++) {
        if (held.sleeping[i] != q)
            continue;
        held.sleeping[i] = NULL;
        coop_wake(i);
        n--;
    }
}

void waitq_wake(struct waitq *q, unsigned n)
{
    uint32_t mask = spin_lock_irq(&q->lock);

    waitq_wake_locked(q, n);
    spin_unlock_irq(&q->lock, mask);
}

/* What the debug kernel's watcher is told beside: the order of locks is its business. */
void lock_wanted(const void *lock, enum lock_class class, uintptr_t pc)
{
    (void)lock, (void)class, (void)pc;
}

void lock_waited(enum lock_class class, uint32_t since)
{
    (void)class, (void)since;
}

void lock_waited_only(enum lock_class class, uint32_t since)
{
    (void)class, (void)since;
}

void lock_taken(const void *lock, enum lock_class class, uintptr_t pc)
{
    (void)lock, (void)class, (void)pc;
}

void lock_dropped(const void *lock, enum lock_class class, uintptr_t pc)
{
    (void)lock, (void)class, (void)pc;
}

uint32_t lock_clock(void)
{
    return 0;
}

void lock_may_sleep(const void *but)
{
    may_sleep(but ? 1 : 0);
}
