/* SPDX-License-Identifier: MIT
 *
 * Threads under load, and what they may not cost: made and ended by the hundred, faults of several
 * in the same pages while others map, unmap and fork, processes that end or run another program
 * while their threads are anywhere, lists of robust futexes that are garbage. What the calls answer
 * is compared with Linux in tests/linux. Threads use no C library, which is made for one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "quire.h"
#include "raw_thread.h"
#include "tap.h"

#define PAGE  4096u
#define STACK 8192u
#define MOST  256u

enum {
    FORK = 2,
    FUTEX = 240,
    ROBUST = 338,
    EXIT = 1,
    EXIT_GROUP = 248,
    TGKILL = 268,
    GETTID = 224
};
enum { WAIT = 0, WAKE = 1, REQUEUE = 3, PRIVATE = 128 };

static char *stacks;
static volatile uint32_t tids[MOST];
static volatile uint32_t word, done, failures, stop;

static long start(unsigned i, void (*run)(void *), uint32_t arg)
{
    tids[i] = 1; /* until the kernel has made it the number, and then 0 */
    return raw_thread(RAW_THREAD_FLAGS, stacks + (i + 1) * STACK, &tids[i], run,
                      (void *)(uintptr_t)arg);
}

static void join(unsigned i)
{
    for (uint32_t tid; (tid = tids[i]) != 0;)
        sys_raw(FUTEX, &tids[i], WAIT, tid, NULL);
}

