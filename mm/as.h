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

struct refs;

/* Pages that an address space may have; UINT32_MAX: any number. */
struct as_limits {
    uint32_t pages, data; /* in all; private and writable, without stacks */
    uint32_t heap;        /* of brk's alone */
    uint32_t stack;       /* page_of(USER_END) at most */
};

struct as {
    struct rwlock lock;
    struct tree segs;    /* (a) by base; each link knows the largest gap of its subtree */
    uint32_t nsegs;      /* (a) */
    struct seg *last;    /* (a, atomic) where the last fault was, or NULL: a hint */
    bool watched;        /* (a) faults are to look at record and ask hat_chaos */
    struct refs *record; /* (a) what is told of each fault, or NULL: mm/refs.h */
    struct seg *highest; /* (a) the last that begins below mmap_top, or NULL: to be looked up */
    uint32_t version;    /* (a) a fault that slept searches again if it moved */
    struct spin pt_lock;
    struct root *pt; /* (c) */
    struct hat hat;
    struct family *family;      /* (c) */
    struct list_link kin;       /* as family->spaces */
    uint32_t committed;         /* (a) pages promised */
    uint32_t users, refs;       /* atomic */
    struct list_link all;       /* as the set of all */
    uint8_t part;               /* (c) in all sets (parts.h) */
    bool forking;               /* (atomic) as_fork has not given it all of its pages yet */
    bool keeps_nodes;           /* (atomic) as_copy_ahead works on it, without its lock */
    bool special;               /* (a) a segment is or was DONTFORK or WIPEONFORK */
    bool map_fill;              /* (a) after mlockall(MCL_FUTURE): who maps populates it */
    uint16_t map_flags;         /* (a) and SEG_WIRED */
    uint32_t slots[16];         /* (p) bit i: root slot i names a node */
    uint32_t out;               /* (p) the first slot that a node names which is out, or NO_SLOT */
    uint32_t nodes_out;         /* (p) how many are out, */
    uint32_t entries_out;       /* (p) and what they name */
    vaddr_t brk_start, brk;     /* (a) heap, bytes */
    vaddr_t stack_top;          /* (a) end of the stack segment */
    uint32_t stack_limit_pages; /* (a) RLIMIT_STACK */
    struct as_limits limits;    /* (a) the others, if */
    bool limited;               /* (a) there are some */
    vaddr_t mmap_top;           /* (a) mappings are placed below; constant from the first on */
    vaddr_t arg_start, arg_end, env_start, env_end; /* (a) for /proc */
} __aligned(16);

/* A reference of the family at f, if some space is still of it; else NULL: f may be anything. */
struct family *family_find(const void *f);
void family_put(struct family *f);

/* mm_init's part: commit limit. */
void as_init(void);

/* A new, empty address space with one user; NULL: no memory. */
struct as *as_create(void);
/* A copy-on-write copy of from for fork: 0 and *copy with one user, or -ENOMEM. May sleep. */
int __must_check as_fork(struct as *from, struct as **copy);
/* After as_fork: copies now what would be copied at the first store to it, the private pages of
 * writable segments, and gives the original its own back. Anticipatory copying, which is cheaper
 * where many of them will be written. The copy runs nowhere yet. -ENOMEM, with some of them copied.
 * May sleep; takes from->lock for reading. */
int __must_check as_copy_ahead(struct as *from, struct as *to);
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

/* Makes a segment (or lengthens its neighbour) and returns its base in *where. Populates nothing:
 * that takes long, and the caller has locks here that others wait for. May sleep.
 * -EINVAL, -ENOMEM (no room, over the commit limit, no memory), -EEXIST. */
int __must_check as_map(struct as *as, const struct map_request *req, vaddr_t *where);
/* Takes [base, base + npages) away, splitting segments at its edges; gaps in it are fine. May
 * sleep. -EINVAL; -ENOMEM. */
int __must_check as_unmap(struct as *as, vaddr_t base, uint32_t npages);
/* Changes protection. Neighbours that became equal merge. -ENOMEM: a gap, or no memory for a split;
 * -EACCES: beyond maxprot; what lies before such a gap or segment is changed all the same, as in
 * Linux; -EINVAL. May sleep. */
int __must_check as_protect(struct as *as, vaddr_t base, uint32_t npages, prot_t prot);
/* For all that follow: gaps in the range are passed over, and -ENOMEM says that there was one. May
 * sleep. */
/* Drops pages from the page table, for the segments to bring them again. -EINVAL: a segment that is
 * wired or does not allow it; what lies below is gone then. */
int __must_check as_discard(struct as *as, vaddr_t base, uint32_t npages, enum seg_advice advice);
/* Changes flags of what is mapped. -EINVAL: WIPEONFORK of what is not private and of nobody's; what
 * lies before that is changed all the same, as in Linux. Or -ENOMEM, no memory. */
int __must_check as_set_flags(struct as *as, vaddr_t base, uint32_t npages, uint16_t clear,
                              uint16_t set);
/* Sets SEG_WIRED and, if asked for, SEG_ONFAULT, or clears both (how == 0), up to the first gap, as
 * mlock2 and munlock do. -ENOMEM: there was a gap, or no memory for a split. */
int __must_check as_wire(struct as *as, vaddr_t base, uint32_t npages, uint16_t how);
/* vec[i]: 1 if page i is in memory. npages: few, the lock is held. Stops at a gap. */
int __must_check as_incore(struct as *as, vaddr_t base, uint32_t npages, uint8_t *vec);
/* write: what was written to shared pages goes to where they come from. invalidate: -EBUSY where
 * something is wired. */
