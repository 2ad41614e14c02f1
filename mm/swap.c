/* SPDX-License-Identifier: MIT
 *
 * The swap map: areas, their slots, and how slots are given out. Slot numbers are divided into
 * regions, of which an area takes as many as it needs; a region's records lie in frames of their
 * own, so that no more than one frame need be free at a time. Pages that follow each other in their
 * owner get slots that follow each other: an owner has an extent of free slots, and the next one is
 * twice as long, as the blocks of 4.3BSD's maps are. An extent is only a hint: its slots are free,
 * and may be taken by others when swap is nearly full.
 * Locks: (w) for all of it.
 */
#include "mm/swap_impl.h"
#include "mm/swap_obj.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/lock.h"
#include "mm/slab.h"

#define REGION_SHIFT  17
#define REGION_SLOTS  (1u << REGION_SHIFT)
#define REGIONS       ((1u << 20) / REGION_SLOTS)
#define FRAME_SLOTS   (PAGE_SIZE / sizeof(struct slot))
#define REGION_FRAMES (REGION_SLOTS / FRAME_SLOTS)

#define EXTENTS     16u
#define EXTENT_MIN  SWAP_RUN /* a page goes with its neighbours, in one transfer */
#define EXTENT_MAX  64u
#define EXTENT_GAP  16u  /* pages of the owner that may be left out */
#define SEARCH_MOST 256u /* slots looked at for a run of more than one */

_Static_assert(sizeof(struct slot) == 16, "a slot costs 16 bytes");

struct area {
    char name[SWAP_NAME_MAX]; /* (w) "": none */
    const struct swap_ops *ops;
    void *dev;
    int prio;
    uint32_t first, pages; /* slots */
    uint32_t usable, used;
    uint32_t cursor; /* of them: where to look next */
    bool closing;    /* gives none */
};

struct extent {
    uint32_t owner, index; /* the page that it expects next */
    uint32_t slot, left, length;
};

static struct {
    struct spin lock;
    struct area area[SWAP_AREAS];
    struct slot **region[REGIONS];
    uint16_t *free[REGIONS]; /* free slots for each frame of records */
    struct extent extent[EXTENTS];
    unsigned next_extent, last_extent, last_area;
    int lowest;    /* priority of the last area that had none of its own */
    uint32_t room; /* free slots that may be given */
    struct swap_stats stats;
} swap = {.lock = SPIN_INIT(LOCK_SWAP)};

void swap_lock(void)
{
    spin_lock(&swap.lock);
}

void swap_unlock(void)
{
    spin_unlock(&swap.lock);
}

struct slot *swap_record(uint32_t slot)
{
    return &swap.region[slot >> REGION_SHIFT][slot % REGION_SLOTS / FRAME_SLOTS]
                       [slot % FRAME_SLOTS];
}

static uint16_t *free_in_frame(uint32_t slot)
{
    return &swap.free[slot >> REGION_SHIFT][slot % REGION_SLOTS / FRAME_SLOTS];
}

static struct area *area_of(uint32_t slot)
{
    for (unsigned i = 0; i < SWAP_AREAS; i++) {
        struct area *a = &swap.area[i];

        if (a->name[0] && slot - a->first < a->pages)
            return a;
    }
    return NULL;
}

bool swap_same_area(uint32_t a, uint32_t b)
{
    return area_of(a) == area_of(b);
}

uint32_t swap_room(void)
{
    return __atomic_load_n(&swap.room, __ATOMIC_RELAXED);
}

static void count_room(int delta)
{
    __atomic_store_n(&swap.room, swap.room + (uint32_t)delta, __ATOMIC_RELAXED);
}

static bool is_free(uint32_t slot)
{
    const struct slot *s = swap_record(slot);

    return s->owner == 0 && !(slot_flags(s) & SLOT_BAD);
}

/* The first of *n free slots in a row in [from, from + count) of the area; if there are not so
 * many, of the longest run, and *n how many those are. NO_SLOT: none is free. Frames of records
 * that are full are passed over. */
