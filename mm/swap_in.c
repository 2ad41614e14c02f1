/* SPDX-License-Identifier: MIT
 *
 * Pages that come back from swap. Who finds an entry that names a slot looks for the slot's frame
 * first; if there is none it reads the slot, and with it those beside it that hold the neighbours
 * of the page: a cluster. as->lock is given away meanwhile, and the frames are BUSY. Locks: the
 * node's, (w) inside it.
 */
#include "include/uapi/errno.h"
#include "mm/check.h"
#include "mm/pageout.h"
#include "mm/private.h"
#include "mm/reclaim.h"
#include "mm/sleep.h"
#include "mm/swap_impl.h"
#include "mm/swap_obj.h"

#define PLENTY (4 * SWAP_RUN) /* frames that there must be for neighbours to come, too */

/* Slots in a row, all of one area, that are read together. */
struct run {
    uint32_t first;
    unsigned n;
    pfn_t pfn[SWAP_RUN];
};

static void count_kind(struct fault *f, enum fault_kind kind)
{
    f->kind = MAX(f->kind, kind);
}

/* A frame for a page that entries name by its slot. (w) held. */
static void attach(uint32_t slot, pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    struct slot *s = swap_record(slot);

    frame_set_next(f, slot);
    f->rmap = 0;
    __atomic_store_n(&f->flags, FRAME_BUSY, __ATOMIC_RELAXED);
    frame_set(f, FRAME_SWAP, kptr_to(s->owner & ~15u), s->index);
    slot_set_page(s, pfn, SLOT_READING);
}

/* The slot has neither a frame nor somebody at work. (w) held. */
static bool is_away(uint32_t slot)
{
    const struct slot *s = swap_record(slot);

    return slot_pfn(s) == NO_PFN && !slot_flags(s);
}

/* From entry i on, upwards or downwards in its block: how many of those that follow are swapped, in
 * slots that follow its own, and not in memory; at most `most`. Entries without a page are passed
 * over. Node lock and (w) held. */
static unsigned follow(const struct node *n, unsigned i, int step, unsigned most)
{
    uint32_t slot = pte_pfn(n->pte[i]), own = slot;
    unsigned found = 0, block = i / SWAP_RUN;

    for (i += (unsigned)step; i / SWAP_RUN == block && found < most; i += (unsigned)step) {
        pte_t e = n->pte[i];

        if (pte_is_none(e))
            continue;
        slot += (uint32_t)step;
        if (pte_state(e) != PTE_SWAPPED || pte_pfn(e) != slot || !swap_same_area(own, slot) ||
            !is_away(slot))
            break;
        found++;
    }
    return found;
}

/* The slots to read for entry i. Node lock and (w) held. */
static void find_cluster(const struct node *n, unsigned i, unsigned most, struct run *r)
{
    unsigned up = follow(n, i, 1, most - 1), down = follow(n, i, -1, most - 1 - up);

    r->first = pte_pfn(n->pte[i]) - down;
    r->n = down + 1 + up;
}

/* Reads it, each page alone if they can't be read together; bit i: page i can't be read. */
static uint32_t run_read(const struct run *r)
{
    uint32_t failed = 0;

    if (swap_read(r->first, r->n, r->pfn) == 0)
        return 0;
    for (unsigned i = 0; i < r->n; i++)
        if (r->n == 1 || swap_read(r->first + i, 1, &r->pfn[i]))
            failed |= 1u << i;
    return failed;
}

/* Reading ended: the pages are there for all who wait, or gone again. */
static void run_done(struct run *r, uint32_t failed)
{
    for (unsigned i = 0; i < r->n; i++) {
        bool error = failed >> i & 1;
        struct slot *s = swap_record(r->first + i);
        pfn_t pfn = r->pfn[i];
        struct frame *f = frame_of(pfn);

        swap_lock();
        frame_lock(pfn);
        frame_set_flags(f, FRAME_BUSY, 0);
        if (error)
            frame_set(f, FRAME_KERNEL, NULL, 0);
        else
            frame_cache_count(1);
        frame_unlock(pfn);
        slot_set_page(s, error ? NO_PFN : pfn, 0);
        if (error)
            swap_try_free(r->first + i);
        swap_unlock();
        frame_wake(pfn);
        if (error) {
            frame_free(pfn);
            continue;
        }
        reclaim_offer(pfn); /* a neighbour that nobody touches */
        swap_unused(pfn);
    }
}

/* Frames for the run, as many as there are; false: there is none. */
static bool run_alloc(struct run *r)
{
    unsigned n = 0;

    while (n < r->n && (r->pfn[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER)) != NO_PFN)
        n++;
    r->n = n;
    return n > 0;
}

/* The run to read for entry i, `most` slots of it; n = 0: the entry is not what f found any more,
 * or another reads it. attached: r has frames for so many, which the slots get. */
static void run_find(struct fault *f, struct node *n, unsigned most, struct run *r, bool attached)
{
    unsigned i = node_index(f->va);

    r->n = 0;
    node_lock(n);
    swap_lock();
    if (n->pte[i].raw == f->pte.raw && is_away(pte_pfn(f->pte)))
        find_cluster(n, i, most, r);
    for (unsigned k = 0; attached && k < r->n; k++)
        attach(r->first + k, r->pfn[k]);
    swap_unlock();
    node_unlock(n);
}

