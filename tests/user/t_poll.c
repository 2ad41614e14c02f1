/* SPDX-License-Identifier: MIT
 *
 * Waiting for one of several files: poll, ppoll, select and pselect6 on pipes, FIFOs, event
 * counters, socket pairs, the terminal and plain files; time-outs; wake-ups that must not be lost,
 * with processes on all CPUs; eventfd itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"
#include "tap.h"

#define KERNEL  0x50000000u
#define NOWHERE 0x3000u
#define FD_MOST 1024 /* RLIMIT_NOFILE */

#define EFD_SEMAPHORE 1

enum {
    IN = 1,
    PRI = 2,
    OUT = 4,
    ERR = 8,
    HUP = 16,
    NVAL = 32,
    RDHUP = 0x2000,
    ALL = IN | PRI | OUT | RDHUP,
};

struct poll {
    int fd;
    uint16_t events, revents;
};

struct times {
    int32_t sec, nsec;
};

static char block[65536];

static void make_pipe(int fd[2], int flags)
{
    CHECK_EQ(sys_raw(SYS_pipe2, fd, flags), 0);
}

/* What poll says of one descriptor at once. */
static int now(int fd)
{
    struct poll p = {fd, ALL, 0xffff};
    long n = sys_raw(SYS_poll, &p, 1, 0);

    CHECK_EQ(n, p.revents != 0);
    return p.revents;
}

static void test_pipe_events(void)
{
    int fd[2];

    make_pipe(fd, LINUX_O_NONBLOCK);
    CHECK_EQ(now(fd[0]), 0);
    CHECK_EQ(now(fd[1]), OUT);
    CHECK_EQ(write(fd[1], "x", 1), 1);
    CHECK_EQ(now(fd[0]), IN);
    CHECK_EQ(write(fd[1], block, 65536 - 4096), 65536 - 4096);
    CHECK_EQ(now(fd[1]), 0); /* 4,095 bytes are free */
    CHECK_EQ(read(fd[0], block, 4096), 4096);
    CHECK_EQ(now(fd[1]), OUT);
    close(fd[1]);
    CHECK_EQ(now(fd[0]), IN | HUP);
    CHECK_EQ(read(fd[0], block, sizeof block), 65536 - 4096 + 1 - 4096);
    CHECK_EQ(now(fd[0]), HUP);
    make_pipe(fd, 0);
    close(fd[0]);
    CHECK_EQ(now(fd[1]), OUT | ERR);
}

static void test_fifo_events(void)
{
    static const char name[] = "/dev/shm/t_poll.fifo";
    int in, out;

    sys_raw(SYS_unlink, name);
    CHECK_EQ(sys_raw(SYS_mknod, name, S_IFIFO | 0600, 0), 0);
    in = (int)sys_raw(SYS_open, name, LINUX_O_NONBLOCK, 0);
    CHECK(in >= 0);
    CHECK_EQ(now(in), 0); /* nobody has gone, for nobody has come */
    out = (int)sys_raw(SYS_open, name, 1, 0);
    CHECK(out >= 0);
    CHECK_EQ(now(in), 0);
    CHECK_EQ(write(out, "x", 1), 1);
    CHECK_EQ(now(in), IN);
    close(out);
    CHECK_EQ(now(in), IN | HUP);
    CHECK_EQ(sys_raw(SYS_unlink, name), 0);
}

static void test_socket_events(void)
{
    int fd[2];

    CHECK_EQ(sys_raw(SYS_socketpair, 1, 1, 0, fd), 0);
    CHECK_EQ(now(fd[0]), OUT);
    CHECK_EQ(write(fd[1], "x", 1), 1);
    CHECK_EQ(now(fd[0]), OUT | IN);
    CHECK_EQ(read(fd[0], block, 9), 1);
    CHECK_EQ(sys_raw(SYS_shutdown, fd[1], 1), 0);
    CHECK_EQ(now(fd[0]), OUT | IN | RDHUP);
    CHECK_EQ(now(fd[1]), OUT);
    close(fd[1]);
    CHECK_EQ(now(fd[0]), OUT | IN | RDHUP | HUP);
}

