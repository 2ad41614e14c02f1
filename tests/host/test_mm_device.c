/* SPDX-License-Identifier: MIT
 *
 * Device registers in programs: the segment driver on the fake HAT. By cases, and at random against
 * a model of which page of which device stands where, with private memory between them.
 */
#include "include/uapi/errno.h"
#include "mm/fault.h"
#include "mm/seg_dev.h"
#include "mm/slab.h"
#include "tests/host/machine.h"

#define BASE 0x10000000u

static int setup(void **state)
{
    machine_setup(state);
    for (unsigned i = 0; i < FAKE_DEVICE_PAGES; i++)
        memset(fake_device(FAKE_DEVICE_PFN + i), (int)(0x40 + i), PAGE_SIZE);
    return 0;
}

static struct map_request request(vaddr_t base, uint32_t page, uint32_t npages, prot_t prot)
{
    struct map_request r = request_at(base, page, npages, prot);

    r.flags = SEG_SHARED;
    return r;
}

static int map_device(struct as *as, vaddr_t base, uint32_t page, uint32_t npages, prot_t prot)
{
    struct map_request r = request(base, page, npages, prot);
    vaddr_t where;
    int error = seg_dev_request(&r, FAKE_DEVICE_PFN, FAKE_DEVICE_PAGES);

    return error ? error : as_map(as, &r, &where);
}

static void test_access(void **state)
{
    struct as *as = as_create();

    (void)state;
    assert_int_equal(map_device(as, BASE, 2, 4, RW), 0);
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE), 0x43);
    assert_int_equal(cpu_store(as, BASE + PAGE_SIZE + 8, 7), FAULT_OK);
    assert_int_equal(fake_device(FAKE_DEVICE_PFN + 3)[8], 7);
    fake_device(FAKE_DEVICE_PFN + 3)[8] = 9; /* the device changes it: nothing is cached */
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE + 8), 9);
    assert_int_equal(cpu_load(as, BASE + 3 * PAGE_SIZE), 0x45);
    assert_int_equal(cpu_load(as, BASE + 4 * PAGE_SIZE), -FAULT_NO_SEGMENT);
    assert_int_equal(as_resident(as), 0);
    assert_int_equal(as->committed, 0);
    assert_int_equal(fake_check(), 0);
    as_leave(as);
}

static void test_refused(void **state)
{
    struct as *as = as_create();
    struct map_request r = request(BASE, 0, 1, RW);

    (void)state;
    r.flags = 0;
    assert_int_equal(seg_dev_request(&r, FAKE_DEVICE_PFN, 1), -EINVAL);
    assert_int_equal(map_device(as, BASE, 0, 1, RWX), -EACCES);
    assert_int_equal(map_device(as, BASE, 0, FAKE_DEVICE_PAGES + 1, RW), -ENXIO);
    assert_int_equal(map_device(as, BASE, FAKE_DEVICE_PAGES, 1, RW), -ENXIO);
    assert_int_equal(map_device(as, BASE, UINT32_MAX, 1, RW), -ENXIO);
    assert_int_equal(map_device(as, BASE, 1, UINT32_MAX, RW), -ENXIO);
    r = request(BASE, 0, 1, RW);
    assert_int_equal(seg_dev_request(&r, direct_map.first, 1), -ENXIO);
    assert_int_equal(seg_dev_request(&r, direct_map.end - 1, 1), -ENXIO);
    assert_int_equal(seg_dev_request(&r, direct_map.first - 1, 2), -ENXIO);
    assert_int_equal(seg_dev_request(&r, direct_map.first - 1, 4098), -ENXIO);
    assert_int_equal(seg_dev_request(&r, 0xfffff, 2), -ENXIO);
    assert_int_equal(seg_dev_request(&r, direct_map.first - 1, 1), 0);
    as_leave(as);
}

