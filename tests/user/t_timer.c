/* SPDX-License-Identifier: MIT
 *
 * Timers under load, and what they may not cost: many on all CPUs, processes that end while theirs
 * ring, intervals of a nanosecond, limits that are given back, exec, random calls; and CPU time,
 * which never goes back. What each call answers is compared with Linux in tests/linux. Numbers of
 * signals, clocks and calls are the kernel's here.
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
#include "tap.h"

enum { ALRM = 14, RT = 40 };
enum { WALL, MONOTONIC, PROCESS_CPU, THREAD_CPU };
enum { REAL, VIRTUAL, PROF };
enum {
    PAUSE = 29,
    GETRUSAGE = 77,
    SETITIMER = 104,
    GETITIMER = 105,
    CREATE = 257,
    SETTIME = 258,
    GETTIME = 259,
    OVERRUN = 260,
    DELETE = 261,
    CLOCK_GETTIME = 263,
};

#define IGNORED      ((void *)1)
#define WITH_INFO    4u
#define PROCESSES    8
#define RUSAGE_WORDS 18

struct spec {
    int32_t interval, interval_ns, value, value_ns;
};

static volatile uint32_t *shared;

static void share(void)
{
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
}

static void action(int sig, void *handler)
{
    uint32_t act[5] = {(uint32_t)(uintptr_t)handler, WITH_INFO};

    CHECK_EQ(sys_raw(SYS_rt_sigaction, sig, act, 0, 8), 0);
}

static void block(int how, int sig)
{
    uint64_t set = 1ull << (sig - 1);

    CHECK_EQ(sys_raw(SYS_rt_sigprocmask, how, &set, 0, 8), 0);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* The number of a new timer, or -Exxx. */
static int create(int clock, int sig)
{
    int32_t event[16] = {0, sig};
    int id = -1, error = (int)sys_raw(CREATE, clock, event, &id);

    return error ? error : id;
}

static int set(int id, uint32_t ns, uint32_t interval_ns)
{
    struct spec s = {0, (int32_t)interval_ns, 0, (int32_t)ns};

    return (int)sys_raw(SETTIME, id, 0, &s, 0);
}

static uint64_t clock_ns(int clock)
{
    int32_t t[2] = {0, 0};

    CHECK_EQ(sys_raw(CLOCK_GETTIME, clock, t), 0);
    return (uint64_t)t[0] * 1000000000u + (uint32_t)t[1];
}

static void itimer(int which, int32_t sec, int32_t usec)
{
    int32_t value[4] = {sec, usec, sec, usec};

    CHECK_EQ(sys_raw(SETITIMER, which, value, 0), 0);
}

static volatile uint32_t rings, overruns;

static void count(int sig, const uint32_t *info)
{
    (void)sig;
    rings++;
    overruns += info[4];
}

/* As many as there is room for, deleted and made again; the rest goes with the process. */
static void test_limit(void)
{
    int first = create(MONOTONIC, RT), id = first, n = 0;

    CHECK(first >= 0);
    for (int round = 0; round < 3; round++) {
        for (n = 0; (id = create(MONOTONIC, RT)) >= 0; n++)
            CHECK_EQ(set(id, 999999999, 0), 0);
        CHECK_EQ(id, -EAGAIN);
        CHECK(n >= 32);
        if (round == 2)
            break;
        for (id = first; n; id++)
            n -= sys_raw(DELETE, id) == 0;
        first = create(MONOTONIC, RT);
        CHECK(first >= 0);
    }
}

static void ring_for(int ms, uint32_t timers, uint32_t interval_ns)
{
    uint64_t end = clock_ns(MONOTONIC) + (uint64_t)ms * 1000000;

    action(RT, count);
    for (uint32_t i = 0; i < timers; i++)
        CHECK_EQ(set(create((int)(i % 4), RT), 100000, interval_ns), 0);
    while (clock_ns(MONOTONIC) < end || rings < 100)
        continue;
}

/* Eight processes with many timers each on all CPUs; half of them are killed, half exit. Who has
 * none goes on beside them. */
