/* SPDX-License-Identifier: MIT
 *
 * The clock with one hand: a page that was used since the hand came by last gets a second chance, a
 * page that was not goes. How long a page may rest is how long the hand takes for all of memory.
 * Source: Corbato, "A Paging Experiment with the Multics System", 1968; 4.2BSD vm_page.c.
 */
#include "mm/pageout_impl.h"

static pfn_t hand;

static int onehand_start(void)
{
    hand = pageout_next(direct_map.end);
    return 0;
}

static uint32_t onehand_scan(uint32_t n, uint32_t want)
{
    uint32_t looked = 0, taken = 0;

    for (; looked < n && taken < want; looked++) {
        switch (page_look(hand, true)) {
        case PAGE_IDLE: taken += page_evict(hand); break;
        case PAGE_USED: pageout_count_used(); break;
        case PAGE_NOT: break;
        }
        hand = pageout_next(hand);
    }
    return looked;
}

const struct policy policy_onehand = {
    .name = "onehand", .start = onehand_start, .scan = onehand_scan};
