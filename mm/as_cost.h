/* SPDX-License-Identifier: MIT
 *
 * What the abstractions cost: the kernel memory that an address space takes.
 */
#ifndef MM_AS_COST_H
#define MM_AS_COST_H

#include "mm/as.h"

/* How many of a kind, and bytes of one. */
struct cost {
    uint32_t count, each_bytes;
};

/* At one moment, as->lock held meanwhile. What others use as well is counted whole: nodes shared by
 * fork, objects mapped elsewhere, frames. */
struct as_cost {
    struct cost space;     /* struct as, root, and a frame for the hardware's first level */
    struct cost segs;      /* segments */
    struct cost objects;   /* that they map, each once */
    struct cost nodes;     /* of the page table; */
    uint32_t nodes_shared; /* of these with other roots */
    struct cost frames;    /* entries of the core map, of pages in memory without the zero page */
};

/* Fills *cost; all 0 but the sizes where the space is gone. May sleep: takes as->lock for reading.
 */
void as_cost(struct as *as, struct as_cost *cost);

#endif
