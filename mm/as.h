/* SPDX-License-Identifier: MIT
 *
 * Address spaces: a set of segments in order of address, a page table, a HAT. Every operation
 * checks everything first and allocates what it needs, then commits and can not fail.
 * Locks: as->lock (sleeping, many readers: faults; one writer: changes of the segments), pt_lock.
 * Lifetimes: users = threads and vfork parents inside; refs = users together count one, /proc and
 * others that look hold one each. The last user's as_leave frees memory, the last ref the shell.
 */
#ifndef MM_AS_H
#define MM_AS_H

#include "kern/lock.h"
#include "lib/tree.h"
#include "mm/hat.h"
#include "mm/parts.h"
#include "mm/pt.h"
#include "mm/seg.h"

/* Kin by fork: a private page is named <family, page>, so its mappings are found at its own
 * address in the family's spaces. exec leaves it. */
struct family {
    struct parts spaces; /* struct as, by kin */
    uint32_t refs;       /* atomic: spaces */
} __aligned(16);

struct as {
    struct rwlock lock;
    struct tree segs; /* (a) by base; each link knows the largest gap of its subtree */
    uint32_t nsegs;   /* (a) */
    struct seg *last; /* (a, atomic) where the last fault was, or NULL: a hint */
    uint32_t version; /* (a) a fault that slept searches again if it moved */
    struct spin pt_lock;
    struct root *pt; /* (c) */
    struct hat hat;
    struct family *family;  /* (c) */
    struct list_link kin;   /* as family->spaces */
    uint32_t resident;      /* (atomic) entries that are in core, without the zero page; pages */
    uint32_t committed;     /* (a) pages promised */
    uint32_t users, refs;   /* atomic */
    struct list_link all;   /* as the set of all */
    uint8_t part;           /* (c) in all sets (parts.h) */
    uint32_t slots[16];     /* (p) bit i: root slot i names a node */
    vaddr_t brk_start, brk; /* (a) heap, bytes */
    vaddr_t stack_top;      /* (a) end of the stack segment */
    uint32_t stack_limit_pages;                     /* (a) RLIMIT_STACK */
    vaddr_t mmap_top;                               /* (a) mappings are placed below */
    vaddr_t arg_start, arg_end, env_start, env_end; /* (a) for /proc */
} __aligned(16);

/* mm_init's part: commit limit. */
void as_init(void);

/* A new, empty address space with one user; NULL: no memory. */
struct as *as_create(void);
/* A copy-on-write copy of from for fork: 0 and *copy with one user, or -ENOMEM. May sleep. */
int __must_check as_fork(struct as *from, struct as **copy);
/* One user more (vfork, threads), and one less; the last frees the memory. May sleep. */
void as_enter(struct as *as);
void as_leave(struct as *as);
void as_ref(struct as *as);
void as_unref(struct as *as);

/* What as_map makes. */
struct map_request {
    vaddr_t base;    /* page aligned; with fixed the place, else a wish or 0 */
    uint32_t npages; /* > 0 */
    prot_t prot, maxprot;
    uint16_t flags; /* enum seg_flags */
    bool fixed;     /* replaces what is there */
    bool noreplace; /* with fixed: -EEXIST if something is there */
    const struct seg_ops *ops;
    struct obj *obj; /* borrowed: the segment takes a reference of its own */
    uint32_t obj_page;
};

/* Makes a segment (or lengthens its neighbour) and returns its base in *where. May sleep.
 * -EINVAL, -ENOMEM (no room, over the commit limit, no memory), -EEXIST. */
int __must_check as_map(struct as *as, const struct map_request *req, vaddr_t *where);
/* Takes [base, base + npages) away, splitting segments at its edges; gaps in it are fine. May
 * sleep. -EINVAL; -ENOMEM. */
int __must_check as_unmap(struct as *as, vaddr_t base, uint32_t npages);
/* Changes protection; every page of the range must be mapped. Neighbours that became equal merge.
 * -ENOMEM: a gap, or no memory for a split; -EACCES: beyond maxprot; -EINVAL. May sleep. */
int __must_check as_protect(struct as *as, vaddr_t base, uint32_t npages, prot_t prot);
/* Moves the end of the heap to brk (bytes); returns the end it has then, unchanged on failure. */
vaddr_t as_brk(struct as *as, vaddr_t brk);

/* The segment that holds va, or NULL; as_find_above: the first one that ends above va. as->lock
 * held. O(log n). */
struct seg *as_find(const struct as *as, vaddr_t va);
struct seg *as_find_above(const struct as *as, vaddr_t va);
/* The highest gap of npages below top, or 0. O(log n). */
vaddr_t as_find_gap(const struct as *as, vaddr_t top, uint32_t npages);
/* Lengthens the stack segment s down to hold va if its limit and the guard allow; as->lock held
 * for writing. -ENOMEM, -EFAULT. */
int __must_check as_grow_stack(struct as *as, struct seg *s, vaddr_t va);

/* Reads or writes another address space's memory by its frames, len bytes from va (any
 * alignment). For exec and /proc. May sleep. -EFAULT, -ENOMEM. */
int __must_check as_peek(struct as *as, vaddr_t va, void *buf, size_t len);
int __must_check as_poke(struct as *as, vaddr_t va, const void *buf, size_t len);

/* resident += delta, atomically. */
static inline void as_count_resident(struct as *as, int delta)
{
    __atomic_fetch_add(&as->resident, (uint32_t)delta, __ATOMIC_RELAXED);
}

/* Committed memory and its limit, pages. */
uint32_t as_committed(void);
uint32_t as_commit_limit(void);

#define STACK_GUARD_PAGES 16u

/* mm/as_impl.h: the rest is private to mm. */

#endif
