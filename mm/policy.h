/* SPDX-License-Identifier: MIT
 *
 * Replacement policies: how page-out chooses the pages that go. One file each, see
 * docs/REPLACEMENT-POLICY.md. One works at a time, called by page-out's thread alone, which also
 * changes from one to another, between two rounds.
 */
#ifndef MM_POLICY_H
#define MM_POLICY_H

#include "mm/units.h"

struct policy {
    const char *name;
    /* Before the first scan: gets memory, puts hands to their places. 0 or -ENOMEM, and it is as if
     * it had not been called. Does not sleep. NULL: nothing to do. */
    int (*start)(void);
    /* After the last scan: gives back what start got. NULL: nothing to do. */
    void (*stop)(void);
    /* Looks at frames, about n of them, and evicts pages until about `want` went. Returns how many
     * frames it looked at, at least 1. May sleep in page_evict alone. */
    uint32_t (*scan)(uint32_t n, uint32_t want);
};

/* Works with this one from now on. 0; -EINVAL: there is none of that name; -ENOMEM: it could not
 * start, and all is as before; -EBUSY: another call changes it just now; -EINTR. May sleep. */
int __must_check policy_set(const char *name);
/* The i-th there is, or NULL; the one at work. */
const struct policy *policy_nth(unsigned i);
const struct policy *policy_current(void);
/* At boot: the one that vmpolicy= asks for. */
void policy_init(void);

#endif
