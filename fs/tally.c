/* SPDX-License-Identifier: MIT
 *
 * /dev/tally: zero-filled private memory that counts its page faults; the example of
 * docs/SEGMENT-DRIVER.md. Page 0 of the device shows a counter for each page, itself included, and
 * can't be written; pages 1 to 1023 are memory. Each open file has counters of its own.
 * Locks: none. The counters are a page of an object, added to atomically, which open file and
 * segments keep by references.
 */
#include "fs/tally.h"

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "mm/obj_anon.h"
#include "mm/private.h"

#define TALLY_PAGES 1024u /* as many counters as fit into page 0 */

/* Page 0, whose pin the entry takes over; a copy where the frame has too many entries. */
static int show_counters(struct fault *f, pfn_t pfn)
{
    int error;

    f->kind = MAX(f->kind, FAULT_ATTACH);
    if (frame_users(pfn) <= FRAME_ENTRIES_MAX)
        return private_map(f, pfn);
    error = private_copy(f, pfn);
    obj_put(pfn);
    return error;
}

/* Finds the counters, made at the first fault; counts; brings the page. as->lock: reading, perhaps
 * several threads at once. May sleep. -ENXIO, a bus error: mremap went beyond the device. */
static int tally_fault(struct fault *f)
{
    uint32_t page = seg_obj_page(f->seg, f->va);
    pfn_t pfn;
    int error = page < TALLY_PAGES ? obj_get(f->seg->obj, 0, &pfn, NULL) : -ENXIO;

    if (error)
        return error;
    __atomic_fetch_add((uint32_t *)pfn_to_virt(pfn) + page, 1, __ATOMIC_RELAXED);
    if (page == 0 && pte_is_none(f->pte))
        return show_counters(f, pfn);
    obj_put(pfn);
    return pte_is_none(f->pte) ? private_zero(f) : private_write(f);
}

/* One segment more, by fork or by a cut in two: it counts in the same counters. */
static void tally_dup(const struct seg *from, struct seg *to)
{
    (void)from;
    obj_ref(to->obj);
}

static void tally_release(struct seg *s)
{
    obj_unref(s->obj);
}

static int tally_setprot(const struct seg *s, struct range r, prot_t prot)
{
    return seg_obj_page(s, r.base) == 0 && prot & PROT_WRITE ? -EACCES : 0;
}

static const struct seg_ops seg_tally = {
    .name = "tally",
    .fault = tally_fault,
    .dup = tally_dup,
    .split = tally_dup,
    .release = tally_release,
    .setprot = tally_setprot,
};

static int tally_open(struct file *f)
{
    f->data = obj_anon_create(1, true);
    return f->data ? 0 : -ENOMEM;
}

static void tally_close(struct file *f)
{
    obj_unref(f->data);
}

/* mmap: the request becomes one for our driver, or is refused. as_map takes the reference. */
static int tally_map(struct file *f, struct map_request *r)
{
    if (r->flags & SEG_SHARED)
        return -EINVAL;
    if (r->obj_page >= TALLY_PAGES || r->npages > TALLY_PAGES - r->obj_page)
        return -ENXIO;
    r->maxprot &= (prot_t)~PROT_EXEC;
    if (r->prot & ~r->maxprot || (r->obj_page == 0 && r->prot & PROT_WRITE))
        return -EACCES;
    r->ops = &seg_tally;
    r->obj = f->data;
    return 0;
}

const struct vnode_ops tally_ops = {.open = tally_open, .close = tally_close, .map = tally_map};
