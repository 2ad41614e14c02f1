/* SPDX-License-Identifier: MIT
 *
 * The portable two-level page table: what *is* at each page of an address space. A root of 512
 * slots, each naming a node of 512 entries that maps 2 MiB; the node carries the hardware's own
 * entries beside the portable ones, so that sharing a node shares both. A node is made when its
 * first entry is entered and freed when its last one goes. After fork both roots name the same
 * nodes: such a node is unshared before it gets anything that a sharer should not see.
 * Locks: (p) as->pt_lock for the root; (n) node lock, hashed by the node's frame number; the
 * count of roots that share a node is its frame's users (f).
 */
#ifndef MM_PT_H
#define MM_PT_H

#include "mm/frame.h"
#include "mm/units.h"

/* state:3  wired:1  cow:1  shared:1  used:1  unused:5  frame or slot:20. Raw 0: none, ask the
 * segment. */
typedef struct {
    uint32_t raw;
} pte_t;

enum pte_state {
    PTE_NONE,        /* ask the segment */
    PTE_RESIDENT,    /* in the frame */
    PTE_RECLAIMABLE, /* in the frame, taken out of the hardware to see whether it is used */
    PTE_SWAPPED,     /* in the swap slot */
    PTE_TRANSIT,     /* being read or written */
    PTE_PAGER,       /* a pager was asked */
    PTE_DEVICE,      /* a physical page of a device, which has no frame */
    PTE_STATES
};

#define PTE_STATE_MASK 7u
#define PTE_WIRED      8u
#define PTE_COW        16u
#define PTE_SHARED     32u /* the object's own page in a shared segment: never copy-on-write */
#define PTE_USED       64u /* its translation went, but not for page-out, which counts it as used */

/* Its frame's index holds first page << 12 | live entries, links[1] how many of them are no frame
 * of the program's: the zero page, pages of devices, and what is swapped. */
struct node {
    pte_t pte[NODE_PAGES];    /* (n) */
    uint32_t hat[NODE_PAGES]; /* (n) the hardware's; written by the HAT alone */
};

struct root {
    struct node *node[USER_END >> NODE_SHIFT]; /* (p) */
};

static inline enum pte_state pte_state(pte_t e)
{
    return (enum pte_state)(e.raw & PTE_STATE_MASK);
}

static inline bool pte_is_none(pte_t e)
{
    return e.raw == 0;
}

/* In memory: resident or reclaimable. */
static inline bool pte_in_core(pte_t e)
{
    return pte_state(e) == PTE_RESIDENT || pte_state(e) == PTE_RECLAIMABLE;
}

static inline pfn_t pte_pfn(pte_t e)
{
    return e.raw >> 12;
}

static inline pte_t pte_make(enum pte_state state, pfn_t pfn, uint32_t flags)
{
    return (pte_t){pfn << 12 | flags | (uint32_t)state};
}

const char *pte_state_name(enum pte_state state);

static inline pfn_t node_pfn(const struct node *n)
{
    return virt_to_pfn(n);
}

static inline uint32_t node_live(const struct node *n)
{
    return frame_of_virt(n)->index & 0xfff;
}

static inline uint32_t node_zeroes(const struct node *n)
{
    return __atomic_load_n(&frame_of_virt(n)->links[1], __ATOMIC_RELAXED);
}

/* Node lock held. */
static inline void node_count_zeroes(const struct node *n, int delta)
{
    __atomic_store_n(&frame_of_virt(n)->links[1], node_zeroes(n) + (uint32_t)delta,
                     __ATOMIC_RELAXED);
}

static inline uint32_t node_resident(const struct node *n)
{
    return node_live(n) - node_zeroes(n);
}

static inline bool node_shared(const struct node *n)
{
    return frame_count(frame_of_virt(n)) > 1;
}

/* Who writes to the page writes to what its entry names, as far as its segment permits. */
static inline bool pte_own(pte_t e, const struct node *n)
{
    return e.raw & PTE_SHARED || !(e.raw & PTE_COW || node_shared(n));
}

/* What a run of entries, the first of them `first`, was given at once is counted: those with a bit
 * in `which`, where none were before; none is the zero page. Node lock held. */
void pt_count_entered(struct node *n, int first, uint32_t which);

static inline pte_t node_get(const struct node *n, unsigned index)
{
    return (pte_t){__atomic_load_n(&n->pte[index].raw, __ATOMIC_RELAXED)};
}

