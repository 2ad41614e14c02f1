/* SPDX-License-Identifier: MIT
 *
 * The memory core without memory: a fixed script that uses every operation is run again and again
 * while its n-th allocation fails, n = 1, 2, 3 ..., once alone (the operation must say so, leave
 * everything as it was, and succeed when repeated) and once with all that follow (what is left must
 * go away without memory). Also what the commit limit refuses. Linked with
 * --wrap=frame_alloc,--wrap=slab_alloc.
 */
#include "tests/host/testing.h"

#include "include/uapi/errno.h"
#include "mm/pageout_impl.h"
#include "mm/reclaim.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "tests/host/cpu.h"
#include "tests/host/fake_swap.h"

#define FRAMES 2048
#define BASE   (0x10200000u - 100 * PAGE_SIZE) /* 100 pages, a whole node, 88 pages */
#define PAGES  700u
#define FILE   (BASE + PAGES * PAGE_SIZE)
#define NFILE  20u
#define HEAP   0x11000000u
#define STACK  0x12000000u /* its end */
#define NSTACK 8u
#define RW     (PROT_READ | PROT_WRITE)
#define RWX    (PROT_READ | PROT_WRITE | PROT_EXEC)
#define SPACES 3

static struct {
    unsigned calls, at; /* the call that fails; 0: none */
    bool all;           /* and all that follow */
    unsigned failed;
} faults;

static struct as *spaces[SPACES];
static struct obj *file;

/* What the pages of BASE and FILE hold at their beginning: -1: not mapped. */
static int contents[SPACES][PAGES + NFILE];

pfn_t __real_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
pfn_t __real_frame_alloc_private(const void *family, uint32_t index);
pfn_t __wrap_frame_alloc_private(const void *family, uint32_t index);
void *__real_slab_alloc(struct slab_cache *c);
void *__wrap_slab_alloc(struct slab_cache *c);

static bool fails(void)
{
    faults.calls++;
    if (!faults.at || (faults.all ? faults.calls < faults.at : faults.calls != faults.at))
        return false;
    faults.failed++;
    return true;
}

pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags)
{
    return fails() ? NO_PFN : __real_frame_alloc(type, owner, index, flags);
}

pfn_t __wrap_frame_alloc_private(const void *family, uint32_t index)
{
    return fails() ? NO_PFN : __real_frame_alloc_private(family, index);
}

void *__wrap_slab_alloc(struct slab_cache *c)
{
    return fails() ? NULL : __real_slab_alloc(c);
}

/* One step: what it does, in which address space, to which pages. */
struct step {
    int (*run)(const struct step *s);
    unsigned space;
    unsigned first, npages; /* pages from BASE on */
    unsigned arg;           /* protection, byte, bytes, other space */
};

static struct fake_swap disk;

static vaddr_t va_of(unsigned i)
{
    return BASE + page_addr(i);
}

static void expect(const struct step *s, int byte)
{
    for (unsigned i = s->first; i < s->first + s->npages; i++)
        contents[s->space][i] = byte;
}

static int do_create(const struct step *s)
{
    struct as *as = as_create();

    if (!as)
        return -ENOMEM;
    as->brk_start = as->brk = HEAP;
    as->stack_top = STACK;
    as->stack_limit_pages = NSTACK;
    spaces[s->space] = as;
    expect(&(struct step){.space = s->space, .npages = PAGES + NFILE}, -1);
    return 0;
}

static int map_at(struct as *as, vaddr_t base, unsigned npages, struct map_request r)
{
    vaddr_t where;

    r.base = base;
    r.npages = npages;
    r.maxprot = RWX;
    r.fixed = true;
    if (!r.ops)
        r.ops = &seg_anon;
    return as_map(as, &r, &where);
}

static int do_map(const struct step *s)
{
    int error =
        map_at(spaces[s->space], va_of(s->first), s->npages, (struct map_request){.prot = s->arg});

    if (!error)
        expect(s, 0);
    return error;
}

