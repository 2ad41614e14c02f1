/* SPDX-License-Identifier: MIT
 *
 * hat=chaos of the fake HAT: with fake_chaos faults lose translations at random.
 */
#include "kern/lock.h"
#include "mm/as.h"
#include "tests/host/fake_hat.h"

static uint32_t chaos_random(void)
{
    static uint32_t state = 1;
    uint32_t x = __atomic_add_fetch(&state, 0x9e3779b9u, __ATOMIC_RELAXED);

    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/* fake_chaos is set at any time. */
bool hat_is_chaotic(void)
{
    return true;
}

bool hat_chaos(struct as *as, vaddr_t pc)
{
    (void)pc;
    if (!fake_chaos || chaos_random() % 4)
        return false;
    rwlock_read(&as->lock);
    spin_lock(&as->pt_lock);
    for (unsigned slot = 0; slot < ARRAY_SIZE(as->pt->node); slot++) {
        struct node *n = pt_node(as->pt, (vaddr_t)slot << NODE_SHIFT);
        unsigned first = chaos_random() % NODE_PAGES;

        if (n) {
            node_lock(n);
            hat_unload(&as->hat, n, ((vaddr_t)slot << NODE_SHIFT) + page_addr(first),
                       NODE_PAGES - first);
            node_unlock(n);
        }
    }
    spin_unlock(&as->pt_lock);
    rwlock_read_done(&as->lock);
    return chaos_random() % 8 == 0;
}
