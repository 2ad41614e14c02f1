/* SPDX-License-Identifier: MIT
 *
 * Private to mm: each CPU's store of free frames, and a depot where stores exchange whole batches
 * (Bonwick and Adams, "Magazines and Vmem", USENIX 2001), so that CPUs seldom meet at the free
 * list. frame.c moves frames between list and stores under its lock, and empties stores and depot
 * before it says that there is no memory.
 */
#ifndef MM_FRAME_IMPL_H
#define MM_FRAME_IMPL_H

#include "mm/frame.h"

#define STORE_FRAMES  31u
#define STORE_BATCH   16u /* so many come from the free list or the depot, or go to it, at once */
#define DEPOT_BATCHES 16u

/* Ranges of frames that were free at boot. */
#define SPANS_MAX (2 * FRAME_RANGES_MAX)
struct frame_spans {
    struct frame_range of[SPANS_MAX];
    unsigned n;
};

/* What both have in common. */
struct frame_range range_meet(struct frame_range a, struct frame_range b);
/* The frames that all ranges have in common with group. */
uint32_t ranges_meet(const struct frame_range *ranges, unsigned n, struct frame_range group);
/* Takes hole out of every span; one may fall in two. */
void spans_subtract(struct frame_spans *s, struct frame_range hole);
uint32_t spans_total(const struct frame_spans *s);
/* memlimit=: the highest spans lose what is above the limit. */
void spans_limit(struct frame_spans *s, uint32_t limit);

/* The owner word of a frame in a store: free, but not on the list. */
#define OWNER_STORED (1u << 4 | FRAME_FREE)

/* Stores and depot are empty; while `open` is false nothing is put into them. */
void frame_stores_init(void);
void frame_stores_open(bool open);
/* A frame of the calling CPU's store, or NO_PFN. */
pfn_t frame_store_take(void);
/* Puts a free frame there and marks it so; false: it is full or shut. */
bool frame_store_give(pfn_t pfn);
/* Half of the calling CPU's full store goes to the depot; false: it has no room, or is shut. */
bool frame_depot_give(void);
/* A frame of a batch whose others go to the calling CPU's store, which is empty; or NO_PFN. */
pfn_t frame_depot_take(void);
/* These with the free list's lock held, as everybody has it who takes from other CPUs' stores. The
 * calling CPU's store is empty; puts n <= STORE_BATCH frames there that are marked so; takes half
 * of it, up to STORE_BATCH frames: how many. */
bool frame_store_wants(void);
void frame_store_fill(const pfn_t *pfns, uint32_t n);
uint32_t frame_store_halve(pfn_t *pfns);
/* Takes all frames of any CPU's store; returns how many: STORE_FRAMES at most. */
uint32_t frame_store_empty(unsigned cpu, pfn_t *pfns);
/* Takes batch i of the depot; returns how many frames, 0 or STORE_BATCH. */
uint32_t frame_depot_empty(unsigned i, pfn_t *pfns);
/* Frames in all stores and the depot at this moment. */
uint32_t frame_stores_count(void);
/* Each frame in a store is marked so: false if not. Nothing else runs. */
bool frame_stores_good(void);
/* Calls what frame_add_drain registered. */
void frame_drain_kept(void);

#endif
