/* SPDX-License-Identifier: MIT
 *
 * The memory core under ThreadSanitizer: four threads fault, fork, unmap, protect and exit side by
 * side, in one address space and in many that share nodes, while a file's pages are read slowly and
 * the page cache is taken away. Each thread owns one byte of every page and a few pages of its own,
 * and checks that nobody else's doings change them. The kernel does not switch threads where these
 * do; what it promises of its locks is tested here. SEED and SOAK from the environment. Linked with
 * --wrap=frame_use,--wrap=node_lock.
 */
#include "tests/host/threads.h"

#include <pthread.h>
#include <unistd.h>

#include "include/uapi/errno.h"
#include "mm/rmap.h"
#include "mm/slab.h"
#include "tests/host/cpu.h"

#define THREADS 4
#define FRAMES  6144
#define PAGES   96u /* common: each thread has a byte of every page */
#define OWN     48u /* of each thread alone: mapped, unmapped, protected */
#define NFILE   64u
#define BASE    (0x10200000u - 50 * PAGE_SIZE) /* in two nodes */
#define OWN_AT  (BASE + PAGES * PAGE_SIZE)
#define FILE_AT 0x10400000u
#define QUIET   (FILE_AT + NFILE * PAGE_SIZE) /* one page, never written after the start */
#define STACK   0x12000000u
#define NSTACK  512u
#define RW      (PROT_READ | PROT_WRITE)
#define RWX     (PROT_READ | PROT_WRITE | PROT_EXEC)

int __real_frame_use(pfn_t pfn, uint32_t pte);
int __wrap_frame_use(pfn_t pfn, uint32_t pte);
void __real_node_lock(const struct node *n);
void __wrap_node_lock(const struct node *n);

/* Who pins a frame or locks a node must have been sure of it before. */
static void dawdle(void)
{
    static unsigned turns;
    unsigned odds = fake_dawdle > 1 ? 7 : 16;

    if (fake_dawdle && __atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED) % odds == 0)
        usleep(fake_dawdle > 1 ? 200 : 20);
}

int __wrap_frame_use(pfn_t pfn, uint32_t pte)
{
    struct frame *f = frame_of(pfn);

    dawdle();
    if (frame_type(f) != FRAME_OBJ && frame_type(f) != FRAME_ZERO)
        check(__atomic_load_n(&f->users, __ATOMIC_RELAXED) > 0);
    return __real_frame_use(pfn, pte);
}

void __wrap_node_lock(const struct node *n)
{
    dawdle();
    __real_node_lock(n);
}

/* A thread and its picture of the memory it owns. */
struct worker {
    pthread_t thread;
    unsigned number;
    uint32_t random;
    struct as *as;
    bool alone;            /* in its address space */
    uint8_t common[PAGES]; /* its byte of each common page */
    int own[OWN];          /* -1: not mapped */
    bool writable[OWN];
};

static struct worker workers[THREADS];
static struct obj *file;
static unsigned rounds;

static uint32_t below(struct worker *w, uint32_t n)
{
    return threads_below(&w->random, n);
}

static int map_at(struct as *as, vaddr_t base, unsigned npages, prot_t prot, struct obj *o)
{
    struct map_request r = {.base = base,
                            .npages = npages,
                            .prot = prot,
                            .maxprot = RWX,
                            .fixed = true,
                            .ops = o ? &seg_vn : &seg_anon,
                            .obj = o};
    vaddr_t where;

    return as_map(as, &r, &where);
}

static vaddr_t own_va(const struct worker *w, unsigned i)
{
    return OWN_AT + page_addr(w->number * OWN + i);
}

/* A store to one common page, a load from another. */
static void common_touch(struct worker *w)
{
    unsigned i = below(w, PAGES), k = below(w, PAGES);

    w->common[i] = (uint8_t)below(w, 256);
    check(cpu_store(w->as, BASE + page_addr(i) + w->number, w->common[i]) == FAULT_OK);
    check(cpu_load(w->as, BASE + page_addr(k) + w->number) == w->common[k]);
}

static void own_map(struct worker *w)
{
    unsigned first = below(w, OWN), n = 1 + below(w, OWN - first);

    while (map_at(w->as, own_va(w, first), n, RW, NULL) == -ENOMEM)
        sched_yield();
    for (unsigned i = first; i < first + n; i++) {
        w->own[i] = 0;
        w->writable[i] = true;
    }
}

static void own_unmap(struct worker *w)
{
    unsigned first = below(w, OWN), n = 1 + below(w, OWN - first);

    while (as_unmap(w->as, own_va(w, first), n))
        sched_yield();
    for (unsigned i = first; i < first + n; i++)
        w->own[i] = -1;
}

