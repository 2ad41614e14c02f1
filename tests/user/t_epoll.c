/* SPDX-License-Identifier: MIT
 *
 * epoll as a program sees it: levels, edges and shots on pipes, counters, sockets and timers; when
 * a watch comes to its end; epolls in epolls; time-outs, signals and threads that wait together.
 * What each call answers is compared with Linux in tests/linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "epoll.h"
#include "raw_thread.h"
#include "tap.h"

#define KERNEL  0x50000000u
#define NOWHERE 0x3000u
#define MOST    64

#define LINUX_ELOOP 40

static struct epoll_event got[MOST];

static void make_pipe(int fd[2])
{
    CHECK_EQ(sys_raw(SYS_pipe2, fd, LINUX_O_NONBLOCK), 0);
}

static int counter(uint32_t n)
{
    int fd = (int)sys_raw(SYS_eventfd2, n, LINUX_O_NONBLOCK);

    CHECK(fd >= 0);
    return fd;
}

static void raise_counter(int fd)
{
    uint64_t one = 1;

    CHECK_EQ(sys_raw(SYS_write, fd, &one, 8), 8);
}

/* How many are ready now. */
static long ready(int ep)
{
    return sys_raw(EPOLL_WAIT, ep, got, MOST, 0);
}

/* Nothing else is ready than fd, and that has these events; 0: nothing is. */
static void check_one(int line, int ep, int fd, uint32_t events)
{
    long n = ready(ep);

    if (n != (events != 0) || (events && (got[0].events != events || got[0].data != (uint32_t)fd)))
        tap_equal(__FILE_NAME__, line, "events", n == 1 ? (long)got[0].events : -n, (long)events);
}
#define CHECK_ONE(ep, fd, events) check_one(__LINE__, ep, fd, events)
#define CHECK_NONE(ep)            check_one(__LINE__, ep, 0, 0)

static void test_level(void)
{
    int ep = epoll_new(), fd[2];
    char c;

    make_pipe(fd);
    CHECK_EQ(epoll_do(ep, ADD, fd[0], IN), 0);
    CHECK_NONE(ep);
    CHECK_EQ(write(fd[1], "ab", 2), 2);
    CHECK_ONE(ep, fd[0], IN);
    CHECK_ONE(ep, fd[0], IN);
    CHECK_EQ(read(fd[0], &c, 1), 1);
    CHECK_ONE(ep, fd[0], IN);
    CHECK_EQ(read(fd[0], &c, 1), 1);
    CHECK_NONE(ep);
    CHECK_EQ(epoll_do(ep, ADD, fd[1], OUT), 0);
    CHECK_ONE(ep, fd[1], OUT);
    CHECK_EQ(epoll_do(ep, MOD, fd[1], IN), 0);
    CHECK_NONE(ep);
    CHECK_EQ(epoll_do(ep, MOD, fd[1], IN | OUT), 0);
    CHECK_ONE(ep, fd[1], OUT);
    CHECK_EQ(epoll_do(ep, DEL, fd[1], 0), 0);
    CHECK_NONE(ep);
    CHECK_EQ(epoll_do(ep, DEL, fd[1], 0), -ENOENT);
    close(fd[1]);
    CHECK_ONE(ep, fd[0], HUP); /* asked for or not */
}

static void test_edge(void)
{
    int ep = epoll_new(), fd[2], n = counter(1);
    uint64_t value;
    char c;

    make_pipe(fd);
    CHECK_EQ(epoll_do(ep, ADD, fd[0], IN | EDGE), 0);
    CHECK_EQ(write(fd[1], "a", 1), 1);
    CHECK_ONE(ep, fd[0], IN);
    CHECK_NONE(ep);
    CHECK_EQ(write(fd[1], "b", 1), 1); /* an edge, though it was ready before */
    CHECK_ONE(ep, fd[0], IN);
    CHECK_EQ(read(fd[0], &c, 1), 1);
    CHECK_NONE(ep);
    CHECK_EQ(epoll_do(ep, MOD, fd[0], IN | EDGE), 0); /* looks again */
    CHECK_ONE(ep, fd[0], IN);
    CHECK_NONE(ep);
    CHECK_EQ(epoll_do(ep, DEL, fd[0], 0), 0);
    CHECK_EQ(epoll_do(ep, ADD, n, IN | EDGE), 0);
    CHECK_ONE(ep, n, IN);
    CHECK_NONE(ep);
    CHECK_EQ(read(n, &value, 8), 8);
    CHECK_NONE(ep);
    raise_counter(n);
    CHECK_EQ(read(n, &value, 8), 8); /* woken, but there is nothing by now */
    CHECK_NONE(ep);
    raise_counter(n);
    CHECK_ONE(ep, n, IN);
}