static int do_map_file(const struct step *s)
{
    int error = map_at(spaces[s->space], FILE, NFILE,
                       (struct map_request){.prot = RWX, .ops = &seg_vn, .obj = file});

    for (unsigned i = 0; !error && i < NFILE; i++)
        contents[s->space][PAGES + i] = fake_file_byte(0, i, 0);
    return error;
}

static int do_map_stack(const struct step *s)
{
    return map_at(spaces[s->space], STACK - PAGE_SIZE, 1,
                  (struct map_request){.prot = RW, .flags = SEG_GROWS});
}

static int error_of_fault(enum fault_error e)
{
    assert_true(e == FAULT_OK || e == FAULT_NO_MEMORY);
    return e ? -ENOMEM : 0;
}

static int do_touch_stack(const struct step *s)
{
    vaddr_t va = STACK - page_addr(s->npages);
    uint32_t pages = as_resident(spaces[s->space]);
    int error = error_of_fault(cpu_store(spaces[s->space], va, (uint8_t)s->arg));

    if (error)
        assert_int_equal(as_resident(spaces[s->space]), pages);
    else
        assert_int_equal(cpu_load(spaces[s->space], va), s->arg);
    return error;
}

static int do_store(const struct step *s)
{
    int error = error_of_fault(cpu_store(spaces[s->space], va_of(s->first), (uint8_t)s->arg));

    if (!error)
        contents[s->space][s->first] = (int)s->arg;
    return error;
}

static int do_load(const struct step *s)
{
    uint8_t byte = 0;
    int error = error_of_fault(cpu_access(spaces[s->space], va_of(s->first), s->arg, &byte));

    if (!error)
        assert_int_equal(byte, contents[s->space][s->first]);
    return error;
}

static int do_unmap(const struct step *s)
{
    int error = as_unmap(spaces[s->space], va_of(s->first), s->npages);

    if (!error)
        expect(s, -1);
    return error;
}

static int do_protect(const struct step *s)
{
    return as_protect(spaces[s->space], va_of(s->first), s->npages, s->arg);
}

static int do_brk(const struct step *s)
{
    struct as *as = spaces[s->space];
    vaddr_t old = as->brk, got = as_brk(as, HEAP + s->arg);

    assert_true(got == HEAP + s->arg || got == old);
    return got == HEAP + s->arg ? 0 : -ENOMEM;
}

static int do_store_heap(const struct step *s)
{
    return error_of_fault(cpu_store(spaces[s->space], HEAP + s->arg, 1));
}

static int do_fork(const struct step *s)
{
    int error = as_fork(spaces[s->space], &spaces[s->arg]);

    if (!error)
        memcpy(contents[s->arg], contents[s->space], sizeof(contents[0]));
    return error;
}

static int do_copy_ahead(const struct step *s)
{
    return as_copy_ahead(spaces[s->space], spaces[s->arg]);
}

static int do_exit(const struct step *s)
{
    as_leave(spaces[s->space]);
    spaces[s->space] = NULL;
    return 0;
}

static int do_poke(const struct step *s)
{
    uint8_t byte = (uint8_t)s->arg;
    int error = as_poke(spaces[s->space], va_of(s->first), &byte, 1);

    if (!error)
        contents[s->space][s->first] = byte;
    return error;
}

static int do_peek(const struct step *s)
{
    uint8_t byte = 0;
    int error = as_peek(spaces[s->space], va_of(s->first), &byte, 1);

    if (!error)
        assert_int_equal(byte, contents[s->space][s->first]);
    return error;
}

/* The pages go to swap, and out of memory. */
static int do_page_out(const struct step *s)
{
    for (unsigned i = s->first; i < s->first + s->npages; i++)
        (void)fake_page_evict(spaces[s->space], va_of(i));
    launder_flush();
    (void)reclaim_cache(UINT32_MAX);
    assert_int_equal(pte_state(pt_get(spaces[s->space], va_of(s->first))), PTE_SWAPPED);
    return 0;
}

static int do_store_all(const struct step *s)
{
    int error = 0;

    for (unsigned i = s->first; !error && i < s->first + s->npages; i++)
        error = do_store(&(struct step){.space = s->space, .first = i, .arg = s->arg + i % 50});
    return error;
}

