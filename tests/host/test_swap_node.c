/* SPDX-License-Identifier: MIT
 *
 * Page-table nodes that page-out takes when all that they name is swapped, and programs that go
 * whole: whatever is done to them next finds everything as it was.
 */
#include "tests/host/swap_world.h"

#define NODES 3u /* of the program, each with PAGES pages in use from its beginning */

static vaddr_t at(unsigned node, unsigned page)
{
    return BASE + node * NODE_SPAN + page_addr(page);
}

static unsigned byte_of(unsigned node, unsigned page)
{
    return node * 64 + page + 1;
}

static void fill(struct as *where)
{
    for (unsigned n = 0; n < NODES; n++)
        for (unsigned i = 0; i < PAGES; i++)
            assert_int_equal(cpu_store(where, at(n, i), (uint8_t)byte_of(n, i)), FAULT_OK);
}

static void expect_filled(struct as *where)
{
    for (unsigned n = 0; n < NODES; n++)
        for (unsigned i = 0; i < PAGES; i++)
            assert_int_equal(cpu_load(where, at(n, i)), (int)byte_of(n, i));
}

static unsigned nodes_in(const struct as *where)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(where->slots); i++)
        n += (unsigned)__builtin_popcount(where->slots[i]);
    return n;
}

static unsigned take_node(struct as *where, unsigned node)
{
    pfn_t pfn = node_pfn(pt_node(where->pt, at(node, 0)));

    return page_look(pfn, false) == PAGE_IDLE ? page_evict(pfn) : 0;
}

static int setup(void **state)
{
    swap_setup(state);
    assert_int_equal(as_unmap(as, BASE, PAGES), 0);
    assert_int_equal(map_anon(as, BASE, NODES * NODE_PAGES, RW), 0);
    return 0;
}

/* All is swapped, and no node is left. */
static void all_away(void)
{
    fill(as);
    assert_int_equal(nodes_in(as), NODES);
    assert_true(evict_space(as) >= NODES * PAGES + NODES);
    assert_int_equal(nodes_in(as), 0);
    assert_int_equal(as->nodes_out, NODES);
    assert_int_equal(as->entries_out, NODES * PAGES);
    assert_int_equal(as_resident(as), 0);
    forget_cache();
    assert_int_equal(fake_check(), 0);
}

static void all_back(void)
{
    assert_int_equal(as->nodes_out, 0);
    assert_int_equal(as->entries_out, 0);
    assert_int_equal(nodes_in(as), NODES);
    assert_int_equal(fake_check(), 0);
}

static void test_touch(void **state)
{
    uint32_t before = fake_in_use(), faults;

    (void)state;
    all_away();
    assert_int_equal(fake_in_use(), before); /* it takes nothing but its slots */
    faults = fault_counters().entries;
    assert_int_equal(cpu_load(as, at(1, 5)), (int)byte_of(1, 5));
    assert_int_equal(fault_counters().entries, faults + 1);
    all_back();
    expect_filled(as);
    assert_int_equal(fake_check(), 0);
}

/* A touch of what was never there finds zeroes, and brings all back, too. */
static void test_touch_new(void **state)
{
    (void)state;
    all_away();
    assert_int_equal(cpu_load(as, at(2, PAGES + 3)), 0);
    all_back();
    expect_filled(as);
}

static void test_store(void **state)
{
    (void)state;
    all_away();
    assert_int_equal(cpu_store(as, at(0, 0), 200), FAULT_OK);
    assert_int_equal(cpu_load(as, at(0, 0)), 200);
    all_back();
    assert_int_equal(cpu_store(as, at(0, 0), (uint8_t)byte_of(0, 0)), FAULT_OK);
    expect_filled(as);
}

/* The same through the kernel's own eyes. */
static void test_peek(void **state)
{
    uint8_t byte = 0;

    (void)state;
    all_away();
    assert_int_equal(as_peek(as, at(1, 1), &byte, 1), 0);
    assert_int_equal(byte, byte_of(1, 1));
    all_back();
}

