/* SPDX-License-Identifier: MIT
 *
 * Pipes: what goes in comes out, in order and once, whoever reads and
 * writes on how many CPUs; ends that go while others sleep; what does not wait; what the calls say
 * to arguments that are wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"
#include "tap.h"

#define CAPACITY   65536
#define ATOMIC     4096
#define FIONREAD   0x541b
#define SETPIPE_SZ 1031
#define GETPIPE_SZ 1032
#define KERNEL     0x50000000u
#define NOWHERE    0x3000u

static char block[CAPACITY], other[CAPACITY];

static void make_pipe(int fd[2], int flags)
{
    CHECK_EQ(sys_raw(SYS_pipe2, fd, flags), 0);
}

static void fill(char *buf, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (char)((seed + i) * 2654435761u >> 24);
}

static void test_order(void)
{
    int fd[2], n;
    char c;

    CHECK_EQ(sys_raw(SYS_pipe, fd), 0);
    CHECK_EQ(write(fd[1], "hello", 5), 5);
    CHECK_EQ(sys_raw(SYS_ioctl, fd[0], FIONREAD, &n), 0);
    CHECK_EQ(n, 5);
    CHECK_EQ(read(fd[0], block, 2), 2);
    CHECK_EQ(write(fd[1], "!", 1), 1);
    CHECK_EQ(read(fd[0], block + 2, sizeof block), 4);
    CHECK_EQ(memcmp(block, "hello!", 6), 0);
    CHECK_EQ(read(fd[0], &c, 0), 0);
    CHECK_EQ(write(fd[1], &c, 0), 0);
    close(fd[1]);
    CHECK_EQ(read(fd[0], &c, 1), 0);
    CHECK_EQ(read(fd[0], &c, 1), 0);
}

static void test_what_it_is(void)
{
    struct stat st;
    int fd[2];

    make_pipe(fd, LINUX_O_CLOEXEC | LINUX_O_NONBLOCK);
    CHECK(fstat(fd[0], &st) == 0 && S_ISFIFO(st.st_mode));
    CHECK_EQ(st.st_nlink, 1);
    CHECK_EQ(fcntl(fd[0], F_GETFD, 0), FD_CLOEXEC);
    CHECK_EQ(sys_raw(SYS_fcntl, fd[0], 3, 0), LINUX_O_NONBLOCK);
    CHECK_EQ(sys_raw(SYS_fcntl, fd[1], 3, 0), LINUX_O_NONBLOCK | 1);
    CHECK_EQ(sys_raw(SYS_lseek, fd[0], 0, 0), -ESPIPE);
    CHECK_EQ(sys_raw(SYS_pread64, fd[0], block, 1, 0, 0, 0), -ESPIPE);
    CHECK_EQ(sys_raw(SYS_read, fd[1], block, 1), -EBADF);
    CHECK_EQ(sys_raw(SYS_write, fd[0], block, 1), -EBADF);
    CHECK_EQ(sys_raw(SYS_ftruncate, fd[1], 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, 4096, 1, 2, fd[0], 0), -ENODEV);
    CHECK_EQ(sys_raw(SYS_ioctl, fd[0], 0x5401, block), -ENOTTY);
}

static void test_bad_arguments(void)
{
    int fd[2], free_fd = dup(0);

    close(free_fd);
    CHECK_EQ(sys_raw(SYS_pipe2, fd, 1), -EINVAL);
    CHECK_EQ(sys_raw(SYS_pipe2, fd, LINUX_O_DIRECT), -EINVAL);
    CHECK_EQ(sys_raw(SYS_pipe2, 0, 0), -EFAULT);
    CHECK_EQ(sys_raw(SYS_pipe2, KERNEL, 0), -EFAULT);
    CHECK_EQ(sys_raw(SYS_pipe, NOWHERE), -EFAULT);
    make_pipe(fd, LINUX_O_NONBLOCK);
    CHECK_EQ(fd[0], free_fd); /* none was left open */
    CHECK_EQ(sys_raw(SYS_write, fd[1], NOWHERE, 4), -EFAULT);
    CHECK_EQ(sys_raw(SYS_write, fd[1], KERNEL, CAPACITY), -EFAULT);
    CHECK_EQ(sys_raw(SYS_write, fd[1], block, 0xffffffff), -EFAULT);
    CHECK_EQ(sys_raw(SYS_read, fd[0], block, 1), -EAGAIN); /* nothing of these came in */
    CHECK_EQ(write(fd[1], "abc", 3), 3);
    CHECK_EQ(sys_raw(SYS_read, fd[0], NOWHERE, 3), -EFAULT);
    CHECK_EQ(sys_raw(SYS_read, fd[0], KERNEL, 3), -EFAULT);
    CHECK_EQ(sys_raw(SYS_ioctl, fd[0], FIONREAD, NOWHERE), -EFAULT);
    CHECK_EQ(read(fd[0], block, 99), 3); /* nor was anything lost */
    CHECK_EQ(memcmp(block, "abc", 3), 0);
}

