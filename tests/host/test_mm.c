/* SPDX-License-Identifier: MIT
 *
 * The memory core case by case: what a program observes of mapping, faulting, forking, and the
 * counts that must return to where they were.
 */
#include "include/uapi/errno.h"
#include "mm/fault.h"
#include "mm/obj.h"
#include "mm/rmap.h"
#include "mm/slab.h"
#include "tests/host/machine.h"

#define BASE 0x10000000u

static int fills;

static int fill_pattern(struct obj *o, uint32_t page, void *bytes)
{
    (void)o;
    fills++;
    memset(bytes, (int)(page + 1), PAGE_SIZE);
    return 0;
}

static void release_obj(struct obj *o)
{
    kfree(o);
}

static const struct obj_ops pattern_ops = {.fill = fill_pattern, .release = release_obj};

static struct obj *make_file(uint32_t npages)
{
    struct obj *o = kmalloc(sizeof(*o));

    obj_create(o, &pattern_ops, NULL, (uint64_t)npages * PAGE_SIZE);
    return o;
}

static int map_file(struct as *as, struct obj *o, vaddr_t base, uint32_t npages, prot_t prot)
{
    struct map_request r = {.base = base,
                            .npages = npages,
                            .prot = prot,
                            .maxprot = RWX,
                            .fixed = true,
                            .ops = &seg_vn,
                            .obj = o};
    vaddr_t where;

    return as_map(as, &r, &where);
}

static void test_zero_fill(void **state)
{
    struct as *as = as_create();

    (void)state;
    assert_int_equal(map_anon(as, BASE, 8, RW), 0);
    assert_int_equal(as_resident(as), 0);
    assert_int_equal(cpu_load(as, BASE + 5), 0);
    assert_int_equal(as_resident(as), 0); /* the permanent zero page is nobody's */
    assert_int_equal(cpu_store(as, BASE + 5, 77), FAULT_OK);
    assert_int_equal(cpu_load(as, BASE + 5), 77);
    assert_int_equal(cpu_load(as, BASE + 6), 0);
    assert_int_equal(as_resident(as), 1);
    assert_int_equal(cpu_load(as, BASE + 8 * PAGE_SIZE), -FAULT_NO_SEGMENT);
    assert_int_equal(cpu_load(as, BASE - 1), -FAULT_NO_SEGMENT);
    as_leave(as);
}

static void test_zero_page_stays_zero(void **state)
{
    struct as *as = as_create();

    (void)state;
    assert_int_equal(map_anon(as, BASE, 2, RW), 0);
    assert_int_equal(cpu_load(as, BASE), 0);
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE), 0);
    assert_int_equal(cpu_store(as, BASE, 1), FAULT_OK);
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE), 0);
    as_leave(as);
}

static void test_fork_copies_on_write(void **state)
{
    struct as *as = as_create(), *child;

    (void)state;
    assert_int_equal(map_anon(as, BASE, 1024, RW), 0);
    for (unsigned i = 0; i < 1024; i++)
        assert_int_equal(cpu_store(as, BASE + i * PAGE_SIZE, (uint8_t)i), FAULT_OK);
    uint32_t used = fake_in_use();

    assert_int_equal(as_fork(as, &child), 0);
    assert_true(fake_in_use() - used < 8); /* no page and no node was copied */
    assert_int_equal(cpu_load(child, BASE + 700 * PAGE_SIZE), 700 & 255);
    used = fake_in_use();
    assert_int_equal(cpu_store(child, BASE + 3 * PAGE_SIZE, 99), FAULT_OK);
    assert_int_equal(fake_in_use() - used, 2); /* the page and its node */
    assert_int_equal(cpu_load(as, BASE + 3 * PAGE_SIZE), 3);
    assert_int_equal(cpu_load(child, BASE + 3 * PAGE_SIZE), 99);
    assert_int_equal(cpu_store(as, BASE + 4 * PAGE_SIZE, 55), FAULT_OK);
    assert_int_equal(cpu_load(child, BASE + 4 * PAGE_SIZE), 4);
    assert_int_equal(fake_check(), 0);
    as_leave(child);
    struct fault_counters c = fault_counters();

    used = fake_in_use();
    assert_int_equal(cpu_store(as, BASE + 900 * PAGE_SIZE, 1), FAULT_OK);
    assert_int_equal(fake_in_use(), used); /* the last owner writes without a copy */
    assert_int_equal(fault_counters().kind[FAULT_COPY], c.kind[FAULT_COPY]);
    as_leave(as);
}

/* fork=copy: the child has copies of its own at once; what the parent locked is locked for the
 * parent alone, and keeps its frames. */
