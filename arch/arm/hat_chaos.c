/* SPDX-License-Identifier: MIT
 *
 * hat=chaos: translations are thrown away at random, so that whatever relies on one is found out.
 * Locks: as->lock for reading, node locks.
 */
#include "arch/arm/mmu.h"
#include "kern/lock.h"
#include "mm/as.h"
#include "proc/thread.h"

static uint32_t seed = 1;

void chaos_seed(uint32_t random)
{
    seed = random | 1;
}

static uint32_t chaos_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* Throws a random run of translations of a random node away. */
static void chaos_unload(struct as *as)
{
    unsigned slot = chaos_random() % (USER_END >> NODE_SHIFT);
    unsigned first = chaos_random() % NODE_PAGES, count = chaos_random() % 64 + 1;

    rwlock_read(&as->lock);
    for (unsigned i = 0; i < USER_END >> NODE_SHIFT; i++, slot++) {
        vaddr_t va = (vaddr_t)(slot % (USER_END >> NODE_SHIFT)) << NODE_SHIFT;
        struct node *n = as->pt->node[node_slot(va)] ? pt_lock_node(as, va) : NULL;

        if (!n)
            continue;
        hat_unload(&as->hat, n, va | first << PAGE_SHIFT, MIN(count, NODE_PAGES - first));
        node_unlock(n);
        if (chaos_random() & 1)
            break;
    }
    rwlock_read_done(&as->lock);
}

bool chaos_throw(struct as *as, vaddr_t pc)
{
    struct thread *t = thread_current();

    t->chaos_count = t->chaos_pc == pc ? t->chaos_count + 1 : 0;
    t->chaos_pc = pc;
    if (t->chaos_count % 8 >= 3) /* not for good: a loop over pages faults at one pc, too */
        return false;
    if (chaos_random() % 4 == 0)
        chaos_unload(as);
    if (chaos_random() % 32 == 0)
        hat_flush(&as->hat);
    return chaos_random() % 16 == 0;
}