/* A buffer that ends in the middle: what lies before the hole counts, unless it must stay whole. */
static void test_hole(void)
{
    char *at = (char *)sys_raw(SYS_mmap2, 0, 3 * 4096, 3, 0x22, -1, 0);
    int fd[2];

    make_pipe(fd, LINUX_O_NONBLOCK);
    CHECK_EQ(sys_raw(SYS_munmap, at + 2 * 4096, 4096), 0);
    CHECK_EQ(sys_raw(SYS_write, fd[1], at + 2 * 4096 - 10, 100), -EFAULT);
    CHECK_EQ(sys_raw(SYS_read, fd[0], block, 1), -EAGAIN);
    CHECK_EQ(sys_raw(SYS_write, fd[1], at, 3 * 4096), 2 * 4096);
    CHECK_EQ(sys_raw(SYS_read, fd[0], at + 2 * 4096 - 10, 4096), 10);
    CHECK_EQ(read(fd[0], block, sizeof block), 2 * 4096 - 10);
}

static void test_nonblocking(void)
{
    int fd[2];

    make_pipe(fd, LINUX_O_NONBLOCK);
    CHECK_EQ(sys_raw(SYS_read, fd[0], block, 1), -EAGAIN);
    CHECK_EQ(write(fd[1], block, CAPACITY - 100), CAPACITY - 100);
    CHECK_EQ(sys_raw(SYS_write, fd[1], block, 101), -EAGAIN); /* whole or not at all */
    CHECK_EQ(sys_raw(SYS_write, fd[1], block, ATOMIC + 1), 100);
    CHECK_EQ(sys_raw(SYS_write, fd[1], block, 1), -EAGAIN);
    CHECK_EQ(sys_raw(SYS_write, fd[1], block, CAPACITY), -EAGAIN);
    CHECK_EQ(read(fd[0], block, CAPACITY), CAPACITY);
    CHECK_EQ(sys_raw(SYS_write, fd[1], block, CAPACITY + 1), CAPACITY);
}

static void test_capacity(void)
{
    int fd[2];

    make_pipe(fd, LINUX_O_NONBLOCK);
    CHECK_EQ(sys_raw(SYS_fcntl, fd[0], GETPIPE_SZ, 0), CAPACITY);
    fill(block, sizeof block, 1);
    CHECK_EQ(write(fd[1], block, 3 * 4096), 3 * 4096);
    CHECK_EQ(read(fd[0], other, 5000), 5000);
    CHECK_EQ(sys_raw(SYS_fcntl, fd[1], SETPIPE_SZ, 1), -EBUSY);
    CHECK_EQ(sys_raw(SYS_fcntl, fd[1], SETPIPE_SZ, 2 * 4096), 2 * 4096);
    CHECK_EQ(sys_raw(SYS_write, fd[1], block, 1), -EAGAIN);
    CHECK_EQ(sys_raw(SYS_fcntl, fd[1], SETPIPE_SZ, 0x100000 - 5), 0x100000);
    CHECK_EQ(write(fd[1], block + 3 * 4096, CAPACITY - 3 * 4096), CAPACITY - 3 * 4096);
    CHECK_EQ(read(fd[0], other + 5000, CAPACITY), CAPACITY - 5000);
    CHECK_EQ(memcmp(block, other, CAPACITY), 0);
    CHECK_EQ(sys_raw(SYS_fcntl, fd[1], SETPIPE_SZ, 0), 4096);
    CHECK_EQ(sys_raw(SYS_write, fd[1], block, 5000), 4096);
    CHECK_EQ(sys_raw(SYS_fcntl, fd[0], SETPIPE_SZ, 0x100001), -EPERM);
    CHECK_EQ(sys_raw(SYS_fcntl, fd[0], SETPIPE_SZ, -1), -EINVAL);
    CHECK_EQ(sys_raw(SYS_fcntl, 0, GETPIPE_SZ, 0), -EBADF);
}

