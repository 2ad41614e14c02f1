/* SPDX-License-Identifier: MIT
 *
 * Recording of reference strings on a fake MMU: what a program of loads and stores touches, in
 * which order, and what of it the text says; what must not load translations meanwhile; room,
 * limits, and every allocation that fails.
 */
#include "tests/host/machine.h"

#include "include/uapi/errno.h"
#include "mm/obj.h"
#include "mm/pageout_impl.h"
#include "mm/refs.h"
#include "mm/slab.h"
#include "tests/host/fake_swap.h"

#define BASE  0x10200000u
#define PAGE0 (BASE / PAGE_SIZE)
#define FAR   0x20000000u
#define ROOM  1024u /* words of a page */

static struct fake_swap disk;
static struct as *as;
static struct refs *refs;
static uint64_t now_us = 1000;
static unsigned fail_at; /* allocations until one fails; 0: none does */

uint64_t clock_ns(void)
{
    return now_us * 1000;
}

pfn_t __real_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);

pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags)
{
    return fail_at && --fail_at == 0 ? NO_PFN : __real_frame_alloc(type, owner, index, flags);
}

static vaddr_t va_of(unsigned page)
{
    return BASE + page_addr(page);
}

static int setup(void **state)
{
    machine_setup(state);
    as = as_create();
    assert_int_equal(map_anon(as, BASE, 64, RWX), 0);
    now_us = 1000;
    refs = NULL;
    return 0;
}

static int teardown(void **state)
{
    if (refs) {
        refs_end(refs);
        refs_put(refs);
    }
    if (as)
        as_leave(as);
    slab_drain();
    return machine_teardown(state);
}

static void start(struct refs_request q)
{
    if (!q.pages)
        q.pages = 1;
    assert_int_equal(refs_create(&q, 7, &refs), 0);
    assert_int_equal(refs_begin(refs, as, "a program"), 0);
}

static void touch(unsigned page, char letter)
{
    uint8_t byte = 1;
    prot_t access = letter == 'r' ? PROT_READ : letter == 'w' ? PROT_WRITE : PROT_EXEC;

    assert_int_equal(cpu_access(as, va_of(page), access, &byte), FAULT_OK);
}

static void next(void)
{
    now_us += 1000;
    assert_true(refs_next(refs, as));
}

/* "0w 1r / 2x": touches, and intervals between them. */
static void run(const char *program)
{
    for (const char *p = program; *p;) {
        char *end;

        if (*p == ' ' || *p == '/') {
            if (*p++ == '/')
                next();
            continue;
        }
        unsigned page = (unsigned)strtoul(p, &end, 10);

        touch(page, *end);
        p = end + 1;
    }
}

/* The record as "0w 1r / 2x", pages from BASE. */
static const char *recorded(void)
{
    static char text[8192];
    char line[REFS_LINE];
    struct refs_text t;
    unsigned marks = 0;

    text[0] = '\0';
    refs_text_begin(&t, refs);
    while (refs_text_line(&t, line)) {
        if (line[0] == '@' && marks++ && t.step < 3)
            strcat(text, " /");
        for (char *word = line[0] == '@' || line[0] == '#' ? NULL : strtok(line, " \n"); word;
             word = strtok(NULL, " \n")) {
            char *letter;
            unsigned long page = strtoul(word, &letter, 16);

            sprintf(text + strlen(text), "%s%lu%s", text[0] ? " " : "", page - PAGE0, letter);
        }
    }
    return text;
}

static void expect(const char *program, const char *record)
{
    run(program);
    assert_string_equal(recorded(), record);
}

static void test_order(void **state)
{
    (void)state;
    run("0w 1w 2w 3w 4r 5x");
    start((struct refs_request){0});
    expect("3r 1w 1r 2r 3r 2r 0w 0w 2w 4r 4w 5x 5r 5w", "3r 1w 2r 0w 2w 4r 4w 5x 5w");
    expect("/1w 2w 3r", "3r 1w 2r 0w 2w 4r 4w 5x 5w / 1w 2w 3r");
    next();
    next();
    expect("1r", "3r 1w 2r 0w 2w 4r 4w 5x 5w / 1w 2w 3r / 1r");
    refs_end(refs);
    expect("7w", "3r 1w 2r 0w 2w 4r 4w 5x 5w / 1w 2w 3r / 1r");
    assert_false(refs_next(refs, as));
}

static const char *line_of(struct refs_text *t)
{
    static char line[REFS_LINE];

    if (!refs_text_line(t, line))
        return NULL;
    return line;
}

