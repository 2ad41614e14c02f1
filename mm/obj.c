/* SPDX-License-Identifier: MIT
 *
 * The page cache: a hash of <object, page> through the frames' hash links, and the list of each
 * object's pages. A page that is being filled is BUSY; whoever else wants it sleeps for it. Pages
without users stay until frames are short: see reclaim.c.
 * Locks: what changes the cache holds cache.lock (k), and inside it (h), the hashed lock of the
 * page's chain, if the chain or a page's BUSY changes; frame locks are inside both. Who looks for a
 * page holds either one; who finds and takes it for use shares (h), which keeps it in its chain
 * meanwhile.
 */
#include "mm/obj_impl.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/lockcheck.h"
#include "lib/refcount.h"
#include "mm/pageout.h"
#include "mm/reclaim.h"
#include "mm/sleep.h"
#include "mm/swap_impl.h"
#include "mm/swap_obj.h"

#define CHAIN_LOCKS 64u

static struct {
    struct spin lock;
    uint32_t *bucket; /* (k and h) first frame of each chain */
    uint32_t mask;    /* (c) buckets - 1, a power of two */
} cache;

static struct spin chain_locks[CHAIN_LOCKS] = {[0 ... CHAIN_LOCKS - 1] = SPIN_INIT(LOCK_PAGE_HASH)};

/* Of the 16 pages that the page is one of: their chains lie side by side and have one lock. */
static uint32_t hash_of(const struct obj *o, uint32_t page)
{
    return ((kptr(o) >> 4) * 0x9e3779b1u ^ page / NEAR_PAGES * 0x85ebca6bu) >> 7;
}

static struct spin *chain_lock(uint32_t hash)
{
    return &chain_locks[hash % CHAIN_LOCKS];
}

/* Objects of one page use all of the chains, too. */
static uint32_t *bucket_of(uint32_t hash, uint32_t page)
{
    return &cache.bucket[(hash * NEAR_PAGES + (page ^ hash >> 20) % NEAR_PAGES) & cache.mask];
}

/* The page's frame, or NO_PFN; (h) or (k) held. */
static inline pfn_t hash_find(uint32_t hash, const struct obj *o, uint32_t page)
{
    uint32_t owner = kptr(o) | FRAME_OBJ;
    pfn_t pfn = *bucket_of(hash, page);

    while (pfn && (frame_of(pfn)->owner != owner || frame_of(pfn)->index != page))
        pfn = frame_hash_next(frame_of(pfn));
    return pfn;
}

void cache_lock(void)
{
    spin_lock(&cache.lock);
}

void cache_unlock(void)
{
    spin_unlock(&cache.lock);
}

pfn_t cache_find(const struct obj *o, uint32_t page)
{
    return hash_find(hash_of(o, page), o, page);
}

/* Enters a frame that is already marked as the object's page; (k) held. */
static void page_insert(struct obj *o, pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    uint32_t hash = hash_of(o, f->index), *bucket = bucket_of(hash, f->index);
    struct spin *chain = chain_lock(hash);

    spin_lock(chain);
    frame_set_hash_next(f, *bucket);
    *bucket = pfn;
    spin_unlock(chain);
    frame_set_next(f, o->pages);
    frame_set_prev(f, NO_PFN);
    if (o->pages)
        frame_set_prev(frame_of(o->pages), pfn);
    o->pages = pfn;
    __atomic_store_n(&o->npages, o->npages + 1, __ATOMIC_RELAXED);
}

/* Takes a page out of its chain and its object's list; (k) and (h) held. */
static void page_remove(struct obj *o, pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    uint32_t *bucket = bucket_of(hash_of(o, f->index), f->index);
    pfn_t next = frame_next(f), prev = frame_prev(f);

    if (*bucket == pfn) {
        *bucket = frame_hash_next(f);
    } else {
        pfn_t before = *bucket;

        while (frame_hash_next(frame_of(before)) != pfn)
            before = frame_hash_next(frame_of(before));
        frame_set_hash_next(frame_of(before), frame_hash_next(f));
    }
    if (prev)
        frame_set_next(frame_of(prev), next);
    else
        o->pages = next;
    if (next)
        frame_set_prev(frame_of(next), prev);
    __atomic_store_n(&o->npages, o->npages - 1, __ATOMIC_RELAXED);
}