static int write_unread(void *arg)
{
    const int *fd = arg;

    close(fd[0]);
    return write(fd[1], "x", 1) == 1 ? 1 : 2;
}

static int write_ignoring(void *arg)
{
    const int *fd = arg;

    close(fd[0]);
    signal_ignore(SIGPIPE, true);
    if (sys_raw(SYS_write, fd[1], "x", 1) != -EPIPE)
        return 1;
    return sys_raw(SYS_write, fd[1], block, CAPACITY) == -EPIPE ? 0 : 2;
}

static void test_broken(void)
{
    int fd[2];

    make_pipe(fd, 0);
    close(fd[0]);
    int both[2] = {open("/dev/null", O_RDONLY), fd[1]};
    CHECK(tap_killed_by(tap_child(write_unread, both), SIGPIPE));
    CHECK(tap_exited_with(tap_child(write_ignoring, both), 0));
}

/* Starts a child that does what body does. */
static pid_t start(int (*body)(int *fd), int *fd)
{
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0)
        _exit(body(fd));
    return pid;
}

static void ended_well(pid_t pid)
{
    int status = -1;

    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 0));
}

static int read_to_end(int *fd)
{
    char c;

    close(fd[1]);
    return read(fd[0], &c, 1) == 0 ? 0 : 1;
}

static int write_too_much(int *fd)
{
    close(fd[0]);
    signal_ignore(SIGPIPE, true);
    return write(fd[1], block, CAPACITY) == CAPACITY &&
                   sys_raw(SYS_write, fd[1], block, 1) == -EPIPE
               ? 0
               : 1;
}

/* The other end goes while somebody sleeps; partial counts come first. */
static void test_close_wakes(void)
{
    int fd[2];

    make_pipe(fd, 0);
    pid_t pid = start(read_to_end, fd);
    tap_pause_ms(20);
    close(fd[1]);
    ended_well(pid);
    close(fd[0]);
    make_pipe(fd, 0);
    pid = start(write_too_much, fd);
    tap_pause_ms(20);
    close(fd[1]);
    close(fd[0]);
    ended_well(pid);
}

static int sleep_reading(int *fd)
{
    return (int)read(fd[0], block, 1);
}

static int sleep_writing(int *fd)
{
    while (write(fd[1], block, ATOMIC) > 0)
        continue;
    return 1;
}

static void test_kill_sleepers(void)
{
    int (*const bodies[])(int *) = {sleep_reading, sleep_writing};
    int fd[2], status;

    for (int i = 0; i < 2; i++) {
        make_pipe(fd, 0);
        pid_t pid = start(bodies[i], fd);
        tap_pause_ms(20);
        CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
        CHECK_EQ(kill(pid, SIGKILL), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_killed_by(status, SIGKILL));
        close(fd[0]);
        close(fd[1]);
    }
}

/* A record that says whose it is, how long, and what it adds up to. */
struct record {
    uint16_t writer, len;
    uint32_t number, sum;
};

enum { WRITERS = 4, RECORDS = 300, RECORDS_SOAK = 20000 };

static uint32_t sum_of(const char *bytes, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + (uint8_t)bytes[i];
    return sum;
}

static int write_records(int *fd)
{
    static char buf[ATOMIC];
    struct record *r = (struct record *)buf;
    uint32_t count = tap_count(RECORDS, RECORDS_SOAK);
    uint16_t writer = (uint16_t)fd[2];

    close(fd[0]);
    for (uint32_t i = 0; i < count; i++) {
        size_t len = i % 7 ? (i * 37 + writer * 11) % 300 : (i * 997) % (ATOMIC - sizeof *r + 1);
        fill(buf + sizeof *r, len, i + writer);
        *r = (struct record){writer, (uint16_t)len, i, sum_of(buf + sizeof *r, len)};
        if (write(fd[1], buf, sizeof *r + len) != (ssize_t)(sizeof *r + len))
            return 1;
    }
    return 0;
}