static void test_copy_ahead_of_locked_memory(void **state)
{
    struct as *as = as_create(), *child;
    pfn_t before[8];

    (void)state;
    assert_int_equal(map_anon(as, BASE, 8, RW), 0);
    assert_int_equal(as_set_flags(as, BASE, 8, 0, SEG_WIRED), 0);
    assert_int_equal(as_populate(as, BASE, 8, POPULATE), 0);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(cpu_store(as, BASE + i * PAGE_SIZE, (uint8_t)(i + 1)), FAULT_OK);
        before[i] = pte_pfn(pt_get(as, BASE + i * PAGE_SIZE));
    }
    assert_int_equal(as_fork(as, &child), 0);
    assert_int_equal(as_copy_ahead(as, child), 0);
    struct fault_counters c = fault_counters();

    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(cpu_store(as, BASE + i * PAGE_SIZE + 1, 99), FAULT_OK);
        assert_int_equal(cpu_store(child, BASE + i * PAGE_SIZE + 2, 98), FAULT_OK);
        assert_int_equal(pte_pfn(pt_get(as, BASE + i * PAGE_SIZE)), before[i]);
        assert_int_equal(cpu_load(child, BASE + i * PAGE_SIZE), i + 1);
        assert_int_equal(cpu_load(child, BASE + i * PAGE_SIZE + 1), 0);
    }
    assert_int_equal(fault_counters().kind[FAULT_COPY], c.kind[FAULT_COPY]);
    assert_int_equal(fault_counters().entries, c.entries); /* both were told at once */
    assert_int_equal(as_discard(as, BASE, 8, SEG_DONTNEED), -EINVAL);
    assert_int_equal(as_discard(child, BASE, 8, SEG_DONTNEED), 0);
    assert_int_equal(cpu_load(child, BASE), 0);
    assert_int_equal(cpu_load(as, BASE), 1);
    assert_int_equal(fake_check(), 0);
    as_leave(child);
    as_leave(as);
}

static void test_file_pages_are_shared(void **state)
{
    struct as *a = as_create(), *b = as_create();
    struct obj *o = make_file(4);

    (void)state;
    fills = 0;
    assert_int_equal(map_file(a, o, BASE, 4, PROT_READ), 0);
    assert_int_equal(map_file(b, o, BASE + PAGE_SIZE, 4, RW), 0);
    assert_int_equal(cpu_load(a, BASE + PAGE_SIZE), 2);
    assert_int_equal(cpu_load(b, BASE + 2 * PAGE_SIZE), 2);
    assert_int_equal(fills, 1); /* found in memory the second time */
    assert_int_equal(rmap_for_each(obj_lookup(o, 1), NULL, NULL), 2);
    assert_int_equal(cpu_store(b, BASE + 2 * PAGE_SIZE, 42), FAULT_OK);
    assert_int_equal(cpu_load(a, BASE + PAGE_SIZE), 2);
    assert_int_equal(cpu_store(a, BASE, 1), FAULT_PROTECTION);
    as_leave(a);
    as_leave(b);
    assert_int_not_equal(obj_lookup(o, 1), NO_PFN); /* stays after its last user */
    obj_unref(o);
}

static void test_beyond_the_end_of_a_file(void **state)
{
    struct as *as = as_create();
    struct obj *o = make_file(2);

    (void)state;
    assert_int_equal(map_file(as, o, BASE, 4, PROT_READ), 0);
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE), 2);
    assert_int_equal(cpu_load(as, BASE + 2 * PAGE_SIZE), -FAULT_BEYOND_END);
    as_leave(as);
    obj_unref(o);
}

static void test_unmap_splits(void **state)
{
    struct as *as = as_create();

    (void)state;
    assert_int_equal(map_anon(as, BASE, 10, RW), 0);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(cpu_store(as, BASE + i * PAGE_SIZE, (uint8_t)(i + 1)), FAULT_OK);
    uint32_t used = fake_in_use();

    assert_int_equal(as_unmap(as, BASE + 3 * PAGE_SIZE, 4), 0);
    assert_int_equal(used - fake_in_use(), 4); /* exactly those frames came back */
    assert_int_equal(as->nsegs, 2);
    assert_int_equal(cpu_load(as, BASE + 2 * PAGE_SIZE), 3);
    assert_int_equal(cpu_load(as, BASE + 3 * PAGE_SIZE), -FAULT_NO_SEGMENT);
    assert_int_equal(cpu_load(as, BASE + 7 * PAGE_SIZE), 8);
    assert_int_equal(map_anon(as, BASE + 3 * PAGE_SIZE, 4, RW), 0);
    assert_int_equal(as->nsegs, 1); /* the gap is filled: one segment again */
    assert_int_equal(cpu_load(as, BASE + 4 * PAGE_SIZE), 0);
    as_leave(as);
}