/* (k) held, so that what is an object's page stays one. */
static bool try_drop_locked(pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    uint32_t is = __atomic_load_n(&f->owner, __ATOMIC_RELAXED);
    struct spin *chain;
    bool drop;

    if ((is & 15) != FRAME_OBJ)
        return false;
    chain = chain_lock(hash_of(kptr_to(is & ~15u), f->index));
    spin_lock(chain);
    frame_lock(pfn);
    drop = frame_count(f) == 0 && frame_is_cache(f) && !(f->flags & (FRAME_BUSY | FRAME_WRITING));
    if (drop) {
        page_remove(frame_owner(f), pfn);
        frame_set(f, FRAME_KERNEL, NULL, 0);
        frame_cache_count(-1);
    }
    frame_unlock(pfn);
    spin_unlock(chain);
    return drop;
}

bool cache_unkeep(struct obj *o, uint32_t page, pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    struct spin *chain = chain_lock(hash_of(o, page));
    bool good;

    spin_lock(&cache.lock);
    spin_lock(chain); /* who finds it to use it has no other lock */
    frame_lock(pfn);
    good = obj_owns(o, pfn) && f->index == page && frame_count(f) == 0 &&
           (f->flags & (FRAME_WIRED | FRAME_BUSY | FRAME_WRITING)) == FRAME_WIRED;
    if (good)
        frame_set_flags(f, FRAME_WIRED | FRAME_DIRTY, FRAME_UNSAVED);
    frame_unlock(pfn);
    spin_unlock(chain);
    spin_unlock(&cache.lock);
    return good;
}

bool cache_try_drop(pfn_t pfn)
{
    bool dropped;

    spin_lock(&cache.lock);
    dropped = try_drop_locked(pfn);
    spin_unlock(&cache.lock);
    return dropped;
}

void obj_drop_unused(struct obj *o, uint32_t page)
{
    bool dropped;
    pfn_t pfn;

    spin_lock(&cache.lock);
    pfn = cache_find(o, page);
    dropped = pfn && try_drop_locked(pfn);
    spin_unlock(&cache.lock);
    if (dropped)
        frame_free(pfn);
}

int obj_init(void)
{
    uint32_t frames = direct_map.end - direct_map.first, n = 1024;
    pfn_t first;

    while (n < frames / 8)
        n *= 2;
    first = frame_alloc_contiguous(pages_of(n * sizeof(uint32_t)), 1);
    if (first == NO_PFN)
        return -ENOMEM;
    memset(&cache, 0, sizeof(cache));
    lock_classify(&cache.lock, LOCK_PAGE_CACHE);
    cache.bucket = pfn_to_virt(first);
    memset(cache.bucket, 0, n * sizeof(uint32_t));
    cache.mask = n - 1;
    frame_sleep_init();
    obj_keep_init();
    reclaim_init();
    return 0;
}

void obj_create(struct obj *o, const struct obj_ops *ops, void *data, uint64_t size_bytes)
{
    static uint32_t created; /* atomic */

    memset(o, 0, sizeof(*o));
    o->serial = __atomic_add_fetch(&created, 1, __ATOMIC_RELAXED);
    o->ops = ops;
    o->data = data;
    mutex_init(&o->lock);
    lock_classify(&o->lock, LOCK_OBJ);
    parts_init(&o->segs, LOCK_OBJ_MAP);
    o->size_bytes = size_bytes;
    o->refs = 1;
}

void obj_ref(struct obj *o)
{
    ref_take(&o->refs);
}

