/* SPDX-License-Identifier: MIT
 *
 * Pages are taken out of all mappings of an object while others fault on them, under
 * ThreadSanitizer: three threads load and store through shared and private mappings, fork, move to
 * the copy, unmap, map and protect pieces; the fourth makes the object shorter and longer again.
 * When obj_resize has returned the pages behind the end are gone and no access gets through: nobody
 * holds one of the old ones when they come again, as they were in the beginning. SEED and SOAK from
 * the environment.
 */
#include "tests/host/threads.h"

#include <pthread.h>
#include <sched.h>

#include "include/uapi/errno.h"
#include "tests/host/cpu.h"

#define WORKERS    3
#define FRAMES     6144
#define NPAGES     96u
#define SHARED_AT  (0x10200000u - 50 * PAGE_SIZE) /* in two nodes */
#define PRIVATE_AT (SHARED_AT + NPAGES * PAGE_SIZE)
#define OTHER_AT   (PRIVATE_AT + NPAGES * PAGE_SIZE) /* anonymous, beside them in a node */
#define PRIVATE    64u /* offset of the bytes that are stored in private pages alone */
#define RW         (PROT_READ | PROT_WRITE)

struct worker {
    pthread_t thread;
    unsigned number;
    uint32_t random;
    struct as *as;
    int shared[NPAGES]; /* the byte that we stored last */
    int other[NPAGES];
};

static struct obj *object;
static unsigned rounds;
static bool over; /* atomic */

void __wrap_node_lock(const struct node *n);
void __real_node_lock(const struct node *n);

/* Others come between a look and what is done about it. */
void __wrap_node_lock(const struct node *n)
{
    static unsigned turns;

    if (fake_dawdle && __atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED) % 8 == 0)
        sched_yield();
    __real_node_lock(n);
}

static uint32_t below(struct worker *w, uint32_t n)
{
    return threads_below(&w->random, n);
}

static void map_at(struct as *as, vaddr_t base, uint32_t npages, const struct seg_ops *ops,
                   uint32_t page)
{
    struct map_request r = {.base = base,
                            .npages = npages,
                            .prot = RW,
                            .maxprot = RW,
                            .flags = ops == &seg_shared ? SEG_SHARED : 0,
                            .fixed = true,
                            .ops = ops,
                            .obj = ops == &seg_anon ? NULL : object,
                            .obj_page = page};
    vaddr_t where;

    check(!as_map(as, &r, &where));
}

static void touch_shared(struct worker *w)
{
    unsigned i = below(w, NPAGES);
    vaddr_t va = SHARED_AT + page_addr(i) + w->number;
    uint8_t byte = (uint8_t)below(w, 256);
    int got;

    if (below(w, 2)) {
        enum fault_error error = cpu_store(w->as, va, byte);

        check(error == FAULT_OK || error == FAULT_BEYOND_END);
        if (!error)
            w->shared[i] = byte;
    }
    got = cpu_load(w->as, va);
    check(got == -FAULT_BEYOND_END || got == w->shared[i] ||
          got == fake_file_byte(0, i, w->number));
}

/* A private copy is there until its page is taken out: then it is the object's again. */
static void touch_private(struct worker *w)
{
    unsigned i = below(w, NPAGES);
    vaddr_t va = PRIVATE_AT + page_addr(i) + PRIVATE;
    uint8_t byte = (uint8_t)below(w, 256);
    bool stored = below(w, 2) && cpu_store(w->as, va, byte) == FAULT_OK;
    int got = cpu_load(w->as, va);

    if (stored)
        check(got == -FAULT_BEYOND_END || got == byte || got == fake_file_byte(0, i, PRIVATE));
    else
        check(got == -FAULT_BEYOND_END || got >= 0);
}

static void touch_other(struct worker *w)
{
    unsigned i = below(w, NPAGES);

    w->other[i] = (int)below(w, 256);
    check(cpu_store(w->as, OTHER_AT + page_addr(i), (uint8_t)w->other[i]) == FAULT_OK);
    i = below(w, NPAGES);
    check(cpu_load(w->as, OTHER_AT + page_addr(i)) == w->other[i]);
}

static void map_piece(struct worker *w)
{
    unsigned i = below(w, NPAGES), n = 1 + below(w, NPAGES - i);

    if (below(w, 2)) {
        map_at(w->as, SHARED_AT + page_addr(i), n, &seg_shared, i);
    } else {
        check(!as_unmap(w->as, PRIVATE_AT + page_addr(i), n));
        check(cpu_load(w->as, PRIVATE_AT + page_addr(i)) == -FAULT_NO_SEGMENT);
        map_at(w->as, PRIVATE_AT + page_addr(i), n, &seg_vn, i);
    }
}

