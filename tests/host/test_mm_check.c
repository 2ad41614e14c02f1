/* SPDX-License-Identifier: MIT
 *
 * The audit is not blind: each law of mm_check is broken once, by a value changed in place, must be
 * reported in its own words, and holds again when the value is what it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mm/obj.h"
#include "mm/slab.h"
#include "tests/host/cpu.h"

#define BASE 0x10000000u /* anonymous memory, shared with a child but for its first page */
#define FILE 0x20000000u /* a private mapping of a file, read only so far */
#define BOTH 0x30000000u /* a shared one of the same file, written */
#define RW   (PROT_READ | PROT_WRITE)

static struct {
    struct as *as, *child;
    struct obj *file;
    void *small[2]; /* kernel allocations of one size; the second is free */
} world;

/* What was there before it was broken. */
static struct {
    void *at;
    size_t size;
    char bytes[8];
} was[8];
static unsigned nwas;

static void keep(void *at, size_t size)
{
    assert_true(nwas < ARRAY_SIZE(was) && size <= sizeof(was[0].bytes));
    was[nwas].at = at;
    was[nwas].size = size;
    memcpy(was[nwas++].bytes, at, size);
}

#define BREAK(place, value) (keep(&(place), sizeof(place)), (void)((place) = (value)))

static void mend(void)
{
    while (nwas > 0) {
        nwas--;
        memcpy(was[nwas].at, was[nwas].bytes, was[nwas].size);
    }
}

static char findings[16384];

static void note(void *arg, const char *what)
{
    size_t n = strlen(findings);

    (*(int *)arg)++;
    if (n + strlen(what) + 2 < sizeof(findings)) {
        strcpy(findings + n, what);
        strcat(findings, "\n");
    }
}

static int audit(void)
{
    int reported = 0, found;

    findings[0] = '\0';
    found = mm_check(note, &reported);
    assert_int_equal(found, reported);
    return found;
}

static struct node *node(vaddr_t va)
{
    return pt_node(world.as->pt, va);
}

static pte_t *entry(vaddr_t va)
{
    return &node(va)->pte[node_index(va)];
}

static uint32_t *hardware(vaddr_t va)
{
    return &node(va)->hat[node_index(va)];
}

static struct frame *frame_at(vaddr_t va)
{
    return frame_of(pte_pfn(*entry(va)));
}

static struct frame *node_frame(vaddr_t va)
{
    return frame_of(node_pfn(node(va)));
}

static struct seg *seg(vaddr_t va)
{
    return as_find(world.as, va);
}

static void no_segment(void)
{
    BREAK(seg(BASE)->npages, 2);
}

static void wrong_type(void)
{
    BREAK(entry(BASE)->raw, pte_make(PTE_RESIDENT, node_pfn(node(BASE)), PTE_COW).raw);
}

static void wrong_page(void)
{
    BREAK(frame_at(BASE)->index, frame_at(BASE)->index + 1);
}

static void wrong_family(void)
{
    BREAK(frame_at(BASE)->owner, kptr(world.file) | FRAME_ANON);
}

static void wrong_file_page(void)
{
    BREAK(entry(FILE)->raw, entry(FILE + PAGE_SIZE)->raw);
}

static void wrong_file(void)
{
    BREAK(seg(FILE)->obj, NULL);
}

static void file_without_cow(void)
{
    BREAK(entry(FILE)->raw, entry(FILE)->raw & ~PTE_COW);
}

static void wrong_translation(void)
{
    BREAK(*hardware(FILE), pte_pfn(*entry(FILE + PAGE_SIZE)) << PAGE_SHIFT | PROT_READ);
}

static void writable_cow(void)
{
    BREAK(*hardware(FILE), *hardware(FILE) | PROT_WRITE);
}

static void writable_in_shared_node(void)
{
    struct node *n = pt_node(world.child->pt, FILE);

    assert_true(node_shared(n));
    BREAK(n->pte[0].raw, n->pte[0].raw & ~PTE_COW);
    BREAK(n->hat[0], n->hat[0] | PROT_WRITE);
}

