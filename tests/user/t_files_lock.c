/* SPDX-License-Identifier: MIT
 *
 * Record locks between processes and flock: who gets what, ranges that are cut and join, deadlock,
 * what closing and dying gives back.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "raw_thread.h"

#define GETLK  12
#define SETLK  13
#define SETLKW 14
#define RD     0
#define WR     1
#define UN     2
#define PAGE   4096
#define TGKILL 268

struct lock {
    int16_t type, whence;
    int32_t pad;
    int64_t start, len;
    int32_t pid, pad2;
};

static long lock(long fd, int command, int type, int64_t start, int64_t len)
{
    struct lock l = {.type = (int16_t)type, .start = start, .len = len};

    return sys_raw(SYS_fcntl64, fd, command, &l);
}

/* What another process sees in the way of a lock: its type, and the range if asked for. */
struct seen {
    int type, pid;
    int64_t start, len;
};

static struct seen ask(long fd, int type, int64_t start, int64_t len)
{
    struct lock l = {.type = (int16_t)type, .start = start, .len = len};

    CHECK_EQ(sys_raw(SYS_fcntl64, fd, GETLK, &l), 0);
    return (struct seen){l.type, l.pid, l.start, l.len};
}

/* In a child: 0 if all it tries is as it should be, else the line. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__ & 127;                                                                 \
    } while (0)

static int child_sees(void *arg)
{
    long fd = *(long *)arg;
    struct seen s = ask(fd, WR, 0, 0);

    EXPECT(s.type == WR && s.start == 10 && s.len == 20 && s.pid == getppid());
    EXPECT(ask(fd, RD, 30, 0).type == UN);
    EXPECT(lock(fd, SETLK, RD, 0, 11) == -EAGAIN);
    EXPECT(lock(fd, SETLK, WR, 29, 1) == -EAGAIN);
    EXPECT(lock(fd, SETLK, WR, 0, 10) == 0);
    EXPECT(lock(fd, SETLK, WR, 30, 0) == 0);
    return 0;
}

static void test_ranges(void)
{
    files_begin("locks");
    long fd = files_open("f", CREATE, 0600);
    CHECK_EQ(lock(fd, SETLK, WR, 10, 20), 0);
    CHECK_EQ(ask(fd, WR, 0, 0).type, UN); /* one's own are in nobody's way */
    CHECK(tap_exited_with(tap_child(child_sees, &fd), 0));
    CHECK_EQ(lock(fd, SETLK, 3, 0, 0), -EINVAL);
    CHECK_EQ(lock(fd, SETLK, WR, -1, 5), -EINVAL);
    CHECK_EQ(lock(fd, SETLK, WR, 5, -10), -EINVAL);
    CHECK_EQ(lock(99, SETLK, WR, 0, 0), -EBADF);
    CHECK_EQ(lock(files_open("f", O_RDONLY, 0), SETLK, WR, 0, 0), -EBADF);
    CHECK_EQ(sys_raw(SYS_fcntl64, fd, SETLK, 16), -EFAULT);
    CHECK_EQ(files_unlink("f"), 0);
    files_end("locks");
}

static int child_cuts(void *arg)
{
    long fd = *(long *)arg;
    struct seen s = ask(fd, WR, 0, 0);

    EXPECT(s.start == 0 && s.len == 40);
    s = ask(fd, WR, 40, 0);
    EXPECT(s.type == RD && s.start == 40 && s.len == 20);
    s = ask(fd, WR, 60, 0);
    EXPECT(s.type == WR && s.start == 60 && s.len == 40);
    EXPECT(ask(fd, RD, 40, 20).type == UN);
    EXPECT(lock(fd, SETLK, RD, 45, 5) == 0);
    return 0;
}

static int child_joined(void *arg)
{
    struct seen s = ask(*(long *)arg, RD, 0, 0);

    EXPECT(s.start == 0 && s.len == 100);
    return 0;
}

static void test_cut_and_join(void)
{
    files_begin("join");
    long fd = files_open("f", CREATE, 0600);
    CHECK_EQ(lock(fd, SETLK, WR, 0, 100), 0);
    CHECK_EQ(lock(fd, SETLK, RD, 40, 20), 0);
    CHECK(tap_exited_with(tap_child(child_cuts, &fd), 0));
    CHECK_EQ(lock(fd, SETLK, UN, 45, 1), 0);
    CHECK_EQ(lock(fd, SETLK, WR, 40, 20), 0);
    CHECK(tap_exited_with(tap_child(child_joined, &fd), 0));
    long again = sys_raw(SYS_dup, fd);
    CHECK_EQ(sys_raw(SYS_close, again), 0); /* any descriptor of the file: all locks go */
    CHECK_EQ(files_unlink("f"), 0);
    files_end("join");
}