static void test_other_files(void)
{
    struct poll none = {-1, ALL, 0xffff};
    int file = open("/etc/motd", O_RDONLY), null = open("/dev/null", O_RDWR);
    int tty = open("/dev/console", O_RDWR);

    CHECK_EQ(now(file), IN | OUT);
    CHECK_EQ(now(null), IN | OUT);
    if (tty >= 0)
        CHECK_EQ(now(tty) & OUT, OUT);
    CHECK_EQ(now(99), NVAL);
    CHECK_EQ(now(FD_MOST - 1), NVAL);
    CHECK_EQ(sys_raw(SYS_poll, &none, 1, 0), 0);
    CHECK_EQ(none.revents, 0);
}

static void test_bad_arguments(void)
{
    static struct poll many[FD_MOST + 1];
    uint32_t mask[2] = {0, 0}, words[2] = {1, 0};
    struct times bad = {0, 1000000000}, negative = {-1, 0}, zero = {0, 0};
    struct {
        uint32_t mask, size;
    } arg = {(uint32_t)mask, 7};
    int fd[2];

    make_pipe(fd, 0);
    for (int i = 0; i <= FD_MOST; i++)
        many[i] = (struct poll){fd[0], IN, 0};
    CHECK_EQ(sys_raw(SYS_poll, 0, 0, 0), 0);
    CHECK_EQ(sys_raw(SYS_poll, many, FD_MOST, 0), 0);
    CHECK_EQ(sys_raw(SYS_poll, many, FD_MOST, 1), 0); /* all are entered */
    CHECK_EQ(sys_raw(SYS_poll, many, FD_MOST + 1, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_poll, many, 0xffffffff, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_poll, NOWHERE, 1, 0), -EFAULT);
    CHECK_EQ(sys_raw(SYS_poll, KERNEL, 1, -1), -EFAULT);
    CHECK_EQ(sys_raw(SYS_ppoll, many, 1, &bad, 0, 8), -EINVAL);
    CHECK_EQ(sys_raw(SYS_ppoll, many, 1, &negative, 0, 8), -EINVAL);
    CHECK_EQ(sys_raw(SYS_ppoll, many, 1, NOWHERE, 0, 8), -EFAULT);
    CHECK_EQ(sys_raw(SYS_ppoll, many, 1, &zero, mask, 7), -EINVAL);
    CHECK_EQ(sys_raw(SYS_ppoll, many, 1, &zero, NOWHERE, 8), -EFAULT);
    CHECK_EQ(sys_raw(SYS_select, -1, 0, 0, 0, &zero), -EINVAL);
    CHECK_EQ(sys_raw(SYS_select, 1, NOWHERE, 0, 0, &zero), -EFAULT);
    CHECK_EQ(sys_raw(SYS_select, 1, 0, KERNEL, 0, &zero), -EFAULT);
    CHECK_EQ(sys_raw(SYS_select, 1, 0, 0, NOWHERE, &zero), -EFAULT);
    CHECK_EQ(sys_raw(SYS_select, 1, 0, 0, 0, NOWHERE), -EFAULT);
    CHECK_EQ(sys_raw(SYS_select, 1, 0, 0, 0, &negative), -EINVAL);
    words[0] |= 1u << 31;
    CHECK_EQ(sys_raw(SYS_select, 32, words, 0, 0, &zero), -EBADF);
    CHECK_EQ(sys_raw(SYS_pselect6, 0, 0, 0, 0, &bad, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_pselect6, 0, 0, 0, 0, &zero, NOWHERE), -EFAULT);
    CHECK_EQ(sys_raw(SYS_pselect6, 0, 0, 0, 0, &zero, &arg), -EINVAL);
}

