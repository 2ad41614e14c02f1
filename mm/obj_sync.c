/* SPDX-License-Identifier: MIT
 *
 * Dirty pages of an object go to where they come from. A page is BUSY meanwhile: who else wants it
 * waits. It is clean first, then no mapping permits writing any more, then it is written: who
 * stores to it from then on makes it dirty again, and the store is in this write or in the next.
 */
#include "mm/as.h"
#include "mm/obj.h"

/* Private copies lose the permission, too, for a moment: a fault gives it back. */
static void write_protect(struct as *as, struct node *n, vaddr_t va, unsigned count)
{
    hat_readonly(&as->hat, n, va, count);
}

static int sync_page(struct obj *o, uint32_t page)
{
    pfn_t pfn = obj_take_dirty(o, page);
    int error;

    if (pfn == NO_PFN)
        return 0;
    obj_each_mapping(o, page, 1, write_protect);
    error = o->ops->write(o, page, pfn_to_virt(pfn));
    obj_written(pfn, error);
    return error;
}

int obj_sync(struct obj *o, uint32_t first, uint32_t npages)
{
    int error = 0;

    for (uint32_t i = 0; o->ops->write && i < npages; i++) {
        int failed = sync_page(o, first + i);

        error = error ? error : failed;
        preempt_point();
    }
    return error;
}
