/* SPDX-License-Identifier: MIT
 *
 * Included in front of every file of the kernel that is explored (coop.h): each step that another
 * CPU could see is announced before it is done. Locks are announced by coop_sync.c, the HAT and
 * programs by fake_hat.c.
 */
#ifndef TESTS_COOP_HOOKS_H
#define TESTS_COOP_HOOKS_H

#include <stddef.h>
#include <string.h>

#include "kern/lock.h"
#include "tests/host/coop/coop.h"

/* An atomic operation on *p_ with the value v_, which in its expansion is the compiler's own. */
#define COOP_DO(mode, p, v, operation)                                                             \
    ({                                                                                             \
        __auto_type p_ = (p);                                                                      \
        __auto_type v_ = (v);                                                                      \
        (void)v_;                                                                                  \
        coop_atomic(mode, (const void *)p_, sizeof(*p_));                                          \
        operation;                                                                                 \
    })
#define COOP_SET(p, v, operation) COOP_DO(COOP_WRITE, p, v, operation)

#define __atomic_load_n(p, o)        COOP_DO(COOP_READ, p, 0, __atomic_load_n(p_, o))
#define __atomic_store_n(p, v, o)    COOP_SET(p, v, __atomic_store_n(p_, v_, o))
#define __atomic_exchange_n(p, v, o) COOP_SET(p, v, __atomic_exchange_n(p_, v_, o))
#define __atomic_add_fetch(p, v, o)  COOP_SET(p, v, __atomic_add_fetch(p_, v_, o))
#define __atomic_sub_fetch(p, v, o)  COOP_SET(p, v, __atomic_sub_fetch(p_, v_, o))
#define __atomic_fetch_add(p, v, o)  COOP_SET(p, v, __atomic_fetch_add(p_, v_, o))
#define __atomic_fetch_sub(p, v, o)  COOP_SET(p, v, __atomic_fetch_sub(p_, v_, o))
#define __atomic_fetch_or(p, v, o)   COOP_SET(p, v, __atomic_fetch_or(p_, v_, o))
#define __atomic_fetch_and(p, v, o)  COOP_SET(p, v, __atomic_fetch_and(p_, v_, o))
#define __atomic_compare_exchange_n(p, e, v, weak, o, f)                                           \
    COOP_SET(p, v, __atomic_compare_exchange_n(p_, e, v_, false, o, f))

#define memcpy(to, from, n)                                                                        \
    ({                                                                                             \
        void *to_ = (to);                                                                          \
        const void *from_ = (from);                                                                \
        coop_copy(to_, from_);                                                                     \
        memcpy(to_, from_, n);                                                                     \
    })
#define memset(to, byte, n)                                                                        \
    ({                                                                                             \
        void *to_ = (to);                                                                          \
        coop_copy(to_, NULL);                                                                      \
        memset(to_, byte, n);                                                                      \
    })
#define spin_raw_wait coop_wait_change

#endif
