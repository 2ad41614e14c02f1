/* SPDX-License-Identifier: MIT
 *
 * Taking page-table nodes without resident entries, and whole address spaces of those who sleep.
 * Locks: as->lock is only tried for, as its holder may be waiting for page-out.
 */
#include "kern/lock.h"
#include "mm/check.h"
#include "mm/evict_impl.h"

static struct evict_space_stats stats;

struct evict_space_stats evict_space_stats(void)
{
    return stats;
}

enum page_look look_node(pfn_t pfn)
{
    const struct frame *f = frame_of(pfn);
    const struct node *n = pfn_to_virt(pfn);

    return frame_count(f) == 1 && node_live(n) && !node_resident(n) ? PAGE_IDLE : PAGE_NOT;
}

/* The node of va, unless a fork, or who works in the space, goes on with it. */
static bool take_node(struct as *as, vaddr_t va)
{
    bool taken = false;

    if (__atomic_load_n(&as->forking, __ATOMIC_ACQUIRE) ||
        __atomic_load_n(&as->keeps_nodes, __ATOMIC_ACQUIRE) || !rwlock_trywrite(&as->lock))
        return false;
    if (as->pt)
        taken = pt_take_out(as, va);
    rwlock_write_done(&as->lock);
    stats.nodes += taken;
    return taken;
}

/* Whose the node is; or, without one, the space at `as`, which may be anything. */
struct search {
    const struct node *node;
    vaddr_t va;
    const struct as *wanted;
    struct as *found;
};

static void look_for_owner(struct as *as, void *arg)
{
    struct search *s = arg;

    if (s->found)
        return;
    spin_lock(&as->pt_lock);
    if (s->node ? as->pt && pt_node(as->pt, s->va) == s->node : as == s->wanted) {
        as_ref(as);
        s->found = as;
    }
    spin_unlock(&as->pt_lock);
}

unsigned evict_node(pfn_t pfn)
{
    struct search s = {.node = pfn_to_virt(pfn)};
    bool taken;

    s.va = page_addr(frame_of(pfn)->index >> 12);
    if (s.va >= USER_END)
        return 0;
    as_for_each(look_for_owner, &s);
    if (!s.found)
        return 0;
    taken = take_node(s.found, s.va);
    as_unref(s.found);
    return taken;
}

/* Entries of one block, locked and unlocked; what went, or -1: there is no node of its own. */
static int take_entries(struct as *as, vaddr_t va)
{
    struct node *n = pt_lock_node(as, va);
    unsigned first = node_index(va), taken = 0;

    if (!n)
        return -1;
    if (node_shared(n)) {
        node_unlock(n);
        return -1;
    }
    if (node_groups(n) >> first / NODE_GROUP & 1)
        for (unsigned i = first; i < first + NODE_GROUP; i++)
            taken += evict_entry(as, n, i);
    node_unlock(n);
    if (launder_is_full())
        launder_flush();
    return (int)taken;
}

unsigned evict_space(const struct as *who)
{
    struct search s = {.wanted = who};
    unsigned all = 0;

    as_for_each(look_for_owner, &s);
    if (!s.found)
        return 0;
    for (vaddr_t va = 0; va < USER_END; va = (va | (NODE_SPAN - 1)) + 1) {
        int taken = 0;

        for (unsigned i = 0; i < NODE_PAGES && taken >= 0; i += NODE_GROUP) {
            taken = take_entries(s.found, va + page_addr(i));
            all += (unsigned)MAX(taken, 0);
        }
        if (taken >= 0)
            all += take_node(s.found, va);
        preempt_point();
    }
    launder_flush();
    as_unref(s.found);
    stats.spaces += all > 0;
    return all;
}
