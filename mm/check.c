/* SPDX-License-Identifier: MIT
 *
 * The audit. Users are recounted in place: every entry found takes one user from its frame, so that
 * what is left at the end is wrong; then all are given back. A node is marked BUSY while it is
 * known to have been visited. Needs no memory and no lock: the caller has stopped the machine.
 * Source: the laws of docs/ARCHITECTURE.md.
 */
#include "mm/check_impl.h"

#include <stdarg.h>

#include "lib/fmt.h"
#include "mm/obj.h"
#include "mm/obj_anon.h"
#include "mm/refs.h"
#include "mm/slab.h"

void finding(struct audit *a, const char *format, ...)
{
    char line[128];
    va_list ap;

    va_start(ap, format);
    fmt_vsnprint(line, sizeof(line), format, ap);
    va_end(ap);
    a->errors++;
    a->report(a->arg, line);
}

/* Visits the address space's nodes. */
static void for_each_node(struct as *as,
                          void (*visit)(struct as *, unsigned, struct node *, void *), void *arg)
{
    for (unsigned slot = 0; slot < ARRAY_SIZE(as->pt->node); slot++)
        if (as->pt->node[slot])
            visit(as, slot, as->pt->node[slot], arg);
}

/* An entry in core: its frame is what it should be, and the hardware permits no more. */
static void check_entry(struct audit *a, struct as *as, struct node *n, vaddr_t va)
{
    unsigned i = node_index(va);
    pte_t e = n->pte[i];
    struct seg *s = as_find(as, va);
    pfn_t hat_pfn = NO_PFN;
    prot_t hat = hat_probe(n, i, &hat_pfn);
    struct frame *f = frame_of(pte_pfn(e));

    if (!s) {
        finding(a, "page %08lx is resident but in no segment", (unsigned long)va);
        return;
    }
    if (frame_type(f) != FRAME_OBJ && frame_type(f) != FRAME_ANON && frame_type(f) != FRAME_ZERO &&
        frame_type(f) != FRAME_SWAP)
        finding(a, "page %08lx names frame %x, which is %s", (unsigned long)va, pte_pfn(e),
                frame_type_name(frame_type(f)));
    if ((frame_type(f) == FRAME_ANON || frame_type(f) == FRAME_SWAP) &&
        (frame_owner(f) != as->family || f->index != page_of(va)))
        finding(a, "page %08lx names frame %x of another page", (unsigned long)va, pte_pfn(e));
    if (frame_type(f) == FRAME_OBJ && (frame_owner(f) != s->obj || f->index != seg_obj_page(s, va)))
        finding(a, "page %08lx names frame %x of another file page", (unsigned long)va, pte_pfn(e));
    if (frame_type(f) != FRAME_ANON && !(e.raw & (PTE_COW | PTE_SHARED)))
        finding(a, "page %08lx: frame %x could be written", (unsigned long)va, pte_pfn(e));
    if (!(e.raw & PTE_SHARED) != !(s->flags & SEG_SHARED) ||
        (e.raw & PTE_SHARED && (frame_type(f) != FRAME_OBJ || e.raw & PTE_COW)))
        finding(a, "page %08lx: frame %x is not shared as its segment is", (unsigned long)va,
                pte_pfn(e));
    if (hat && (hat_pfn != pte_pfn(e) || hat_is_device(n, i)))
        finding(a, "page %08lx: hardware has frame %x, page table %x", (unsigned long)va, hat_pfn,
                pte_pfn(e));
    if (hat & PROT_WRITE && !(f->flags & FRAME_DIRTY))
        finding(a, "page %08lx: frame %x can be written and is not dirty", (unsigned long)va,
                pte_pfn(e));
    if (hat & PROT_WRITE && (!pte_own(e, n) || !(s->prot & PROT_WRITE)))
        finding(a, "page %08lx: hardware permits writing", (unsigned long)va);
    if (hat & PROT_EXEC && !(s->prot & PROT_EXEC))
        finding(a, "page %08lx: hardware permits executing", (unsigned long)va);
    if (hat && s->prot == PROT_NONE)
        finding(a, "page %08lx: hardware permits reading", (unsigned long)va);
}

