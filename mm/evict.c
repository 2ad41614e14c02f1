/* SPDX-License-Identifier: MIT
 *
 * Taking a page from those who have it. A private page is found through the entry that its frame
 * remembers, under the lock of that entry's node; where several have it, through its family's
 * spaces. Its entries then name a slot of swap and the frame is that slot's, DIRTY until it is
 * written: who touches it meanwhile finds it there. Locks: node lock, (w) and frame lock inside it;
 * of a page that several have, the family's parts.
 */
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "mm/evict_impl.h"
#include "mm/reclaim.h"
#include "mm/rmap.h"
#include "mm/swap_impl.h"

#define BLOCK_PAGES SWAP_RUN /* neighbours that go together */

static struct {
    uint32_t cleared, taken; /* pages; page-out's thread alone */
    uint32_t looks;          /* its own, as the rest */
    uint32_t held;           /* pages that could not go, as somebody is at work on them */
    uint64_t ns;             /* of page_evict */
} counts;

/* The frame may have become something else since its type was read: what its word says then is no
 * address of a node, or none at all. */
static inline bool is_in_memory(const struct node *n)
{
    return (uintptr_t)n - (uintptr_t)pfn_to_virt(direct_map.first) <
           (uintptr_t)page_addr(direct_map.end - direct_map.first);
}

/* The node of the entry that the frame remembers, locked, with the entry's index; NULL: the entry
 * does not name the frame (any more). */
static inline __attribute__((always_inline)) struct node *lock_entry(pfn_t pfn, unsigned *index)
{
    uint32_t hint = __atomic_load_n(&frame_of(pfn)->rmap, __ATOMIC_RELAXED);
    uintptr_t at = (uintptr_t)kptr_to(hint);
    struct node *n = (struct node *)(at & ~(uintptr_t)PAGE_MASK);
    unsigned i = (unsigned)(at & PAGE_MASK) / sizeof(pte_t);
    pte_t e;

    if (!hint || i >= NODE_PAGES || !is_in_memory(n))
        return NULL;
    node_lock(n);
    if (frame_type(frame_of_virt(n)) == FRAME_NODE) {
        e = node_get(n, i);
        if (pte_in_core(e) && pte_pfn(e) == pfn) {
            *index = i;
            return n;
        }
    }
    node_unlock(n);
    return NULL;
}

static vaddr_t va_of(const struct node *n, unsigned index)
{
    return page_addr((frame_of_virt(n)->index >> 12) + index);
}

static bool is_loaded(const struct node *n, unsigned index)
{
    pfn_t pfn;

    return hat_probe(n, index, &pfn) != PROT_NONE;
}

static inline __attribute__((always_inline)) bool look_entry(struct node *n, unsigned i, bool clear)
{
    bool loaded = is_loaded(n, i), used = loaded || n->pte[i].raw & PTE_USED;

    if (clear && (used || pte_state(n->pte[i]) != PTE_RECLAIMABLE)) {
        if (loaded)
            hat_forget(n, va_of(n, i));
        __atomic_store_n(&n->pte[i].raw,
                         (n->pte[i].raw & ~(PTE_STATE_MASK | PTE_USED)) | (uint32_t)PTE_RECLAIMABLE,
                         __ATOMIC_RELAXED);
    }
    return used;
}

bool entry_used(struct node *n, unsigned i, bool clear)
{
    return look_entry(n, i, clear);
}

/* The entry, which names the private page in frame pfn, names its slot from now on; *slot. False:
 * it is wired, or swap is full. Node lock held. */
static bool entry_to_slot(struct node *n, unsigned i, pfn_t pfn, uint32_t *slot)
{
    struct frame *f = frame_of(pfn);
    bool done = false, fresh = frame_type(f) == FRAME_ANON;

    if (n->pte[i].raw & PTE_WIRED)
        return false;
    if (is_loaded(n, i))
        hat_forget(n, va_of(n, i));
    swap_lock();
    *slot = fresh ? swap_alloc(kptr(frame_owner(f)) | FRAME_ANON, f->index, pfn) : frame_slot(f);
    if (*slot && swap_use(*slot) == 0) {
        frame_lock(pfn);
        if (fresh) {
            frame_set_next(f, *slot);
            frame_set(f, FRAME_SWAP, frame_owner(f), f->index);
        }
        frame_unlock(pfn);
        done = true;
    }
    swap_unlock();
    if (!done)
        return false;
    pt_set(n, i, pte_make(PTE_SWAPPED, *slot, 0));
    node_count_zeroes(n, 1);
    return true;
}

/* The same for the frame's only entry; true if the page is gone, and was not counted before. */
static bool take_single(struct node *n, unsigned i, pfn_t pfn)
{
    uint32_t slot;
    bool dirty, fresh = true;

    if (!entry_to_slot(n, i, pfn, &slot))
        return false;
    dirty = frame_of(pfn)->flags & FRAME_DIRTY;
    if (dirty)
        fresh = launder_add(slot, pfn);
    frame_unuse(pfn);
    if (!dirty)
        reclaim_offer(pfn);
    return fresh;
}

bool evict_entry(struct as *as, struct node *n, unsigned i)
{
    pte_t e = n->pte[i];
    const struct frame *f;

    if (!pte_in_core(e) || e.raw & PTE_WIRED || pte_pfn(e) == frame_zero_page())
        return false;
    f = frame_of(pte_pfn(e));
    if (frame_type(f) == FRAME_OBJ) {
        pt_unmap_node(as, n, va_of(n, i), 1);
        return true;
    }
    if (!frame_owner(f) ||
        (frame_count(f) != 1 && !(e.raw & PTE_COW))) /* pinned: it is written to */
        return false;
    return take_single(n, i, pte_pfn(e));
}