bool page_orphan(struct obj *o, pfn_t pfn, bool *free)
{
    struct frame *f = frame_of(pfn);
    struct spin *chain = chain_lock(hash_of(o, f->index));
    bool busy, pinned;

    spin_lock(chain);
    frame_lock(pfn);
    pinned = frame_count(f) > 0;
    busy = f->flags & (FRAME_BUSY | FRAME_WRITING);
    if (!busy) {
        page_remove(o, pfn);
        if (f->flags & FRAME_WIRED && !o->ops->only_copy)
            obj_kept_count(o, -1);
        if (!pinned && frame_is_cache(f))
            frame_cache_count(-1);
        frame_set_flags(f, UINT16_MAX, 0);
        f->index = 0; /* the type last: from then on the frame goes with its user, lock or not */
        __atomic_store_n(&f->owner, pinned ? FRAME_ANON : FRAME_KERNEL, __ATOMIC_RELEASE);
    }
    frame_unlock(pfn);
    spin_unlock(chain);
    *free = !busy && !pinned;
    return !busy;
}

/* Every page goes; nobody can name the object any more. */
static void obj_free_pages(struct obj *o)
{
    for (;;) {
        bool free = false;

        spin_lock(&cache.lock);
        pfn_t pfn = o->pages;

        if (pfn)
            (void)page_orphan(o, pfn, &free); /* nobody works on it, who would have a reference */
        spin_unlock(&cache.lock);
        if (!pfn)
            return;
        if (free)
            frame_free(pfn);
        preempt_point();
    }
}

void obj_unref(struct obj *o)
{
    if (ref_drop(&o->refs) > 0)
        return;
    parts_settle(&o->segs);
    obj_free_pages(o);
    swap_obj_lose(o, 0, UINT32_MAX);
    if (o->ops->release)
        o->ops->release(o);
}

/* A new BUSY page with one user, entered: *ours; or another's came first, or the end before it, and
 * the caller looks again. NO_PFN: no memory. */
static inline pfn_t page_create(struct obj *o, uint32_t page, bool *ours)
{
    pfn_t pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER), other;
    struct frame *f;

    *ours = false;
    if (pfn == NO_PFN)
        return NO_PFN;
    f = frame_of(pfn);
    spin_lock(&cache.lock);
    other = hash_find(hash_of(o, page), o, page);
    if (!other && page < obj_pages(o)) {
        f->flags = o->ops->only_copy ? FRAME_BUSY | FRAME_WIRED : FRAME_BUSY;
        frame_set_users(f, 1);
        frame_set(f, FRAME_OBJ, o, page);
        page_insert(o, pfn);
        *ours = true;
    }
    spin_unlock(&cache.lock);
    if (*ours)
        lock_taken(f, LOCK_BUSY, LOCK_CALLER);
    else
        frame_free(pfn);
    return pfn;
}

/* Filling ended: the page is there for all who wait, or gone. from_swap: it is there, too. */
static void page_filled(struct obj *o, pfn_t pfn, int error, bool from_swap)
{
    struct frame *f = frame_of(pfn);
    struct spin *chain = chain_lock(hash_of(o, f->index));

    lock_dropped(f, LOCK_BUSY, LOCK_CALLER);
    spin_lock(&cache.lock);
    spin_lock(chain);
    frame_lock(pfn);
    f->flags &= (uint16_t) ~(from_swap ? FRAME_BUSY | FRAME_WIRED : FRAME_BUSY);
    if (error) {
        f->flags = 0;
        frame_set_users(f, 0);
        page_remove(o, pfn);
        frame_set(f, FRAME_KERNEL, NULL, 0);
    }
    frame_unlock(pfn);
    spin_unlock(chain);
    spin_unlock(&cache.lock);
    frame_wake(pfn);
    if (error)
        frame_free(pfn);
}

/* The page, pinned, if it is in memory: *pfn, or NO_PFN. *busy: it is, and being filled. */
static inline int page_find(struct obj *o, uint32_t page, pfn_t *pfn, bool *busy)
{
    uint32_t hash = hash_of(o, page);
    struct spin *chain = chain_lock(hash);
    pfn_t found;
    int error = 0;

    *busy = false;
    spin_lock_shared(chain);
    found = hash_find(hash, o, page);
    if (found) {
        *busy = __atomic_load_n(&frame_of(found)->flags, __ATOMIC_RELAXED) & FRAME_BUSY;
        error = *busy ? 0 : frame_use(found, 0);
    }
    spin_unlock_shared(chain);
    *pfn = found;
    return error;
}