/* A device's page: the segment's own, no RAM, and the hardware permits no more than the segment. */
static void check_device(struct audit *a, struct as *as, struct node *n, vaddr_t va)
{
    unsigned i = node_index(va);
    pfn_t pfn = pte_pfn(n->pte[i]), hat_pfn = NO_PFN;
    struct seg *s = as_find(as, va);
    prot_t hat = hat_probe(n, i, &hat_pfn);

    if (!s || s->ops != &seg_dev || pfn != seg_obj_page(s, va)) {
        finding(a, "page %08lx names device page %x, which is not its segment's", (unsigned long)va,
                pfn);
        return;
    }
    if (pfn >= direct_map.first && pfn < direct_map.end)
        finding(a, "page %08lx names device page %x, which is memory", (unsigned long)va, pfn);
    if (hat && (hat_pfn != pfn || !hat_is_device(n, i)))
        finding(a, "page %08lx: hardware has frame %x, page table device page %x",
                (unsigned long)va, hat_pfn, pfn);
    if (hat & PROT_EXEC || hat & PROT_WRITE & ~s->prot || (hat && s->prot == PROT_NONE))
        finding(a, "page %08lx: hardware permits more of a device", (unsigned long)va);
}

/* The entries of a node that is where it belongs. */
static void check_entries(struct audit *a, struct as *as, struct node *n, vaddr_t base)
{
    uint32_t live = 0;

    for (unsigned i = 0; i < NODE_PAGES; i++) {
        pfn_t pfn;

        if (!pte_is_none(n->pte[i]))
            live++;
        if (pte_in_core(n->pte[i]))
            check_entry(a, as, n, base + page_addr(i));
        else if (pte_state(n->pte[i]) == PTE_DEVICE)
            check_device(a, as, n, base + page_addr(i));
        else if (pte_state(n->pte[i]) == PTE_SWAPPED)
            check_swapped(a, as, base + page_addr(i), n->pte[i]);
        if (!pte_in_core(n->pte[i]) && pte_state(n->pte[i]) != PTE_DEVICE && hat_probe(n, i, &pfn))
            finding(a, "page %08lx is not resident but in the hardware",
                    (unsigned long)(base + page_addr(i)));
    }
    if (live != node_live(n))
        finding(a, "node %x counts %u entries and has %u", node_pfn(n), node_live(n), live);
}

/* What is to be right for each root that names the node. */
static void check_slot(struct audit *a, struct as *as, unsigned slot, struct node *n)
{
    struct frame *nf = frame_of(node_pfn(n));
    vaddr_t base = (vaddr_t)slot << NODE_SHIFT;
    struct seg *s = as_find_above(as, base);

    if (frame_type(nf) != FRAME_NODE || nf->index >> 12 != page_of(base))
        finding(a, "slot %u names frame %x, which is not its node", slot, node_pfn(n));
    if (!s || s->base >= base + NODE_SPAN)
        finding(a, "slot %u has node %x and no segment", slot, node_pfn(n));
}

/* Adds delta to the users of the pages in a node; how many entries name one. */
static uint32_t count_entries(struct node *n, int delta)
{
    uint32_t resident = 0;

    for (unsigned i = 0; i < NODE_PAGES; i++) {
        pte_t e = n->pte[i];

        if (pte_state(e) == PTE_SWAPPED)
            swap_count_entry(e, delta);
        if (!pte_in_core(e) || pte_pfn(e) == frame_zero_page())
            continue;
        resident++;
        frame_of(pte_pfn(e))->users = (uint16_t)(frame_of(pte_pfn(e))->users + delta);
    }
    return resident;
}

/* Entries are looked at for the first root alone: sharers agree about all of them (pt.c), and many
 * processes may share many nodes. */
static void take_node(struct as *as, unsigned slot, struct node *n, void *arg)
{
    struct audit *a = arg;
    struct frame *nf = frame_of(node_pfn(n));
    uint32_t resident;

    check_slot(a, as, slot, n);
    if (!(nf->flags & FRAME_BUSY)) {
        check_entries(a, as, n, (vaddr_t)slot << NODE_SHIFT);
        resident = count_entries(n, -1);
        if (resident != node_resident(n))
            finding(a, "node %x counts %u resident pages and has %u", node_pfn(n), node_resident(n),
                    resident);
        nf->flags |= FRAME_BUSY;
    }
    nf->users--;
}

static void take_users(struct as *as, void *arg)
{
    for_each_node(as, take_node, arg);
    check_count_out(as, -1);
}

