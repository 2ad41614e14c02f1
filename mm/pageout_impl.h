/* SPDX-License-Identifier: MIT
 *
 * Private to page-out: what policies are made of, see docs/REPLACEMENT-POLICY.md.
 */
#ifndef MM_PAGEOUT_IMPL_H
#define MM_PAGEOUT_IMPL_H

#include "mm/pageout.h"
#include "mm/policy.h"

enum page_look {
    PAGE_NOT,  /* nothing that could go: free, the kernel's, cache already, wired, at work */
    PAGE_USED, /* used since it was last cleared */
    PAGE_IDLE, /* not used since then */
};

/* Whether the page in the frame was used; clear: takes the translations away, so that the next use
 * is seen. Does not sleep. */
enum page_look page_look(pfn_t pfn, bool clear);
/* Takes an idle page, and idle neighbours, from those who have it; how many went. What has to be
 * written is when enough came together, so that it may sleep, or when launder_flush is called. */
unsigned page_evict(pfn_t pfn);

/* Takes all that it can of a space, which may be gone by now: pages, used or not, and nodes; how
 * many went. May sleep. */
struct as;
unsigned evict_space(const struct as *who);
struct evict_space_stats {
    uint32_t nodes, spaces; /* nodes taken, and spaces that had something */
};
struct evict_space_stats evict_space_stats(void);

/* Pages so far whose translations were taken away, and that page_evict took. */
uint32_t evict_cleared(void);
uint32_t evict_taken(void);
/* Pages so far that would go, were nobody at work on them just now. */
uint32_t evict_held(void);
/* Calls of page_look, and the time that all of page_evict took. */
uint32_t evict_looks(void);
uint64_t evict_ns(void);

/* Writes what page_evict has collected. May sleep. */
void launder_flush(void);
/* The page is to be written to its slot; false: it was already. */
bool launder_add(uint32_t slot, pfn_t pfn);
bool launder_is_full(void);
struct launder_stats {
    uint32_t written, failed;
};
struct launder_stats launder_stats(void);
uint32_t launder_added(void); /* items so far */

extern const struct policy policy_clock; /* two hands */
extern const struct policy policy_onehand, policy_fifo, policy_random, policy_aging;

/* policy_set's part. */
int __must_check pageout_change(const struct policy *p);

/* The frame behind pfn in the core map, going round; entries that were never made are passed over.
 */
pfn_t pageout_next_group(pfn_t pfn);
static inline pfn_t pageout_next(pfn_t pfn)
{
    pfn++;
    if (likely((pfn - direct_map.first) % FRAME_GROUP && pfn < direct_map.end))
        return pfn;
    return pageout_next_group(pfn - 1);
}
void pageout_count_used(void);

#endif
