/* SPDX-License-Identifier: MIT
 *
 * Theme epoll: what each call answers, levels, edges and shots on all that can be waited for, when
 * a watch ends, epolls in epolls, signals while one waits.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "compare.h"

#define BAD     ((void *)16)
#define MOST    16
#define FAR     0xf0000000u
#define CTL     SYS_epoll_ctl
#define WAIT    SYS_epoll_wait
#define PWAIT   SYS_epoll_pwait
#define PWAIT2  441
#define HUGE_N  0x7fffffff
#define TOO_BIG 0x08000000

static struct epoll_event got[MOST];

static int counter(int n)
{
    return eventfd(n, EFD_NONBLOCK);
}

static long add(int ep, int fd, uint32_t events)
{
    struct epoll_event e = {events, {.u64 = 0x1234500000000ull + (unsigned)fd}};

    return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static long mod(int ep, int fd, uint32_t events)
{
    struct epoll_event e = {events, {.u64 = 0x5432100000000ull + (unsigned)fd}};

    return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

static long del(int ep, int fd)
{
    return epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
}

/* What is ready, in order of descriptors. */
static void show(const char *when, int ep)
{
    char line[400] = "";
    int n;

    memset(got, 0x55, sizeof(got));
    n = epoll_wait(ep, got, MOST, 0);
    for (int fd = 0, at = 0; fd < 1024; fd++)
        for (int i = 0; i < n; i++)
            if ((int)(uint32_t)got[i].data.u64 == fd)
                at += snprintf(line + at, sizeof(line) - (size_t)at, " %x/%d", got[i].events,
                               (int)(got[i].data.u64 >> 32));
    say("%s: %d%s", when, n, line);
}

static void put(int fd)
{
    uint64_t one = 1;

    if (write(fd, &one, 8) != 8)
        say("no write");
}

static void get(int fd)
{
    uint64_t n;

    if (read(fd, &n, 8) != 8)
        say("no read");
}

