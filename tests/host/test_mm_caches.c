/* SPDX-License-Identifier: MIT
 *
 * What CPUs keep ready for themselves - free frames, free objects - is nobody's loss: another CPU
 * gets all of it when it needs it, everything is counted as free meanwhile, and mistakes are caught
 * as ever. The other CPU is a thread that has done its work and waits.
 */
#include "tests/host/testing.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mm/slab.h"
#include "tests/host/fake_hat.h"

#define FRAMES 1024u
#define SOME   24u

static struct {
    pthread_t thread;
    pthread_barrier_t done, end;
    void (*work)(void);
} other;

static pfn_t taken[FRAMES];

static int setup(void **state)
{
    (void)state;
    fake_machine(FRAMES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(fake_check(), 0);
    return 0;
}

static void *other_cpu(void *arg)
{
    (void)arg;
    other.work();
    pthread_barrier_wait(&other.done);
    pthread_barrier_wait(&other.end);
    return NULL;
}

/* Does the work on another CPU, which then waits with what it keeps. */
static void begin_elsewhere(void (*work)(void))
{
    other.work = work;
    pthread_barrier_init(&other.done, NULL, 2);
    pthread_barrier_init(&other.end, NULL, 2);
    assert_int_equal(pthread_create(&other.thread, NULL, other_cpu, NULL), 0);
    pthread_barrier_wait(&other.done);
}

static void end_elsewhere(void)
{
    pthread_barrier_wait(&other.end);
    pthread_join(other.thread, NULL);
}

/* Takes frames until there is none; how many. */
static uint32_t take_all(unsigned flags)
{
    uint32_t n = 0;

    while (n < FRAMES && (taken[n] = frame_alloc(FRAME_KERNEL, NULL, 0, flags)) != NO_PFN)
        n++;
    return n;
}

static void give_back(uint32_t n)
{
    while (n > 0)
        frame_free(taken[--n]);
}

static void use_some_frames(void)
{
    pfn_t some[SOME];

    for (unsigned i = 0; i < SOME; i++)
        some[i] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);
    for (unsigned i = 0; i < SOME; i++)
        frame_free(some[i]);
}

static void test_frames_of_another_cpu(void **state)
{
    uint32_t before = frame_stats().free, n;

    (void)state;
    begin_elsewhere(use_some_frames);
    assert_int_equal(frame_stats().free, before);
    assert_int_equal(frame_count_free(), before);
    n = take_all(FRAME_FOR_KERNEL);
    assert_int_equal(n, before); /* to the last one, wherever it was */
    assert_int_equal(frame_stats().free, 0);
    give_back(n);
    assert_int_equal(frame_stats().free, before);
    end_elsewhere();
}

/* What another CPU keeps is as good as what lies on the list, for the reserve, too. */
static void test_reserve_stays(void **state)
{
    uint32_t before = frame_stats().free, n, m;

    (void)state;
    begin_elsewhere(use_some_frames);
    n = take_all(FRAME_FOR_USER);
    m = frame_stats().free; /* the reserve, which only the kernel gets */
    assert_int_equal(n + m, before);
    assert_in_range(m, 1, 64);
    frame_free(taken[--n]);
    taken[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL);
    assert_int_not_equal(taken[n++], NO_PFN);
    assert_int_equal(frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER), NO_PFN);
    give_back(n);
    end_elsewhere();
}

/* A page freed into the reserve is the kernel's, though the CPU that freed it wants one. */
static void test_reserve_is_filled_first(void **state)
{
    uint32_t n;

    (void)state;
    n = take_all(FRAME_FOR_KERNEL);
    frame_free(taken[--n]);
    assert_int_equal(frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER), NO_PFN);
    give_back(n);
}

static void test_row_of_kept_frames(void **state)
{
    uint32_t before, n;
    pfn_t first = frame_alloc_contiguous(SOME, 1), row;

    (void)state;
    before = frame_stats().free;
    n = take_all(FRAME_FOR_KERNEL);
    give_back(n - 2 * SOME); /* some lie on the list again, but not in a row with these: */
    frame_free_contiguous(first, SOME);
    for (unsigned i = 0; i < 4; i++) {
        row = frame_alloc_contiguous(SOME, 1);
        assert_int_not_equal(row, NO_PFN);
        memset(pfn_to_virt(row), 1, SOME * PAGE_SIZE);
        frame_free_contiguous(row, SOME);
    }
    for (unsigned i = n - 2 * SOME; i < n; i++)
        frame_free(taken[i]);
    assert_int_equal(frame_stats().free, before + SOME);
}

/* Frames that a row took out are on no CPU's store any more: nobody gets one twice. */
static void test_row_is_nobody_elses(void **state)
{
    uint32_t n;
    pfn_t first;

    (void)state;
    begin_elsewhere(use_some_frames);
    use_some_frames();
    first = frame_alloc_contiguous(2 * SOME, 1);
    assert_int_not_equal(first, NO_PFN);
    n = take_all(FRAME_FOR_KERNEL);
    for (uint32_t i = 0; i < n; i++)
        assert_false(taken[i] - first < 2 * SOME);
    give_back(n);
    frame_free_contiguous(first, 2 * SOME);
    end_elsewhere();
}

static void test_drain(void **state)
{
    uint32_t before = frame_stats().free;

    (void)state;
    begin_elsewhere(use_some_frames);
    use_some_frames();
    mm_drain();
    assert_int_equal(frame_stats().free, before);
    assert_int_equal(frame_count_free(), before);
    end_elsewhere();
}

/* The kernel panics, which on the host ends the process. */
static void assert_panics(void (*work)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        fclose(stderr);
        work();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void free_frame_twice(void)
{
    pfn_t pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);

    frame_free(pfn);
    frame_free(pfn);
}

static void test_double_free_is_caught(void **state)
{
    (void)state;
    assert_panics(free_frame_twice);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_frames_of_another_cpu),   TEST(test_reserve_stays),
        TEST(test_reserve_is_filled_first), TEST(test_row_of_kept_frames),
        TEST(test_row_is_nobody_elses),     TEST(test_drain),
        TEST(test_double_free_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
