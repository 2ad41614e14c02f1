/* SPDX-License-Identifier: MIT
 *
 * Shared anonymous memory that goes to swap: its pages belong to an object, which finds their slots
 * by itself. Two programs map it.
 */
#include "tests/host/swap_world.h"

#include "mm/obj_anon.h"
#include "mm/swap_obj.h"

#define SHARED 40u /* the first page of the mapping, in both */
#define NPAGES 20u

static struct as *other;
static struct obj *shared;
static unsigned asked;

static void map_shared(struct as *where)
{
    struct map_request r = request_at(va_of(SHARED), 0, NPAGES, RW);
    vaddr_t at;

    r.flags = SEG_SHARED;
    r.ops = &seg_shared;
    r.obj = shared;
    assert_int_equal(as_map(where, &r, &at), 0);
}

static int obj_setup(void **state)
{
    swap_setup(state);
    other = as_create();
    shared = obj_anon_create(NPAGES, true);
    map_shared(as);
    map_shared(other);
    for (unsigned i = 0; i < NPAGES; i++)
        store(SHARED + i, i + 1);
    return 0;
}

static int obj_teardown(void **state)
{
    as_leave(other);
    obj_unref(shared);
    return swap_teardown(state);
}

static uint32_t slot_at(unsigned page)
{
    return swap_obj_find(shared, page);
}

static void expect_both(unsigned page, unsigned byte)
{
    expect(SHARED + page, byte);
    expect_in(other, SHARED + page, byte);
}

static void test_out_and_in(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NPAGES; i++) {
        expect_in(other, SHARED + i, i + 1);
        page_out(SHARED + i);
        assert_true(pte_is_none(pt_get(as, va_of(SHARED + i))));
        assert_true(pte_is_none(pt_get(other, va_of(SHARED + i))));
        assert_int_not_equal(slot_at(i), NO_SLOT);
    }
    assert_int_equal(swap_stats().used, NPAGES);
    assert_int_equal(disk.out, NPAGES);
    expect_both(0, 1); /* found */
    assert_int_equal(disk.in, 0);
    forget_cache();
    for (unsigned i = 0; i < NPAGES; i++)
        expect_both(i, i + 1);
    assert_int_equal(fake_check(), 0);
}

/* What was read only needs no second writing; what is stored to does, and leaves its slot. */
static void test_clean(void **state)
{
    (void)state;
    page_out(SHARED);
    forget_cache();
    expect(SHARED, 1);
    page_out(SHARED);
    assert_int_equal(disk.out, 1);
    forget_cache();
    expect(SHARED, 1);
    store_in(other, SHARED, 2);
    expect_both(0, 2);
    page_out(SHARED);
    assert_int_equal(disk.out, 2);
    forget_cache();
    expect_both(0, 2);
}

static void load_meanwhile(struct fake_swap *s, bool write, uint32_t page, unsigned n)
{
    (void)s, (void)write, (void)page, (void)n;
    asked++;
    expect_in(other, SHARED, 1);
}

static void unmap_meanwhile(struct fake_swap *s, bool write, uint32_t page, unsigned n)
{
    (void)s, (void)write, (void)page, (void)n;
    asked++;
    assert_int_equal(as_unmap(as, va_of(SHARED), NPAGES), 0);
    assert_int_equal(as_unmap(other, va_of(SHARED), NPAGES), 0);
    obj_unref(shared);
    shared = NULL;
}

/* Read by another while it is written: it is found in memory. */
static void test_load_on_its_way_out(void **state)
{
    (void)state;
    disk.meanwhile = load_meanwhile;
    asked = 0;
    page_out(SHARED);
    assert_int_equal(asked, 1);
    assert_int_equal(disk.in, 0);
    store_in(other, SHARED, 3);
    forget_cache();
    expect_both(0, 3);
    assert_int_equal(fake_check(), 0);
    page_out(SHARED);
    forget_cache();
    expect_both(0, 3);
}

/* All of it goes while one page is written. */
static void test_end_on_its_way_out(void **state)
{
    (void)state;
    page_out(SHARED + 1);
    disk.meanwhile = unmap_meanwhile;
    asked = 0;
    page_out(SHARED);
    assert_int_equal(asked, 1);
    assert_int_equal(swap_stats().used, 0);
    assert_int_equal(fake_check(), 0);
    shared = obj_anon_create(NPAGES, true);
}

static void test_errors(void **state)
{
    struct swap_area_info area;

    (void)state;
    disk.write_fails = 1;
    page_out(SHARED);
    forget_cache();
    expect_both(0, 1);
    page_out(SHARED);
    assert_true(swap_area(0, &area));
    disk.bad_page = slot_at(0) - area.first;
    page_out(SHARED + 1);
    forget_cache();
    assert_int_equal(cpu_load(as, va_of(SHARED)), -(int)FAULT_IO);
    assert_int_equal(cpu_store(other, va_of(SHARED), 1), FAULT_IO);
    expect_both(1, 2);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_swap_remove(&disk), -EIO);
    disk.bad_page = 0;
    expect_both(0, 1);
}

static void test_locked(void **state)
{
    (void)state;
    assert_int_equal(as_wire(other, va_of(SHARED), NPAGES, SEG_WIRED), 0);
    expect_in(other, SHARED, 1);
    assert_int_equal(fake_page_out(as, va_of(SHARED)), 0);
    expect_both(0, 1);
    assert_int_equal(as_wire(other, va_of(SHARED), NPAGES, 0), 0);
    page_out(SHARED);
}

static void test_remove(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NPAGES; i++)
        page_out(SHARED + i);
    expect(SHARED + 3, 4);
    forget_cache();
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(swap_stats().used, 0);
    for (unsigned i = 0; i < NPAGES; i++) {
        assert_int_equal(slot_at(i), NO_SLOT);
        expect_both(i, i + 1);
    }
    assert_int_equal(fake_swap_add(&disk, "disk", 257, -1), 0);
}

/* A child has the same memory. */
static void test_fork(void **state)
{
    struct as *child;

    (void)state;
    page_out(SHARED);
    forget_cache();
    assert_int_equal(as_fork(as, &child), 0);
    store_in(child, SHARED, 9);
    expect_both(0, 9);
    page_out(SHARED);
    as_leave(child);
    forget_cache();
    expect_both(0, 9);
}

#define OBJ_TEST(f) cmocka_unit_test_setup_teardown(f, obj_setup, obj_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OBJ_TEST(test_out_and_in),
        OBJ_TEST(test_clean),
        OBJ_TEST(test_load_on_its_way_out),
        OBJ_TEST(test_end_on_its_way_out),
        OBJ_TEST(test_errors),
        OBJ_TEST(test_locked),
        OBJ_TEST(test_remove),
        OBJ_TEST(test_fork),
    };

    return cmocka_run_group_tests_name("swap_obj", tests, NULL, NULL);
}