static void own_protect(struct worker *w)
{
    unsigned i = below(w, OWN);
    bool writable = below(w, 2);

    if (!as_protect(w->as, own_va(w, i), 1, writable ? RW : PROT_READ))
        w->writable[i] = writable;
}

static void own_touch(struct worker *w)
{
    unsigned i = below(w, OWN);
    uint8_t byte = (uint8_t)below(w, 256);

    if (w->own[i] < 0) {
        check(cpu_load(w->as, own_va(w, i)) == -FAULT_NO_SEGMENT);
    } else if (!w->writable[i]) {
        check(cpu_store(w->as, own_va(w, i), byte) == FAULT_PROTECTION);
        check(cpu_load(w->as, own_va(w, i)) == w->own[i]);
    } else if (below(w, 2)) {
        check(cpu_store(w->as, own_va(w, i), byte) == FAULT_OK);
        w->own[i] = byte;
    } else {
        check(cpu_load(w->as, own_va(w, i)) == w->own[i]);
    }
}

static void file_touch(struct worker *w)
{
    unsigned i = below(w, NFILE), offset = THREADS + below(w, PAGE_SIZE - THREADS);
    prot_t access = below(w, 2) ? PROT_READ : PROT_EXEC;
    uint8_t byte;

    if (below(w, 4) == 0)
        check(cpu_store(w->as, FILE_AT + page_addr(i) + w->number, 1) == FAULT_OK);
    check(cpu_access(w->as, FILE_AT + page_addr(i) + offset, access, &byte) == FAULT_OK);
    check(byte == fake_file_byte(0, i, offset));
}

static void stack_touch(struct worker *w)
{
    vaddr_t va = STACK - page_addr(1 + below(w, NSTACK)) + w->number;

    check(cpu_store(w->as, va, (uint8_t)va) == FAULT_OK);
    check(cpu_load(w->as, va) == (uint8_t)va);
}

/* A child sees what was, and its stores are its own. */
static void fork_and_exit(struct worker *w)
{
    unsigned i = below(w, PAGES);
    struct as *child;

    if (as_fork(w->as, &child))
        return;
    check(cpu_load(child, BASE + page_addr(i) + w->number) == w->common[i]);
    for (unsigned n = below(w, 6); n > 0; n--) {
        i = below(w, PAGES);
        check(cpu_store(child, BASE + page_addr(i) + w->number, 0xee) == FAULT_OK);
        common_touch(w);
    }
    as_leave(child);
}

/* Goes on in a copy of the address space and leaves the old one. */
static void fork_and_move(struct worker *w)
{
    struct as *copy;

    if (as_fork(w->as, &copy))
        return;
    as_leave(w->as);
    w->as = copy;
}

static void look_around(struct worker *w)
{
    struct slab_info info;
    uint8_t byte;

    (void)fault_counters();
    (void)frame_count_free();
    for (unsigned n = 0; slab_info(n, &info); n++)
        check(info.in_use <= info.frames * info.per_frame);
    check(as_peek(w->as, QUIET + 7, &byte, 1) || byte == 77);
}

/* Takes the free frames until the page cache goes, and gives them back. */
static void pressure(struct worker *w)
{
    static pfn_t taken[THREADS][FRAMES];
    pfn_t *t = taken[w->number];
    unsigned n = 0;

    while (n < FRAMES && frame_stats().cache > 8 &&
           (t[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER)) != NO_PFN)
        n++;
    while (n > 0)
        frame_free(t[--n]);
}

/* Frames in a row are nobody else's. */
static void take_run(struct worker *w)
{
    uint32_t n = 1 + below(w, 4);
    pfn_t first = frame_alloc_contiguous(n, 1);

    if (first == NO_PFN)
        return;
    memset(pfn_to_virt(first), (int)w->number, n * PAGE_SIZE);
    sched_yield();
    for (unsigned i = 0; i < n * PAGE_SIZE; i += 512)
        check(((uint8_t *)pfn_to_virt(first))[i] == w->number);
    frame_free_contiguous(first, n);
}

static void step(struct worker *w)
{
    unsigned dice = below(w, 1000);

    if (dice < 550)
        common_touch(w);
    else if (dice < 590)
        own_map(w);
    else if (dice < 620)
        own_unmap(w);
    else if (dice < 680)
        own_protect(w);
    else if (dice < 800)
        own_touch(w);
    else if (dice < 900)
        file_touch(w);
    else if (dice < 930)
        stack_touch(w);
    else if (dice < 950)
        look_around(w);
    else if (dice < 952)
        pressure(w);
    else if (dice < 960)
        take_run(w);
    else if (w->alone && dice < 975)
        fork_and_move(w);
    else
        fork_and_exit(w);
}

