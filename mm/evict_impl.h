/* SPDX-License-Identifier: MIT
 *
 * Between evict.c, for private pages, and evict_obj.c.
 */
#ifndef MM_EVICT_IMPL_H
#define MM_EVICT_IMPL_H

#include "lib/refcount.h"
#include "mm/as.h"
#include "mm/pageout_impl.h"

/* Whether the entry was used; clear: the hardware forgets it, and it says so. Node lock held. */
bool entry_used(struct node *n, unsigned i, bool clear);
/* A page can't go now, since somebody holds what it belongs to, or transfers it. */
void evict_count_held(void);
/* As page_look and page_evict, of a page of an object. */
enum page_look look_obj(pfn_t pfn, bool clear);
unsigned evict_obj(pfn_t pfn);

/* As page_look and page_evict, of a node of the page table. */
enum page_look look_node(pfn_t pfn);
unsigned evict_node(pfn_t pfn);
/* Takes the page of entry i from the space whose node, with its lock held, is n: to swap, or, an
 * object's, to where it came from; used or not. */
bool evict_entry(struct as *as, struct node *n, unsigned i);

#endif
