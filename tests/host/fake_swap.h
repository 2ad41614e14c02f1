/* SPDX-License-Identifier: MIT
 *
 * A swap area in memory that can fail, and that takes its time: what a test wants to happen while a
 * transfer is under way happens in the middle of it, when some of its pages have moved and others
 * have not. Frames that are being written may not change meanwhile: it looks.
 */
#ifndef TESTS_FAKE_SWAP_H
#define TESTS_FAKE_SWAP_H

#include "mm/swap.h"

extern const char *fake_policy; /* vmpolicy= */

struct fake_swap {
    const char *name;
    uint32_t pages; /* with the header */
    uint8_t *bytes; /* of the area */
    unsigned reads, writes, in, out, closed;
    uint32_t last_page; /* of the last transfer: its first page, and how many */
    unsigned last_n;
    /* What fails: so many transfers from now on, and all that touch the page (0: none). */
    unsigned read_fails, write_fails;
    uint32_t bad_page;
    /* Called in the middle; cleared before it is. */
    void (*meanwhile)(struct fake_swap *s, bool write, uint32_t page, unsigned n);
};

/* A new area, filled with garbage; swap_add's answer. bad: pages that can't be used. */
int fake_swap_add(struct fake_swap *s, const char *name, uint32_t pages, int prio);
int fake_swap_add_bad(struct fake_swap *s, const char *name, uint32_t pages, const uint32_t *bad,
                      uint32_t nbad);
/* Removes it, whatever is in it; swap_remove's answer. */
int fake_swap_remove(struct fake_swap *s);

/* The page that as has at va goes: cleared, evicted, written. How many went. */
struct as;
unsigned fake_page_out(struct as *as, vaddr_t va);
/* The same without writing it. */
unsigned fake_page_evict(struct as *as, vaddr_t va);

#endif
