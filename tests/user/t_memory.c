/* SPDX-License-Identifier: MIT
 *
 * When memory runs out: programs that take all of it, or fork without end, are ended or get an
 * error, the rest lives on, and everything they had comes back.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "quire.h"
#include "tap.h"

#define REFUSED 3 /* what crash ends with when the kernel said no */

static void only_on_quire(void)
{
    if (!tap_on_quire())
        tap_skip("would take all the memory of this machine");
}

static bool bounded(int status)
{
    return tap_exited_with(status, REFUSED) || tap_killed_by(status, SIGKILL);
}

static void test_memory(void)
{
    char *argv[] = {"/bin/crash", "memory", NULL};

    only_on_quire();
    CHECK(bounded(tap_program(argv, true)));
}

static void test_memory_again(void)
{
    only_on_quire();
    for (int i = 0; i < 3; i++) {
        char *argv[] = {"/bin/crash", "memory", NULL};
        CHECK(bounded(tap_program(argv, true)));
    }
    char *argv[] = {"/bin/hello", NULL};
    CHECK(tap_exited_with(tap_program(argv, true), 0));
}

static void test_fork_bomb(void)
{
    char *argv[] = {"/bin/crash", "forkbomb", NULL};

    only_on_quire();
    CHECK(bounded(tap_program(argv, true)));
}

/* Two that want more than half each: one at least gets an answer, and both end. */
static void test_two_hogs(void)
{
    pid_t pids[2];

    only_on_quire();
    for (int i = 0; i < 2; i++) {
        char *argv[] = {"/bin/crash", "memory", NULL};
        pids[i] = spawn("t_memory", argv, 0);
        CHECK(pids[i] > 0);
    }
    for (int i = 0; i < 2; i++) {
        int status;
        CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(bounded(status));
    }
}

static void test_mapping_too_large(void)
{
    static const size_t sizes[] = {0xffffffff, 0xfffff000, 0xc0000000, 0x80000000};

    for (size_t i = 0; i < TAP_COUNT(sizes); i++)
        CHECK_EQ(sys_raw(SYS_mmap2, 0, sizes[i], PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                 -ENOMEM);
}

static void test_address_space_full(void)
{
    long p;
    int count = 0;

    only_on_quire();
    do
        p = sys_raw(SYS_mmap2, 0, 16 * 1024 * 1024, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    while ((p > 0 || p < -4095) && ++count < 1000);
    CHECK_EQ(p, -ENOMEM);
    CHECK(count > 10);
}

static void test_malloc(void)
{
    for (int i = 0; i < 100; i++) {
        void *p = malloc(100000);
        CHECK(p != NULL);
        free(p);
    }
    CHECK(malloc(0x7fffffff) == NULL && errno == ENOMEM);
    char *argv[] = {"/bin/hog", "2M", NULL};
    CHECK(tap_exited_with(tap_program(argv, true), 0));
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"taking all memory", test_memory},
        {"taking all memory, again", test_memory_again},
        {"two that take all memory", test_two_hogs},
        {"a fork bomb", test_fork_bomb},
        {"mappings larger than memory", test_mapping_too_large},
        {"an address space that is full", test_address_space_full},
        {"malloc", test_malloc},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