static uint32_t find_run_in(const struct area *a, uint32_t from, uint32_t count, uint32_t *n)
{
    uint32_t run = 0, longest = 0, best = NO_SLOT, end = MIN(from + count, a->pages);

    for (uint32_t i = from; i < end && longest < *n; i++) {
        uint32_t slot = a->first + i;

        if (*free_in_frame(slot) == 0) {
            i |= FRAME_SLOTS - 1;
            run = 0;
            continue;
        }
        run = is_free(slot) ? run + 1 : 0;
        if (run > longest) {
            longest = run;
            best = slot - run + 1;
        }
    }
    *n = longest;
    return best;
}

/* A run of *n free slots, or of fewer, near the cursor. Single ones are found wherever they are. */
static uint32_t find_run(struct area *a, uint32_t *n)
{
    uint32_t most = *n, slot = find_run_in(a, a->cursor, SEARCH_MOST, n);

    if (!slot) {
        *n = most;
        slot = find_run_in(a, 0, SEARCH_MOST, n);
    }
    if (!slot) {
        *n = 1;
        slot = find_run_in(a, 0, a->pages, n);
    }
    if (slot)
        a->cursor = (slot - a->first + *n) % a->pages;
    return slot;
}

/* The area to take slots of: of the highest priority that has any, each in turn. */
static struct area *choose_area(void)
{
    struct area *best = NULL;

    for (unsigned i = 1; i <= SWAP_AREAS; i++) {
        unsigned at = (swap.last_area + i) % SWAP_AREAS;
        struct area *a = &swap.area[at];

        if (a->name[0] && !a->closing && a->used < a->usable && (!best || a->prio > best->prio))
            best = a;
    }
    if (best)
        swap.last_area = (unsigned)(best - swap.area);
    return best;
}

/* The one that was found last is looked at first. */
static struct extent *extent_of(uint32_t owner, uint32_t index)
{
    for (unsigned i = 0; i < EXTENTS; i++) {
        unsigned at = (swap.last_extent + i) % EXTENTS;
        struct extent *e = &swap.extent[at];

        if (e->owner == owner && index - e->index < EXTENT_GAP) {
            swap.last_extent = at;
            return e;
        }
    }
    return NULL;
}

/* The extent gets slots: twice as many as it had; false: there are none. */
static bool extend(struct extent *e)
{
    struct area *a = choose_area();

    if (!a)
        return false;
    e->length = MIN(MAX(2 * e->length, EXTENT_MIN), EXTENT_MAX);
    e->left = e->length;
    e->slot = find_run(a, &e->left);
    return e->slot != NO_SLOT;
}

/* The extent's next slot is still free, and of an area that gives slots. */
static bool extent_is_good(const struct extent *e)
{
    const struct area *a = e->left ? area_of(e->slot) : NULL;

    return a && !a->closing && is_free(e->slot);
}

uint32_t swap_alloc(uint32_t owner, uint32_t index, pfn_t pfn)
{
    struct extent *e = extent_of(owner, index);
    struct slot *s;
    uint32_t slot;

    if (swap_room() == 0)
        return NO_SLOT;
    if (!e) {
        e = &swap.extent[swap.next_extent++ % EXTENTS];
        *e = (struct extent){.owner = owner};
    }
    if (!extent_is_good(e) && !extend(e))
        return NO_SLOT;
    slot = e->slot++;
    e->left--;
    e->index = index + 1;
    s = swap_record(slot);
    s->owner = owner;
    s->index = index;
    slot_set_page(s, pfn, 0);
    s->chain = 0;
    --*free_in_frame(slot);
    area_of(slot)->used++;
    swap.stats.used++;
    count_room(-1);
    return slot;
}

void swap_try_free(uint32_t slot)
{
    struct slot *s = swap_record(slot);
    struct area *a;

    if (slot_count(s) || slot_pfn(s) || slot_flags(s) & (SLOT_READING | SLOT_WRITING))
        return;
    a = area_of(slot);
    s->owner = 0;
    ++*free_in_frame(slot);
    a->used--;
    swap.stats.used--;
    if (!a->closing)
        count_room(1);
}

