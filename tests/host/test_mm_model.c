/* SPDX-License-Identifier: MIT
 *
 * The memory core against a model: random operations on up to six address spaces, compared with an
 * array of what each page of them should be. The model knows nothing of nodes, frames or
 * copy-on-write: a page is mapped or not, has protections, comes from nothing or a file, and holds
 * bytes, of which four are watched. SEED and SOAK from the environment.
 */
#include "tests/host/testing.h"

#include "include/uapi/errno.h"
#include "mm/obj.h"
#include "mm/rmap.h"
#include "tests/host/cpu.h"

#define SPACES      6
#define FILES       3
#define FRAMES      12288
#define CHECK_EVERY 64

/* Three regions of each address space, in the order of the model's pages. The window lies across
 * two ends of nodes and covers a whole one; mappings are made in it alone. */
#define WINDOW      1200u
#define WINDOW_BASE (0x10000000u - 200 * PAGE_SIZE)
#define WINDOW_END  (WINDOW_BASE + WINDOW * PAGE_SIZE)
#define HEAP        64u
#define HEAP_BASE   (0x11000000u - 20 * PAGE_SIZE)
#define STACK       64u
#define STACK_TOP   (0x12000000u + 30 * PAGE_SIZE)
#define STACK_LIMIT 48u
#define STACK_FIRST (WINDOW + HEAP)
#define PAGES       (WINDOW + HEAP + STACK)

#define RW  (PROT_READ | PROT_WRITE)
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

static const uint16_t watched[4] = {0, 1023, 2048, 4095};

struct page {
    uint8_t mapped, prot, maxprot;
    uint8_t committed; /* was writable */
    uint8_t written;   /* differs from its source for good */
    uint8_t file;      /* number + 1, or 0 */
    uint16_t flags;    /* SEG_GROWS, SEG_HEAP */
    uint32_t file_page;
    uint8_t byte[ARRAY_SIZE(watched)];
};

struct space {
    struct as *as; /* NULL: this one does not live */
    vaddr_t brk;
    struct page page[PAGES];
};

static struct space spaces[SPACES];
static struct obj *files[FILES];
static const uint32_t file_pages[FILES] = {40, 300, 900};
static unsigned operation;

static vaddr_t va_of(unsigned i)
{
    if (i < WINDOW)
        return WINDOW_BASE + page_addr(i);
    if (i < STACK_FIRST)
        return HEAP_BASE + page_addr(i - WINDOW);
    return STACK_TOP - page_addr(PAGES - i);
}

/* The model's page of va, or PAGES. */
static unsigned index_of(vaddr_t va)
{
    if (va - WINDOW_BASE < page_addr(WINDOW))
        return page_of(va - WINDOW_BASE);
    if (va - HEAP_BASE < page_addr(HEAP))
        return WINDOW + page_of(va - HEAP_BASE);
    if (va - (STACK_TOP - page_addr(STACK)) < page_addr(STACK))
        return PAGES - page_of(STACK_TOP - page_base(va));
    return PAGES;
}

/* The page as it is when nobody wrote to it. */
static struct page fresh_page(prot_t prot, prot_t maxprot, unsigned file, uint32_t file_page)
{
    struct page p = {.mapped = 1,
                     .prot = (uint8_t)prot,
                     .maxprot = (uint8_t)maxprot,
                     .committed = (prot & PROT_WRITE) != 0,
                     .file = (uint8_t)file,
                     .file_page = file ? file_page : 0};

    for (unsigned k = 0; file && k < ARRAY_SIZE(watched); k++)
        p.byte[k] = fake_file_byte(file - 1, file_page, watched[k]);
    return p;
}

static bool beyond_end(const struct page *p)
{
    return p->file && p->file_page >= file_pages[p->file - 1];
}

static bool allows(prot_t prot, prot_t access)
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
    assert_int_equal(s->flags, p->flags | (p->committed ? SEG_COMMITTED : 0));
    assert_ptr_equal(s->obj, p->file ? files[p->file - 1] : NULL);
    assert_ptr_equal(s->ops, p->file ? &seg_vn : &seg_anon);
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

/* What the page table holds is what a program would read; what it does not hold was not written. */
static void compare_contents(const struct space *sp)
{
    for (unsigned i = 0; i < PAGES; i++) {
        const struct node *n = sp->as->pt->node[node_slot(va_of(i))];
        pte_t e = n ? n->pte[node_index(va_of(i))] : (pte_t){0};
        const struct page *p = &sp->page[i];

        if (!pte_in_core(e)) {
            assert_false(p->written);
            continue;
        }
        assert_true(p->mapped);
        for (unsigned k = 0; k < ARRAY_SIZE(watched); k++)
            assert_int_equal(((uint8_t *)pfn_to_virt(pte_pfn(e)))[watched[k]], p->byte[k]);
    }
}

