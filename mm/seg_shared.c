/* SPDX-License-Identifier: MIT
 *
 * The segment driver of shared mappings: every address space gets the object's own frame, so that
 * what one writes the others and read() see at once. An entry is never copy-on-write. The hardware
 * permits writing only to a frame that is known to be dirty: the first write is a fault.
 * A page that has to be read is brought as in seg_vn.
 * Source: SVR4 seg_vn, MAP_SHARED.
 */
#include "include/uapi/errno.h"
#include "mm/obj.h"
#include "mm/private.h"
#include "mm/seg_impl.h"

/* The object agrees that the access may be: 0, -Exxx, or OBJ_SLOW. */
static int allow(const struct fault *f, pfn_t pfn)
{
    struct obj *o = f->seg->obj;

    if (f->access != PROT_WRITE ||
        __atomic_load_n(&frame_of(pfn)->flags, __ATOMIC_RELAXED) & FRAME_WIRED)
        return 0;
    return o->ops->dirty ? o->ops->dirty(o, pfn) : 0;
}

/* The object must make room for something dirty first. */
static int make_room(struct fault *f)
{
    struct obj *o = f->seg->obj;

    obj_ref(o);
    rwlock_read_done(&f->as->lock);
    o->ops->room(o);
    obj_unref(o);
    rwlock_read(&f->as->lock);
    return FAULT_RETRY;
}

/* Enters the page, which the caller has pinned; the pin becomes the entry's use. Not where another
 * was faster, or if the page has left the object: then the access comes again. As allow. */
static int enter(struct fault *f, pfn_t pfn)
{
    struct node *n = f->node ? f->node : pt_node_private(f->as, f->va);
    unsigned i = node_index(f->va);
    bool good;
    int error;

    if (!n) {
        obj_put(pfn);
        return -ENOMEM;
    }
    node_lock(n);
    good = pte_is_none(n->pte[i]) && obj_owns(f->seg->obj, pfn);
    error = good ? allow(f, pfn) : 0;
    good &= !error;
    if (good) {
        pt_set(n, i, pte_make(PTE_RESIDENT, pfn, PTE_SHARED | fault_wired(f)));
        frame_set_rmap(frame_of(pfn), kptr(&n->pte[i]));
        f->agreed = true;
        fault_load(f, n);
    }
    node_unlock(n);
    if (!good)
        obj_put(pfn);
    return error;
}

/* The first write to a page that is there and clean. */
static int write_first(struct fault *f)
{
    struct node *n = pt_lock_node(f->as, f->va);
    int error = 0;

    if (n && n->pte[node_index(f->va)].raw == f->pte.raw) {
        error = allow(f, pte_pfn(f->pte));
        f->agreed = !error;
        if (!error)
            fault_load(f, n);
    }
    if (n)
        node_unlock(n);
    return error;
}

/* A page with as many entries as can be is refused: there is only this one. */
static int shared_fault(struct fault *f)
{
    struct obj *o = f->seg->obj;
    enum obj_found how;
    pfn_t pfn;
    int error;

    if (!pte_is_none(f->pte)) {
        error = write_first(f);
        return unlikely(error == OBJ_SLOW) ? make_room(f) : error;
    }
    error = obj_get_now(o, seg_obj_page(f->seg, f->va), &pfn, &how);
    if (unlikely(error))
        return error == -EAGAIN ? -EIO : vn_missing(f, error);
    if (frame_users(pfn) > FRAME_ENTRIES_MAX) {
        obj_put(pfn);
        return -EIO;
    }
    f->kind = MAX(f->kind, fault_kind_found(o, how));
    error = enter(f, pfn);
    if (unlikely(error))
        return error == OBJ_SLOW ? make_room(f) : error;
    if (f->access != PROT_WRITE)
        vn_around(f, PTE_SHARED | fault_wired(f));
    return 0;
}

static void shared_dup(const struct seg *from, struct seg *to)
{
    vn_dup(from, to);
    if (to->maxprot & PROT_WRITE)
        obj_count_writable(to->obj, 1);
}

static void shared_release(struct seg *s)
{
    if (s->maxprot & PROT_WRITE)
        obj_count_writable(s->obj, -1);
    vn_release(s);
}

const struct seg_ops seg_shared = {
    .name = "shared",
    .fault = shared_fault,
    .dup = shared_dup,
    .split = shared_dup,
    .release = shared_release,
    .sync = obj_sync,
    .incore = vn_incore,
    .advise = vn_advise,
};
