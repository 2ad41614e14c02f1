/* SPDX-License-Identifier: MIT
 *
 * Objects: what names pages - a file's contents, shared anonymous memory, a device. A page of an
 * object is found by <object, page> in the page hash; read(), text and data pages share its frame;
 * it stays after its last user and is found again, until memory is short.
 * Locks: (o) obj->lock; (s) the lock of the part, parts.h; (k) the page cache's lock in obj.c; (c)
 * constant. None is held over I/O: the page is BUSY then. Source: SVR4's page cache (vp,
 * offset); 4.3BSD-Reno's text table did the same for text alone.
 */
#ifndef MM_OBJ_H
#define MM_OBJ_H

#include "kern/lock.h"
#include "lib/tree.h"
#include "mm/frame.h"
#include "mm/parts.h"

struct obj;

struct obj_ops {
    /* Fills the frame with the object's page; bytes beyond the end are zero. May sleep. 0, -EIO. */
    int (*fill)(struct obj *o, uint32_t page, void *frame_bytes);
    /* The last reference went and no page is left. */
    void (*release)(struct obj *o);
};

struct obj {
    const struct obj_ops *ops; /* (c) */
    void *data;                /* (c) the owner's */
    struct mutex lock;
    uint64_t size_bytes; /* (o) written; see obj_size */
    uint32_t npages;     /* (k) resident */
    pfn_t pages;         /* (k) first resident page; linked by the frame's next and prev */
    struct parts segs;   /* (s) segments that map it, in the parts of their address spaces */
    uint32_t refs;       /* atomic: segments and files */
    uint32_t version;    /* (o) truncations */
    uint32_t kept;       /* atomic: pages that are the only copy, of npages */
    uint32_t alloc_end;  /* pages behind the size may be in memory up to here; its owner's lock */
} __aligned(16);

/* The size in bytes, whoever changes it meanwhile: read again after every sleep. */
static inline uint64_t obj_size(const struct obj *o)
{
    return __atomic_load_n(&o->size_bytes, __ATOMIC_RELAXED);
}

/* Once, before the first object. nbuckets is chosen from the size of RAM. 0 or -ENOMEM. */
int __must_check obj_init(void);

/* A new object with one reference, the caller's. */
void obj_create(struct obj *o, const struct obj_ops *ops, void *data, uint64_t size_bytes);
void obj_ref(struct obj *o);
/* Gives a reference back; the last one frees the pages and calls release. May sleep. */
void obj_unref(struct obj *o);

/* How obj_get found the page. */
enum obj_found { OBJ_CACHED, OBJ_FILLED, OBJ_WAITED };

/* The frame of a page, pinned (one user): from memory, else filled. May sleep. *how may be NULL.
 * -EINVAL: beyond the end; -EIO; -ENOMEM; -EAGAIN: too many users. */
int __must_check obj_get(struct obj *o, uint32_t page, pfn_t *pfn, enum obj_found *how);
/* Of the pages first to first + NEAR_PAGES - 1 (first is a multiple of it) those with a bit in
 * `want` that are in memory and not being filled: their bits and, for each, the frame with one user
 * more, for an entry. Does not sleep. */
#define NEAR_PAGES 16u
uint32_t obj_use_near(struct obj *o, uint32_t first, uint32_t want, pfn_t pfns[NEAR_PAGES]);
/* Gives the pin back. */
void obj_put(pfn_t pfn);

/* Enters a frame that already holds the page and has no user, the caller's until now: it is OBJ
 * and WIRED after, the only copy. NO_PFN, or the page's frame if there is one already: then the
 * caller's stays his. The page counts as kept; reserve it before. */
pfn_t obj_adopt(struct obj *o, uint32_t page, pfn_t pfn);
/* The frame of a page if it is in memory, else NO_PFN; no pin: for listings. */
pfn_t obj_lookup(struct obj *o, uint32_t page);

/* The owner keeps others from changing the size and from writing by calls meanwhile; may sleep.
 * obj_resize: another size; pages behind it go, also from those who mapped them, and the last one
 * is zero behind the end. 0. obj_grow: a larger size, where the new bytes are written or zero.
 * obj_punch: pages from first to end go. obj_zero: bytes of a page become zero if it is in memory.
 */
int obj_resize(struct obj *o, uint64_t size_bytes);
void obj_grow(struct obj *o, uint64_t size_bytes);
void obj_punch(struct obj *o, uint32_t first, uint32_t end);
void obj_zero(struct obj *o, uint32_t page, uint32_t from, uint32_t to);

/* Pages that are the only copy of what they hold are kept: never dropped. Who makes one reserves it
 * first. -ENOSPC: the limit, which is for all objects together. */
int __must_check obj_reserve(uint32_t n);
void obj_unreserve(uint32_t n);
/* The page, which the caller has pinned, is about to be written for the first time, by a call or
 * by a shared mapping: from now on it is kept. 0 or -ENOSPC. */
int __must_check obj_keep(struct obj *o, pfn_t pfn);
/* The kernel wrote to the page: the instruction cache knows nothing of it. */
void obj_wrote(pfn_t pfn);
/* At most so many frames are kept, from now on. */
void obj_keep_limit(uint32_t most);
struct obj_kept {
    uint32_t used, most;
};
struct obj_kept obj_kept(void);

/* The frame of a page that is kept, else NO_PFN; *there: the page is in memory all the same. It
 * stays as long as nobody can cut the object; no pin. */
pfn_t obj_find_kept(struct obj *o, uint32_t page, bool *there);
/* Every object page in memory is in its hash chain and on its object's list: errors found. */
int obj_check_frame(pfn_t pfn);

#endif