static void test_shot(void)
{
    int ep = epoll_new(), n = counter(1);

    CHECK_EQ(epoll_do(ep, ADD, n, IN | ONESHOT), 0);
    CHECK_ONE(ep, n, IN);
    CHECK_NONE(ep);
    raise_counter(n);
    CHECK_NONE(ep);
    CHECK_EQ(epoll_do(ep, ADD, n, IN), -EEXIST); /* it is still there */
    CHECK_EQ(epoll_do(ep, MOD, n, IN | ONESHOT), 0);
    CHECK_ONE(ep, n, IN);
    CHECK_NONE(ep);
    CHECK_EQ(epoll_do(ep, MOD, n, IN), 0);
    CHECK_ONE(ep, n, IN);
    CHECK_ONE(ep, n, IN);
}

static void test_sockets_and_timers(void)
{
    int ep = epoll_new(), s[2], timer = (int)sys_raw(350, 1, LINUX_O_NONBLOCK);
    int64_t soon[4] = {0, 0, 0, 5000000};
    uint64_t count;

    CHECK_EQ(sys_raw(SYS_socketpair, 1, 1, 0, s), 0);
    CHECK_EQ(epoll_do(ep, ADD, s[0], IN | RDHUP | EDGE), 0);
    CHECK_NONE(ep);
    CHECK_EQ(write(s[1], "x", 1), 1);
    CHECK_ONE(ep, s[0], IN);
    CHECK_EQ(write(s[0], "y", 1), 1);
    CHECK_EQ(read(s[1], &count, 1), 1); /* room is no edge of what comes */
    CHECK_NONE(ep);
    CHECK_EQ(sys_raw(SYS_shutdown, s[1], 1), 0);
    CHECK_ONE(ep, s[0], IN | RDHUP);
    close(s[1]);
    CHECK_ONE(ep, s[0], IN | RDHUP | HUP);
    close(s[0]);
    CHECK(timer >= 0);
    CHECK_EQ(epoll_do(ep, ADD, timer, IN), 0);
    CHECK_EQ(sys_raw(411, timer, 0, soon, 0), 0); /* its interrupt wakes */
    CHECK_EQ(sys_raw(EPOLL_WAIT, ep, got, MOST, 5000), 1);
    CHECK_EQ(got[0].data, timer);
    CHECK_EQ(read(timer, &count, 8), 8);
    CHECK_NONE(ep);
}

/* A watch is of an open file under a number, and ends with the file's last reference. */
static void test_ends(void)
{
    int ep = epoll_new(), n = counter(1), copy = dup(n), status;

    CHECK_EQ(epoll_do(ep, ADD, n, IN), 0);
    CHECK_EQ(epoll_do(ep, ADD, copy, IN), 0);
    CHECK_EQ(ready(ep), 2);
    CHECK_EQ(epoll_do(ep, DEL, copy, 0), 0);
    CHECK_ONE(ep, n, IN);
    close(n);
    CHECK_ONE(ep, n, IN); /* the number has gone, the file has not */
    CHECK_EQ(epoll_do(ep, DEL, n, 0), -EBADF);
    close(copy);
    CHECK_NONE(ep);
    n = counter(1);
    CHECK_EQ(epoll_do(ep, ADD, n, IN), 0);
    pid_t pid = fork();
    if (pid == 0) { /* keeps it */
        tap_pause_ms(50);
        _exit(sys_raw(EPOLL_WAIT, ep, got, MOST, 0) == 1 ? 0 : 1);
    }
    close(n);
    CHECK_ONE(ep, n, IN);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 0));
    CHECK_NONE(ep);
    n = counter(1); /* the epoll goes first */
    CHECK_EQ(epoll_do(ep, ADD, n, IN), 0);
    close(ep);
    raise_counter(n);
    close(n);
}

static void test_order(void)
{
    int ep = epoll_new(), n[4], seen[4] = {0, 0, 0, 0};

    for (int i = 0; i < 4; i++) {
        n[i] = counter(1);
        struct epoll_event e = {IN, 0, (uint64_t)i << 40 | (unsigned)i};
        CHECK_EQ(sys_raw(EPOLL_CTL, ep, ADD, n[i], &e), 0);
    }
    for (int i = 0; i < 8; i++) { /* one at a time: all have their turn */
        CHECK_EQ(sys_raw(EPOLL_WAIT, ep, got, 1, 0), 1);
        CHECK((got[0].data >> 40) == (uint32_t)got[0].data);
        seen[(uint32_t)got[0].data]++;
    }
    for (int i = 0; i < 4; i++)
        CHECK_EQ(seen[i], 2);
    CHECK_EQ(sys_raw(EPOLL_WAIT, ep, got, 3, 0), 3);
    CHECK_EQ(ready(ep), 4);
}