static void compare(const struct space *sp)
{
    for (unsigned slot = 0; slot < ARRAY_SIZE(sp->as->pt->node); slot++)
        assert_true(!sp->as->pt->node[slot] || node_live(sp->as->pt->node[slot]));
    compare_segments(sp);
    compare_contents(sp);
}

/* A random range of the window: mostly short, at times longer than a node. */
static unsigned random_range(unsigned *npages)
{
    unsigned most = testing_below(4) ? 24 : testing_below(4) ? 250 : WINDOW;

    *npages = 1 + testing_below(most);
    return testing_below(WINDOW - *npages + 1);
}

static prot_t random_prot(void)
{
    static const uint8_t prots[] = {PROT_NONE, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC,
                                    RWX,       PROT_WRITE};

    return prots[testing_below(ARRAY_SIZE(prots))];
}

static bool range_free(const struct space *sp, unsigned first, unsigned npages)
{
    for (unsigned i = first; i < first + npages; i++)
        if (sp->page[i].mapped)
            return false;
    return true;
}

/* Where a mapping without a place must go: the highest gap, which may begin below the window. */
static vaddr_t highest_gap(const struct space *sp, unsigned npages)
{
    unsigned run = 0;

    for (unsigned i = WINDOW; i-- > 0;) {
        run = sp->page[i].mapped ? 0 : run + 1;
        if (run == npages)
            return va_of(i);
    }
    return WINDOW_BASE - page_addr(npages - run);
}

static void model_map(struct space *sp, unsigned first, const struct map_request *r, unsigned file)
{
    for (unsigned i = 0; i < r->npages; i++)
        sp->page[first + i] = fresh_page(r->prot, r->maxprot, file, r->obj_page + i);
}

static struct map_request random_request(unsigned *first, unsigned *file)
{
    struct map_request r = {.prot = random_prot(), .maxprot = RWX, .ops = &seg_anon};

    *first = random_range(&r.npages);
    *file = testing_below(2) ? 1 + testing_below(FILES) : 0;
    if (testing_below(6) == 0)
        r.maxprot = r.prot | PROT_READ;
    if (*file) {
        r.ops = &seg_vn;
        r.obj = files[*file - 1];
        r.obj_page = testing_below(file_pages[*file - 1] + 4);
    }
    return r;
}

static void do_map_fixed(struct space *sp)
{
    unsigned first, file;
    struct map_request r = random_request(&first, &file);
    bool taken = !range_free(sp, first, r.npages);
    vaddr_t where;

    r.base = va_of(first);
    r.fixed = true;
    r.noreplace = testing_below(5) == 0;
    if (r.noreplace && taken) {
        assert_int_equal(as_map(sp->as, &r, &where), -EEXIST);
        return;
    }
    assert_int_equal(as_map(sp->as, &r, &where), 0);
    assert_int_equal(where, r.base);
    model_map(sp, first, &r, file);
}

static void do_map_anywhere(struct space *sp)
{
    unsigned first, file;
    struct map_request r = random_request(&first, &file);
    vaddr_t where, want = highest_gap(sp, r.npages);

    if (testing_below(2)) {
        r.base = va_of(first);
        if (range_free(sp, first, r.npages))
            want = r.base;
    }
    assert_int_equal(as_map(sp->as, &r, &where), 0);
    assert_int_equal(where, want);
    if (want >= WINDOW_BASE)
        model_map(sp, index_of(want), &r, file);
    else
        assert_int_equal(as_unmap(sp->as, where, r.npages), 0);
}

static void do_unmap(struct space *sp)
{
    unsigned npages, first = random_range(&npages);

    assert_int_equal(as_unmap(sp->as, va_of(first), npages), 0);
    memset(&sp->page[first], 0, npages * sizeof(sp->page[0]));
}

static int model_protect(const struct space *sp, unsigned first, unsigned npages, prot_t prot)
{
    for (unsigned i = first; i < first + npages; i++) {
        if (!sp->page[i].mapped)
            return -ENOMEM;
        if (prot & ~sp->page[i].maxprot)
            return -EACCES;
    }
    return 0;
}

static void do_protect(struct space *sp)
{
    unsigned npages, first = random_range(&npages);
    prot_t prot = random_prot();
    int want;

    while (npages > 1 && !range_free(sp, first, 1) && model_protect(sp, first, npages, 0))
        npages--; /* mostly a range that can succeed */
    want = model_protect(sp, first, npages, prot);
    assert_int_equal(as_protect(sp->as, va_of(first), npages, prot), want);
    for (unsigned i = first; !want && i < first + npages; i++) {
        sp->page[i].prot = (uint8_t)prot;
        sp->page[i].committed |= (prot & PROT_WRITE) != 0;
    }
}

