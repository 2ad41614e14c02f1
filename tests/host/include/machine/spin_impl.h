/* SPDX-License-Identifier: MIT
 *
 * Spinlocks on the host: compiler atomics that ThreadSanitizer understands. There are no
 * interrupts; the mask is always 0. Included by kern/spin.h alone.
 */
#ifndef MACHINE_SPIN_IMPL_H
#define MACHINE_SPIN_IMPL_H

#include <sched.h>

static inline bool spin_raw_try(struct spin *s)
{
    uint32_t free = 0;

    return __atomic_compare_exchange_n(&s->locked, &free, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static inline void spin_raw_wait(void)
{
    sched_yield();
}

static inline void spin_raw_give(struct spin *s)
{
    __atomic_store_n(&s->locked, 0, __ATOMIC_RELEASE);
}

static inline uint32_t irq_save(void)
{
    return 0;
}

static inline void irq_restore(uint32_t mask)
{
    (void)mask;
}

static inline bool spin_is_locked(const struct spin *s)
{
    return __atomic_load_n(&s->locked, __ATOMIC_RELAXED) != 0;
}

#endif