int __must_check as_sync(struct as *as, vaddr_t base, uint32_t npages, bool write, bool invalidate);

enum remap_flags { REMAP_MAYMOVE = 1, REMAP_FIXED = 2, REMAP_DONTUNMAP = 4 };

/* What as_remap changes: pages from `from` on. */
struct remap_request {
    vaddr_t from, to; /* to: with REMAP_FIXED the place, with REMAP_DONTUNMAP alone a wish or 0 */
    uint32_t old_pages, new_pages;
    uint32_t flags; /* enum remap_flags, in sensible combinations */
};

/* Gives a mapping another length or place, with its pages; *where: its base then. May sleep.
 * -EFAULT: not mapped, or by several segments; -ENOMEM: no room, over the commit limit, no memory;
 * -EINVAL. */
int __must_check as_remap(struct as *as, const struct remap_request *r, vaddr_t *where);
/* Moves the end of the heap to brk (bytes); returns the end it has then, unchanged on failure. */
vaddr_t as_brk(struct as *as, vaddr_t brk);

/* The segment that holds va, or NULL; as_find_above: the first one that ends above va. as->lock
 * held. O(log n). */
struct seg *as_find(const struct as *as, vaddr_t va);
struct seg *as_find_above(const struct as *as, vaddr_t va);
/* Lengthens the stack segment s down to hold va if its limit and the guard allow; as->lock held
 * for writing. -ENOMEM, -EFAULT. */
int __must_check as_grow_stack(struct as *as, struct seg *s, vaddr_t va);

/* POPULATE: as a write would bring them where memory is private and writable, as a read elsewhere.
 */
enum populate { POPULATE, POPULATE_READ, POPULATE_WRITE };

/* Brings the pages of the range there. Stops where that can't be: -ENOMEM (a gap, or no memory),
 * -EFAULT (no access, or no page), -EINVAL (READ, WRITE: no access, or a device). READ and WRITE
 * pass over gaps, and end with -ENOMEM then. -EINTR: the thread is to die. May sleep and be
 * stopped: no lock is held. */
int __must_check as_populate(struct as *as, vaddr_t base, uint32_t npages, enum populate how);
/* All that is mapped, as far as it goes. */
void as_populate_all(struct as *as);
/* What is mapped from now on is wired as as_wire does it, and populated but with SEG_ONFAULT. */
void as_wire_future(struct as *as, uint16_t how);

/* Limits from now on; what is there stays. May sleep; the first ones of a space that nobody else
 * knows: as_begin_limits. */
void as_set_limits(struct as *as, const struct as_limits *l);
static inline void as_begin_limits(struct as *as, const struct as_limits *l)
{
    as->limits = *l;
    as->limited = (l->pages & l->data & l->heap) != UINT32_MAX;
    as->stack_limit_pages = l->stack;
}
/* Pages of segments: all; private and writable, no stack (RLIMIT_DATA); wired. In the range alone
 * if that is not NULL. as->lock held. O(segments). */
enum as_kind { AS_ALL, AS_DATA, AS_LOCKED };
uint32_t as_pages(const struct as *as, enum as_kind kind, const struct range *in);

/* Reads or writes another address space's memory by its frames, len bytes from va (any
 * alignment). For exec and /proc. May sleep. -EFAULT, -ENOMEM. */
int __must_check as_peek(struct as *as, vaddr_t va, void *buf, size_t len);
int __must_check as_poke(struct as *as, vaddr_t va, const void *buf, size_t len);

/* Page-out may take nodes of the page table out whose pages all are swapped (pt_take_out). Every
 * node is there after this, and while as->lock stays held. -ENOMEM. */
static inline int __must_check as_all_nodes(struct as *as)
{
    return unlikely(__atomic_load_n(&as->out, __ATOMIC_RELAXED)) ? pt_bring_back(as) : 0;
}

/* Pages in core, without the zero page; those in nodes that fork shares count for each sharer. 0
 * after the last user left. O(nodes). */
uint32_t as_resident(struct as *as);
/* pt_lock held, or nothing else runs. */
uint32_t as_resident_locked(const struct as *as);

/* What a word of memory is called by all who see it: mapped shared, by the object, the page of it,
 * and the offset in the page; else by the address space, page and offset, marked as looked up: who
 * knows that nobody else sees the word calls it by another name, without a look. */
#define WORD_LOOKED_UP 1u
struct word_name {
    const struct as *as; /* or NULL */
    uint32_t serial;     /* of the object, or 0 */
    uint32_t page, offset;
};
/* -EFAULT: nothing is mapped there. May sleep. */
int __must_check as_name_word(struct as *as, vaddr_t va, struct word_name *name);

/* Promises npages more, of nobody's (negative: fewer). -ENOMEM by the rule of overcommit_memory=.
 */
int __must_check as_commit_pages(int32_t npages);
/* overcommit_memory=2: what is promised is kept. */
bool as_commit_strict(void);
/* Committed memory and its limit, pages. */
uint32_t as_committed(void);
uint32_t as_commit_limit(void);
/* Swap came, or (negative) went; or memory went that no process can have. */
void as_commit_limit_add(int32_t npages);

#define STACK_GUARD_PAGES 16u

/* mm/as_impl.h: the rest is private to mm. */

#endif
