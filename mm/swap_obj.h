/* SPDX-License-Identifier: MIT
 *
 * Private to mm: slots of pages of objects. None is called with (w) held; none sleeps but
 * swap_obj_fill.
 */
#ifndef MM_SWAP_OBJ_H
#define MM_SWAP_OBJ_H

#include "mm/obj.h"

/* Before the first area. -ENOMEM. */
int __must_check swap_obj_init(void);
/* After the last one. */
void swap_obj_end(void);
/* A slot for the page, which has none; NO_SLOT: swap is full. */
uint32_t swap_obj_alloc(struct obj *o, uint32_t page);
uint32_t swap_obj_find(const struct obj *o, uint32_t page);
/* The page has no slot any more; true: it had one. */
bool swap_obj_drop(struct obj *o, uint32_t page);
/* The same for pages from first to end; how many had one. Passes preemption points. */
uint32_t swap_obj_drop_range(struct obj *o, uint32_t first, uint32_t end);
/* The same; and what was reserved for those that are kept pages is given back. */
void swap_obj_lose(struct obj *o, uint32_t first, uint32_t end);
/* Fills the frame with what the page's slot holds. -ENOENT: it has none; -EIO. The page is BUSY. */
int swap_obj_fill(struct obj *o, uint32_t page, pfn_t pfn);
/* If the page has a slot it is the only copy in memory again, without one. -EIO, -ENOMEM, -EINVAL:
 * it is behind the end by now. May sleep. */
int __must_check obj_bring_back(struct obj *o, uint32_t page);
/* The object whose page the slot holds, with a reference, or NULL. */
struct obj *swap_obj_hold(uint32_t slot, uint32_t *page);

#endif
