/* SPDX-License-Identifier: MIT
 *
 * Any page: what a policy that knows something has to be better than. Where pages are so few that
 * chance does not meet one, a hand finds them.
 * Source: Belady, "A Study of Replacement Algorithms for a Virtual-Storage Computer", IBM Systems
 * Journal, 1966.
 */
#include "kern/random.h"
#include "mm/pageout_impl.h"

#define TRIES 64u

static pfn_t hand;

static int random_start(void)
{
    hand = pageout_next(direct_map.end);
    return 0;
}

static unsigned evict_page(pfn_t pfn)
{
    return pfn == NO_PFN || page_look(pfn, false) == PAGE_NOT ? 0 : page_evict(pfn);
}

/* A frame of which there is something to know, or NO_PFN: much may be reserved. */
static pfn_t any_frame(void)
{
    for (unsigned i = 0; i < TRIES; i++) {
        pfn_t pfn = direct_map.first + random_u32() % (direct_map.end - direct_map.first);

        if (frame_peek(pfn))
            return pfn;
    }
    return NO_PFN;
}

static uint32_t random_scan(uint32_t n, uint32_t want)
{
    uint32_t looked = 0, taken = 0;

    for (; looked < n / 2 && taken < want; looked++)
        taken += evict_page(any_frame());
    for (; looked < n && taken == 0; looked++) {
        taken = evict_page(hand);
        hand = pageout_next(hand);
    }
    return looked;
}

const struct policy policy_random = {.name = "random", .start = random_start, .scan = random_scan};
