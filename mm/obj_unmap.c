/* SPDX-License-Identifier: MIT
 *
 * Every place where pages of an object are mapped, through its segments, and what is done there.
 * Needs no memory: in each part of the set a segment without pages that lies on the walker's stack
 * keeps the place while the lock is given away between two nodes; others pass it as one that holds
 * nothing. The walk ends when a round through all parts has found nothing new.
 * Nothing is missed: a segment joins its part at the end, and goes there whenever it gets pages of
 * another; base, length and place in the object change with the lock held. A child of fork may come
 * before its parent: one that has not got its pages yet is waited for, and whoever got some from a
 * space that was not looked at yet is new and still to come.
 * Pages that are to go have left the object before. Who has brought one, or a copy of it, looks
 * under the node's lock whether it is still the object's: so either we find the entry, or it sees
 * that it came too late.
 * A node that fork shares loses the entries for all of its sharers at once: as long as they share
 * it they have the same segments there.
 * Locks: the part's, pt_lock and node lock, in this order, for one node at a time.
 */
#include "mm/as.h"
#include "mm/obj.h"
#include "mm/sleep.h"
#include "mm/swap_impl.h"

bool obj_is_mapped(struct obj *o)
{
    bool found = false;

    for (unsigned i = 0; i < PARTS && !found; i++) {
        spin_lock(&o->segs.of[i].lock);
        list_for_each (it, &o->segs.of[i].list)
            if (container_of(it, struct seg, by_obj)->npages) { /* no walker's */
                found = true;
                break;
            }
        spin_unlock(&o->segs.of[i].lock);
    }
    return found;
}

/* A walk; at: the next page of `seg`, if that is still what it was. */
struct walk {
    uint32_t first, end, at;
    const struct seg *seg;
    const struct as *as;
    vaddr_t base;
    obj_visit *visit;
    struct seg mark[PARTS];
};

/* True if there was a node. */
static bool visit_node(const struct walk *w, struct as *as, vaddr_t va, unsigned count)
{
    struct node *n;

    spin_lock(&as->pt_lock);
    n = as->pt ? pt_node(as->pt, va) : NULL;
    if (n) {
        node_lock(n);
        w->visit(as, n, va, count);
        node_unlock(n);
    } else if (unlikely(as->out && w->visit == pt_unmap_node)) { /* copies of the pages, swapped */
        swap_drop_out_of(as, va, count);
    }
    spin_unlock(&as->pt_lock);
    return n != NULL;
}

/* The next node of the segment; false: there is none any more. The part's lock is held. */
static bool visit_next(struct walk *w, const struct seg *s)
{
    uint32_t end = MIN(w->end, s->obj_page + s->npages), from;

    if (s != w->seg || s->as != w->as || s->base != w->base) {
        w->seg = s;
        w->as = s->as;
        w->base = s->base;
        w->at = 0;
    }
    from = MAX(MAX(w->first, s->obj_page), w->at);
    while (from < end) {
        vaddr_t va = s->base + page_addr(from - s->obj_page);
        unsigned count = MIN(NODE_PAGES - node_index(va), end - from);

        from += count;
        w->at = from;
        if (visit_node(w, s->as, va, count))
            return true;
    }
    return false;
}

/* Its pages may still come from the space that it is a copy of. */
static bool is_forking(const struct seg *s)
{
    return s->npages && __atomic_load_n(&s->as->forking, __ATOMIC_ACQUIRE);
}

/* What lies behind the mark in one part; true if there was anything. */
static bool walk_part(struct walk *w, struct obj *o, unsigned part)
{
    struct list_link *mark = &w->mark[part].by_obj, *next;
    struct spin *lock = &o->segs.of[part].lock;
    bool found = false;

    spin_lock(lock);
    while ((next = mark->next) != &o->segs.of[part].list.head) {
        const struct seg *s = container_of(next, struct seg, by_obj);
        bool wait = is_forking(s);

        found = true;
        if (!wait && !visit_next(w, s)) {
            w->seg = NULL;
            list_remove(mark);
            list_insert_between(mark, next, next->next);
        }
        spin_unlock(lock);
        if (wait)
            frame_nap();
        else
            preempt_point();
        spin_lock(lock);
    }
    spin_unlock(lock);
    return found;
}

void obj_each_mapping(struct obj *o, uint32_t first, uint32_t npages, obj_visit *visit)
{
    struct walk w = {.first = first, .end = first + MIN(npages, UINT32_MAX - first)};
    bool again = true;

    w.visit = visit;
    for (unsigned i = 0; i < PARTS; i++) {
        spin_lock(&o->segs.of[i].lock);
        list_push_front(&o->segs.of[i].list, &w.mark[i].by_obj);
        spin_unlock(&o->segs.of[i].lock);
    }
    while (again) {
        again = false;
        for (unsigned i = 0; i < PARTS; i++)
            again |= walk_part(&w, o, i);
    }
    for (unsigned i = 0; i < PARTS; i++)
        parts_remove(&o->segs, (uint8_t)i, &w.mark[i].by_obj);
}

void obj_unmap(struct obj *o, uint32_t first, uint32_t npages)
{
    obj_each_mapping(o, first, npages, pt_unmap_node);
}