/* To where nothing is, or something else. */
static int do_move(const struct step *s)
{
    struct remap_request r = {.from = va_of(s->first),
                              .to = va_of(s->arg),
                              .old_pages = s->npages,
                              .new_pages = s->npages,
                              .flags = REMAP_MAYMOVE | REMAP_FIXED};
    vaddr_t where;
    int error = as_remap(spaces[s->space], &r, &where);

    for (unsigned i = 0; !error && i < s->npages; i++) {
        contents[s->space][s->arg + i] = contents[s->space][s->first + i];
        contents[s->space][s->first + i] = -1;
    }
    return error;
}

static const struct step script[] = {
    {do_create, 0, 0, 0, 0},
    {do_map, 0, 0, PAGES, RW},
    {do_map_file, 0, 0, 0, 0},
    {do_map_stack, 0, 0, 0, 0},
    {do_store, 0, 0, 1, 11},
    {do_store, 0, 99, 1, 12},
    {do_load, 0, 100, 1, PROT_READ},
    {do_store, 0, 100, 1, 13},
    {do_load, 0, 611, 1, PROT_READ},
    {do_store, 0, 300, 1, 14},
    {do_store, 0, 699, 1, 15},
    {do_load, 0, PAGES, 1, PROT_EXEC},
    {do_store, 0, PAGES + 1, 1, 16},
    {do_load, 0, PAGES + 2, 1, PROT_READ},
    {do_store, 0, PAGES + 2, 1, 17},
    {do_touch_stack, 0, 0, 1, 1},
    {do_touch_stack, 0, 0, NSTACK, 2},
    {do_brk, 0, 0, 0, 5 * PAGE_SIZE + 100},
    {do_store_heap, 0, 0, 0, 5 * PAGE_SIZE},
    {do_brk, 0, 0, 0, 2 * PAGE_SIZE},
    {do_brk, 0, 0, 0, 9 * PAGE_SIZE},
    {do_fork, 0, 0, 0, 1},
    {do_load, 1, PAGES + 6, 1, PROT_READ}, /* a file's page into a shared node */
    {do_store, 1, 0, 1, 21},               /* the child's own node and page */
    {do_store, 0, 99, 1, 22},              /* the parent is alone with its node now */
    {do_store, 1, 300, 1, 23},
    {do_load, 0, 611, 1, PROT_READ}, /* found in the shared node, or the parent's */
    {do_unmap, 1, 100, 100, 0},      /* splits a segment */
    {do_protect, 1, 300, 10, PROT_READ},
    {do_load, 1, 300, 1, PROT_READ},
    {do_protect, 1, 305, 200, RWX},
    {do_fork, 1, 0, 0, 2},
    {do_protect, 2, 200, 412, RWX}, /* in a shared node */
    {do_map, 1, 90, 30, RWX},       /* over what is there, in two nodes */
    {do_unmap, 2, 50, 600, 0},      /* a whole node and parts of two, shared */
    {do_exit, 1, 0, 0, 0},
    {do_touch_stack, 2, 0, NSTACK, 3},
    {do_poke, 2, PAGES, 1, 31},
    {do_poke, 2, 699, 1, 32},
    {do_peek, 2, PAGES + 5, 1, 0},
    {do_fork, 0, 0, 0, 1},
    {do_unmap, 1, 400, 5, 0}, /* splits a segment in a shared node */
    {do_unmap, 0, 0, PAGES, 0},
    {do_brk, 1, 0, 0, PAGE_SIZE},
    {do_store, 1, 611, 1, 41},
    {do_peek, 1, 300, 1, 0},
    {do_map, 0, 10, 600, PROT_READ},
    {do_protect, 0, 100, 500, RW},
    {do_store, 0, 599, 1, 42},
    {do_exit, 2, 0, 0, 0},
    {do_fork, 1, 0, 0, 2},
    {do_copy_ahead, 1, 0, 0, 2}, /* nodes and pages, some of which may be there when it fails */
    {do_store, 2, 611, 1, 51},
    {do_load, 1, 611, 1, PROT_READ},
    {do_store, 1, 300, 1, 52},
    {do_load, 2, 300, 1, PROT_READ},
};

