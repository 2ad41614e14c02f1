/* SPDX-License-Identifier: MIT
 *
 * Slabs of one frame. The frame table is the slab's header: owner names the cache, index holds the
 * number of free objects and the offset of the first, next and prev chain the frames with room.
 * A free object's first two bytes hold the offset of the next. With CONFIG_DEBUG each object ends
 * in a red zone that says whether it is allocated, and free objects hold a pattern.
 * Locks: cache->lock; the list of caches has its own.
 */
#include "mm/slab.h"

#include <string.h>

#include "lib/fmt.h"
#include "mm/frame.h"
#include "mm/page.h"

#define NO_OFFSET   0xffffu
#define ZONE_USED   0xa110c8edu
#define ZONE_FREE   0xf4eef4eeu
#define PATTERN     0x6b
#define KMALLOC_MIN 5 /* 2^5 */
#define KMALLOC_MAX 11

#define CACHES_MAX 64

static struct {
    struct spin lock;
    struct slab_cache *cache[CACHES_MAX]; /* (lock) entries never change */
    unsigned ncaches;
} registry;

static struct slab_cache kmalloc_caches[] = {
    SLAB_CACHE("kmalloc-32", 32),     SLAB_CACHE("kmalloc-64", 64),
    SLAB_CACHE("kmalloc-128", 128),   SLAB_CACHE("kmalloc-256", 256),
    SLAB_CACHE("kmalloc-512", 512),   SLAB_CACHE("kmalloc-1024", 1024),
    SLAB_CACHE("kmalloc-2048", 2048),
};

/* frame->index of a slab: free objects << 16 | offset of the first. */
static unsigned slab_nfree(const struct frame *f)
{
    return f->index >> 16;
}

static unsigned slab_first(const struct frame *f)
{
    return f->index & 0xffff;
}

static void slab_set(struct frame *f, unsigned nfree, unsigned first)
{
    f->index = nfree << 16 | first;
}

static uint16_t *link_of(char *page, unsigned offset)
{
    return (uint16_t *)(void *)(page + offset);
}

static uint32_t *zone_of(const struct slab_cache *c, char *object)
{
    return (uint32_t *)(void *)(object + c->stride_bytes - sizeof(uint32_t));
}

/* Objects that fill their frame have no room for a red zone. */
static bool checked(const struct slab_cache *c)
{
    return IS_ENABLED(CONFIG_DEBUG) && c->stride_bytes >= c->object_bytes + sizeof(uint32_t);
}

static void poison(const struct slab_cache *c, char *object)
{
    if (!checked(c))
        return;
    memset(object, PATTERN, c->stride_bytes - sizeof(uint32_t));
    *zone_of(c, object) = ZONE_FREE;
}

/* A free object is as it was left: nobody wrote to it after it was freed. */
static void check_free_object(const struct slab_cache *c, char *object)
{
    for (unsigned i = 2; i < c->stride_bytes - sizeof(uint32_t); i++)
        if (object[i] != PATTERN)
            panic("slab %s: object %p written to after it was freed", c->name, (void *)object);
    if (*zone_of(c, object) != ZONE_FREE)
        panic("slab %s: red zone of free object %p overwritten", c->name, (void *)object);
}

static void check_used_object(const struct slab_cache *c, char *object)
{
    if (*zone_of(c, object) == ZONE_FREE)
        panic("slab %s: object %p freed twice", c->name, (void *)object);
    if (*zone_of(c, object) != ZONE_USED)
        panic("slab %s: written beyond the end of object %p", c->name, (void *)object);
}

/* First use of a cache: geometry, and its place in the list. */
static void cache_setup(struct slab_cache *c)
{
    unsigned stride = ALIGN_UP(c->object_bytes, 16u); /* frame->owner keeps 4 bits for itself */

    if (IS_ENABLED(CONFIG_DEBUG) && stride <= PAGE_SIZE - 16)
        stride += 16;
    spin_lock(&registry.lock);
    if (!c->per_frame) {
        c->stride_bytes = (uint16_t)stride;
        kassert(registry.ncaches < CACHES_MAX);
        c->id = registry.ncaches;
        registry.cache[registry.ncaches++] = c;
        __atomic_store_n(&c->per_frame, (uint16_t)(PAGE_SIZE / stride), __ATOMIC_RELEASE);
    }
    spin_unlock(&registry.lock);
}

static void chain_push(struct slab_cache *c, struct frame *f)
{
    pfn_t pfn = frame_pfn(f);

    frame_set_next(f, c->partial);
    frame_set_prev(f, NO_PFN);
    if (c->partial)
        frame_set_prev(frame_of(c->partial), pfn);
    c->partial = pfn;
}

static void chain_remove(struct slab_cache *c, struct frame *f)
{
    pfn_t next = frame_next(f), prev = frame_prev(f);

    if (prev)
        frame_set_next(frame_of(prev), next);
    else
        c->partial = next;
    if (next)
        frame_set_prev(frame_of(next), prev);
}

/* A new slab with all objects free; not yet on the chain. */
static struct frame *slab_make(struct slab_cache *c)
{
    pfn_t pfn = frame_alloc(FRAME_SLAB, NULL, 0, FRAME_FOR_KERNEL);
    char *page;