int swap_use(uint32_t slot)
{
    struct slot *s = swap_record(slot);

    if (slot_count(s) == SLOT_COUNT_MAX)
        return -EAGAIN;
    s->chain++;
    return 0;
}

/* Records for the slots of an area; -ENOMEM leaves what there was. */
static int make_records(uint32_t first, uint32_t pages)
{
    for (uint32_t slot = first; slot < first + pages; slot += FRAME_SLOTS) {
        uint32_t r = slot >> REGION_SHIFT;
        struct slot **frames = swap.region[r];

        if (slot % REGION_SLOTS == 0) {
            frames = kmalloc(REGION_FRAMES * sizeof(*frames));
            swap.free[r] = frames ? kmalloc(REGION_FRAMES * sizeof(*swap.free[r])) : NULL;
            swap.region[r] = frames;
            if (!swap.free[r])
                return -ENOMEM;
        }
        frames[slot % REGION_SLOTS / FRAME_SLOTS] = kmalloc(PAGE_SIZE);
        if (!frames[slot % REGION_SLOTS / FRAME_SLOTS])
            return -ENOMEM;
        preempt_point();
    }
    return 0;
}

/* Of all regions that the area had. */
static void free_records(uint32_t first, uint32_t pages)
{
    for (uint32_t r = first >> REGION_SHIFT; r << REGION_SHIFT < first + pages && r < REGIONS;
         r++) {
        for (unsigned i = 0; swap.region[r] && i < REGION_FRAMES; i++)
            kfree(swap.region[r][i]);
        kfree(swap.region[r]);
        kfree(swap.free[r]);
        swap.region[r] = NULL;
        swap.free[r] = NULL;
    }
}

/* The first slot of regions in a row that nobody has; ~0: there are not enough. */
static uint32_t find_regions(uint32_t pages)
{
    uint32_t n = (pages + REGION_SLOTS - 1) >> REGION_SHIFT, run = 0;

    for (uint32_t r = 0; r < REGIONS; r++) {
        run = swap.region[r] ? 0 : run + 1;
        if (run == n)
            return (r + 1 - n) << REGION_SHIFT;
    }
    return UINT32_MAX;
}

/* All but the header and the bad ones are free. Returns how many. */
static uint32_t mark_free(const struct swap_request *r, uint32_t first)
{
    uint32_t usable = 0;

    for (uint32_t i = 0, b = 0; i < r->pages; i++) {
        bool bad = i == 0;

        for (; b < r->nbad && r->bad[b] <= i; b++)
            bad |= r->bad[b] == i;
        slot_set_page(swap_record(first + i), NO_PFN, bad ? SLOT_BAD : 0);
        *free_in_frame(first + i) += !bad;
        usable += !bad;
        if (i % FRAME_SLOTS == 0)
            preempt_point();
    }
    return usable;
}

static struct area *area_named(const char *name)
{
    for (unsigned i = 0; i < SWAP_AREAS; i++)
        if (strcmp(swap.area[i].name, name) == 0)
            return &swap.area[i];
    return NULL;
}

/* Memory of an area that is not there, or not any more. */
static void forget(uint32_t first, uint32_t pages)
{
    bool last = true;

    free_records(first, pages);
    for (unsigned i = 0; i < SWAP_AREAS; i++)
        last &= !swap.area[i].name[0];
    if (last)
        swap_obj_end();
}