static void begin(void)
{
    stacks = mmap(NULL, MOST * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(stacks != MAP_FAILED);
}

static uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void ends(void *arg)
{
    (void)arg;
    __atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
}

static void test_many(void)
{
    uint32_t rounds = tap_count(10, 500);

    begin();
    for (uint32_t r = 0; r < rounds; r++) {
        done = 0;
        for (unsigned i = 0; i < 50; i++)
            CHECK(start(i, ends, 0) > 0);
        for (unsigned i = 0; i < 50; i++)
            join(i);
        CHECK_EQ(done, 50);
    }
}

/* A mutex as C libraries have it: 0 free, 1 held, 2 held and somebody sleeps. */
static void lock(volatile uint32_t *m)
{
    uint32_t is = 0;

    if (__atomic_compare_exchange_n(m, &is, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(m, 2, __ATOMIC_ACQUIRE) != 0)
        sys_raw(FUTEX, m, WAIT | PRIVATE, 2, NULL);
}

static void unlock(volatile uint32_t *m)
{
    if (__atomic_exchange_n(m, 0, __ATOMIC_RELEASE) == 2)
        sys_raw(FUTEX, m, WAKE | PRIVATE, 1);
}

static volatile uint32_t mutex, plain;

static void adds(void *arg)
{
    for (uint32_t i = (uint32_t)(uintptr_t)arg; i; i--) {
        lock(&mutex);
        plain++;
        unlock(&mutex);
    }
}

static void test_mutex(void)
{
    uint32_t times = tap_count(500, 20000);

    begin();
    for (unsigned i = 0; i < 16; i++)
        CHECK(start(i, adds, times) > 0);
    for (unsigned i = 0; i < 16; i++)
        join(i);
    CHECK_EQ(plain, 16 * times);
}

#define AREA_PAGES 64u
static volatile uint32_t *area;

/* Each adds to its own word of every page, and to a common one. */
static void touches(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg, state = me + 1;

    for (unsigned i = 0; i < 400; i++) {
        uint32_t page = random_next(&state) % AREA_PAGES;

        area[page * PAGE / 4 + me]++;
        __atomic_fetch_add(&area[page * PAGE / 4 + 100], 1, __ATOMIC_RELAXED);
    }
}

static uint32_t area_sum(unsigned from, unsigned to)
{
    uint32_t sum = 0;

    for (unsigned page = 0; page < AREA_PAGES; page++)
        for (unsigned i = from; i < to; i++)
            sum += area[page * PAGE / 4 + i];
    return sum;
}

/* Meanwhile the first thread forks, so that pages are copied under the writers' hands. */
static void test_faults(void)
{
    uint32_t rounds = tap_count(8, 200);

    begin();
    for (uint32_t r = 0; r < rounds; r++) {
        area = mmap(NULL, AREA_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0);
        for (unsigned i = 0; i < 8; i++)
            CHECK(start(i, touches, i) > 0);
        for (unsigned i = 0; i < 3; i++) {
            pid_t pid = fork();
            int status;

            if (pid == 0)
                _exit(area_sum(0, 8) <= 8 * 400 ? 0 : 1);
            CHECK_EQ(waitpid(pid, &status, 0), pid);
            CHECK(tap_exited_with(status, 0));
        }
        for (unsigned i = 0; i < 8; i++)
            join(i);
        CHECK_EQ(area_sum(0, 8), 8 * 400);
        CHECK_EQ(area_sum(100, 101), 8 * 400);
        munmap((void *)area, AREA_PAGES * PAGE);
    }
}

/* Maps, writes, reads, changes protection, unmaps: its own pages, in a space that all share. */
static void maps(void *arg)
{
    uint32_t state = (uint32_t)(uintptr_t)arg * 77 + 5;

    while (!stop) {
        uint32_t n = random_next(&state) % 8 + 1;
        volatile uint32_t *p = (volatile uint32_t *)sys_raw(192, NULL, n * PAGE, 3, 0x22, -1, 0);

        if ((uintptr_t)p > 0xfffff000u)
            continue;
        for (uint32_t i = 0; i < n; i++)
            p[i * PAGE / 4] = state + i;
        sys_raw(125, p, PAGE, 1);
        for (uint32_t i = 0; i < n; i++)
            if (p[i * PAGE / 4] != state + i)
                __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
        sys_raw(91, p, n * PAGE);
        __atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
    }
}

static void test_maps(void)
{
    begin();
    stop = done = failures = 0;
    for (unsigned i = 0; i < 6; i++)
        CHECK(start(i, maps, i) > 0);
    tap_pause_ms(tap_count(300, 10000));
    stop = 1;
    for (unsigned i = 0; i < 6; i++)
        join(i);
    CHECK(done > 6);
    CHECK_EQ(failures, 0);
}

/* Everything that a thread may be in the middle of. */
static void busy(void *arg)
{
    uint32_t kind = (uint32_t)(uintptr_t)arg, state = kind + 1, time[2] = {0, 100000};
    volatile uint32_t own = 0;
    int fd[2];

    for (;;) {
        switch (kind % 8) {
        case 0: sys_raw(FUTEX, &own, WAIT | PRIVATE, 0, NULL); break;
        case 1: maps(arg); break;
        case 2:
            if (sys_raw(FORK) == 0)
                sys_raw(EXIT_GROUP, 0);
            sys_raw(114, -1, NULL, 1, NULL);
            break;
        case 3:
            sys_raw(SYS_pipe2, fd, 0);
            sys_raw(3, fd[0], &state, 4);
            break;
        case 4: sys_raw(162, time, NULL); break;
        case 5: sys_raw(FUTEX, &word, WAIT, 0, time); break;
        case 6: random_next(&state); break;
        default: sys_raw(158); break;
        }
    }
}

static void be_busy(unsigned n)
{
    stop = 0;
    for (unsigned i = 0; i < n; i++)
        if (start(i, busy, i) <= 0)
            _exit(8);
}

static void run_true(void *arg)
{
    char *const argv[] = {"/bin/true", NULL};

    (void)arg;
    sys_raw(SYS_execve, argv[0], argv, NULL);
    sys_raw(EXIT_GROUP, 7);
}

static void exit_group(void *arg)
{
    sys_raw(EXIT_GROUP, arg);
}

/* how: the first thread ends all; it runs a program; another ends all; another runs a program; all
 * at once; killed; killed while one runs a program. */
static void end_process(uint32_t how, uint32_t *state)
{
    be_busy(8 + how % 9);
    if (random_next(state) % 2)
        tap_pause_ms((long)(random_next(state) % 5));
    switch (how % 7) {
    case 0: exit_group(NULL); break;
    case 1: run_true(NULL); break;
    case 2: start(20, exit_group, 0); break;
    case 3: start(20, run_true, 0); break;
    case 4:
        start(20, run_true, 0);
        start(21, run_true, 0);
        start(22, exit_group, 0);
        break;
    case 5: kill(getpid(), SIGKILL); break;
    case 6: start(20, run_true, 0); kill(getpid(), SIGKILL);
    }
    sys_raw(EXIT, 3);
}

static void test_ends(void)
{
    uint32_t rounds = tap_count(40, 1500), state = 4711;

    begin();
    for (uint32_t r = 0; r < rounds; r++) {
        pid_t pid = fork();
        int status;

        random_next(&state);
        if (pid == 0)
            end_process(r, &state);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_exited_with(status, 0) || tap_killed_by(status, SIGKILL));
    }
}

static void waits(void *arg)
{
    (void)arg;
    while (!stop)
        sys_raw(FUTEX, &stop, WAIT | PRIVATE, 0, NULL);
}

/* Thousands; in a soak until there is no room, which is said. All of it comes back. */
static void test_limit(void)
{
    char *own = mmap(NULL, 40000 * 256, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | 0x4000, -1, 0);
    uint32_t n = 0, most = tap_count(2000, 40000);
    long result = 1;

    begin();
    CHECK(own != MAP_FAILED);
    stop = 0;
    for (; n < most && result > 0; n++)
        result =
            raw_thread(RAW_THREAD_FLAGS & ~RAW_CLEAR_TID, own + (n + 1) * 256, &word, waits, NULL);
    CHECK(n == most || result == -EAGAIN);
    CHECK(n > 1000);
    stop = 1;
    while (sys_raw(FUTEX, &stop, WAKE | PRIVATE, 0x7fffffff) > 0)
        continue;
    _exit(0); /* with those that are not through yet */
}

static uint32_t head[3];
static int kind;

/* Lists that lead round in a circle, into the kernel, to nowhere, to what can't be written; and a
 * number to be cleared in such places. */
static void garbage(void *arg)
{
    uint32_t tid = (uint32_t)sys_raw(GETTID), *page;

    (void)arg;
    page = (uint32_t *)sys_raw(192, NULL, PAGE, 3, 0x22, -1, 0);
    head[0] = (uint32_t)(uintptr_t)page;
    head[1] = 8;
    head[2] = 0;
    page[0] = (uint32_t)(uintptr_t)page; /* its own next */
    page[2] = tid;
    switch (kind) {
    case 0: break;
    case 1: head[0] = 0xffff0000u; break;
    case 2: head[0] = 0x80000000u; break;
    case 3: head[1] = 0x7ffffff0u; break;
    case 4: head[2] = 0xc0000000u; break;
    case 5: head[1] = 9; break;
    case 6: sys_raw(125, page, PAGE, 1); break;
    case 7: page[0] = 0x10; break;
    case 8: sys_raw(91, page, PAGE); break;
    }
    sys_raw(ROBUST, kind == 9 ? (uint32_t *)0xc0000000u : head, 12);
    sys_raw(256, kind == 10 ? 0xffff0ffcu : kind == 11 ? 0x80001000u : (uint32_t)(uintptr_t)tids);
}

static void test_garbage(void)
{
    begin();
    for (kind = 0; kind < 12; kind++) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            CHECK(start(1, garbage, 0) > 0);
            tap_pause_ms(20);
            garbage(NULL);
            sys_raw(EXIT, 0);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_exited_with(status, 0));
    }
}