/* As obj_get; the page was not there, or BUSY, a moment ago. */
static __noinline int page_bring(struct obj *o, uint32_t page, pfn_t *pfn, enum obj_found *how)
{
    bool busy, ours;

    *how = OBJ_CACHED;
    while (page < obj_pages(o)) {
        int error = page_find(o, page, pfn, &busy);

        if (error || (*pfn && !busy))
            return error;
        if (busy) {
            *how = OBJ_WAITED;
            frame_sleep(*pfn);
            continue;
        }
        *pfn = page_create(o, page, &ours);
        if (*pfn == NO_PFN)
            return -ENOMEM;
        if (!ours)
            continue;
        *how = OBJ_READ;
        error = swap_obj_fill(o, page, *pfn);
        if (error == -ENOENT) {
            *how = OBJ_FILLED;
            error = o->ops->fill(o, page, pfn_to_virt(*pfn));
        }
        page_filled(o, *pfn, error, *how == OBJ_READ);
        return error;
    }
    return -EINVAL;
}

int obj_get_now(struct obj *o, uint32_t page, pfn_t *pfn, enum obj_found *how)
{
    int error = -EINVAL;
    bool busy;

    *how = OBJ_CACHED;
    if (unlikely(page >= obj_pages(o)))
        return error;
    error = page_find(o, page, pfn, &busy);
    if (unlikely(!error && (!*pfn || busy)))
        error = o->ops->slow || o->slots ? OBJ_SLOW : page_bring(o, page, pfn, how);
    return error;
}

int obj_get(struct obj *o, uint32_t page, pfn_t *pfn, enum obj_found *how)
{
    enum obj_found found;
    int error = obj_get_now(o, page, pfn, &found);

    while (error == OBJ_SLOW || (error == -ENOMEM && pageout_wait()))
        error = page_bring(o, page, pfn, &found);
    if (how)
        *how = found;
    return error;
}

uint32_t obj_fetch(struct obj *o, uint32_t first, uint32_t npages)
{
    struct obj_run run = {.n = 0};
    uint32_t brought = 0;
    bool ours;

    if (!o->ops->fill_run || !frame_at_least(4 * OBJ_RUN))
        return 0;
    for (uint32_t page = first; page < first + MIN(npages, OBJ_RUN); page++) {
        pfn_t pfn = obj_lookup(o, page) ? NO_PFN : page_create(o, page, &ours);

        if (pfn && ours) {
            run.page[run.n] = page;
            run.pfn[run.n++] = pfn;
        }
    }
    if (run.n)
        o->ops->fill_run(o, &run);
    for (unsigned i = 0; i < run.n; i++) {
        page_filled(o, run.pfn[i], run.error[i], false);
        if (run.error[i])
            continue;
        frame_unuse(run.pfn[i]);
        brought |= 1u << (run.page[i] - first);
    }
    return brought;
}

uint32_t obj_use_near(struct obj *o, uint32_t first, uint32_t want, pfn_t pfns[NEAR_PAGES])
{
    uint32_t hash = hash_of(o, first), pages = obj_pages(o), found = 0;
    struct spin *chain = chain_lock(hash);

    spin_lock_shared(chain);
    for (; want; want &= want - 1) {
        unsigned i = (unsigned)__builtin_ctz(want);
        pfn_t pfn = first + i < pages ? hash_find(hash, o, first + i) : NO_PFN;

        if (!pfn || __atomic_load_n(&frame_of(pfn)->flags, __ATOMIC_RELAXED) & FRAME_BUSY)
            continue;
        if (!frame_use_quickly(frame_of(pfn)) && frame_use(pfn, 1))
            continue;
        pfns[i] = pfn;
        found |= 1u << i;
    }
    spin_unlock_shared(chain);
    return found;
}

void obj_put(pfn_t pfn)
{
    frame_unuse(pfn);
}