/* Reads the slot that f's entry names; as->lock is given away meanwhile. */
static int read_in(struct fault *f, struct node *n)
{
    struct run r;
    uint32_t failed, slot = pte_pfn(f->pte);
    unsigned most;

    run_find(f, n, frame_at_least(PLENTY) ? SWAP_RUN : 1, &r, false);
    if (r.n == 0)
        return 0; /* another was faster: the access comes again */
    if (!run_alloc(&r))
        return -ENOMEM;
    most = r.n;
    run_find(f, n, most, &r, true);
    for (unsigned k = r.n; k < most; k++)
        frame_free(r.pfn[k]);
    if (r.n == 0)
        return 0;
    rwlock_read_done(&f->as->lock);
    failed = run_read(&r);
    run_done(&r, failed);
    rwlock_read(&f->as->lock);
    count_kind(f, FAULT_PAGEIN);
    return failed >> (slot - r.first) & 1 ? -EIO : FAULT_RETRY;
}

/* Waits until another has read the page. */
static int wait_for(struct fault *f, pfn_t pfn)
{
    rwlock_read_done(&f->as->lock);
    frame_sleep(pfn);
    rwlock_read(&f->as->lock);
    count_kind(f, FAULT_TRANSIT);
    return FAULT_RETRY;
}

/* The entry names the slot's frame from now on, copy-on-write. Node lock and (w) held. */
static int enter(struct node *n, unsigned i, uint32_t slot, pfn_t pfn)
{
    int error = frame_use(pfn, kptr(&n->pte[i]));

    if (error)
        return error;
    swap_record(slot)->chain--;
    pt_set(n, i, pte_make(PTE_RESIDENT, pfn, PTE_COW | (n->pte[i].raw & PTE_WIRED)));
    node_count_zeroes(n, -1);
    swap_count_found();
    return 0;
}

int private_swapped(struct fault *f)
{
    struct node *n = f->node ? f->node : pt_node_private(f->as, f->va);
    unsigned i = node_index(f->va);
    uint32_t slot;
    int error = 0;
    pfn_t pfn;

    if (!n)
        return -ENOMEM;
    node_lock(n);
    f->pte = n->pte[i];
    if (pte_state(f->pte) != PTE_SWAPPED) { /* another was faster */
        node_unlock(n);
        return 0;
    }
    slot = pte_pfn(f->pte);
    swap_lock();
    pfn = slot_pfn(swap_record(slot));
    if (pfn && !(slot_flags(swap_record(slot)) & SLOT_READING)) {
        error = enter(n, i, slot, pfn);
        swap_unlock();
        f->pte = n->pte[i];
        if (!error && f->access != PROT_WRITE)
            fault_load(f, n);
        node_unlock(n);
        count_kind(f, FAULT_RECLAIM);
        return error || f->access != PROT_WRITE ? error : private_write(f);
    }
    swap_unlock();
    node_unlock(n);
    return pfn ? wait_for(f, pfn) : read_in(f, n);
}

/* A space that has an entry for the page, or may have since some of its nodes are out; to be held.
 */
struct holder {
    uint32_t slot;
    vaddr_t va;
    const void *family;
    struct as *as;
};

static void look_for_holder(struct as *as, void *arg)
{
    struct holder *h = arg;
    pte_t e;

    if (h->as || as->family != h->family)
        return;
    e = pt_get(as, h->va);
    if (as->out || (pte_state(e) == PTE_SWAPPED && pte_pfn(e) == h->slot)) {
        h->as = as;
        as_ref(as);
    }
}

/* One fault, as it were, for what an entry of somebody's names; as->lock held. */
static int bring(struct as *as, vaddr_t va)
{
    struct fault f = {.as = as, .va = va, .access = PROT_READ};
    int error = as_all_nodes(as);

    if (error)
        return error;
    f.seg = as_find(as, va);
    f.pte = pt_get(as, va);
    error = f.seg && pte_state(f.pte) == PTE_SWAPPED ? private_swapped(&f) : 0;
    return error == FAULT_RETRY ? 0 : error;
}

/* An entry that names the slot names a frame afterwards. */
static int bring_one(uint32_t slot, const struct swap_slot_info *info)
{
    struct holder h = {.slot = slot, .va = page_addr(info->index), .family = info->owner};
    int error;

    as_for_each(look_for_holder, &h);
    if (!h.as) {
        frame_nap(); /* it is just ending, or being copied */
        return 0;
    }
    rwlock_read(&h.as->lock);
    error = h.as->pt ? bring(h.as, h.va) : 0;
    rwlock_read_done(&h.as->lock);
    as_unref(h.as);
    return error == -ENOMEM && pageout_wait() ? 0 : error;
}

/* The page of an object that the slot holds is the only copy again. */
static int bring_object(uint32_t slot)
{
    uint32_t page;
    struct obj *o = swap_obj_hold(slot, &page);
    int error = o ? obj_bring_back(o, page) : 0;

    if (o)
        obj_unref(o);
    else
        frame_nap(); /* it is just ending */
    return error == -ENOMEM && pageout_wait() ? 0 : error == -EINVAL ? 0 : error;
}

/* Until nobody's page is in the slot. */
static int bring_slot(uint32_t slot)
{
    struct swap_slot_info info;
    int error = 0;

    while (!error && swap_slot(slot, &info) && info.owner) {
        if (info.type == FRAME_OBJ)
            error = bring_object(slot);
        else if (info.count)
            error = bring_one(slot, &info);
        else if (!swap_disown(slot))
            frame_nap(); /* it is being written */
        if (thread_interrupted())
            error = -EINTR;
        preempt_point();
    }
    return error;
}

/* What can't be read does not keep the others from coming back. */
int swap_bring_back(uint32_t first, uint32_t n)
{
    int error = 0, lost = 0;

    for (uint32_t slot = first; slot < first + n && !error; slot++) {
        error = bring_slot(slot);
        if (error == -EIO) {
            lost = error;
            error = 0;
        }
    }
    return error ? error : lost;
}
