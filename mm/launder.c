/* SPDX-License-Identifier: MIT
 *
 * Writing pages to their slots of swap. They are collected, and those in slots that follow each
 * other are one transfer. A page is marked as being written meanwhile: it may be found and read,
 * but who writes to it gets a copy. What can't be written stays as it is, dirty, and is tried
 * again. Locks: (w) and frame locks; none over a transfer. All of it is page-out's thread's own.
 */
#include <string.h>

#include "include/uapi/errno.h"
#include "lib/refcount.h"
#include "mm/obj.h"
#include "mm/pageout_impl.h"
#include "mm/reclaim.h"
#include "mm/sleep.h"
#include "mm/swap_impl.h"

#define ROOM 64u

static struct {
    unsigned n;
    struct wash {
        uint32_t slot;
        pfn_t pfn;
        struct obj *obj; /* its page's, held while it is written; NULL: a private page */
    } item[ROOM];        /* ascending by slot */
    uint32_t added;
    struct launder_stats stats;
} tub;

/* A page that went with its neighbours comes again when the hand gets to it, and twice the same
 * slot would end a transfer. A slot's page may have become another one. */
bool launder_add(uint32_t slot, pfn_t pfn)
{
    unsigned at = tub.n;
    struct wash *w = tub.item;

    while (at > 0 && w[at - 1].slot > slot)
        at--;
    if (at > 0 && w[at - 1].slot == slot) {
        if (w[at - 1].pfn == pfn)
            return false;
        w[at - 1].pfn = pfn;
    } else if (tub.n < ROOM) { /* else a hand finds it again, dirty */
        memmove(&w[at + 1], &w[at], (tub.n - at) * sizeof(*w));
        w[at] = (struct wash){slot, pfn, NULL};
        tub.n++;
    }
    tub.added++;
    return true;
}

bool launder_is_full(void)
{
    return tub.n + SWAP_RUN > ROOM;
}

/* The page in the frame is the slot's, and the slot does not hold it yet. (w) and frame lock held.
 */
static bool is_for(const struct wash *w, const struct slot *s, const struct frame *f)
{
    if (frame_type(f) == FRAME_SWAP)
        return frame_slot(f) == w->slot && slot_pfn(s) == w->pfn && f->flags & FRAME_DIRTY;
    return frame_type(f) == FRAME_OBJ && s->owner == f->owner && s->index == f->index &&
           slot_count(s) && f->flags & FRAME_UNSAVED;
}

/* Marks the page, if nobody uses it. (w) held. */
static bool begin(struct wash *w)
{
    struct frame *f = frame_of(w->pfn);
    struct slot *s = swap_record(w->slot);
    bool good;

    if (slot_flags(s) & (SLOT_READING | SLOT_WRITING))
        return false;
    frame_lock(w->pfn);
    w->obj = frame_type(f) == FRAME_OBJ ? frame_owner(f) : NULL;
    good = frame_count(f) == 0 && is_for(w, s, f) && !(f->flags & (FRAME_BUSY | FRAME_WRITING)) &&
           (!w->obj || ref_take_live(&w->obj->refs));
    if (good)
        frame_set_flags(f, 0, FRAME_WRITING);
    frame_unlock(w->pfn);
    if (good)
        slot_set_page(s, slot_pfn(s), SLOT_WRITING);
    return good;
}

/* An object's page that was written to meanwhile has no use for the slot: its count is 0. */
static void end(const struct wash *w, int error)
{
    struct frame *f = frame_of(w->pfn);
    struct slot *s = swap_record(w->slot);
    bool saved;

    swap_lock();
    frame_lock(w->pfn);
    saved = !error && (!w->obj || (slot_count(s) && !(f->flags & FRAME_WIRED)));
    frame_set_flags(f, FRAME_WRITING | (saved ? FRAME_DIRTY | FRAME_UNSAVED : 0), 0);
    if (saved && frame_count(f) == 0)
        frame_cache_count(1);
    frame_unlock(w->pfn);
    slot_set_page(s, slot_pfn(s), 0);
    swap_try_free(w->slot);
    swap_unlock();
    frame_wake(w->pfn);
    if (saved)
        reclaim_offer(w->pfn);
    if (w->obj)
        obj_unref(w->obj);
    else
        swap_unused(w->pfn);
}

/* The items from `first` on that can be one transfer: marked; how many. 0: not even the first. */
static unsigned begin_run(unsigned first, pfn_t *pfns)
{
    unsigned n = 0;

    swap_lock();
    while (first + n < tub.n && n < SWAP_RUN) {
        struct wash *w = &tub.item[first + n];

        if (n && (w->slot != w[-1].slot + 1 || !swap_same_area(w->slot, w[-1].slot)))
            break;
        if (!begin(w))
            break;
        pfns[n++] = w->pfn;
    }
    swap_unlock();
    return n;
}

/* Writes n items that are marked, each alone if they can't be written together. */
static void write_run(const struct wash *w, unsigned n, const pfn_t *pfns)
{
    bool together = swap_write(w->slot, n, pfns) == 0;

    for (unsigned i = 0; i < n; i++) {
        int error = together ? 0 : n == 1 ? -EIO : swap_write(w[i].slot, 1, &pfns[i]);

        *(error ? &tub.stats.failed : &tub.stats.written) += 1;
        end(&w[i], error);
    }
}

void launder_flush(void)
{
    pfn_t pfns[SWAP_RUN];

    for (unsigned i = 0, n; i < tub.n; i += MAX(n, 1)) {
        n = begin_run(i, pfns);
        if (n)
            write_run(&tub.item[i], n, pfns);
    }
    tub.n = 0;
}

struct launder_stats launder_stats(void)
{
    return tub.stats;
}

uint32_t launder_added(void)
{
    return tub.added;
}
