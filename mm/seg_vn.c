/* SPDX-License-Identifier: MIT
 *
 * The segment driver of private file mappings: text, data, MAP_PRIVATE. Reading and executing share
 * the page cache's frames; the first write copies the page. A page that has to be read is BUSY
 * meanwhile, as->lock is not held, and the fault begins anew when it is there. Where filling is
 * only a copy or a clear as->lock stays held for reading.
 * Source: SVR4 seg_vn; reading what lies beside the page as well: 4.3BSD's klin.
 */
#include "include/uapi/errno.h"
#include "mm/obj.h"
#include "mm/private.h"
#include "mm/seg_impl.h"

static int vn_fault(struct fault *f)
{
    enum obj_found how;
    pfn_t pfn;
    int error;

    if (!pte_is_none(f->pte))
        return private_write(f);
    error = obj_get_now(f->seg->obj, seg_obj_page(f->seg, f->va), &pfn, &how);
    if (unlikely(error))
        return vn_missing(f, error);
    f->kind = MAX(f->kind, fault_kind_found(f->seg->obj, how));
    /* A page with as many entries as can be stays for those who pin it; this one gets a copy. */
    if (f->access == PROT_WRITE || frame_users(pfn) > FRAME_ENTRIES_MAX) {
        error = private_copy(f, pfn);
        obj_put(pfn);
        return error;
    }
    error = private_map(f, pfn);
    if (likely(!error) && f->seg->npages > 1)
        vn_around(f, PTE_COW | fault_wired(f));
    return error;
}

/* Pages that lie near each other in the object, in the segment and in the node. */
struct near {
    uint32_t first;       /* page of the object, a multiple of NEAR_PAGES */
    unsigned lowest, end; /* of them */
    int index;            /* entry of the first, which need not be there */
};

static struct near near_of(const struct fault *f)
{
    const struct seg *s = f->seg;
    uint32_t page = seg_obj_page(s, f->va), first = page & ~(NEAR_PAGES - 1), at = page - first;
    uint32_t below = MIN(node_index(f->va), page_of(f->va - s->base));
    uint32_t above = MIN(NODE_PAGES - node_index(f->va), page_of(seg_end(s) - f->va));

    return (struct near){first, at - MIN(at, below), MIN(at + above, NEAR_PAGES),
                         (int)node_index(f->va) - (int)at};
}

/* Reads the page with those from first to end that are not there; how: as obj_get found it. */
static int bring(struct obj *o, uint32_t page, uint32_t first, uint32_t end, enum obj_found *how)
{
    uint32_t brought = 0;
    pfn_t pfn;
    int error;

    if (!obj_lookup(o, page))
        brought = obj_fetch(o, first, end - first);
    error = obj_get(o, page, &pfn, how);
    if (!error)
        obj_put(pfn);
    if (brought >> (page - first) & 1)
        *how = OBJ_FILLED;
    return error;
}

/* A page that is gone again, or that the object has no more, is met anew. */
int vn_missing(struct fault *f, int error)
{
    struct obj *o = f->seg->obj;
    uint32_t page = seg_obj_page(f->seg, f->va), cluster = page & ~(NEAR_PAGES - 1);
    uint32_t first = MAX(cluster, f->seg->obj_page);
    uint32_t end = MIN(cluster + NEAR_PAGES, f->seg->obj_page + f->seg->npages);
    enum obj_found how = OBJ_CACHED;

    if (error != OBJ_SLOW)
        return error == -EINVAL ? -ENXIO : error;
    obj_ref(o);
    rwlock_read_done(&f->as->lock);
    error = bring(o, page, first, end, &how);
    if (!error)
        f->kind = MAX(f->kind, fault_kind_found(o, how));
    obj_unref(o);
    rwlock_read(&f->as->lock);
    return error == -EIO || error == -ENOMEM ? error : FAULT_RETRY;
}

/* For reading, and for executing what the instruction cache knows already. Node lock held. */
static inline void enter_near(const struct fault *f, struct node *n, int first, uint32_t which,
                              const pfn_t *pfns, uint32_t flags)
{
    prot_t exec = f->seg->prot & PROT_EXEC;

    for (uint32_t left = which; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        pfn_t pfn = pfns[i];
        prot_t prot = PROT_READ;

        if (exec && __atomic_load_n(&frame_of(pfn)->flags, __ATOMIC_RELAXED) & FRAME_ISYNC)
            prot |= PROT_EXEC;
        __atomic_store_n(&n->pte[first + (int)i].raw, pte_make(PTE_RESIDENT, pfn, flags).raw,
                         __ATOMIC_RELAXED);
        hat_enter(n, page_addr((uint32_t)(first + (int)i)), pfn, prot);
    }
    pt_count_entered(n, first, which);
}

void vn_around(const struct fault *f, uint32_t flags)
{
    struct node *n = pt_node(f->as->pt, f->va);
    struct near near = near_of(f);
    pfn_t pfns[NEAR_PAGES];
    uint32_t want = 0;

    if (near.end - near.lowest == 1 || !n || f->seg->prot == PROT_NONE || /* as_peek */
        f->as->record)                                                    /* untouched */
        return;
    node_lock(n);
    if (likely(!node_shared(n)))
        for (unsigned i = near.lowest; i < near.end; i++)
            want |= (uint32_t)pte_is_none(n->pte[near.index + (int)i]) << i;
    if (want)
        want = obj_use_near(f->seg->obj, near.first, want, pfns);
    if (want)
        enter_near(f, n, near.index, want, pfns, flags);
    node_unlock(n);
}

void vn_dup(const struct seg *from, struct seg *to)
{
    (void)from;
    obj_ref(to->obj);
}

void vn_release(struct seg *s)
{
    obj_unref(s->obj);
}

bool vn_incore(const struct seg *s, vaddr_t va)
{
    return obj_lookup(s->obj, seg_obj_page(s, va)) != NO_PFN;
}

/* What comes from an object can't be freed: its pages would come back. */
int vn_advise(const struct seg *s, struct range r, enum seg_advice advice)
{
    (void)s;
    (void)r;
    return advice == SEG_FREE ? -EINVAL : 0;
}

const struct seg_ops seg_vn = {
    .name = "vnode",
    .fault = vn_fault,
    .dup = vn_dup,
    .split = vn_dup,
    .release = vn_release,
    .incore = vn_incore,
    .advise = vn_advise,
};
