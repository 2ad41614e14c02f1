/* SPDX-License-Identifier: MIT
 *
 * Pipes that have a name, and socket pairs: how their ends find each other and what is left when
 * one goes. What goes through them is t_pipe's.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"
#include "tap.h"

#define NOWHERE 0x3000u

#define LINUX_EPROTONOSUPPORT 93
#define LINUX_ESOCKTNOSUPPORT 94

static char block[64], other[128];

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

/* len bytes, however they come; 0 at the end. */
static size_t read_full(int fd, char *buf, size_t len)
{
    size_t done = 0;
    ssize_t n;

    while (done < len && (n = read(fd, buf + done, len - done)) > 0)
        done += (size_t)n;
    return done;
}

static const char fifo[] = "/dev/shm/t_pipe.fifo";

static int open_to_write(int *fd)
{
    (void)fd;
    int out = (int)sys_raw(SYS_open, fifo, 1, 0);
    bool wrote = out >= 0 && write(out, "fifo", 4) == 4;

    close(out);
    return wrote ? 0 : 1;
}

static int open_to_read(int *fd)
{
    (void)fd;
    int in = (int)sys_raw(SYS_open, fifo, 0, 0);
    bool got = in >= 0 && read_full(in, other, 99) == 4 && memcmp(other, "fifo", 4) == 0;

    close(in);
    return got ? 0 : 1;
}

static void test_fifo(void)
{
    struct stat st;
    int status;

    sys_raw(SYS_unlink, fifo);
    CHECK_EQ(sys_raw(SYS_mknod, fifo, S_IFIFO | 0600, 0), 0);
    CHECK(stat(fifo, &st) == 0 && S_ISFIFO(st.st_mode));
    CHECK_EQ(sys_raw(SYS_open, fifo, 1 | LINUX_O_NONBLOCK, 0), -ENXIO);
    pid_t writer = start(open_to_write, NULL);
    tap_pause_ms(20);
    CHECK_EQ(waitpid(writer, &status, WNOHANG), 0); /* it waits for a reader */
    ended_well(start(open_to_read, NULL));
    ended_well(writer);
    pid_t reader = start(open_to_read, NULL);
    tap_pause_ms(20);
    CHECK_EQ(waitpid(reader, &status, WNOHANG), 0);
    ended_well(start(open_to_write, NULL));
    ended_well(reader);
    reader = start(open_to_read, NULL);
    tap_pause_ms(20);
    kill(reader, SIGKILL);
    CHECK_EQ(waitpid(reader, &status, 0), reader);
    CHECK(tap_killed_by(status, SIGKILL));
    CHECK_EQ(sys_raw(SYS_open, fifo, 1 | LINUX_O_NONBLOCK, 0), -ENXIO); /* it counts no more */
    CHECK_EQ(sys_raw(SYS_unlink, fifo), 0);
}

/* The ends come at the same time and go at once, round after round: whoever has opened one is met,
 * also when the other is gone again by the time it looks. */
static int open_write_close(int *ack)
{
    char c;

    for (int i = 0; i < (int)tap_count(1000, 100000); i++)
        if (open_to_write(NULL) || read(ack[0], &c, 1) != 1)
            return 1;
    return 0;
}

static int open_read_close(int *ack)
{
    for (int i = 0; i < (int)tap_count(1000, 100000); i++)
        if (open_to_read(NULL) || write(ack[1], "", 1) != 1)
            return 1;
    return 0;
}

static void test_fifo_meetings(void)
{
    int ack[2];

    CHECK_EQ(sys_raw(SYS_pipe2, ack, 0), 0);
    sys_raw(SYS_unlink, fifo);
    CHECK_EQ(sys_raw(SYS_mknod, fifo, S_IFIFO | 0600, 0), 0);
    pid_t writer = start(open_write_close, ack);
    ended_well(start(open_read_close, ack));
    ended_well(writer);
    CHECK_EQ(sys_raw(SYS_unlink, fifo), 0);
}

static void test_fifo_alone(void)
{
    int in, both;

    sys_raw(SYS_unlink, fifo);
    CHECK_EQ(sys_raw(SYS_mknod, fifo, S_IFIFO | 0600, 0), 0);
    in = (int)sys_raw(SYS_open, fifo, LINUX_O_NONBLOCK, 0);
    CHECK(in >= 0);
    CHECK_EQ(sys_raw(SYS_read, in, other, 1), 0); /* nobody writes */
    both = (int)sys_raw(SYS_open, fifo, 2, 0);
    CHECK(both >= 0);
    CHECK_EQ(sys_raw(SYS_read, in, other, 1), -EAGAIN);
    CHECK_EQ(write(both, "abcd", 4), 4);
    CHECK_EQ(read(in, other, 2), 2);
    CHECK_EQ(read(both, other + 2, 2), 2);
    CHECK_EQ(memcmp(other, "abcd", 4), 0);
    CHECK_EQ(write(both, "left", 4), 4);
    CHECK_EQ(sys_raw(SYS_unlink, fifo), 0); /* what lies in it goes with it */
}

