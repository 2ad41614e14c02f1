/* SPDX-License-Identifier: MIT
 *
 * First in, first out: pages go in the order in which they came, used or not. Nobody tells that a
 * page came: a hand goes round and puts those it has not seen at the end of the queue, so that what
 * came within one round is in the order of frames. The queue is a list through an array with a
 * place for each frame; a frame may hold another page by the time it is at the front.
 * Source: Belady, "A Study of Replacement Algorithms for a Virtual-Storage Computer", IBM Systems
 * Journal, 1966; its anomaly: docs/REFERENCE-STRINGS.md.
 */
#include "mm/frame_data.h"
#include "mm/pageout_impl.h"

struct place {
    pfn_t next;
    uint32_t page; /* says which page it is; 0: not in the queue */
};

static struct {
    struct frame_data places;
    pfn_t first, last, hand;
} queue;

static int fifo_start(void)
{
    queue.first = queue.last = NO_PFN;
    queue.hand = pageout_next(direct_map.end);
    return frame_data_make(&queue.places, sizeof(struct place));
}

static void fifo_stop(void)
{
    frame_data_free(&queue.places);
}

static struct place *place_of(pfn_t pfn)
{
    return frame_data(&queue.places, pfn);
}

/* A number that another page in the same frame hardly has. */
static uint32_t page_in(pfn_t pfn)
{
    const struct frame *f = frame_of(pfn);

    return ((kptr(frame_owner(f)) >> 4) * 0x9e3779b1u + f->index) | 1u << 31;
}

static void put_last(pfn_t pfn)
{
    *place_of(pfn) = (struct place){.next = NO_PFN, .page = page_in(pfn)};
    if (queue.first)
        place_of(queue.last)->next = pfn;
    else
        queue.first = pfn;
    queue.last = pfn;
}

/* The hand's frame may hold a page that is new. */
static void look_for_new(void)
{
    if (page_look(queue.hand, false) != PAGE_NOT && !place_of(queue.hand)->page)
        put_last(queue.hand);
    queue.hand = pageout_next(queue.hand);
}

/* The page at the front goes, if it is still there; how many went. */
static unsigned evict_first(void)
{
    pfn_t pfn = queue.first;
    struct place was = *place_of(pfn);

    queue.first = was.next;
    place_of(pfn)->page = 0;
    if (page_look(pfn, false) == PAGE_NOT)
        return 0;
    if (was.page == page_in(pfn))
        return page_evict(pfn);
    put_last(pfn); /* another page, which came later */
    return 0;
}

static uint32_t fifo_scan(uint32_t n, uint32_t want)
{
    uint32_t taken = 0;

    for (uint32_t i = 0; i < n; i++)
        look_for_new();
    for (uint32_t i = 0; i < n && taken < want && queue.first; i++)
        taken += evict_first();
    return n;
}

const struct policy policy_fifo = {
    .name = "fifo", .start = fifo_start, .stop = fifo_stop, .scan = fifo_scan};