static void test_load(void)
{
    pid_t pids[PROCESSES];
    int status;

    share();
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            ring_for(300, tap_at_once(200, 10), 1000000);
            shared[i] = rings;
            while (i % 2)
                sys_raw(PAUSE);
            _exit(0);
        }
    }
    tap_pause_ms(100);
    for (int i = 0; i < PROCESSES; i++) {
        while (i % 2 && !shared[i])
            tap_pause_ms(5);
        if (i % 2)
            kill(pids[i], SIGKILL);
        CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(i % 2 ? tap_killed_by(status, SIGKILL) : tap_exited_with(status, 0));
        CHECK(shared[i] >= 100);
    }
}

/* Ends in the midst of rings: by itself, by the signal, by exec. */
static void test_ending(void)
{
    uint32_t step = tap_count(4, 1); /* a slow machine takes most of a second for each */

    for (uint32_t i = 0; i < step * tap_count(15, 3000); i += step) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            if (i % 3 != 1)
                action(RT, count);
            else
                block(0, RT);
            for (uint32_t n = 0; n < tap_at_once(20, 3); n++)
                set(create(n % 2 ? MONOTONIC : PROCESS_CPU, RT), 1 + i * 500, 1);
            itimer(REAL, 0, 900000); /* which a slow machine lives to see */
            if (i % 3 == 1)
                block(1, RT); /* and dies of it */
            for (uint32_t spin = 0; spin < i * 100; spin++)
                (void)*(volatile uint32_t *)&rings;
            if (i % 3 == 2)
                sys_raw(SYS_execve, "/bin/true", (char *[]){"true", NULL}, NULL);
            _exit(0);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_exited_with(status, 0) || tap_killed_by(status, ALRM) ||
              (i % 3 == 1 && tap_killed_by(status, RT)));
    }
}