static void test_protect(void **state)
{
    struct as *as = as_create();

    (void)state;
    assert_int_equal(map_device(as, BASE, 0, 4, RW), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(cpu_store(as, BASE + page_addr(i), 1), FAULT_OK);
    assert_int_equal(as_protect(as, BASE + PAGE_SIZE, 1, RWX), -EACCES);
    assert_int_equal(as_protect(as, BASE + PAGE_SIZE, 1, PROT_EXEC), -EACCES);
    assert_int_equal(as_protect(as, BASE + PAGE_SIZE, 1, PROT_READ), 0);
    assert_int_equal(as_protect(as, BASE + 2 * PAGE_SIZE, 1, PROT_NONE), 0);
    assert_int_equal(cpu_store(as, BASE + PAGE_SIZE, 2), FAULT_PROTECTION);
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE), 1);
    assert_int_equal(cpu_load(as, BASE + 2 * PAGE_SIZE), -FAULT_PROTECTION);
    assert_int_equal(cpu_store(as, BASE + 3 * PAGE_SIZE, 3), FAULT_OK);
    assert_int_equal(fake_device(FAKE_DEVICE_PFN + 3)[0], 3);
    assert_int_equal(as_protect(as, BASE, 4, RW), 0);
    assert_int_equal(as->nsegs, 1);
    assert_int_equal(cpu_store(as, BASE + 2 * PAGE_SIZE, 5), FAULT_OK);
    as_leave(as);
}

/* All see the same registers; nothing is copied but the node, once somebody needs his own. */
static void test_fork(void **state)
{
    struct as *as = as_create(), *child;

    (void)state;
    assert_int_equal(map_device(as, BASE, 0, 4, RW), 0);
    assert_int_equal(map_anon(as, BASE + 8 * PAGE_SIZE, 1, RW), 0);
    assert_int_equal(cpu_store(as, BASE, 1), FAULT_OK);
    assert_int_equal(cpu_store(as, BASE + 8 * PAGE_SIZE, 50), FAULT_OK);
    assert_int_equal(as_fork(as, &child), 0);
    assert_int_equal(cpu_store(child, BASE, 2), FAULT_OK);
    assert_int_equal(cpu_load(as, BASE), 2);
    assert_int_equal(cpu_store(as, BASE, 3), FAULT_OK);
    assert_int_equal(cpu_load(child, BASE), 3);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(cpu_store(child, BASE + 8 * PAGE_SIZE, 51), FAULT_OK);
    assert_int_equal(cpu_load(as, BASE + 8 * PAGE_SIZE), 50);
    assert_int_equal(cpu_store(child, BASE, 4), FAULT_OK);
    assert_int_equal(cpu_load(as, BASE), 4);
    assert_int_equal(cpu_load(child, BASE + PAGE_SIZE), 0x41);
    assert_int_equal(as_unmap(child, BASE, 4), 0);
    assert_int_equal(cpu_load(child, BASE), -FAULT_NO_SEGMENT);
    assert_int_equal(cpu_load(as, BASE), 4);
    as_leave(as);
    as_leave(child);
}

/* A node with nothing but a device's page lives and goes with it. */
static void test_unmap(void **state)
{
    struct as *as = as_create();

    (void)state;
    assert_int_equal(map_device(as, BASE, 0, 4, RW), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(cpu_load(as, BASE + page_addr(i)), (int)(0x40 + i));
    assert_int_equal(as_unmap(as, BASE + PAGE_SIZE, 2), 0);
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE), -FAULT_NO_SEGMENT);
    assert_int_equal(cpu_load(as, BASE + 3 * PAGE_SIZE), 0x43);
    assert_int_equal(node_live(pt_node(as->pt, BASE)), 2);
    assert_int_equal(as_unmap(as, BASE, 4), 0);
    assert_null(pt_node(as->pt, BASE));
    assert_int_equal(cpu_load(as, BASE), -FAULT_NO_SEGMENT);
    as_leave(as);
}

/* Device pages in the wrong order are not one segment. */
static void test_neighbours(void **state)
{
    struct as *as = as_create();

    (void)state;
    assert_int_equal(map_device(as, BASE, 5, 1, RW), 0);
    assert_int_equal(map_device(as, BASE + PAGE_SIZE, 5, 1, RW), 0);
    assert_int_equal(map_device(as, BASE + 2 * PAGE_SIZE, 6, 2, RW), 0);
    assert_int_equal(as->nsegs, 2);
    assert_int_equal(map_device(as, BASE - PAGE_SIZE, 3, 1, RW), 0);
    assert_int_equal(as->nsegs, 3);
    assert_int_equal(cpu_load(as, BASE - PAGE_SIZE), 0x43);
    assert_int_equal(cpu_load(as, BASE), 0x45);
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE), 0x45);
    assert_int_equal(cpu_load(as, BASE + 3 * PAGE_SIZE), 0x47);
    as_leave(as);
}

