/* SPDX-License-Identifier: MIT
 *
 * Dirty pages of an object go to where they come from. A page is BUSY meanwhile: who else wants it
 * waits. It is clean first, then no mapping permits writing any more, then it is written: who
 * stores to it from then on makes it dirty again, and the store is in this write or in the next.
 */
#include "mm/as.h"
#include "mm/obj_impl.h"

#define WALK_STEPS 64u /* pages looked at under (k) at a time */

/* Private copies lose the permission, too, for a moment: a fault gives it back. */
static void protect(struct as *as, struct node *n, vaddr_t va, unsigned count)
{
    hat_readonly(&as->hat, n, va, count);
}

void obj_write_protect(struct obj *o, uint32_t first, uint32_t npages)
{
    if (obj_is_writable(o))
        obj_each_mapping(o, first, npages, protect);
}

static int sync_page(struct obj *o, uint32_t page)
{
    pfn_t pfn = obj_take_dirty(o, page, true);
    int error;

    if (pfn == NO_PFN)
        return 0;
    obj_write_protect(o, page, 1);
    error = o->ops->write(o, page, pfn_to_virt(pfn));
    obj_written(pfn, error);
    return error;
}

int obj_sync(struct obj *o, uint32_t first, uint32_t npages)
{
    int error = 0;

    if (o->ops->sync)
        return o->ops->sync(o, first, npages);
    for (uint32_t i = 0; o->ops->write && i < npages; i++) {
        int failed = sync_page(o, first + i);

        error = error ? error : failed;
        preempt_point();
    }
    return error;
}

void obj_launder(struct obj *o, uint32_t page)
{
    if (o->ops->launder)
        o->ops->launder(o, page);
    else
        (void)!obj_sync(o, page, 1);
}

static uint16_t flags_of(pfn_t pfn)
{
    return __atomic_load_n(&frame_of(pfn)->flags, __ATOMIC_RELAXED);
}

/* The place is kept by a pin on the page to look at next, which so can't be dropped. One that is
 * BUSY is passed over: it is being filled, and clean, or on its way out. */
unsigned obj_collect(struct obj *o, struct obj_walk *w, bool dirty, uint32_t *page, unsigned most)
{
    pfn_t was = w->at, pfn;
    unsigned n = 0, steps = 0;

    cache_lock();
    for (pfn = was ? was : o->pages; pfn; pfn = frame_next(frame_of(pfn))) {
        uint32_t index = frame_of(pfn)->index;

        if (flags_of(pfn) & FRAME_BUSY)
            continue;
        if ((n == most || ++steps > WALK_STEPS) && frame_use(pfn, 0) == 0)
            break;
        if (n < most && index - w->first < w->end - w->first &&
            !(flags_of(pfn) & FRAME_DIRTY) == !dirty)
            page[n++] = index;
    }
    cache_unlock();
    if (was)
        frame_unuse(was);
    w->at = pfn;
    w->over = pfn == NO_PFN;
    return n;
}
