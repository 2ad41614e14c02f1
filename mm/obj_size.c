/* SPDX-License-Identifier: MIT
 *
 * Objects that get another size, or a hole: the pages that are gone leave the page cache, and what
 * stays of the last one is zero behind the end. A page that somebody has pinned goes with its last
 * user.
 * Locks: the caller keeps others from changing the object's size and from writing to it by calls;
 * (o) for the size itself, (k) for each page. May sleep for pages that are BUSY.
 */
#include <string.h>

#include "mm/obj_impl.h"
#include "mm/swap_obj.h"
#include "mm/sleep.h"

#define WALK_STEPS 64u /* pages looked at under (k) at a time */
#define WALK_FOUND 16u

static bool is_busy(pfn_t pfn)
{
    return __atomic_load_n(&frame_of(pfn)->flags, __ATOMIC_RELAXED) & (FRAME_BUSY | FRAME_WRITING);
}

/* The page if it is in memory, and not BUSY any more, pinned; or NO_PFN. */
static pfn_t page_hold(struct obj *o, uint32_t page)
{
    for (;;) {
        bool held = false;
        pfn_t pfn;

        cache_lock();
        pfn = cache_find(o, page);
        if (pfn && !is_busy(pfn))
            held = frame_use(pfn, 0) == 0;
        cache_unlock();
        if (!pfn || held)
            return pfn;
        frame_sleep(pfn);
        preempt_point();
    }
}

static void page_drop(struct obj *o, uint32_t page)
{
    for (;;) {
        bool busy, free = false;
        pfn_t pfn;

        cache_lock();
        pfn = cache_find(o, page);
        busy = pfn && !page_orphan(o, pfn, &free);
        cache_unlock();
        if (free)
            frame_free(pfn);
        if (!busy)
            return;
        frame_sleep(pfn);
    }
}

/* A walk along the object's list of pages, which may change between two steps. */
struct walk {
    uint32_t first, end; /* pages that are looked for */
    uint32_t found[WALK_FOUND];
    unsigned nfound;
    uint32_t cursor; /* a page outside, from which to go on */
    bool started;    /* the cursor is set */
};

/* Some more steps; false: that was all. If the cursor's page went meanwhile, from the start. */
static bool walk_on(struct obj *o, struct walk *w)
{
    pfn_t pfn;

    w->nfound = 0;
    cache_lock();
    pfn = w->started ? cache_find(o, w->cursor) : NO_PFN;
    pfn = pfn ? frame_next(frame_of(pfn)) : o->pages;
    for (unsigned steps = 0; pfn && steps < WALK_STEPS && w->nfound < WALK_FOUND; steps++) {
        const struct frame *f = frame_of(pfn);

        if (f->index >= w->first && f->index < w->end) {
            w->found[w->nfound++] = f->index;
        } else {
            w->cursor = f->index;
            w->started = true;
        }
        pfn = frame_next(f);
    }
    cache_unlock();
    return pfn != NO_PFN;
}

/* Pages from first to end leave: by their numbers or by the object's list, what is shorter. */
static void pages_drop(struct obj *o, uint32_t first, uint32_t end)
{
    struct walk w = {.first = first, .end = end};
    uint32_t npages;
    bool more;

    cache_lock();
    npages = o->npages;
    cache_unlock();
    more = npages > 0 && first < end;
    if (more && end - first <= npages) {
        for (uint32_t page = first; page < end; page++) {
            page_drop(o, page);
            preempt_point();
        }
        return;
    }
    while (more) {
        more = walk_on(o, &w);
        for (unsigned i = 0; i < w.nfound; i++)
            page_drop(o, w.found[i]);
        preempt_point();
    }
}

int obj_bring_back(struct obj *o, uint32_t page)
{
    pfn_t pfn;
    int error;

    if (!swap_obj_find(o, page))
        return 0;
    error = obj_get(o, page, &pfn, NULL);
    if (error)
        return error;
    error = obj_keep(o, pfn);
    obj_put(pfn);
    return error;
}

/* What has a slot was brought back before, or could not be. */
void obj_zero(struct obj *o, uint32_t page, uint32_t from, uint32_t to)
{
    pfn_t pfn = obj_bring_back(o, page) ? NO_PFN : page_hold(o, page);

    if (!pfn)
        return;
    memset((char *)pfn_to_virt(pfn) + from, 0, to - from);
    obj_wrote(pfn);
    obj_put(pfn);
}

void obj_grow(struct obj *o, uint64_t size_bytes)
{
    mutex_lock(&o->lock);
    __atomic_store_n(&o->size_bytes, size_bytes, __ATOMIC_RELAXED);
    mutex_unlock(&o->lock);
}

int obj_resize(struct obj *o, uint64_t size_bytes)
{
    uint64_t old = obj_size(o), tail = MIN(old, size_bytes);
    uint32_t end = MAX(obj_pages(o), o->alloc_end);
    int error = tail & PAGE_MASK ? obj_bring_back(o, (uint32_t)(tail >> PAGE_SHIFT)) : 0;

    if (error)
        return error;
    mutex_lock(&o->lock);
    __atomic_store_n(&o->size_bytes, size_bytes, __ATOMIC_RELAXED);
    mutex_unlock(&o->lock);
    if (size_bytes <= old) {
        pages_drop(o, obj_pages(o), end);
        swap_obj_lose(o, obj_pages(o), UINT32_MAX);
        obj_unmap(o, obj_pages(o), UINT32_MAX);
        o->alloc_end = 0;
    }
    if (tail & PAGE_MASK)
        obj_zero(o, (uint32_t)(tail >> PAGE_SHIFT), (uint32_t)tail & PAGE_MASK, PAGE_SIZE);
    return 0;
}

void obj_punch(struct obj *o, uint32_t first, uint32_t end)
{
    pages_drop(o, first, end);
    swap_obj_lose(o, first, end);
    obj_unmap(o, first, end - first); /* who mapped one meanwhile has lost it by then */
}
