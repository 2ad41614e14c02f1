/* SPDX-License-Identifier: MIT
 *
 * Spinning locks: the structure and the interface; machine/spin_impl.h has the loops, tests/host a
 * pthread version. Held for a few instructions, never over anything that sleeps. Taking one
 * disables preemption of the holder.
 */
#ifndef KERN_SPIN_H
#define KERN_SPIN_H

#include "lib/base.h"

struct spin {
    uint32_t locked;
};

#define SPIN_INIT                                                                                  \
    {                                                                                              \
        0                                                                                          \
    }

#include "machine/spin_impl.h"

/* Provided by machine/spin_impl.h:
 *   void spin_lock(struct spin *);           void spin_unlock(struct spin *);
 *   bool spin_trylock(struct spin *);
 *   uint32_t spin_lock_irq(struct spin *);   masks interrupts, returns the former mask
 *   void spin_unlock_irq(struct spin *, uint32_t mask);
 *   bool spin_is_locked(const struct spin *);
 */

static inline void spin_init(struct spin *s)
{
    s->locked = 0;
}

#endif
