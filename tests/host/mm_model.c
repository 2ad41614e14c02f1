/* SPDX-License-Identifier: MIT */
#include "tests/host/mm_model.h"

#include "mm/rmap.h"
#include "mm/swap_impl.h"

const uint16_t watched[WATCHED] = {0, 1023, 2048, 4095};
struct space spaces[SPACES];
struct obj *files[OBJECTS];
uint32_t file_pages[OBJECTS] = {40, 300, 900, 60, 700, 200};
bool dirty[FILES][900];
bool resizing, swapping;
uint8_t contents[OBJECTS][900][WATCHED];
vaddr_t va_of(unsigned i)
{
    if (i < WINDOW)
        return WINDOW_BASE + page_addr(i);
    if (i < STACK_FIRST)
        return HEAP_BASE + page_addr(i - WINDOW);
    return STACK_TOP - page_addr(PAGES - i);
}

unsigned index_of(vaddr_t va)
{
    if (va - WINDOW_BASE < page_addr(WINDOW))
        return page_of(va - WINDOW_BASE);
    if (va - HEAP_BASE < page_addr(HEAP))
        return WINDOW + page_of(va - HEAP_BASE);
    if (va - (STACK_TOP - page_addr(STACK)) < page_addr(STACK))
        return PAGES - page_of(STACK_TOP - page_base(va));
    return PAGES;
}

uint8_t *bytes_of(struct page *p)
{
    return p->file && !p->written ? contents[p->file - 1][p->file_page] : p->byte;
}

uint8_t *written_bytes(struct page *p)
{
    if (p->file && !p->shared && !p->written)
        memcpy(p->byte, bytes_of(p), sizeof(p->byte));
    p->written = !p->shared;
    if (p->shared && p->file <= FILES)
        dirty[p->file - 1][p->file_page] = true;
    return bytes_of(p);
}

struct page fresh_page(prot_t prot, prot_t maxprot, unsigned file, uint32_t file_page)
{
    struct page p = {.mapped = 1,
                     .prot = (uint8_t)prot,
                     .maxprot = (uint8_t)maxprot,
                     .committed = (prot & PROT_WRITE) != 0,
                     .file = (uint8_t)file,
                     .file_page = file ? file_page : 0};

    return p;
}

bool beyond_end(const struct page *p)
{
    return p->file && p->file_page >= file_pages[p->file - 1];
}

bool allows(prot_t prot, prot_t access)
{
    return access == PROT_READ ? prot != PROT_NONE : (prot & access) != 0;
}

static bool same_kind(const struct seg *a, const struct seg *b)
{
    return a->ops == b->ops && a->obj == b->obj && a->prot == b->prot && a->maxprot == b->maxprot &&
           a->flags == b->flags && (!a->obj || a->obj_page + a->npages == b->obj_page);
}

/* A page of a segment is what the model says. */
static void compare_page(const struct seg *s, vaddr_t va, const struct page *p)
{
    assert_true(p->mapped);
    assert_int_equal(s->prot, p->prot);
    assert_int_equal(s->maxprot, p->maxprot);
    assert_int_equal(s->flags,
                     p->flags | (p->committed ? SEG_COMMITTED : 0) | (p->shared ? SEG_SHARED : 0));
    assert_ptr_equal(s->obj, p->file ? files[p->file - 1] : NULL);
    assert_ptr_equal(s->ops, p->shared ? &seg_shared : p->file ? &seg_vn : &seg_anon);
    if (p->file)
        assert_int_equal(seg_obj_page(s, va), p->file_page);
}

static void compare_segments(const struct space *sp)
{
    const struct seg *last = NULL;
    unsigned pages = 0, segs = 0, mapped = 0;

    tree_for_each (it, &sp->as->segs) {
        const struct seg *s = container_of(it, struct seg, by_addr);

        for (vaddr_t va = s->base; va < seg_end(s); va += PAGE_SIZE, pages++) {
            assert_int_not_equal(index_of(va), PAGES);
            compare_page(s, va, &sp->page[index_of(va)]);
        }
        if (last && seg_end(last) == s->base && same_kind(last, s))
            fail_msg("segments at %lx and %lx did not merge", (long)last->base, (long)s->base);
        assert_ptr_equal(as_find(sp->as, seg_end(s) - 1), s);
        last = s;
        segs++;
    }
    for (unsigned i = 0; i < PAGES; i++)
        mapped += sp->page[i].mapped;
    assert_int_equal(pages, mapped);
    assert_int_equal(segs, sp->as->nsegs);
    assert_int_equal(sp->as->brk, sp->brk);
}

/* The entry of va; where its node is out, what the node will have there. */
static pte_t entry_of(const struct as *as, vaddr_t va)
{
    const struct node *n = pt_node(as->pt, va);
    struct swap_slot_info info;

    for (uint32_t slot = n ? NO_SLOT : as->out; slot; slot = swap_next_out(slot))
        if (swap_slot(slot, &info) && info.index == page_of(va))
            return pte_make(PTE_SWAPPED, slot, 0);
    return n ? n->pte[node_index(va)] : (pte_t){0};
}

/* What the page table holds is what a program would read; what it does not hold was not written. */
static void compare_contents(struct space *sp)
{
    for (unsigned i = 0; i < PAGES; i++) {
        pte_t e = entry_of(sp->as, va_of(i));
        struct page *p = &sp->page[i];
        const uint8_t *bytes;

        if (pte_is_none(e)) {
            assert_false(p->written);
            continue;
        }
        assert_true(p->mapped);
        bytes = pte_in_core(e) ? pfn_to_virt(pte_pfn(e)) : swapped_bytes(pte_pfn(e));
        for (unsigned k = 0; k < WATCHED; k++)
            assert_int_equal(bytes[watched[k]], bytes_of(p)[k]);
    }
}

void compare(struct space *sp)
{
    for (unsigned slot = 0; slot < ARRAY_SIZE(sp->as->pt->node); slot++)
        assert_true(!sp->as->pt->node[slot] || node_live(sp->as->pt->node[slot]) || resizing ||
                    swapping);
    compare_segments(sp);
    compare_contents(sp);
}

unsigned entries_of(pfn_t pfn)
{
    unsigned count = 0;

    for (unsigned s = 0; s < SPACES; s++)
        for (unsigned i = 0; spaces[s].as && i < PAGES; i++)
            count += pte_in_core(pt_get(spaces[s].as, va_of(i))) &&
                     pte_pfn(pt_get(spaces[s].as, va_of(i))) == pfn;
    return count;
}

/* The audit, and what it does not know: private frames that nobody has, the way back. */
void check_all(void)
{
    assert_int_equal(fake_check(), 0);
    for (pfn_t pfn = direct_map.first; pfn < direct_map.end; pfn++) {
        enum frame_type type;
        uint32_t untouched;
        struct frame *f = frame_group_untouched(pfn, &untouched, &type) ? NULL : frame_of(pfn);

        if (f && frame_type(f) == FRAME_ANON && !f->users)
            fail_msg("frame %x is private and nobody's", pfn);
        if (f && (frame_type(f) == FRAME_ANON || (frame_type(f) == FRAME_OBJ && f->users)) &&
            testing_below(512) == 0)
            assert_int_equal(rmap_for_each(pfn, NULL, NULL), entries_of(pfn));
    }
    for (unsigned s = 0; s < SPACES; s++)
        if (spaces[s].as)
            compare(&spaces[s]);
}