/* len bytes, however they come; 0 at the end. */
static size_t read_full(int fd, char *buf, size_t len)
{
    size_t done = 0;
    ssize_t n;

    while (done < len && (n = read(fd, buf + done, len - done)) > 0)
        done += (size_t)n;
    return done;
}

/* Several writers at once, each write whole: all records are there, in their writer's order. */
static void test_atomic(void)
{
    static char buf[ATOMIC];
    uint32_t next[WRITERS] = {0}, count = tap_count(RECORDS, RECORDS_SOAK);
    pid_t pids[WRITERS];
    struct record r;
    int fd[3];

    make_pipe(fd, 0);
    for (int i = 0; i < WRITERS; i++) {
        fd[2] = i;
        pids[i] = start(write_records, fd);
    }
    close(fd[1]);
    while (read_full(fd[0], (char *)&r, sizeof r) == sizeof r) {
        CHECK(r.writer < WRITERS && r.len <= ATOMIC - sizeof r);
        CHECK_EQ(read_full(fd[0], buf, r.len), r.len);
        CHECK_EQ(r.number, next[r.writer]);
        CHECK_EQ(r.sum, sum_of(buf, r.len));
        next[r.writer]++;
    }
    for (int i = 0; i < WRITERS; i++) {
        CHECK_EQ(next[i], count);
        ended_well(pids[i]);
    }
}

static uint32_t stream_size(void)
{
    return tap_count(3, 100) * 1000003u;
}

static int write_stream(int *fd)
{
    uint32_t size = stream_size(), done = 0;

    close(fd[0]);
    for (uint32_t i = 0; done < size; i++) {
        size_t len = i % 3 ? CAPACITY - i % 11 : 777 + i % 13;
        len = len < size - done ? len : size - done;
        fill(block, len, done);
        if (write(fd[1], block, len) != (ssize_t)len)
            return 1;
        done += (uint32_t)len;
    }
    return 0;
}

/* A long stream in pieces of sizes that never fit the pages. */
static void test_stream(void)
{
    uint32_t done = 0;
    ssize_t n;
    int fd[2];

    make_pipe(fd, 0);
    pid_t pid = start(write_stream, fd);
    close(fd[1]);
    while ((n = read(fd[0], other, 50021)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            if (other[i] != (char)((done + (uint32_t)i) * 2654435761u >> 24))
                CHECK_EQ(done + (uint32_t)i, 0);
        done += (uint32_t)n;
    }
    CHECK_EQ(n, 0);
    CHECK_EQ(done, stream_size());
    ended_well(pid);
}

static int echo_bytes(int *fd)
{
    char c;

    close(fd[1]);
    close(fd[2]);
    while (read(fd[0], &c, 1) == 1)
        if (write(fd[3], &c, 1) != 1)
            return 1;
    return 0;
}

/* No wake-up is lost: each of the two sleeps until the other has written. */
static void test_ping_pong(void)
{
    uint32_t count = tap_count(2000, 200000);
    int fd[4];

    make_pipe(fd, 0);
    make_pipe(fd + 2, 0);
    pid_t pid = start(echo_bytes, fd);
    for (uint32_t i = 0; i < count; i++) {
        char c = (char)i, got = (char)~c;
        CHECK_EQ(write(fd[1], &c, 1), 1);
        CHECK_EQ(read(fd[2], &got, 1), 1);
        CHECK_EQ(got, c);
    }
    close(fd[1]);
    close(fd[0]);
    ended_well(pid);
}

/* Several readers of one pipe: each byte goes to one of them. */
static int count_bytes(int *fd)
{
    uint32_t bytes = 0;
    char c[7];
    ssize_t n;

    close(fd[1]);
    while ((n = read(fd[0], c, sizeof c)) > 0)
        bytes += (uint32_t)n;
    return n == 0 && write(fd[3], &bytes, sizeof bytes) == sizeof bytes ? 0 : 1;
}

static void test_readers(void)
{
    uint32_t total = 0, part, count = tap_count(500, 50000);
    pid_t pids[4];
    int fd[4];

    make_pipe(fd, 0);
    make_pipe(fd + 2, 0);
    for (int i = 0; i < 4; i++)
        pids[i] = start(count_bytes, fd);
    for (uint32_t i = 0; i < count; i++)
        CHECK_EQ(write(fd[1], block, 1 + i % 40), 1 + i % 40);
    close(fd[1]);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(read_full(fd[2], (char *)&part, sizeof part), sizeof part);
        total += part;
        ended_well(pids[i]);
    }
    for (uint32_t i = 0; i < count; i++)
        total -= 1 + i % 40;
    CHECK_EQ(total, 0);
}

