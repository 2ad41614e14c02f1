/* SPDX-License-Identifier: MIT
 *
 * Pages of objects that have a slot of swap: what was the only copy, of tmpfs files and shared
 * anonymous memory. No entry names such a slot: it is found by <object, page> through a hash of its
 * own, as long as the page is not the only copy again, or gone. The page may be in memory
 * meanwhile, UNSAVED until the slot holds it. Locks: (w); frame locks inside it.
 */
#include "include/uapi/errno.h"
#include "lib/refcount.h"
#include "mm/obj_impl.h"
#include "mm/slab.h"
#include "mm/sleep.h"
#include "mm/swap_impl.h"
#include "mm/swap_obj.h"

#define BUCKETS (PAGE_SIZE / sizeof(uint32_t))

static uint32_t *bucket; /* (w) first slot of each chain; NULL: there is no area */

int swap_obj_init(void)
{
    if (!bucket)
        bucket = kmalloc(PAGE_SIZE);
    return bucket ? 0 : -ENOMEM;
}

void swap_obj_end(void)
{
    uint32_t *was;

    swap_lock();
    was = bucket;
    bucket = NULL;
    swap_unlock();
    kfree(was);
}

static uint32_t *bucket_of(uint32_t owner, uint32_t page)
{
    return &bucket[((owner >> 4) * 0x9e3779b1u ^ page * 0x85ebca6bu) >> 9 & (BUCKETS - 1)];
}

static uint32_t next_of(const struct slot *s)
{
    return s->chain >> 12;
}

static void set_next(struct slot *s, uint32_t next)
{
    s->chain = next << 12 | slot_count(s);
}

static uint32_t name_of(const struct obj *o)
{
    return kptr(o) | FRAME_OBJ;
}

/* (w) held. */
static uint32_t find(const struct obj *o, uint32_t page)
{
    uint32_t slot = bucket ? *bucket_of(name_of(o), page) : NO_SLOT;

    for (; slot; slot = next_of(swap_record(slot))) {
        const struct slot *s = swap_record(slot);

        if (s->owner == name_of(o) && s->index == page)
            return slot;
    }
    return NO_SLOT;
}

static bool has_slots(const struct obj *o)
{
    return __atomic_load_n(&o->slots, __ATOMIC_RELAXED) != 0;
}

static void count_slots(struct obj *o, int delta)
{
    __atomic_store_n(&o->slots, o->slots + (uint32_t)delta, __ATOMIC_RELAXED);
}

uint32_t swap_obj_find(const struct obj *o, uint32_t page)
{
    uint32_t slot = NO_SLOT;

    if (!has_slots(o))
        return NO_SLOT;
    swap_lock();
    slot = find(o, page);
    swap_unlock();
    return slot;
}

/* The slot is the object's no more: free, or as soon as who works on it has done so. (w) held. */
static void unlink_slot(struct obj *o, uint32_t slot)
{
    struct slot *s = swap_record(slot);
    uint32_t *at = bucket_of(s->owner, s->index);

    if (*at == slot) {
        *at = next_of(s);
    } else {
        struct slot *before = swap_record(*at);

        while (next_of(before) != slot)
            before = swap_record(next_of(before));
        set_next(before, next_of(s));
    }
    s->chain = 0;
    count_slots(o, -1);
    swap_try_free(slot);
}

uint32_t swap_obj_alloc(struct obj *o, uint32_t page)
{
    uint32_t slot;

    swap_lock();
    slot = swap_alloc(name_of(o), page, NO_PFN);
    if (slot) {
        uint32_t *at = bucket_of(name_of(o), page);

        swap_record(slot)->chain = *at << 12 | 1;
        *at = slot;
        count_slots(o, 1);
    }
    swap_unlock();
    return slot;
}

bool swap_obj_drop(struct obj *o, uint32_t page)
{
    uint32_t slot;

    if (!has_slots(o))
        return false;
    swap_lock();
    slot = find(o, page);
    if (slot)
        unlink_slot(o, slot);
    swap_unlock();
    return slot != NO_SLOT;
}

/* The first slot of the chain that is of the object's pages from first to end, or NO_SLOT. */
static uint32_t first_of(uint32_t chain, const struct obj *o, uint32_t first, uint32_t end)
{
    uint32_t slot = bucket[chain];

    for (; slot; slot = next_of(swap_record(slot))) {
        const struct slot *s = swap_record(slot);

        if (s->owner == name_of(o) && s->index >= first && s->index < end)
            break;
    }
    return slot;
}

uint32_t swap_obj_drop_range(struct obj *o, uint32_t first, uint32_t end)
{
    uint32_t dropped = 0;

    for (uint32_t chain = 0; has_slots(o) && chain < BUCKETS; chain++) {
        uint32_t slot;

        swap_lock();
        while ((slot = first_of(chain, o, first, end)) != NO_SLOT) {
            unlink_slot(o, slot);
            dropped++;
        }
        swap_unlock();
        preempt_point();
    }
    return dropped;
}

int swap_obj_fill(struct obj *o, uint32_t page, pfn_t pfn)
{
    uint32_t slot;
    int error;

    if (!has_slots(o))
        return -ENOENT;
    swap_lock();
    slot = find(o, page);
    if (slot)
        slot_set_page(swap_record(slot), NO_PFN, SLOT_READING);
    swap_unlock();
    if (!slot)
        return -ENOENT;
    error = swap_read(slot, 1, &pfn);
    swap_lock();
    slot_set_page(swap_record(slot), NO_PFN, 0);
    swap_try_free(slot); /* if it was dropped meanwhile */
    swap_unlock();
    return error;
}

struct obj *swap_obj_hold(uint32_t slot, uint32_t *page)
{
    struct slot *s = swap_record(slot);
    struct obj *o = NULL;

    swap_lock();
    if ((s->owner & 15) == FRAME_OBJ && slot_count(s)) {
        o = kptr_to(s->owner & ~15u);
        *page = s->index;
        if (!ref_take_live(&o->refs))
            o = NULL;
    }
    swap_unlock();
    return o;
}