static uint32_t now(int fd)
{
    struct {
        int fd;
        uint16_t events, revents;
    } p = {fd, IN | OUT, 0};

    CHECK(sys_raw(SYS_poll, &p, 1, 0) >= 0);
    return p.revents;
}

static void test_nested(void)
{
    int inner = epoll_new(), outer = epoll_new(), n = counter(0);
    uint64_t value;

    CHECK_EQ(epoll_do(inner, ADD, n, IN), 0);
    CHECK_EQ(epoll_do(outer, ADD, inner, IN), 0);
    CHECK_EQ(now(outer), 0);
    CHECK_NONE(outer);
    raise_counter(n);
    CHECK_EQ(now(outer), IN);
    CHECK_ONE(outer, inner, IN);
    CHECK_ONE(inner, n, IN);
    CHECK_ONE(outer, inner, IN);
    CHECK_EQ(read(n, &value, 8), 8);
    CHECK_EQ(now(outer), 0);
    CHECK_NONE(outer);
    CHECK_EQ(epoll_do(outer, MOD, inner, IN | EDGE), 0);
    raise_counter(n);
    CHECK_ONE(outer, inner, IN);
    CHECK_NONE(outer);
    raise_counter(n);
    CHECK_ONE(outer, inner, IN);
    close(inner);
    CHECK_NONE(outer);
    CHECK_EQ(now(outer), 0);
}

static void test_circles(void)
{
    int ep[10], n = counter(1), far;

    for (int i = 0; i < 10; i++)
        ep[i] = epoll_new();
    CHECK_EQ(epoll_do(ep[0], ADD, ep[0], IN), -EINVAL);
    CHECK_EQ(epoll_do(ep[0], ADD, ep[1], IN), 0);
    CHECK_EQ(epoll_do(ep[1], ADD, ep[0], IN), -LINUX_ELOOP);
    CHECK_EQ(epoll_do(ep[1], ADD, ep[2], IN), 0);
    CHECK_EQ(epoll_do(ep[2], ADD, ep[0], IN), -LINUX_ELOOP);
    CHECK_EQ(epoll_do(ep[2], ADD, n, IN), 0);
    CHECK_ONE(ep[0], ep[1], IN);
    for (far = 3; far < 10; far++) { /* outermost first */
        long error = epoll_do(ep[far - 1], ADD, ep[far], IN);
        if (error == -LINUX_ELOOP)
            break;
        CHECK_EQ(error, 0);
    }
    CHECK_EQ(far, 5);
    close(ep[1]);
    CHECK_EQ(epoll_do(ep[2], ADD, ep[0], IN), 0);
}