static void creating(void)
{
    int fd;

    about("epoll_create");
    CALL(syscall(SYS_epoll_create, 0));
    CALL(syscall(SYS_epoll_create, -1));
    CALL((fd = (int)syscall(SYS_epoll_create, 1)) >= 0);
    CALL(fcntl(fd, F_GETFD));
    CALL(fcntl(fd, F_GETFL) & O_ACCMODE);
    CALL(syscall(SYS_epoll_create, 0x7fffffff) >= 0);
    CALL(syscall(SYS_epoll_create1, 1));
    CALL(syscall(SYS_epoll_create1, O_NONBLOCK));
    CALL(fcntl((int)syscall(SYS_epoll_create1, O_CLOEXEC), F_GETFD));
    CALL(read(fd, got, 8));
    CALL(write(fd, got, 8));
    CALL(lseek(fd, 0, SEEK_SET));
    CALL(ftruncate(fd, 0));
    CALL(syscall(SYS_mmap2, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
}

static void control_errors(void)
{
    struct epoll_event e = {EPOLLIN, {.u64 = 1}};
    int ep = epoll_create1(0), n = counter(1), file = open("plain", O_RDWR | O_CREAT, 0600), p[2];

    about("epoll_ctl");
    pipe(p);
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, file, &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, open(".", O_RDONLY), &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, open("/dev/null", O_RDWR), &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_DEL, file, &e));
    CALL(syscall(CTL, file, EPOLL_CTL_ADD, file, &e));
    CALL(syscall(CTL, n, EPOLL_CTL_ADD, p[0], &e));
    CALL(syscall(CTL, n, EPOLL_CTL_ADD, ep, &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, ep, &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, dup(ep), &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, 500, &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, -1, &e));
    CALL(syscall(CTL, 500, EPOLL_CTL_ADD, n, &e));
    CALL(syscall(CTL, -1, EPOLL_CTL_ADD, n, &e));
    CALL(syscall(CTL, 500, EPOLL_CTL_ADD, 500, BAD));
    CALL(syscall(CTL, 500, EPOLL_CTL_DEL, 500, BAD));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, n, BAD));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, n, NULL));
    CALL(syscall(CTL, ep, EPOLL_CTL_MOD, n, BAD));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, n, FAR));
    CALL(syscall(CTL, ep, 0, n, &e));
    CALL(syscall(CTL, ep, 4, n, &e));
    CALL(syscall(CTL, ep, -1, n, &e));
    CALL(syscall(CTL, ep, 4, n, BAD));
    CALL(syscall(CTL, ep, EPOLL_CTL_MOD, n, &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_DEL, n, NULL));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, n, &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_ADD, n, &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_MOD, n, &e));
    CALL(syscall(CTL, ep, EPOLL_CTL_DEL, n, BAD));
    CALL(syscall(CTL, ep, EPOLL_CTL_DEL, n, BAD));
    about("exclusive");
    CALL(add(ep, n, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
    CALL(add(ep, n, EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP));
    CALL(add(ep, n, EPOLLIN | EPOLLEXCLUSIVE | EPOLLPRI));
    CALL(add(ep, epoll_create1(0), EPOLLIN | EPOLLEXCLUSIVE));
    CALL(add(ep, n, EPOLLIN | EPOLLOUT | EPOLLEXCLUSIVE | EPOLLET | EPOLLWAKEUP));
    CALL(mod(ep, n, EPOLLIN));
    CALL(mod(ep, n, EPOLLIN | EPOLLEXCLUSIVE));
    show("exclusive", ep);
    CALL(del(ep, n));
    CALL(mod(ep, n, EPOLLIN | EPOLLEXCLUSIVE));
    CALL(add(ep, n, EPOLLIN));
    CALL(mod(ep, n, EPOLLIN | EPOLLEXCLUSIVE));
    CALL(mod(ep, n, 0x00ff0000 | EPOLLWAKEUP));
    show("odd events", ep);
}

static void wait_errors(void)
{
    long long zero[2] = {0, 0}, bad[2] = {0, 1000000000}, below[2] = {-1, 0};
    int ep = epoll_create1(0), n = counter(1), p[2];
    uint64_t mask = 0;

    about("epoll_wait");
    pipe(p);
    add(ep, n, EPOLLIN);
    CALL(syscall(WAIT, ep, got, 0, 0));
    CALL(syscall(WAIT, ep, got, -1, 0));
    CALL(syscall(WAIT, ep, got, HUGE_N, 0));
    CALL(syscall(WAIT, ep, got, TOO_BIG, 0));
    CALL(syscall(WAIT, ep, BAD, 1, 0));
    CALL(syscall(WAIT, ep, NULL, 1, 0));
    CALL(syscall(WAIT, ep, BAD, 0, 0));
    CALL(syscall(WAIT, ep, FAR, 1, 0));
    CALL(syscall(WAIT, ep, FAR, 0, 0));
    CALL(syscall(WAIT, 500, FAR, 1, 0));
    CALL(syscall(WAIT, 500, got, 0, 0));
    CALL(syscall(WAIT, 500, got, 1, 0));
    CALL(syscall(WAIT, -1, got, 1, 0));
    CALL(syscall(WAIT, n, got, 1, 0));
    CALL(syscall(WAIT, p[0], got, 1, 0));
    CALL(syscall(WAIT, ep, got, 1, 0));
    CALL(syscall(WAIT, ep, got, 1, -1));
    CALL(syscall(WAIT, ep, got, 1, -5));
    CALL(syscall(WAIT, ep, got, 1, 1000));
    about("epoll_pwait");
    CALL(syscall(PWAIT, ep, got, 1, 0, NULL, 0));
    CALL(syscall(PWAIT, ep, got, 1, 0, NULL, 7));
    CALL(syscall(PWAIT, ep, got, 1, 0, &mask, 8));
    CALL(syscall(PWAIT, ep, got, 1, 0, &mask, 7));
    CALL(syscall(PWAIT, ep, got, 1, 0, &mask, 128));
    CALL(syscall(PWAIT, ep, got, 1, 0, BAD, 8));
    CALL(syscall(PWAIT, ep, got, 0, 0, BAD, 8));
    CALL(syscall(PWAIT, 500, got, 1, 0, BAD, 8));
    CALL(syscall(PWAIT, ep, got, 0, 0, &mask, 8));
    about("epoll_pwait2");
    CALL(syscall(PWAIT2, ep, got, 1, NULL, NULL, 0));
    CALL(syscall(PWAIT2, ep, got, 1, zero, NULL, 0));
    CALL(syscall(PWAIT2, ep, got, 1, bad, NULL, 0));
    CALL(syscall(PWAIT2, ep, got, 1, below, NULL, 0));
    CALL(syscall(PWAIT2, ep, got, 1, BAD, NULL, 0));
    CALL(syscall(PWAIT2, ep, got, 1, zero, &mask, 7));
    CALL(syscall(PWAIT2, ep, got, 0, BAD, &mask, 7));
    CALL(syscall(PWAIT2, 500, got, 1, zero, &mask, 8));
    get(n);
    CALL(syscall(WAIT, ep, BAD, 1, 0));
    CALL(syscall(WAIT, ep, got, 1, 1));
    CALL(syscall(PWAIT2, ep, got, 1, zero, &mask, 8));
    zero[1] = 1000000;
    CALL(syscall(PWAIT2, ep, got, 1, zero, &mask, 8));
}

/* The last events do not fit any more. */
static void faults(void)
{
    struct epoll_event *last;
    int ep = epoll_create1(0), n[3];

    about("where it can't be written");
    fresh(0, 2);
    munmap(AT(1), PAGE);
    for (int i = 0; i < 3; i++) {
        n[i] = counter(1);
        add(ep, n[i], EPOLLIN | EPOLLONESHOT);
    }
    last = (struct epoll_event *)AT(1) - 2;
    CALL(syscall(WAIT, ep, last, 3, 0));
    CALL(syscall(WAIT, ep, last + 2, 3, 0));
    CALL(syscall(WAIT, ep, got, 3, 0));
    CALL(syscall(WAIT, ep, got, 3, 0));
    window_clear();
}

static void levels(void)
{
    int ep = epoll_create1(0), p[2], n = counter(0), one[2];
    char c;

    about("levels");
    pipe2(p, O_NONBLOCK);
    pipe2(one, O_NONBLOCK);
    add(ep, p[0], EPOLLIN);
    add(ep, p[1], EPOLLOUT);
    add(ep, n, EPOLLIN | EPOLLOUT | EPOLLPRI);
    show("idle", ep);
    write(p[1], "ab", 2);
    put(n);
    show("written", ep);
    read(p[0], &c, 1);
    show("one read", ep);
    read(p[0], &c, 1);
    get(n);
    show("all read", ep);
    mod(ep, p[0], EPOLLIN | EPOLLRDNORM);
    write(p[1], "ab", 2);
    show("changed", ep);
    mod(ep, p[0], 0);
    show("nothing wanted", ep);
    close(p[1]);
    show("closed", ep);
    add(ep, one[1], 0);
    show("a pipe", ep);
    close(one[0]);
    show("no reader", ep);
}

static void edges(void)
{
    int ep = epoll_create1(0), p[2], n = counter(1);
    char c;

    about("edges");
    pipe2(p, O_NONBLOCK);
    add(ep, p[0], EPOLLIN | EPOLLET);
    show("idle", ep);
    write(p[1], "a", 1);
    show("written", ep);
    show("again", ep);
    write(p[1], "b", 1);
    show("written again", ep);
    read(p[0], &c, 1);
    show("read", ep);
    mod(ep, p[0], EPOLLIN | EPOLLET);
    show("changed", ep);
    show("again", ep);
    close(p[1]);
    show("closed", ep);
    show("again", ep);
    add(ep, n, EPOLLIN | EPOLLET);
    show("a counter", ep);
    put(n);
    show("put", ep);
    get(n);
    show("got", ep);
    put(n);
    get(n);
    show("put and got", ep);
    mod(ep, n, EPOLLIN | EPOLLOUT | EPOLLET);
    show("changed", ep);
    put(n);
    show("put", ep);
    n = eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE);
    add(ep, n, EPOLLIN | EPOLLET);
    show("a semaphore", ep);
    get(n);
    show("one got", ep);
}