static void test_protect_splits_and_merges(void **state)
{
    struct as *as = as_create();

    (void)state;
    assert_int_equal(map_anon(as, BASE, 9, RW), 0);
    assert_int_equal(cpu_store(as, BASE + 4 * PAGE_SIZE, 5), FAULT_OK);
    assert_int_equal(as_protect(as, BASE + 3 * PAGE_SIZE, 3, PROT_READ), 0);
    assert_int_equal(as->nsegs, 3);
    assert_int_equal(cpu_store(as, BASE + 4 * PAGE_SIZE, 6), FAULT_PROTECTION);
    assert_int_equal(cpu_load(as, BASE + 4 * PAGE_SIZE), 5);
    assert_int_equal(as_protect(as, BASE + 4 * PAGE_SIZE, 1, PROT_NONE), 0);
    assert_int_equal(cpu_load(as, BASE + 4 * PAGE_SIZE), -FAULT_PROTECTION);
    assert_int_equal(as_protect(as, BASE, 9, RW), 0);
    assert_int_equal(as->nsegs, 1);
    assert_int_equal(cpu_load(as, BASE + 4 * PAGE_SIZE), 5);
    assert_int_equal(as_protect(as, BASE, 10, RW), -ENOMEM); /* a gap at the end */
    as_leave(as);
}

static void test_protect_after_fork_leaks_nothing(void **state)
{
    struct as *as = as_create(), *child;

    (void)state;
    assert_int_equal(map_anon(as, BASE, 4, RW), 0);
    assert_int_equal(cpu_store(as, BASE, 5), FAULT_OK);
    assert_int_equal(as_fork(as, &child), 0);
    assert_int_equal(as_protect(child, BASE, 1, PROT_NONE), 0);
    assert_int_equal(cpu_load(as, BASE), 5);
    assert_int_equal(cpu_load(child, BASE), -FAULT_PROTECTION);
    assert_int_equal(cpu_store(as, BASE, 6), FAULT_OK);
    as_leave(child);
    as_leave(as);
}

/* What was written is executed, not what the instruction cache had before: after a first write and
 * a second, in a frame that had another page's code, and in a child's copy. */
static void test_executes_what_was_written(void **state)
{
    struct as *as = as_create(), *child;
    uint8_t byte;

    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(map_anon(as, BASE, 4, RW), 0);
        for (int i = 1; i <= 2; i++) {
            uint8_t code = (uint8_t)(10 * round + i);

            assert_int_equal(as_protect(as, BASE, 4, RW), 0);
            assert_int_equal(cpu_store(as, BASE + 7, code), FAULT_OK);
            assert_int_equal(as_protect(as, BASE, 4, PROT_READ | PROT_EXEC), 0);
            assert_int_equal(cpu_access(as, BASE + 7, PROT_EXEC, &byte), FAULT_OK);
            assert_int_equal(byte, code);
        }
        assert_int_equal(as_fork(as, &child), 0);
        assert_int_equal(as_protect(child, BASE, 4, RW), 0);
        assert_int_equal(cpu_store(child, BASE + 7, 99), FAULT_OK);
        assert_int_equal(as_protect(child, BASE, 4, PROT_READ | PROT_EXEC), 0);
        assert_int_equal(cpu_access(child, BASE + 7, PROT_EXEC, &byte), FAULT_OK);
        assert_int_equal(byte, 99);
        as_leave(child);
        assert_int_equal(as_unmap(as, BASE, 4), 0);
    }
    as_leave(as);
}

static void test_stack_grows_to_its_limit(void **state)
{
    struct as *as = as_create();
    struct map_request r = {.base = BASE,
                            .npages = 1,
                            .prot = RW,
                            .maxprot = RW,
                            .fixed = true,
                            .flags = SEG_GROWS,
                            .ops = &seg_anon};
    vaddr_t where;

    (void)state;
    as->stack_top = BASE + PAGE_SIZE;
    as->stack_limit_pages = 64;
    assert_int_equal(as_map(as, &r, &where), 0);
    assert_int_equal(cpu_store(as, BASE - 1, 1), FAULT_OK);
    assert_int_equal(cpu_store(as, BASE - 63 * PAGE_SIZE, 1), FAULT_OK);
    assert_int_equal(cpu_store(as, BASE - 63 * PAGE_SIZE - 1, 1), FAULT_STACK_LIMIT);
    assert_int_equal(map_anon(as, BASE - 200 * PAGE_SIZE, 1, RW), 0);
    assert_int_equal(cpu_store(as, BASE - 300 * PAGE_SIZE, 1), FAULT_NO_SEGMENT);
    as_leave(as);
}

