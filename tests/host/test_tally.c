/* SPDX-License-Identifier: MIT
 *
 * The example of docs/SEGMENT-DRIVER.md on the fake HAT: what it counts, what it refuses, fork,
 * cuts, moves, and memory that runs out at each of its allocations.
 */
#include "fs/file.h"
#include "fs/tally.h"
#include "include/uapi/errno.h"
#include "mm/fault.h"
#include "mm/slab.h"
#include "tests/host/machine.h"

#define BASE   0x10000000u
#define PAGES  8u
#define MEMORY (BASE + PAGE_SIZE) /* page 1 of the device */

static struct file file;
static unsigned left = UINT32_MAX; /* allocations that still succeed */

pfn_t __real_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
pfn_t __real_frame_alloc_private(const void *family, uint32_t index);
void *__real_slab_alloc(struct slab_cache *c);
pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
pfn_t __wrap_frame_alloc_private(const void *family, uint32_t index);
void *__wrap_slab_alloc(struct slab_cache *c);

static bool may_allocate(void)
{
    if (left != UINT32_MAX && left > 0)
        left--;
    return left > 0;
}

pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags)
{
    return may_allocate() ? __real_frame_alloc(type, owner, index, flags) : NO_PFN;
}

pfn_t __wrap_frame_alloc_private(const void *family, uint32_t index)
{
    return may_allocate() ? __real_frame_alloc_private(family, index) : NO_PFN;
}

void *__wrap_slab_alloc(struct slab_cache *c)
{
    return may_allocate() ? __real_slab_alloc(c) : NULL;
}

static int teardown(void **state)
{
    left = UINT32_MAX;
    fake_oom_gives_up = 0;
    return machine_teardown(state);
}

static int map(struct as *as, vaddr_t base, uint32_t page, uint32_t npages, prot_t prot)
{
    struct map_request r = request_at(base, page, npages, prot);
    vaddr_t where;
    int error = tally_ops.map(&file, &r);

    return error ? error : as_map(as, &r, &where);
}

/* A space with the counters at BASE, memory behind them, and the file still open. */
static struct as *start(void)
{
    struct as *as = as_create();

    assert_int_equal(tally_ops.open(&file), 0);
    assert_int_equal(map(as, BASE, 0, 1, PROT_READ), 0);
    assert_int_equal(map(as, MEMORY, 1, PAGES, RW), 0);
    return as;
}

static unsigned counted(struct as *as, uint32_t page)
{
    return (unsigned)cpu_load(as, BASE + page * 4);
}

/* The first read, the first write and nothing else of a page are its faults. */
static void test_counts(void **state)
{
    struct as *as = start();

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(cpu_load(as, MEMORY), 0);
    assert_int_equal(counted(as, 1), 1);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(cpu_store(as, MEMORY, 7), FAULT_OK);
    assert_int_equal(counted(as, 1), 2);
    assert_int_equal(cpu_store(as, MEMORY + PAGE_SIZE, 8), FAULT_OK);
    assert_int_equal(counted(as, 2), 1);
    assert_int_equal(counted(as, 3), 0);
    assert_int_equal(counted(as, 0), 1);
    assert_int_equal(cpu_load(as, MEMORY), 7);
    tally_ops.close(&file); /* the segments keep what they need */
    assert_int_equal(cpu_load(as, MEMORY + 4 * PAGE_SIZE), 0);
    assert_int_equal(counted(as, 5), 1);
    assert_int_equal(fake_check(), 0);
    as_leave(as);
}

static void test_refused(void **state)
{
    struct as *as = start();
    struct map_request r = request_at(BASE, 1, 1, RW);

    (void)state;
    r.flags = SEG_SHARED;
    assert_int_equal(tally_ops.map(&file, &r), -EINVAL);
    assert_int_equal(map(as, BASE, 0, 1, RW), -EACCES);
    assert_int_equal(map(as, BASE, 1, 1, RWX), -EACCES);
    assert_int_equal(map(as, BASE, 1024, 1, RW), -ENXIO);
    assert_int_equal(map(as, BASE, 1, 1024, RW), -ENXIO);
    assert_int_equal(map(as, BASE, UINT32_MAX, 2, RW), -ENXIO);
    assert_int_equal(cpu_store(as, BASE, 1), FAULT_PROTECTION);
    assert_int_equal(as_protect(as, BASE, 2, RW), -EACCES);
    assert_int_equal(as_protect(as, MEMORY, 1, RWX), -EACCES);
    assert_int_equal(as_protect(as, BASE, 3, PROT_READ), 0);
    assert_int_equal(as->nsegs, 3);
    assert_int_equal(as_protect(as, MEMORY, PAGES, RW), 0);
    assert_int_equal(as->nsegs, 2); /* what was cut became one again */
    tally_ops.close(&file);
    as_leave(as);
}

/* Who writes after a fork copies, and the last owner takes the page: two faults, one tally. */
static void test_fork(void **state)
{
    struct as *as = start(), *child;

    (void)state;
    assert_int_equal(cpu_store(as, MEMORY, 1), FAULT_OK);
    assert_int_equal(as_fork(as, &child), 0);
    assert_int_equal(cpu_load(child, MEMORY), 1);
    assert_int_equal(counted(child, 1), 1);
    assert_int_equal(cpu_store(child, MEMORY, 2), FAULT_OK);
    assert_int_equal(counted(as, 1), 2);
    assert_int_equal(cpu_store(as, MEMORY, 3), FAULT_OK);
    assert_int_equal(counted(child, 1), 3);
    assert_int_equal(cpu_load(child, MEMORY), 2);
    assert_int_equal(fake_check(), 0);
    tally_ops.close(&file);
    as_leave(as);
    assert_int_equal(cpu_store(child, MEMORY + PAGE_SIZE, 4), FAULT_OK);
    assert_int_equal(counted(child, 2), 1);
    as_leave(child);
}

