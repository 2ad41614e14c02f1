/* SPDX-License-Identifier: MIT
 *
 * Page-table nodes that are out. What is swapped says itself whose page it is: so a node all of
 * whose entries name slots is kept as a list of these, through the swap map, and takes no memory
 * and no transfer. An address space has one such list, in which each node's slots stand together;
 * the last slot names itself. A slot can be in one list only: of kin that share it, one has its
 * node out. Locks: pt_lock for the list, (w) inside it for the links.
 */
#include "mm/as.h"
#include "mm/swap_impl.h"

static uint32_t next_of(const struct slot *s)
{
    return s->chain >> 12;
}

static void set_next(struct slot *s, uint32_t next)
{
    s->chain = next << 12 | slot_count(s);
}

uint32_t swap_next_out(uint32_t slot)
{
    uint32_t next = next_of(swap_record(slot));

    return next == slot ? NO_SLOT : next;
}

/* Nothing was written there, and a read finds zeroes without it. */
static bool is_zero(pte_t e)
{
    return pte_in_core(e) && pte_pfn(e) == frame_zero_page();
}

/* (w) held. */
static bool can_go(const struct node *n)
{
    bool can = true;

    node_for_each (i, n) {
        pte_t e = n->pte[i];

        if (pte_is_none(e))
            continue;
        can &= !(e.raw & PTE_WIRED);
        can &= is_zero(e) || (pte_state(e) == PTE_SWAPPED && !next_of(swap_record(pte_pfn(e))));
    }
    return can;
}

static void push(uint32_t *list, uint32_t slot)
{
    set_next(swap_record(slot), *list ? *list : slot);
    *list = slot;
}

static uint32_t pop(uint32_t *list)
{
    uint32_t slot = *list;

    *list = swap_next_out(slot);
    set_next(swap_record(slot), 0);
    return slot;
}

bool swap_out_node(struct as *as, struct node *n)
{
    bool can, any = false;

    swap_lock();
    can = can_go(n);
    if (can) {
        node_for_each (i, n) {
            if (pte_state(n->pte[i]) == PTE_SWAPPED) {
                push(&as->out, pte_pfn(n->pte[i]));
                as->entries_out++;
                any = true;
            }
        }
    }
    swap_unlock();
    as->nodes_out += any;
    if (can)
        node_for_each (i, n)
            if (is_zero(n->pte[i]))
                frame_unuse(pte_pfn(n->pte[i]));
    return can;
}

vaddr_t swap_first_out(const struct as *as)
{
    return page_addr(swap_record(as->out)->index);
}

void swap_in_node(struct as *as, struct node *n)
{
    unsigned node = node_slot(swap_first_out(as));
    int entries = 0;

    swap_lock();
    while (as->out && node_slot(swap_first_out(as)) == node) {
        unsigned i = node_index(swap_first_out(as));

        pt_set(n, i, pte_make(PTE_SWAPPED, pop(&as->out), 0));
        entries++;
    }
    swap_unlock();
    node_count_zeroes(n, entries);
    as->entries_out -= (uint32_t)entries;
    as->nodes_out--;
}

void swap_drop_out_of(struct as *as, vaddr_t va, unsigned count)
{
    uint32_t list = as->out, kept = NO_SLOT, gone = NO_SLOT;
    bool there = false, left = false;

    swap_lock();
    while (list) {
        uint32_t page = swap_record(list)->index;
        bool goes = page - page_of(va) < count;

        there |= goes;
        left |= !goes && node_slot(page_addr(page)) == node_slot(va);
        as->entries_out -= goes;
        push(goes ? &gone : &kept, pop(&list));
    }
    __atomic_store_n(&as->out, kept, __ATOMIC_RELAXED); /* never 0 in between: faults look */
    as->nodes_out -= there && !left;
    swap_unlock();
    while (gone) {
        swap_lock();
        list = pop(&gone);
        swap_unlock();
        swap_unuse(list);
    }
}

void swap_drop_out(struct as *as)
{
    uint32_t slot;

    do {
        slot = NO_SLOT;
        spin_lock(&as->pt_lock);
        if (as->out) {
            swap_lock();
            slot = pop(&as->out);
            as->entries_out--;
            swap_unlock();
        }
        spin_unlock(&as->pt_lock);
        if (slot)
            swap_unuse(slot);
        preempt_point();
    } while (slot);
    as->nodes_out = 0;
}
