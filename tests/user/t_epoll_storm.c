/* SPDX-License-Identifier: MIT
 *
 * epoll under load: wake-ups that must not be lost, whoever waits and however; and threads and
 * processes that add, change, delete, close, copy and wait for the same few files at the same time.
 * What is left afterwards is nothing: tap_main counts frames and objects.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "epoll.h"
#include "raw_thread.h"
#include "tap.h"

enum { LINES = 8 };

/* How the one who is asked waits. */
enum way { LEVEL, EDGES, SHOTS, NESTED, POLLED, WAYS };

static int in[LINES][2], out[LINES][2];

static void lines_make(void)
{
    for (int i = 0; i < LINES; i++) {
        CHECK_EQ(sys_raw(SYS_pipe2, in[i], LINUX_O_NONBLOCK), 0);
        CHECK_EQ(sys_raw(SYS_pipe2, out[i], 0), 0);
    }
}

static long sleep_for(enum way way, int ep, int outer, struct epoll_event *e)
{
    struct {
        int fd;
        uint16_t events, revents;
    } p = {ep, IN, 0};
    struct epoll_event one;

    if (way == NESTED && sys_raw(EPOLL_WAIT, outer, &one, 1, -1) != 1)
        return -1;
    if (way == POLLED && sys_raw(SYS_poll, &p, 1, -1) != 1)
        return -1;
    return sys_raw(EPOLL_WAIT, ep, e, 3, way == NESTED || way == POLLED ? 0 : -1);
}

/* Answers all that is asked on the line: 0, 1 where nobody will ask any more, -1. */
static int answer(int line)
{
    char c;
    long n;

    while ((n = sys_raw(SYS_read, in[line][0], &c, 1)) == 1)
        if (write(out[line][1], &c, 1) != 1)
            return -1;
    return n == 0 ? 1 : n == -EAGAIN ? 0 : -1;
}

static int serve(enum way way)
{
    uint32_t events = IN | (way == EDGES ? EDGE : way == SHOTS ? ONESHOT : 0);
    int ep = epoll_new(), outer = epoll_new(), open_lines = LINES;
    struct epoll_event e[3];

    if (epoll_do(outer, ADD, ep, IN))
        return 1;
    for (int i = 0; i < LINES; i++) {
        close(in[i][1]);
        if (epoll_do(ep, ADD, in[i][0], events))
            return 2;
    }
    while (open_lines > 0) {
        long n = sleep_for(way, ep, outer, e);

        for (long k = 0; k < n; k++) {
            int line = 0, end;

            while (in[line][0] != (int)e[k].data)
                line++;
            end = answer(line);
            if (end < 0)
                return 3;
            if (end)
                close(in[line][0]);
            else if (way == SHOTS && epoll_do(ep, MOD, in[line][0], events))
                return 4;
            open_lines -= end;
        }
        if (n < 0)
            return 5;
    }
    return 0;
}

static int ask(int line, uint32_t count)
{
    for (int i = 0; i < LINES; i++) {
        close(in[i][0]);
        if (i != line)
            close(in[i][1]);
    }
    for (uint32_t k = 0; k < count; k++) {
        char c = (char)k, got = (char)~c;

        if (write(in[line][1], &c, 1) != 1)
            return 1;
        if (read(out[line][0], &got, 1) != 1 || got != c)
            return 2;
    }
    return 0;
}

/* Eight ask one, each waiting for its answer: a lost wake-up stops them. */
static void lost_wake_ups(enum way way)
{
    uint32_t count = tap_count(200, 5000);
    pid_t pids[LINES + 1];
    int status;

    lines_make();
    for (int i = 0; i <= LINES; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(i == LINES ? serve(way) : ask(i, count));
    }
    for (int i = 0; i < LINES; i++) {
        close(in[i][1]);
        close(in[i][0]);
    }
    for (int i = 0; i <= LINES; i++) {
        CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(tap_exited_with(status, 0));
    }
}

static void test_level(void)
{
    lost_wake_ups(LEVEL);
}

static void test_edges(void)
{
    lost_wake_ups(EDGES);
}

static void test_shots(void)
{
    lost_wake_ups(SHOTS);
}

static void test_nested(void)
{
    lost_wake_ups(NESTED);
}

static void test_polled(void)
{
    lost_wake_ups(POLLED);
}

#define STACK   8192u
#define THREADS 6u
#define FIRST   100u /* descriptors that all of them use */
#define FILES   24u

static volatile uint32_t tids[THREADS];
static uint32_t steps;
static volatile uint32_t added, told; /* so often something was watched, and was ready */

static uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static int any(uint32_t *state)
{
    return (int)(FIRST + random_next(state) % FILES);
}

/* A descriptor that was made goes to any place, where another may be in use. */
static void place(uint32_t *state, long fd)
{
    if (fd < 0)
        return;
    sys_raw(SYS_dup2, fd, any(state));
    sys_raw(SYS_close, fd);
}