    if (pfn == NO_PFN)
        return NULL;
    page = pfn_to_virt(pfn);
    for (unsigned i = 0; i < c->per_frame; i++) {
        unsigned offset = i * c->stride_bytes;

        poison(c, page + offset);
        *link_of(page, offset) =
            (uint16_t)(i + 1 < c->per_frame ? offset + c->stride_bytes : NO_OFFSET);
    }
    slab_set(frame_of(pfn), c->per_frame, 0);
    return frame_of(pfn);
}

/* The cache's number stands where other frames have their way back. */
static void slab_own(struct slab_cache *c, struct frame *f)
{
    f->rmap = c->id;
}

static struct slab_cache *slab_cache_of(const struct frame *f)
{
    return registry.cache[f->rmap];
}

void *slab_alloc(struct slab_cache *c)
{
    struct frame *f;
    char *object;

    if (unlikely(!__atomic_load_n(&c->per_frame, __ATOMIC_ACQUIRE)))
        cache_setup(c);
    spin_lock(&c->lock);
    while (!c->partial) {
        spin_unlock(&c->lock);
        f = slab_make(c);
        if (!f)
            return NULL;
        spin_lock(&c->lock);
        slab_own(c, f);
        chain_push(c, f);
        c->frames++;
    }
    f = frame_of(c->partial);
    object = (char *)pfn_to_virt(c->partial) + slab_first(f);
    slab_set(f, slab_nfree(f) - 1, *link_of(object, 0));
    if (slab_nfree(f) == 0)
        chain_remove(c, f);
    c->in_use++;
    spin_unlock(&c->lock);
    if (checked(c)) {
        check_free_object(c, object);
        *zone_of(c, object) = ZONE_USED;
    }
    words_clear(object, ALIGN_UP(c->object_bytes, 16u));
    return object;
}

void slab_free(struct slab_cache *c, void *p)
{
    struct frame *f = frame_of(virt_to_pfn(p));
    char *page = pfn_to_virt(virt_to_pfn(p));
    bool empty;

    if (frame_type(f) != FRAME_SLAB || slab_cache_of(f) != c ||
        (IS_ENABLED(CONFIG_DEBUG) && (unsigned)((char *)p - page) % c->stride_bytes))
        panic("slab %s: %p is not one of its objects", c->name, p);
    if (checked(c))
        check_used_object(c, p);
    poison(c, p);
    spin_lock(&c->lock);
    *link_of(p, 0) = (uint16_t)slab_first(f);
    slab_set(f, slab_nfree(f) + 1, (unsigned)((char *)p - page));
    if (slab_nfree(f) == 1)
        chain_push(c, f);
    empty = slab_nfree(f) == c->per_frame;
    if (empty) {
        chain_remove(c, f);
        c->frames--;
    }
    c->in_use--;
    spin_unlock(&c->lock);
    if (empty)
        frame_free(frame_pfn(f));
}

void *kmalloc(size_t bytes)
{
    if (bytes > 1u << KMALLOC_MAX) {
        pfn_t pfn = bytes > PAGE_SIZE
                        ? NO_PFN
                        : frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL | FRAME_CLEAR);
        return pfn == NO_PFN ? NULL : pfn_to_virt(pfn);
    }
    unsigned class = 0;

    while (bytes > 1u << (class + KMALLOC_MIN))
        class ++;
    return slab_alloc(&kmalloc_caches[class]);
}

void kfree(void *p)
{
    struct frame *f;

    if (!p)
        return;
    f = frame_of(virt_to_pfn(p));
    if (frame_type(f) == FRAME_KERNEL)
        frame_free(frame_pfn(f));
    else
        slab_free(slab_cache_of(f), p);
}

bool slab_info(unsigned n, struct slab_info *info)
{
    struct slab_cache *c;

    spin_lock(&registry.lock);
    c = n < registry.ncaches ? registry.cache[n] : NULL;
    spin_unlock(&registry.lock);
    if (!c)
        return false;
    spin_lock(&c->lock);
    *info = (struct slab_info){c->name, c->object_bytes, c->per_frame, c->frames, c->in_use};
    spin_unlock(&c->lock);
    return true;
}

/* Free objects of the cache's slabs with room; -1 if a chain is damaged. */
static int count_free_objects(struct slab_cache *c)
{
    int nfree = 0;

    for (pfn_t pfn = c->partial; pfn; pfn = frame_next(frame_of(pfn))) {
        struct frame *f = frame_of(pfn);
        unsigned n = 0, offset = slab_first(f);

        if (frame_type(f) != FRAME_SLAB || slab_cache_of(f) != c)
            return -1;
        while (offset != NO_OFFSET && n <= c->per_frame && offset < PAGE_SIZE) {
            offset = *link_of(pfn_to_virt(pfn), offset);
            n++;
        }
        if (n != slab_nfree(f))
            return -1;
        nfree += (int)n;
    }
    return nfree;
}

int slab_check(void (*report)(void *arg, const char *what), void *arg)
{
    char line[96];
    int errors = 0;

    for (unsigned i = 0; i < registry.ncaches; i++) {
        struct slab_cache *c = registry.cache[i];
        int nfree;
        bool bad;

        spin_lock(&c->lock);
        nfree = count_free_objects(c);
        bad = nfree < 0 || (uint32_t)nfree + c->in_use != c->frames * c->per_frame;
        spin_unlock(&c->lock);
        if (bad) {
            fmt_snprint(line, sizeof(line), "slab %s: %d free + %u in use, %u frames of %u",
                        c->name, nfree, c->in_use, c->frames, c->per_frame);
            report(arg, line);
            errors++;
        }
    }
    return errors;
}
