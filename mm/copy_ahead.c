/* SPDX-License-Identifier: MIT
 *
 * Fork that copies at once. The copy of an address space has just been made, shares the original's
 * nodes and runs nowhere: it gets nodes of its own, node by node, and in them private pages of its
 * own; what the original is the last user of is its own again, so that neither pays at its stores.
 * Locks: the original's as->lock for reading; node locks. Nobody knows the copy, but for those who
 * take pages of an object from all that map it.
 */
#include "include/uapi/errno.h"
#include "mm/as.h"
#include "mm/page.h"

/* A private page that is copied at the first store to it. */
static bool is_to_copy(pte_t e)
{
    return pte_in_core(e) && e.raw & PTE_COW && pte_pfn(e) != frame_zero_page() &&
           frame_type_acquire(frame_of(pte_pfn(e))) == FRAME_ANON;
}

/* The page of e, the entry of va a moment ago, is copied, unless the entry has gone meanwhile. */
static int copy_page(struct as *to, struct node *n, vaddr_t va, pte_t e)
{
    unsigned i = node_index(va);
    pfn_t pfn = frame_alloc_private(to->family, page_of(va)), old = pte_pfn(e);
    bool same;

    if (pfn == NO_PFN)
        return -ENOMEM;
    page_copy(pfn_to_virt(pfn), pfn_to_virt(old));
    node_lock(n);
    same = n->pte[i].raw == e.raw;
    if (same) {
        pt_set(n, i, pte_make(PTE_RESIDENT, pfn, e.raw & PTE_WIRED));
        frame_set_rmap(frame_of(pfn), kptr(&n->pte[i]));
        hat_unload_own(&to->hat, n, va);
        hat_enter(n, va, pfn, PROT_READ | PROT_WRITE);
    }
    node_unlock(n);
    frame_unuse(same ? old : pfn);
    return 0;
}

/* The original's page is its alone again: it may write as before. */
static void take_back(struct as *from, struct node *n, vaddr_t va)
{
    unsigned i = node_index(va);
    prot_t had;
    pfn_t pfn;
    pte_t e;

    node_lock(n);
    e = n->pte[i];
    if (!node_shared(n) && is_to_copy(e) && frame_users(pte_pfn(e)) == 1) {
        pt_set(n, i, (pte_t){e.raw & ~PTE_COW});
        had = hat_probe(n, i, &pfn);
        if (had && !(had & PROT_EXEC))
            hat_load(&from->hat, n, va, pfn, PROT_READ | PROT_WRITE);
    }
    node_unlock(n);
}

/* Part of a writable segment, all in one node. */
static int copy_in_node(struct as *from, struct as *to, vaddr_t va, vaddr_t end)
{
    struct node *own, *original;
    int error = 0;

    if (!pt_node(to->pt, va))
        return 0;
    own = pt_node_private(to, va);
    if (!own)
        return -ENOMEM;
    original = pt_node(from->pt, va);
    for (; va < end && !error; va += PAGE_SIZE) {
        pte_t e = node_get(own, node_index(va));

        if (!is_to_copy(e))
            continue;
        error = copy_page(to, own, va, e);
        if (!error && original)
            take_back(from, original, va);
        preempt_point();
    }
    return error;
}

static int copy_segment(struct as *from, struct as *to, const struct seg *s)
{
    int error = 0;

    for (vaddr_t va = s->base, next; va < seg_end(s) && !error; va = next) {
        next = MIN((va | (NODE_SPAN - 1)) + 1, seg_end(s));
        error = copy_in_node(from, to, va, next);
        preempt_point();
    }
    return error;
}

int as_copy_ahead(struct as *from, struct as *to)
{
    int error = 0;

    __atomic_store_n(&to->keeps_nodes, true, __ATOMIC_RELEASE);
    rwlock_read(&from->lock);
    for (struct tree_link *l = tree_first(&to->segs); l && !error; l = tree_next(l)) {
        const struct seg *s = container_of(l, struct seg, by_addr);

        if (s->prot & PROT_WRITE && !(s->flags & SEG_SHARED))
            error = copy_segment(from, to, s);
    }
    rwlock_read_done(&from->lock);
    __atomic_store_n(&to->keeps_nodes, false, __ATOMIC_RELEASE);
    return error;
}
