/* SPDX-License-Identifier: MIT
 *
 * Replacement policies on a fake MMU, with swap in memory: which pages go, and in which order. The
 * page-out thread does not run: the test calls the policy as it would.
 */
#include "tests/host/machine.h"

#include "include/uapi/errno.h"
#include "mm/clock.h"
#include "mm/pageout_impl.h"
#include "tests/host/fake_swap.h"

#define BASE   0x10200000u
#define FRAMES 4096u
#define TOP    300u /* frames of a ramdisk behind all others */
#define GROUP  16u  /* pages that go together if all are idle */
#define GROUPS 8u
#define PAGES  (GROUP * GROUPS)
#define ANYHOW UINT32_MAX
#define SURELY 64 /* turns in which each page goes */

static struct fake_swap disk;
static struct as *as;

/* How many of the core map are known: once round for a hand. */
static uint32_t all_frames(void)
{
    uint32_t known = 0;

    for (pfn_t p = direct_map.first; p < direct_map.end; p++)
        known += frame_peek(p) != NULL;
    return known;
}

static int policy_setup(void **state)
{
    (void)state;
    fake_ramdisk = TOP;
    fake_machine(FRAMES);
    fake_ramdisk = 0;
    machine_before = fake_in_use();
    assert_int_equal(fake_swap_add(&disk, "disk", 4 * PAGES, -1), 0);
    as = as_create();
    assert_int_equal(map_anon(as, BASE, PAGES, RW), 0);
    clock_set_spread(all_frames() / 4);
    return 0;
}

static int policy_teardown(void **state)
{
    as_leave(as);
    assert_int_equal(policy_set("clock"), 0);
    assert_int_equal(fake_swap_remove(&disk), 0);
    return machine_teardown(state);
}

static vaddr_t va_of(unsigned page)
{
    return BASE + page_addr(page);
}

static void store(unsigned first, unsigned n)
{
    for (unsigned i = first; i < first + n; i++)
        assert_int_equal(cpu_store(as, va_of(i), (uint8_t)(i + 1)), FAULT_OK);
}

static void use(unsigned first, unsigned n)
{
    for (unsigned i = first; i < first + n; i++)
        assert_int_equal(cpu_load(as, va_of(i)), (uint8_t)(i + 1));
}

static bool is_out(unsigned page)
{
    return pte_state(pt_get(as, va_of(page))) == PTE_SWAPPED;
}

static unsigned count_out(unsigned first, unsigned n)
{
    unsigned out = 0;

    for (unsigned i = first; i < first + n; i++)
        out += is_out(i);
    return out;
}

/* One scan of the whole core map. */
static void turn(uint32_t want)
{
    assert_in_range(policy_current()->scan(all_frames(), want), 1, all_frames());
    launder_flush();
}

static void begin(const char *policy)
{
    assert_int_equal(policy_set(policy), 0);
    assert_string_equal(policy_current()->name, policy);
}

static void test_names(void **state)
{
    unsigned n = 0;

    (void)state;
    while (policy_nth(n))
        n++;
    assert_int_equal(n, 5);
    assert_ptr_equal(policy_nth(0), &policy_clock);
    assert_null(policy_nth(ANYHOW));
    assert_int_equal(policy_set("cloc"), -EINVAL);
    assert_int_equal(policy_set("clocks"), -EINVAL);
    assert_int_equal(policy_set(""), -EINVAL);
    assert_ptr_equal(policy_current(), &policy_clock);
    fake_policy = "aging";
    policy_init();
    assert_ptr_equal(policy_current(), &policy_aging);
    fake_policy = "nonsense";
    policy_init();
    assert_ptr_equal(policy_current(), &policy_aging);
    fake_policy = NULL;
    policy_init();
    assert_ptr_equal(policy_current(), &policy_aging);
}

/* Each frame that is known, once in a turn, and no other: RAM behind it is full of garbage. */
static void test_next(void **state)
{
    uint32_t passed = 0;
    pfn_t first = pageout_next(direct_map.end), pfn = first;

    (void)state;
    assert_null(frame_peek(direct_map.end - 1));
    do {
        assert_non_null(frame_peek(pfn));
        assert_true(pageout_next(pfn) > pfn || pageout_next(pfn) == first);
        pfn = pageout_next(pfn);
        passed++;
    } while (pfn != first);
    assert_int_equal(passed, all_frames());
    assert_in_range(passed, PAGES, direct_map.end - direct_map.first - 1);
}

/* Whatever the policy, all go in the end if nobody uses them, and come back as they were. */
static void test_all_go(void **state)
{
    (void)state;
    for (unsigned i = 0; policy_nth(i); i++) {
        begin(policy_nth(i)->name);
        store(0, PAGES);
        for (unsigned k = 0; k < SURELY && count_out(0, PAGES) < PAGES; k++)
            turn(ANYHOW);
        assert_int_equal(count_out(0, PAGES), PAGES);
        use(0, PAGES);
        assert_int_equal(fake_check(), 0);
    }
}

