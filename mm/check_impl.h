/* SPDX-License-Identifier: MIT
 *
 * Private to the audit. Nothing else runs, so that no lock is taken.
 */
#ifndef MM_CHECK_IMPL_H
#define MM_CHECK_IMPL_H

#include "mm/as.h"
#include "mm/check.h"

struct audit {
    void (*report)(void *arg, const char *what);
    void *arg;
    int errors;
    uint32_t committed;
    uint32_t cached; /* pages */
};

void finding(struct audit *a, const char *format, ...) __printf(2, 3);

/* An entry that names a slot: it is its page's. */
void check_swapped(struct audit *a, struct as *as, vaddr_t va, pte_t e);
/* A frame of type FRAME_SWAP: its slot says so, too. */
void check_swap_frame(struct audit *a, pfn_t pfn);
/* Changes the count of the slot that the entry names. */
void swap_count_entry(pte_t e, int delta);
/* The same for all entries that are out. */
void check_count_out(struct as *as, int delta);
/* Entries that are out. */
void check_out(struct audit *a, struct as *as);
/* After every entry took its count away: none is left, and what is used was counted. */
void check_slots(struct audit *a);

#endif
