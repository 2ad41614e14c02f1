/* SPDX-License-Identifier: MIT
 *
 * Page-table nodes: made, shared by fork, copied when a sharer needs its own, freed when empty.
 * Nothing is ever entered into a shared node, so all its sharers agree about every entry of it;
 * only translations of what is there already may be reloaded.
 * Locks: as->pt_lock around the root's slot, the node lock around entries, frame locks inside.
 */
#include "mm/pt.h"

#include "include/uapi/errno.h"
#include "mm/as.h"
#include "mm/hat.h"
#include "mm/page.h"
#include "mm/swap_impl.h"

#define NODE_LOCKS 32

static struct spin node_locks[NODE_LOCKS] = {[0 ... NODE_LOCKS - 1] = SPIN_INIT(LOCK_NODE)};

static const char *const state_names[PTE_STATES] = {"none",    "resident", "reclaimable", "swapped",
                                                    "transit", "pager",    "device"};

const char *pte_state_name(enum pte_state state)
{
    return state < PTE_STATES ? state_names[state] : "?";
}

static struct spin *lock_of(const struct node *n)
{
    return &node_locks[(uintptr_t)n / PAGE_SIZE % NODE_LOCKS];
}

void node_lock(const struct node *n)
{
    spin_lock(lock_of(n));
}

void node_unlock(const struct node *n)
{
    spin_unlock(lock_of(n));
}

struct node *pt_lock_node(struct as *as, vaddr_t va)
{
    struct node *n;

    spin_lock(&as->pt_lock);
    n = as->pt ? pt_node(as->pt, va) : NULL;
    if (n)
        node_lock(n);
    spin_unlock(&as->pt_lock);
    return n;
}

pte_t pt_get(struct as *as, vaddr_t va)
{
    pte_t e = {0};
    struct node *n;

    spin_lock(&as->pt_lock);
    n = as->pt ? pt_node(as->pt, va) : NULL;
    if (n) {
        e = node_get(n, node_index(va));
        if (pte_in_core(e) && !pte_own(e, n))
            e.raw |= PTE_COW;
    }
    spin_unlock(&as->pt_lock);
    return e;
}

void pt_set(struct node *n, unsigned index, pte_t e)
{
    struct frame *f = frame_of_virt(n);

    f->index += (uint32_t)!pte_is_none(e) - (uint32_t)!pte_is_none(n->pte[index]);
    f->rmap |= 1u << index / NODE_GROUP;
    __atomic_store_n(&n->pte[index].raw, e.raw, __ATOMIC_RELAXED);
}

void pt_count_entered(struct node *n, int first, uint32_t which)
{
    struct frame *f = frame_of_virt(n);

    f->rmap |= 1u << (unsigned)(first + __builtin_ctz(which)) / NODE_GROUP;
    f->rmap |= 1u << (unsigned)(first + 31 - __builtin_clz(which)) / NODE_GROUP;
    for (; which; which &= which - 1)
        f->index++;
}

static struct node *node_create(vaddr_t va)
{
    pfn_t pfn = frame_alloc(FRAME_NODE, NULL, page_of(va & ~(vaddr_t)(NODE_SPAN - 1)) << 12,
                            FRAME_FOR_KERNEL | FRAME_CLEAR);

    if (pfn == NO_PFN)
        return NULL;
    frame_set_users(frame_of(pfn), 1);
    frame_of(pfn)->links[1] = 0;
    struct node *n = pfn_to_virt(pfn);

    hat_node_init(n);
    return n;
}

/* A node that ever had entries has been marked before. */
static void node_free(struct node *n)
{
    frame_set_users(frame_of_virt(n), 0);
    frame_free(node_pfn(n));
}

/* The node is to be freed: from now on who comes from a page finds no entry in it. Node lock held.
 */
static void node_mark_dead(const struct node *n)
{
    frame_mark(frame_of_virt(n), FRAME_KERNEL);
}

/* The last step: fault.c looks without a lock. */
static void slot_set(struct as *as, unsigned slot, struct node *n)
{
    __atomic_store_n(&as->pt->node[slot], n, __ATOMIC_RELEASE);
    if (n)
        as->slots[slot / 32] |= 1u << (slot % 32);
    else
        as->slots[slot / 32] &= ~(1u << (slot % 32));
}

