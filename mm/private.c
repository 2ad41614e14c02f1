/* SPDX-License-Identifier: MIT
 *
 * Private pages. Threads of one address space fault side by side: each prepares a page, then looks
 * under the node's lock whether the entry is still as it was, and gives the page back if another
 * was faster.
 * Locks: node lock, frame locks inside it.
 */
#include "mm/private.h"

#include "include/uapi/errno.h"
#include "mm/page.h"

static void count_kind(struct fault *f, enum fault_kind kind)
{
    f->kind = MAX(f->kind, kind);
}

/* f->va's node, for entering something. NULL: no memory. */
static struct node *private_node(struct fault *f)
{
    return likely(f->node) ? f->node : pt_node_private(f->as, f->va);
}

/* A fresh private page for f->va with one user and not yet entered, or NO_PFN. */
static pfn_t private_frame(const struct fault *f, unsigned flags)
{
    pfn_t pfn = frame_alloc(FRAME_ANON, f->as->family, page_of(f->va), FRAME_FOR_USER | flags);

    if (likely(pfn != NO_PFN)) {
        frame_set_users(frame_of(pfn), 1);
        frame_of(pfn)->flags = FRAME_DIRTY;
    }
    return pfn;
}

/* The entry, which is `old`, becomes pfn; node lock held. Translations of a former page are taken
 * away first. A page of its own that is written needs no look at what else it may be told: nothing
 * of it is in the hardware. */
static inline void set_entry(struct fault *f, struct node *n, pte_t old, pfn_t pfn, uint32_t flags)
{
    unsigned i = node_index(f->va);

    if (!pte_is_none(old))
        hat_unload(&f->as->hat, n, f->va, 1);
    pt_set(n, i, pte_make(PTE_RESIDENT, pfn, flags));
    frame_set_rmap(frame_of(pfn), kptr(&n->pte[i]));
    if (!(flags & PTE_COW) && f->access == PROT_WRITE && likely(f->seg->prot & PROT_WRITE)) {
        hat_enter(n, f->va, pfn, PROT_READ | PROT_WRITE);
        f->loaded = true;
    } else {
        fault_load(f, n);
    }
}

/* Enters pfn, which carries one user for the entry, in place of `old`, which is f->pte; not if
 * another was faster. */
static inline __attribute__((always_inline)) void enter(struct fault *f, struct node *n, pte_t old,
                                                        pfn_t pfn, uint32_t flags)
{
    bool counted = pte_in_core(old) && pte_pfn(old) != frame_zero_page(), same;

    node_lock(n);
    same = likely(!((n->pte[node_index(f->va)].raw ^ old.raw) & ~PTE_COW));
    if (same)
        set_entry(f, n, old, pfn, flags);
    node_unlock(n);
    if (unlikely(!same)) {
        frame_unuse(pfn);
        count_kind(f, FAULT_SPURIOUS);
        return;
    }
    if (!counted && (!(flags & PTE_COW) || pfn != frame_zero_page()))
        as_count_resident(f->as, 1);
    if (pte_in_core(old))
        frame_unuse(pte_pfn(old));
}

/* A cleared page for an entry that is none, or names the zero page. */
static int zero_written(struct fault *f, struct node *n)
{
    pfn_t pfn = private_frame(f, FRAME_CLEAR);

    if (unlikely(pfn == NO_PFN))
        return -ENOMEM;
    if (likely(pte_is_none(f->pte)))
        enter(f, n, (pte_t){0}, pfn, 0);
    else
        enter(f, n, f->pte, pfn, 0);
    return 0;
}

int private_zero(struct fault *f)
{
    struct node *n = private_node(f);

    if (unlikely(!n))
        return -ENOMEM;
    count_kind(f, FAULT_ZERO);
    if (f->access == PROT_WRITE)
        return zero_written(f, n);
    enter(f, n, f->pte, frame_zero_page(), PTE_COW);
    return 0;
}

int private_copy(struct fault *f, pfn_t from)
{
    struct node *n = private_node(f);
    pfn_t pfn;

    if (!n)
        return -ENOMEM;
    pfn = private_frame(f, 0);
    if (pfn == NO_PFN)
        return -ENOMEM;
    page_copy(pfn_to_virt(pfn), pfn_to_virt(from));
    count_kind(f, FAULT_COPY);
    enter(f, n, f->pte, pfn, 0);
    return 0;
}

/* What a write to a copy-on-write page comes to. */
enum claim {
    CLAIM_CHANGED, /* the entry is not what it was: look again */
    CLAIM_TAKEN,   /* the page had no other user and is ours */
    CLAIM_PINNED,  /* to be copied; pinned, so that it stays while we do */
    CLAIM_CROWDED, /* to be copied; has as many users as can be, so that it stays anyway */
};

/* The last owner of a private page just takes it; else pins it while the entry still names it. */
static enum claim take_over(struct fault *f, struct node *n)
{
    pfn_t pfn = pte_pfn(f->pte);
    struct frame *frame = frame_of(pfn);
    unsigned i = node_index(f->va);
    enum claim claim = CLAIM_CHANGED;

    node_lock(n);
    if (n->pte[i].raw == f->pte.raw) {
        if (frame_type(frame) == FRAME_ANON &&
            __atomic_load_n(&frame->users, __ATOMIC_ACQUIRE) == 1) {
            pt_set(n, i, (pte_t){f->pte.raw & ~PTE_COW});
            frame_set_rmap(frame, kptr(&n->pte[i]));
            claim = CLAIM_TAKEN;
        } else {
            claim = frame_use(pfn, 0) ? CLAIM_CROWDED : CLAIM_PINNED;
        }
    }
    node_unlock(n);
    return claim;
}

int private_write(struct fault *f)
{
    struct node *n = private_node(f);
    enum claim claim;
    pfn_t from;
    int error = 0;

    if (!n)
        return -ENOMEM;
    f->pte = node_get(n, node_index(f->va));
    if (!pte_in_core(f->pte))
        return 0; /* gone meanwhile: fault.c looks again */
    if (!(f->pte.raw & PTE_COW)) {
        count_kind(f, FAULT_UPGRADE);
        return 0;
    }
    from = pte_pfn(f->pte);
    if (from == frame_zero_page())
        return private_zero(f);
    claim = take_over(f, n);
    if (claim == CLAIM_TAKEN)
        count_kind(f, FAULT_UPGRADE);
    if (claim == CLAIM_PINNED || claim == CLAIM_CROWDED)
        error = private_copy(f, from);
    if (claim == CLAIM_PINNED)
        frame_unuse(from);
    return error;
}

int private_map(struct fault *f, pfn_t pfn)
{
    struct node *n = private_node(f);

    if (!n) {
        frame_unuse(pfn);
        return -ENOMEM;
    }
    enter(f, n, f->pte, pfn, PTE_COW);
    return 0;
}
