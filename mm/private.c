/* SPDX-License-Identifier: MIT
 *
 * Private pages. Threads of one address space fault side by side: each prepares a page, then looks
 * under the node's lock whether the entry is still as it was, and gives the page back if another
 * was faster.
 * Locks: node lock, frame locks inside it.
 */
#include "mm/private.h"

#include "include/uapi/errno.h"
#include "kern/bugs.h"
#include "mm/page.h"
#include "mm/swap_impl.h"

static void count_kind(struct fault *f, enum fault_kind kind)
{
    f->kind = MAX(f->kind, kind);
}

/* f->va's node, for entering something. NULL: no memory. */
static struct node *private_node(struct fault *f)
{
    return likely(f->node) ? f->node : pt_node_private(f->as, f->va);
}

/* The entry becomes pfn; node lock held. Translations of a former page are taken away first. A page
 * of its own that is written needs no look at what else it may be told: nothing of it is in the
 * hardware. */
static inline void set_entry(struct fault *f, struct node *n, pfn_t pfn, uint32_t flags)
{
    unsigned i = node_index(f->va);

    if (!pte_is_none(f->pte)) {
        if (!BUG(make_before_break))
            hat_unload_own(&f->as->hat, n, f->va);
        if (pte_pfn(f->pte) == frame_zero_page())
            node_count_zeroes(n, -1);
    }
    pt_set(n, i, pte_make(PTE_RESIDENT, pfn, flags | fault_wired(f)));
    frame_set_rmap(frame_of(pfn), kptr(&n->pte[i]));
    if (!(flags & PTE_COW) && f->access == PROT_WRITE && likely(f->seg->prot & PROT_WRITE)) {
        hat_enter(n, f->va, pfn, PROT_READ | PROT_WRITE);
        f->loaded = true;
    } else {
        fault_load(f, n);
    }
}

/* Enters pfn, which carries one user for the entry, where nothing is or the zero page; not if
 * another was faster, or `source`, the object's page that it is or a copy of, has left its object
 * meanwhile. zero: it is the zero page. */
static inline __attribute__((always_inline)) void enter(struct fault *f, struct node *n, pfn_t pfn,
                                                        uint32_t flags, pfn_t source, bool zero)
{
    bool same;

    node_lock(n);
    same = likely(!((n->pte[node_index(f->va)].raw ^ f->pte.raw) & ~PTE_COW) &&
                  (!source || obj_owns(f->seg->obj, source)));
    if (same) {
        set_entry(f, n, pfn, flags);
        if (zero)
            node_count_zeroes(n, 1);
    }
    node_unlock(n);
    if (unlikely(!same)) {
        frame_unuse(pfn);
        count_kind(f, FAULT_SPURIOUS);
    }
}

/* A fresh private page for f->va with one user and not yet entered, or NO_PFN. */
static pfn_t private_frame(const struct fault *f)
{
    return frame_alloc_private(f->as->family, page_of(f->va));
}

static void copy(pfn_t to, pfn_t from)
{
    page_copy(pfn_to_virt(to), pfn_to_virt(from));
    if (BUG(icache_copy))
        frame_of(to)->flags |= FRAME_ISYNC;
}

static int zero_written(struct fault *f, struct node *n)
{
    pfn_t pfn = private_frame(f);

    if (unlikely(pfn == NO_PFN))
        return -ENOMEM;
    page_clear(pfn_to_virt(pfn));
    enter(f, n, pfn, 0, NO_PFN, false);
    return 0;
}

/* The zero page, for who reads where nothing is: it is never written, has no use for a reverse
 * mapping, and nothing of the entry is in the hardware. */
static void zero_read(struct fault *f, struct node *n)
{
    unsigned i = node_index(f->va);
    pfn_t zero = frame_zero_page();

    node_lock(n);
    if (likely(pte_is_none(n->pte[i]))) {
        pt_set(n, i, pte_make(PTE_RESIDENT, zero, PTE_COW));
        node_count_zeroes(n, 1);
        if (likely(f->seg->prot != PROT_NONE)) /* as_peek may have brought it */
            hat_enter(n, f->va, zero, PROT_READ);
        f->loaded = true;
    }
    node_unlock(n);
}

