/* SPDX-License-Identifier: MIT
 *
 * Reference counts, without a lock. Who takes a reference has one already, or holds what keeps the
 * last one from being dropped; who drops the last one has the thing to himself.
 */
#ifndef LIB_REFCOUNT_H
#define LIB_REFCOUNT_H

#include "lib/base.h"

/* One more; any context. How many there were, which is never 0. */
static inline uint32_t ref_take(uint32_t *refs)
{
    return __atomic_fetch_add(refs, 1, __ATOMIC_RELAXED);
}

/* One more, unless there is none left: for who can see the thing, but has no reference. */
static inline bool ref_take_live(uint32_t *refs)
{
    uint32_t n = __atomic_load_n(refs, __ATOMIC_RELAXED);

    while (n &&
           !__atomic_compare_exchange_n(refs, &n, n + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
    return n != 0;
}

/* One less; any context. How many are left: what others did with theirs has happened before 0. */
static inline uint32_t ref_drop(uint32_t *refs)
{
    return __atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL);
}

#endif