void node_lock(const struct node *n);
void node_unlock(const struct node *n);

struct as;

/* The node of va, or NULL. Caller holds as->lock for writing, or pt_lock: a reader's shared node
 * may be replaced by another reader's copy, and go with its last sharer. */
static inline struct node *pt_node(const struct root *r, vaddr_t va)
{
    return __atomic_load_n(&r->node[node_slot(va)], __ATOMIC_ACQUIRE);
}

/* The node of va with its lock held, which keeps it in its slot; or NULL. */
struct node *pt_lock_node(struct as *as, vaddr_t va);

/* Which groups of 16 entries were ever used: bit g for entries 16 g to 16 g + 15. Scans of a node
 * look at these alone. Node lock held, or nobody else knows the node. */
#define NODE_GROUP 16u

static inline uint32_t node_groups(const struct node *n)
{
    return frame_of_virt(n)->rmap;
}

/* For each index i of a used group: two loops, so `continue` is fine and `break` is not. */
#define node_for_each(i, n)                                                                        \
    for (uint32_t groups_ = node_groups(n); groups_; groups_ &= groups_ - 1)                       \
        for (unsigned i = (unsigned)__builtin_ctz(groups_) * NODE_GROUP, end_ = i + NODE_GROUP;    \
             i < end_; i++)

/* The entry of va as it is now, copy-on-write if its node is shared; none where there is no node.
 */
pte_t pt_get(struct as *as, vaddr_t va);
/* The node of va, not shared with anyone, made or copied if need be. NULL: no memory. May not
 * sleep; as->lock held, and as long as it is the node stays so. Two threads may race: both get the
 * same node. */
struct node *pt_node_private(struct as *as, vaddr_t va);

/* A node that names nothing but slots of swap, and has one root, needs no memory: its entries
 * become a list through the swap map (swap_node.c), and come back all at once, before anybody asks
 * what is at a page. False: it has something else. as->lock held for writing. */
bool pt_take_out(struct as *as, vaddr_t va);
/* Every node is there afterwards; as->lock held. -ENOMEM: some are not. Does not sleep. */
int __must_check pt_bring_back(struct as *as);

/* Writes an entry and keeps the node's count of live entries; node lock held. The HAT is the
 * caller's business. Does not touch frames. */
void pt_set(struct node *n, unsigned index, pte_t e);

/* Takes every entry of [first, first + npages) away: translations, users of frames, nodes that
 * empty. Shared nodes are unshared, or dropped where the range covers them. as->lock held for
 * writing (or as has no threads). -ENOMEM only if a shared node had to be copied, or one that is
 * out be brought back, and could not. */
int __must_check pt_unmap(struct as *as, vaddr_t first, uint32_t npages);
/* Takes count entries of a node from va on away; if as shares it, all sharers lose them. The node's
 * lock is held; the node stays, empty or not. */
void pt_unmap_node(struct as *as, struct node *n, vaddr_t va, unsigned count);
/* The part of pt_unmap that can fail, alone: after it pt_unmap of the same range can't. */
int __must_check pt_prepare_unmap(struct as *as, vaddr_t first, uint32_t npages);

/* Moves the entries of [first, first + npages) to the range from `to` on, which has none, and whose
 * segment maps what they name. pt_prepare_move comes before it and may fail, -ENOMEM, leaving the
 * same memory; pt_move can't. as->lock held for writing. */
int __must_check pt_prepare_move(struct as *as, vaddr_t first, vaddr_t to, uint32_t npages);
void pt_move(struct as *as, vaddr_t first, vaddr_t to, uint32_t npages);
/* Frees nodes without entries that lie in the range. */
void pt_drop_empty(struct as *as, vaddr_t first, uint32_t npages);

/* Every node that the range touches is private afterwards; whole_too: also those which the range
 * covers. For changes of protection. -ENOMEM. */
int __must_check pt_make_private(struct as *as, vaddr_t first, uint32_t npages, bool whole_too);

/* Marks the entries of the range as wired, or not, so that page-out leaves their pages alone. Those
 * of a shared node are its sharers', too: until they get their own. as->lock held for writing. */
void pt_wire(struct as *as, vaddr_t first, uint32_t npages, bool wired);

/* Fork: to's empty root shares every node of from; writable translations of from go. Both
 * as->lock held for writing. Can't fail. */
void pt_share(struct as *from, struct as *to);

/* Exit: every node and frame of an address space that runs nowhere. O(entries in use). */
void pt_free(struct as *as);

#endif