int private_zero(struct fault *f)
{
    struct node *n = private_node(f);

    if (unlikely(!n))
        return -ENOMEM;
    count_kind(f, FAULT_ZERO);
    if (f->access == PROT_WRITE)
        return zero_written(f, n);
    if (likely(f->access == PROT_READ))
        zero_read(f, n);
    else
        enter(f, n, frame_zero_page(), PTE_COW, NO_PFN, true);
    return 0;
}

int private_copy(struct fault *f, pfn_t from)
{
    struct node *n = private_node(f);
    pfn_t pfn;

    if (!n)
        return -ENOMEM;
    pfn = private_frame(f);
    if (pfn == NO_PFN)
        return -ENOMEM;
    copy(pfn, from);
    count_kind(f, FAULT_COPY);
    enter(f, n, pfn, 0, from, false);
    return 0;
}

/* Nobody else has a use of the private page that f->pte names. */
static bool is_last_owner(const struct fault *f)
{
    const struct frame *frame = frame_of(pte_pfn(f->pte));

    return frame_type(frame) == FRAME_ANON && __atomic_load_n(&frame->users, __ATOMIC_ACQUIRE) == 1;
}

/* The same, but the page may have a slot of swap. */
static bool is_alone(const struct fault *f)
{
    const struct frame *frame = frame_of(pte_pfn(f->pte));

    return frame_type(frame) != FRAME_OBJ && __atomic_load_n(&frame->users, __ATOMIC_ACQUIRE) == 1;
}

/* The page has a slot of swap, which it loses if that can be. */
static __noinline bool is_last_in_swap(const struct fault *f)
{
    return frame_type(frame_of(pte_pfn(f->pte))) == FRAME_SWAP && swap_own(pte_pfn(f->pte));
}

/* The last owner just takes the page, if it still is that: the entry may have gone and another come
 * that looks the same. False: others have a use of it. */
static bool take_over(struct fault *f, struct node *n)
{
    unsigned i = node_index(f->va);
    bool taken;

    node_lock(n);
    taken = n->pte[i].raw != f->pte.raw || is_last_owner(f) || is_last_in_swap(f);
    if (taken && n->pte[i].raw == f->pte.raw) {
        __atomic_store_n(&n->pte[i].raw, f->pte.raw & ~PTE_COW,
                         __ATOMIC_RELAXED); /* live as before */
        frame_set_rmap(frame_of(pte_pfn(f->pte)), kptr(&n->pte[i]));
        count_kind(f, FAULT_UPGRADE);
        fault_load(f, n);
    }
    node_unlock(n);
    return taken;
}

/* Copied under the node's lock: the entry keeps the page as long as it names it. */
static int copy_over(struct fault *f, struct node *n)
{
    pfn_t pfn = private_frame(f), from = pte_pfn(f->pte);
    bool same;

    if (unlikely(pfn == NO_PFN))
        return -ENOMEM;
    node_lock(n);
    same = likely(n->pte[node_index(f->va)].raw == f->pte.raw);
    if (same) {
        copy(pfn, from);
        set_entry(f, n, pfn, 0);
    }
    node_unlock(n);
    count_kind(f, same ? FAULT_COPY : FAULT_SPURIOUS);
    frame_unuse(same ? from : pfn);
    return 0;
}

int private_write(struct fault *f)
{
    struct node *n = private_node(f);

    if (unlikely(!n))
        return -ENOMEM;
    if (unlikely(!f->node))
        f->pte = node_get(n, node_index(f->va));
    if (unlikely(!pte_in_core(f->pte)))
        return pte_state(f->pte) == PTE_SWAPPED ? private_swapped(f) : 0; /* gone meanwhile */
    if (!(f->pte.raw & PTE_COW)) {
        count_kind(f, FAULT_UPGRADE);
        return 0;
    }
    if (pte_pfn(f->pte) == frame_zero_page())
        return private_zero(f);
    return is_alone(f) && take_over(f, n) ? 0 : copy_over(f, n);
}

int private_map(struct fault *f, pfn_t pfn)
{
    struct node *n = private_node(f);

    if (!n) {
        frame_unuse(pfn);
        return -ENOMEM;
    }
    enter(f, n, pfn, PTE_COW, pfn, false);
    return 0;
}
