/* SPDX-License-Identifier: MIT
 *
 * Signals under load, and what they may not cost: queues that fill and are given back, storms of
 * signals between processes that fork, stop, continue and end, handlers that use the registers of
 * the program they interrupt. What each call answers is compared with Linux in tests/linux. Numbers
 * of signals are the kernel's here.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "mapping.h"
#include "quire.h"
#include "tap.h"

enum { ILL = 4, USR1 = 10, USR2 = 12, CHLD = 17, CONT = 18, STOP = 19, TSTP = 20, RT = 40 };

#define KEEPS_ON  0x40000000u /* SA_NODEFER */
#define WITH_INFO 4u
#define RESTARTS  0x10000000u

static volatile uint32_t *shared;

static void action(int sig, void *handler, uint32_t flags)
{
    uint32_t act[5] = {(uint32_t)(uintptr_t)handler, flags};

    CHECK_EQ(sys_raw(SYS_rt_sigaction, sig, act, 0, 8), 0);
}

static void block(int how, uint64_t set)
{
    CHECK_EQ(sys_raw(SYS_rt_sigprocmask, how, &set, 0, 8), 0);
}

static int queue(pid_t pid, int sig, uint32_t value)
{
    uint32_t info[32] = {(uint32_t)sig, 0, (uint32_t)-1, (uint32_t)pid, 0, value};

    return (int)sys_raw(178, pid, sig, info); /* rt_sigqueueinfo */
}

static void run(char *const argv[])
{
    sys_raw(SYS_execve, argv[0], argv, NULL);
    _exit(9);
}

static void begin(void)
{
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
}

static uint32_t in_order, next_value;

static void take_value(int sig, const uint32_t *info)
{
    (void)sig;
    in_order += info[5] == next_value++;
}

/* As many as there is room for, and not one is lost or out of order; then again. */
static void test_queue(void)
{
    action(RT, take_value, WITH_INFO);
    for (int round = 0; round < 3; round++) {
        uint32_t n = 0;
        int error;

        in_order = next_value = 0;
        block(0, ~0ull);
        while ((error = queue(getpid(), RT, n)) == 0 && n < 100000)
            n++;
        CHECK_EQ(error, -EAGAIN);
        CHECK(n >= 100);
        CHECK_EQ(queue(getpid(), USR1, 0), 0); /* which needs no room */
        action(USR1, (void *)1, 0);
        block(1, ~0ull);
        CHECK_EQ(in_order, n);
        action(USR1, NULL, 0);
    }
}

/* With a full queue: dies, or runs another program, which has it still. */
static void test_queue_ends(void)
{
    for (int how = 0; how < 3; how++) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            block(0, ~0ull);
            while (queue(getpid(), RT + 1, 0) == 0)
                continue;
            if (how == 0)
                _exit(0);
            if (how == 1)
                kill(getpid(), SIGKILL);
            run((char *[]){"/bin/true", NULL});
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(how == 1 ? tap_killed_by(status, SIGKILL) : tap_exited_with(status, 0));
    }
}

static void test_init(void)
{
    for (int sig = 1; sig <= 64; sig++)
        if (sig != CHLD)
            CHECK_EQ(sys_raw(SYS_kill, 1, sig), 0);
    tap_pause_ms(20);
    CHECK_EQ(sys_raw(SYS_kill, 1, 0), 0);
}

static volatile int taken;

static void take_number(int sig)
{
    taken = sig;
}

static void take_other(int sig)
{
    taken = -sig;
}

/* The handler gets the signal's number, and the program, behind it, what the call answers. */
static void test_no_call(void)
{
    action(ILL, take_number, 0);
    CHECK_EQ(sys_raw(0xf0800), -38); /* ENOSYS, as Linux numbers it */
    CHECK_EQ(taken, ILL);
    action(ILL, NULL, 0);
}

/* Changes that senders do not see: a child's handler is not its parent's, and what waits is
 * forgotten where it is ignored, as before. */