static void test_remap(void **state)
{
    struct as *as = as_create();
    struct remap_request r = {BASE + PAGE_SIZE, 0, 2, 3, REMAP_MAYMOVE};
    vaddr_t where;

    (void)state;
    assert_int_equal(map_device(as, BASE, 0, 4, RW), 0);
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE), 0x41);
    assert_int_equal(as_remap(as, &r, &where), -EFAULT);
    r = (struct remap_request){BASE + PAGE_SIZE, BASE + NODE_SPAN, 2, 2,
                               REMAP_MAYMOVE | REMAP_FIXED};
    assert_int_equal(as_remap(as, &r, &where), 0);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(cpu_load(as, BASE + NODE_SPAN), 0x41);
    assert_int_equal(cpu_load(as, BASE + NODE_SPAN + PAGE_SIZE), 0x42);
    assert_int_equal(cpu_load(as, BASE + PAGE_SIZE), -FAULT_NO_SEGMENT);
    assert_int_equal(cpu_load(as, BASE + 3 * PAGE_SIZE), 0x43);
    as_leave(as);
}

/* What wants a frame does not get one, and what only asks gets an answer. */
static void test_no_frame(void **state)
{
    struct as *as = as_create();
    uint8_t vec[2] = {0, 0};
    char byte;

    (void)state;
    assert_int_equal(map_device(as, BASE, 0, 2, RW), 0);
    assert_int_equal(cpu_load(as, BASE), 0x40);
    assert_int_equal(as_peek(as, BASE, &byte, 1), -EFAULT);
    assert_int_equal(as_peek(as, BASE + PAGE_SIZE, &byte, 1), -EFAULT);
    assert_int_equal(as_poke(as, BASE, &byte, 1), -EFAULT);
    assert_int_equal(as_populate(as, BASE, 2, POPULATE), 0);
    assert_int_equal(as_populate(as, BASE, 2, POPULATE_READ), -EINVAL);
    assert_int_equal(as_incore(as, BASE, 2, vec), 0);
    assert_int_equal(vec[0] & vec[1], 1);
    assert_int_equal(as_sync(as, BASE, 2, true, true), 0);
    assert_int_equal(as_discard(as, BASE, 2, SEG_DONTNEED), -EINVAL);
    assert_int_equal(as_discard(as, BASE, 2, SEG_FREE), -EINVAL);
    assert_int_equal(as_set_flags(as, BASE, 2, 0, SEG_WIPEONFORK), -EINVAL);
    assert_int_equal(as_protect(as, BASE, 2, PROT_NONE), 0);
    assert_int_equal(as_peek(as, BASE, &byte, 1), -EFAULT);
    assert_int_equal(cpu_load(as, BASE), -FAULT_PROTECTION);
    as_leave(as);
}

/* The audit sees each way in which a device's entry can be wrong. */
static void test_audit(void **state)
{
    struct as *as = as_create();
    struct node *n;
    pte_t e;
    uint32_t hat;

    (void)state;
    assert_int_equal(map_device(as, BASE, 0, 2, PROT_READ), 0);
    assert_int_equal(cpu_load(as, BASE), 0x40);
    n = pt_node(as->pt, BASE);
    e = n->pte[node_index(BASE)];
    hat = n->hat[node_index(BASE)];
    assert_int_equal(fake_check(), 0);
    n->hat[node_index(BASE)] = hat | PROT_WRITE;
    assert_int_equal(fake_check(), 1);
    n->hat[node_index(BASE)] = hat | PROT_EXEC;
    assert_int_equal(fake_check(), 1);
    n->hat[node_index(BASE)] = hat & ~HAT_DEVICE;
    assert_int_equal(fake_check(), 1);
    n->hat[node_index(BASE)] = hat + (1u << 12);
    assert_int_equal(fake_check(), 1);
    n->hat[node_index(BASE)] = hat;
    n->pte[node_index(BASE)] = pte_make(PTE_DEVICE, FAKE_DEVICE_PFN + 1, PTE_SHARED);
    assert_int_equal(fake_check(), 1);
    n->pte[node_index(BASE)] = e;
    assert_int_equal(fake_check(), 0);
    as_leave(as);
}

#define WINDOW 1100u /* pages over three nodes */

/* What stands at a page: 0 nothing, 1 private memory, else 2 + page of the device. */
struct model {
    struct as *as;
    uint8_t what[WINDOW], byte[WINDOW];
    prot_t prot[WINDOW];
};

static vaddr_t at(uint32_t i)
{
    return BASE + NODE_SPAN - 16 * PAGE_SIZE + page_addr(i);
}

