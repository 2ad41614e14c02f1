/* SPDX-License-Identifier: MIT
 *
 * Limits of an address space: RLIMIT_AS, RLIMIT_DATA and, counted for its callers, RLIMIT_MEMLOCK.
 * Nothing is counted as segments come and go, since hardly anybody has a limit: who has one pays
 * for a walk through its segments each time it asks for more. Locks: as->lock.
 */
#include "include/uapi/errno.h"
#include "mm/as_impl.h"

static bool counts(const struct seg *s, enum as_kind kind)
{
    switch (kind) {
    case AS_DATA: return s->prot & PROT_WRITE && !(s->flags & (SEG_SHARED | SEG_GROWS));
    case AS_LOCKED: return s->flags & SEG_WIRED;
    default: return true;
    }
}

/* Pages of s that lie in the range. */
static uint32_t pages_inside(const struct seg *s, const struct range *r)
{
    vaddr_t from = s->base, to = seg_end(s);

    if (r) {
        from = MAX(from, r->base);
        to = MIN(to, r->base + page_addr(r->npages));
    }
    return from < to ? page_of(to - from) : 0;
}

uint32_t as_pages(const struct as *as, enum as_kind kind, const struct range *in)
{
    uint32_t pages = 0;

    tree_for_each (it, &as->segs) {
        const struct seg *s = container_of(it, struct seg, by_addr);

        if (counts(s, kind))
            pages += pages_inside(s, in);
        preempt_point();
    }
    return pages;
}

static bool fits(const struct as *as, enum as_kind kind, uint32_t most, uint32_t more,
                 const struct range *gone)
{
    uint32_t now;

    if (!more || most == UINT32_MAX)
        return true;
    now = as_pages(as, kind, NULL) - (gone ? as_pages(as, kind, gone) : 0);
    return now <= most && more <= most - now;
}

int as_limit_check(const struct as *as, uint32_t pages, uint32_t data, const struct range *gone)
{
    return fits(as, AS_ALL, as->limits.pages, pages, gone) &&
                   fits(as, AS_DATA, as->limits.data, data, gone)
               ? 0
               : -ENOMEM;
}

void as_set_limits(struct as *as, const struct as_limits *l)
{
    rwlock_write(&as->lock);
    as_begin_limits(as, l);
    rwlock_write_done(&as->lock);
}
