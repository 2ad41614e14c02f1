/* SPDX-License-Identifier: MIT
 *
 * Between obj.c, which owns the page cache, and what changes an object's size or keeps its pages.
 * (k) is the page cache's lock.
 */
#ifndef MM_OBJ_IMPL_H
#define MM_OBJ_IMPL_H

#include "mm/obj.h"

void cache_lock(void);
void cache_unlock(void);
/* The page's frame, or NO_PFN; (k) held. */
pfn_t cache_find(const struct obj *o, uint32_t page);
/* Takes the page in the frame out of its object if nobody uses it and it can be filled again: for
 * the caller to free. (k) is not held. */
bool cache_try_drop(pfn_t pfn);
/* The page in the frame, which is the only copy, has no users and nobody at work, and has a slot of
 * swap, is kept there from now on: it is UNSAVED, and no more WIRED. False: it is not so. */
bool cache_unkeep(struct obj *o, uint32_t page, pfn_t pfn);
/* Takes a page out of its object; *free: to be freed by the caller. One that somebody has pinned
 * becomes a private page of nobody's, which goes with its last user. False: it is BUSY, or being
 * written. (k) held. */
bool page_orphan(struct obj *o, pfn_t pfn, bool *free);

/* Counts of kept pages, see obj_reserve: one that was entered or went. */
void obj_kept_count(struct obj *o, int delta);
/* No page is kept, and there is no limit. */
void obj_keep_init(void);

/* Pages that the size covers. */
static inline uint32_t obj_pages(const struct obj *o)
{
    return (uint32_t)((obj_size(o) + PAGE_MASK) >> PAGE_SHIFT);
}

#endif
