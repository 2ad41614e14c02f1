/* SPDX-License-Identifier: MIT
 *
 * Futexes: threads sleep on a word of user memory as long as it holds what they expect, and are
 * woken by who changed it. A word has a name: in memory that is mapped shared <object, page,
 * offset>, so that all who map it meet, elsewhere, and where the caller says that it is private,
 * <address space, address>. A sleeper may be woken for nothing, as the interface allows: it looks
 * at its word again.
 * Locks: a bucket of the hash table, spinning, above the wait queues; user memory is touched under
 * it, where it is in the hardware's tables, and brought there without it.
 * Source: futex(2), get_robust_list(2); H. Franke, R. Russell, M. Kirkwood, "Fuss, Futexes and
 * Furwocks", OLS 2002.
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "lib/base.h"
#include "mm/units.h"

#define FUTEX_ANY 0xffffffffu /* every bit of a sleeper's set */

struct thread;

/* A word of the current thread's memory, 4 bytes aligned. */
struct futex {
    vaddr_t at;
    bool private; /* nobody else maps it */
};

/* All of these: -EINVAL: not aligned; -EFAULT. May sleep. */

/* When a wait ends: ns of clock_ns(), or of the wall clock, which may be set meanwhile; UINT64_MAX:
 * never. */
struct futex_end {
    uint64_t ns;
    bool wall;
};
/* Sleeps if the word is `value`, until woken with one of `bits`, or the end. -EAGAIN: it is
 * another; -ETIMEDOUT, -EINTR. */
int __must_check futex_wait(const struct futex *f, uint32_t value, uint32_t bits,
                            const struct futex_end *end);
/* The wall clock was set: those who wait for one of its times reckon anew. */
void futex_clock_set(void);
/* Wakes up to n (at least one) of those who sleep for one of `bits`: their number. */
int futex_wake(const struct futex *f, uint32_t n, uint32_t bits);

/* Wakes up to nwake of `from`, and lets up to nmove others sleep on at `to`: the number of both.
 * expects: if the word is *expects; -EAGAIN: it is not. */
struct futex_move {
    struct futex from, to;
    uint32_t nwake, nmove;
    const uint32_t *expects;
};
int __must_check futex_requeue(const struct futex_move *m);
/* Changes the word at `to` by op (FUTEX_WAKE_OP's argument), wakes nwake of `from`, and nmove of
 * `to` if the old value passes op's comparison. -ENOSYS: no such op. */
int __must_check futex_wake_op(const struct futex_move *m, uint32_t op);

/* The current thread ends: the words in its list of robust futexes (t->robust) that it holds say so
 * to who takes them next. As many as fit in a page's worth of sense: a list that is longer, or
 * broken, is left where it is. */
void futex_robust_exit(struct thread *t);

#endif
