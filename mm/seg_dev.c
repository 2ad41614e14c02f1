/* SPDX-License-Identifier: MIT
 *
 * The segment driver of device registers: physical pages that are no RAM. They have no frame, so
 * nothing of them is counted, copied, cached or paged: an entry says which page it is and keeps its
 * node alive, and the hardware is told what the segment permits now. All who fork from one mapping
 * see the same registers. Never executable, never private.
 * Locks: the node lock around an entry; as->lock for reading, as in every fault. Does not sleep.
 * Source: SVR4's seg_dev; ARM DDI 0406C A3.5.5 (Device memory).
 */
#include "mm/seg_dev.h"

#include "include/uapi/errno.h"
#include "mm/as.h"
#include "mm/fault.h"

static bool is_ram(pfn_t first, uint32_t npages)
{
    return first < direct_map.end && first + npages > direct_map.first;
}

int seg_dev_request(struct map_request *r, pfn_t first, uint32_t npages)
{
    if (!(r->flags & SEG_SHARED))
        return -EINVAL;
    if (r->obj_page >= npages || r->npages > npages - r->obj_page)
        return -ENXIO;
    if (first + npages > 1u << 20 || first + npages < first || is_ram(first, npages))
        return -ENXIO;
    r->maxprot &= (prot_t)~PROT_EXEC;
    if (r->prot & ~r->maxprot)
        return -EACCES;
    r->ops = &seg_dev;
    r->obj = NULL;
    r->obj_page += first;
    r->flags |= SEG_DEVICE;
    return 0;
}

/* Tells the hardware what the segment permits. Node lock held. */
static void load(struct fault *f, struct node *n, pfn_t pfn)
{
    prot_t prot = (f->seg->prot & PROT_WRITE) | PROT_READ, had;
    pfn_t old;

    f->loaded = true;
    if (f->seg->prot == PROT_NONE) /* as_peek */
        return;
    had = hat_probe(n, node_index(f->va), &old);
    if (had == 0)
        f->kind = MAX(f->kind, FAULT_RECLAIM);
    else if (prot & ~had)
        f->kind = MAX(f->kind, FAULT_UPGRADE);
    if (had != prot)
        hat_load(&f->as->hat, n, f->va, pfn, prot | HAT_DEVICE);
}

static int dev_fault(struct fault *f)
{
    bool fresh = pte_is_none(f->pte);
    struct node *n = fresh ? pt_node_private(f->as, f->va) : NULL;
    pfn_t pfn = seg_obj_page(f->seg, f->va);
    unsigned i = node_index(f->va);

    if (!n && fresh)
        return -ENOMEM;
    if (n)
        node_lock(n);
    else
        n = pt_lock_node(f->as, f->va); /* sharers agree about what is in it */
    if (pte_is_none(n->pte[i])) {
        f->kind = MAX(f->kind, FAULT_ATTACH);
        pt_set(n, i, pte_make(PTE_DEVICE, pfn, PTE_SHARED));
        node_count_zeroes(n, 1);
    }
    load(f, n, pfn);
    node_unlock(n);
    return 0;
}

static bool dev_incore(const struct seg *s, vaddr_t va)
{
    (void)s, (void)va;
    return true;
}

/* There is nothing that could be given back. */
static int dev_advise(const struct seg *s, struct range r, enum seg_advice advice)
{
    (void)s, (void)r, (void)advice;
    return -EINVAL;
}

const struct seg_ops seg_dev = {
    .name = "device",
    .fault = dev_fault,
    .incore = dev_incore,
    .advise = dev_advise,
};
