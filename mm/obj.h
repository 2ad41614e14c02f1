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

/* Pages that are filled together: BUSY, each with its frame; error: what came of it. */
#define OBJ_RUN 16u
struct obj_run {
    unsigned n;
    uint32_t page[OBJ_RUN];
    pfn_t pfn[OBJ_RUN];
    int error[OBJ_RUN];
};

struct obj_ops {
    /* Fills the frame with the object's page; bytes beyond the end are zero. May sleep. 0, -EIO. */
    int (*fill)(struct obj *o, uint32_t page, void *frame_bytes);
    /* The same for several pages in ascending order. NULL: one after the other is as good. */
    void (*fill_run)(struct obj *o, struct obj_run *run);
    /* The page, which was written through a mapping, goes to where it comes from; bytes beyond the
     * end are nobody's. May sleep. 0, -EIO. NULL: it is the only copy, or nobody can write. */
    int (*write)(struct obj *o, uint32_t page, const void *frame_bytes);
    /* The last reference went and no page is left. */
    void (*release)(struct obj *o);
    /* A mapping is about to write to a page that is not dirty: NULL, or 0, or -Exxx if it can't be,
     * or OBJ_SLOW: call room first, and try again. Spinning locks are held. */
    int (*dirty)(struct obj *o, pfn_t pfn);
    void (*room)(struct obj *o); /* may sleep; as->lock is not held */
    /* Page-out is about to take a kept page: keeps those out who use such pages without a pin,
     * until thaw. False: they are in. Does not sleep. NULL: there are none. */
    bool (*freeze)(struct obj *o);
    void (*thaw)(struct obj *o);
    /* What obj_sync does, where write page by page is not how: it writes with obj_take_dirty,
     * obj_write_protect, obj_written. NULL: it is. May sleep. */
    int (*sync)(struct obj *o, uint32_t first_page, uint32_t npages);
    /* The same for page-out and one page: waits for the device alone, and leaves the page dirty
     * where it would have to wait for more. An error is kept for who syncs. NULL: as obj_sync. */
    void (*launder)(struct obj *o, uint32_t page);
    bool only_copy; /* what its pages hold is nowhere else: they stay as long as the object */
    bool slow;      /* filling waits for a device: nobody holds as->lock over it */
};

struct obj_share;

struct obj {
    const struct obj_ops *ops; /* (c) */
    void *data;                /* (c) the owner's */
    struct obj_share *share;   /* (c) counts its kept pages, too, or NULL */
    struct mutex lock;
    uint64_t size_bytes; /* (o) written; see obj_size */
    uint32_t npages;     /* (k) resident */
    pfn_t pages;         /* (k) first resident page; linked by the frame's next and prev */
    struct parts segs;   /* (s) segments that map it, in the parts of their address spaces; new ones
                            behind, see obj_unmap.c */
    uint32_t refs;       /* atomic: segments and files */
    uint32_t writable;   /* atomic: of these, shared segments that are or may become writable */
    uint32_t kept;       /* atomic: pages that are the only copy, in memory or in swap */
    uint32_t slots;      /* written under swap's lock: pages that have a slot of swap */
    uint32_t counted;    /* as_cost's, under its lock: the number of the last count that met it */
    uint32_t alloc_end;  /* pages behind the size may be in memory up to here; its owner's lock */
    uint32_t serial;     /* (c) from 1 on, no other object's: names outlive it (as_name_word) */
} __aligned(16);

/* The size in bytes, whoever changes it meanwhile: read again after every sleep. */
static inline uint64_t obj_size(const struct obj *o)
{
    return __atomic_load_n(&o->size_bytes, __ATOMIC_RELAXED);
}

/* Pages in memory, a moment ago. */
static inline uint32_t obj_resident(const struct obj *o)
{
    return __atomic_load_n(&o->npages, __ATOMIC_RELAXED);
}

/* Once, before the first object. nbuckets is chosen from the size of RAM. 0 or -ENOMEM. */
int __must_check obj_init(void);

/* A new object with one reference, the caller's. */
void obj_create(struct obj *o, const struct obj_ops *ops, void *data, uint64_t size_bytes);
void obj_ref(struct obj *o);
/* A shared segment comes or goes that writes to the object, or may be made to. */
static inline void obj_count_writable(struct obj *o, int n)
{
    __atomic_fetch_add(&o->writable, (uint32_t)n, __ATOMIC_ACQ_REL);
}
/* There is such a segment; seen after a page was made clean it says whether somebody may still
 * store to the page. */
static inline bool obj_is_writable(const struct obj *o)
{
    return __atomic_load_n(&o->writable, __ATOMIC_ACQUIRE) != 0;
}
/* Gives a reference back; the last one frees the pages and calls release. May sleep. */
void obj_unref(struct obj *o);

/* A segment maps it; references that the system has for a moment do not count. (n) or the like
 * keeps new ones away. Does not sleep. */
bool obj_is_mapped(struct obj *o);

/* How obj_get found the page. */
enum obj_found { OBJ_CACHED, OBJ_FILLED, OBJ_WAITED, OBJ_READ };

/* The frame of a page, pinned (one user): from memory, else filled; waits for page-out where there
 * is no frame. May sleep. *how may be NULL. -EINVAL: beyond the end; -EIO; -ENOMEM; -EAGAIN: too
 * many users. */
int __must_check obj_get(struct obj *o, uint32_t page, pfn_t *pfn, enum obj_found *how);
/* The same, but does not wait for a device: OBJ_SLOW, where a page of a slow object would have to
 * be filled, or waited for. Nothing is pinned then. */
