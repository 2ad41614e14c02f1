/* SPDX-License-Identifier: MIT
 *
 * What the drivers of segments with an object have in common; seg_vn.c has it.
 */
#ifndef MM_SEG_IMPL_H
#define MM_SEG_IMPL_H

#include "mm/fault.h"
#include "mm/seg.h"

/* A reference to the object for a copy or a part of a segment, and back. */
void vn_dup(const struct seg *from, struct seg *to);
void vn_release(struct seg *s);
/* A fault did not get its page by obj_get_now, which answered so (not 0): what the driver answers.
 * If the page only has to be brought, that is done here, together with its neighbours, and f->kind
 * says so: FAULT_RETRY. May sleep; as->lock, held for reading, is not held meanwhile. */
int vn_missing(struct fault *f, int error);
/* What else of the pages near f->va's, which was just entered for reading, is in memory and has no
 * entry gets one with these flags: so that a file that is read from end to end faults seldom. Does
 * not sleep; as->lock held for reading. */
void vn_around(const struct fault *f, uint32_t flags);
bool vn_incore(const struct seg *s, vaddr_t va);
int vn_advise(const struct seg *s, struct range r, enum seg_advice advice);

#endif
