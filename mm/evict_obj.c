/* SPDX-License-Identifier: MIT
 *
 * Taking a page of an object from those who map it. What can be had again is cache then; what was
 * written through a mapping goes home first; what is the only copy gets a slot of swap, and is
 * written there. Who touches it meanwhile finds it in its object, as ever. A page of the archive
 * is taken from those who map it, so that their nodes may go, and stays in memory.
 * Locks: those of the parts of the object's segments, pt_lock, node lock; the page cache's; (w).
 * The object is held by a reference.
 */
#include "mm/evict_impl.h"
#include "mm/obj_impl.h"
#include "mm/reclaim.h"
#include "mm/rmap.h"
#include "mm/swap_impl.h"
#include "mm/swap_obj.h"

struct mapped {
    pfn_t pfn;
    bool clear, used, wired;
};

static void visit_look(struct as *as, vaddr_t va, void *arg)
{
    struct mapped *m = arg;
    struct node *n = pt_lock_node(as, va);
    unsigned i = node_index(va);

    if (!n)
        return;
    if (pte_in_core(n->pte[i]) && pte_pfn(n->pte[i]) == m->pfn) {
        m->wired |= (n->pte[i].raw & PTE_WIRED) != 0;
        m->used |= entry_used(n, i, m->clear);
    }
    node_unlock(n);
}

static void visit_unmap(struct as *as, vaddr_t va, void *arg)
{
    struct mapped *m = arg;
    struct node *n = pt_lock_node(as, va);
    unsigned i = node_index(va);

    if (!n)
        return;
    if (pte_in_core(n->pte[i]) && pte_pfn(n->pte[i]) == m->pfn && !(n->pte[i].raw & PTE_WIRED))
        pt_unmap_node(as, n, va, 1);
    node_unlock(n);
}

/* The object whose page the frame is, with a reference, or NULL. */
static struct obj *hold(pfn_t pfn)
{
    const struct frame *f = frame_of(pfn);
    struct obj *o = NULL;

    cache_lock();
    if (frame_type(f) == FRAME_OBJ) {
        o = frame_owner(f);
        if (!ref_take_live(&o->refs))
            o = NULL;
    }
    cache_unlock();
    return o;
}

/* A page that nobody maps: a file's, which calls use, or one that is still to go home. */
static enum page_look look_unmapped(pfn_t pfn, bool clear)
{
    struct frame *f = frame_of(pfn);
    uint16_t flags = __atomic_load_n(&f->flags, __ATOMIC_RELAXED);

    if (flags & FRAME_UNSAVED || (flags & (FRAME_WIRED | FRAME_DIRTY)) == FRAME_DIRTY)
        return PAGE_IDLE;
    if (!(flags & FRAME_WIRED) || flags & FRAME_ARCHIVE)
        return PAGE_NOT;
    if (clear && flags & FRAME_REF) {
        frame_lock(pfn);
        if (frame_type(f) == FRAME_OBJ)
            frame_set_flags(f, FRAME_REF, 0);
        frame_unlock(pfn);
    }
    return flags & FRAME_REF ? PAGE_USED : PAGE_IDLE;
}

enum page_look look_obj(pfn_t pfn, bool clear)
{
    const struct frame *f = frame_of(pfn);
    struct mapped m = {.pfn = pfn, .clear = clear};
    struct obj *o;
    unsigned found;

    if (__atomic_load_n(&f->flags, __ATOMIC_RELAXED) & (FRAME_BUSY | FRAME_WRITING)) {
        evict_count_held();
        return PAGE_NOT;
    }
    if (frame_count(f) == 0)
        return look_unmapped(pfn, clear);
    o = hold(pfn);
    if (!o)
        return PAGE_NOT;
    found = rmap_for_each(pfn, visit_look, &m);
    obj_unref(o);
    return !found || m.wired ? PAGE_NOT : m.used ? PAGE_USED : PAGE_IDLE;
}

/* The page, which is the only copy and has no users, gets a slot; false: it was counted before. */
static bool give_slot(struct obj *o, pfn_t pfn, uint32_t page)
{
    uint32_t slot;
    bool given;

    if (o->ops->freeze && !o->ops->freeze(o)) {
        evict_count_held();
        return false;
    }
    slot = swap_obj_alloc(o, page);
    given = slot && cache_unkeep(o, page, pfn);
    if (slot && !given)
        (void)swap_obj_drop(o, page);
    if (o->ops->thaw)
        o->ops->thaw(o);
    return given && launder_add(slot, pfn);
}

static unsigned evict_page(struct obj *o, pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    struct mapped m = {.pfn = pfn};
    uint32_t page = f->index, slot;

    if (f->flags & FRAME_WIRED && swap_room() == 0)
        return 0;
    rmap_for_each(pfn, visit_unmap, &m);
    if (frame_count(f) || f->flags & FRAME_ARCHIVE)
        return 0;
    if (f->flags & FRAME_UNSAVED) {
        slot = swap_obj_find(o, page);
        return slot && launder_add(slot, pfn);
    }
    if (f->flags & FRAME_WIRED)
        return give_slot(o, pfn, page);
    if (f->flags & FRAME_DIRTY)
        obj_launder(o, page);
    if (f->flags & FRAME_DIRTY)
        return 0;
    reclaim_offer(pfn);
    return 1;
}

unsigned evict_obj(pfn_t pfn)
{
    struct obj *o = hold(pfn);
    unsigned taken = o ? evict_page(o, pfn) : 0;

    if (o)
        obj_unref(o);
    return taken;
}