#define OBJ_SLOW 1
int __must_check obj_get_now(struct obj *o, uint32_t page, pfn_t *pfn, enum obj_found *how);
/* Of the pages first to first + NEAR_PAGES - 1 (first is a multiple of it) those with a bit in
 * `want` that are in memory and not being filled: their bits and, for each, the frame with one user
 * more, for an entry. Does not sleep. */
#define NEAR_PAGES 16u
uint32_t obj_use_near(struct obj *o, uint32_t first, uint32_t want, pfn_t pfns[NEAR_PAGES]);
/* Brings those of the pages, at most OBJ_RUN, that are not in memory, together, as long as there is
 * plenty of memory; without a word where that fails: obj_get says why. Bit i: it brought page
 * first + i. May sleep. */
uint32_t obj_fetch(struct obj *o, uint32_t first, uint32_t npages);
/* Gives the pin back. */
void obj_put(pfn_t pfn);

/* A frame that the caller has pinned is still the object's page. Who has brought one enters it only
 * if that is so with the node's lock held: see obj_unmap.c. */
static inline bool obj_owns(const struct obj *o, pfn_t pfn)
{
    return __atomic_load_n(&frame_of(pfn)->owner, __ATOMIC_RELAXED) ==
           ((uint32_t)((uintptr_t)o - DIRECT_BIAS) | FRAME_OBJ);
}

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

/* The kept pages of a group of objects, and a limit of its own. */
struct obj_share {
    uint32_t used, most; /* atomic; most: UINT32_MAX, where the limit for all is enough */
};
/* Pages that are the only copy of what they hold are kept: never dropped. Who makes one reserves it
 * first, of the object's share, if it has one, and of all. -ENOSPC: one of the two limits. */
int __must_check obj_reserve(struct obj_share *share, uint32_t n);
void obj_unreserve(struct obj_share *share, uint32_t n);
/* The page, which the caller has pinned, is about to be written for the first time, by a call or
 * by a shared mapping: from now on it is kept. 0 or -ENOSPC. */
int __must_check obj_keep(struct obj *o, pfn_t pfn);
/* The kernel wrote to the page: who executes it executes what was written. */
void obj_wrote(pfn_t pfn);
/* The same, and the page, which the caller has pinned, differs from where it comes from now; true:
 * it did not before. */
bool obj_wrote_dirty(pfn_t pfn);
/* At most so many frames are kept, from now on. */
void obj_keep_limit(uint32_t most);
struct obj_kept {
    uint32_t used, most;
};
struct obj_kept obj_kept(void);

/* The frame of a page that is kept, else NO_PFN; *there: the page is in memory all the same. It
 * stays as long as nobody can cut the object; no pin. */
pfn_t obj_find_kept(struct obj *o, uint32_t page, bool *there);
/* Writes the dirty ones among the pages to where they come from; they are clean then, and the next
 * store to one is a fault. Each exactly once, whoever else does the same. May sleep. The first
 * error of ops->write; its page stays dirty. */
int obj_sync(struct obj *o, uint32_t first_page, uint32_t npages);
/* For page-out: the page goes to where it comes from, if it is dirty; it may stay so. */
void obj_launder(struct obj *o, uint32_t page);
/* The page's frame, pinned, with BUSY taken, if it is in memory and dirty, else NO_PFN. One that is
 * BUSY is waited for, or, if nobody else writes, is being filled and as good as clean. obj_written
 * gives both back; error: it is still dirty. */
pfn_t obj_take_dirty(struct obj *o, uint32_t page, bool wait);
void obj_written(pfn_t pfn, int error);
/* No mapping permits stores to the pages any more: the next one is a fault. Between the two above.
 * May sleep. */
void obj_write_protect(struct obj *o, uint32_t first_page, uint32_t npages);
/* A walk along the object's pages in memory. The caller begins with all zero but the range, calls
 * obj_collect until it is over, and keeps others from cutting the object meanwhile. */
struct obj_walk {
    uint32_t first, end; /* pages that are looked for */
    pfn_t at;            /* pinned: the next to look at; NO_PFN: the first of all */
    bool over;
};
/* The numbers of some pages more that are dirty, or of some that are clean, and not being filled or
 * written: how many, at most `most`. May be 0 before the end. Does not sleep. */
unsigned obj_collect(struct obj *o, struct obj_walk *w, bool dirty, uint32_t *page, unsigned most);
/* The page leaves memory if nobody uses it and it can be filled again. */
void obj_drop_unused(struct obj *o, uint32_t page);
/* Takes every mapping of the pages out of all address spaces, shared ones and private copies made
 * of them. None is left when it returns, and none comes back, of pages that had left the object
 * (page_orphan) when it was called. No allocation. The caller holds a reference. May sleep. */
void obj_unmap(struct obj *o, uint32_t first_page, uint32_t npages);
/* Calls visit for each place where some of the pages may be mapped: count pages from va on, which
 * lie in node n of as; its lock and pt_lock are held. For a node that several share perhaps more
 * than once. Who brings a page meanwhile may have done so where visit was already. As obj_unmap. */
struct as;
struct node;
typedef void obj_visit(struct as *as, struct node *n, uintptr_t va, unsigned count);
void obj_each_mapping(struct obj *o, uint32_t first_page, uint32_t npages, obj_visit *visit);
/* Every object page in memory is in its hash chain and on its object's list: errors found. */
int obj_check_frame(pfn_t pfn);

#endif
