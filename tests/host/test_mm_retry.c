/* SPDX-License-Identifier: MIT
 *
 * A page is read, as->lock is not held, and something happens meanwhile: its mapping goes or is
 * another, its object is cut, the page is gone again, another wants it, too. Each fault is one
 * entry and one kind all the same, at every moment.
 */
#include <pthread.h>
#include <unistd.h>

#include "include/uapi/errno.h"
#include "kern/waitq.h"
#include "mm/slab.h"
#include "tests/host/machine.h"

#define BASE   0x10000000u
#define NPAGES 64u

/* What the object does and how often it did. */
static struct {
    void (*in_fill)(void);  /* while a page is being read: once */
    void (*in_retry)(void); /* before as->lock is taken again: once */
    int error;              /* of all fills */
    unsigned fills, runs, run_pages, released;
    uint32_t run_first;
    bool filled;    /* since as->lock was taken */
    bool was_held;  /* as->lock, in some fill */
    unsigned waits; /* atomic: threads that slept for BUSY or are about to */
} disk;

static struct as *space;
static struct obj *object;
static pthread_t other;

static void once(void (**hook)(void))
{
    void (*h)(void) = *hook;

    *hook = NULL;
    if (h)
        h();
}

static uint8_t byte_of(uint32_t page)
{
    return (uint8_t)(1 + page * 3);
}

static int fill(struct obj *o, uint32_t page, void *bytes)
{
    (void)o;
    disk.fills++;
    disk.filled = true;
    disk.was_held |= space->lock.state != 0;
    once(&disk.in_fill);
    memset(bytes, byte_of(page), PAGE_SIZE);
    return disk.error;
}

static void fill_run(struct obj *o, struct obj_run *run)
{
    (void)o;
    disk.runs++;
    disk.filled = true;
    disk.run_pages += run->n;
    disk.run_first = run->page[0];
    disk.was_held |= space->lock.state != 0;
    once(&disk.in_fill);
    for (unsigned i = 0; i < run->n; i++) {
        memset(pfn_to_virt(run->pfn[i]), byte_of(run->page[i]), PAGE_SIZE);
        run->error[i] = disk.error;
    }
}

static void released(struct obj *o)
{
    disk.released++;
    kfree(o);
}

static const struct obj_ops slow_ops = {.fill = fill, .release = released, .slow = true};
static const struct obj_ops run_ops = {
    .fill = fill, .fill_run = fill_run, .release = released, .slow = true};
static const struct obj_ops fast_ops = {.fill = fill, .release = released};

void __wrap_rwlock_read(struct rwlock *l);
void __real_rwlock_read(struct rwlock *l);
int __wrap_waitq_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns);
int __real_waitq_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns);

void __wrap_rwlock_read(struct rwlock *l)
{
    if (space && l == &space->lock && disk.filled) {
        disk.filled = false;
        once(&disk.in_retry);
    }
    __real_rwlock_read(l);
}

int __wrap_waitq_sleep(struct waitq *q, uint32_t mask, enum sleep_depth depth, uint64_t until_ns)
{
    __atomic_add_fetch(&disk.waits, 1, __ATOMIC_RELEASE);
    return __real_waitq_sleep(q, mask, depth, until_ns);
}

static struct obj *make_object(const struct obj_ops *ops)
{
    struct obj *o = kmalloc(sizeof(*o));

    assert_non_null(o);
    obj_create(o, ops, NULL, page_addr(NPAGES));
    return o;
}

static int map(struct obj *o, bool shared, vaddr_t base, uint32_t page, uint32_t npages)
{
    struct map_request r = request_at(base, page, npages, RW);
    vaddr_t where;

    r.ops = shared ? &seg_shared : &seg_vn;
    r.flags = shared ? SEG_SHARED : 0;
    r.obj = o;
    return as_map(space, &r, &where);
}

/* A space that maps a new object at BASE and nothing else refers to it. */
static void begin(const struct obj_ops *ops, bool shared)
{
    memset(&disk, 0, sizeof(disk));
    space = as_create();
    assert_non_null(space);
    object = make_object(ops);
    assert_int_equal(map(object, shared, BASE, 0, NPAGES), 0);
    obj_unref(object);
}

static void end(void)
{
    as_leave(space);
    space = NULL;
    assert_int_equal(disk.released, 1);
}

static struct fault_counters before;

static void count_from_here(void)
{
    before = fault_counters();
}

