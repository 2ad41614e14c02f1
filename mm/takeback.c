/* SPDX-License-Identifier: MIT
 *
 * Taking back what the hardware was told. The page table stays as it is: the next touch is a fault
 * that finds its entry, "reclaim".
 * Locks: as->lock for reading, node locks; of a frame, none but those of the sets that lead to its
 * entries, since all threads stand still.
 */
#include "mm/takeback.h"

#include "include/uapi/errno.h"
#include "mm/rmap.h"

void as_forget(struct as *as)
{
    rwlock_read(&as->lock);
    for (vaddr_t va = 0; va < USER_END; va += NODE_SPAN) {
        struct node *n = pt_lock_node(as, va);

        if (n) {
            hat_unload(&as->hat, n, va, NODE_PAGES);
            node_unlock(n);
        }
        preempt_point();
    }
    rwlock_read_done(&as->lock);
}

static void look_at(struct as *as, vaddr_t va, void *arg)
{
    struct node *n = pt_lock_node(as, va);
    struct page_use *use = arg;
    pfn_t pfn;
    prot_t prot = hat_probe(n, node_index(va), &pfn);

    use->entries++;
    use->loaded += prot != PROT_NONE;
    use->writable += (prot & PROT_WRITE) != 0;
    node_unlock(n);
}

static void unload(struct as *as, vaddr_t va, void *arg)
{
    struct node *n = pt_lock_node(as, va);

    (void)arg;
    hat_unload(&as->hat, n, va, 1);
    node_unlock(n);
}

int page_probe(pfn_t pfn, bool take_back, struct page_use *use)
{
    struct frame *f = frame_find(pfn);

    *use = (struct page_use){0};
    if (!f ||
        (frame_type(f) != FRAME_OBJ && frame_type(f) != FRAME_ANON &&
         frame_type(f) != FRAME_SWAP) ||
        !frame_owner(f))
        return -EINVAL;
    use->dirty = f->flags & FRAME_DIRTY;
    rmap_for_each(pfn, look_at, use);
    if (take_back)
        rmap_for_each(pfn, unload, NULL);
    return 0;
}
