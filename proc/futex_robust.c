/* SPDX-License-Identifier: MIT
 *
 * Robust futexes: a thread that ends while it holds some says so in their words, and wakes one who
 * sleeps for each. The list is the program's: it may be anything, and what can't be read ends it.
 * Source: get_robust_list(2); the structure of the list is that of the ABI.
 */
#include "mm/uaccess.h"
#include "proc/futex.h"
#include "proc/thread.h"

#define ROBUST_MOST  2048u
#define WAITERS      0x80000000u
#define OWNER_DIED   0x40000000u
#define OWNER_MASK   0x3fffffffu
#define PRIORITY_BIT 1u /* of an entry's address: a futex with priority inheritance */

/* At t->robust. */
struct robust_head {
    vaddr_t next;
    int32_t offset;  /* of the word, from an entry */
    vaddr_t pending; /* an entry that is being taken or given back, or 0 */
};

/* The word of an entry. False: it can't be touched. */
static bool let_go(const struct thread *t, vaddr_t at, bool pending)
{
    struct futex f = {.at = at};
    uint32_t word, seen;

    if (at % sizeof(word) || get_user32(&word, at))
        return false;
    if (pending && word == 0) { /* given back just now, and perhaps nobody was woken */
        (void)futex_wake(&f, 1, FUTEX_ANY);
        return true;
    }
    for (;;) {
        if ((word & OWNER_MASK) != (uint32_t)t->tid)
            return true;
        if (user_cmpxchg32(at, word, (word & WAITERS) | OWNER_DIED, &seen))
            return false;
        if (seen == word)
            break;
        word = seen;
    }
    if (word & WAITERS)
        (void)futex_wake(&f, 1, FUTEX_ANY);
    return true;
}

void futex_robust_exit(struct thread *t)
{
    struct robust_head head;
    vaddr_t entry, next;
    unsigned n = 0;

    if (copy_from_user(&head, t->robust, sizeof(head)))
        return;
    for (entry = head.next; (entry & ~PRIORITY_BIT) != t->robust && n < ROBUST_MOST; n++) {
        vaddr_t at = entry & ~PRIORITY_BIT;
        bool last = get_user32(&next, at) != 0; /* before somebody takes the entry and changes it */

        if (at != (head.pending & ~PRIORITY_BIT) && !let_go(t, at + (vaddr_t)head.offset, false))
            return;
        if (last)
            return;
        entry = next;
    }
    if (head.pending)
        (void)let_go(t, (head.pending & ~PRIORITY_BIT) + (vaddr_t)head.offset, true);
}