static void test_exit(void **state)
{
    (void)state;
    all_away(); /* the teardown wants no slot in use */
}

static void test_unmap(void **state)
{
    (void)state;
    all_away();
    assert_int_equal(as_unmap(as, at(1, 3), 1), 0);
    assert_int_equal(cpu_load(as, at(1, 3)), -FAULT_NO_SEGMENT);
    assert_int_equal(swap_stats().used, NODES * PAGES - 1);
    assert_int_equal(cpu_load(as, at(1, 2)), (int)byte_of(1, 2));
    assert_int_equal(as_unmap(as, BASE, NODES * NODE_PAGES), 0);
    assert_int_equal(swap_stats().used, 0);
    assert_int_equal(fake_check(), 0);
}

static void test_discard(void **state)
{
    (void)state;
    all_away();
    assert_int_equal(as_discard(as, at(1, 3), 2, SEG_DONTNEED), 0);
    assert_int_equal(swap_stats().used, NODES * PAGES - 2);
    assert_int_equal(cpu_load(as, at(1, 3)), 0);
    assert_int_equal(cpu_load(as, at(1, 5)), (int)byte_of(1, 5));
    assert_int_equal(fake_check(), 0);
}

static void test_protect(void **state)
{
    (void)state;
    all_away();
    assert_int_equal(as_protect(as, BASE, NODES * NODE_PAGES, PROT_READ), 0);
    expect_filled(as);
    assert_int_equal(cpu_store(as, at(0, 0), 1), FAULT_PROTECTION);
    assert_int_equal(fake_check(), 0);
}

static void test_remap(void **state)
{
    struct remap_request r = {.from = at(0, 0),
                              .to = at(NODES + 4, 7),
                              .old_pages = NODES * NODE_PAGES,
                              .new_pages = NODES * NODE_PAGES,
                              .flags = REMAP_MAYMOVE | REMAP_FIXED};
    vaddr_t where;

    (void)state;
    all_away();
    assert_int_equal(as_remap(as, &r, &where), 0);
    assert_int_equal(where, r.to);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(cpu_load(as, r.to + NODE_SPAN + page_addr(i)), (int)byte_of(1, i));
    assert_int_equal(fake_check(), 0);
}

static void test_wire(void **state)
{
    (void)state;
    all_away();
    assert_int_equal(as_wire(as, BASE, NODE_PAGES, SEG_WIRED | SEG_ONFAULT), 0);
    all_back();
    (void)evict_space(as);
    assert_int_equal(nodes_in(as), 1); /* the one that is wired */
    assert_int_equal(as->nodes_out, NODES - 1);
    expect_filled(as);
}

static void test_fork(void **state)
{
    struct as *child;

    (void)state;
    all_away();
    assert_int_equal(as_fork(as, &child), 0);
    all_back();
    expect_filled(child);
    assert_int_equal(cpu_store(child, at(0, 0), 99), FAULT_OK);
    expect_filled(as);
    assert_int_equal(fake_check(), 0);
    as_leave(child);
    expect_filled(as);
}

/* Both name the same slots: a slot can be out for one of them. */
static void test_kin(void **state)
{
    struct as *child;

    (void)state;
    fill(as);
    assert_int_equal(as_fork(as, &child), 0);
    assert_int_equal(evict_space(as), 0); /* the nodes are two programs' */
    for (unsigned n = 0; n < NODES; n++)
        assert_int_equal(cpu_store(child, at(n, PAGES), 1), FAULT_OK); /* its own nodes */
    assert_true(evict_space(as) > 0);
    assert_int_equal(as->nodes_out, NODES);
    (void)evict_space(child);
    assert_int_equal(child->nodes_out, 0);
    forget_cache();
    assert_int_equal(fake_check(), 0);
    expect_filled(child);
    expect_filled(as);
    assert_int_equal(fake_check(), 0);
    (void)evict_space(child);
    as_leave(child);
    (void)evict_space(as);
    assert_int_equal(as->nodes_out, NODES);
    expect_filled(as);
}