static void test_gaps_are_found_from_the_top(void **state)
{
    struct as *as = as_create();
    struct map_request r = {.npages = 4, .prot = RW, .maxprot = RW, .ops = &seg_anon};
    vaddr_t a, b;

    (void)state;
    as->mmap_top = 0x20000000;
    assert_int_equal(as_map(as, &r, &a), 0);
    assert_int_equal(a, 0x20000000 - 4 * PAGE_SIZE);
    r.prot = PROT_READ;
    assert_int_equal(as_map(as, &r, &b), 0);
    assert_int_equal(b, a - 4 * PAGE_SIZE);
    assert_int_equal(as_unmap(as, a, 4), 0);
    r.npages = 2;
    assert_int_equal(as_map(as, &r, &a), 0);
    assert_int_equal(a, 0x20000000 - 2 * PAGE_SIZE);
    r.npages = page_of(USER_END);
    assert_int_equal(as_map(as, &r, &a), -ENOMEM);
    as_leave(as);
}

/* Where a mapping of npages goes; it is taken away again. */
static vaddr_t highest_place(struct as *as, uint32_t npages)
{
    struct map_request r = {.npages = npages, .prot = PROT_READ, .maxprot = RW, .ops = &seg_anon};
    vaddr_t where;

    assert_int_equal(as_map(as, &r, &where), 0);
    assert_int_equal(as_unmap(as, where, npages), 0);
    assert_int_equal(fake_check(), 0);
    return where;
}

/* Segments whose base passes mmap_top upwards (a part is unmapped) and downwards (it grows). */
static void test_segments_across_the_top(void **state)
{
    enum { TOP = 0x20000000 };
    struct as *as = as_create();

    (void)state;
    as->mmap_top = TOP;
    assert_int_equal(map_anon(as, TOP - 16 * PAGE_SIZE, 32, RW), 0);
    assert_int_equal(highest_place(as, 4), TOP - 20 * PAGE_SIZE);
    assert_int_equal(as_unmap(as, TOP - 16 * PAGE_SIZE, 20), 0);
    assert_int_equal(highest_place(as, 4), TOP - 4 * PAGE_SIZE);
    assert_int_equal(map_anon(as, TOP - 2 * PAGE_SIZE, 6, RW), 0);
    assert_int_equal(highest_place(as, 4), TOP - 6 * PAGE_SIZE);
    assert_int_equal(map_anon(as, TOP - 12 * PAGE_SIZE, 4, PROT_READ), 0);
    assert_int_equal(highest_place(as, 6), TOP - 8 * PAGE_SIZE);
    assert_int_equal(highest_place(as, 7), TOP - 19 * PAGE_SIZE);
    assert_int_equal(as_unmap(as, TOP - 2 * PAGE_SIZE, 18), 0);
    assert_int_equal(highest_place(as, 7), TOP - 7 * PAGE_SIZE);
    as_leave(as);
}

static void test_heap(void **state)
{
    struct as *as = as_create();

    (void)state;
    as->brk_start = as->brk = BASE + 100;
    assert_int_equal(as_brk(as, 0), BASE + 100);
    assert_int_equal(as_brk(as, BASE + 3 * PAGE_SIZE), BASE + 3 * PAGE_SIZE);
    assert_int_equal(cpu_store(as, BASE + 2 * PAGE_SIZE, 9), FAULT_OK);
    assert_int_equal(as_brk(as, BASE + PAGE_SIZE), BASE + PAGE_SIZE);
    assert_int_equal(cpu_load(as, BASE + 2 * PAGE_SIZE), -FAULT_NO_SEGMENT);
    assert_int_equal(as_brk(as, BASE + 3 * PAGE_SIZE), BASE + 3 * PAGE_SIZE);
    assert_int_equal(cpu_load(as, BASE + 2 * PAGE_SIZE), 0); /* old contents are gone */
    assert_int_equal(as_brk(as, 0xffffffff), BASE + 3 * PAGE_SIZE);
    as_leave(as);
}

