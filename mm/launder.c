/* SPDX-License-Identifier: MIT
 *
 * Writing pages to their slots of swap. They are collected, and those in slots that follow each
 * other are one transfer. A page is marked as being written meanwhile: it may be found and read,
 * but who writes to it gets a copy. What can't be written stays as it is, dirty, and is tried
 * again. Locks: (w) and frame locks; none over a transfer. All of it is page-out's thread's own.
 */
#include "mm/pageout_impl.h"
#include "mm/reclaim.h"
#include "mm/swap_impl.h"

#define ROOM 64u

static struct {
    unsigned n;
    struct wash {
        uint32_t slot;
        pfn_t pfn;
    } item[ROOM]; /* ascending by slot */
    struct launder_stats stats;
} tub;

void launder_add(uint32_t slot, pfn_t pfn)
{
    unsigned at = tub.n;

    if (at == ROOM)
        return; /* it is dirty: a hand finds it again */
    for (; at > 0 && tub.item[at - 1].slot > slot; at--)
        tub.item[at] = tub.item[at - 1];
    tub.item[at] = (struct wash){slot, pfn};
    tub.n++;
}

bool launder_is_full(void)
{
    return tub.n + SWAP_RUN > ROOM;
}

/* Marks the page, if nobody uses it and it is still dirty and the slot's. (w) held. */
static bool begin(const struct wash *w)
{
    struct frame *f = frame_of(w->pfn);
    struct slot *s = swap_record(w->slot);
    bool good;

    if (frame_type(f) != FRAME_SWAP || frame_slot(f) != w->slot || slot_pfn(s) != w->pfn ||
        slot_flags(s))
        return false;
    frame_lock(w->pfn);
    good = frame_count(f) == 0 && f->flags & FRAME_DIRTY;
    if (good)
        frame_set_flags(f, 0, FRAME_WRITING);
    frame_unlock(w->pfn);
    if (good)
        slot_set_page(s, w->pfn, SLOT_WRITING);
    return good;
}

static void end(const struct wash *w, int error)
{
    struct frame *f = frame_of(w->pfn);

    swap_lock();
    frame_lock(w->pfn);
    frame_set_flags(f, FRAME_WRITING | (error ? 0 : FRAME_DIRTY), 0);
    if (!error && frame_count(f) == 0)
        frame_cache_count(1);
    frame_unlock(w->pfn);
    slot_set_page(swap_record(w->slot), w->pfn, 0);
    swap_unlock();
    if (!error)
        reclaim_offer(w->pfn);
    swap_unused(w->pfn);
}

/* The items from `first` on that can be one transfer: marked; how many. 0: not even the first. */
static unsigned begin_run(unsigned first, pfn_t *pfns)
{
    unsigned n = 0;

    swap_lock();
    while (first + n < tub.n && n < SWAP_RUN) {
        const struct wash *w = &tub.item[first + n];

        if (n && (w->slot != w[-1].slot + 1 || !swap_same_area(w->slot, w[-1].slot)))
            break;
        if (!begin(w))
            break;
        pfns[n++] = w->pfn;
    }
    swap_unlock();
    return n;
}

void launder_flush(void)
{
    pfn_t pfns[SWAP_RUN];

    for (unsigned i = 0, n; i < tub.n; i += MAX(n, 1)) {
        int error;

        n = begin_run(i, pfns);
        if (n == 0)
            continue;
        error = swap_write(tub.item[i].slot, n, pfns);
        *(error ? &tub.stats.failed : &tub.stats.written) += n;
        for (unsigned k = i; k < i + n; k++)
            end(&tub.item[k], error);
    }
    tub.n = 0;
}

struct launder_stats launder_stats(void)
{
    return tub.stats;
}