static void make_file(uint32_t *state)
{
    int64_t soon[4] = {0, random_next(state) % 2 ? 300000 : 0, 0, 200000};
    int fd[2];
    long timer;

    switch (random_next(state) % 6) {
    case 0:
        if (sys_raw(SYS_pipe2, fd, LINUX_O_NONBLOCK) == 0) {
            place(state, fd[0]);
            place(state, fd[1]);
        }
        break;
    case 1: place(state, sys_raw(SYS_eventfd2, random_next(state) % 2, LINUX_O_NONBLOCK)); break;
    case 2:
        if (sys_raw(SYS_socketpair, 1, 1 | LINUX_O_NONBLOCK, 0, fd) == 0) {
            place(state, fd[0]);
            place(state, fd[1]);
        }
        break;
    case 3:
        timer = sys_raw(350, 1, LINUX_O_NONBLOCK);
        sys_raw(411, timer, 0, soon, 0);
        place(state, timer);
        break;
    default: place(state, epoll_new());
    }
}

static void use_file(uint32_t *state)
{
    struct {
        int fd;
        uint16_t events, revents;
    } p[2] = {{any(state), IN | OUT, 0}, {any(state), IN, 0}};
    uint64_t word = 1;

    switch (random_next(state) % 6) {
    case 0: sys_raw(SYS_close, any(state)); break;
    case 1: sys_raw(SYS_dup2, any(state), any(state)); break;
    case 2: sys_raw(SYS_poll, p, 2, random_next(state) % 2); break;
    case 3: sys_raw(SYS_read, any(state), &word, 8); break;
    default: sys_raw(SYS_write, any(state), &word, 8);
    }
}

static void use_epoll(uint32_t *state)
{
    static const uint32_t kinds[] = {0, 0, EDGE, ONESHOT, EDGE | ONESHOT, EXCLUSIVE};
    uint32_t events = random_next(state) % 8 | kinds[random_next(state) % 6];
    struct epoll_event e[4];

    switch (random_next(state) % 8) {
    case 0:
    case 1:
    case 2: added += epoll_do(any(state), ADD, any(state), events) == 0; break;
    case 3: epoll_do(any(state), MOD, any(state), events); break;
    case 4: epoll_do(any(state), DEL, any(state), 0); break;
    default:
        told += sys_raw(EPOLL_WAIT, any(state), e, 1 + random_next(state) % 4,
                        random_next(state) % 2) > 0;
    }
}

/* A table of its own, from now on, and the same files. */
static void fork_once(uint32_t *state)
{
    long pid = sys_raw(2);

    if (pid == 0) {
        for (unsigned i = 0; i < 50; i++)
            use_epoll(state);
        for (unsigned i = 0; i < 20; i++)
            use_file(state);
        sys_raw(248, 0); /* exit_group */
    }
    if (pid > 0)
        sys_raw(114, pid, 0, 0, 0); /* wait4 */
}

static void storms(void *arg)
{
    uint32_t state = 2463534242u + (uint32_t)(uintptr_t)arg * 7919;

    for (uint32_t i = 0; i < steps; i++) {
        uint32_t what = random_next(&state) % 64;

        if (what < 12)
            make_file(&state);
        else if (what < 30)
            use_file(&state);
        else if (what < 63)
            use_epoll(&state);
        else
            fork_once(&state);
    }
}

static void run_threads(void)
{
    char *stacks =
        mmap(NULL, THREADS * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(stacks != MAP_FAILED);
    for (unsigned i = 0; i < THREADS; i++) {
        tids[i] = 1;
        CHECK(raw_thread(RAW_THREAD_FLAGS, stacks + (i + 1) * STACK, &tids[i], storms,
                         (void *)(uintptr_t)i) > 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        for (uint32_t tid; (tid = tids[i]) != 0;)
            sys_raw(240, &tids[i], 0, tid, NULL);
}

static void ignore_broken_pipes(void)
{
    uint32_t ignore[5] = {1};

    CHECK_EQ(sys_raw(SYS_rt_sigaction, SIGPIPE, ignore, 0, 8), 0);
}

static void test_storm(void)
{
    ignore_broken_pipes();
    steps = tap_count(2000, 50000);
    run_threads();
    CHECK(added > steps / 20 && told > steps / 50); /* usually a sixth and a sixteenth */
}

/* The same, killed in the middle of it. */
static int storm_for_ever(void *arg)
{
    (void)arg;
    ignore_broken_pipes();
    steps = UINT32_MAX;
    run_threads();
    return 1;
}

static void test_killed(void)
{
    for (uint32_t i = tap_count(5, 50); i; i--) {
        int status;
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0)
            _exit(storm_for_ever(NULL));
        tap_pause_ms(20 + (long)(i * 7 % 30));
        CHECK_EQ(kill(pid, SIGKILL), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_killed_by(status, SIGKILL));
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    tap_pause_ms(100); /* what it forked ends by itself */
}

static const struct tap_test tests[] = {
    {"no wake-up is lost, levels", test_level},
    {"no wake-up is lost, edges", test_edges},
    {"no wake-up is lost, shots", test_shots},
    {"no wake-up is lost, epolls in epolls", test_nested},
    {"no wake-up is lost, polls of an epoll", test_polled},
    {"all at the same time", test_storm},
    {"killed meanwhile", test_killed},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