/* The first used slot >= from, or -1. */
static int slot_next(const struct as *as, unsigned from)
{
    for (unsigned w = from / 32; w < ARRAY_SIZE(as->slots); w++) {
        uint32_t bits = as->slots[w] & (w == from / 32 ? ~0u << (from % 32) : ~0u);

        if (bits)
            return (int)(w * 32 + (unsigned)__builtin_ctz(bits));
    }
    return -1;
}

uint32_t as_resident_locked(const struct as *as)
{
    uint32_t resident = 0;

    for (int slot = as->pt ? slot_next(as, 0) : -1; slot >= 0;
         slot = slot_next(as, (unsigned)slot + 1)) {
        const struct node *n = pt_node(as->pt, (vaddr_t)slot << NODE_SHIFT);

        if (n)
            resident += node_resident(n);
    }
    return resident;
}

uint32_t as_resident(struct as *as)
{
    spin_lock(&as->pt_lock);
    uint32_t resident = as_resident_locked(as);

    spin_unlock(&as->pt_lock);
    return resident;
}

/* Takes the users of every live entry back; the node runs nowhere and has no sharers. */
static void node_drop_entries(struct node *n)
{
    node_lock(n);
    node_mark_dead(n);
    node_unlock(n);
    node_for_each (i, n) {
        if (pte_in_core(n->pte[i]))
            frame_unuse(pte_pfn(n->pte[i]));
        else if (unlikely(pte_state(n->pte[i]) == PTE_SWAPPED))
            swap_unuse(pte_pfn(n->pte[i]));
    }
}

/* So many roots more name the node; returns how many do. */
static unsigned node_count(struct node *n, int delta)
{
    return __atomic_add_fetch(&frame_of_virt(n)->users, (uint16_t)delta, __ATOMIC_ACQ_REL);
}

/* One root less that names the node; the last one frees it with all it holds. */
static void node_put(struct node *n)
{
    if (node_count(n, -1) == 0) {
        node_drop_entries(n);
        node_free(n);
    }
}

/* The copy's entry for a page that has as many users as can be counted: a copy of the page, or for
 * an object's page nothing, so that the next touch asks the segment. */
static int copy_crowded_entry(struct node *to, unsigned i, pte_t e, pfn_t *pfn)
{
    struct frame *f = frame_of(pte_pfn(e));

    if (frame_type(f) == FRAME_OBJ) {
        *pfn = NO_PFN;
        return 0;
    }
    *pfn = frame_alloc(FRAME_ANON, frame_owner(f), f->index, FRAME_FOR_KERNEL);
    if (*pfn == NO_PFN)
        return -ENOMEM;
    page_copy(pfn_to_virt(*pfn), pfn_to_virt(pte_pfn(e)));
    frame_set_users(frame_of(*pfn), 1);
    frame_of(*pfn)->flags = FRAME_DIRTY;
    frame_of(*pfn)->rmap = kptr(&to->pte[i]);
    return 0;
}

static int use_slot(uint32_t slot)
{
    int error;

    swap_lock();
    error = swap_use(slot);
    swap_unlock();
    return error;
}

/* Copies the live entries of a shared node: every page in core gets a user more and is
 * copy-on-write in both. *same: each entry is the original's. from's lock held; to is still private
 * to the caller. */
static int node_copy_entries(struct node *to, struct node *from, bool *same)
{
    *same = true;
    node_count_zeroes(to, (int)node_zeroes(from));
    node_for_each (i, from) {
        pte_t e = from->pte[i];

        if (pte_in_core(e)) {
            pfn_t pfn = pte_pfn(e);

            if (!(e.raw & PTE_SHARED)) {
                e.raw |= PTE_COW;
                __atomic_store_n(&from->pte[i].raw, e.raw, __ATOMIC_RELAXED);
            }
            if (frame_use(pfn, kptr(&to->pte[i]))) {
                int error = copy_crowded_entry(to, i, e, &pfn);

                to->hat[i] = 0;
                *same = false;
                if (error)
                    return error;
                e.raw = pfn ? pte_make(PTE_RESIDENT, pfn, 0).raw : 0;
            }
        }
        if (unlikely(pte_state(e) == PTE_SWAPPED) && use_slot(pte_pfn(e)))
            return -ENOMEM;
        if (!pte_is_none(e))
            pt_set(to, i, e);
    }
    return 0;
}

/* The slot of a shared node gets a copy of its own, unless another thread was faster or the sharers
 * left. Under both locks, so that nobody enters or loads anything in between that the copy would
 * not know. */