/* Entry i names a private page that only it uses, and that was idle since it was cleared. */
static bool is_idle_single(const struct node *n, unsigned i)
{
    pte_t e = n->pte[i];
    const struct frame *f;

    if (pte_state(e) != PTE_RECLAIMABLE || e.raw & (PTE_WIRED | PTE_USED) || is_loaded(n, i))
        return false;
    f = frame_of(pte_pfn(e));
    return (frame_type(f) == FRAME_ANON || frame_type(f) == FRAME_SWAP) && frame_count(f) == 1;
}

/* The page of entry i and its idle neighbours, so that they get slots in a row. Node lock held. */
static unsigned take_block(struct node *n, unsigned i, pfn_t pfn)
{
    unsigned first = i & ~(BLOCK_PAGES - 1), taken = 0;

    for (unsigned k = first; k < first + BLOCK_PAGES; k++)
        if (k == i || is_idle_single(n, k))
            taken += take_single(n, k, k == i ? pfn : pte_pfn(n->pte[k]));
    return taken;
}

/* A page that several have. */
struct shared_page {
    pfn_t pfn;
    bool clear, take; /* what to do */
    bool used, wired, failed;
    uint32_t slot;
};

static void visit_shared(struct as *as, vaddr_t va, void *arg)
{
    struct shared_page *p = arg;
    struct node *n = pt_lock_node(as, va);
    unsigned i = node_index(va);
    bool took = false;

    if (!n)
        return;
    if (pte_in_core(n->pte[i]) && pte_pfn(n->pte[i]) == p->pfn) {
        p->wired |= (n->pte[i].raw & PTE_WIRED) != 0;
        if (p->take) {
            took = entry_to_slot(n, i, p->pfn, &p->slot);
            p->failed |= !took;
        } else {
            p->used |= entry_used(n, i, p->clear);
        }
    }
    node_unlock(n);
    if (took)
        frame_unuse(p->pfn);
}

/* Does it in all spaces of the family; false: there is none. */
static bool visit_family(struct shared_page *p)
{
    uint32_t owner = __atomic_load_n(&frame_of(p->pfn)->owner, __ATOMIC_RELAXED) & ~15u;
    struct family *family = owner ? family_find(kptr_to(owner)) : NULL;

    if (!family)
        return false;
    rmap_for_each(p->pfn, visit_shared, p);
    family_put(family);
    return true;
}

static __noinline enum page_look look_shared(pfn_t pfn, bool clear)
{
    struct shared_page p = {.pfn = pfn, .clear = clear};

    if (frame_count(frame_of(pfn)) == 0 || !visit_family(&p))
        return PAGE_NOT;
    counts.cleared += clear && p.used;
    return p.wired ? PAGE_NOT : p.used ? PAGE_USED : PAGE_IDLE;
}

/* What the hands do most of the time, in one piece: they pass every frame. */
static inline __attribute__((always_inline)) enum page_look look_private(const struct frame *f,
                                                                         pfn_t pfn, bool clear)
{
    unsigned i = 0;
    struct node *n = frame_count(f) == 1 ? lock_entry(pfn, &i) : NULL;
    bool wired, used;

    if (unlikely(!n))
        return look_shared(pfn, clear);
    wired = n->pte[i].raw & PTE_WIRED;
    used = !wired && look_entry(n, i, clear);
    node_unlock(n);
    counts.cleared += clear && used;
    return wired ? PAGE_NOT : used ? PAGE_USED : PAGE_IDLE;
}

static unsigned evict_private(pfn_t pfn)
{
    struct shared_page p = {.pfn = pfn, .take = true};
    struct frame *f = frame_of(pfn);
    unsigned i, taken;
    struct node *n = frame_count(f) == 1 ? lock_entry(pfn, &i) : NULL;

    if (n) {
        taken = take_block(n, i, pfn);
        node_unlock(n);
        return taken;
    }
    if (!visit_family(&p) || !p.slot || p.failed)
        return 0;
    return launder_add(p.slot, pfn);
}

enum page_look page_look(pfn_t pfn, bool clear)
{
    const struct frame *f = frame_of(pfn);

    enum frame_type type = frame_type(f);

    counts.looks++;
    if (type == FRAME_SWAP ? frame_count(f) : type == FRAME_ANON && frame_owner(f) && swap_room())
        return look_private(f, pfn, clear);
    switch (type) {
    case FRAME_SWAP:
        return f->flags & FRAME_DIRTY ? PAGE_IDLE : PAGE_NOT; /* it could not be written */
    case FRAME_OBJ: return look_obj(pfn, clear);
    case FRAME_NODE: return look_node(pfn);
    default: return PAGE_NOT;
    }
}

static unsigned evict(pfn_t pfn)
{
    const struct frame *f = frame_of(pfn);

    switch (frame_type(f)) {
    case FRAME_SWAP: return frame_count(f) ? evict_private(pfn) : launder_add(frame_slot(f), pfn);
    case FRAME_ANON: return evict_private(pfn);
    case FRAME_OBJ: return evict_obj(pfn);
    case FRAME_NODE: return evict_node(pfn);
    default: return 0;
    }
}

unsigned page_evict(pfn_t pfn)
{
    uint64_t began = clock_ns();
    unsigned taken = evict(pfn);

    counts.taken += taken;
    if (launder_is_full())
        launder_flush();
    counts.ns += clock_ns() - began;
    return taken;
}

uint64_t evict_ns(void)
{
    return counts.ns;
}

uint32_t evict_looks(void)
{
    return counts.looks;
}

uint32_t evict_taken(void)
{
    return counts.taken;
}

uint32_t evict_held(void)
{
    return counts.held;
}

void evict_count_held(void)
{
    counts.held++;
}

uint32_t evict_cleared(void)
{
    return counts.cleared;
}
