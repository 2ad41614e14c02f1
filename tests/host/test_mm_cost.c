/* SPDX-License-Identifier: MIT
 *
 * What an address space costs: exact numbers before and after map, split, merge, fork, copies and
 * moves, objects counted once however many segments map them.
 */
#include "mm/as_cost.h"
#include "tests/host/machine.h"

#define BASE 0x10000000u

static void map(struct as *as, vaddr_t base, uint32_t npages, struct obj *o, uint32_t page)
{
    struct map_request r = {.base = base,
                            .npages = npages,
                            .prot = RW,
                            .maxprot = RW,
                            .fixed = true,
                            .ops = o ? &seg_vn : &seg_anon,
                            .obj = o,
                            .obj_page = page};
    vaddr_t where;

    assert_int_equal(as_map(as, &r, &where), 0);
}

static void costs(struct as *as, uint32_t segs, uint32_t objects, uint32_t nodes, uint32_t shared,
                  uint32_t frames)
{
    struct as_cost c;

    as_cost(as, &c);
    assert_int_equal(c.space.count, 1);
    assert_int_equal(c.segs.count, segs);
    assert_int_equal(c.objects.count, objects);
    assert_int_equal(c.nodes.count, nodes);
    assert_int_equal(c.nodes_shared, shared);
    assert_int_equal(c.frames.count, frames);
    assert_int_equal(c.frames.each_bytes, 24);
    assert_int_equal(c.segs.each_bytes, sizeof(struct seg));
}

static void test_memory(void **state)
{
    struct as *as = as_create();

    (void)state;
    costs(as, 0, 0, 0, 0, 0);
    map(as, BASE, 8, NULL, 0);
    costs(as, 1, 0, 0, 0, 0);
    assert_int_equal(cpu_load(as, BASE), 0);
    costs(as, 1, 0, 1, 0, 0); /* the zero page is nobody's */
    assert_int_equal(cpu_store(as, BASE, 1), FAULT_OK);
    assert_int_equal(cpu_store(as, BASE + PAGE_SIZE, 1), FAULT_OK);
    costs(as, 1, 0, 1, 0, 2);
    assert_int_equal(as_protect(as, BASE + 2 * PAGE_SIZE, 2, PROT_READ), 0);
    costs(as, 3, 0, 1, 0, 2);
    assert_int_equal(as_protect(as, BASE + 2 * PAGE_SIZE, 2, RW), 0);
    costs(as, 1, 0, 1, 0, 2);
    assert_int_equal(as_unmap(as, BASE + PAGE_SIZE, 1), 0);
    costs(as, 2, 0, 1, 0, 1);
    map(as, BASE + NODE_SPAN, 1, NULL, 0);
    assert_int_equal(cpu_store(as, BASE + NODE_SPAN, 1), FAULT_OK);
    costs(as, 3, 0, 2, 0, 2);
    assert_int_equal(as_unmap(as, BASE, 8), 0);
    costs(as, 1, 0, 1, 0, 1);
    as_leave(as);
}

static void test_objects(void **state)
{
    struct obj *a = fake_file(1, 8), *b = fake_file(2, 8);
    struct as *as = as_create(), *other = as_create();

    (void)state;
    map(as, BASE, 2, a, 0);
    map(as, BASE + 16 * PAGE_SIZE, 2, b, 0);
    map(as, BASE + 32 * PAGE_SIZE, 2, a, 4);
    map(other, BASE, 2, a, 0);
    costs(as, 3, 2, 0, 0, 0);
    costs(other, 1, 1, 0, 0, 0);
    costs(as, 3, 2, 0, 0, 0);
    assert_int_equal(as_unmap(as, BASE, 2), 0);
    costs(as, 2, 2, 0, 0, 0);
    assert_int_equal(as_unmap(as, BASE + 32 * PAGE_SIZE, 2), 0);
    costs(as, 1, 1, 0, 0, 0);
    assert_int_equal(cpu_load(as, BASE + 16 * PAGE_SIZE), fake_file_byte(2, 0, 0));
    costs(as, 1, 1, 1, 0, 1);
    as_leave(as);
    as_leave(other);
    obj_unref(a);
    obj_unref(b);
}

static void test_fork(void **state)
{
    struct as *as = as_create(), *child;
    struct as_cost c;

    (void)state;
    map(as, BASE, 4, NULL, 0);
    map(as, BASE + NODE_SPAN, 4, NULL, 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(cpu_store(as, BASE + page_addr(i), 1), FAULT_OK);
    assert_int_equal(cpu_store(as, BASE + NODE_SPAN, 1), FAULT_OK);
    costs(as, 2, 0, 2, 0, 5);
    assert_int_equal(as_fork(as, &child), 0);
    costs(as, 2, 0, 2, 2, 5);
    costs(child, 2, 0, 2, 2, 5);
    assert_int_equal(cpu_store(child, BASE, 2), FAULT_OK);
    costs(as, 2, 0, 2, 1, 5);
    costs(child, 2, 0, 2, 1, 5);
    as_ref(child);
    as_leave(child);
    costs(as, 2, 0, 2, 0, 5);
    as_cost(child, &c); /* the shell that a look at it keeps */
    assert_int_equal(c.space.count + c.segs.count + c.nodes.count + c.frames.count, 0);
    as_unref(child);
    as_leave(as);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_memory, machine_setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_objects, machine_setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_fork, machine_setup, machine_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