static unsigned in_progress(void)
{
    struct fault_counters c = fault_counters();
    uint32_t n = c.entries - before.entries;

    for (unsigned i = 0; i < FAULT_KINDS; i++)
        n -= c.kind[i] - before.kind[i];
    return n;
}

/* Since count_from_here: so many entries, and so many of the kind. */
static void expect_counts(unsigned entries, enum fault_kind kind, unsigned n)
{
    struct fault_counters c = fault_counters();

    assert_int_equal(in_progress(), 0);
    assert_int_equal(c.entries - before.entries, entries);
    assert_int_equal(c.kind[kind] - before.kind[kind], n);
}

static void check_in_progress(void)
{
    assert_int_equal(in_progress(), 1);
}

static void test_page_in(void **state)
{
    (void)state;
    for (unsigned shared = 0; shared < 2; shared++) {
        begin(&slow_ops, shared);
        count_from_here();
        disk.in_fill = check_in_progress;
        disk.in_retry = check_in_progress;
        assert_int_equal(cpu_load(space, BASE + page_addr(5)), byte_of(5));
        expect_counts(1, FAULT_PAGEIN, 1);
        assert_null(disk.in_retry);
        assert_int_equal(cpu_store(space, BASE + page_addr(6), 77), FAULT_OK);
        expect_counts(2, FAULT_PAGEIN, 2);
        assert_int_equal(cpu_load(space, BASE + page_addr(6)), 77);
        assert_int_equal(disk.fills, 2);
        assert_false(disk.was_held);
        end();
    }
}

/* Where filling is no I/O nobody lets go of anything. */
static void test_fast(void **state)
{
    (void)state;
    begin(&fast_ops, true);
    count_from_here();
    assert_int_equal(cpu_load(space, BASE), byte_of(0));
    expect_counts(1, FAULT_PAGEIN, 1);
    assert_true(disk.was_held);
    end();
}

static void unmap_all(void)
{
    assert_int_equal(as_unmap(space, BASE, NPAGES), 0);
}

/* The fault keeps the object as long as it reads. */
static void test_unmapped(void **state)
{
    pfn_t pfn;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        void (**hook)(void) = i & 1 ? &disk.in_fill : &disk.in_retry;
        enum fault_error error;

        begin(&slow_ops, i & 2);
        count_from_here();
        *hook = unmap_all;
        if (i & 4) {
            assert_int_equal(fault_pin(space, BASE, PROT_READ, false, &pfn), -EFAULT);
        } else {
            error = cpu_store(space, BASE, 1);
            assert_int_equal(error, FAULT_NO_SEGMENT);
            expect_counts(1, FAULT_ERROR, 1);
        }
        assert_int_equal(disk.fills, 1);
        end();
    }
}

static void protect_all(void)
{
    assert_int_equal(as_protect(space, BASE, NPAGES, PROT_READ), 0);
}

static void test_protected(void **state)
{
    (void)state;
    begin(&slow_ops, true);
    count_from_here();
    disk.in_fill = protect_all;
    assert_int_equal(cpu_store(space, BASE, 1), FAULT_PROTECTION);
    expect_counts(1, FAULT_ERROR, 1);
    end();
}

static void map_nobodys(void)
{
    assert_int_equal(map_anon(space, BASE, NPAGES, RW), 0);
}

static void map_elsewhere(void)
{
    assert_int_equal(map(object, true, BASE, 30, 4), 0);
}

static void test_replaced(void **state)
{
    pfn_t pfn;

    (void)state;
    begin(&slow_ops, false);
    count_from_here();
    disk.in_fill = map_nobodys;
    assert_int_equal(cpu_load(space, BASE + page_addr(2)), 0);
    expect_counts(1, FAULT_PAGEIN, 1);
    end();

    /* Other pages of the same object: they are read, too, and it is one fault. */
    begin(&slow_ops, false);
    count_from_here();
    disk.in_fill = map_elsewhere;
    assert_int_equal(cpu_load(space, BASE + page_addr(2)), byte_of(32));
    expect_counts(1, FAULT_PAGEIN, 1);
    assert_int_equal(disk.fills, 2);
    end();

    begin(&slow_ops, false);
    disk.in_fill = map_elsewhere;
    assert_int_equal(fault_pin(space, BASE, PROT_WRITE, false, &pfn), 0);
    assert_int_equal(*(uint8_t *)pfn_to_virt(pfn), byte_of(30));
    frame_unuse(pfn);
    end();
}

static void cut(void)
{
    assert_int_equal(obj_resize(object, page_addr(3)), 0);
}

