/* SPDX-License-Identifier: MIT
 *
 * Walking from a frame to the entries that name it. Segments and spaces are found through the
 * frame's owner; the page table then says whether the page is really mapped there.
 * Locks: those of the sets' parts; entries are read without the node lock and are what
 * they were a moment ago.
 */
#include "mm/rmap.h"

#include "mm/obj.h"

struct rmap_walk {
    pfn_t pfn;
    uint32_t page; /* of its object or family */
    void (*visit)(struct as *as, vaddr_t va, void *arg);
    void *arg;
    unsigned found;
};

static void look_at(struct rmap_walk *w, struct as *as, vaddr_t va)
{
    pte_t e = pt_get(as, va);

    if (pte_in_core(e) && pte_pfn(e) == w->pfn) {
        w->found++;
        if (w->visit)
            w->visit(as, va, w->arg);
    }
}

static void look_at_seg(struct list_link *it, void *arg)
{
    struct seg *s = container_of(it, struct seg, by_obj);
    struct rmap_walk *w = arg;

    if (w->page - s->obj_page < s->npages)
        look_at(w, s->as, s->base + page_addr(w->page - s->obj_page));
}

static void look_at_kin(struct list_link *it, void *arg)
{
    struct rmap_walk *w = arg;

    look_at(w, container_of(it, struct as, kin), page_addr(w->page));
}

unsigned rmap_for_each(pfn_t pfn, void (*visit)(struct as *as, vaddr_t va, void *arg), void *arg)
{
    struct rmap_walk w = {.pfn = pfn, .visit = visit, .arg = arg};
    struct frame *f = frame_of(pfn);
    uint32_t is = __atomic_load_n(&f->owner, __ATOMIC_RELAXED); /* type and owner of one moment */

    w.page = __atomic_load_n(&f->index, __ATOMIC_RELAXED);
    if ((is & 15) == FRAME_OBJ)
        parts_for_each(&((struct obj *)kptr_to(is & ~15u))->segs, look_at_seg, &w);
    else if (((is & 15) == FRAME_ANON || (is & 15) == FRAME_SWAP) && is & ~15u)
        parts_for_each(&((struct family *)kptr_to(is & ~15u))->spaces, look_at_kin, &w);
    return w.found;
}