/* Interrupts of the clock since boot. */
static uint32_t clock_interrupts(void)
{
    char text[2048], *line;
    int fd = open("/proc/interrupts", O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    uint32_t sum = 0;

    close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    line = strstr(text, "timer");
    while (line && line > text && line[-1] != '\n')
        line--;
    line = line ? strchr(line, ':') : NULL;
    while (line && *line != '\n') {
        char *end;
        uint32_t one = (uint32_t)strtoul(line + 1, &end, 10);

        if (end == line + 1)
            break;
        sum += one;
        line = end;
    }
    return sum;
}

/* A hundred timers of a nanosecond whose signal is blocked, ignored, or stands: no interrupts. */
static void test_tiny(void)
{
    uint32_t before;
    int first;

    if (!clock_interrupts())
        tap_skip("/proc/interrupts has no timer");
    block(0, RT);
    first = create(MONOTONIC, RT);
    CHECK_EQ(set(first, 1, 1), 0);
    for (uint32_t i = 1; i < tap_at_once(100, 20); i++)
        CHECK_EQ(set(create(MONOTONIC, RT), 1, 1), 0);
    action(ALRM, IGNORED);
    itimer(REAL, 0, 1);
    for (int ignored = 0; ignored < 2; ignored++) {
        tap_pause_ms(5);
        before = clock_interrupts();
        tap_pause_ms(100);
        CHECK(clock_interrupts() - before < 2000);
        action(RT, IGNORED);
        block(1, RT);
    }
    action(RT, count);
    for (int i = 0; i < 2000 && rings < 100; i++)
        tap_pause_ms(2);
    CHECK(rings >= 100);
    CHECK(sys_raw(OVERRUN, first) >= 0);
}

/* One that has them handles all it can; another process on its CPU has its share. */
static void test_share(void)
{
    uint32_t cpu = 1;
    uint64_t ns;
    pid_t pid;

    CHECK_EQ(sys_raw(SYS_sched_setaffinity, 0, 4, &cpu), 0);
    pid = fork();
    if (pid == 0) {
        action(RT, count);
        for (int i = 0; i < 50; i++)
            set(create(MONOTONIC, RT), 1, 1);
        for (;;)
            continue;
    }
    tap_pause_ms(20);
    ns = clock_ns(MONOTONIC);
    for (uint64_t until = clock_ns(PROCESS_CPU) + 50000000; clock_ns(PROCESS_CPU) < until;)
        continue;
    ns = clock_ns(MONOTONIC) - ns;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK(tap_in_time((long)(ns / 1000000), 2000));
}

static int executed_with_alarm(void *arg)
{
    (void)arg;
    set(create(MONOTONIC, SIGKILL), 20000000, 0);
    itimer(REAL, 0, 60000);
    sys_raw(SYS_execve, "/bin/sleep", (char *[]){"sleep", "5", NULL}, NULL);
    return 1;
}

/* setitimer's timer outlives exec, timer_create's don't. */
static void test_exec(void)
{
    CHECK(tap_killed_by(tap_child(executed_with_alarm, NULL), ALRM));
}

/* What a random process does with its timers. */
static void storm(uint32_t seed, uint32_t steps)
{
    int ids[16];

    action(RT, count);
    action(ALRM, count);
    action(26, count);
    action(27, count);
    for (int i = 0; i < 16; i++)
        ids[i] = create(i % 4, RT);
    for (uint32_t i = 0; i < steps; i++) {
        uint32_t r = next_random(&seed), *id = (uint32_t *)&ids[r % 16];
        struct spec s;
        pid_t pid;

        switch (r / 16 % 9) {
        case 0:
        case 1: set((int)*id, r / 256 % 200000, r / 512 % 2 ? r / 1024 % 100000 : 0); break;
        case 2:
            sys_raw(DELETE, *id);
            *id = (uint32_t)create((int)(r / 256 % 4), RT);
            break;
        case 3: sys_raw(GETTIME, *id, &s); break;
        case 4: action(RT, r / 256 % 2 ? IGNORED : (void *)count); break;
        case 5: block((int)(r / 256 % 2), RT); break;
        case 6: itimer((int)(r / 256 % 3), 0, (int32_t)(r / 1024 % 3000)); break;
        case 7: sys_raw(OVERRUN, *id); break;
        default:
            if (r / 256 % 8)
                break;
            pid = fork();
            if (pid == 0) {
                set(create(MONOTONIC, SIGKILL), r % 100000, 0);
                if (r / 4096 % 2)
                    sys_raw(PAUSE);
                _exit(0);
            }
            while (waitpid(pid, NULL, 0) < 0)
                continue;
        }
    }
    _exit(0);
}

static void test_storm(void)
{
    pid_t pids[4];
    int status;

    for (uint32_t i = 0; i < 4; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            storm(i + 1, tap_count(1500, 100000));
    }
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(tap_exited_with(status, 0));
    }
}

/* A child's CPU time, read while it runs on other CPUs: it grows, and is never less than before,
 * nor is any part of one's own. */
static void test_cpu_time(void)
{
    int32_t u[RUSAGE_WORDS], was[4] = {0, 0, 0, 0};
    uint64_t before = 0, now, first;
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            sys_raw(SYS_getpid);
    tap_pause_ms(30);
    first = clock_ns((int)(~(uint32_t)pid << 3 | 2));
    CHECK(first > 0);
    for (int i = 0; i < 3000; i++) {
        if (i % 1000 == 999)
            tap_pause_ms(15); /* on one CPU it would not run else */
        now = clock_ns((int)(~(uint32_t)pid << 3 | 2));
        CHECK(now >= before);
        before = now;
        CHECK_EQ(sys_raw(GETRUSAGE, 0, u), 0);
        for (int part = 0; part < 4; part += 2) {
            CHECK(u[part] > was[part] || (u[part] == was[part] && u[part + 1] >= was[part + 1]));
            was[part] = u[part];
            was[part + 1] = u[part + 1];
        }
    }
    CHECK(before > first);
    kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(sys_raw(GETRUSAGE, -1, u), 0);
    CHECK((uint64_t)(u[0] + u[2]) * 1000000 + (uint64_t)(u[1] + u[3]) + 1 >= before / 1000);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"as many as there may be", test_limit},
        {"many on all CPUs", test_load},
        {"processes that end while theirs ring", test_ending},
        {"the smallest interval", test_tiny},
        {"a process beside one that handles all it can", test_share},
        {"exec", test_exec},
        {"a storm", test_storm},
        {"CPU time", test_cpu_time},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