/* As many pipes as there are descriptors, full: they hold memory, and give it back. Where all
 * of them would be more than the pool, one gets what was left, and the later ones a page each. */
static void test_many(void)
{
    int fd[2], n = 0, partly = 0;
    long error;

    while ((error = sys_raw(SYS_pipe2, fd, LINUX_O_NONBLOCK)) == 0) {
        long got = write(fd[1], block, CAPACITY);

        if (n < 20 || got <= 0 || got % ATOMIC)
            CHECK_EQ(got, CAPACITY);
        partly += got != CAPACITY && got != ATOMIC;
        n++;
    }
    CHECK(partly <= 1);
    CHECK_EQ(error, -EMFILE);
    CHECK(n >= 20);
}

static int hoard(int *fd)
{
    int own[2];
    char c;

    while (sys_raw(SYS_pipe2, own, LINUX_O_NONBLOCK) == 0)
        while (write(own[1], block, ATOMIC) > 0)
            continue;
    return write(fd[1], "x", 1) == 1 && read(fd[2], &c, 1) == 0 ? 0 : 1;
}

/* Many processes hoard in pipes: the pool ends before memory does, and a pipe still works. */
static void test_pool(void)
{
    enum { HOARDERS = 12 };
    pid_t pids[HOARDERS];
    int fd[4], own[2], i;
    char c;

    make_pipe(fd, 0);
    make_pipe(fd + 2, 0);
    for (i = 0; i < HOARDERS; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            close(fd[3]);
            _exit(hoard(fd));
        }
    }
    for (i = 0; i < HOARDERS; i++)
        CHECK_EQ(read(fd[0], &c, 1), 1);
    make_pipe(own, LINUX_O_NONBLOCK);
    CHECK_EQ(write(own[1], block, ATOMIC), ATOMIC); /* the first page is there for all */
    CHECK_EQ(read(own[0], other, CAPACITY), ATOMIC);
    CHECK_EQ(write(own[1], block, ATOMIC), ATOMIC);
    close(fd[3]);
    for (i = 0; i < HOARDERS; i++)
        ended_well(pids[i]);
}

/* What several pieces bring together does not wait for the last of them. */
static void test_readv(void)
{
    struct {
        char *base;
        size_t len;
    } iov[2] = {{block, 4}, {other, 4}};
    int fd[2];

    make_pipe(fd, 0);
    CHECK_EQ(write(fd[1], "abcd", 4), 4);
    CHECK_EQ(sys_raw(SYS_readv, fd[0], iov, 2), 4);
    CHECK_EQ(sys_raw(SYS_writev, fd[1], iov, 2), 8);
    CHECK_EQ(read(fd[0], block, 99), 8);
}

static const struct tap_test tests[] = {
    {"bytes come out in order", test_order},
    {"what a pipe is", test_what_it_is},
    {"bad arguments", test_bad_arguments},
    {"a hole in the buffer", test_hole},
    {"O_NONBLOCK", test_nonblocking},
    {"the capacity", test_capacity},
    {"EPIPE and SIGPIPE", test_broken},
    {"closing wakes the other end", test_close_wakes},
    {"killing who sleeps", test_kill_sleepers},
    {"writes stay together", test_atomic},
    {"a long stream", test_stream},
    {"back and forth", test_ping_pong},
    {"several readers", test_readers},
    {"as many as there are descriptors", test_many},
    {"the pool of all pipes", test_pool},
    {"readv and writev", test_readv},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
