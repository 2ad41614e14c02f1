/* SPDX-License-Identifier: MIT
 *
 * A few things that a CPU keeps ready for itself, last in, first out (the magazines of Bonwick and
 * Adams, USENIX 2001). A thing changes hands by an exchange of its slot, so that no lock is needed:
 * its CPU alone puts something in and takes from the top; others take what they find. Slots hold 0
 * or a thing's number or address. `n`: slots from n on are empty, those below may be; its CPU
 * alone writes it.
 */
#ifndef MM_STORE_H
#define MM_STORE_H

#include "lib/base.h"

/* For the CPU whose store it is: something, or 0. */
static inline uintptr_t store_take(uintptr_t *slot, uint32_t *n)
{
    uint32_t i = *n;
    uintptr_t thing = 0;

    while (i && !thing)
        thing = __atomic_exchange_n(&slot[--i], 0, __ATOMIC_RELAXED);
    __atomic_store_n(n, i, __ATOMIC_RELAXED);
    return thing;
}

/* For the CPU whose store it is, if there is room. */
static inline void store_put(uintptr_t *slot, uint32_t *n, uintptr_t thing)
{
    __atomic_store_n(&slot[*n], thing, __ATOMIC_RELEASE);
    __atomic_store_n(n, *n + 1, __ATOMIC_RELAXED);
}

/* For anybody: what is in that slot, or 0. */
static inline uintptr_t store_steal(uintptr_t *slot)
{
    return __atomic_exchange_n(slot, 0, __ATOMIC_ACQUIRE);
}

/* For anybody: how many things are in these slots at this moment. */
static inline uint32_t store_count(const uintptr_t *slot, unsigned slots)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < slots; i++)
        count += __atomic_load_n(&slot[i], __ATOMIC_RELAXED) != 0;
    return count;
}

#endif