static void test_swapoff(void **state)
{
    (void)state;
    all_away();
    assert_int_equal(fake_swap_remove(&disk), 0);
    assert_int_equal(as_resident(as), NODES * PAGES);
    expect_filled(as);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_swap_add(&disk, "disk", 257, -1), 0);
    disk.closed = 0;
}

/* Without a frame for the first node nothing is touched; later all is there. */
static void test_no_memory(void **state)
{
    pfn_t taken[4096];
    unsigned n = 0;

    (void)state;
    all_away();
    while (n < ARRAY_SIZE(taken) &&
           (taken[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL)) != NO_PFN)
        n++;
    assert_int_equal(frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL), NO_PFN);
    assert_int_equal(as_all_nodes(as), -ENOMEM);
    assert_int_equal(as_unmap(as, at(1, 0), 1), -ENOMEM);
    assert_int_equal(as->nodes_out, NODES);
    frame_free(taken[--n]);
    assert_int_equal(as_all_nodes(as), -ENOMEM);
    assert_int_equal(as->nodes_out, NODES - 1);
    while (n)
        frame_free(taken[--n]);
    assert_int_equal(fake_check(), 0);
    expect_filled(as);
}

/* One alone, by the hand of the clock: not with a page in memory, not with a page that is wired. */
static void test_node(void **state)
{
    uint32_t before;

    (void)state;
    fill(as);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(fake_page_out(as, at(1, i)), 1);
    forget_cache();
    before = fake_in_use();
    assert_int_equal(take_node(as, 0), 0);
    assert_int_equal(take_node(as, 1), 1);
    assert_int_equal(fake_in_use(), before - 1);
    assert_int_equal(as->nodes_out, 1);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(cpu_load(as, at(1, 9)), (int)byte_of(1, 9));
    assert_int_equal(take_node(as, 1), 0);
    assert_int_equal(fake_page_out(as, at(1, 9)), 1);
    assert_int_equal(cpu_load(as, at(1, NODE_PAGES - 1)), 0); /* the zero page is no obstacle */
    assert_int_equal(take_node(as, 1), 1);
    rwlock_write(&as->lock);
    assert_int_equal(as_all_nodes(as), 0);
    assert_int_equal(take_node(as, 1), 0); /* somebody works in the space */
    rwlock_write_done(&as->lock);
    assert_int_equal(take_node(as, 1), 1);
    expect_filled(as);
}

/* A node of nothing but zeroes goes without a trace. */
static void test_zeroes(void **state)
{
    (void)state;
    assert_int_equal(cpu_load(as, at(0, 0)), 0);
    assert_int_equal(nodes_in(as), 1);
    assert_int_equal(take_node(as, 0), 1);
    assert_int_equal(nodes_in(as), 0);
    assert_int_equal(as->nodes_out, 0);
    assert_int_equal(as->out, 0);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(cpu_load(as, at(0, 0)), 0);
}

/* Who is gone is not looked for in what was his. */
static void test_gone(void **state)
{
    struct as *other = as_create();

    (void)state;
    as_leave(other);
    assert_int_equal(evict_space(other), 0);
}

#define NODE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, swap_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODE_TEST(test_touch),   NODE_TEST(test_touch_new), NODE_TEST(test_store),
        NODE_TEST(test_peek),    NODE_TEST(test_exit),      NODE_TEST(test_unmap),
        NODE_TEST(test_discard), NODE_TEST(test_protect),   NODE_TEST(test_remap),
        NODE_TEST(test_wire),    NODE_TEST(test_fork),      NODE_TEST(test_kin),
        NODE_TEST(test_swapoff), NODE_TEST(test_no_memory), NODE_TEST(test_node),
        NODE_TEST(test_zeroes),  NODE_TEST(test_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
