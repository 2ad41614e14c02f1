/* SPDX-License-Identifier: MIT
 *
 * The way back from a frame to every entry that names it, without any memory of its own: an
 * object's page is looked for in the segments of obj->segs, a private page at its own address in
 * the spaces of its family. For page-out, listings and checks.
 */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include "mm/as.h"

/* Calls visit for each entry that names the frame (one in a shared node: once per sharer), the
 * lock of the part held (mm/parts.h). The caller keeps the frame what it is and its
 * owner alive: a pin alone does neither. Returns how many. */
unsigned rmap_for_each(pfn_t pfn, void (*visit)(struct as *as, vaddr_t va, void *arg), void *arg);

#endif
