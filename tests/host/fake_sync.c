/* SPDX-License-Identifier: MIT
 *
 * Threads on the host for the memory core: sleeping locks and wait queues by one pthread mutex and
 * one condition, and a CPU's number for each thread.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/uapi/errno.h"
#include "kern/panic.h"
#include "kern/waitq.h"
#include "machine/cpu.h"

#define WRITER_WAITS 0x10000u

/* rwlock.state counts readers, and in units of WRITER_WAITS who waits to write. A sleeper for BUSY
 * just looks again. */
static pthread_mutex_t big = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static __thread char self;

void waitq_init(struct waitq *q)
{
    memset(q, 0, sizeof(*q));
    list_init(&q->waiters);
}

int waitq_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns)
{
    (void)depth, (void)until_ns;
    spin_unlock_irq(&q->lock, mask);
    usleep(10);
    return 0;
}

void waitq_wake(struct waitq *q, unsigned n)
{
    (void)q, (void)n;
}

void waitq_wake_locked(struct waitq *q, unsigned n)
{
    (void)q, (void)n;
}

void mutex_init(struct mutex *m)
{
    memset(m, 0, sizeof(*m));
}

void mutex_lock(struct mutex *m)
{
    pthread_mutex_lock(&big);
    while (m->owner)
        pthread_cond_wait(&changed, &big);
    m->owner = &self;
    pthread_mutex_unlock(&big);
}

void mutex_unlock(struct mutex *m)
{
    pthread_mutex_lock(&big);
    if (m->owner != &self)
        panic("a mutex is given back by another thread");
    m->owner = NULL;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&big);
}

void rwlock_init(struct rwlock *l)
{
    memset(l, 0, sizeof(*l));
}

void rwlock_read(struct rwlock *l)
{
    pthread_mutex_lock(&big);
    while (l->writer || l->state >= WRITER_WAITS)
        pthread_cond_wait(&changed, &big);
    l->state++;
    pthread_mutex_unlock(&big);
}

void rwlock_read_done(struct rwlock *l)
{
    pthread_mutex_lock(&big);
    l->state--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&big);
}

void rwlock_write(struct rwlock *l)
{
    pthread_mutex_lock(&big);
    l->state += WRITER_WAITS;
    while (l->writer || l->state % WRITER_WAITS)
        pthread_cond_wait(&changed, &big);
    l->state -= WRITER_WAITS;
    l->writer = &self;
    pthread_mutex_unlock(&big);
}

bool rwlock_trywrite(struct rwlock *l)
{
    bool got;

    pthread_mutex_lock(&big);
    got = !l->writer && !l->state;
    if (got)
        l->writer = &self;
    pthread_mutex_unlock(&big);
    return got;
}

void rwlock_write_done(struct rwlock *l)
{
    pthread_mutex_lock(&big);
    l->writer = NULL;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&big);
}

/* A number is free again when its thread ends. */
static pthread_key_t number_key;
static pthread_once_t number_once = PTHREAD_ONCE_INIT;
static uint32_t numbers_taken;
static __thread unsigned number; /* plus one */

static void number_free(void *bit)
{
    __atomic_fetch_and(&numbers_taken, ~(uint32_t)(uintptr_t)bit, __ATOMIC_RELEASE);
}

static void number_init(void)
{
    pthread_key_create(&number_key, number_free);
}

static unsigned number_take(void)
{
    for (unsigned i = 0; i < CPU_MAX; i++) {
        uint32_t bit = 1u << i;

        if (!(__atomic_fetch_or(&numbers_taken, bit, __ATOMIC_ACQUIRE) & bit)) {
            pthread_setspecific(number_key, (void *)(uintptr_t)bit);
            return i + 1;
        }
    }
    panic("more than %d threads", CPU_MAX);
}

unsigned cpu_here(void)
{
    if (!number) {
        pthread_once(&number_once, number_init);
        number = number_take();
    }
    return number - 1;
}