static struct node *unshare(struct as *as, vaddr_t va)
{
    struct node *copy = node_create(va), *old;
    unsigned slot = node_slot(va);
    bool same;
    int error;

    if (!copy)
        return NULL;
    spin_lock(&as->pt_lock);
    old = __atomic_exchange_n(&as->pt->node[slot], NULL, __ATOMIC_SEQ_CST);
    if (!node_shared(old)) {
        slot_set(as, slot, old);
        spin_unlock(&as->pt_lock);
        node_free(copy);
        return old;
    }
    node_lock(old);
    hat_node_copy(copy, old);
    frame_mark(frame_of_virt(copy), FRAME_KERNEL); /* nobody finds its entries before it is whole */
    error = node_copy_entries(copy, old, &same);
    frame_mark(frame_of_virt(copy), FRAME_NODE);
    if (!error) {
        hat_replace(&as->hat, slot, copy);
        if (unlikely(!same))
            hat_flush(&as->hat);
    }
    slot_set(as, slot, error ? old : copy);
    node_unlock(old);
    spin_unlock(&as->pt_lock);
    node_put(error ? copy : old);
    return error ? NULL : copy;
}

struct node *pt_node_private(struct as *as, vaddr_t va)
{
    unsigned slot = node_slot(va);
    struct node *n, *fresh;
    bool shared;

    spin_lock(&as->pt_lock);
    n = as->pt->node[slot];
    shared = n && node_shared(n);
    spin_unlock(&as->pt_lock);
    if (n)
        return shared ? unshare(as, va) : n;
    if (unlikely(as->out)) {
        n = pt_bring_back(as) ? NULL : pt_node(as->pt, va);
        if (n || as->out)
            return n;
    }
    fresh = node_create(va);
    if (!fresh)
        return NULL;
    spin_lock(&as->pt_lock);
    n = as->pt->node[slot];
    if (!n) {
        hat_attach(&as->hat, slot, fresh);
        slot_set(as, slot, fresh);
    }
    spin_unlock(&as->pt_lock);
    if (n)
        node_free(fresh);
    return n ? n : fresh;
}

bool pt_take_out(struct as *as, vaddr_t va)
{
    unsigned slot = node_slot(va);
    struct node *n;
    bool taken;

    spin_lock(&as->pt_lock);
    n = pt_node(as->pt, va);
    if (!n || node_shared(n)) {
        spin_unlock(&as->pt_lock);
        return false;
    }
    node_lock(n);
    taken = swap_out_node(as, n);
    if (taken) {
        node_mark_dead(n);
        slot_set(as, slot, NULL);
        hat_detach(&as->hat, slot);
    }
    node_unlock(n);
    spin_unlock(&as->pt_lock);
    if (taken)
        node_free(n);
    return taken;
}

/* The node of the first entry that is out; false: no memory. */
static bool bring_back_one(struct as *as)
{
    struct node *fresh;
    vaddr_t va;

    spin_lock(&as->pt_lock);
    va = as->out ? swap_first_out(as) : 0;
    spin_unlock(&as->pt_lock);
    if (!va)
        return true;
    fresh = node_create(va);
    if (!fresh)
        return false;
    spin_lock(&as->pt_lock);
    if (as->out && node_slot(swap_first_out(as)) == node_slot(va)) {
        swap_in_node(as, fresh);
        hat_attach(&as->hat, node_slot(va), fresh);
        slot_set(as, node_slot(va), fresh);
        fresh = NULL;
    }
    spin_unlock(&as->pt_lock);
    if (fresh)
        node_free(fresh);
    return true;
}

int pt_bring_back(struct as *as)
{
    while (__atomic_load_n(&as->out, __ATOMIC_RELAXED))
        if (!bring_back_one(as))
            return -ENOMEM;
    return 0;
}

static void slot_clear(struct as *as, unsigned slot)
{
    spin_lock(&as->pt_lock);
    slot_set(as, slot, NULL);
    hat_detach(&as->hat, slot);
    spin_unlock(&as->pt_lock);
}

/* The part of [va, end) that lies in va's node. */
static unsigned pages_in_node(vaddr_t va, vaddr_t end)
{
    unsigned left = NODE_PAGES - node_index(va), want = page_of(end - va);

    return MIN(left, want);
}

