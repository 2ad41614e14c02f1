/* SPDX-License-Identifier: MIT
 *
 * The segment driver of private file mappings: text, data, MAP_PRIVATE. Reading and executing share
 * the page cache's frames; the first write copies the page. Bringing a page may sleep: as->lock is
 * then held for reading, as every fault does, and the page is marked BUSY, not locked.
 * Source: SVR4 seg_vn.
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
    error = obj_get(f->seg->obj, seg_obj_page(f->seg, f->va), &pfn, &how);
    if (error)
        return error == -EINVAL ? -ENXIO : error;
    f->kind = MAX(f->kind, fault_kind_found(f->seg->obj, how));
    /* A page with as many entries as can be stays for those who pin it; this one gets a copy. */
    if (f->access == PROT_WRITE || frame_users(pfn) > FRAME_ENTRIES_MAX) {
        error = private_copy(f, pfn);
        obj_put(pfn);
        return error;
    }
    return private_map(f, pfn);
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
