/* SPDX-License-Identifier: MIT
 *
 * Counts what an address space takes of the kernel's memory. Objects are marked with the number of
 * the count, so that one that several segments map counts once.
 * Locks: count.lock, sleeping, one count at a time, above as->lock for reading; pt_lock for nodes.
 */
#include "mm/as_cost.h"

#include "mm/obj.h"

static struct {
    struct mutex lock;
    uint32_t number; /* (lock) of this count; never 0, which an object has that no count met */
} count = {.lock = MUTEX_INIT(count.lock, LOCK_COST)};

static uint32_t count_objects(const struct as *as)
{
    uint32_t found = 0;

    count.number = MAX(count.number + 1, 1u);
    tree_for_each (it, &as->segs) {
        struct obj *o = container_of(it, struct seg, by_addr)->obj;

        if (o && o->counted != count.number)
            found++;
        if (o)
            o->counted = count.number;
        preempt_point();
    }
    return found;
}

static void count_nodes(struct as *as, struct as_cost *cost)
{
    spin_lock(&as->pt_lock);
    for (unsigned slot = 0; slot < ARRAY_SIZE(as->pt->node); slot++) {
        const struct node *n = as->pt->node[slot];

        cost->nodes.count += n != NULL;
        cost->nodes_shared += n && node_shared(n);
    }
    cost->frames.count = as_resident_locked(as);
    spin_unlock(&as->pt_lock);
}

void as_cost(struct as *as, struct as_cost *cost)
{
    *cost = (struct as_cost){
        .space = {0, sizeof(struct as) + sizeof(struct root) + PAGE_SIZE},
        .segs = {0, sizeof(struct seg)},
        .objects = {0, sizeof(struct obj)},
        .nodes = {0, sizeof(struct node)},
        .frames = {0, sizeof(struct frame)},
    };
    mutex_lock(&count.lock);
    rwlock_read(&as->lock);
    if (as->pt) {
        cost->space.count = 1;
        cost->segs.count = as->nsegs;
        cost->objects.count = count_objects(as);
        count_nodes(as, cost);
    }
    rwlock_read_done(&as->lock);
    mutex_unlock(&count.lock);
}