/* What the access of a program at page i must end with; a stack grows. */
static enum fault_error model_access(struct space *sp, unsigned i, prot_t access)
{
    struct page *p = &sp->page[i];

    if (!p->mapped && i < STACK_FIRST)
        return FAULT_NO_SEGMENT;
    if (!p->mapped && PAGES - i > STACK_LIMIT)
        return FAULT_STACK_LIMIT;
    for (unsigned k = i; k < PAGES && !sp->page[k].mapped; k++) {
        sp->page[k] = fresh_page(RW, RW, 0, 0);
        sp->page[k].flags = SEG_GROWS;
    }
    if (!allows(p->prot, access))
        return FAULT_PROTECTION;
    return beyond_end(p) ? FAULT_BEYOND_END : FAULT_OK;
}

static void do_access(struct space *sp)
{
    static const uint8_t accesses[] = {PROT_READ,  PROT_READ,  PROT_WRITE,
                                       PROT_WRITE, PROT_WRITE, PROT_EXEC};
    prot_t access = accesses[testing_below(ARRAY_SIZE(accesses))];
    unsigned i = testing_below(PAGES), k = testing_below(ARRAY_SIZE(watched));
    uint8_t byte = (uint8_t)testing_random();

    for (unsigned tries = 0; tries < 20 && !sp->page[i].mapped; tries++)
        i = testing_below(PAGES);
    enum fault_error want = model_access(sp, i, access);

    assert_int_equal(cpu_access(sp->as, va_of(i) + watched[k], access, &byte), want);
    if (want)
        return;
    if (access == PROT_WRITE) {
        sp->page[i].byte[k] = byte;
        sp->page[i].written = 1;
    } else {
        assert_int_equal(byte, sp->page[i].byte[k]);
    }
}

/* -EFAULT or 0 for one page of a peek or poke. */
static int model_force(const struct page *p, prot_t access)
{
    return !p->mapped || !allows(p->maxprot, access) || beyond_end(p) ? -EFAULT : 0;
}

static void do_peek_or_poke(struct space *sp)
{
    static uint8_t buf[3 * PAGE_SIZE];
    unsigned i = testing_below(WINDOW - 4), offset = testing_below(PAGE_SIZE);
    unsigned len = 1 + testing_below(sizeof(buf) - PAGE_SIZE), at = offset;
    bool poke = testing_below(2);
    uint8_t byte = (uint8_t)testing_random();
    int want = 0, error;

    memset(buf, byte, sizeof(buf));
    error = poke ? as_poke(sp->as, va_of(i) + offset, buf, len)
                 : as_peek(sp->as, va_of(i) + offset, buf, len);
    for (; at < offset + len && !want; at = ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE) {
        struct page *p = &sp->page[i + at / PAGE_SIZE];

        want = model_force(p, poke ? PROT_WRITE : PROT_READ);
        for (unsigned k = 0; k < ARRAY_SIZE(watched) && !want; k++) {
            unsigned w = ALIGN_DOWN(at, PAGE_SIZE) + watched[k];

            if (w < at || w >= offset + len)
                continue;
            if (poke)
                p->byte[k] = byte;
            else
                assert_int_equal(buf[w - offset], p->byte[k]);
        }
        p->written |= poke && !want;
    }
    assert_int_equal(error, want);
}

static void do_brk(struct space *sp)
{
    vaddr_t brk = HEAP_BASE + testing_below(page_addr(HEAP) + 1);
    unsigned end;

    if (brk >= HEAP_BASE + 100)
        sp->brk = brk;
    assert_int_equal(as_brk(sp->as, brk), sp->brk);
    end = pages_of(sp->brk - HEAP_BASE);
    for (unsigned i = 1; i < HEAP; i++) {
        struct page *p = &sp->page[WINDOW + i];

        if (i >= end) {
            memset(p, 0, sizeof(*p));
        } else if (!p->mapped) {
            *p = fresh_page(RW, RWX, 0, 0);
            p->flags = SEG_HEAP;
        }
    }
}