static void test_bad_arguments(void)
{
    int ep = epoll_new(), n = counter(1), file = open("/etc/motd", O_RDONLY);
    int64_t bad[2] = {0, 1000000000};
    uint64_t mask = 0;

    CHECK_EQ(sys_raw(EPOLL_CREATE, 0), -EINVAL);
    CHECK_EQ(sys_raw(EPOLL_CREATE, -1), -EINVAL);
    CHECK_EQ(sys_raw(EPOLL_CREATE1, 1), -EINVAL);
    CHECK_EQ(fcntl((int)sys_raw(EPOLL_CREATE1, LINUX_O_CLOEXEC), F_GETFD, 0), FD_CLOEXEC);
    CHECK_EQ(epoll_do(ep, ADD, file, IN), -EPERM);
    CHECK_EQ(epoll_do(ep, ADD, 999, IN), -EBADF);
    CHECK_EQ(epoll_do(999, ADD, n, IN), -EBADF);
    CHECK_EQ(epoll_do(n, ADD, ep, IN), -EINVAL);
    CHECK_EQ(epoll_do(ep, 0, n, IN), -EINVAL);
    CHECK_EQ(epoll_do(ep, MOD, n, IN), -ENOENT);
    CHECK_EQ(sys_raw(EPOLL_CTL, ep, ADD, n, NOWHERE), -EFAULT);
    CHECK_EQ(sys_raw(EPOLL_CTL, ep, ADD, n, KERNEL), -EFAULT);
    CHECK_EQ(epoll_do(ep, ADD, n, IN | EXCLUSIVE), 0);
    CHECK_EQ(epoll_do(ep, MOD, n, IN), -EINVAL);
    CHECK_EQ(sys_raw(EPOLL_WAIT, ep, got, 0, 0), -EINVAL);
    CHECK_EQ(sys_raw(EPOLL_WAIT, ep, got, -1, 0), -EINVAL);
    CHECK_EQ(sys_raw(EPOLL_WAIT, ep, got, 0x7fffffff, 0), -EINVAL);
    CHECK_EQ(sys_raw(EPOLL_WAIT, ep, KERNEL, 1, 0), -EFAULT);
    CHECK_EQ(sys_raw(EPOLL_WAIT, ep, NOWHERE, 1, 0), -EFAULT);
    CHECK_ONE(ep, n, IN); /* it was not lost */
    CHECK_EQ(sys_raw(EPOLL_WAIT, n, got, 1, 0), -EINVAL);
    CHECK_EQ(sys_raw(EPOLL_WAIT, 999, got, 1, 0), -EBADF);
    CHECK_EQ(sys_raw(EPOLL_PWAIT, ep, got, 1, 0, &mask, 7), -EINVAL);
    CHECK_EQ(sys_raw(EPOLL_PWAIT, ep, got, 1, 0, NOWHERE, 8), -EFAULT);
    CHECK_EQ(sys_raw(EPOLL_PWAIT2, ep, got, 1, bad, 0, 8), -EINVAL);
    CHECK_EQ(sys_raw(EPOLL_PWAIT2, ep, got, 1, NOWHERE, 0, 8), -EFAULT);
    CHECK_EQ(sys_raw(SYS_read, ep, got, 8), -EINVAL);
    CHECK_EQ(sys_raw(SYS_write, ep, got, 8), -EINVAL);
}

static void test_time_outs(void)
{
    int ep = epoll_new(), n = counter(0);
    int64_t wide[2] = {0, 20000000};
    uint64_t began = time_ms();

    CHECK_EQ(epoll_do(ep, ADD, n, IN), 0);
    CHECK_EQ(sys_raw(EPOLL_WAIT, ep, got, MOST, 20), 0);
    CHECK(time_ms() - began >= 19);
    began = time_ms();
    CHECK_EQ(sys_raw(EPOLL_PWAIT2, ep, got, MOST, wide, 0, 0), 0);
    CHECK(time_ms() - began >= 19);
    raise_counter(n);
    CHECK_EQ(sys_raw(EPOLL_PWAIT2, ep, got, MOST, 0, 0, 0), 1);
    CHECK_EQ(sys_raw(EPOLL_PWAIT, ep, got, MOST, -1, 0, 0), 1);
}

enum { USR1 = 10, BLOCK = 0 };

static volatile int handled;

static void on_signal(int sig)
{
    handled = sig;
}

static void test_signals(void)
{
    uint32_t act[5] = {(uint32_t)(uintptr_t)on_signal, 0x10000000};
    uint64_t set = 1u << (USR1 - 1), none = 0;
    int ep = epoll_new();
    pid_t me = getpid();

    CHECK_EQ(sys_raw(SYS_rt_sigaction, USR1, act, 0, 8), 0);
    pid_t pid = fork();
    if (pid == 0) {
        tap_pause_ms(20);
        _exit((int)sys_raw(SYS_kill, me, USR1));
    }
    CHECK_EQ(sys_raw(EPOLL_WAIT, ep, got, MOST, -1), -EINTR);
    CHECK_EQ(handled, USR1);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(sys_raw(175, BLOCK, &set, 0, 8), 0); /* rt_sigprocmask */
    handled = 0;
    CHECK_EQ(sys_raw(SYS_kill, me, USR1), 0);
    CHECK_EQ(sys_raw(EPOLL_PWAIT, ep, got, MOST, 1, &set, 8), 0);
    CHECK_EQ(handled, 0);
    CHECK_EQ(sys_raw(EPOLL_PWAIT, ep, got, MOST, 10000, &none, 8), -EINTR);
    CHECK_EQ(handled, USR1);
}