static int child_is_free(void *arg)
{
    return ask(*(long *)arg, WR, 0, 0).type != UN;
}

static int child_takes(void *arg)
{
    return lock(*(long *)arg, SETLK, WR, 0, 0) != 0; /* and dies with it */
}

static void test_given_back(void)
{
    files_begin("back");
    long fd = files_open("f", CREATE, 0600), second = files_open("f", O_RDWR, 0);
    CHECK(tap_exited_with(tap_child(child_takes, &fd), 0));
    CHECK(tap_exited_with(tap_child(child_is_free, &fd), 0));
    CHECK_EQ(lock(fd, SETLK, WR, 0, 0), 0);
    CHECK(tap_exited_with(tap_child(child_is_free, &fd), 1));
    CHECK_EQ(sys_raw(SYS_close, second), 0);
    CHECK(tap_exited_with(tap_child(child_is_free, &fd), 0));
    CHECK_EQ(files_unlink("f"), 0);
    files_end("back");
}

/* A child waits for the lock, and gets it when it is free. */
static void test_wait(void)
{
    int status;

    files_begin("wait");
    long fd = files_open("f", CREATE, 0600);
    CHECK_EQ(lock(fd, SETLK, WR, 5, 1), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(lock(fd, SETLKW, WR, 0, 10) != 0);
    tap_pause_ms(50);
    CHECK_EQ(waitpid(pid, &status, 1), 0);
    CHECK_EQ(lock(fd, SETLK, UN, 0, 0), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 0));
    CHECK_EQ(lock(fd, SETLK, WR, 5, 1), 0);
    pid = fork();
    if (pid == 0)
        _exit(lock(fd, SETLKW, WR, 0, 10) != 0);
    tap_pause_ms(20);
    kill(pid, 9); /* who waits can be killed */
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(files_unlink("f"), 0);
    files_end("wait");
}

/* Three in a circle: the one who would close it is refused. */
static void test_deadlock(void)
{
    int status, refused = 0, good = 0;

    files_begin("deadlock");
    long fd = files_open("f", CREATE, 0600);
    fflush(stdout);
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            if (lock(fd, SETLK, WR, i, 1))
                _exit(3);
            tap_pause_ms(100 + 50 * i); /* until all have theirs */
            long result = lock(fd, SETLKW, WR, (i + 1) % 3, 1);
            _exit(result == -LINUX_EDEADLK ? 1 : result ? 2 : 0);
        }
    }
    while (wait(&status) > 0) {
        refused += tap_exited_with(status, 1);
        good += tap_exited_with(status, 0);
    }
    CHECK_EQ(refused, 1);
    CHECK_EQ(good, 2);
    CHECK_EQ(files_unlink("f"), 0);
    files_end("deadlock");
}

static void test_limit(void)
{
    long error = 0, n;

    files_begin("limit");
    long fd = files_open("f", CREATE, 0600);
    for (n = 0; n < 100000 && !error; n++)
        error = lock(fd, SETLK, WR, 2 * n, 1);
    CHECK_EQ(error, -37); /* ENOLCK */
    CHECK(n > 500);
    CHECK_EQ(files_unlink("f"), 0);
    files_end("limit");
}

static int child_flock(void *arg)
{
    long fd = files_open("f", O_RDWR, 0);

    (void)arg;
    EXPECT(sys_raw(SYS_flock, fd, 2 | 4) == -EAGAIN);
    EXPECT(sys_raw(SYS_flock, fd, 1 | 4) == -EAGAIN);
    EXPECT(lock(fd, SETLK, WR, 0, 0) == 0); /* the other kind */
    return 0;
}

static int child_unlocks(void *arg)
{
    EXPECT(sys_raw(SYS_flock, *(long *)arg, 8) == 0); /* the same open file */
    return 0;
}

