/* SPDX-License-Identifier: MIT
 *
 * Taking back what the hardware was told, by address space or by frame: it may be forgotten at any
 * moment and comes back by faults. Nothing is allocated for it.
 * Source: hat_pageunload and hat_pagesync of SunOS (Gingell, Moran, Shannon 1987).
 */
#ifndef MM_TAKEBACK_H
#define MM_TAKEBACK_H

#include "mm/as.h"

/* The hardware forgets all of the address space. May sleep; takes as->lock for reading. */
void as_forget(struct as *as);

struct page_use {
    unsigned entries; /* of page tables that name the frame: one in a shared node for each sharer */
    unsigned loaded;  /* known to the hardware: used since that was last taken away */
    unsigned writable; /* of these */
    bool dirty;
};

/* Where a private page or a page of an object is mapped, and what the hardware knows of it;
 * take_back: it knows nothing afterwards. Everything stands still (proc_stop_all). -EINVAL: the
 * frame is neither. */
int __must_check page_probe(pfn_t pfn, bool take_back, struct page_use *use);

#endif
