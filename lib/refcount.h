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

/* One less; any context. How many are left: what others did with theirs has happened before 0. */
static inline uint32_t ref_drop(uint32_t *refs)
{
    return __atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL);
}

#endif