static void writable_by_nobody(void)
{
    BREAK(seg(BASE)->prot, PROT_READ);
}

static void writable_and_clean(void)
{
    BREAK(frame_at(BASE)->flags, frame_at(BASE)->flags & (uint16_t)~FRAME_DIRTY);
}

static void shared_writable_and_clean(void)
{
    BREAK(frame_at(BOTH)->flags, frame_at(BOTH)->flags & (uint16_t)~FRAME_DIRTY);
}

static void shared_in_private(void)
{
    BREAK(entry(FILE)->raw, (entry(FILE)->raw & ~PTE_COW) | PTE_SHARED);
}

static void private_in_shared(void)
{
    BREAK(entry(BOTH)->raw, (entry(BOTH)->raw & ~PTE_SHARED) | PTE_COW);
}

static void shared_and_cow(void)
{
    BREAK(entry(BOTH)->raw, entry(BOTH)->raw | PTE_COW);
}

static void shared_and_nobodys(void)
{
    BREAK(entry(BOTH)->raw, pte_make(PTE_RESIDENT, frame_zero_page(), PTE_SHARED).raw);
}

static void executable(void)
{
    BREAK(*hardware(BASE), *hardware(BASE) | PROT_EXEC);
}

static void readable_by_nobody(void)
{
    BREAK(seg(FILE)->prot, PROT_NONE);
}

static void wrong_node(void)
{
    BREAK(node_frame(BASE)->index, node_frame(BASE)->index ^ 0x1000);
}

static void hardware_alone(void)
{
    BREAK(*hardware(BASE + 7 * PAGE_SIZE), *hardware(BASE));
}

static void wrong_live(void)
{
    BREAK(node_frame(BASE)->index, node_frame(BASE)->index + 1);
}

static void wrong_resident(void)
{
    BREAK(node_frame(BASE)->links[1], node_frame(BASE)->links[1] + 1);
}

static void overlap(void)
{
    BREAK(seg(BASE + 8 * PAGE_SIZE)->base, BASE + 7 * PAGE_SIZE);
}

static void empty(void)
{
    BREAK(seg(BASE + 8 * PAGE_SIZE)->npages, 0);
}

static void wrong_gap(void)
{
    BREAK(seg(FILE)->by_addr.own, seg(FILE)->by_addr.own - 1);
}

static void too_permissive(void)
{
    BREAK(seg(FILE)->maxprot, 0);
}

static void wrong_commitment(void)
{
    BREAK(world.as->committed, world.as->committed + 1);
}

static void wrong_commitments(void)
{
    struct seg *s = seg(BASE);

    BREAK(world.as->committed, world.as->committed - s->npages);
    BREAK(s->flags, s->flags & (uint16_t)~SEG_COMMITTED);
}

static void too_many_users(void)
{
    BREAK(frame_at(BASE)->users, 2);
}

static void too_few_users(void)
{
    BREAK(frame_at(BASE + PAGE_SIZE)->users, 1);
}

static void out_of_the_hash(void)
{
    BREAK(frame_at(FILE)->index, 77);
}

static void out_of_the_list(void)
{
    BREAK(world.file->pages, NO_PFN);
}

static void busy(void)
{
    BREAK(frame_at(BASE)->flags, frame_at(BASE)->flags | FRAME_BUSY);
}

static void lost_node(void)
{
    BREAK(world.as->pt->node[node_slot(BASE)], NULL);
}

static void wrong_cache(void)
{
    struct frame *f = frame_of(obj_lookup(world.file, 5));

    BREAK(f->flags, f->flags | FRAME_WIRED);
}

static void free_and_used(void)
{
    pfn_t pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL);

    frame_free(pfn);
    BREAK(frame_of(pfn)->owner, FRAME_KERNEL);
}

static void slab_chain(void)
{
    BREAK(*(uint16_t *)world.small[1], 0xfff0);
}