pfn_t obj_adopt(struct obj *o, uint32_t page, pfn_t pfn)
{
    struct frame *f = frame_find(pfn);
    pfn_t other;

    spin_lock(&cache.lock);
    other = cache_find(o, page);
    if (!other) {
        f->flags = FRAME_WIRED;
        frame_set_users(f, 0);
        frame_set(f, FRAME_OBJ, o, page);
        obj_kept_count(o, 1);
        page_insert(o, pfn);
    }
    spin_unlock(&cache.lock);
    return other;
}

pfn_t obj_lookup(struct obj *o, uint32_t page)
{
    uint32_t hash = hash_of(o, page);
    pfn_t pfn;

    spin_lock_shared(chain_lock(hash));
    pfn = hash_find(hash, o, page);
    spin_unlock_shared(chain_lock(hash));
    return pfn;
}

/* The page's frame, if it is kept, else NO_PFN; page-out is to know that it is used. */
static __noinline pfn_t note_use(pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    bool kept;

    frame_lock(pfn);
    frame_set_flags(f, 0, FRAME_REF);
    kept = f->flags & FRAME_WIRED;
    frame_unlock(pfn);
    return kept ? pfn : NO_PFN;
}

pfn_t obj_find_kept(struct obj *o, uint32_t page, bool *there)
{
    uint32_t hash = hash_of(o, page);
    struct spin *chain = chain_lock(hash);
    pfn_t pfn;

    spin_lock_shared(chain);
    pfn = hash_find(hash, o, page);
    *there = pfn != NO_PFN;
    if (pfn && unlikely((__atomic_load_n(&frame_of(pfn)->flags, __ATOMIC_RELAXED) &
                         (FRAME_WIRED | FRAME_REF)) != (FRAME_WIRED | FRAME_REF)))
        pfn = note_use(pfn);
    spin_unlock_shared(chain);
    if (unlikely(!*there && o->slots))
        *there = swap_obj_find(o, page) != NO_SLOT;
    return pfn;
}

pfn_t obj_take_dirty(struct obj *o, uint32_t page, bool wait)
{
    uint32_t hash = hash_of(o, page);
    struct spin *chain = chain_lock(hash);
    bool ours, busy;
    uint16_t flags;
    pfn_t pfn;

    do {
        spin_lock(&cache.lock); /* who takes the page out of its object looks at BUSY before */
        spin_lock(chain);
        pfn = hash_find(hash, o, page);
        flags = pfn ? __atomic_load_n(&frame_of(pfn)->flags, __ATOMIC_RELAXED) : 0;
        busy = flags & (FRAME_BUSY | FRAME_WRITING);
        ours = !busy && flags & FRAME_DIRTY && frame_use(pfn, 0) == 0;
        if (ours) {
            frame_lock(pfn);
            frame_set_flags(frame_of(pfn), FRAME_DIRTY, FRAME_BUSY);
            frame_unlock(pfn);
        }
        spin_unlock(chain);
        spin_unlock(&cache.lock);
        if (busy && wait)
            frame_sleep(pfn);
    } while (busy && wait);
    if (ours)
        lock_taken(frame_of(pfn), LOCK_BUSY, LOCK_CALLER);
    return ours ? pfn : NO_PFN;
}

void obj_written(pfn_t pfn, int error)
{
    struct frame *f = frame_of(pfn);
    struct spin *chain = chain_lock(hash_of(frame_owner(f), f->index));

    lock_dropped(f, LOCK_BUSY, LOCK_CALLER);
    spin_lock(chain);
    frame_lock(pfn);
    frame_set_flags(f, FRAME_BUSY, error ? FRAME_DIRTY : 0);
    frame_unlock(pfn);
    spin_unlock(chain);
    frame_wake(pfn);
    frame_unuse(pfn);
}

int obj_check_frame(pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    struct obj *o = frame_owner(f);
    int errors = 0;

    spin_lock(&cache.lock);
    if (hash_find(hash_of(o, f->index), o, f->index) != pfn)
        errors++;
    if (frame_prev(f) ? frame_next(frame_of(frame_prev(f))) != pfn : o->pages != pfn)
        errors++;
    if (frame_next(f) && frame_prev(frame_of(frame_next(f))) != pfn)
        errors++;
    spin_unlock(&cache.lock);
    return errors;
}
