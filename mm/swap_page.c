/* SPDX-License-Identifier: MIT
 *
 * Private pages that have a slot of swap: frames of type FRAME_SWAP. Entries that name the frame
 * are copy-on-write, entries that name the slot find the frame by it. It is DIRTY until it was
 * written there; then it is cache as soon as no entry names it. Locks: (w), frame locks inside it.
 */
#include "include/uapi/errno.h"
#include "mm/page.h"
#include "mm/swap_impl.h"

/* (w) held. */
static bool is_idle(const struct slot *s)
{
    return !(slot_flags(s) & (SLOT_READING | SLOT_WRITING));
}

/* The slot's frame has no user and is no longer the slot's: for the caller to free. (w) held. */
static bool take_frame(struct slot *s, pfn_t pfn, bool clean_only)
{
    struct frame *f = frame_of(pfn);
    bool taken;

    frame_lock(pfn);
    taken = frame_count(f) == 0 && (!clean_only || frame_is_cache(f));
    if (taken) {
        if (frame_is_cache(f))
            frame_cache_count(-1);
        frame_set(f, FRAME_KERNEL, NULL, 0);
    }
    frame_unlock(pfn);
    if (taken)
        slot_set_page(s, NO_PFN, 0);
    return taken;
}

/* Nothing names the slot: it goes, with its frame if that has no user. (w) held; the frame to free.
 */
static pfn_t let_go(uint32_t slot)
{
    struct slot *s = swap_record(slot);
    pfn_t pfn = slot_pfn(s);

    if (slot_count(s) || !is_idle(s) || (pfn && !take_frame(s, pfn, false)))
        return NO_PFN;
    swap_try_free(slot);
    return pfn;
}

void swap_unuse(uint32_t slot)
{
    pfn_t pfn;

    swap_lock();
    swap_record(slot)->chain--;
    pfn = let_go(slot);
    swap_unlock();
    if (pfn)
        frame_free(pfn);
}

/* The frame's slot, if it has one; (w) held. */
static uint32_t slot_of(pfn_t pfn)
{
    const struct frame *f = frame_of(pfn);

    return frame_type_acquire(f) == FRAME_SWAP ? frame_slot(f) : NO_SLOT;
}

void swap_unused(pfn_t pfn)
{
    uint32_t slot;
    pfn_t free = NO_PFN;

    swap_lock();
    slot = slot_of(pfn);
    if (slot)
        free = let_go(slot);
    swap_unlock();
    if (free)
        frame_free(free);
}

bool swap_own(pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    uint32_t slot;
    struct slot *s;
    bool own = false;

    swap_lock();
    slot = slot_of(pfn);
    if (slot) {
        s = swap_record(slot);
        frame_lock(pfn);
        own = slot_count(s) == 0 && is_idle(s) && frame_count(f) == 1;
        if (own) {
            frame_set_flags(f, 0, FRAME_DIRTY);
            frame_set(f, FRAME_ANON, kptr_to(s->owner & ~15u), s->index);
        }
        frame_unlock(pfn);
        if (own) {
            slot_set_page(s, NO_PFN, 0);
            swap_try_free(slot);
        }
    }
    swap_unlock();
    return own;
}

bool swap_disown(uint32_t slot)
{
    struct slot *s = swap_record(slot);
    pfn_t pfn, free = NO_PFN;
    bool done = false;

    swap_lock();
    pfn = slot_pfn(s);
    if (s->owner && slot_count(s) == 0 && is_idle(s)) {
        done = true;
        if (pfn && take_frame(s, pfn, false)) {
            free = pfn;
        } else if (pfn) {
            frame_lock(pfn);
            frame_set_flags(frame_of(pfn), 0, FRAME_DIRTY);
            frame_set(frame_of(pfn), FRAME_ANON, kptr_to(s->owner & ~15u), s->index);
            frame_unlock(pfn);
            slot_set_page(s, NO_PFN, 0);
        }
        swap_try_free(slot);
    }
    swap_unlock();
    if (free)
        frame_free(free);
    return done;
}

bool swap_try_drop(pfn_t pfn)
{
    uint32_t slot;
    bool dropped = false;

    swap_lock();
    slot = slot_of(pfn);
    if (slot && is_idle(swap_record(slot)))
        dropped = take_frame(swap_record(slot), pfn, true);
    if (dropped)
        swap_try_free(slot);
    swap_unlock();
    return dropped;
}

__noinline void swap_rename(uint32_t slot, uint32_t index)
{
    struct slot *s = swap_record(slot);

    swap_lock();
    s->index = index;
    if (slot_pfn(s))
        __atomic_store_n(&frame_of(slot_pfn(s))->index, index, __ATOMIC_RELAXED);
    swap_unlock();
}

bool swap_is_single(uint32_t slot)
{
    const struct slot *s = swap_record(slot);
    bool single;

    swap_lock();
    single = slot_count(s) == 1 && (!slot_pfn(s) || frame_users(slot_pfn(s)) == 0);
    swap_unlock();
    return single;
}

int swap_copy(uint32_t slot, pfn_t to)
{
    const struct slot *s = swap_record(slot);
    bool there;

    swap_lock();
    there = slot_pfn(s) && !(slot_flags(s) & SLOT_READING);
    if (there)
        page_copy(pfn_to_virt(to), pfn_to_virt(slot_pfn(s)));
    swap_unlock();
    return there ? 0 : swap_read(slot, 1, &to);
}