static void test_text(void **state)
{
    struct refs_text t;

    (void)state;
    start((struct refs_request){.interval_us = 1000, .most = 16});
    run("0w 1w /");
    refs_text_begin(&t, refs);
    run("2w");
    assert_string_equal(line_of(&t), "# refs v1 pid=7 name=a_program page=4096 interval_us=1000 "
                                     "state=on refs=2 lost=0\n");
    assert_string_equal(line_of(&t), "@ 0\n");
    assert_string_equal(line_of(&t), "10200w 10201w\n");
    assert_string_equal(line_of(&t), "@ 1000\n");
    assert_string_equal(line_of(&t), "# end refs 2 intervals=2 sum=20401 lost=0 shared=0\n");
    assert_null(line_of(&t));
    now_us += (UINT64_C(1) << 33) - 2;
    run("/");
    now_us += 8;
    run("3w 4w 5w 6w 7w 8w 9w 10w 11w 12w 13w 14w 15w 16w 17w 18w");
    now_us += 5;
    refs_text_begin(&t, refs);
    assert_string_equal(line_of(&t), "# refs v1 pid=7 name=a_program page=4096 interval_us=1000 "
                                     "state=full refs=16 lost=0\n");
    for (unsigned i = 0; i < 4; i++)
        line_of(&t);
    assert_string_equal(line_of(&t), "@ 8589936590\n");
    assert_string_equal(line_of(&t), "10203w 10204w 10205w 10206w 10207w 10208w 10209w 1020aw "
                                     "1020bw 1020cw 1020dw 1020ew\n");
    assert_string_equal(line_of(&t), "1020fw\n");
    assert_string_equal(line_of(&t), "@ 8589936598\n");
    assert_string_equal(line_of(&t), "# end refs 16 intervals=4 sum=102078 lost=0 shared=0\n");
    assert_null(line_of(&t));
}

/* After so many references the next begins an interval, and its page stays. */
static void test_faults(void **state)
{
    char program[512] = "", record[512] = "";

    (void)state;
    start((struct refs_request){.interval_faults = 16});
    for (unsigned i = 0; i < 40; i++) {
        sprintf(program + strlen(program), " %uw", i % 20);
        sprintf(record + strlen(record), "%s%s%uw", i ? " " : "", i && i % 16 == 0 ? "/ " : "",
                i % 20);
    }
    expect(program, record);
}

/* Whatever somebody else touches in the nodes that fork shares. */
static void test_fork(void **state)
{
    struct as *child, *other;

    (void)state;
    run("0w 1w 2w");
    assert_int_equal(as_fork(as, &other), 0); /* shares them already */
    start((struct refs_request){0});
    assert_int_equal(cpu_load(other, va_of(0)), 1);
    expect("0r 1w", "0r 1w");
    assert_int_equal(as_fork(as, &child), 0);
    assert_null(child->record);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(cpu_load(child, va_of(i)), 1);
    assert_int_equal(cpu_store(child, va_of(2), 9), FAULT_OK);
    expect("2r 1w 0r", "0r 1w 2r 1w"); /* 1 is copied */
    as_leave(child);
    expect("/ 2w", "0r 1w 2r 1w / 2w");
    assert_int_equal(fake_check(), 0);
    as_leave(other);
    assert_int_equal(refs->shared, 0);
}

/* The nodes stay shared, and it is said how many did. */
static void test_fork_without_memory(void **state)
{
    struct as *other;

    (void)state;
    run("0w");
    assert_int_equal(as_fork(as, &other), 0);
    assert_int_equal(refs_create(&(struct refs_request){.pages = 1}, 7, &refs), 0);
    fail_at = 1;
    assert_int_equal(refs_begin(refs, as, ""), 0);
    assert_int_equal(fail_at, 0);
    assert_int_equal(refs->shared, 1);
    expect("0r", "0r");
    as_leave(other);
}

/* What comes without being touched. */
static void test_untouched(void **state)
{
    uint8_t byte = 5;

    (void)state;
    start((struct refs_request){0});
    assert_int_equal(as_populate(as, BASE, 8, POPULATE_WRITE), 0);
    assert_int_equal(as_poke(as, va_of(9), &byte, 1), 0);
    assert_int_equal(as_peek(as, va_of(10), &byte, 1), 0);
    expect("", "");
    expect("3w 9r 10r 5r", "3w 9r 10r 5r");
    assert_int_equal(cpu_access(as, 0x1000, PROT_READ, &byte), FAULT_NO_SEGMENT);
    assert_string_equal(recorded(), "3w 9r 10r 5r");
}

static int fill(struct obj *o, uint32_t page, void *bytes)
{
    (void)o;
    memset(bytes, (int)page, PAGE_SIZE);
    return 0;
}

static void release(struct obj *o)
{
    kfree(o);
}

/* A fault on a file's page enters those around it, but not when each touch is wanted. */
static void test_around(void **state)
{
    static const struct obj_ops ops = {.fill = fill, .release = release};
    struct obj *o = kmalloc(sizeof(*o));
    struct map_request r = request_at(FAR, 0, 32, PROT_READ);
    vaddr_t where;

    (void)state;
    obj_create(o, &ops, NULL, page_addr(32));
    for (unsigned i = 0; i < 32; i++) {
        pfn_t pfn;

        assert_int_equal(obj_get(o, i, &pfn, &(enum obj_found){0}), 0);
        obj_put(pfn);
    }
    r.ops = &seg_vn;
    r.obj = o;
    assert_int_equal(as_map(as, &r, &where), 0);
    start((struct refs_request){0});
    for (unsigned i = 8; i > 0; i--)
        assert_int_equal(cpu_load(as, FAR + page_addr(i)), (int)i);
    assert_int_equal(refs->count, 8);
    next();
    for (unsigned i = 8; i > 0; i--)
        assert_int_equal(cpu_load(as, FAR + page_addr(i)), (int)i);
    assert_int_equal(refs->count, 16);
    refs_end(refs);
    assert_int_equal(as_unmap(as, FAR, 32), 0);
    for (unsigned i = 0; i < 32; i++)
        obj_drop_unused(o, i);
    obj_unref(o);
}