/* The only page that could go is found within two turns, as page-out expects. */
static void test_last_page(void **state)
{
    (void)state;
    for (pfn_t pfn = direct_map.first; pfn < direct_map.end; pfn++)
        assert_non_null(frame_find(pfn));
    for (unsigned i = 0; policy_nth(i); i++) {
        uint32_t looked = 0;

        begin(policy_nth(i)->name);
        for (unsigned page = 0; page < 12; page++, looked = 0) {
            store(page, 1);
            while (!is_out(page) && looked <= 2 * (direct_map.end - direct_map.first))
                looked += policy_current()->scan(64, 1);
            launder_flush();
            assert_true(is_out(page));
        }
    }
}

/* Memory that was never used when the policy started has its data all the same. */
static void test_new_frames(void **state)
{
    (void)state;
    assert_int_equal(map_anon(as, BASE + page_addr(PAGES), 1200, RW), 0);
    begin("fifo");
    store(0, PAGES + 1000);
    turn(10);
    begin("aging");
    store(PAGES + 1000, 200);
    turn(10);
}

/* About as many as were asked for: a group more at most. */
static void test_want(void **state)
{
    (void)state;
    for (unsigned i = 0; policy_nth(i); i++) {
        unsigned before, went = 0;

        begin(policy_nth(i)->name);
        store(0, PAGES);
        before = evict_taken();
        for (unsigned k = 0; k < SURELY && !went; k++) {
            turn(10);
            went = evict_taken() - before;
        }
        assert_in_range(went, 1, 10 + GROUP);
        use(0, PAGES);
    }
}

/* A group that is used all the time stays, with policies that look. (A single page may go with its
 * neighbours, if they went just after it was cleared.) */
static void test_hot(void **state)
{
    static const char *const names[] = {"clock", "onehand", "aging"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        begin(names[i]);
        store(0, PAGES);
        for (unsigned k = 0; k < 6 * 8; k++) {
            use(2 * GROUP, GROUP);
            (void)policy_current()->scan(all_frames() / 8, ANYHOW);
            launder_flush();
            assert_int_equal(count_out(2 * GROUP, GROUP), 0);
        }
        assert_int_equal(count_out(0, PAGES), PAGES - GROUP);
        use(0, PAGES);
    }
}

static void test_second_chance(void **state)
{
    (void)state;
    begin("onehand");
    store(0, PAGES);
    turn(ANYHOW);
    assert_int_equal(count_out(0, PAGES), 0);
    use(40, 30);
    turn(ANYHOW);
    assert_int_equal(count_out(0, 40) + count_out(70, PAGES - 70), PAGES - 30);
    assert_int_equal(count_out(40, 30), 0);
}

/* Pages between the hands were cleared and may still be used. */
static void test_two_hands(void **state)
{
    bool behind[PAGES] = {false};
    pfn_t middle;

    (void)state;
    begin("clock");
    clock_set_spread(0);
    turn(1);
    assert_int_equal(clock_hands().spread, 1);
    clock_set_spread(all_frames() / 2);
    store(0, PAGES);
    policy_current()->scan(all_frames() / 2, ANYHOW);
    assert_int_equal(count_out(0, PAGES), 0);
    middle = clock_hands().front;
    use(0, 20);
    for (unsigned i = 20; i < PAGES; i++)
        behind[i] = pte_pfn(pt_get(as, va_of(i))) < middle;
    policy_current()->scan(all_frames() / 2, ANYHOW);
    launder_flush();
    assert_int_equal(count_out(0, 20), 0);
    for (unsigned i = 20; i < PAGES; i++)
        if (behind[i])
            assert_true(is_out(i));
    assert_in_range(count_out(20, PAGES - 20), 1, PAGES - 20);
}

/* By order of coming, though the first are used again and again, and the last are not. */
static void test_fifo(void **state)
{
    static const unsigned order[GROUPS] = {3, 0, 7, 1, 2, 6, 5, 4};

    (void)state;
    begin("fifo");
    for (unsigned i = 0; i < GROUPS; i++) {
        store(order[i] * GROUP, GROUP);
        turn(0);
    }
    for (unsigned i = 0; i < GROUPS; i++) {
        use(order[i] * GROUP, GROUP);
        turn(GROUP);
        for (unsigned k = 0; k < GROUPS; k++)
            assert_int_equal(count_out(order[k] * GROUP, GROUP), k <= i ? GROUP : 0);
    }
}

/* A page that comes to a frame whose former page stood in the queue stands behind. */
static void test_fifo_reuse(void **state)
{
    pfn_t pfn;

    (void)state;
    begin("fifo");
    store(0, 1);
    turn(0);
    pfn = pte_pfn(pt_get(as, va_of(0)));
    store(1, 40);
    turn(0);
    assert_int_equal(as_unmap(as, va_of(0), 1), 0);
    store(50, 1);
    assert_int_equal(pte_pfn(pt_get(as, va_of(50))), pfn);
    turn(40);
    assert_int_equal(count_out(1, 40), 40);
    assert_false(is_out(50));
    turn(1);
    assert_true(is_out(50));
}