static void create(struct space *sp)
{
    struct map_request r = {.base = STACK_TOP - PAGE_SIZE,
                            .npages = 1,
                            .prot = RW,
                            .maxprot = RW,
                            .fixed = true,
                            .flags = SEG_GROWS,
                            .ops = &seg_anon};
    vaddr_t where;

    memset(sp, 0, sizeof(*sp));
    sp->as = as_create();
    assert_non_null(sp->as);
    sp->as->mmap_top = WINDOW_END;
    sp->as->stack_top = STACK_TOP;
    sp->as->stack_limit_pages = STACK_LIMIT;
    sp->as->brk_start = sp->as->brk = sp->brk = HEAP_BASE + 100;
    assert_int_equal(as_map(sp->as, &r, &where), 0);
    sp->page[PAGES - 1] = fresh_page(RW, RW, 0, 0);
    sp->page[PAGES - 1].flags = SEG_GROWS;
}

static void do_fork(struct space *sp)
{
    struct space *to = spaces;
    struct as *copy;

    while (to < spaces + SPACES && to->as)
        to++;
    if (to == spaces + SPACES)
        return;
    assert_int_equal(as_fork(sp->as, &copy), 0);
    *to = *sp;
    to->as = copy;
    compare(to);
}

static void do_exit(struct space *sp)
{
    as_leave(sp->as);
    memset(sp, 0, sizeof(*sp));
}

/* Takes every frame a user can have, so that the page cache goes, and gives them back. */
static void do_pressure(void)
{
    static pfn_t taken[FRAMES];
    unsigned n = 0;

    while ((taken[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER)) != NO_PFN)
        n++;
    assert_int_equal(frame_stats().cache, 0);
    while (n-- > 0)
        frame_free(taken[n]);
}

static void do_read_file(void)
{
    unsigned file = testing_below(FILES), k = testing_below(PAGE_SIZE);
    uint32_t page = testing_below(file_pages[file] + 1);
    pfn_t pfn;

    if (page == file_pages[file]) {
        assert_int_equal(obj_get(files[file], page, &pfn, NULL), -EINVAL);
        return;
    }
    assert_int_equal(obj_get(files[file], page, &pfn, NULL), 0);
    assert_int_equal(((uint8_t *)pfn_to_virt(pfn))[k], fake_file_byte(file, page, k));
    obj_put(pfn);
}

/* Entries of all address spaces that name the frame. */
static unsigned entries_of(pfn_t pfn)
{
    unsigned count = 0;

    for (unsigned s = 0; s < SPACES; s++)
        for (unsigned i = 0; spaces[s].as && i < PAGES; i++)
            count += pte_in_core(pt_get(spaces[s].as, va_of(i))) &&
                     pte_pfn(pt_get(spaces[s].as, va_of(i))) == pfn;
    return count;
}

/* The audit, and what it does not know: private frames that nobody has, the way back. */
static void check_all(void)
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

static void step(void)
{
    struct space *sp = &spaces[testing_below(SPACES)];
    unsigned dice = testing_below(1000);

    if (!sp->as) {
        if (dice < 20)
            create(sp);
        return;
    }
    if (dice < 20)
        do_map_fixed(sp);
    else if (dice < 40)
        do_map_anywhere(sp);
    else if (dice < 55)
        do_unmap(sp);
    else if (dice < 95)
        do_protect(sp);
    else if (dice < 110)
        do_brk(sp);
    else if (dice < 150)
        do_peek_or_poke(sp);
    else if (dice < 190)
        do_fork(sp);
    else if (dice < 200)
        do_exit(sp);
    else if (dice < 220)
        do_read_file();
    else if (dice < 222)
        do_pressure();
    else
        do_access(sp);
    if (sp->as)
        compare(sp);
}

static void run(int chaos)
{
    unsigned count = testing_count(100000, 1000000) / 2;
    uint32_t before;

    fake_machine(FRAMES);
    fake_chaos = chaos;
    before = fake_in_use();
    for (unsigned i = 0; i < FILES; i++)
        files[i] = fake_file(i, file_pages[i]);
    create(&spaces[0]);
    for (operation = 1; operation <= count; operation++) {
        step();
        if (operation % CHECK_EVERY == 0)
            check_all();
    }
    check_all();
    for (unsigned i = 0; i < SPACES; i++)
        if (spaces[i].as)
            do_exit(&spaces[i]);
    for (unsigned i = 0; i < FILES; i++)
        obj_unref(files[i]);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), before);
    assert_int_equal(as_committed(), 0);
    operation = 0;
}

static void test_model(void **state)
{
    run(*state != NULL);
}

static int where_it_stopped(void **state)
{
    (void)state;
    if (operation) {
        printf("stopped at operation %u\n", operation);
        exit(1); /* what is left would only confuse the next test */
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"test_model", test_model, NULL, where_it_stopped, NULL},
        {"test_model_with_chaos", test_model, NULL, where_it_stopped, &spaces},
    };

    testing_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