static void test_same_kind(void)
{
    uint32_t old[5] = {0};
    uint64_t waits = 0;
    pid_t child;
    int status;

    action(USR1, take_number, 0);
    child = fork();
    if (child == 0) {
        action(USR1, take_other, 0);
        _exit(sys_raw(SYS_kill, getpid(), USR1) || taken != -USR1);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(tap_exited_with(status, 0));
    CHECK_EQ(sys_raw(SYS_kill, getpid(), USR1), 0);
    CHECK_EQ(taken, USR1);
    CHECK_EQ(sys_raw(SYS_rt_sigaction, USR1, NULL, old, 8), 0);
    CHECK(old[0] == (uint32_t)(uintptr_t)take_number);
    action(USR1, NULL, 0);
    block(0, 1ull << (CHLD - 1));
    CHECK_EQ(sys_raw(SYS_kill, getpid(), CHLD), 0);
    action(CHLD, NULL, 0);
    CHECK_EQ(sys_raw(176, &waits, 8), 0); /* rt_sigpending */
    CHECK(waits == 0);
    block(1, ~0ull);
}

static volatile double in_handler;

static void floating(int sig)
{
    in_handler = in_handler * 0.5 + sig;
}

/* The handler computes in the middle of the program's computing. */
static void test_floats(void)
{
    pid_t child;
    double sum = 0;
    uint32_t rounds = tap_count(200000, 20000000), i;

    action(USR1, floating, RESTARTS);
    child = fork();
    if (child == 0) {
        while (sys_raw(SYS_kill, getppid(), USR1) == 0)
            sys_raw(SYS_sched_yield);
        _exit(0);
    }
    for (i = 0; i < rounds || in_handler == 0; i++)
        sum += (double)i * 0.25;
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK(sum == (double)i * (i - 1) / 2 * 0.25);
}

static void nest(int sig)
{
    char deep[600];

    memset(deep, sig, sizeof(deep));
    if (++shared[0] < 3000)
        sys_raw(SYS_kill, getpid(), sig);
    shared[1] += deep[599] == sig;
}

/* Frame upon frame: the stack grows by itself. */
static void test_deep(void)
{
    action(USR2, nest, KEEPS_ON);
    CHECK_EQ(sys_raw(SYS_kill, getpid(), USR2), 0);
    CHECK_EQ(shared[0], 3000);
    CHECK_EQ(shared[1], 3000);
}

static void count(int sig)
{
    (void)sig;
    shared[2]++;
}

#define MEMBERS 6u

static uint32_t random_of(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Forks, waits, sleeps, touches memory, blocks and unblocks; whatever comes in between. */
static void member(uint32_t seed)
{
    action(USR1, count, RESTARTS);
    action(USR2, count, KEEPS_ON);
    action(RT, count, WITH_INFO);
    __atomic_fetch_add(&shared[3], 1, __ATOMIC_RELAXED);
    for (;;) {
        uint32_t r = random_of(&seed);
        pid_t pid;

        switch (r % 5) {
        case 0:
            pid = fork();
            if (pid == 0)
                _exit((int)(r & 7));
            if (pid > 0)
                waitpid(pid, NULL, 0);
            break;
        case 1: sys_raw(SYS_nanosleep, (uint32_t[]){0, r % 300000}, 0); break;
        case 2: {
            char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

            if (p != MAP_FAILED) {
                p[r % 8192] = 1;
                munmap(p, 8192);
            }
            break;
        }
        case 3:
            block(0, ~0ull);
            block(1, ~0ull);
            break;
        default: getppid();
        }
    }
}

static void test_storm(void)
{
    static const int signals[] = {USR1, USR2, RT, STOP, CONT, USR1, CHLD, CONT};
    pid_t pids[MEMBERS];
    uint32_t seed = 1, rounds = tap_count(3000, 300000);
    int status;

    for (uint32_t i = 0; i < MEMBERS; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0)
            member(i + 7);
    }
    while (shared[3] < MEMBERS)
        tap_pause_ms(1);
    for (uint32_t i = 0; i < rounds; i++) {
        pid_t pid = pids[random_of(&seed) % MEMBERS];
        int sig = signals[random_of(&seed) % TAP_COUNT(signals)];

        if (sig == RT)
            (void)queue(pid, sig, i);
        else
            CHECK_EQ(sys_raw(SYS_kill, pid, sig), 0);
        if (i % 64 == 0)
            (void)!waitpid(-1, &status, WNOHANG | WUNTRACED);
        if (i % 256 == 0)
            tap_pause_ms(1);
    }
    for (uint32_t i = 0; i < MEMBERS; i++) {
        CHECK_EQ(sys_raw(SYS_kill, pids[i], 9), 0);
        CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(tap_killed_by(status, SIGKILL));
    }
    CHECK(shared[2] > 0);
}

/* The audit needs all to stand still, and some do already. */
static void test_stopped(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        for (;;)
            shared[3]++;
    while (!shared[3])
        tap_pause_ms(1);
    CHECK_EQ(sys_raw(SYS_kill, pid, STOP), 0);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    for (int i = 0; i < 5; i++) {
        uint32_t before = shared[3];

        (void)tap_frames();
        tap_pause_ms(10);
        CHECK_EQ(shared[3], before);
    }
    CHECK_EQ(sys_raw(SYS_kill, pid, CONT), 0);
    for (uint32_t before = shared[3]; shared[3] == before;)
        tap_pause_ms(1);
    CHECK_EQ(sys_raw(SYS_kill, pid, 9), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
}

/* SIGCONT takes back the stop, wherever that has got to. */
static void test_stop_go(void)
{
    pid_t pid = fork();
    uint32_t rounds = tap_count(300, 100000);

    if (pid == 0)
        for (;;) {
            shared[3]++;
            getppid();
        }
    while (!shared[3])
        tap_pause_ms(1);
    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t before;

        CHECK_EQ(sys_raw(SYS_kill, pid, i & 1 ? STOP : 20), 0);
        for (uint32_t spin = i % 64 * 8; spin; spin--)
            __asm__ volatile("");
        CHECK_EQ(sys_raw(SYS_kill, pid, CONT), 0);
        before = shared[3];
        for (int ms = 0; shared[3] == before; ms++) {
            CHECK(ms < 10000); /* it stands still for good */
            if (ms < 3)
                sys_raw(SYS_sched_yield);
            else
                tap_pause_ms(1);
        }
    }
    CHECK_EQ(sys_raw(SYS_kill, pid, 9), 0);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

/* Signals to a process that is about to end: what is not taken is given back. */
static void test_ending(void)
{
    for (uint32_t i = 0; i < tap_count(20, 500); i++) {
        pid_t pid = fork();

        if (pid == 0) {
            char *p =
                mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

            action(RT, count, KEEPS_ON);
            block(0, ~0ull);
            for (int page = 0; p != MAP_FAILED && page < 256; page++)
                p[page << 12] = 1;
            _exit(0);
        }
        for (int n = 0; n < 400; n++)
            (void)queue(pid, RT, 1);
        CHECK_EQ(waitpid(pid, NULL, 0), pid);
    }
}

#define FLOOD 20000u /* signals; what they would leave is ten times what is allowed for */
#define GROWN 1000u

static uint32_t objects(void)
{
    return (uint32_t)meminfo_kib("SlabObjects:");
}

/* A signal that waits already, and those that take each other back, keep no memory: not of one who
 * sleeps, nor of one who sends to itself, nor with a child that ends each time. */
static void test_flood(void)
{
    uint32_t before = objects();
    pid_t pid;

    block(0, ~0ull);
    pid = fork();
    if (pid == 0)
        for (;;)
            tap_pause_ms(1000);
    CHECK(pid > 0);
    for (uint32_t i = 0; i < FLOOD; i++) {
        CHECK_EQ(sys_raw(SYS_kill, getpid(), USR1), 0);
        CHECK_EQ(sys_raw(SYS_kill, pid, i % 2 ? TSTP : CONT), 0);
    }
    CHECK(objects() - before < GROWN);
    CHECK_EQ(sys_raw(SYS_kill, pid, 9), 0);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    action(CHLD, (void *)test_flood, 0);
    for (uint32_t i = 0; i < 2 * GROWN; i++) {
        pid = vfork();
        if (pid == 0)
            _exit(0);
        CHECK_EQ(waitpid(pid, NULL, 0), pid);
    }
    CHECK(objects() - before < GROWN);
    action(CHLD, NULL, 0);
    action(USR1, (void *)1, 0);
    block(1, ~0ull);
    action(USR1, NULL, 0);
}

/* exec: what was caught is as by default, what was ignored and blocked stays so. */
static void test_exec(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        uint64_t set = 1ull << (USR2 - 1);

        action(USR1, count, 0);
        block(0, set);
        run((char *[]){"/tests/t_signal", "executed", NULL});
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_killed_by(status, SIGUSR1));
}

static int executed(void)
{
    uint64_t mask = 0;

    if (sys_raw(SYS_rt_sigprocmask, 0, 0, &mask, 8) || mask != 1ull << (USR2 - 1))
        return 3;
    sys_raw(SYS_kill, getpid(), USR2);
    sys_raw(SYS_kill, getpid(), USR1);
    return 4;
}

static void test_with_memory(void (*test)(void))
{
    begin();
    test();
}

#define WITH_MEMORY(test)                                                                          \
    static void test##_run(void)                                                                   \
    {                                                                                              \
        test_with_memory(test);                                                                    \
    }
WITH_MEMORY(test_deep)
WITH_MEMORY(test_storm)
WITH_MEMORY(test_stopped)
WITH_MEMORY(test_exec)
WITH_MEMORY(test_stop_go)

static jmp_buf before_wait;

static void jumps(int sig)
{
    (void)sig;
    longjmp(before_wait, 1);
}

/* A signal whose handler leaves the call, and the end of the child that sent it, come at the same
 * time: the child can be waited for all the same. So does bash, with a trap. */
static void test_wait_left(void)
{
    action(USR1, jumps, KEEPS_ON);
    for (volatile uint32_t i = tap_count(200, 20000); i > 0; i--) {
        volatile pid_t parent = getpid(), pid;
        int status = 0;

        block(0, 1u << (USR1 - 1));
        pid = fork();
        if (pid == 0) {
            sys_raw(SYS_kill, parent, USR1);
            _exit(5);
        }
        while (setjmp(before_wait))
            continue;
        block(1, 1u << (USR1 - 1));
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_exited_with(status, 5));
    }
}

int main(int argc, char **argv)
{
    static const struct tap_test tests[] = {
        {"a full queue", test_queue},
        {"a process ends with a full queue", test_queue_ends},
        {"a flood", test_flood},
        {"nothing kills init", test_init},
        {"a call that can't be", test_no_call},
        {"handlers of the same kind", test_same_kind},
        {"floating-point registers over a handler", test_floats},
        {"handlers in handlers", test_deep_run},
        {"a storm", test_storm_run},
        {"audits while a process stands still", test_stopped_run},
        {"exec", test_exec_run},
        {"stops taken back", test_stop_go_run},
        {"signals to who ends", test_ending},
        {"a wait that is left", test_wait_left},
    };

    (void)argv;
    return argc > 1 ? executed() : tap_main(tests, TAP_COUNT(tests));
}
