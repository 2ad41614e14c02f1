/* SPDX-License-Identifier: MIT
 *
 * What the drivers of segments with an object have in common; seg_vn.c has it.
 */
#ifndef MM_SEG_IMPL_H
#define MM_SEG_IMPL_H

#include "mm/seg.h"

/* A reference to the object for a copy or a part of a segment, and back. */
void vn_dup(const struct seg *from, struct seg *to);
void vn_release(struct seg *s);
bool vn_incore(const struct seg *s, vaddr_t va);
int vn_advise(const struct seg *s, struct range r, enum seg_advice advice);

#endif