/* More watches than a user may have: refused, and all go with the file. */
static void test_limit(void)
{
    int ep = epoll_new(), last = 0, fd;
    long error = 0;

    for (fd = 100; fd < 900 && !error; fd++) {
        int n = counter(fd % 2);

        CHECK_EQ(dup2(n, fd), fd);
        close(n);
        error = epoll_do(ep, ADD, fd, IN);
    }
    CHECK_EQ(error, 0);
    for (unsigned i = 0; i < 100 && !error && last >= 0; i++) {
        last = epoll_new();
        CHECK(last >= 0 || last == -EMFILE);
        for (fd = 100; last >= 0 && fd < 900 && !error; fd++)
            error = epoll_do(last, ADD, fd, IN);
    }
    CHECK(error == -ENOSPC || last == -EMFILE);
    CHECK_EQ(ready(ep), MOST);
    for (fd = 101; fd < 900; fd += 2)
        close(fd);
    CHECK_EQ(ready(ep), 0);
}

/* What a user who has gone watched counts for him, until it is watched no more. */
static void test_users(void)
{
    int ep = epoll_new(), n = counter(1), status;

    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            int fd = dup2(n, 100 + i);

            if (sys_raw(213, 1000 + i)) /* setuid */
                _exit(1);
            _exit(epoll_do(ep, ADD, fd, IN) == 0 ? 0 : 2);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_exited_with(status, 0));
    }
    CHECK_EQ(ready(ep), 3); /* the file is the same, the numbers were theirs */
    CHECK_EQ(dup2(n, 101), 101);
    CHECK_EQ(epoll_do(ep, DEL, 101, 0), 0);
    CHECK_EQ(ready(ep), 2);
    close(101);
    close(n);
    CHECK_EQ(ready(ep), 0);
}

#define STACK   8192u
#define THREADS 4u

static volatile uint32_t tids[THREADS], failures;
static volatile int shared_ep, stop_fd;

static void start(unsigned i, void (*run)(void *))
{
    static char *stacks;

    if (!stacks)
        stacks =
            mmap(NULL, THREADS * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(stacks != MAP_FAILED);
    tids[i] = 1;
    CHECK(raw_thread(RAW_THREAD_FLAGS, stacks + (i + 1) * STACK, &tids[i], run,
                     (void *)(uintptr_t)i) > 0);
}

static void join_all(void)
{
    for (unsigned i = 0; i < THREADS; i++)
        for (uint32_t tid; (tid = tids[i]) != 0;)
            sys_raw(240, &tids[i], 0, tid, NULL);
}

static volatile uint32_t taken[MOST];

/* Takes shots, until the counter that ends it all is ready. */
static void takes_shots(void *arg)
{
    (void)arg;
    for (;;) {
        struct epoll_event e[2];
        uint64_t value;
        long n = sys_raw(EPOLL_WAIT, shared_ep, e, 2, 20000);

        if (n <= 0) {
            __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
            return;
        }
        for (long i = 0; i < n; i++) {
            if ((int)e[i].data == stop_fd)
                return;
            if (read((int)e[i].data, &value, 8) != 8) /* another one was told, too */
                __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
            __atomic_fetch_add(&taken[e[i].data], 1, __ATOMIC_RELAXED);
            if (epoll_do(shared_ep, MOD, (int)e[i].data, IN | ONESHOT))
                __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
        }
    }
}

/* Several threads wait for the same: each shot goes to one, and none is lost. */
static void test_threads(void)
{
    uint32_t rounds = tap_count(200, 10000);
    int n[8];

    shared_ep = epoll_new();
    stop_fd = counter(0);
    CHECK_EQ(epoll_do(shared_ep, ADD, stop_fd, IN), 0);
    for (unsigned i = 0; i < 8; i++) {
        n[i] = counter(0);
        CHECK_EQ(epoll_do(shared_ep, ADD, n[i], IN | ONESHOT), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        start(i, takes_shots);
    for (uint32_t r = 0; r < rounds && !failures; r++)
        for (unsigned i = 0; i < 8; i++) {
            raise_counter(n[i]);
            while (taken[n[i]] <= r && !failures)
                sys_raw(158); /* sched_yield */
        }
    raise_counter(stop_fd);
    join_all();
    CHECK_EQ(failures, 0);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(taken[n[i]], rounds);
}

static const struct tap_test tests[] = {
    {"levels", test_level},
    {"edges", test_edge},
    {"shots", test_shot},
    {"sockets and timers", test_sockets_and_timers},
    {"a watch ends with its file", test_ends},
    {"each has its turn", test_order},
    {"epolls in epolls", test_nested},
    {"no circles of epolls", test_circles},
    {"bad arguments", test_bad_arguments},
    {"time-outs", test_time_outs},
    {"signals", test_signals},
    {"many watches", test_limit},
    {"watches of users who have gone", test_users},
    {"threads share an epoll", test_threads},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