static void test_time_outs(void)
{
    struct times t = {0, 20000000};
    struct {
        int64_t sec, nsec;
    } wide = {0, 20000000};
    uint32_t words[2] = {0, 0};
    struct poll p;
    int fd[2];

    make_pipe(fd, 0);
    p = (struct poll){fd[0], IN, 0xffff};
    uint64_t began = time_ms();
    CHECK_EQ(sys_raw(SYS_poll, &p, 1, 20), 0);
    CHECK_EQ(p.revents, 0);
    CHECK(time_ms() - began >= 19);
    began = time_ms();
    CHECK_EQ(sys_raw(SYS_ppoll, &p, 1, &t, 0, 0), 0);
    CHECK(time_ms() - began >= 19);
    CHECK_EQ(t.sec | t.nsec, 0); /* what is left */
    CHECK_EQ(sys_raw(SYS_ppoll_time64, &p, 1, &wide, 0, 0), 0);
    words[fd[0] / 32] = 1u << fd[0] % 32;
    t = (struct times){0, 20000}; /* microseconds */
    began = time_ms();
    CHECK_EQ(sys_raw(SYS_select, fd[0] + 1, words, 0, 0, &t), 0);
    CHECK(time_ms() - began >= 19);
    CHECK_EQ(words[fd[0] / 32], 0);
    t = (struct times){5, 0};
    p.events = OUT;
    p.fd = fd[1];
    CHECK_EQ(sys_raw(SYS_ppoll, &p, 1, &t, 0, 0), 1);
    CHECK(t.sec == 4 && t.nsec > 0);
    t = (struct times){0, 1000000};
    CHECK_EQ(sys_raw(SYS_pselect6, 0, 0, 0, 0, &t, 0), 0);
    wide.nsec = 1000000;
    CHECK_EQ(sys_raw(SYS_pselect6_time64, 0, 0, 0, 0, &wide, 0), 0);
}

static bool is_in(const uint32_t *words, int fd)
{
    return words[fd / 32] >> fd % 32 & 1;
}

static void add(uint32_t *words, int fd)
{
    words[fd / 32] |= 1u << fd % 32;
}

static void test_select(void)
{
    uint32_t in[FD_MOST / 32] = {0}, out[2] = {0, 0}, except[2] = {0, 0};
    struct times zero = {0, 0};
    int a[2], b[2];

    make_pipe(a, 0);
    make_pipe(b, 0);
    CHECK_EQ(dup2(b[0], 40), 40);
    add(in, a[0]);
    add(in, 40);
    add(out, a[1]);
    add(except, a[0]);
    CHECK_EQ(write(b[1], "x", 1), 1);
    CHECK_EQ(sys_raw(SYS_select, 41, in, out, except, &zero), 2);
    CHECK(!is_in(in, a[0]) && is_in(in, 40) && is_in(out, a[1]) && !is_in(except, a[0]));
    close(a[1]);
    add(in, a[0]);
    CHECK_EQ(sys_raw(SYS_select, 41, in, 0, 0, 0), 2); /* an end is something to read */
    CHECK_EQ(sys_raw(SYS_select, 40, in, 0, 0, 0), 1); /* 40 is beyond */
    in[0] = in[1] = 0;
    add(in, 40);
    CHECK_EQ(sys_raw(SYS_pselect6, 0x7fffffff, in, 0, 0, 0, 0), 1);
}

static int write_later(void *arg)
{
    const int *fd = arg;

    tap_pause_ms(20);
    return write(fd[1], "12345678", 8) == 8 ? 0 : 1;
}

static int close_later(void *arg)
{
    (void)arg;
    tap_pause_ms(20);
    return 0;
}

/* A child does something with fd after a while, which ends and leaves this poll of it: events. */
static int poll_while(int (*body)(void *), int *fd, int watched, bool close_ours)
{
    struct poll p[3] = {{-1, IN, 0}, {watched, IN, 0}, {fd[0], IN, 0}};
    pid_t pid = fork();

    if (pid == 0)
        _exit(body(fd));
    if (close_ours)
        close(fd[1]);
    CHECK(sys_raw(SYS_poll, p, watched == fd[0] ? 2 : 3, 10000) >= 1);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    return p[1].revents | p[2].revents;
}

static void test_wakes(void)
{
    int fd[2];

    make_pipe(fd, 0);
    CHECK_EQ(poll_while(write_later, fd, fd[0], false), IN);
    close(fd[0]);
    close(fd[1]);
    make_pipe(fd, 0);
    CHECK_EQ(poll_while(close_later, fd, fd[0], true), HUP);
    fd[0] = fd[1] = (int)sys_raw(SYS_eventfd2, 0, 0);
    CHECK_EQ(poll_while(write_later, fd, fd[0], false), IN);
    CHECK_EQ(sys_raw(SYS_socketpair, 1, 1, 0, fd), 0);
    CHECK_EQ(poll_while(write_later, fd, fd[0], false), IN);
}

