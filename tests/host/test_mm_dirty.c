/* SPDX-License-Identifier: MIT
 *
 * Dirty pages of an object that is written back as block devices are (fs/blockdev_back.c): found by
 * obj_collect, taken several at a time, and dropped when they are clean. First step by step, then
 * under ThreadSanitizer: three threads store through mappings of their own, fork and unmap, while
 * the fourth writes back and drops; each byte is what was stored last, and is on the disk at the
 * end. SEED and SOAK from the environment.
 */
#include "tests/host/threads.h"

#include <pthread.h>
#include <stdlib.h>

#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "tests/host/cpu.h"

#define WORKERS 3u
#define NPAGES  80u
#define AT      (0x10200000u - 40 * PAGE_SIZE) /* in two nodes */
#define RUN     16u
#define MOST    24u /* stores to clean pages before somebody has to write back */
#define RW      (PROT_READ | PROT_WRITE)

static struct {
    uint8_t page[NPAGES][PAGE_SIZE];
    unsigned written, error; /* atomic; pages */
    struct mutex lock;       /* one who writes back; guards page */
    uint32_t stored;         /* atomic */
    unsigned rooms;          /* atomic */
} disk;

static struct obj *object;
static struct as *space;
static void (*in_room)(void);
static uint32_t before;

/* While others may store to the page: it is in this write or in the next. */
__attribute__((no_sanitize("thread"))) static void copy(uint8_t *to, const uint8_t *from)
{
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        ((volatile uint8_t *)to)[i] = from[i];
}

static int fill(struct obj *o, uint32_t page, void *bytes)
{
    (void)o;
    copy(bytes, disk.page[page]);
    return 0;
}

static void write_page(uint32_t page)
{
    pfn_t pfn = obj_take_dirty(object, page, false);

    if (!pfn)
        return;
    obj_write_protect(object, page, 1);
    copy(disk.page[page], pfn_to_virt(pfn));
    __atomic_add_fetch(&disk.written, 1, __ATOMIC_RELAXED);
    obj_written(pfn, 0);
}

static void write_range(uint32_t first, uint32_t end)
{
    struct obj_walk w = {.first = first, .end = end};
    uint32_t page[RUN];

    while (!w.over) {
        unsigned n = obj_collect(object, &w, true, page, RUN);

        for (unsigned i = 0; i < n; i++) {
            check(page[i] >= first && page[i] < end);
            write_page(page[i]);
        }
    }
}

static int sync_range(struct obj *o, uint32_t first, uint32_t npages)
{
    check(o == object);
    mutex_lock(&disk.lock);
    __atomic_store_n(&disk.stored, 0, __ATOMIC_RELAXED);
    write_range(first, first + npages);
    mutex_unlock(&disk.lock);
    return __atomic_load_n(&disk.error, __ATOMIC_RELAXED) ? -EIO : 0;
}

static int dirty(struct obj *o, pfn_t pfn)
{
    check(o == object);
    if (__atomic_load_n(&frame_of(pfn)->flags, __ATOMIC_RELAXED) & FRAME_DIRTY)
        return 0;
    if (__atomic_load_n(&disk.stored, __ATOMIC_RELAXED) >= MOST)
        return OBJ_SLOW;
    __atomic_fetch_add(&disk.stored, 1, __ATOMIC_RELAXED);
    return 0;
}

static void room(struct obj *o)
{
    __atomic_add_fetch(&disk.rooms, 1, __ATOMIC_RELAXED);
    (void)!sync_range(o, 0, NPAGES);
    if (in_room)
        in_room();
}

static void release(struct obj *o)
{
    kfree(o);
}

static const struct obj_ops ops = {.fill = fill,
                                   .dirty = dirty,
                                   .room = room,
                                   .sync = sync_range,
                                   .release = release,
                                   .slow = true};

static void drop_clean(void)
{
    struct obj_walk w = {.end = NPAGES};
    uint32_t page[RUN];

    while (!w.over) {
        unsigned n = obj_collect(object, &w, false, page, RUN);

        for (unsigned i = 0; i < n; i++)
            obj_drop_unused(object, page[i]);
    }
}

static struct as *make_space(void)
{
    struct map_request r = {.base = AT,
                            .npages = NPAGES,
                            .prot = RW,
                            .maxprot = RW,
                            .flags = SEG_SHARED,
                            .fixed = true,
                            .ops = &seg_shared,
                            .obj = object};
    struct as *as = as_create();
    vaddr_t where;

    check(as && !as_map(as, &r, &where));
    return as;
}

static int setup(void **state)
{
    (void)state;
    fake_machine(4096);
    before = fake_in_use();
    memset(&disk, 0, sizeof(disk));
    mutex_init(&disk.lock);
    for (unsigned i = 0; i < NPAGES; i++)
        memset(disk.page[i], (int)i, PAGE_SIZE);
    object = kmalloc(sizeof(*object));
    obj_create(object, &ops, NULL, page_addr(NPAGES));
    space = make_space();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (space)
        as_leave(space);
    obj_unref(object);
    fake_dawdle = 0;
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), before);
    return 0;
}

static vaddr_t at(uint32_t page)
{
    return AT + page_addr(page);
}

