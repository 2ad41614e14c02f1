/* SPDX-License-Identifier: MIT
 *
 * Aging: nearly least recently used. Each frame has a byte, which is shifted right whenever the
 * hand comes by, and gets its highest bit if the page was used since. So the byte is a history of
 * eight rounds, and the smaller it is, the longer ago the last use. Of the frames that the hand
 * passes in one scan the pages with the smallest go.
 * Source: Tanenbaum, Modern Operating Systems, "Simulating LRU in Software".
 */
#include "mm/frame_data.h"
#include "mm/pageout_impl.h"

#define USED_NOW 0x80u
#define CLASSES  9u /* rounds since the last use; the last class: more than the byte can tell */

static struct {
    struct frame_data ages;
    pfn_t hand;
} aging;

static int aging_start(void)
{
    aging.hand = pageout_next(direct_map.end);
    return frame_data_make(&aging.ages, sizeof(uint8_t));
}

static void aging_stop(void)
{
    frame_data_free(&aging.ages);
}

/* A bit of history more. */
static enum page_look grow_older(pfn_t pfn)
{
    enum page_look look = page_look(pfn, true);
    uint8_t *age = frame_data(&aging.ages, pfn);

    if (look != PAGE_NOT)
        *age = (uint8_t)(*age >> 1 | (look == PAGE_USED ? USED_NOW : 0));
    return look;
}

/* Rounds since the page was used. */
static unsigned rest_of(pfn_t pfn)
{
    const uint8_t *age = frame_data(&aging.ages, pfn);

    return *age ? (unsigned)__builtin_clz(*age) - 24 : CLASSES - 1;
}

/* Of n frames from `from` on evicts pages that have rested for so many rounds; how many went. */
static uint32_t evict_class(pfn_t from, uint32_t n, unsigned rest, uint32_t want)
{
    uint32_t taken = 0;

    for (; n && taken < want; n--, from = pageout_next(from))
        if (page_look(from, false) == PAGE_IDLE && rest_of(from) == rest)
            taken += page_evict(from);
    return taken;
}

static uint32_t aging_scan(uint32_t n, uint32_t want)
{
    uint32_t count[CLASSES] = {0}, taken = 0;
    pfn_t from = aging.hand;

    for (uint32_t i = 0; i < n; i++) {
        switch (grow_older(aging.hand)) {
        case PAGE_IDLE: count[rest_of(aging.hand)]++; break;
        case PAGE_USED: pageout_count_used(); break;
        case PAGE_NOT: break;
        }
        aging.hand = pageout_next(aging.hand);
    }
    for (unsigned rest = CLASSES - 1; rest > 0 && taken < want; rest--)
        if (count[rest])
            taken += evict_class(from, n, rest, want - taken);
    return n;
}

const struct policy policy_aging = {
    .name = "aging", .start = aging_start, .stop = aging_stop, .scan = aging_scan};