int swap_add(const struct swap_request *r)
{
    struct swap_request request = *r;
    struct area *a = area_named("");
    uint32_t first = find_regions(r->pages), usable;
    int error;

    if (area_named(r->name))
        return -EBUSY;
    if (!a || first == UINT32_MAX)
        return -EPERM;
    error = swap_obj_init();
    if (!error)
        error = make_records(first, r->pages);
    usable = error ? 0 : mark_free(&request, first);
    if (usable == 0) {
        forget(first, r->pages);
        return error ? error : -EINVAL;
    }
    swap_lock();
    *a = (struct area){.ops = r->ops,
                       .dev = r->dev,
                       .prio = r->prio < 0 ? --swap.lowest : r->prio,
                       .first = first,
                       .pages = r->pages,
                       .usable = usable};
    strncpy(a->name, r->name, sizeof(a->name) - 1);
    swap.stats.total += usable;
    count_room((int)usable);
    swap_unlock();
    return 0;
}

bool swap_peek_area(unsigned i, struct swap_area_info *info)
{
    const struct area *a = &swap.area[i];

    if (i >= SWAP_AREAS || !a->name[0])
        return false;
    *info = (struct swap_area_info){.first = a->first,
                                    .pages = a->pages,
                                    .usable = a->usable,
                                    .used = a->used,
                                    .prio = a->prio};
    memcpy(info->name, a->name, sizeof(info->name));
    return true;
}

bool swap_area(unsigned i, struct swap_area_info *info)
{
    bool there;

    swap_lock();
    there = swap_peek_area(i, info);
    swap_unlock();
    return there;
}

struct swap_stats swap_stats(void)
{
    struct swap_stats s;

    swap_lock();
    s = swap.stats;
    swap_unlock();
    return s;
}

bool swap_peek_slot(uint32_t slot, struct swap_slot_info *info)
{
    const struct slot *s;

    if (!area_of(slot))
        return false;
    s = swap_record(slot);
    *info = (struct swap_slot_info){.type = (enum frame_type)(s->owner & 15),
                                    .owner = kptr_to(s->owner & ~15u),
                                    .index = s->index,
                                    .count = slot_count(s),
                                    .pfn = slot_pfn(s),
                                    .reading = slot_flags(s) & SLOT_READING,
                                    .writing = slot_flags(s) & SLOT_WRITING};
    return true;
}

bool swap_slot(uint32_t slot, struct swap_slot_info *info)
{
    bool there;

    swap_lock();
    there = swap_peek_slot(slot, info);
    swap_unlock();
    return there;
}

/* What the counts of transfers become. */
static int count_transfer(int error, unsigned n, bool write)
{
    struct swap_stats *s = &swap.stats;

    swap_lock();
    *(write ? &s->out : &s->in) += error ? 0 : n;
    *(write ? &s->writes : &s->reads) += 1;
    *(write ? &s->write_errors : &s->read_errors) += error != 0;
    swap_unlock();
    return error;
}

int swap_read(uint32_t slot, unsigned n, const pfn_t *pfns)
{
    const struct area *a = area_of(slot);

    return count_transfer(a->ops->read(a->dev, slot - a->first, n, pfns), n, false);
}

int swap_write(uint32_t slot, unsigned n, const pfn_t *pfns)
{
    const struct area *a = area_of(slot);

    return count_transfer(a->ops->write(a->dev, slot - a->first, n, pfns), n, true);
}

void swap_count_found(void)
{
    swap.stats.found++;
}

/* The area gives no slots any more, or does again. */
static void set_closing(struct area *a, bool closing)
{
    a->closing = closing;
    count_room(closing ? -(int)(a->usable - a->used) : (int)(a->usable - a->used));
}

int swap_remove(const char *name)
{
    struct area *a, was;
    int error = -EINVAL;

    swap_lock();
    a = name[0] ? area_named(name) : NULL;
    if (a)
        error = a->closing ? -EBUSY : 0;
    if (!error)
        set_closing(a, true);
    swap_unlock();
    if (error)
        return error;
    error = swap_bring_back(a->first, a->pages);
    swap_lock();
    if (error) {
        set_closing(a, false);
    } else {
        was = *a;
        swap.stats.total -= a->usable;
        memset(a, 0, sizeof(*a));
    }
    swap_unlock();
    if (error)
        return error;
    forget(was.first, was.pages);
    was.ops->close(was.dev);
    return 0;
}