/* Exactly those that were stored to, once, in whatever order; a store after it is a fault again. */
static void test_exactly(void **state)
{
    static const uint32_t some[] = {0, 1, 30, 31, 32, 33, 70, 79};

    (void)state;
    for (unsigned i = 0; i < NPAGES; i++)
        assert_int_equal(cpu_load(space, at(i)), i);
    for (unsigned round = 1; round < 4; round++) {
        for (unsigned i = 0; i < ARRAY_SIZE(some); i++)
            assert_int_equal(cpu_store(space, at(some[i]), (uint8_t)(100 * round + i)), FAULT_OK);
        assert_int_equal(as_sync(space, AT, NPAGES, true, false), 0);
        assert_int_equal(as_sync(space, AT, NPAGES, true, false), 0);
        assert_int_equal(disk.written, round * ARRAY_SIZE(some));
        for (unsigned i = 0; i < ARRAY_SIZE(some); i++)
            assert_int_equal(disk.page[some[i]][0], (uint8_t)(100 * round + i));
    }
    assert_int_equal(cpu_store(space, at(4), 1), FAULT_OK);
    assert_int_equal(cpu_store(space, at(5), 1), FAULT_OK);
    assert_int_equal(as_sync(space, at(5), 9, true, false), 0);
    assert_int_equal(disk.page[5][0], 1);
    assert_int_equal(disk.page[4][0], 4);
    disk.error = 1;
    assert_int_equal(as_sync(space, AT, 1, true, false), -EIO);
    disk.error = 0;
    assert_int_equal(as_sync(space, AT, NPAGES, true, false), 0);
}

/* What is mapped or dirty stays; the rest goes, and comes again. */
static void test_drop(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NPAGES; i++)
        assert_int_equal(cpu_load(space, at(i)), i);
    assert_int_equal(cpu_store(space, at(9), 99), FAULT_OK);
    assert_int_equal(cpu_store(space, at(10), 99), FAULT_OK);
    drop_clean();
    assert_int_equal(obj_resident(object), NPAGES);
    assert_int_equal(as_unmap(space, at(1), NPAGES - 1), 0);
    drop_clean();
    assert_int_equal(obj_resident(object), 3);
    write_range(0, NPAGES);
    drop_clean();
    assert_int_equal(obj_resident(object), 1);
    assert_int_equal(disk.written, 2);
    obj_drop_unused(object, 0);
    obj_drop_unused(object, 50);
    assert_int_equal(cpu_load(space, at(0)), 0);
    assert_int_equal(obj_resident(object), 1);
}

static void unmap_all(void)
{
    assert_int_equal(as_unmap(space, AT, NPAGES), 0);
}

/* The most that may be dirty: whoever wants more waits, without as->lock, and finds what he finds.
 */
static void test_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NPAGES; i++)
        assert_int_equal(cpu_store(space, at(i), 7), FAULT_OK);
    assert_int_equal(disk.rooms, (NPAGES - 1) / MOST);
    assert_int_equal(disk.written, disk.rooms * MOST);
    assert_int_equal(cpu_load(space, at(79)), 7);
    drop_clean();
    assert_int_equal(obj_resident(object), NPAGES);
    disk.stored = MOST;
    in_room = unmap_all;
    assert_int_equal(cpu_store(space, at(0), 7), FAULT_NO_SEGMENT);
    in_room = NULL;
}

struct worker {
    pthread_t thread;
    unsigned number;
    uint32_t random;
    struct as *as;
    uint8_t stored[NPAGES];
};

static bool over; /* atomic */

static void touch(struct worker *w)
{
    unsigned i = threads_below(&w->random, NPAGES);
    vaddr_t va = at(i) + 64 * (w->number + 1);

    if (threads_below(&w->random, 2)) {
        w->stored[i] = (uint8_t)threads_below(&w->random, 256);
        check(cpu_store(w->as, va, w->stored[i]) == FAULT_OK);
    }
    check(cpu_load(w->as, va) == w->stored[i]);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        unsigned dice = threads_below(&w->random, 100);

        if (dice < 90) {
            touch(w);
        } else if (dice < 93) {
            check(!as_sync(w->as, at(dice % NPAGES / 2), NPAGES / 2, true, false));
        } else if (dice < 97) {
            check(!as_discard(w->as, AT, NPAGES, SEG_DONTNEED));
        } else if (dice < 99) {
            as_leave(w->as);
            w->as = make_space();
        } else {
            struct as *old = w->as;

            check(!as_fork(old, &w->as));
            touch(w);
            as_leave(old);
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    static struct worker workers[WORKERS];
    unsigned rounds = testing_count(300, 20000);

    (void)state;
    as_leave(space);
    space = NULL;
    fake_dawdle = 1;
    over = false;
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.number = i, .random = testing_random(), .as = make_space()};
        for (unsigned k = 0; k < NPAGES; k++)
            workers[i].stored[k] = (uint8_t)k;
        check(!pthread_create(&workers[i].thread, NULL, work, &workers[i]));
    }
    for (unsigned n = 0; n < rounds; n++) {
        (void)!sync_range(object, 0, NPAGES);
        mutex_lock(&disk.lock);
        drop_clean();
        mutex_unlock(&disk.lock);
    }
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        as_leave(workers[i].as);
    }
    (void)!sync_range(object, 0, NPAGES);
    for (unsigned i = 0; i < WORKERS; i++)
        for (unsigned k = 0; k < NPAGES; k++)
            assert_int_equal(disk.page[k][64 * (i + 1)], workers[i].stored[k]);
    drop_clean();
    assert_int_equal(obj_resident(object), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_exactly), TEST(test_drop), TEST(test_room),
                                       TEST(test_threads)};

    testing_seed();
    return cmocka_run_group_tests_name("mm_dirty", tests, NULL, NULL);
}
