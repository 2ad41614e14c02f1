/* SPDX-License-Identifier: MIT
 *
 * The memory core against a model (mm_model.h): random operations on up to six address spaces,
 * three files on a disk, one in memory and two pieces of shared memory, each compared, while pages
 * go to swap. SEED and SOAK from the environment.
 */
#include "include/uapi/errno.h"
#include "tests/host/mm_model.h"

#define CHECK_EVERY 64

static unsigned operation;

static prot_t random_prot(void)
{
    static const uint8_t prots[] = {PROT_NONE, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC,
                                    RWX,       PROT_WRITE};

    return prots[testing_below(ARRAY_SIZE(prots))];
}

static void model_map(struct space *sp, unsigned first, const struct map_request *r, unsigned file)
{
    for (unsigned i = 0; i < r->npages; i++) {
        struct page *p = &sp->page[first + i];

        *p = fresh_page(r->prot, r->maxprot, file, r->obj_page + i);
        p->shared = (r->flags & SEG_SHARED) != 0;
        p->committed &= !p->shared;
    }
}

static struct map_request random_request(unsigned *first, unsigned *file)
{
    struct map_request r = {.prot = random_prot(), .maxprot = RWX, .ops = &seg_anon};

    *first = random_range(&r.npages);
    *file = testing_below(2) ? 1 + testing_below(OBJECTS) : 0;
    if (testing_below(6) == 0)
        r.maxprot = r.prot | PROT_READ;
    if (*file) {
        r.flags = testing_below(2) || is_nameless(*file - 1) ? SEG_SHARED : 0;
        r.ops = r.flags ? &seg_shared : &seg_vn;
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

/* What it ends with; *changed: so many pages get the protection, those before one that refuses. */
static int model_protect(const struct space *sp, unsigned first, unsigned npages, prot_t prot,
                         unsigned *changed)
{
    for (*changed = 0; *changed < npages; ++*changed) {
        const struct page *p = &sp->page[first + *changed];

        if (!p->mapped)
            return -ENOMEM;
        if (prot & ~p->maxprot)
            return -EACCES;
    }
    return 0;
}

static void do_protect(struct space *sp)
{
    unsigned npages, changed, first = random_range(&npages);
    prot_t prot = random_prot();
    int want;

    if (testing_below(4) && !range_free(sp, first, 1) &&
        model_protect(sp, first, npages, 0, &changed) && changed)
        npages = changed; /* mostly a range that can succeed */
    want = model_protect(sp, first, npages, prot, &changed);
    assert_int_equal(as_protect(sp->as, va_of(first), npages, prot), want);
    for (unsigned i = first; i < first + changed; i++) {
        sp->page[i].prot = (uint8_t)prot;
        sp->page[i].committed |= prot & PROT_WRITE && !sp->page[i].shared;
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
    unsigned i = testing_below(PAGES), k = testing_below(WATCHED);
    uint8_t byte = (uint8_t)testing_random();

    for (unsigned tries = 0; tries < 20 && !sp->page[i].mapped; tries++)
        i = testing_below(PAGES);
    enum fault_error want = model_access(sp, i, access);

    assert_int_equal(cpu_access(sp->as, va_of(i) + watched[k], access, &byte), want);
    if (want)
        return;
    if (access == PROT_WRITE) {
        written_bytes(&sp->page[i])[k] = byte;
    } else {
        assert_int_equal(byte, bytes_of(&sp->page[i])[k]);
    }
}

/* -EFAULT or 0 for one page of a peek or poke. What is shared is not written by force. */
static int model_force(const struct page *p, prot_t access)
{
    prot_t prot = p->shared && access == PROT_WRITE ? p->prot : p->maxprot;

    return !p->mapped || !allows(prot, access) || beyond_end(p) ? -EFAULT : 0;
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
        for (unsigned k = 0; k < WATCHED && !want; k++) {
            unsigned w = ALIGN_DOWN(at, PAGE_SIZE) + watched[k];

            if (w < at || w >= offset + len)
                continue;
            if (poke)
                written_bytes(p)[k] = byte;
            else
                assert_int_equal(buf[w - offset], bytes_of(p)[k]);
        }
        if (poke && !want)
            written_bytes(p);
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
    if (testing_below(2))
        assert_int_equal(as_copy_ahead(sp->as, copy), 0);
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
        do_file();
    else if (dice < 222)
        do_pressure();
    else if (dice < 250)
        do_remap(sp);
    else if (dice < 265)
        do_discard(sp);
    else if (dice < 280)
        do_sync(sp);
    else if (dice < 290 && resizing)
        do_resize();
    else if (dice < 300)
        do_take_back(sp);
    else if (dice < 450 && swapping)
        do_page_out(sp);
    else if (dice < 455 && swapping)
        do_reclaim();
    else if (dice < 456 && swapping)
        do_swapoff();
    else
        do_access(sp);
    if (sp->as)
        compare(sp);
}

static void run(int chaos)
{
    unsigned count = testing_count(100000, 1000000) / 3;
    uint32_t before;

    make_machine();
    fake_chaos = chaos;
    make_swap();
    before = fake_in_use();
    make_objects();
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
    drop_objects();
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), before);
    assert_int_equal(as_committed(), 0);
    drop_swap();
    operation = 0;
}

static void test_model(void **state)
{
    resizing = false;
    swapping = *state != NULL;
    run(*state != NULL);
}

static void test_resizing(void **state)
{
    resizing = swapping = true;
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
        {"test_model_with_chaos_and_swap", test_model, NULL, where_it_stopped, &spaces},
        {"test_model_resizing_with_swap", test_resizing, NULL, where_it_stopped, NULL},
    };

    testing_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
