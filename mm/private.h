/* SPDX-License-Identifier: MIT
 *
 * Private pages, for the segment drivers that have them: filled with zeroes, copied on write, taken
 * over by the last owner. Each enters the page into the page table; fault.c loads the HAT.
 * All: as->lock held, at least for reading; do not sleep; set f->kind. 0 or -ENOMEM.
 */
#ifndef MM_PRIVATE_H
#define MM_PRIVATE_H

#include "mm/fault.h"
#include "mm/obj.h"

/* f->va has no entry: a read gets the zero page, a write a cleared page of its own. */
int __must_check private_zero(struct fault *f);
/* f->va has no entry: a private copy of the page in frame `from`. */
int __must_check private_copy(struct fault *f, pfn_t from);
/* f->va has an entry: in core that is copy-on-write (or lies in a shared node), and is written; or
 * swapped. The latter may sleep: FAULT_RETRY. */
int __must_check private_write(struct fault *f);
/* f->va's entry names a slot of swap: brings the page, or finds it, and enters it copy-on-write, or
 * for writing. FAULT_RETRY after a sleep; -EIO. */
int __must_check private_swapped(struct fault *f);
/* Enters a page that the caller has pinned, copy-on-write; the pin becomes the entry's use, or is
 * given back when the entry is there already. */
int __must_check private_map(struct fault *f, pfn_t pfn);

/* What entries of the segment are marked with: PTE_WIRED if page-out is not to take their pages. */
static inline uint32_t fault_wired(const struct fault *f)
{
    _Static_assert(PTE_WIRED == 2 * SEG_WIRED, "one shift");
    return (f->seg->flags & (uint32_t)SEG_WIRED) << 1;
}

/* The kind of a fault whose page obj_get found so. */
static inline enum fault_kind fault_kind_found(const struct obj *o, enum obj_found how)
{
    if (likely(how == OBJ_CACHED))
        return FAULT_ATTACH;
    if (how == OBJ_WAITED)
        return FAULT_TRANSIT;
    if (how == OBJ_READ)
        return FAULT_PAGEIN;
    return o->ops->only_copy ? FAULT_ZERO : FAULT_PAGEIN;
}

#endif