static void touch(struct model *m)
{
    uint32_t i = testing_below(WINDOW);
    uint8_t byte = (uint8_t)testing_below(256);
    bool store = testing_below(2);
    int got = store ? (int)cpu_store(m->as, at(i), byte) : cpu_load(m->as, at(i));
    uint8_t *there = m->what[i] > 1 ? fake_device(FAKE_DEVICE_PFN + m->what[i] - 2) : &m->byte[i];

    if (!m->what[i]) {
        assert_int_equal(abs(got), FAULT_NO_SEGMENT);
    } else if (store ? !(m->prot[i] & PROT_WRITE) : m->prot[i] == PROT_NONE) {
        assert_int_equal(abs(got), FAULT_PROTECTION);
    } else if (store) {
        assert_int_equal(got, 0);
        assert_true(m->what[i] == 1 || *there == byte);
        *there = byte;
    } else {
        assert_int_equal(got, *there);
    }
}

static void change(struct model *m)
{
    static const prot_t prots[] = {PROT_NONE, PROT_READ, RW, PROT_WRITE};
    uint32_t i = testing_below(WINDOW), n = 1 + testing_below(MIN(8u, WINDOW - i));
    uint32_t what = testing_below(4), page = testing_below(FAKE_DEVICE_PAGES - 8);
    prot_t prot = prots[testing_below(4)];
    bool mapped = true;

    if (testing_below(8) == 0)
        n = 1 + testing_below(WINDOW - i);
    if (what == 0)
        n = MIN(n, 8u);
    for (uint32_t k = i; k < i + n; k++)
        mapped &= m->what[k] != 0;
    if (what == 3) {
        assert_int_equal(as_protect(m->as, at(i), n, prot), mapped ? 0 : -ENOMEM);
        for (uint32_t k = i; k < i + n && m->what[k]; k++)
            m->prot[k] = prot;
        return;
    }
    assert_int_equal(what == 0   ? map_device(m->as, at(i), page, n, RW)
                     : what == 1 ? map_anon(m->as, at(i), n, RW)
                                 : as_unmap(m->as, at(i), n),
                     0);
    for (uint32_t k = i; k < i + n; k++) {
        m->what[k] = (uint8_t)(what == 0 ? 2 + page + k - i : what == 1);
        m->prot[k] = RW;
        m->byte[k] = 0;
    }
}

/* A run of one kind of page, at most 8, to a free place. */
static void move(struct model *m)
{
    uint32_t i = testing_below(WINDOW), to = testing_below(WINDOW), n = 1;
    struct remap_request r;
    vaddr_t where;

    while (n < 8 && i + n < WINDOW && m->what[i] > 1 && m->what[i + n] == m->what[i] + n &&
           m->prot[i + n] == m->prot[i])
        n++;
    if (!m->what[i] || to + n > WINDOW || (to < i + n && i < to + n))
        return;
    r = (struct remap_request){at(i), at(to), n, n, REMAP_MAYMOVE | REMAP_FIXED};
    assert_int_equal(as_remap(m->as, &r, &where), 0);
    memmove(m->what + to, m->what + i, n);
    memmove(m->byte + to, m->byte + i, n);
    memmove(m->prot + to, m->prot + i, n * sizeof(m->prot[0]));
    memset(m->what + i, 0, n);
}

static void test_model(void **state)
{
    static struct model model[3];

    fake_chaos = *state != NULL;
    memset(model, 0, sizeof(model));
    model[0].as = as_create();
    for (unsigned step = 0; step < 30000; step++) {
        struct model *m = &model[testing_below(3)], *child = &model[testing_below(3)];
        uint32_t what = testing_below(200);

        if (!m->as)
            continue;
        if (what < 30) {
            change(m);
        } else if (what < 36) {
            move(m);
        } else if (what > 0 && what == 40 && !child->as) {
            struct as *as = m->as;

            *child = *m;
            assert_int_equal(as_fork(as, &child->as), 0);
        } else if (what == 41 && m != &model[0]) {
            as_leave(m->as);
            m->as = NULL;
        } else {
            touch(m);
        }
        if (step % 200 == 0)
            assert_int_equal(fake_check(), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        if (model[i].as)
            as_leave(model[i].as);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, machine_teardown)

int main(void)
{
    static char chaos[] = "chaos";
    struct CMUnitTest tests[] = {
        CASE(test_access),     CASE(test_refused), CASE(test_protect),  CASE(test_fork),
        CASE(test_unmap),      CASE(test_remap),   CASE(test_no_frame), CASE(test_audit),
        CASE(test_neighbours), CASE(test_model),   CASE(test_model),
    };

    testing_seed();
    tests[ARRAY_SIZE(tests) - 1].initial_state = chaos;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