static int poll_for_ever(void *arg)
{
    struct poll p = {*(int *)arg, IN, 0};

    return (int)sys_raw(SYS_poll, &p, 1, -1);
}

static void test_kill(void)
{
    int fd[2], status;

    make_pipe(fd, 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(poll_for_ever(fd));
    tap_pause_ms(20);
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_killed_by(status, SIGKILL));
    CHECK_EQ(write(fd[1], "x", 1), 1); /* it has left the head */
    CHECK_EQ(now(fd[0]), IN);
}

enum { USR1 = 10, BLOCK = 0, RESTARTS = 0x10000000 };

static volatile int handled;

static void on_signal(int sig)
{
    handled = sig;
}

static int signal_later(void *arg)
{
    tap_pause_ms(20);
    return (int)sys_raw(SYS_kill, *(pid_t *)arg, USR1);
}

/* A handler ends the wait, SA_RESTART or not; a signal that is blocked does, if the mask of the
 * call lets it in, and is blocked again when the call is over. */
static void test_signals(void)
{
    uint32_t act[5] = {(uint32_t)(uintptr_t)on_signal, RESTARTS};
    uint64_t set = 1u << (USR1 - 1), none = 0;
    struct {
        uint64_t *mask;
        uint32_t size;
    } mask = {&none, 8};
    struct times second = {10, 0}, moment = {0, 1000000};
    pid_t me = getpid();
    struct poll p;
    int fd[2];

    make_pipe(fd, 0);
    p = (struct poll){fd[0], IN, 0};
    CHECK_EQ(sys_raw(SYS_rt_sigaction, USR1, act, 0, 8), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(signal_later(&me));
    CHECK_EQ(sys_raw(SYS_poll, &p, 1, 10000), -EINTR);
    CHECK_EQ(handled, USR1);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(sys_raw(175, BLOCK, &set, 0, 8), 0); /* rt_sigprocmask */
    handled = 0;
    CHECK_EQ(sys_raw(SYS_kill, me, USR1), 0);
    CHECK_EQ(sys_raw(SYS_ppoll, &p, 1, &moment, &set, 8), 0);
    CHECK_EQ(handled, 0);
    CHECK_EQ(sys_raw(SYS_ppoll, &p, 1, &second, &none, 8), -EINTR);
    CHECK_EQ(handled, USR1);
    handled = 0;
    CHECK_EQ(sys_raw(SYS_kill, me, USR1), 0);
    CHECK_EQ(handled, 0); /* blocked again */
    CHECK_EQ(sys_raw(SYS_pselect6, 0, 0, 0, 0, &second, &mask), -EINTR);
    CHECK_EQ(handled, USR1);
}

enum { LINES = 8 };

/* Waits for any of the lines, and answers each byte on it. */
static int serve(int (*in)[2], int (*out)[2])
{
    struct poll p[LINES];
    int open_lines = LINES;
    char c;

    for (int i = 0; i < LINES; i++) {
        close(in[i][1]);
        p[i] = (struct poll){in[i][0], IN, 0};
    }
    while (open_lines > 0) {
        if (sys_raw(SYS_poll, p, LINES, -1) <= 0)
            return 1;
        for (int i = 0; i < LINES; i++) {
            if (p[i].revents & IN) {
                if (read(in[i][0], &c, 1) != 1 || write(out[i][1], &c, 1) != 1)
                    return 2;
            } else if (p[i].revents) {
                p[i].fd = -1;
                open_lines--;
            }
        }
    }
    return 0;
}

static int ask(int (*in)[2], int (*out)[2], int line, uint32_t count)
{
    for (int i = 0; i < LINES; i++) {
        close(in[i][0]);
        if (i != line)
            close(in[i][1]);
    }
    for (uint32_t k = 0; k < count; k++) {
        char c = (char)k, got = (char)~c;
        struct poll p = {out[line][0], IN, 0};
        if (write(in[line][1], &c, 1) != 1)
            return 1;
        if (k % 2 && sys_raw(SYS_poll, &p, 1, -1) != 1)
            return 2;
        if (read(out[line][0], &got, 1) != 1 || got != c)
            return 3;
    }
    return 0;
}

/* Eight ask one that polls them all, each waiting for its answer: a lost wake-up stops them. */
static void test_no_lost_wake_up(void)
{
    uint32_t count = tap_count(500, 20000);
    int in[LINES][2], out[LINES][2], status;
    pid_t pids[LINES + 1];

    for (int i = 0; i < LINES; i++) {
        make_pipe(in[i], 0);
        make_pipe(out[i], 0);
    }
    for (int i = 0; i <= LINES; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(i == LINES ? serve(in, out) : ask(in, out, i, count));
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

static void test_eventfd(void)
{
    uint64_t n = 5;
    int fd = (int)sys_raw(SYS_eventfd2, 3, LINUX_O_NONBLOCK | LINUX_O_CLOEXEC);

    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    CHECK_EQ(now(fd), IN | OUT);
    CHECK_EQ(sys_raw(SYS_write, fd, &n, 8), 8);
    CHECK_EQ(sys_raw(SYS_read, fd, &n, 7), -EINVAL);
    CHECK_EQ(sys_raw(SYS_write, fd, &n, 7), -EINVAL);
    CHECK_EQ(sys_raw(SYS_write, fd, NOWHERE, 8), -EFAULT);
    CHECK_EQ(sys_raw(SYS_read, fd, &n, 100), 8);
    CHECK(n == 8);
    CHECK_EQ(sys_raw(SYS_read, fd, &n, 8), -EAGAIN);
    CHECK_EQ(now(fd), OUT);
    n = UINT64_MAX;
    CHECK_EQ(sys_raw(SYS_write, fd, &n, 8), -EINVAL);
    n = UINT64_MAX - 1;
    CHECK_EQ(sys_raw(SYS_write, fd, &n, 8), 8);
    CHECK_EQ(now(fd), IN);
    n = 1;
    CHECK_EQ(sys_raw(SYS_write, fd, &n, 8), -EAGAIN);
    CHECK_EQ(sys_raw(SYS_read, fd, &n, 8), 8);
    CHECK(n == UINT64_MAX - 1);
    CHECK_EQ(sys_raw(SYS_eventfd2, 0, 2), -EINVAL);
    CHECK_EQ(sys_raw(SYS_lseek, fd, 0, 0), -ESPIPE);
    fd = (int)sys_raw(SYS_eventfd2, 2, EFD_SEMAPHORE | LINUX_O_NONBLOCK);
    for (int i = 0; i < 2; i++)
        CHECK(sys_raw(SYS_read, fd, &n, 8) == 8 && n == 1);
    CHECK_EQ(sys_raw(SYS_read, fd, &n, 8), -EAGAIN);
    CHECK(sys_raw(SYS_eventfd, 7) >= 0);
}

static int take_all(void *arg)
{
    uint64_t n, sum = 0, wanted = tap_count(4 * 1000, 4 * 100000);

    while (sum < wanted) {
        if (read(*(int *)arg, &n, 8) != 8)
            return 1;
        sum += n;
    }
    return sum == wanted ? 0 : 2;
}

static int add_ones(void *arg)
{
    uint64_t one = 1;
    uint32_t count = tap_count(1000, 100000);

    for (uint32_t i = 0; i < count; i++)
        if (write(*(int *)arg, &one, 8) != 8)
            return 1;
    return 0;
}

static void test_eventfd_sum(void)
{
    int fd = (int)sys_raw(SYS_eventfd2, 0, 0), status;
    pid_t pids[5];

    for (int i = 0; i < 5; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(i ? add_ones(&fd) : take_all(&fd));
    }
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(tap_exited_with(status, 0));
    }
}

static const struct tap_test tests[] = {
    {"events of a pipe", test_pipe_events},
    {"events of a FIFO", test_fifo_events},
    {"events of a socket pair", test_socket_events},
    {"events of other files", test_other_files},
    {"bad arguments", test_bad_arguments},
    {"time-outs", test_time_outs},
    {"select", test_select},
    {"what wakes a poll", test_wakes},
    {"killing who polls", test_kill},
    {"signals and their mask", test_signals},
    {"no wake-up is lost", test_no_lost_wake_up},
    {"eventfd", test_eventfd},
    {"adding to and taking from a counter", test_eventfd_sum},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
