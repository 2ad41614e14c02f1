/* SPDX-License-Identifier: MIT
 *
 * Pages without users are dropped in the order in which page-out made them so: they are the free
 * list of 4.3BSD, from which a page is taken back while it lasts. The rest, what programs and files
 * have left behind, is found by a hand that walks the core map.
 * Locks: `lock` for the queue and the hand; the page cache's and swap's inside it.
 */
#include "mm/reclaim.h"

#include "kern/lock.h"
#include "mm/obj_impl.h"
#include "mm/swap_impl.h"

#define OFFERS 1024u /* a power of two; a page that finds no place is left to the hand */

static struct {
    struct spin lock;
    uint32_t offer[OFFERS];
    uint32_t first, end; /* counted up, never back */
    pfn_t hand;
} queue = {.lock = SPIN_INIT(LOCK_RECLAIM)};

void reclaim_init(void)
{
    queue.first = queue.end = 0;
    queue.hand = NO_PFN;
    frame_set_reclaim(reclaim_cache);
}

void reclaim_offer(pfn_t pfn)
{
    spin_lock(&queue.lock);
    if (queue.end - queue.first < OFFERS)
        queue.offer[queue.end++ % OFFERS] = pfn;
    spin_unlock(&queue.lock);
}

static bool try_drop(pfn_t pfn)
{
    switch (frame_type(frame_of(pfn))) {
    case FRAME_OBJ: return cache_try_drop(pfn);
    case FRAME_SWAP: return swap_try_drop(pfn);
    default: return false;
    }
}

/* The next frame that was offered, or NO_PFN. */
static pfn_t next_offer(void)
{
    pfn_t pfn = NO_PFN;

    spin_lock(&queue.lock);
    if (queue.first != queue.end)
        pfn = queue.offer[queue.first++ % OFFERS];
    spin_unlock(&queue.lock);
    return pfn;
}

/* The next frame of the core map that is or was used. */
static pfn_t next_by_hand(void)
{
    pfn_t pfn;

    spin_lock(&queue.lock);
    pfn = MAX(queue.hand, direct_map.first);
    pfn = frame_skip_untouched(pfn);
    if (pfn >= direct_map.end)
        pfn = frame_skip_untouched(direct_map.first);
    queue.hand = pfn + 1;
    spin_unlock(&queue.lock);
    return pfn;
}

uint32_t reclaim_cache(uint32_t n)
{
    uint32_t taken = 0, steps = direct_map.end - direct_map.first;
    pfn_t pfn;

    while (taken < n && frame_cached() && (pfn = next_offer()) != NO_PFN) {
        if (try_drop(pfn)) {
            frame_free(pfn);
            taken++;
        }
    }
    for (; steps && taken < n && frame_cached(); steps--) {
        pfn = next_by_hand();
        if (try_drop(pfn)) {
            frame_free(pfn);
            taken++;
        }
    }
    return taken;
}
