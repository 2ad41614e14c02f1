/* SPDX-License-Identifier: MIT
 *
 * Dropping pages that nobody uses and that can be had again: the last resort of frame_alloc before
 * it says that there is no memory.
 */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "mm/frame.h"

void reclaim_init(void);
/* The page has become cache: it is dropped before those that were offered later, and before those
 * that nobody offered. */
void reclaim_offer(pfn_t pfn);
/* Frees up to n such pages; how many. Does not sleep. */
uint32_t reclaim_cache(uint32_t n);

#endif
