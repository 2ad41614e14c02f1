/* SPDX-License-Identifier: MIT
 *
 * The small system calls: uname, clocks, sleeping, random numbers, thread register, cache flush,
 * terminal settings, numbers that are no system call.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>

#include "tap.h"

static int64_t now_us(void)
{
    struct timespec now;

    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    CHECK(now.tv_nsec >= 0 && now.tv_nsec < 1000000000);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void test_uname(void)
{
    struct utsname name;

    CHECK_EQ(uname(&name), 0);
    CHECK(name.sysname[0] && name.release[0]);
    CHECK(strncmp(name.machine, "armv7", 5) == 0);
}

static void test_clock(void)
{
    int64_t last = now_us();

    for (int i = 0; i < 1000; i++) {
        int64_t now = now_us();
        CHECK(now >= last);
        last = now;
    }
    CHECK_EQ(sys_raw(SYS_clock_gettime, 999, &last), -EINVAL);
}

static void test_sleep(void)
{
    int64_t begin = now_us();

    tap_pause_ms(30);
    CHECK(now_us() - begin >= 30000);
    CHECK(now_us() - begin < 3000000);
}

static void test_sleep_errors(void)
{
    struct {
        int32_t sec, nsec;
    } time = {0, 1000000000};

    CHECK_EQ(sys_raw(SYS_nanosleep, &time, 0), -EINVAL);
    time.nsec = -1;
    CHECK_EQ(sys_raw(SYS_nanosleep, &time, 0), -EINVAL);
    time.nsec = 0;
    time.sec = -1;
    CHECK_EQ(sys_raw(SYS_nanosleep, &time, 0), -EINVAL);
    time.sec = 0;
    CHECK_EQ(sys_raw(SYS_nanosleep, &time, 0), 0);
}

static void test_yield(void)
{
    for (int i = 0; i < 100; i++)
        CHECK_EQ(sys_raw(SYS_sched_yield), 0);
    CHECK_EQ(sys_raw(SYS_gettid), getpid());
}

static void test_random(void)
{
    uint8_t a[32] = {0}, b[32] = {0};
    long got = sys_raw(SYS_getrandom, a, sizeof a, GRND_NONBLOCK);

    if (got == -LINUX_ENOSYS || got == -EAGAIN)
        tap_skip("no random numbers on this machine");
    CHECK_EQ(got, sizeof a);
    CHECK_EQ(getrandom(b, sizeof b, 0), sizeof b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK_EQ(sys_raw(SYS_getrandom, a, 0, 0), 0);
}

static void *thread_register(void)
{
    void *value;

    __asm__ volatile("mrc p15, 0, %0, c13, c0, 3" : "=r"(value));
    return value;
}

static void test_tls(void)
{
    char block[8];

    CHECK_EQ(sys_raw(SYS_arm_set_tls, block), 0);
    CHECK(thread_register() == block);
    tap_pause_ms(5);
    CHECK(thread_register() == block);
}

/* Code that is written, flushed, and then made executable, twice at one place. */
static void test_cacheflush(void)
{
    uint16_t *code = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int (*run)(void) = (int (*)(void))((uintptr_t)code | 1);

    CHECK(code != MAP_FAILED);
    for (int i = 1; i <= 2; i++) {
        CHECK_EQ(mprotect(code, 4096, PROT_READ | PROT_WRITE), 0);
        code[0] = (uint16_t)(0x2000 | i); /* movs r0, #i */
        code[1] = 0x4770;                 /* bx lr */
        CHECK_EQ(sys_raw(SYS_arm_cacheflush, code, code + 2, 0), 0);
        CHECK_EQ(mprotect(code, 4096, PROT_READ | PROT_EXEC), 0);
        CHECK_EQ(run(), i);
    }
}

static void test_no_such_call(void)
{
    static const long numbers[] = {600, 5000, 0x8000, 0xeffff, 0xf0100};

    for (size_t i = 0; i < TAP_COUNT(numbers); i++)
        CHECK_EQ(sys_raw(numbers[i], 1, 2, 3, 4, 5, 6), -LINUX_ENOSYS);
}