/* Groups used in one turn after the other go in that order; those that were never used since are
 * first, and no more go than are asked for. */
static void test_aging(void **state)
{
    static const unsigned order[GROUPS] = {5, 0, 7, 1, 2, 6, 3, 4};

    (void)state;
    begin("aging");
    store(0, PAGES);
    turn(0);
    for (unsigned i = 0; i < GROUPS; i++) {
        use(order[i] * GROUP, GROUP);
        turn(0);
    }
    for (unsigned i = 0; i < GROUPS - 1; i++) {
        for (unsigned k = i + 1; k < GROUPS; k++) /* so that none is a neighbour that is idle */
            assert_int_equal(count_out(order[k] * GROUP, GROUP), 0);
        turn(GROUP);
        assert_int_equal(count_out(order[i] * GROUP, GROUP), GROUP);
    }
}

/* The order is not that of addresses, nor the same again. */
static void test_random(void **state)
{
    unsigned went[2][PAGES], sorted = 0, same = 0;

    (void)state;
    begin("random");
    for (unsigned r = 0; r < 2; r++) {
        bool gone[PAGES] = {false};
        unsigned n = 0;

        store(0, PAGES);
        for (unsigned k = 0; n < PAGES && k < 100000; k++) {
            policy_current()->scan(64, 1);
            launder_flush();
            for (unsigned i = 0; i < PAGES; i++)
                if (!gone[i] && is_out(i)) {
                    gone[i] = true;
                    went[r][n++] = i;
                }
        }
        assert_int_equal(n, PAGES);
        use(0, PAGES);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        sorted += i && went[0][i] > went[0][i - 1];
        same += went[0][i] == went[1][i];
    }
    assert_in_range(sorted, PAGES / 4, 3 * PAGES / 4);
    assert_in_range(same, 0, PAGES / 4);
}

/* From each to each, in the middle of their work, and what they had is given back. */
static void test_changes(void **state)
{
    uint32_t before;

    (void)state;
    store(0, PAGES);
    before = fake_in_use();
    for (unsigned i = 0; policy_nth(i); i++) {
        for (unsigned k = 0; policy_nth(k); k++) {
            begin(policy_nth(i)->name);
            policy_current()->scan(all_frames() / 3, 3);
            begin(policy_nth(k)->name);
            policy_current()->scan(all_frames() / 3, 3);
            launder_flush();
            use(0, PAGES);
        }
    }
    begin("clock");
    store(0, PAGES); /* so that none has both frame and slot */
    assert_int_equal(fake_in_use(), before);
    begin("fifo");
    assert_in_range(fake_in_use(), before + 1, before + 1 + FRAMES / 512);
    begin("fifo");
    begin("aging");
    assert_in_range(fake_in_use(), before + 1, before + 1 + FRAMES / 4096);
}

static void test_no_memory(void **state)
{
    static pfn_t got[FRAMES];
    unsigned n = 0;
    uint32_t before;

    (void)state;
    begin("aging");
    while (n < ARRAY_SIZE(got) &&
           (got[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER)) != NO_PFN)
        n++;
    before = fake_in_use();
    assert_int_equal(policy_set("fifo"), -ENOMEM);
    assert_ptr_equal(policy_current(), &policy_aging);
    assert_int_equal(fake_in_use(), before);
    turn(1);
    for (unsigned i = 0; i < n; i++) {
        if (i == 1)
            assert_int_equal(policy_set("fifo"), -ENOMEM); /* one frame is not enough */
        frame_free(got[i]);
    }
    begin("fifo");
}

/* A hand may read a frame's word when the frame has just become a slab's or a node's: a number, a
 * mask. */
static void test_word_is_anything(void **state)
{
    static const uint32_t words[] = {1, 0x7fc, 0x1004, 0x80000001, 0xfffff7fc};
    struct frame *f;
    uint32_t was;
    pfn_t pfn;

    (void)state;
    store(0, 1);
    pfn = pte_pfn(pt_get(as, va_of(0)));
    f = frame_of(pfn);
    was = f->rmap;
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        frame_set_rmap(f, words[i]);
        assert_int_not_equal(page_look(pfn, false), PAGE_NOT);
    }
    frame_set_rmap(f, was);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, policy_setup, policy_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names),     TEST(test_new_frames),
        TEST(test_next),      TEST(test_all_go),
        TEST(test_last_page), TEST(test_want),
        TEST(test_hot),       TEST(test_second_chance),
        TEST(test_two_hands), TEST(test_fifo),
        TEST(test_aging),     TEST(test_fifo_reuse),
        TEST(test_random),    TEST(test_changes),
        TEST(test_no_memory), TEST(test_word_is_anything),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