static const struct {
    void (*damage)(void);
    const char *words;
} laws[] = {
    {no_segment, "is resident but in no segment"},
    {wrong_type, ", which is node"},
    {wrong_page, "of another page"},
    {wrong_family, "of another page"},
    {wrong_file_page, "of another file page"},
    {wrong_file, "of another file page"},
    {file_without_cow, "could be written"},
    {wrong_translation, "hardware has frame"},
    {writable_cow, "hardware permits writing"},
    {writable_in_shared_node, "hardware permits writing"},
    {writable_by_nobody, "hardware permits writing"},
    {writable_and_clean, "can be written and is not dirty"},
    {shared_writable_and_clean, "can be written and is not dirty"},
    {shared_in_private, "is not shared as its segment is"},
    {private_in_shared, "is not shared as its segment is"},
    {shared_and_cow, "is not shared as its segment is"},
    {shared_and_nobodys, "is not shared as its segment is"},
    {executable, "hardware permits executing"},
    {readable_by_nobody, "hardware permits reading"},
    {wrong_node, "which is not its node"},
    {hardware_alone, "is not resident but in the hardware"},
    {wrong_live, "entries and has"},
    {wrong_resident, "resident pages and has"},
    {overlap, "overlaps its neighbour"},
    {empty, "overlaps its neighbour"},
    {wrong_gap, "has a wrong gap"},
    {too_permissive, "permits more than its most"},
    {wrong_commitment, "committed pages and has"},
    {wrong_commitments, "pages committed, "},
    {too_many_users, "has 1 users too many"},
    {too_few_users, "has -1 users too many"},
    {out_of_the_hash, "is not in its object's lists"},
    {out_of_the_list, "is not in its object's lists"},
    {busy, "is busy"},
    {lost_node, "belongs to no address space"},
    {wrong_cache, "cached pages counted"},
    {free_and_used, "free list: "},
    {slab_chain, "slab kmalloc-"},
};

static void map(vaddr_t base, uint32_t npages, prot_t prot, struct obj *o)
{
    bool shared = base == BOTH;
    struct map_request r = {.base = base,
                            .npages = npages,
                            .prot = prot,
                            .maxprot = RW,
                            .fixed = true,
                            .flags = shared ? SEG_SHARED : 0,
                            .ops = shared ? &seg_shared
                                   : o    ? &seg_vn
                                          : &seg_anon,
                            .obj = o};
    vaddr_t where;

    assert_int_equal(as_map(world.as, &r, &where), 0);
}

/* An address space with a page of its own, pages that it shares with its child, and pages of a
 * file, one of them shared and written; a page of the file without users; allocations. */
static void build(void)
{
    pfn_t pfn;

    fake_machine(4096);
    world.as = as_create();
    world.file = fake_file(1, 8);
    map(BASE, 8, RW, NULL);
    map(BASE + 8 * PAGE_SIZE, 2, PROT_READ, NULL);
    map(FILE, 4, RW, world.file);
    map(BOTH, 2, RW, world.file);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(cpu_store(world.as, BASE + i * PAGE_SIZE, 1), FAULT_OK);
        assert_true(cpu_load(world.as, FILE + i * PAGE_SIZE) >= 0);
    }
    assert_int_equal(as_fork(world.as, &world.child), 0);
    assert_int_equal(cpu_store(world.as, BASE, 2), FAULT_OK);
    assert_true(cpu_load(world.as, FILE) >= 0);
    assert_int_equal(cpu_store(world.as, BOTH, 3), FAULT_OK);
    assert_int_equal(obj_get(world.file, 5, &pfn, NULL), 0);
    obj_put(pfn);
    for (unsigned i = 0; i < 2; i++)
        world.small[i] = kmalloc(100);
    kfree(world.small[1]);
    mm_drain(); /* it is in its slab */
}

static void each_law_is_audited(void **state)
{
    (void)state;
    build();
    assert_int_equal(audit(), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(laws); i++) {
        laws[i].damage();
        if (audit() == 0 || !strstr(findings, laws[i].words))
            fail_msg("law %u: no \"%s\" in:\n%s", i, laws[i].words, findings);
        mend();
        if (audit() != 0)
            fail_msg("after law %u: %s", i, findings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_law_is_audited)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
