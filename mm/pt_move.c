/* SPDX-License-Identifier: MIT
 *
 * Entries of the page table that move to other addresses, for mremap: no page is copied but one
 * that kin use at its own address, since private pages are named <family, page>. Everything that
 * can fail comes first, and leaves the same memory behind. Locks: as->lock for writing; pt_lock
 * over the step of a batch from one node to the other, so that who walks an object's segments finds
 * each entry in one of them.
 */
#include "include/uapi/errno.h"
#include "mm/as.h"
#include "mm/page.h"
#include "mm/swap_impl.h"

#define BATCH 64u

/* Pages from `va` on that lie in one node at both places. */
static unsigned piece(vaddr_t va, vaddr_t to, vaddr_t end)
{
    unsigned most = MIN(NODE_PAGES - node_index(va), NODE_PAGES - node_index(to));

    return MIN(most, page_of(end - va));
}

static __noinline bool slot_has_others(pte_t e)
{
    return pte_state(e) == PTE_SWAPPED && !swap_is_single(pte_pfn(e));
}

/* Others use the frame or slot of a private entry, too, or look at it now. What has a slot as well
 * counts as such: the slot's name would have to change with others looking. */
static inline bool has_others(pte_t e)
{
    const struct frame *f;

    if (unlikely(!pte_in_core(e)))
        return slot_has_others(e);
    f = frame_of(pte_pfn(e));
    if (frame_count(f) > 1)
        return frame_type(f) == FRAME_ANON || frame_type(f) == FRAME_SWAP;
    return e.raw & PTE_COW && frame_type(f) == FRAME_SWAP;
}

/* The page comes from its slot, which keeps what others find there. as->lock is held over it. */
static int own_swapped(struct node *n, vaddr_t va, pfn_t pfn)
{
    unsigned i = node_index(va);
    uint32_t slot = pte_pfn(node_get(n, i));
    int error = swap_copy(slot, pfn);

    if (error)
        return error;
    node_lock(n);
    pt_set(n, i, pte_make(PTE_RESIDENT, pfn, node_get(n, i).raw & PTE_WIRED));
    node_count_zeroes(n, -1);
    frame_set_rmap(frame_of(pfn), kptr(&n->pte[i]));
    node_unlock(n);
    swap_unuse(slot);
    return 0;
}

/* The page gets a frame of its own. */
static __noinline int own_page(struct as *as, struct node *n, vaddr_t va)
{
    unsigned i = node_index(va);
    pte_t e = node_get(n, i);
    pfn_t old = pte_pfn(e), pfn = frame_alloc_private(as->family, page_of(va));
    int error;

    if (pfn == NO_PFN)
        return -ENOMEM;
    if (pte_state(e) == PTE_SWAPPED) {
        error = own_swapped(n, va, pfn);
        if (error)
            frame_unuse(pfn);
        return error;
    }
    node_lock(n);
    if (n->pte[i].raw != e.raw) { /* page-out: perhaps nobody else has it any more */
        node_unlock(n);
        frame_unuse(pfn);
        return 0;
    }
    hat_unload(&as->hat, n, va, 1);
    page_copy(pfn_to_virt(pfn), pfn_to_virt(old));
    pt_set(n, i, pte_make(PTE_RESIDENT, pfn, e.raw & PTE_WIRED));
    frame_set_rmap(frame_of(pfn), kptr(&n->pte[i]));
    node_unlock(n);
    frame_unuse(old);
    return 0;
}

static int own_pages(struct as *as, vaddr_t first, uint32_t npages)
{
    vaddr_t end = first + page_addr(npages);

    for (vaddr_t va = first; va < end;) {
        vaddr_t stop = MIN(end, (va | (NODE_SPAN - 1)) + 1);
        struct node *n = pt_node(as->pt, va);

        for (const pte_t *e = n ? &n->pte[node_index(va)] : NULL; e && va < stop;
             e++, va += PAGE_SIZE) {
            int error = 0;

            while (!error && has_others(*e)) /* again where page-out was faster */
                error = own_page(as, n, va);
            if (error)
                return error;
        }
        va = stop;
        preempt_point();
    }
    return 0;
}

/* Nodes for what will come. */
static int make_nodes(struct as *as, vaddr_t first, vaddr_t to, uint32_t npages)
{
    vaddr_t end = first + page_addr(npages);

    while (first < end) {
        unsigned count = piece(first, to, end);
        const struct node *n = pt_node(as->pt, first);

        if (n && node_live(n) && !pt_node_private(as, to))
            return -ENOMEM;
        first += page_addr(count);
        to += page_addr(count);
        preempt_point();
    }
    return 0;
}

