/* SPDX-License-Identifier: MIT
 *
 * Sets that every CPU enters things into all the time, and that are rarely looked through: in
 * parts, each with a lock of its own, so that CPUs do not meet. What is entered says in which part
 * it is, for ever. Who looks through a set says so, and who frees one waits for that.
 */
#ifndef MM_PARTS_H
#define MM_PARTS_H

#include "kern/lock.h"
#include "machine/cpu.h"

#define PARTS 4u

struct parts {
    struct {
        struct spin lock;
        struct list list;
    } of[PARTS];
    uint32_t walkers; /* atomic */
};

static inline void parts_init(struct parts *p, enum lock_class class)
{
    for (unsigned i = 0; i < PARTS; i++) {
        spin_init(&p->of[i].lock, class);
        list_init(&p->of[i].list);
    }
    p->walkers = 0;
}

/* The part for things that this CPU makes. */
static inline uint8_t parts_here(void)
{
    return (uint8_t)(cpu_here() % PARTS);
}

static inline void parts_add(struct parts *p, uint8_t part, struct list_link *link)
{
    spin_lock(&p->of[part].lock);
    list_push_back(&p->of[part].list, link);
    spin_unlock(&p->of[part].lock);
}

static inline void parts_remove(struct parts *p, uint8_t part, struct list_link *link)
{
    spin_lock(&p->of[part].lock);
    list_remove(link);
    spin_unlock(&p->of[part].lock);
}

/* Calls visit for everything, with the lock of its part held. Does not sleep. Something keeps the
 * set alive when it begins; parts_settle does from then on. */
static inline void parts_for_each(struct parts *p, void (*visit)(struct list_link *, void *),
                                  void *arg)
{
    __atomic_fetch_add(&p->walkers, 1, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < PARTS; i++) {
        spin_lock(&p->of[i].lock);
        list_for_each (it, &p->of[i].list)
            visit(it, arg);
        spin_unlock(&p->of[i].lock);
    }
    __atomic_fetch_sub(&p->walkers, 1, __ATOMIC_RELEASE);
}

/* Nobody can find the set any more, and it is empty: who still looks through it is done. */
static inline void parts_settle(const struct parts *p)
{
    while (__atomic_load_n(&p->walkers, __ATOMIC_ACQUIRE))
        spin_raw_wait();
}

#endif