/* Five bytes come three and two at a time, then three and the end. */
static void test_waitall(void)
{
    int fd[2];

    CHECK_EQ(sys_raw(SYS_socketpair, 1, 1, 0, fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < 3; i++) {
            (void)!write(fd[0], "abcde" + i % 2 * 3, i % 2 ? 2 : 3);
            tap_pause_ms(20);
        }
        _exit(0);
    }
    close(fd[0]);
    memset(other, 0, 9);
    CHECK_EQ(sys_raw(SYS_recv, fd[1], other, 5, 0x100), 5);
    CHECK_EQ(memcmp(other, "abcde", 6), 0);
    CHECK_EQ(sys_raw(SYS_recv, fd[1], other, 5, 0x100), 3);
    CHECK_EQ(sys_raw(SYS_recv, fd[1], other, 5, 0x100), 0);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
}

static void test_socketpair(void)
{
    struct stat st;
    int fd[2];

    CHECK_EQ(sys_raw(SYS_socketpair, 2, 1, 0, fd), -LINUX_EAFNOSUPPORT);
    CHECK_EQ(sys_raw(SYS_socketpair, 1, 2, 0, fd), -LINUX_ESOCKTNOSUPPORT);
    CHECK_EQ(sys_raw(SYS_socketpair, 1, 1, 9, fd), -LINUX_EPROTONOSUPPORT);
    CHECK_EQ(sys_raw(SYS_socketpair, 1, 1 | 0x100, 0, fd), -EINVAL);
    CHECK_EQ(sys_raw(SYS_socketpair, 1, 1, 0, NOWHERE), -EFAULT);
    CHECK_EQ(sys_raw(SYS_socket, 1, 1, 0), -LINUX_EAFNOSUPPORT);
    CHECK_EQ(sys_raw(SYS_socketpair, 1, 1 | LINUX_O_NONBLOCK, 0, fd), 0);
    CHECK(fstat(fd[0], &st) == 0 && S_ISSOCK(st.st_mode));
    CHECK_EQ(write(fd[0], "there", 5), 5);
    CHECK_EQ(write(fd[1], "back", 4), 4);
    CHECK_EQ(sys_raw(SYS_recv, fd[1], other, 99, 0), 5);
    CHECK_EQ(memcmp(other, "there", 5), 0);
    CHECK_EQ(read(fd[0], other, 99), 4);
    CHECK_EQ(memcmp(other, "back", 4), 0);
    CHECK_EQ(sys_raw(SYS_recv, fd[0], other, 1, 0), -EAGAIN);
    CHECK_EQ(sys_raw(SYS_recv, fd[0], other, 1, 1), -LINUX_EOPNOTSUPP);
    CHECK_EQ(sys_raw(SYS_recv, 0, other, 1, 0), -LINUX_ENOTSOCK);
    CHECK_EQ(sys_raw(SYS_send, fd[0], NOWHERE, 1, 0), -EFAULT);
    CHECK_EQ(sys_raw(SYS_sendto, fd[0], "x", 1, 0, block, 16), -LINUX_EISCONN);
    CHECK_EQ(sys_raw(SYS_shutdown, fd[0], 3), -EINVAL);
    CHECK_EQ(sys_raw(SYS_shutdown, 0, 1), -LINUX_ENOTSOCK);
    CHECK_EQ(sys_raw(SYS_send, fd[0], "last", 4, 0), 4);
    CHECK_EQ(sys_raw(SYS_shutdown, fd[0], 1), 0);
    CHECK_EQ(sys_raw(SYS_send, fd[0], "x", 1, 0x4000), -EPIPE);
    CHECK_EQ(read(fd[1], other, 99), 4);
    CHECK_EQ(read(fd[1], other, 99), 0);
    CHECK_EQ(write(fd[1], "still", 5), 5);
    CHECK_EQ(sys_raw(SYS_shutdown, fd[0], 0), 0);
    CHECK_EQ(sys_raw(SYS_send, fd[1], "x", 1, 0x4000), -EPIPE);
    close(fd[0]);
    CHECK_EQ(read(fd[1], other, 99), 0);
}

static const struct tap_test tests[] = {
    {"FIFOs", test_fifo},
    {"a FIFO's ends meet", test_fifo_meetings},
    {"a FIFO with one process", test_fifo_alone},
    {"socketpair", test_socketpair},
    {"socket-waitall", test_waitall},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