static void *work(void *arg)
{
    for (unsigned n = 0; n < rounds; n++)
        step(arg);
    return NULL;
}

static void *work_alone(void *arg)
{
    ((struct worker *)arg)->alone = true;
    return work(arg);
}

static struct as *make_space(void)
{
    struct map_request stack = {.base = STACK - PAGE_SIZE,
                                .npages = 1,
                                .prot = RW,
                                .maxprot = RW,
                                .flags = SEG_GROWS,
                                .fixed = true,
                                .ops = &seg_anon};
    struct as *as = as_create();
    vaddr_t where;

    as->stack_top = STACK;
    as->stack_limit_pages = NSTACK;
    check(!map_at(as, BASE, PAGES, RW, NULL));
    check(!map_at(as, FILE_AT, NFILE, RWX, file));
    check(!map_at(as, QUIET, 1, RW, NULL));
    check(!as_map(as, &stack, &where));
    check(cpu_store(as, QUIET + 7, 77) == FAULT_OK);
    return as;
}

static void start(unsigned n, struct as *as, void *(*work)(void *))
{
    struct worker *w = &workers[n];

    memset(w, 0, sizeof(*w));
    memset(w->own, 0xff, sizeof(w->own));
    w->number = n;
    w->random = testing_random();
    w->as = as;
    check(!pthread_create(&w->thread, NULL, work, w));
}

/* The machine with a slow disk, little memory and threads that pause at bad moments. */
static uint32_t open_machine(void)
{
    fake_machine(FRAMES);
    fake_dawdle = 1;
    fake_fill_us = 50;
    fake_oom_gives_up = 0;
    rounds = testing_count(2500, 60000);
    return fake_in_use();
}

static void close_machine(uint32_t before)
{
    fake_dawdle = fake_fill_us = 0;
    fake_oom_gives_up = 1;
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), before);
    assert_int_equal(as_committed(), 0);
}

/* Threads of one address space. */
static void run_together(void)
{
    uint32_t before = open_machine();
    struct as *as;

    file = fake_file(0, NFILE);
    as = make_space();
    for (unsigned i = 0; i < THREADS; i++) {
        as_enter(as);
        start(i, as, work);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        as_leave(as);
    }
    assert_int_equal(fake_check(), 0);
    as_leave(as);
    obj_unref(file);
    close_machine(before);
}

static void test_one_address_space(void **state)
{
    fake_chaos = *state != NULL;
    run_together();
    fake_chaos = 0;
}

/* A family of address spaces which share nodes and pages. */
static void test_family(void **state)
{
    uint32_t before = open_machine();
    struct as *as, *copy;

    (void)state;
    file = fake_file(0, NFILE);
    as = make_space();
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(cpu_store(as, BASE + page_addr(i) + THREADS, (uint8_t)i), FAULT_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(as_fork(as, &copy), 0);
        start(i, copy, work_alone);
    }
    as_leave(as);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    assert_int_equal(fake_check(), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        for (unsigned k = 0; k < PAGES; k++)
            assert_int_equal(cpu_load(workers[i].as, BASE + page_addr(k) + THREADS), k);
        as_leave(workers[i].as);
    }
    obj_unref(file);
    close_machine(before);
}

static void *load_everything(void *arg)
{
    struct worker *w = arg;

    for (unsigned i = 0; i < NFILE; i++)
        check(cpu_load(w->as, FILE_AT + page_addr(i)) == fake_file_byte(0, i, 0));
    return NULL;
}

/* Four threads want each page of a file at once: it is read once. */
static void test_pages_are_waited_for(void **state)
{
    uint32_t before = open_machine();
    struct fault_counters c, d;
    struct as *as;

    (void)state;
    file = fake_file(0, NFILE);
    as = make_space();
    fake_fill_us = 1000;
    c = fault_counters();
    for (unsigned i = 0; i < THREADS; i++)
        start(i, as, load_everything);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    d = fault_counters();
    assert_int_equal(d.kind[FAULT_PAGEIN] - c.kind[FAULT_PAGEIN], NFILE);
    assert_true(d.kind[FAULT_TRANSIT] > c.kind[FAULT_TRANSIT]);
    as_leave(as);
    obj_unref(file);
    close_machine(before);
}