/* Page-out is not to take what was used, though its translation has gone. */
static void test_pageout(void **state)
{
    pfn_t pfn;

    (void)state;
    assert_int_equal(fake_swap_add(&disk, "disk", 256, -1), 0);
    run("0w 1w");
    pfn = pte_pfn(pt_get(as, va_of(0)));
    start((struct refs_request){0});
    assert_int_equal(page_look(pfn, true), PAGE_USED);
    assert_int_equal(page_look(pfn, false), PAGE_IDLE);
    assert_int_equal(page_look(pte_pfn(pt_get(as, va_of(1))), true), PAGE_USED);
    run("0r 1r"); /* 1 is a neighbour, which goes with 0 if it is idle */
    next();
    assert_int_equal(page_look(pfn, false), PAGE_USED);
    assert_int_equal(page_look(pfn, true), PAGE_USED);
    assert_int_equal(page_look(pfn, false), PAGE_IDLE);
    assert_int_equal(page_evict(pfn), 1);
    launder_flush();
    expect("0w", "0r 1r / 0w");
    refs_end(refs);
    as_leave(as);
    as = NULL;
    assert_int_equal(fake_swap_remove(&disk), 0);
}

static void test_lost(void **state)
{
    struct refs_text t;

    (void)state;
    start((struct refs_request){0});
    while (refs->words < ROOM)
        run("0w 1w 2w 3w 4w 5w 6w /");
    assert_in_range(refs->lost, 0, 6);
    unsigned lost = refs->lost, count = refs->count;

    run("0w 1w 2w / 3w");
    assert_int_equal(refs->lost, lost + 4);
    assert_int_equal(refs->count, count);
    refs_text_begin(&t, refs);
    assert_int_equal(t.lost, lost + 4);
    unsigned words = 0;

    for (const char *line; (line = line_of(&t)) != NULL;)
        for (const char *p = line; *line != '#' && *p; p++)
            words += *p == 'w';
    assert_int_equal(words, count);
}

static void test_limits(void **state)
{
    static const struct refs_request wrong[] = {
        {.pages = 0},
        {.pages = REFS_PAGES_MAX + 1},
        {.pages = UINT32_MAX},
        {.pages = 1, .interval_us = REFS_US_LEAST - 1},
        {.pages = 1, .interval_us = REFS_US_MOST + 1},
        {.pages = 1, .interval_faults = REFS_FAULTS_LEAST - 1},
        {.pages = 1, .interval_faults = REFS_FAULTS_MOST + 1},
        {.pages = 1, .interval_us = 1000, .interval_faults = 100},
    };
    struct refs *other;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_int_equal(refs_create(&wrong[i], 1, &refs), -EINVAL);
    start((struct refs_request){.pages = REFS_PAGES_MAX});
    assert_int_equal(refs_committed(), REFS_PAGES_MAX + 1);
    assert_int_equal(fake_check(), 0);
    assert_int_equal(refs_create(&(struct refs_request){.pages = 1}, 1, &other), 0);
    assert_int_equal(refs_begin(other, as, "b"), -EBUSY);
    assert_int_equal(refs_begin(refs, as, "b"), -EBUSY);
    refs_end(other);
    refs_end(refs);
    refs_end(refs);
    assert_int_equal(refs_begin(other, as, "b"), -EBUSY); /* it has ended */
    assert_null(as->record);
    refs_put(other);
}

static void test_no_memory(void **state)
{
    struct refs_request q = {.pages = 5};
    uint32_t before;

    (void)state;
    slab_drain();
    before = fake_in_use();
    for (unsigned n = 1;; n++) {
        fail_at = n;
        int error = refs_create(&q, 1, &refs);

        if (!error)
            break;
        assert_int_equal(error, -ENOMEM);
        slab_drain();
        assert_int_equal(fake_in_use(), before);
        assert_int_equal(refs_committed(), 0);
        assert_in_range(n, 1, 20);
    }
    fail_at = 0;
    assert_int_equal(refs_begin(refs, as, "c"), 0);
}

/* The space may go with all its users while it is recorded. */
static void test_leave(void **state)
{
    (void)state;
    start((struct refs_request){0});
    run("0w 1w");
    as_leave(as);
    assert_true(refs_next(refs, as));
    assert_true(refs_next(refs, as));
    as = NULL;
    refs_end(refs);
    assert_string_equal(recorded(), "0w 1w");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_order),
        TEST(test_text),
        TEST(test_faults),
        TEST(test_fork),
        TEST(test_fork_without_memory),
        TEST(test_untouched),
        TEST(test_around),
        TEST(test_pageout),
        TEST(test_lost),
        TEST(test_limits),
        TEST(test_no_memory),
        TEST(test_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
