/* SPDX-License-Identifier: MIT
 *
 * Walking from a frame to the entries that name it. Segments and spaces are found through the
 * frame's owner; the page table then says whether the page is really mapped there.
 * Locks: obj->map_lock or family->map_lock; entries are read without the node lock and are what
 * they were a moment ago.
 */
#include "mm/rmap.h"

#include "mm/obj.h"

struct rmap_walk {
    pfn_t pfn;
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

static void walk_obj(struct rmap_walk *w, struct obj *o, uint32_t page)
{
    spin_lock(&o->map_lock);
    list_for_each (it, &o->segs) {
        struct seg *s = container_of(it, struct seg, by_obj);

        if (page - s->obj_page < s->npages)
            look_at(w, s->as, s->base + page_addr(page - s->obj_page));
    }
    spin_unlock(&o->map_lock);
}

static void walk_family(struct rmap_walk *w, struct family *f, vaddr_t va)
{
    spin_lock(&f->map_lock);
    list_for_each (it, &f->spaces)
        look_at(w, container_of(it, struct as, kin), va);
    spin_unlock(&f->map_lock);
}

unsigned rmap_for_each(pfn_t pfn, void (*visit)(struct as *as, vaddr_t va, void *arg), void *arg)
{
    struct rmap_walk w = {.pfn = pfn, .visit = visit, .arg = arg};
    struct frame *f = frame_of(pfn);
    uint32_t is = __atomic_load_n(&f->owner, __ATOMIC_RELAXED); /* type and owner of one moment */
    uint32_t index = __atomic_load_n(&f->index, __ATOMIC_RELAXED);

    if ((is & 15) == FRAME_OBJ)
        walk_obj(&w, kptr_to(is & ~15u), index);
    else if ((is & 15) == FRAME_ANON && is & ~15u)
        walk_family(&w, kptr_to(is & ~15u), page_addr(index));
    return w.found;
}
