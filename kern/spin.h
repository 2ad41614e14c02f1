/* SPDX-License-Identifier: MIT
 *
 * Spinning locks: the structure and the interface; machine/spin_impl.h has the instructions,
 * tests/host a version for threads. Held for a few instructions, never over anything that sleeps.
 * The kernel is not preempted but where it says so, and so a holder isn't either. In debug builds
 * every step is watched by lockcheck.c.
 */
#ifndef KERN_SPIN_H
#define KERN_SPIN_H

#include "kern/lock_class.h"
#include "lib/base.h"

struct spin {
    uint32_t locked; /* 1, or twice the number of those who share it */
    LOCK_INFO
};

#define SPIN_INIT(class)                                                                           \
    {                                                                                              \
        .locked = 0, LOCK_INFO_INIT(class)                                                         \
    }

/* Provided by machine/spin_impl.h:
 *   bool spin_raw_try(struct spin *);         void spin_raw_give(struct spin *);
 *   void spin_raw_wait(void);                 between two tries
 *   bool spin_is_locked(const struct spin *);
 *   uint32_t irq_save(void);                  masks interrupts; what irq_restore needs: 0 if they
 *   void irq_restore(uint32_t mask);          were not masked before
 */
#include "machine/spin_impl.h"

static inline void spin_init(struct spin *s, enum lock_class class)
{
    s->locked = 0;
    lock_classify(s, class);
    (void)class;
}

static inline bool spin_raw_share(struct spin *s)
{
    uint32_t n = __atomic_load_n(&s->locked, __ATOMIC_RELAXED);

    return !(n & 1) && __atomic_compare_exchange_n(&s->locked, &n, n + 2, false, __ATOMIC_ACQUIRE,
                                                   __ATOMIC_RELAXED);
}

static inline void spin_raw_unshare(struct spin *s)
{
    __atomic_fetch_sub(&s->locked, 2, __ATOMIC_RELEASE);
}

/* The shared form keeps out those who do not share it, and nobody else: for locks that are taken to
 * look far more often than to change, since who wants it alone may wait long. */
#if CONFIG_LOCKCHECK
void spin_lock(struct spin *s);
bool spin_trylock(struct spin *s);
void spin_unlock(struct spin *s);
void spin_lock_shared(struct spin *s);
void spin_unlock_shared(struct spin *s);
#else
static inline void spin_lock_shared(struct spin *s)
{
    while (unlikely(!spin_raw_share(s)))
        spin_raw_wait();
}

static inline void spin_unlock_shared(struct spin *s)
{
    spin_raw_unshare(s);
}

static inline bool spin_trylock(struct spin *s)
{
    return spin_raw_try(s);
}

static inline void spin_lock(struct spin *s)
{
    while (unlikely(!spin_raw_try(s)))
        spin_raw_wait();
}

static inline void spin_unlock(struct spin *s)
{
    spin_raw_give(s);
}
#endif

/* Whoever has it now is done. */
static inline void spin_pass(struct spin *s)
{
    spin_lock(s);
    spin_unlock(s);
}

/* The same with interrupts masked, for locks that their handlers take: returns the former mask. */
static inline uint32_t spin_lock_irq(struct spin *s)
{
    uint32_t mask = irq_save();

    spin_lock(s);
    return mask;
}

static inline void spin_unlock_irq(struct spin *s, uint32_t mask)
{
    spin_unlock(s);
    irq_restore(mask);
}

#endif