static void test_hostile_ranges(void **state)
{
    struct as *as = as_create();

    (void)state;
    assert_int_equal(map_anon(as, 0, 1, RW), -ENOMEM);
    assert_int_equal(map_anon(as, BASE + 1, 1, RW), -EINVAL);
    assert_int_equal(map_anon(as, BASE, 0, RW), -EINVAL);
    assert_int_equal(map_anon(as, USER_END - PAGE_SIZE, 2, RW), -ENOMEM);
    assert_int_equal(map_anon(as, BASE, 0xfffff, RW), -ENOMEM);
    assert_int_equal(as_unmap(as, BASE, 0xfffff), -EINVAL);
    assert_int_equal(as_unmap(as, 0xfffff000, 1), -EINVAL);
    assert_int_equal(as_unmap(as, USER_MIN, page_of(USER_END - USER_MIN)), 0);
    assert_int_equal(as_protect(as, BASE, 1, RW), -ENOMEM);
    assert_int_equal(map_anon(as, BASE, 5000, RW), -ENOMEM); /* beyond all memory */
    as_leave(as);
}

static void test_memory_runs_out(void **state)
{
    struct as *as = as_create();
    enum fault_error error = FAULT_OK;
    unsigned i;

    (void)state;
    assert_int_equal(map_anon(as, BASE, 3900, RW), 0);
    assert_int_equal(map_anon(as, BASE + 0x8000000, 3900, RW), 0);
    for (i = 0; i < 3900 && !error; i++)
        error = cpu_store(as, BASE + i * PAGE_SIZE, 1);
    for (i = 0; i < 3900 && !error; i++)
        error = cpu_store(as, BASE + 0x8000000 + i * PAGE_SIZE, 1);
    assert_int_equal(error, FAULT_NO_MEMORY);
    assert_int_equal(fake_check(), 0);
    as_leave(as);
}

static void test_cache_gives_way(void **state)
{
    struct as *as = as_create();
    struct obj *o = make_file(2000);

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        pfn_t pfn;

        assert_int_equal(obj_get(o, i, &pfn, NULL), 0);
        obj_put(pfn);
    }
    assert_int_equal(frame_stats().cache, 2000);
    assert_int_equal(map_anon(as, BASE, 3500, RW), 0);
    for (unsigned i = 0; i < 3500; i++)
        assert_int_equal(cpu_store(as, BASE + i * PAGE_SIZE, 1), FAULT_OK);
    assert_true(frame_stats().cache < 2000);
    assert_int_equal(fake_check(), 0);
    as_leave(as);
    obj_unref(o);
}

static void test_peek_and_poke(void **state)
{
    struct as *as = as_create(), *child;
    char buf[6000], back[6000];

    (void)state;
    memset(buf, 'q', sizeof(buf));
    assert_int_equal(map_anon(as, BASE, 4, PROT_READ), 0);
    assert_int_equal(as_poke(as, BASE + 100, buf, sizeof(buf)), 0);
    assert_int_equal(as_fork(as, &child), 0);
    assert_int_equal(as_poke(child, BASE + 100, "x", 1), 0);
    assert_int_equal(as_peek(as, BASE + 100, back, sizeof(back)), 0);
    assert_memory_equal(buf, back, sizeof(buf));
    assert_int_equal(as_peek(as, BASE + 3 * PAGE_SIZE, back, sizeof(back)), -EFAULT);
    assert_int_equal(as_poke(as, USER_END - 1, buf, 2), -EFAULT);
    as_leave(child);
    as_leave(as);
}

static void test_contiguous(void **state)
{
    pfn_t a = frame_alloc_contiguous(100, 64), one;

    (void)state;
    assert_int_not_equal(a, NO_PFN);
    assert_int_equal(a % 64, 0);
    one = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL);
    assert_true(one < a || one >= a + 100);
    assert_int_equal(frame_alloc_contiguous(5000, 1), NO_PFN);
    frame_free_contiguous(a, 100);
    frame_free(one);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_zero_fill),
        TEST(test_zero_page_stays_zero),
        TEST(test_fork_copies_on_write),
        TEST(test_copy_ahead_of_locked_memory),
        TEST(test_file_pages_are_shared),
        TEST(test_beyond_the_end_of_a_file),
        TEST(test_unmap_splits),
        TEST(test_protect_splits_and_merges),
        TEST(test_protect_after_fork_leaks_nothing),
        TEST(test_executes_what_was_written),
        TEST(test_stack_grows_to_its_limit),
        TEST(test_gaps_are_found_from_the_top),
        TEST(test_segments_across_the_top),
        TEST(test_heap),
        TEST(test_hostile_ranges),
        TEST(test_memory_runs_out),
        TEST(test_cache_gives_way),
        TEST(test_peek_and_poke),
        TEST(test_contiguous),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