void pt_drop_empty(struct as *as, vaddr_t first, uint32_t npages)
{
    vaddr_t end = first + page_addr(npages);

    for (vaddr_t va = first; va < end; va = (va | (NODE_SPAN - 1)) + 1) {
        const struct node *n = pt_node(as->pt, va);

        if (n && !node_shared(n) && node_live(n) == 0)
            (void)!pt_unmap(as, va, 1); /* of nothing: a node without entries goes */
    }
}

int pt_prepare_move(struct as *as, vaddr_t first, vaddr_t to, uint32_t npages)
{
    int error = pt_make_private(as, first, npages, true);

    if (!error)
        error = make_nodes(as, first, to, npages);
    if (!error)
        error = own_pages(as, first, npages);
    if (error)
        pt_drop_empty(as, to, npages);
    return error;
}

/* Entries on their way from one node to another, and how many of them are not empty, and resident.
 */
struct batch {
    pte_t pte[BATCH];
    unsigned count, live, zeroes;
};

/* Those that are no frame of the program's. */
static __noinline unsigned count_absent(const struct batch *b)
{
    unsigned absent = 0;

    for (unsigned i = 0; i < b->count; i++)
        if (!pte_is_none(b->pte[i]))
            absent += !pte_in_core(b->pte[i]) || pte_pfn(b->pte[i]) == frame_zero_page();
    return absent;
}

static void take(struct node *n, unsigned first, struct batch *b)
{
    pte_t *from = &n->pte[first];
    unsigned live = 0;

    for (unsigned i = 0; i < b->count; i++) {
        pte_t e = from[i];

        b->pte[i] = e;
        if (pte_is_none(e))
            continue;
        __atomic_store_n(&from[i].raw, 0, __ATOMIC_RELAXED);
        live++;
    }
    b->live = live;
    b->zeroes = node_zeroes(n) ? count_absent(b) : 0;
    frame_of_virt(n)->index -= b->live;
    node_count_zeroes(n, -(int)b->zeroes);
}

/* Where nothing is; the first one is page `page` of the address space. */
static void give(struct node *n, unsigned first, vpn_t page, const struct batch *b)
{
    const uint32_t zero = frame_zero_page();
    pte_t *to = &n->pte[first];

    for (unsigned i = 0; i < b->count; i++) {
        pte_t e = b->pte[i];

        if (pte_is_none(e))
            continue;
        __atomic_store_n(&to[i].raw, e.raw, __ATOMIC_RELAXED);
        if (unlikely(!pte_in_core(e))) {
            if (pte_state(e) == PTE_SWAPPED)
                swap_rename(pte_pfn(e), page + i);
            continue;
        }
        if (pte_pfn(e) == zero)
            continue;
        struct frame *f = frame_of(pte_pfn(e));

        if (frame_type(f) == FRAME_ANON)
            __atomic_store_n(&f->index, page + i, __ATOMIC_RELAXED);
        frame_set_rmap(f, kptr(&to[i]));
    }
    frame_of_virt(n)->index += b->live;
    for (unsigned g = first / NODE_GROUP; g <= (first + b->count - 1) / NODE_GROUP; g++)
        frame_of_virt(n)->rmap |= 1u << g;
    node_count_zeroes(n, (int)b->zeroes);
}

/* One node's part on both sides. */
static void move_piece(struct as *as, vaddr_t va, vaddr_t to, unsigned count)
{
    struct node *from = pt_node(as->pt, va), *dest = pt_node(as->pt, to);
    struct batch b;

    for (unsigned done = 0; done < count; done += BATCH) {
        vaddr_t at = va + page_addr(done), dest_at = to + page_addr(done);

        b.count = MIN(BATCH, count - done);
        spin_lock(&as->pt_lock);
        node_lock(from);
        hat_unload(&as->hat, from, at, b.count);
        take(from, node_index(at), &b);
        node_unlock(from);
        if (b.live) {
            node_lock(dest);
            give(dest, node_index(dest_at), page_of(dest_at), &b);
            node_unlock(dest);
        }
        spin_unlock(&as->pt_lock);
        preempt_point();
    }
}

void pt_move(struct as *as, vaddr_t first, vaddr_t to, uint32_t npages)
{
    vaddr_t end = first + page_addr(npages), at = to;

    for (vaddr_t va = first; va < end;) {
        unsigned count = piece(va, at, end);
        const struct node *n = pt_node(as->pt, va);

        if (n && node_live(n))
            move_piece(as, va, at, count);
        va += page_addr(count);
        at += page_addr(count);
    }
    pt_drop_empty(as, first, npages);
    pt_drop_empty(as, to, npages);
}