/* Who looks at a file's page by its frame keeps it, though mapping and file go. */
static void test_pinned_page_outlives_its_file(void **state)
{
    uint32_t before = open_machine();
    struct as *as;
    pfn_t pfn;

    (void)state;
    file = fake_file(0, NFILE);
    as = make_space();
    obj_unref(file);
    assert_int_equal(fault_pin(as, FILE_AT + page_addr(3), PROT_READ, true, &pfn), 0);
    as_leave(as);
    assert_int_equal(*(uint8_t *)pfn_to_virt(pfn), fake_file_byte(0, 3, 0));
    assert_int_equal(frame_unuse(pfn), 0);
    close_machine(before);
}

/* Where all begin a round at once, and where it is over. */
static pthread_barrier_t gate;
static struct as *leaving;

#define ROUND_PAGES 8u

/* One touches, one pokes, the others store, each its own byte of pages that are not there yet. */
static void touch_first(struct worker *w, vaddr_t va, uint8_t byte)
{
    if (w->number == 0)
        check(cpu_load(w->as, va) == 0);
    else if (w->number == 1)
        check(as_poke(w->as, va, &byte, 1) == 0);
    else
        check(cpu_store(w->as, va, byte) == FAULT_OK);
}

/* Two store and one loads while the only sharer of nodes and pages leaves. */
static void touch_shared(struct worker *w, vaddr_t va, uint8_t byte)
{
    if (w->number == 3 && va < BASE + PAGE_SIZE)
        as_leave(leaving);
    else if (w->number == 0)
        check(cpu_load(w->as, va) == 0);
    else if (w->number < 3)
        check(cpu_store(w->as, va, byte) == FAULT_OK);
}

static void (*touch)(struct worker *w, vaddr_t va, uint8_t byte);

static void *work_in_rounds(void *arg)
{
    struct worker *w = arg;

    for (unsigned n = 0; n < rounds; n++) {
        pthread_barrier_wait(&gate);
        for (unsigned i = 0; i < ROUND_PAGES; i++)
            touch(w, BASE + page_addr(i) + w->number, (uint8_t)(n + w->number));
        pthread_barrier_wait(&gate);
    }
    return NULL;
}

/* So many rounds of work by all, prepared and looked at when nobody moves. */
static void run_rounds(bool share)
{
    uint32_t before = open_machine();
    struct as *as;

    file = fake_file(0, NFILE);
    as = make_space();
    rounds /= 2;
    fake_dawdle = 2;
    touch = share ? touch_shared : touch_first;
    pthread_barrier_init(&gate, NULL, THREADS + 1);
    for (unsigned i = 0; i < THREADS; i++)
        start(i, as, work_in_rounds);
    for (unsigned n = 0; n < rounds; n++) {
        check(share || !map_at(as, BASE, ROUND_PAGES, RW, NULL));
        for (unsigned i = 0; share && i < ROUND_PAGES; i++)
            check(cpu_store(as, BASE + page_addr(i) + THREADS, (uint8_t)n) == FAULT_OK);
        check(!share || !as_fork(as, &leaving));
        pthread_barrier_wait(&gate);
        pthread_barrier_wait(&gate);
        for (unsigned i = 0; i < ROUND_PAGES; i++)
            for (unsigned k = 1; k < (share ? 3 : THREADS); k++)
                check(cpu_load(as, BASE + page_addr(i) + k) == (uint8_t)(n + k));
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&gate);
    as_leave(as);
    obj_unref(file);
    close_machine(before);
}

static void test_rounds(void **state)
{
    fake_chaos = *state != NULL;
    run_rounds(*state != NULL);
    fake_chaos = 0;
}

static void *walk_back(void *arg)
{
    struct worker *w = arg;

    for (unsigned n = 0; n < rounds; n++) {
        pfn_t pfn = obj_lookup(file, below(w, NFILE));

        if (pfn != NO_PFN)
            (void)rmap_for_each(pfn, NULL, NULL);
    }
    return NULL;
}

/* The way back is walked while others share, unshare and leave. */
static void test_walking_back(void **state)
{
    uint32_t before = open_machine();
    struct as *as, *copy;

    (void)state;
    file = fake_file(0, NFILE);
    as = make_space();
    start(0, as, walk_back);
    for (unsigned i = 1; i < THREADS; i++) {
        assert_int_equal(as_fork(as, &copy), 0);
        start(i, copy, work_alone);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        as_leave(workers[i].as);
    }
    obj_unref(file);
    close_machine(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_are_waited_for),
        cmocka_unit_test(test_pinned_page_outlives_its_file),
        {"test_first_touches", test_rounds, NULL, NULL, NULL},
        {"test_last_sharer_leaves", test_rounds, NULL, NULL, workers},
        cmocka_unit_test(test_family),
        cmocka_unit_test(test_one_address_space),
        {"test_one_address_space_with_chaos", test_one_address_space, NULL, NULL, workers},
        cmocka_unit_test(test_walking_back),
    };

    testing_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
