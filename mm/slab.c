/* SPDX-License-Identifier: MIT
 *
 * Slabs of one frame. The frame table is the slab's header: owner names the cache, index holds the
 * number of free objects and the offset of the first, next and prev chain the frames with room.
 * A free object's first two bytes hold the offset of the next. With CONFIG_DEBUG each object ends
 * in a red zone that says whether it is allocated, and free objects hold a pattern.
 * Locks: cache->lock, also held by who takes objects that other CPUs keep, so that whoever looks
 * under it finds them; the list of caches has its own.
 */
#include "mm/slab.h"

#include <string.h>

#include "lib/fmt.h"
#include "machine/cpu.h"
#include "mm/frame.h"
#include "mm/page.h"
#include "mm/store.h"

#define NO_OFFSET   0xffffu
#define ZONE_USED   0xa110c8edu
#define ZONE_FREE   0xf4eef4eeu
#define PATTERN     0x6b
#define KMALLOC_MIN 5 /* 2^5 */
#define KMALLOC_MAX 11

#define CACHES_MAX 64
#define KEPT       15u

static struct {
    struct spin lock;
    struct slab_cache *cache[CACHES_MAX]; /* (lock) entries never change */
    unsigned ncaches;
} registry = {.lock = SPIN_INIT(LOCK_SLAB_LIST)};

/* What a CPU keeps ready of a cache: a cache line. */
struct kept {
    uint32_t n;
    uintptr_t slot[KEPT];
} __aligned(64);

static struct kept kept[CPU_MAX][CACHES_MAX];

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
    bool first = false;

    if (IS_ENABLED(CONFIG_DEBUG) && stride <= PAGE_SIZE - 16)
        stride += 16;
    spin_lock(&registry.lock);
    if (!c->per_frame) {
        c->stride_bytes = (uint16_t)stride;
        c->kept_most = MAX(2u, MIN(KEPT, PAGE_SIZE / stride));
        kassert(registry.ncaches + 1 < CACHES_MAX);
        registry.cache[registry.ncaches++] = c;
        __atomic_store_n(&c->id, registry.ncaches, __ATOMIC_RELAXED);
        __atomic_store_n(&c->per_frame, (uint16_t)(PAGE_SIZE / stride), __ATOMIC_RELEASE);
        first = registry.ncaches == 1;
    }
    spin_unlock(&registry.lock);
    if (first)
        frame_add_drain(slab_drain);
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
    return registry.cache[f->rmap - 1];
}

static struct kept *own_kept(const struct slab_cache *c)
{
    return &kept[cpu_here()][__atomic_load_n(&c->id, __ATOMIC_RELAXED)];
}

/* An object of a slab with room; c->lock held, there is one. */
static char *take_locked(struct slab_cache *c)
{
    struct frame *f = frame_of(c->partial);
    char *object = (char *)pfn_to_virt(c->partial) + slab_first(f);

    slab_set(f, slab_nfree(f) - 1, *link_of(object, 0));
    if (slab_nfree(f) == 0)
        chain_remove(c, f);
    c->out++;
    return object;
}

/* Puts an object back; its slab if that is empty now and the caller's to free, else NULL. c->lock
 * held. */
static struct frame *put_locked(struct slab_cache *c, char *object)
{
    struct frame *f = frame_of_virt(object);

    *link_of(object, 0) = (uint16_t)slab_first(f);
    slab_set(f, slab_nfree(f) + 1, (unsigned)((uintptr_t)object & PAGE_MASK));
    if (slab_nfree(f) == 1)
        chain_push(c, f);
    c->out--;
    if (slab_nfree(f) < c->per_frame)
        return NULL;
    chain_remove(c, f);
    c->frames--;
    return f;
}

/* A slab more. c->lock held, also afterwards, but not in between. False: no memory. */
static bool grow(struct slab_cache *c)
{
    struct frame *f;

    spin_unlock(&c->lock);
    f = slab_make(c);
    spin_lock(&c->lock);
    if (f) {
        slab_own(c, f);
        chain_push(c, f);
        c->frames++;
    }
    return c->partial != NO_PFN; /* without memory, too, what CPUs kept may be there now */
}

/* The CPU keeps none: one for the caller, and half as many as it keeps at most if slabs have them.
 */
static __noinline char *alloc_from_slab(struct slab_cache *c)
{
    struct kept *k;
    char *object = NULL;

    if (!__atomic_load_n(&c->per_frame, __ATOMIC_ACQUIRE))
        cache_setup(c);
    k = own_kept(c);
    spin_lock(&c->lock);
    if (c->partial || grow(c))
        object = take_locked(c);
    while (c->partial && k->n < c->kept_most / 2)
        store_put(k->slot, &k->n, (uintptr_t)take_locked(c));
    spin_unlock(&c->lock);
    return object;
}