static void drop(void)
{
    obj_punch(object, 0, NPAGES);
}

static void test_cut(void **state)
{
    (void)state;
    for (unsigned shared = 0; shared < 2; shared++) {
        begin(&slow_ops, shared);
        count_from_here();
        disk.in_retry = cut;
        assert_int_equal(cpu_load(space, BASE + page_addr(3)), -FAULT_BEYOND_END);
        expect_counts(1, FAULT_ERROR, 1);
        disk.in_retry = drop; /* as when memory is short */
        assert_int_equal(cpu_load(space, BASE + page_addr(2)), byte_of(2));
        expect_counts(2, FAULT_PAGEIN, 1);
        assert_int_equal(disk.fills, 3);
        end();
    }
}

static void test_errors(void **state)
{
    pfn_t pfn;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        begin(i & 1 ? &run_ops : &slow_ops, i & 2);
        count_from_here();
        disk.error = -EIO;
        assert_int_equal(cpu_load(space, BASE), -FAULT_IO);
        expect_counts(1, FAULT_ERROR, 1);
        assert_int_equal(fault_pin(space, BASE, PROT_READ, false, &pfn), -EFAULT);
        disk.error = -ENOMEM;
        fake_oom_gives_up = 1;
        assert_int_equal(cpu_load(space, BASE), -FAULT_NO_MEMORY);
        expect_counts(2, FAULT_ERROR, 2);
        assert_int_equal(fault_pin(space, BASE, PROT_READ, false, &pfn), -ENOMEM);
        fake_oom_gives_up = 0;
        disk.error = 0;
        assert_int_equal(cpu_load(space, BASE), byte_of(0));
        expect_counts(3, FAULT_PAGEIN, 1);
        assert_int_equal(space->lock.state, 0);
        end();
    }
}

/* Aligned in the object, and no more than is mapped. */
static void test_cluster(void **state)
{
    (void)state;
    begin(&run_ops, false);
    count_from_here();
    assert_int_equal(cpu_load(space, BASE + page_addr(20)), byte_of(20));
    assert_int_equal(disk.run_first, 16);
    assert_int_equal(disk.run_pages, NEAR_PAGES);
    for (uint32_t i = 16; i < 32; i++)
        assert_int_equal(cpu_load(space, BASE + page_addr(i)), byte_of(i));
    expect_counts(1, FAULT_PAGEIN, 1);
    assert_int_equal(as_unmap(space, BASE, 35), 0);
    assert_int_equal(as_unmap(space, BASE + page_addr(37), NPAGES - 37), 0);
    assert_int_equal(cpu_store(space, BASE + page_addr(36), 1), FAULT_OK);
    assert_int_equal(disk.run_first, 35);
    assert_int_equal(disk.run_pages, NEAR_PAGES + 2);
    assert_int_equal(disk.runs, 2);
    assert_int_equal(disk.fills, 0);
    assert_false(disk.was_held);
    expect_counts(2, FAULT_PAGEIN, 2);
    end();
}

static void *load_the_same(void *result)
{
    *(int *)result = cpu_load(space, BASE);
    return NULL;
}

/* The page is not read to its end before another waits for it. */
static void let_another_wait(void)
{
    static int result;

    assert_int_equal(pthread_create(&other, NULL, load_the_same, &result), 0);
    while (__atomic_load_n(&disk.waits, __ATOMIC_ACQUIRE) == 0)
        usleep(100);
    assert_int_equal(in_progress(), 2);
    assert_int_equal(as_unmap(space, BASE + page_addr(32), 1), 0); /* who maps need not wait */
}

static void test_transit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        begin(i & 1 ? &run_ops : &slow_ops, i & 2);
        count_from_here();
        disk.in_fill = let_another_wait;
        assert_int_equal(cpu_load(space, BASE), byte_of(0));
        pthread_join(other, NULL);
        assert_int_equal(disk.fills + disk.runs, 1);
        expect_counts(2, FAULT_PAGEIN, 1);
        expect_counts(2, FAULT_TRANSIT, 1);
        end();
    }
}

static int setup(void **state)
{
    space = NULL;
    return machine_setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, machine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_page_in),   TEST(test_fast),     TEST(test_unmapped),
        TEST(test_protected), TEST(test_replaced), TEST(test_cut),
        TEST(test_errors),    TEST(test_cluster),  TEST(test_transit),
    };

    return cmocka_run_group_tests_name("mm_retry", tests, NULL, NULL);
}