static void shots(void)
{
    int ep = epoll_create1(0), n = counter(1);

    about("shots");
    add(ep, n, EPOLLIN | EPOLLONESHOT);
    show("first", ep);
    show("second", ep);
    put(n);
    show("put", ep);
    CALL(add(ep, n, EPOLLIN));
    mod(ep, n, EPOLLIN | EPOLLONESHOT);
    show("changed", ep);
    show("second", ep);
    mod(ep, n, EPOLLIN | EPOLLONESHOT | EPOLLET);
    get(n);
    show("nothing there", ep);
    put(n);
    show("put", ep);
    put(n);
    show("put again", ep);
}

static void sockets(void)
{
    int ep = epoll_create1(0), s[2];
    char c;

    about("sockets");
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    add(ep, s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    show("idle", ep);
    write(s[1], "x", 1);
    show("written", ep);
    mod(ep, s[0], EPOLLIN | EPOLLRDHUP | EPOLLET);
    show("edges", ep);
    write(s[0], "y", 1);
    read(s[1], &c, 1);
    show("room", ep);
    write(s[1], "z", 1);
    show("more", ep);
    shutdown(s[1], SHUT_WR);
    show("shut", ep);
    close(s[1]);
    show("closed", ep);
    mod(ep, s[0], EPOLLOUT | EPOLLIN);
    show("all", ep);
}

static void timers(void)
{
    struct itimerspec t = {{0, 0}, {0, 1000000}};
    int ep = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

    about("timers");
    add(ep, timer, EPOLLIN | EPOLLOUT);
    show("idle", ep);
    timerfd_settime(timer, 0, &t, NULL);
    CALL(syscall(WAIT, ep, got, 1, 5000));
    show("rung", ep);
    get(timer);
    show("read", ep);
    mod(ep, timer, EPOLLIN | EPOLLET);
    timerfd_settime(timer, 0, &t, NULL);
    CALL(syscall(WAIT, ep, got, 1, 5000));
    show("an edge", ep);
}

static void ends(void)
{
    int ep = epoll_create1(0), n = counter(1), copy = dup(n), p[2], status;
    pid_t pid;

    about("ends");
    CALL(add(ep, n, EPOLLIN));
    CALL(add(ep, copy, EPOLLIN | EPOLLOUT));
    show("two", ep);
    CALL(del(ep, copy));
    show("one", ep);
    close(n);
    show("its number is closed", ep);
    CALL(del(ep, n));
    CALL(dup2(copy, n) == n);
    CALL(add(ep, n, EPOLLIN));
    CALL(del(ep, n));
    show("deleted", ep);
    add(ep, n, EPOLLIN);
    CALL(dup2(counter(0), n) == n);
    show("another is there", ep);
    CALL(del(ep, n));
    CALL(add(ep, n, EPOLLOUT));
    show("both", ep);
    close(copy);
    show("closed", ep);
    close(n);
    show("closed, too", ep);
    n = counter(1);
    add(ep, n, EPOLLIN);
    pipe(p);
    pid = fork();
    if (pid == 0) {
        close(p[1]);
        read(p[0], &status, 1);
        _exit(0);
    }
    close(p[0]);
    close(n);
    show("a child has it", ep);
    close(p[1]);
    waitpid(pid, &status, 0);
    show("it has ended", ep);
}

static void in_each_other(void)
{
    int a = epoll_create1(0), b = epoll_create1(0), c = epoll_create1(0), n = counter(0);
    int deep[12], far;

    about("epolls in epolls");
    CALL(add(a, b, EPOLLIN));
    CALL(add(b, c, EPOLLIN));
    CALL(add(c, a, EPOLLIN));
    CALL(add(b, a, EPOLLIN));
    CALL(mod(c, a, EPOLLIN));
    CALL(add(a, b, EPOLLIN));
    CALL(add(c, n, EPOLLIN));
    show("idle", a);
    put(n);
    show("outer", a);
    show("middle", b);
    show("inner", c);
    get(n);
    show("got", a);
    mod(a, b, EPOLLIN | EPOLLET);
    put(n);
    show("edge", a);
    show("again", a);
    put(n);
    show("put again", a);
    show("inner", c);
    show("outer", a);
    mod(a, b, EPOLLOUT);
    show("to write", a);
    mod(a, b, EPOLLIN);
    close(c);
    show("the inner one is closed", a);
    CALL(del(a, b));
    CALL(add(b, a, EPOLLIN));
    about("how deep");
    for (int i = 0; i < 12; i++)
        deep[i] = epoll_create1(0);
    for (far = 1; far < 12 && add(deep[far], deep[far - 1], EPOLLIN) == 0; far++)
        continue;
    say("%d, %s", far, error_name(errno));
}

static void polled(void)
{
    int ep = epoll_create1(0), n = counter(0);
    fd_set set;
    struct timeval t = {0, 0};

    about("select");
    add(ep, n, EPOLLIN);
    FD_ZERO(&set);
    FD_SET(ep, &set);
    CALL(select(ep + 1, &set, NULL, NULL, &t));
    put(n);
    FD_SET(ep, &set);
    CALL(select(ep + 1, &set, NULL, NULL, &t));
    FD_SET(ep, &set);
    CALL(select(ep + 1, NULL, &set, NULL, &t));
}

static void handler(int sig)
{
    saw(" %d", sig);
}

static void interrupted(void)
{
    sigset_t usr, none;
    int ep = epoll_create1(0), n = counter(1);
    pid_t pid, me = getpid();

    about("signals");
    action_of(SIGUSR1, handler, SA_RESTART);
    pid = fork();
    if (pid == 0) {
        pause_ms(50);
        kill(me, SIGUSR1);
        _exit(0);
    }
    CALL(epoll_wait(ep, got, MOST, -1));
    waitpid(pid, NULL, 0);
    show_seen("restarting");
    sigemptyset(&none);
    sigemptyset(&usr);
    sigaddset(&usr, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr, NULL);
    kill(me, SIGUSR1);
    CALL(epoll_wait(ep, got, MOST, 1));
    show_seen("blocked");
    CALL(epoll_pwait(ep, got, MOST, 1, &usr));
    show_seen("blocked here");
    CALL(epoll_pwait(ep, got, MOST, 1000, &none));
    show_seen("let in");
    kill(me, SIGUSR1);
    CALL(epoll_wait(ep, got, MOST, 1));
    show_seen("blocked again");
    add(ep, n, EPOLLIN);
    CALL(epoll_pwait(ep, got, MOST, -1, &none));
    show_seen("something is ready");
    del(ep, n);
    CALL(epoll_pwait(ep, got, MOST, 0, &none));
    show_seen("at once");
}

static void kept(void)
{
    int ep = epoll_create1(0), n = counter(1), status;
    pid_t pid;

    about("children");
    add(ep, n, EPOLLIN);
    pid = fork();
    if (pid == 0) {
        show("the child's", ep);
        CALL(del(ep, n));
        _exit(0);
    }
    waitpid(pid, &status, 0);
    show("the parent's", ep);
    CALL(add(ep, n, EPOLLIN));
}

void theme_epoll(void)
{
    IN_CHILD(creating);
    IN_CHILD(control_errors);
    IN_CHILD(wait_errors);
    IN_CHILD(faults);
    IN_CHILD(levels);
    IN_CHILD(edges);
    IN_CHILD(shots);
    IN_CHILD(sockets);
    IN_CHILD(timers);
    IN_CHILD(ends);
    IN_CHILD(in_each_other);
    IN_CHILD(polled);
    IN_CHILD(interrupted);
    IN_CHILD(kept);
}