static void protect_piece(struct worker *w)
{
    unsigned i = below(w, 2 * NPAGES), n = 1 + below(w, 2 * NPAGES - i);
    vaddr_t va = SHARED_AT + page_addr(i);
    enum fault_error error;

    check(!as_protect(w->as, va, n, PROT_READ));
    error = cpu_store(w->as, va, 1);
    check(error == FAULT_PROTECTION || error == FAULT_BEYOND_END);
    check(!as_protect(w->as, va, n, RW));
}

/* Goes on in a copy of the address space; the old one sees the same a last time. */
static void fork_and_move(struct worker *w)
{
    struct as *old = w->as;
    unsigned i = below(w, NPAGES);

    check(!as_fork(old, &w->as));
    for (unsigned n = below(w, 8); n > 0; n--) {
        touch_shared(w);
        touch_private(w);
    }
    check(cpu_load(old, OTHER_AT + page_addr(i)) == w->other[i]);
    as_leave(old);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        unsigned dice = below(w, 100);

        if (dice < 45)
            touch_shared(w);
        else if (dice < 75)
            touch_private(w);
        else if (dice < 85)
            touch_other(w);
        else if (dice < 90)
            map_piece(w);
        else if (dice < 94)
            protect_piece(w);
        else
            fork_and_move(w);
    }
    return NULL;
}

/* No entry of anybody's names a page from npages on. */
static void check_gone(const struct worker *w, uint32_t npages)
{
    for (uint32_t i = npages; i < NPAGES; i++) {
        check(obj_lookup(object, i) == NO_PFN);
        check(cpu_load(w->as, SHARED_AT + page_addr(i)) == -FAULT_BEYOND_END);
        check(cpu_store(w->as, PRIVATE_AT + page_addr(i), 1) == FAULT_BEYOND_END);
    }
}

static void resize(struct worker *w)
{
    for (unsigned n = 0; n < rounds; n++) {
        uint32_t npages = below(w, 4) ? NPAGES - below(w, 8) : below(w, NPAGES);

        for (unsigned i = 0; i < 16; i++)
            touch_shared(w);
        check(obj_resize(object, page_addr(npages)) == 0);
        check_gone(w, npages);
        check(obj_resize(object, page_addr(NPAGES)) == 0);
        if (n % 8 == 0)
            obj_punch(object, npages / 2, npages);
    }
}

static void start_worker(struct worker *w, unsigned number, struct as *as)
{
    w->number = number;
    w->random = testing_random();
    w->as = as;
    for (unsigned i = 0; i < NPAGES; i++) {
        w->shared[i] = fake_file_byte(0, i, number);
        w->other[i] = 0;
    }
}

static struct as *make_space(void)
{
    struct as *as = as_create();

    map_at(as, SHARED_AT, NPAGES, &seg_shared, 0);
    map_at(as, PRIVATE_AT, NPAGES, &seg_vn, 0);
    map_at(as, OTHER_AT, NPAGES, &seg_anon, 0);
    return as;
}

/* family: all are kin and share nodes; else each has an address space of its own. */
static void run(bool family)
{
    static struct worker workers[WORKERS + 1];
    struct as *as;
    uint32_t before;

    fake_machine(FRAMES);
    fake_dawdle = 1;
    fake_oom_gives_up = 0;
    before = fake_in_use();
    rounds = testing_count(400, 10000);
    over = false;
    object = fake_file(0, NPAGES);
    as = make_space();
    for (unsigned i = 0; i <= WORKERS; i++) {
        struct as *own = as;

        if (i < WORKERS && family)
            check(!as_fork(as, &own));
        else if (i < WORKERS)
            own = make_space();
        start_worker(&workers[i], i, own);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        check(!pthread_create(&workers[i].thread, NULL, work, &workers[i]));
    resize(&workers[WORKERS]);
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    assert_int_equal(fake_check(), 0);
    for (unsigned i = 0; i <= WORKERS; i++)
        as_leave(workers[i].as);
    obj_unref(object);
    fake_dawdle = 0;
    fake_oom_gives_up = 1;
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), before);
    assert_int_equal(as_committed(), 0);
}

static void test_unmap(void **state)
{
    run(*state != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"test_unmap_among_strangers", test_unmap, NULL, NULL, NULL},
        {"test_unmap_in_a_family", test_unmap, NULL, NULL, &over},
    };

    testing_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