/* Pages that are away are read, stored to, shared, copied, moved and dropped. What is read together
 * may be less than was asked for, so that an allocation may fail without harm. */
static const struct step swap_script[] = {
    {do_create, 0, 0, 0, 0},
    {do_map, 0, 0, PAGES, RW},
    {do_store_all, 0, 90, 40, 10}, /* in two nodes */
    {do_page_out, 0, 90, 40, 0},
    {do_load, 0, 91, 1, PROT_READ}, /* a cluster, which may be smaller */
    {do_store, 0, 92, 1, 1},
    {do_store, 0, 110, 1, 2},
    {do_peek, 0, 120, 1, 0},
    {do_page_out, 0, 90, 40, 0},
    {do_fork, 0, 0, 0, 1},
    {do_store, 1, 95, 1, 3}, /* the child's own node, and the page */
    {do_load, 1, 96, 1, PROT_READ},
    {do_store, 0, 105, 1, 4},
    {do_poke, 1, 129, 1, 5},
    {do_page_out, 1, 90, 40, 0},
    {do_unmap, 1, 97, 2, 0},
    {do_fork, 1, 0, 0, 2},
    {do_unmap, 2, 112, 3, 0}, /* in a shared node */
    {do_protect, 2, 90, 5, PROT_READ},
    {do_unmap, 2, 300, 10, 0},
    {do_move, 2, 116, 10, 300}, /* copies of what others have, too */
    {do_load, 2, 302, 1, PROT_READ},
    {do_exit, 1, 0, 0, 0},
    {do_unmap, 0, 401, 30, 0},
    {do_move, 0, 90, 30, 401}, /* of which it is the only owner in part */
    {do_page_out, 0, 420, 5, 0},
    {do_copy_ahead, 0, 0, 0, 2},
    {do_load, 0, 425, 1, PROT_READ},
    {do_store, 0, 403, 1, 6},
};

/* The segments and page tables hold what they should; looks only. */
static void verify(void)
{
    for (unsigned s = 0; s < SPACES; s++) {
        for (unsigned i = 0; spaces[s] && i < PAGES + NFILE; i++) {
            pte_t e = pt_get(spaces[s], va_of(i));

            assert_int_equal(as_find(spaces[s], va_of(i)) != NULL, contents[s][i] >= 0);
            if (pte_in_core(e))
                assert_int_equal(*(uint8_t *)pfn_to_virt(pte_pfn(e)), contents[s][i]);
            else if (contents[s][i] >= 0 && pte_is_none(e))
                assert_int_equal(contents[s][i], i < PAGES ? 0 : fake_file_byte(0, i - PAGES, 0));
        }
    }
    assert_int_equal(fake_check(), 0);
}

/* One step; false: it failed and there is no use in going on. */
static bool run_step(const struct step *s, const struct step *first)
{
    unsigned failed = faults.failed;
    int error = s->run(s);

    if (!error != (failed == faults.failed) && (error || first != swap_script))
        fail_msg("step %u, allocation %u fails: the answer is %d", (unsigned)(s - first), faults.at,
                 error);
    if (!error)
        return true;
    assert_int_equal(error, -ENOMEM);
    verify();
    if (faults.all)
        return false;
    assert_int_equal(s->run(s), 0);
    return true;
}

/* The script while the at-th allocation fails; false: it has fewer. */
static bool run_script(const struct step *first, unsigned steps, unsigned at, bool all)
{
    uint32_t before;

    fake_machine(FRAMES);
    assert_int_equal(fake_swap_add(&disk, "disk", 200, -1), 0);
    before = fake_in_use();
    file = fake_file(0, NFILE);
    faults.calls = faults.failed = 0;
    faults.at = at;
    faults.all = all;
    for (unsigned i = 0; i < steps && run_step(&first[i], first); i++)
        ;
    verify();
    for (unsigned i = 0; i < SPACES; i++)
        if (spaces[i])
            do_exit(&(struct step){.space = i});
    obj_unref(file);
    faults.at = 0;
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), before);
    assert_int_equal(as_committed(), 0);
    assert_int_equal(swap_stats().used, 0);
    assert_int_equal(fake_swap_remove(&disk), 0);
    return faults.failed != 0;
}