/* Words that several sleep on come and go, are moved, and lose their memory. */
static void futex_storm(void *arg)
{
    uint32_t state = (uint32_t)(uintptr_t)arg * 13 + 7;

    while (!stop) {
        uint32_t r = random_next(&state), time[2] = {0, r % 300000};
        volatile uint32_t *at = &area[r % 5 * (PAGE / 4 / 4)], *to = &area[r / 8 % 5 * 3];

        switch (r >> 8 & 7) {
        case 0:
        case 1: sys_raw(FUTEX, at, WAIT, *at, time); break;
        case 2: sys_raw(FUTEX, at, WAIT | PRIVATE, *at, time); break;
        case 3: sys_raw(FUTEX, at, WAKE, r >> 16 & 3); break;
        case 4: sys_raw(FUTEX, at, REQUEUE, 1, 5, to); break;
        case 5: sys_raw(FUTEX, at, REQUEUE | PRIVATE, 0, 5, to); break;
        case 6: sys_raw(FUTEX, at, 5, 1, 1, to, r & 0x3f000000); break;
        default: sys_raw(192, area, PAGE, 3, r & 0x10000 ? 0x32 : 0x31, -1, 0); break;
        }
        __atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
    }
}

static void test_futexes(void)
{
    begin();
    area = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    stop = done = 0;
    for (unsigned i = 0; i < 12; i++)
        CHECK(start(i, futex_storm, i) > 0);
    tap_pause_ms(tap_count(400, 20000));
    stop = 1;
    for (unsigned i = 0; i < 12; i++)
        join(i);
    CHECK(done > 100);
}

