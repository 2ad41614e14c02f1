/* SPDX-License-Identifier: MIT
 *
 * Segments: what *should* be at a range of an address space - source, protection now and at most,
 * shared or private - and the driver that knows how to bring a page there. A new kind of memory is
 * one more struct seg_ops and nothing else.
 * Locks: (a) as->lock, written with it held for writing; (s) as obj->segs.
 * Source: SVR4/SunOS segment drivers (Gingell, Moran, Shannon 1987).
 */
#ifndef MM_SEG_H
#define MM_SEG_H

#include "lib/list.h"
#include "lib/tree.h"
#include "mm/units.h"

struct as;
struct obj;
struct fault;
struct seg;

enum seg_flags {
    SEG_SHARED = 1,
    SEG_GROWS = 2, /* a stack: grows downwards on demand */
    SEG_WIRED = 4,
    SEG_DONTFORK = 8,
    SEG_HEAP = 16,        /* made by brk, for listings */
    SEG_COMMITTED = 32,   /* counts as committed memory: it is or was writable and private */
    SEG_NORESERVE = 64,   /* never counts so */
    SEG_APART = 128,      /* never becomes one with a neighbour: its driver counts */
    SEG_WIPEONFORK = 256, /* a child finds it empty */
    SEG_DEVICE = 512,     /* device registers: without frames, can't grow; seg_dev's own */
    SEG_ONFAULT = 1024,   /* wired pages are brought by faults alone, never all at once */
};

#define SEG_LOCK_FLAGS ((uint16_t)(SEG_WIRED | SEG_ONFAULT))

/* What as_discard is asked for: MADV_DONTNEED, the same where it is locked, too, MADV_FREE; and
 * what discards nothing, but is refused for the same pages: MADV_COLD, MADV_PAGEOUT. */
enum seg_advice { SEG_DONTNEED, SEG_DONTNEED_LOCKED, SEG_FREE, SEG_COLD };

struct range {
    vaddr_t base; /* page aligned */
    uint32_t npages;
};

struct seg_ops {
    const char *name;
    /* Brings the page of f there: enters it into the page table; 0, -Exxx, or FAULT_RETRY if
     * as->lock, which is held for reading, was not meanwhile. */
    int (*fault)(struct fault *f);
    /* A copy of the segment for a forked address space: takes references. Can't fail after the
     * struct seg was allocated. */
    void (*dup)(const struct seg *from, struct seg *to);
    /* `to` is the upper part of a segment that is cut in two: its obj_page is already set. */
    void (*split)(const struct seg *from, struct seg *to);
    /* The segment goes (its pages are gone): gives references back. */
    void (*release)(struct seg *s);
    /* Protection now of a range may change so; -EACCES. NULL: up to maxprot. */
    int (*setprot)(const struct seg *s, struct range r, prot_t prot);
    /* What was written to the object's pages goes to where they come from: starts and waits;
     * as->lock is not held, o is s's object, with a reference. NULL: nothing to do. */
    int (*sync)(struct obj *o, uint32_t first_page, uint32_t npages);
    /* The page of va, which is not in a frame by its entry, is in memory all the same. NULL: no. */
    bool (*incore)(const struct seg *s, vaddr_t va);
    /* The pages of a range may go from the page table, to come again from where they come from;
     * -EINVAL: not these. NULL: they may. */
    int (*advise)(const struct seg *s, struct range r, enum seg_advice advice);
};

struct seg {
    vaddr_t base;              /* (a, s) */
    uint32_t npages;           /* (a, s) 0: no segment, but a walker's place in obj->segs */
    uint8_t prot, maxprot;     /* (a) */
    uint16_t flags;            /* (a) */
    const struct seg_ops *ops; /* (c) */
    struct obj *obj;           /* (c) or NULL */
    uint32_t obj_page;         /* (a, s) page of obj, or physical page of a device, at base */
    struct as *as;             /* (c) */
    struct tree_link by_addr;  /* (a) own: free pages between this segment and the one below */
    struct list_link by_obj;   /* (s) */
    void *data;                /* driver's own */
};

extern const struct seg_ops seg_anon;   /* zero-filled private memory; stacks, heaps, bss */
extern const struct seg_ops seg_vn;     /* private mapping of an object */
extern const struct seg_ops seg_shared; /* shared mapping of an object; flag SEG_SHARED */
extern const struct seg_ops seg_dev;    /* device registers; SEG_SHARED and SEG_DEVICE */

static inline vaddr_t seg_end(const struct seg *s)
{
    return s->base + ((vaddr_t)s->npages << PAGE_SHIFT);
}

static inline bool seg_holds(const struct seg *s, vaddr_t va)
{
    return va >= s->base && va - s->base < (vaddr_t)s->npages << PAGE_SHIFT;
}

/* Its pages are those of something from obj_page on, not of nobody's. */
static inline bool seg_has_pages(const struct seg *s)
{
    return s->obj || s->flags & SEG_DEVICE;
}

/* Page of the object (or device) that lies at va. */
static inline uint32_t seg_obj_page(const struct seg *s, vaddr_t va)
{
    return s->obj_page + page_of(va - s->base);
}

#endif
