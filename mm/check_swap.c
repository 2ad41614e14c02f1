/* SPDX-License-Identifier: MIT
 *
 * The audit of swap. As users of frames are, the counts of slots are recounted in place: each entry
 * found takes one away, none may be left, then all are given back.
 */
#include "mm/check_impl.h"

#include "mm/swap_impl.h"

void check_swapped(struct audit *a, struct as *as, vaddr_t va, pte_t e)
{
    struct swap_slot_info s;

    if (!swap_slot(pte_pfn(e), &s) || !s.owner)
        finding(a, "page %08lx names slot %x, which is free", (unsigned long)va, pte_pfn(e));
    else if (s.type != FRAME_ANON || s.owner != as->family || s.index != page_of(va))
        finding(a, "page %08lx names slot %x of another page", (unsigned long)va, pte_pfn(e));
    if (!as_find(as, va))
        finding(a, "page %08lx is swapped but in no segment", (unsigned long)va);
}

void check_swap_frame(struct audit *a, pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    struct swap_slot_info s;

    if (!swap_slot(frame_slot(f), &s) || s.pfn != pfn || s.owner != frame_owner(f) ||
        s.index != f->index)
        finding(a, "frame %x says that it is slot %x's", pfn, frame_slot(f));
}

void swap_count_entry(pte_t e, int delta)
{
    struct swap_slot_info s;

    if (swap_slot(pte_pfn(e), &s) && s.owner)
        swap_record(pte_pfn(e))->chain += (uint32_t)delta;
}

void check_out(struct audit *a, struct as *as)
{
    uint32_t nodes = 0, entries = 0, last = NO_SLOT;
    struct swap_slot_info s;

    for (uint32_t slot = as->out, left = swap_stats().total; slot; slot = swap_next_out(slot)) {
        if (!swap_slot(slot, &s) || left-- == 0) {
            finding(a, "the list of what is out is damaged at slot %x", slot);
            return;
        }
        check_swapped(a, as, page_addr(s.index), pte_make(PTE_SWAPPED, slot, 0));
        if (pt_node(as->pt, page_addr(s.index)))
            finding(a, "slot %x is out and its node is not", slot);
        nodes += node_slot(page_addr(s.index)) != last || slot == as->out;
        last = node_slot(page_addr(s.index));
        entries++;
    }
    if (nodes != as->nodes_out || entries != as->entries_out)
        finding(a, "%u nodes and %u entries are out, %u and %u counted", nodes, entries,
                as->nodes_out, as->entries_out);
}

void check_count_out(struct as *as, int delta)
{
    uint32_t left = swap_stats().total;

    for (uint32_t slot = as->out, next; slot && left--; slot = next) {
        next = swap_next_out(slot);
        swap_count_entry(pte_make(PTE_SWAPPED, slot, 0), delta);
    }
}

/* A slot, after every entry took its count away. */
static bool check_slot_use(struct audit *a, uint32_t slot)
{
    struct swap_slot_info s;

    if (!swap_slot(slot, &s) || !s.owner)
        return false;
    if (s.count != (s.type == FRAME_OBJ))
        finding(a, "slot %x counts %d entries too many", slot, (int)(s.count << 20) >> 20);
    if (s.pfn && (frame_type(frame_of(s.pfn)) != FRAME_SWAP || frame_slot(frame_of(s.pfn)) != slot))
        finding(a, "slot %x names frame %x, which is not its", slot, s.pfn);
    if (s.reading || s.writing)
        finding(a, "slot %x is at work", slot);
    return true;
}

void check_slots(struct audit *a)
{
    struct swap_area_info area;
    uint32_t used = 0;

    for (unsigned i = 0; i < SWAP_AREAS; i++) {
        uint32_t of_area = 0;

        if (!swap_area(i, &area))
            continue;
        for (uint32_t k = 0; k < area.pages; k++)
            of_area += check_slot_use(a, area.first + k);
        if (of_area != area.used)
            finding(a, "%s counts %u slots in use and has %u", area.name, area.used, of_area);
        used += of_area;
    }
    if (used != swap_stats().used)
        finding(a, "%u slots counted, %u found", swap_stats().used, used);
}