/* Its pages copied at once, the child has no faults for them. */
static void test_fork_ahead(void **state)
{
    struct as *as = start(), *child;

    (void)state;
    assert_int_equal(cpu_store(as, MEMORY, 1), FAULT_OK);
    assert_int_equal(counted(as, 1), 1);
    assert_int_equal(as_fork(as, &child), 0);
    assert_int_equal(as_copy_ahead(as, child), 0);
    assert_int_equal(cpu_store(child, MEMORY, 2), FAULT_OK);
    assert_int_equal(cpu_load(as, MEMORY), 1);
    assert_int_equal(counted(child, 1), 1);
    tally_ops.close(&file);
    as_leave(as);
    as_leave(child);
}

static void test_cut_and_move(void **state)
{
    struct as *as = start();
    struct remap_request r = {MEMORY + 4 * PAGE_SIZE, BASE + NODE_SPAN, 2, 2,
                              REMAP_MAYMOVE | REMAP_FIXED};
    struct remap_request longer = {BASE + NODE_SPAN, 0, 2, 2000, REMAP_MAYMOVE};
    vaddr_t where;

    (void)state;
    tally_ops.close(&file);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(cpu_store(as, MEMORY + page_addr(i), (uint8_t)i), FAULT_OK);
    assert_int_equal(as_unmap(as, MEMORY + PAGE_SIZE, 1), 0);
    assert_int_equal(as->nsegs, 3);
    assert_int_equal(as_remap(as, &r, &where), 0);
    assert_int_equal(cpu_load(as, BASE + NODE_SPAN), 4);
    assert_int_equal(as_discard(as, BASE + NODE_SPAN, 2, SEG_DONTNEED), 0);
    assert_int_equal(cpu_load(as, BASE + NODE_SPAN), 0);
    assert_int_equal(counted(as, 5), 2);
    assert_int_equal(counted(as, 2), 1);
    assert_int_equal(as_discard(as, BASE, 1, SEG_DONTNEED), 0);
    assert_int_equal(counted(as, 0), 2);
    assert_int_equal(as_remap(as, &longer, &where), 0);
    assert_int_equal(cpu_store(as, where + page_addr(1018), 1), FAULT_OK);
    assert_int_equal(cpu_store(as, where + page_addr(1019), 1), FAULT_BEYOND_END);
    assert_int_equal(cpu_load(as, BASE + 1023 * 4), 1);
    assert_int_equal(fake_check(), 0);
    as_leave(as);
}

/* A debugger's store gets a copy of the counters: the others still count. */
static void test_poke(void **state)
{
    struct as *as = start(), *child;
    uint32_t value = 99;

    (void)state;
    assert_int_equal(as_fork(as, &child), 0);
    assert_int_equal(as_poke(child, BASE + 4, &value, sizeof(value)), 0);
    assert_int_equal(counted(child, 1), 99);
    assert_int_equal(cpu_store(child, MEMORY, 1), FAULT_OK);
    assert_int_equal(counted(child, 1), 99);
    assert_int_equal(counted(as, 1), 1);
    assert_int_equal(as_poke(as, BASE + 4, &value, sizeof(value)), 0);
    assert_int_equal(counted(as, 1), 99);
    tally_ops.close(&file);
    as_leave(as);
    as_leave(child);
}

/* One allocation after the other fails: what comes then is an error, and nothing is lost. */
static void test_no_memory(void **state)
{
    bool done = false;

    (void)state;
    fake_oom_gives_up = 1;
    for (unsigned n = 1; !done; n++) {
        struct as *as = as_create(), *child = NULL;
        bool open;

        left = n;
        open = tally_ops.open(&file) == 0;
        done = open && map(as, BASE, 0, 1, PROT_READ) == 0 && map(as, MEMORY, 1, PAGES, RW) == 0 &&
               cpu_store(as, MEMORY, 1) == FAULT_OK && counted(as, 1) == 1 &&
               as_fork(as, &child) == 0 && cpu_store(child, MEMORY, 2) == FAULT_OK &&
               as_unmap(child, MEMORY + PAGE_SIZE, 1) == 0;
        left = UINT32_MAX;
        if (open)
            tally_ops.close(&file);
        if (child)
            as_leave(child);
        as_leave(as);
        assert_int_equal(fake_check(), 0);
        assert_in_range(n, 1, 100);
    }
    assert_int_equal(fake_in_use(), machine_before);
}

static void test_chaos(void **state)
{
    struct as *as = start();

    (void)state;
    fake_chaos = 1;
    for (unsigned round = 0; round < 200; round++)
        for (unsigned i = 0; i < PAGES; i++)
            assert_int_equal(cpu_store(as, MEMORY + page_addr(i), (uint8_t)round), FAULT_OK);
    for (unsigned i = 1; i <= PAGES;
         i++) /* what the hardware forgets is no fault of the driver's */
        assert_int_equal(counted(as, i), 1);
    tally_ops.close(&file);
    as_leave(as);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, machine_setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, machine_setup, teardown),
        cmocka_unit_test_setup_teardown(test_fork, machine_setup, teardown),
        cmocka_unit_test_setup_teardown(test_fork_ahead, machine_setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_and_move, machine_setup, teardown),
        cmocka_unit_test_setup_teardown(test_poke, machine_setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, machine_setup, teardown),
        cmocka_unit_test_setup_teardown(test_chaos, machine_setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
