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
#include "mm/seg.h"

static enum fault_kind kind_of(enum obj_found how)
{
    return how == OBJ_FILLED ? FAULT_PAGEIN : how == OBJ_WAITED ? FAULT_TRANSIT : FAULT_ATTACH;
}

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
    f->kind = MAX(f->kind, kind_of(how));
    /* A page with as many entries as can be stays for those who pin it; this one gets a copy. */
    if (f->access == PROT_WRITE || frame_users(pfn) > FRAME_ENTRIES_MAX) {
        error = private_copy(f, pfn);
        obj_put(pfn);
        return error;
    }
    return private_map(f, pfn);
}

static void vn_dup(const struct seg *from, struct seg *to)
{
    (void)from;
    obj_ref(to->obj);
}

static void vn_release(struct seg *s)
{
    obj_unref(s->obj);
}

const struct seg_ops seg_vn = {
    .name = "vnode",
    .fault = vn_fault,
    .dup = vn_dup,
    .split = vn_dup,
    .release = vn_release,
};