static void test_terminal(void)
{
    struct termios settings, changed;
    int fd = open("/dev/console", O_RDWR);

    if (fd < 0 || tcgetattr(fd, &settings) < 0)
        tap_skip("no console");
    changed = settings;
    changed.c_lflag &= ~(tcflag_t)ECHO;
    CHECK_EQ(tcsetattr(fd, TCSADRAIN, &changed), 0);
    CHECK_EQ(tcgetattr(fd, &changed), 0);
    CHECK_EQ(tcsetattr(fd, TCSADRAIN, &settings), 0);
    CHECK_EQ(changed.c_lflag & ECHO, 0);
    CHECK_EQ(sys_raw(SYS_ioctl, fd, 0x1234, 0), -ENOTTY);
    CHECK_EQ(sys_raw(SYS_ioctl, open("/etc/motd", O_RDONLY), 0x5401, &settings), -ENOTTY);
}

/* Registers other than r0 come back unchanged; so do the floating-point ones over a sleep. */
static void test_registers(void)
{
    register uint32_t r4 __asm__("r4") = 0x44444444;
    register uint32_t r5 __asm__("r5") = 0x55555555;
    register uint32_t r6 __asm__("r6") = 0x66666666;
    volatile double keep = 1.25;
    double value = keep * 3;

    for (int i = 0; i < 100; i++) {
        __asm__ volatile("" : "+r"(r4), "+r"(r5), "+r"(r6));
        sys_raw(SYS_sched_yield);
    }
    tap_pause_ms(5);
    CHECK(r4 == 0x44444444 && r5 == 0x55555555 && r6 == 0x66666666);
    CHECK(value == 3.75);
}

#define SYS_SETPRIORITY       97
#define SYS_SCHED_SETAFFINITY 241

struct racer {
    volatile uint32_t *steps;
    int64_t until_us;
    int nice;
};

static int race(void *arg)
{
    struct racer *r = arg;
    uint32_t first = 1;

    CHECK_EQ(sys_raw(SYS_SCHED_SETAFFINITY, 0, sizeof(first), &first), 0);
    CHECK_EQ(sys_raw(SYS_SETPRIORITY, 0, 0, r->nice), 0);
    while (now_us() < r->until_us)
        ++*r->steps;
    return 0;
}

static bool shares(volatile uint32_t *steps)
{
    int64_t until_us = now_us() + 1000000;
    struct racer racers[] = {{steps, until_us, 0}, {steps + 1, until_us, 10}};
    int pid, status;

    steps[0] = steps[1] = 0;
    pid = fork();
    if (pid == 0)
        _exit(race(&racers[0]));
    CHECK(tap_exited_with(tap_child(race, &racers[1]), 0));
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    return steps[1] > 0 && steps[0] > 3 * steps[1];
}

/* Two that compute on one CPU share it by their nice values: here nine to one. A busy host stops
 * the machine for longer than a slice, now and then. */
static void test_nice(void)
{
    volatile uint32_t *steps =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int tries = 4;

    CHECK(steps != MAP_FAILED);
    while (!shares(steps))
        CHECK(--tries > 0);
}

/* Masks of any length; who is meant comes before what. */
static void test_affinity(void)
{
    uint32_t before, none = 0;
    uint8_t one = 1;

    CHECK_EQ(sys_raw(SYS_sched_getaffinity, 0, 4, &before), 4);
    CHECK_EQ(sys_raw(SYS_sched_setaffinity, 0, 1, &one), 0);
    CHECK_EQ(sys_raw(SYS_sched_setaffinity, 0, 0, &one), -EINVAL);
    CHECK_EQ(sys_raw(SYS_sched_setaffinity, -1, 4, &none), -ESRCH);
    CHECK_EQ(sys_raw(SYS_sched_setaffinity, 32767, 4, &none), -ESRCH);
    CHECK_EQ(sys_raw(SYS_sched_getaffinity, -1, 4, &none), -ESRCH);
    CHECK_EQ(sys_raw(SYS_sched_getaffinity, -1, 2, &none), -EINVAL);
    CHECK_EQ(sys_raw(SYS_sched_setaffinity, 0, 4, &before), 0);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"uname", test_uname},
        {"clock_gettime", test_clock},
        {"nanosleep", test_sleep},
        {"nanosleep's errors", test_sleep_errors},
        {"sched_yield and gettid", test_yield},
        {"getrandom", test_random},
        {"set_tls", test_tls},
        {"cacheflush", test_cacheflush},
        {"numbers that are no system call", test_no_such_call},
        {"terminal settings", test_terminal},
        {"registers", test_registers},
        {"nice", test_nice},
        {"affinity", test_affinity},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