static void give_node(struct as *as, unsigned slot, struct node *n, void *arg)
{
    struct frame *nf = frame_of(node_pfn(n));

    (void)as;
    (void)slot;
    (void)arg;
    nf->users++;
    if (!(nf->flags & FRAME_BUSY))
        return;
    nf->flags &= (uint16_t)~FRAME_BUSY;
    count_entries(n, 1);
}

static void give_users(struct as *as, void *arg)
{
    for_each_node(as, give_node, arg);
    check_count_out(as, 1);
}

static void check_segs(struct as *as, void *arg)
{
    struct audit *a = arg;
    vaddr_t end = USER_MIN;
    uint32_t committed = 0;

    tree_for_each (it, &as->segs) {
        struct seg *s = container_of(it, struct seg, by_addr);

        if (s->base < end || s->npages == 0 || seg_end(s) > USER_END)
            finding(a, "segment at %08lx overlaps its neighbour", (unsigned long)s->base);
        if (s->by_addr.own != (s->base >= as->mmap_top ? 0 : page_of(s->base - end)))
            finding(a, "segment at %08lx has a wrong gap", (unsigned long)s->base);
        if (s->prot & ~s->maxprot)
            finding(a, "segment at %08lx permits more than its most", (unsigned long)s->base);
        if (!(s->flags & SEG_DEVICE) != (s->ops != &seg_dev) ||
            (s->flags & SEG_DEVICE && (!(s->flags & SEG_SHARED) || s->maxprot & PROT_EXEC)))
            finding(a, "segment at %08lx is not a device's", (unsigned long)s->base);
        if (s->flags & SEG_COMMITTED)
            committed += s->npages;
        end = seg_end(s);
    }
    if (committed != as->committed)
        finding(a, "an address space counts %u committed pages and has %u", as->committed,
                committed);
    a->committed += committed;
    check_out(a, as);
}

/* Shows every frame but those of groups that nobody touched yet. */
static void for_each_frame(struct audit *a,
                           void (*look)(struct audit *a, pfn_t pfn, struct frame *f))
{
    enum frame_type type;
    uint32_t count;

    for (pfn_t pfn = direct_map.first; pfn < direct_map.end; pfn += count) {
        if (frame_group_untouched(pfn, &count, &type))
            continue;
        frame_find(pfn); /* makes the group's entries */
        for (uint32_t i = 0; i < count; i++)
            look(a, pfn + i, frame_of(pfn + i));
    }
}

/* After every entry took its user away, nobody may be left. */
static void check_frame(struct audit *a, pfn_t pfn, struct frame *f)
{
    if (f->users)
        finding(a, "frame %x (%s) has %d users too many", pfn, frame_type_name(frame_type(f)),
                (int)(int16_t)f->users);
    if (frame_type(f) == FRAME_OBJ && obj_check_frame(pfn))
        finding(a, "frame %x is not in its object's lists", pfn);
    if (frame_type(f) == FRAME_SWAP)
        check_swap_frame(a, pfn);
    if (f->flags & (FRAME_BUSY | FRAME_WRITING) && frame_type(f) != FRAME_NODE)
        finding(a, "frame %x (%s) is busy", pfn, frame_type_name(frame_type(f)));
    if (frame_type(f) == FRAME_NODE && !(f->flags & FRAME_BUSY))
        finding(a, "node %x belongs to no address space", pfn);
}

/* After the users are back: cached pages without users. */
static void count_cached(struct audit *a, pfn_t pfn, struct frame *f)
{
    (void)pfn;
    a->cached += f->users == 0 && frame_is_cache(f);
}

int mm_check(void (*report)(void *arg, const char *what), void *arg)
{
    struct audit a = {.report = report, .arg = arg};
    int64_t free_frames = frame_count_free();

    if (free_frames != (int64_t)frame_stats().free)
        finding(&a, "free list: %d frames found, %u counted", (int)free_frames, frame_stats().free);
    as_for_each(check_segs, &a);
    a.committed += obj_anon_committed() + refs_committed();
    if (a.committed != as_committed())
        finding(&a, "%u pages committed, %u found", as_committed(), a.committed);
    as_for_each(take_users, &a);
    for_each_frame(&a, check_frame);
    check_slots(&a);
    as_for_each(give_users, &a);
    for_each_frame(&a, count_cached);
    if (a.cached != frame_stats().cache)
        finding(&a, "%u cached pages counted, %u found", frame_stats().cache, a.cached);
    a.errors += slab_check(report, arg);
    return a.errors;
}
