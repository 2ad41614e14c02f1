/* SPDX-License-Identifier: MIT
 *
 * The kernel's allocator: caches of equal objects cut from frames (Bonwick's slabs, USENIX 1994),
 * general sizes on top. A cache's frames go back when they empty. In front of a cache each CPU
 * keeps a few free objects of its own; they go back when memory is short, and by mm_drain. In debug
 * builds freed objects are filled with a pattern and checked, double free and overrun panic with
 * the cache's name. Locks: one spinning lock a cache. Nothing here sleeps.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "kern/lock.h"
#include "mm/units.h"

struct slab_cache {
    struct spin lock;
    const char *name;      /* (c) */
    uint16_t object_bytes; /* (c) as asked for */
    uint16_t stride_bytes; /* (c) with alignment and red zone */
    uint16_t per_frame;    /* (c) */
    uint32_t frames;       /* (lock) */
    uint32_t out;          /* (lock) objects in use or kept by a CPU */
    pfn_t partial;         /* (lock) first frame with a free object */
    unsigned id;           /* (c) place in the list of all caches; 0: not used yet */
    uint32_t kept_most;    /* (c) objects that a CPU keeps ready */
};

#define SLAB_CACHE(cname, bytes)                                                                   \
    {                                                                                              \
        .lock = SPIN_INIT(LOCK_SLAB), .name = (cname), .object_bytes = (bytes)                     \
    }

/* An object of the cache, zeroed; NULL if there is no memory. */
void *slab_alloc(struct slab_cache *c) __must_check;
void slab_free(struct slab_cache *c, void *p);

/* General memory, zeroed, at most 4,096 bytes (a size above 2,048 takes a whole frame). */
void *kmalloc(size_t bytes) __must_check;
void kfree(void *p); /* NULL is fine */

/* The n-th cache with its counts; false at the end. */
struct slab_info {
    const char *name;
    uint32_t object_bytes, per_frame, frames, in_use;
};
bool slab_info(unsigned n, struct slab_info *info);
/* All that the CPUs keep goes back to the caches. */
void slab_drain(void);
/* Recounts every cache; number of errors found, each reported by report(). */
int slab_check(void (*report)(void *arg, const char *what), void *arg);

#endif