int pt_make_private(struct as *as, vaddr_t first, uint32_t npages, bool whole_too)
{
    vaddr_t end = first + page_addr(npages);

    for (vaddr_t va = first; va < end;) {
        struct node *n = pt_node(as->pt, va);
        unsigned count = pages_in_node(va, end);

        if (n && node_shared(n) && (whole_too || count < NODE_PAGES) && !pt_node_private(as, va))
            return -ENOMEM;
        va += page_addr(count);
        preempt_point();
    }
    return 0;
}

int pt_prepare_unmap(struct as *as, vaddr_t first, uint32_t npages)
{
    return pt_make_private(as, first, npages, false);
}

void pt_unmap_node(struct as *as, struct node *n, vaddr_t va, unsigned count)
{
    unsigned first = node_index(va);
    int zeroes = 0;

    hat_unload(&as->hat, n, va, count);
    for (unsigned i = first; i < first + count && node_live(n); i++) {
        pte_t e = n->pte[i];

        if (pte_is_none(e))
            continue;
        pt_set(n, i, (pte_t){0});
        if (pte_in_core(e)) {
            zeroes += pte_pfn(e) == frame_zero_page();
            frame_unuse(pte_pfn(e));
        } else if (pte_state(e) == PTE_SWAPPED) {
            zeroes++;
            swap_unuse(pte_pfn(e));
        } else {
            zeroes += pte_state(e) == PTE_DEVICE;
        }
    }
    if (zeroes)
        node_count_zeroes(n, -zeroes);
}

int pt_unmap(struct as *as, vaddr_t first, uint32_t npages)
{
    vaddr_t end = first + page_addr(npages);
    int slot, error = as_all_nodes(as);

    if (error)
        return error;
    slot = slot_next(as, node_slot(first));
    if (slot < 0 || (vaddr_t)slot << NODE_SHIFT >= end)
        return 0;
    error = pt_prepare_unmap(as, first, npages);
    if (error)
        return error;
    for (vaddr_t va = first; va < end;) {
        struct node *n;
        unsigned count;

        slot = slot_next(as, node_slot(va));
        if (slot < 0 || (vaddr_t)slot << NODE_SHIFT >= end)
            break;
        va = MAX(va, (vaddr_t)slot << NODE_SHIFT);
        n = as->pt->node[slot];
        count = pages_in_node(va, end);
        if (node_shared(n)) {
            slot_clear(as, (unsigned)slot);
            node_put(n);
        } else {
            node_lock(n);
            pt_unmap_node(as, n, va, count);
            bool empty = node_live(n) == 0;

            if (empty)
                node_mark_dead(n);
            node_unlock(n);
            if (empty) {
                slot_clear(as, (unsigned)slot);
                node_free(n);
            }
        }
        va += page_addr(count);
        preempt_point();
    }
    return 0;
}

void pt_wire(struct as *as, vaddr_t first, uint32_t npages, bool wired)
{
    vaddr_t end = first + page_addr(npages);

    for (vaddr_t va = first; va < end;) {
        struct node *n = pt_node(as->pt, va);
        unsigned count = pages_in_node(va, end);

        if (n) {
            node_lock(n);
            for (pte_t *e = &n->pte[node_index(va)], *stop = e + count; e < stop; e++)
                if (!pte_is_none(*e))
                    __atomic_store_n(&e->raw, (e->raw & ~PTE_WIRED) | (wired ? PTE_WIRED : 0),
                                     __ATOMIC_RELAXED);
            node_unlock(n);
        }
        va += page_addr(count);
        preempt_point();
    }
}

void pt_share(struct as *from, struct as *to)
{
    bool flush = false;

    for (int slot = slot_next(from, 0); slot >= 0; slot = slot_next(from, (unsigned)slot + 1)) {
        struct node *n = from->pt->node[slot];

        node_lock(n);
        if (!node_shared(n))
            flush |= hat_node_readonly(n);
        node_count(n, 1);
        node_unlock(n);
        hat_attach(&to->hat, (unsigned)slot, n); /* first: who walks an object's segments looks */
        slot_set(to, (unsigned)slot, n);
        preempt_point();
    }
    if (flush)
        hat_flush(&from->hat);
}

void pt_free(struct as *as)
{
    if (as->out)
        swap_drop_out(as);
    for (int slot = slot_next(as, 0); slot >= 0; slot = slot_next(as, (unsigned)slot + 1)) {
        struct node *n = as->pt->node[slot];

        spin_lock(&as->pt_lock);
        slot_set(as, (unsigned)slot, NULL);
        spin_unlock(&as->pt_lock);
        node_put(n);
        preempt_point();
    }
}
