/* SPDX-License-Identifier: MIT
 *
 * The clock with two hands: both go through the core map, one a fixed spread behind the other. The
 * front hand takes a page's translations away; the back hand takes the page if nobody has used it
 * since. So it is the spread that says how long a page may rest, whatever the size of memory.
 * Source: Babaoglu and Joy, "Converting a Swap-Based System to do Paging in an Architecture Lacking
 * Page-Referenced Bits", SOSP 1981; 4.3BSD vm_page.c, which got its second hand in 1986.
 */
#include "mm/clock.h"

#include "mm/pageout_impl.h"

static struct clock_hands hands; /* page-out's thread alone; others look */
static uint32_t wanted_spread;   /* atomic: what it is to become; 0: what it is */

/* Frames that a hand passes, at least. */
static uint32_t round_frames(void)
{
    struct frame_stats s = frame_stats();

    return s.total - s.reserved;
}

/* A quarter of memory, or what is wanted: half of it at most, so that the back hand does not meet
 * what the front one has just seen. */
static uint32_t spread_from(uint32_t wanted)
{
    return MAX(wanted ? MIN(wanted, round_frames() / 2) : round_frames() / 4, 1u);
}

/* Both hands are where the front one was. */
static void begin(void)
{
    uint32_t wanted = __atomic_exchange_n(&wanted_spread, 0, __ATOMIC_RELAXED);

    if (wanted || hands.spread == 0)
        hands.spread = spread_from(wanted);
    if (hands.front == NO_PFN)
        hands.front = pageout_next(direct_map.end);
    hands.back = hands.front;
    hands.ahead = 0;
}

static int clock_start(void)
{
    hands.front = NO_PFN;
    return 0;
}

static uint32_t clock_scan(uint32_t n, uint32_t want)
{
    uint32_t looked = 0, taken = 0;
    struct clock_hands h;

    if (hands.front == NO_PFN || __atomic_load_n(&wanted_spread, __ATOMIC_RELAXED))
        begin();
    for (h = hands; looked < n && taken < want; looked++) {
        (void)page_look(h.front, true);
        h.front = pageout_next(h.front);
        if (h.ahead < h.spread) {
            h.ahead++;
            continue;
        }
        switch (page_look(h.back, false)) {
        case PAGE_IDLE: taken += page_evict(h.back); break;
        case PAGE_USED: pageout_count_used(); break;
        case PAGE_NOT: break;
        }
        h.back = pageout_next(h.back);
    }
    hands = h;
    return looked;
}

struct clock_hands clock_hands(void)
{
    struct clock_hands h = hands;
    uint32_t wanted = __atomic_load_n(&wanted_spread, __ATOMIC_RELAXED);

    if (wanted || h.spread == 0)
        h.spread = spread_from(wanted);
    return h;
}

void clock_set_spread(uint32_t frames)
{
    __atomic_store_n(&wanted_spread, MAX(frames, 1u), __ATOMIC_RELAXED);
}

const struct policy policy_clock = {.name = "clock", .start = clock_start, .scan = clock_scan};