static void test_flock(void)
{
    files_begin("flock");
    long fd = files_open("f", CREATE, 0600), other = files_open("f", O_RDONLY, 0);
    CHECK_EQ(sys_raw(SYS_flock, fd, 2), 0);
    CHECK_EQ(sys_raw(SYS_flock, other, 1 | 4), -EAGAIN);
    CHECK(tap_exited_with(tap_child(child_flock, NULL), 0));
    CHECK(tap_exited_with(tap_child(child_unlocks, &fd), 0));
    CHECK_EQ(sys_raw(SYS_flock, other, 1 | 4), 0);
    CHECK_EQ(sys_raw(SYS_flock, fd, 1 | 4), 0);
    CHECK_EQ(sys_raw(SYS_flock, fd, 2 | 4), -EAGAIN);
    CHECK_EQ(sys_raw(SYS_close, other), 0);
    CHECK_EQ(sys_raw(SYS_flock, fd, 2 | 4), 0);
    CHECK_EQ(sys_raw(SYS_flock, fd, 3), -EINVAL);
    CHECK_EQ(sys_raw(SYS_flock, 99, 1), -EBADF);
    CHECK_EQ(files_unlink("f"), 0);
    files_end("flock");
}

static volatile uint32_t *step; /* shared; a word for each who says that it is so far */
static long circle_fd;

static void wait_for_step(unsigned i)
{
    while (!step[i])
        tap_pause_ms(1);
}

static void waits_for_byte(void *arg)
{
    lock(circle_fd, SETLKW, WR, (int64_t)(uintptr_t)arg, 1);
}

static void interrupted(int sig)
{
    (void)sig;
}

/* Has byte 2 and waits for 0 and, in a second thread, for 1, until a signal comes. */
static void waits_twice(void)
{
    static char stacks[2][4096] __attribute__((aligned(8)));
    static volatile uint32_t tids[2];
    uint32_t act[5] = {(uint32_t)(uintptr_t)interrupted, 0};
    long second;

    sys_raw(SYS_rt_sigaction, SIGUSR1, act, 0, 8);
    if (lock(circle_fd, SETLK, WR, 2, 1))
        _exit(1);
    wait_for_step(0);
    wait_for_step(1);
    raw_thread(RAW_THREAD_FLAGS, stacks[1], &tids[0], waits_for_byte, (void *)0);
    tap_pause_ms(30);
    second = raw_thread(RAW_THREAD_FLAGS, stacks[1] + 4096, &tids[1], waits_for_byte, (void *)1);
    tap_pause_ms(30);
    step[2] = 1;
    wait_for_step(3);
    tap_pause_ms(60);
    sys_raw(TGKILL, getpid(), second, SIGUSR1);
    tap_pause_ms(30);
    step[4] = 1;
    for (;;)
        tap_pause_ms(1000);
}

/* Has a byte, and perhaps waits for 2 afterwards, unseen by the first look for a circle. */
static void has_byte(unsigned i, bool waits)
{
    if (lock(circle_fd, SETLK, WR, i, 1))
        _exit(1);
    step[i] = 1;
    if (waits) {
        wait_for_step(2);
        step[3] = 1;
        waits_for_byte((void *)2);
    }
    for (;;)
        tap_pause_ms(1000);
}

/* Who waits for one of those who wait for each other looks for a circle with itself in it. */
static void test_circle(void)
{
    pid_t pid[4];
    int status;

    step = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    files_begin("circle");
    circle_fd = files_open("f", CREATE, 0600);
    for (unsigned i = 0; i < 4; i++) {
        if (i == 3)
            wait_for_step(4);
        pid[i] = fork();
        if (pid[i] == 0 && i < 2)
            has_byte(i, i == 0);
        if (pid[i] == 0 && i == 2)
            waits_twice();
        if (pid[i] == 0)
            waits_for_byte((void *)2);
    }
    tap_pause_ms(100);
    for (unsigned i = 4; i-- > 0;) {
        CHECK_EQ(kill(pid[i], SIGKILL), 0);
        CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
        CHECK(tap_killed_by(status, SIGKILL));
    }
    CHECK_EQ(files_unlink("f"), 0);
    files_end("circle");
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"ranges and errors", test_ranges},
        {"ranges are cut and join", test_cut_and_join},
        {"closing and dying give back", test_given_back},
        {"waiting", test_wait},
        {"deadlock", test_deadlock},
        {"a circle of others", test_circle},
        {"a limit", test_limit},
        {"flock", test_flock},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