void *slab_alloc(struct slab_cache *c)
{
    struct kept *k = own_kept(c);
    char *object = (char *)store_take(k->slot, &k->n);

    if (unlikely(!object) && !(object = alloc_from_slab(c)))
        return NULL;
    if (checked(c)) {
        check_free_object(c, object);
        *zone_of(c, object) = ZONE_USED;
    }
    words_clear(object, ALIGN_UP(c->object_bytes, 16u));
    return object;
}

/* The CPU keeps enough: the object and half of what it keeps go back. */
static __noinline void free_to_slab(struct slab_cache *c, struct kept *k, char *object)
{
    struct frame *empty[KEPT];
    unsigned n = 0;

    spin_lock(&c->lock);
    for (uint32_t i = 0; object && i <= c->kept_most / 2; i++) {
        empty[n] = put_locked(c, object);
        n += empty[n] != NULL;
        object = i < c->kept_most / 2 ? (char *)store_take(k->slot, &k->n) : NULL;
    }
    spin_unlock(&c->lock);
    while (n > 0)
        frame_free(frame_pfn(empty[--n]));
}

void slab_free(struct slab_cache *c, void *p)
{
    const struct frame *f = frame_of_virt(p);
    struct kept *k = own_kept(c);

    if (unlikely(frame_type(f) != FRAME_SLAB || f->rmap != c->id ||
                 (IS_ENABLED(CONFIG_DEBUG) && ((uintptr_t)p & PAGE_MASK) % c->stride_bytes)))
        panic("slab %s: %p is not one of its objects", c->name, p);
    if (checked(c))
        check_used_object(c, p);
    poison(c, p);
    if (likely(k->n < c->kept_most))
        store_put(k->slot, &k->n, (uintptr_t)p);
    else
        free_to_slab(c, k, p);
}

/* Takes everything that CPUs keep of a cache back; most keep nothing of most caches. */
static void cache_drain(struct slab_cache *c)
{
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        struct kept *k = &kept[cpu][c->id];
        unsigned most = MIN(__atomic_load_n(&k->n, __ATOMIC_RELAXED), KEPT), n = 0;
        struct frame *empty[KEPT];

        if (most == 0)
            continue;
        spin_lock(&c->lock);
        for (unsigned i = 0; i < most; i++) {
            char *object = (char *)store_steal(&k->slot[i]);

            empty[n] = object ? put_locked(c, object) : NULL;
            n += empty[n] != NULL;
        }
        spin_unlock(&c->lock);
        while (n > 0)
            frame_free(frame_pfn(empty[--n]));
    }
}

/* The n-th cache, or NULL. */
static struct slab_cache *cache_at(unsigned n)
{
    struct slab_cache *c;

    spin_lock(&registry.lock);
    c = n < registry.ncaches ? registry.cache[n] : NULL;
    spin_unlock(&registry.lock);
    return c;
}

void slab_drain(void)
{
    struct slab_cache *c;

    for (unsigned n = 0; (c = cache_at(n)) != NULL; n++)
        cache_drain(c);
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

/* Objects of a cache that CPUs keep. */
static uint32_t count_kept(const struct slab_cache *c)
{
    uint32_t count = 0;

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        count += store_count(kept[cpu][c->id].slot, KEPT);
    return count;
}

bool slab_info(unsigned n, struct slab_info *info)
{
    struct slab_cache *c = cache_at(n);

    if (!c)
        return false;
    spin_lock(&c->lock);
    *info = (struct slab_info){c->name, c->object_bytes, c->per_frame, c->frames,
                               c->out - MIN(c->out, count_kept(c))};
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

/* What CPUs keep are objects of this cache, and no more than are out. */
static bool kept_good(const struct slab_cache *c)
{
    bool good = count_kept(c) <= c->out;

    for (unsigned i = 0; i < CPU_MAX * KEPT; i++) {
        const void *object = (void *)kept[i / KEPT][c->id].slot[i % KEPT];

        good &= !object || (frame_type(frame_of_virt(object)) == FRAME_SLAB &&
                            slab_cache_of(frame_of_virt(object)) == c);
    }
    return good;
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
        bad = nfree < 0 || (uint32_t)nfree + c->out != c->frames * c->per_frame || !kept_good(c);
        spin_unlock(&c->lock);
        if (bad) {
            fmt_snprint(line, sizeof(line), "slab %s: %d free + %u in use, %u frames of %u",
                        c->name, nfree, c->out, c->frames, c->per_frame);
            report(arg, line);
            errors++;
        }
    }
    return errors;
}