static void run_until_nothing_fails(bool all)
{
    unsigned n = 1;

    while (run_script(script, ARRAY_SIZE(script), n, all))
        n++;
    assert_true(n > 60); /* as many allocations the script has, at least */
    n = 1;
    while (run_script(swap_script, ARRAY_SIZE(swap_script), n, all))
        n++;
    assert_true(n > 100);
}

static void test_one_allocation_fails(void **state)
{
    (void)state;
    run_until_nothing_fails(false);
}

static void test_memory_is_gone_from_there(void **state)
{
    (void)state;
    run_until_nothing_fails(true);
}

static void test_one_allocation_fails_with_chaos(void **state)
{
    (void)state;
    fake_chaos = 1;
    run_until_nothing_fails(false);
    fake_chaos = 0;
}

/* A page that can't be read: the program hears of it, waiters and cache don't keep it. */
static void test_file_can_not_be_read(void **state)
{
    struct as *as;
    uint32_t before;

    (void)state;
    fake_machine(FRAMES);
    before = fake_in_use();
    file = fake_file(0, NFILE);
    as = as_create();
    assert_int_equal(
        map_at(as, FILE, NFILE, (struct map_request){.prot = RW, .ops = &seg_vn, .obj = file}), 0);
    fake_fill_us = -1;
    assert_int_equal(cpu_load(as, FILE), -FAULT_IO);
    assert_int_equal(cpu_store(as, FILE, 1), FAULT_IO);
    assert_int_equal(fake_check(), 0);
    fake_fill_us = 0;
    assert_int_equal(cpu_load(as, FILE), fake_file_byte(0, 0, 0));
    as_leave(as);
    obj_unref(file);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), before);
}

/* The commit limit refuses, and what was there stays. */
static void test_commit_limit(void **state)
{
    struct as *as, *copy;
    uint32_t limit, half;

    (void)state;
    fake_strict_commit = 1;
    fake_machine(FRAMES);
    fake_strict_commit = 0;
    limit = as_commit_limit();
    half = limit / 2 + 1;
    as = as_create();
    as->brk_start = as->brk = HEAP;
    as->stack_top = STACK;
    as->stack_limit_pages = limit;
    assert_int_equal(map_at(as, BASE, half, (struct map_request){.prot = RW}), 0);
    assert_int_equal(cpu_store(as, BASE, 5), FAULT_OK);
    assert_int_equal(as_fork(as, &copy), -ENOMEM);
    assert_int_equal(map_at(as, BASE + page_addr(half), half, (struct map_request){.prot = RW}),
                     -ENOMEM);
    assert_int_equal(map_at(as, BASE, limit + 1, (struct map_request){.prot = RW}), -ENOMEM);
    assert_int_equal(cpu_load(as, BASE), 5);
    assert_int_equal(as->committed, half);
    assert_int_equal(
        map_at(as, BASE + page_addr(half), half, (struct map_request){.prot = PROT_READ}), 0);
    assert_int_equal(as_protect(as, BASE, 2 * half, RW), -ENOMEM);
    assert_int_equal(cpu_store(as, BASE + page_addr(half), 5), FAULT_PROTECTION);
    assert_int_equal(as_brk(as, HEAP + page_addr(half)), HEAP);
    assert_int_equal(
        map_at(as, STACK - PAGE_SIZE, 1, (struct map_request){.prot = RW, .flags = SEG_GROWS}), 0);
    assert_int_equal(cpu_store(as, STACK - page_addr(half), 1), FAULT_NO_MEMORY);
    assert_int_equal(as_committed(), half + 1);
    assert_int_equal(fake_check(), 0);
    as_leave(as);
    assert_int_equal(as_committed(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_allocation_fails),
        cmocka_unit_test(test_memory_is_gone_from_there),
        cmocka_unit_test(test_one_allocation_fails_with_chaos),
        cmocka_unit_test(test_file_can_not_be_read),
        cmocka_unit_test(test_commit_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