/* Relative names, while the directory that they are relative to changes. */
static void walks(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg;

    while (!stop) {
        long fd = sys_raw(322, -100, "here", 0x41, 0600); /* openat */

        if (fd >= 0)
            sys_raw(6, fd);
        else if (fd != -ENOENT)
            failures = (uint32_t)-fd;
        sys_raw(12, me % 2 ? "/tmp/t_threads" : "/tmp/t_threads/below");
        done++;
    }
}

static void test_directories(void)
{
    begin();
    stop = done = failures = 0;
    CHECK_EQ(mkdir("/tmp/t_threads", 0700), 0);
    CHECK_EQ(mkdir("/tmp/t_threads/below", 0700), 0);
    CHECK_EQ(chdir("/tmp/t_threads"), 0);
    for (unsigned i = 0; i < 6; i++)
        CHECK(start(i, walks, i) > 0);
    tap_pause_ms(tap_count(200, 5000));
    stop = 1;
    for (unsigned i = 0; i < 6; i++)
        join(i);
    CHECK(done > 10);
    CHECK_EQ(failures, 0);
    CHECK_EQ(chdir("/"), 0);
    unlink("/tmp/t_threads/here");
    unlink("/tmp/t_threads/below/here");
    CHECK_EQ(rmdir("/tmp/t_threads/below"), 0);
    CHECK_EQ(rmdir("/tmp/t_threads"), 0);
}

/* Signals for threads that come and go. */
static void taken(int sig)
{
    (void)sig;
    __atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
}

static void rests(void *arg)
{
    uint32_t time[2] = {0, (uint32_t)(uintptr_t)arg * 1000};

    sys_raw(162, time, NULL);
}

static void test_signals(void)
{
    uint32_t act[5] = {(uint32_t)(uintptr_t)taken, 0}, sent = 0, rounds = tap_count(30, 1000);

    begin();
    done = 0;
    CHECK_EQ(sys_raw(SYS_rt_sigaction, 10, act, 0, 8), 0);
    CHECK_EQ(sys_raw(SYS_rt_sigaction, 40, act, 0, 8), 0);
    for (uint32_t r = 0; r < rounds; r++) {
        for (unsigned i = 0; i < 16; i++)
            CHECK(start(i, rests, i * 20) > 0);
        for (unsigned i = 0; i < 16; i++) {
            uint32_t tid = tids[i];

            if (tid > 1)
                sent += sys_raw(TGKILL, getpid(), tid, i % 2 ? 10 : 40) == 0;
            sys_raw(37, getpid(), 40);
        }
        for (unsigned i = 0; i < 16; i++)
            join(i);
    }
    CHECK(sent > 0);
    CHECK(done >= rounds * 16);
}

static const struct tap_test tests[] = {
    {"many threads", test_many},
    {"a mutex", test_mutex},
    {"faults in the same pages", test_faults},
    {"mappings that come and go", test_maps},
    {"ends in every order", test_ends},
    {"as many as there is room for", test_limit},
    {"lists of garbage", test_garbage},
    {"futexes that come and go", test_futexes},
    {"the working directory", test_directories},
    {"signals", test_signals},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
