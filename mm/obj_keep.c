/* SPDX-License-Identifier: MIT
 *
 * Pages that are the only copy of what they hold: a file's in memory, once something was written.
 * Such a page is kept (WIRED) until its object is cut or goes; a limit for all of them together
 * leaves memory to those who run, and a group of objects can have one of its own. A page is
 * reserved before it is kept, so that no limit is ever passed, however many come at once.
 * Locks: counts are atomic; WIRED under the frame lock.
 */
#include "include/uapi/errno.h"
#include "mm/hat.h"
#include "mm/obj_impl.h"
#include "mm/swap_obj.h"

static struct obj_share kept; /* frames, reserved ones too */

void obj_keep_init(void)
{
    kept.used = 0;
    kept.most = UINT32_MAX;
}

void obj_keep_limit(uint32_t most)
{
    kept.most = most;
}

struct obj_kept obj_kept(void)
{
    return (struct obj_kept){__atomic_load_n(&kept.used, __ATOMIC_RELAXED), kept.most};
}

static int share_take(struct obj_share *s, uint32_t n)
{
    uint32_t used = __atomic_load_n(&s->used, __ATOMIC_RELAXED);
    uint32_t most = __atomic_load_n(&s->most, __ATOMIC_RELAXED);

    do {
        if (used >= most || n > most - used)
            return -ENOSPC;
    } while (!__atomic_compare_exchange_n(&s->used, &used, used + n, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return 0;
}

static void share_give(struct obj_share *s, uint32_t n)
{
    __atomic_fetch_sub(&s->used, n, __ATOMIC_RELAXED);
}

static __noinline int reserve_both(struct obj_share *share, uint32_t n)
{
    int error = share_take(share, n);

    if (error)
        return error;
    error = share_take(&kept, n);
    if (error)
        share_give(share, n);
    return error;
}

int obj_reserve(struct obj_share *share, uint32_t n)
{
    return unlikely(share) ? reserve_both(share, n) : share_take(&kept, n);
}

void obj_unreserve(struct obj_share *share, uint32_t n)
{
    share_give(&kept, n);
    if (share)
        share_give(share, n);
}

void obj_kept_count(struct obj *o, int delta)
{
    __atomic_fetch_add(&o->kept, (uint32_t)delta, __ATOMIC_RELAXED);
    if (delta < 0)
        obj_unreserve(o->share, 1);
}

void swap_obj_lose(struct obj *o, uint32_t first, uint32_t end)
{
    uint32_t n = swap_obj_drop_range(o, first, end);

    for (; n && !o->ops->only_copy; n--)
        obj_kept_count(o, -1);
}

/* The page was kept by another meanwhile: one reservation too many. */
static void obj_give_back(struct obj *o, bool counted)
{
    if (counted)
        obj_kept_count(o, -1);
    else
        obj_unreserve(o->share, 1);
}

int obj_keep(struct obj *o, pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    bool first, counted = !o->ops->only_copy, had_slot;
    int error;

    if (__atomic_load_n(&f->flags, __ATOMIC_RELAXED) & FRAME_WIRED)
        return 0;
    had_slot = swap_obj_drop(o, f->index); /* what was reserved for it stays */
    error = had_slot || !counted ? 0 : obj_reserve(o->share, 1);
    if (error)
        return error;
    frame_lock(pfn);
    first = frame_type(f) == FRAME_OBJ && !(f->flags & FRAME_WIRED);
    if (first)
        frame_set_flags(f, FRAME_UNSAVED, FRAME_WIRED);
    frame_unlock(pfn);
    if (counted && first && !had_slot)
        obj_kept_count(o, 1);
    if (counted && !first)
        obj_give_back(o, had_slot);
    return 0;
}

/* Where a page has been executed it can be mapped so still. Frame lock held. */
static void sync_executed(pfn_t pfn)
{
    if (frame_of(pfn)->flags & FRAME_ISYNC)
        hat_sync_icache(pfn);
}

bool obj_wrote_dirty(pfn_t pfn)
{
    bool clean;

    if (IS_ENABLED(CONFIG_LINT))
        hat_frame_written(pfn);
    frame_lock(pfn);
    clean = !(frame_of(pfn)->flags & FRAME_DIRTY);
    frame_set_flags(frame_of(pfn), 0, FRAME_DIRTY);
    sync_executed(pfn);
    frame_unlock(pfn);
    return clean;
}

/* The lock orders what was written before the flag is looked at, or before the fault's
 * synchronising. */
void obj_wrote(pfn_t pfn)
{
    if (IS_ENABLED(CONFIG_LINT))
        hat_frame_written(pfn);
    frame_lock(pfn);
    sync_executed(pfn);
    frame_unlock(pfn);
}
