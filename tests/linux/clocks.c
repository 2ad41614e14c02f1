/* SPDX-License-Identifier: MIT
 *
 * Theme clocks: clocks of all kinds told and set, sleeping on each, what was used, timers
 * that are files, and the wall clock set while somebody waits for it.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>

#include "compare.h"

#define BAD ((void *)16)

/* As the kernel has it. */
struct spec {
    long interval, interval_ns, value, value_ns;
};
struct event {
    int value, sig, notify, tid, unused[12];
};

static volatile int rings;

static void count(int sig)
{
    (void)sig;
    rings++;
}

static void show_clock(const char *what, int clock)
{
    struct timespec t = {-1, -1};
    long got = syscall(SYS_clock_gettime, clock, &t) ? errno : 0;

    say("%s: gettime %s, getres %s", what, got ? error_name((int)got) : "yes",
        syscall(SYS_clock_getres, clock, NULL) ? error_name(errno) : "yes");
}

#define CPU_CLOCK(pid, which) ((int)(~(unsigned)(pid) << 3 | (which)))

static void clocks(void)
{
    int tid = (int)syscall(SYS_gettid);
    struct timespec a, b, c;
    char name[32];
    pid_t pid;

    about("clocks");
    for (int clock = 0; clock <= 16; clock++) {
        if (clock == 8 || clock == 9)
            continue; /* as the machine has them */
        snprintf(name, sizeof(name), "clock %d", clock);
        show_clock(name, clock);
    }
    for (int which = 0; which < 8; which++) {
        snprintf(name, sizeof(name), "own %d", which);
        show_clock(name, CPU_CLOCK(0, which));
        snprintf(name, sizeof(name), "by number %d", which);
        show_clock(name, CPU_CLOCK(which & 4 ? tid : getpid(), which));
        snprintf(name, sizeof(name), "parent's %d", which);
        show_clock(name, CPU_CLOCK(getppid(), which));
        snprintf(name, sizeof(name), "nobody's %d", which);
        show_clock(name, CPU_CLOCK(30000, which));
    }
    CALL(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BAD));
    CALL(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, NULL));
    CALL(syscall(SYS_clock_gettime, 99, BAD));
    CALL(syscall(SYS_clock_gettime64, CLOCK_MONOTONIC, BAD));
    CALL(syscall(SYS_clock_getres, CLOCK_MONOTONIC, BAD));
    CALL(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &a));
    say("%ld.%09ld", a.tv_sec, a.tv_nsec);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    while (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec + 1000000);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &c);
    say("CPU time passes, the thread's is the process's: %d",
        llabs((c.tv_sec - b.tv_sec) * 1000000000ll + c.tv_nsec - b.tv_nsec) < 50000000);
    pid = fork();
    if (pid == 0)
        for (;;)
            continue;
    pause_ms(50);
    syscall(SYS_clock_gettime, CPU_CLOCK(pid, 2), &a);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    say("a child's: %d", a.tv_sec > 0 || a.tv_nsec > 1000000);
    CALL(syscall(SYS_clock_gettime, CPU_CLOCK(pid, 2), &a));
    about("setting");
    a = (struct timespec){1, 0};
    CALL(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &a));
    CALL(syscall(SYS_clock_settime, CLOCK_MONOTONIC, BAD));
    CALL(syscall(SYS_clock_settime, CLOCK_PROCESS_CPUTIME_ID, &a));
    CALL(syscall(SYS_clock_settime, CPU_CLOCK(0, 2), &a));
    CALL(syscall(SYS_clock_settime, 99, &a));
    CALL(syscall(SYS_clock_settime, CLOCK_REALTIME, BAD));
    CALL(syscall(SYS_clock_settime, CLOCK_REALTIME, NULL));
    a.tv_nsec = 1000000000;
    CALL(syscall(SYS_clock_settime, CLOCK_REALTIME, &a));
    a = (struct timespec){-1, 0};
    CALL(syscall(SYS_clock_settime, CLOCK_REALTIME, &a));
    CALL(syscall(SYS_settimeofday, BAD, NULL));
    CALL(syscall(SYS_settimeofday, NULL, BAD));
    CALL(syscall(SYS_settimeofday, NULL, NULL));
    CALL(syscall(SYS_settimeofday, &(struct timeval){-1, 0}, NULL));
    CALL(syscall(SYS_settimeofday, &(struct timeval){1, -1}, NULL));
    CALL(syscall(SYS_settimeofday, NULL, &(struct timezone){2000, 0}));
    CALL(syscall(SYS_gettimeofday, BAD, NULL));
    CALL(syscall(SYS_gettimeofday, NULL, NULL));
}

static void sleeps(void)
{
    static const int clocks[] = {0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 99, -1, -6, -2, -3};
    struct timespec t = {0, 1000000}, rest = {-1, -1}, now;
    struct itimerval v = {{0, 0}, {0, 20000}}, off = {{0, 0}, {0, 0}};

    about("clock_nanosleep");
    action_of(SIGALRM, count, SA_RESTART);
    for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        long result;

        setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {1, 0}}, NULL); /* its CPU time stands */
        result = syscall(SYS_clock_nanosleep, clocks[i], 0, &t, NULL);
        say("clock %d: %s", clocks[i], result ? error_name(errno) : "yes");
        setitimer(ITIMER_REAL, &off, NULL);
    }
    CALL(syscall(SYS_restart_syscall));
    CALL(syscall(SYS_clock_nanosleep, 99, 0, BAD, NULL));
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, NULL));
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, NULL, NULL));
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, BAD));
    CALL(syscall(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, BAD, NULL));
    t.tv_nsec = 1000000000;
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL));
    t.tv_nsec = -1;
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL));
    t = (struct timespec){-1, 0};
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL));
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    CALL(syscall(SYS_nanosleep, &t, NULL));
    CALL(syscall(SYS_nanosleep, BAD, NULL));
    t = (struct timespec){0, 5};
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    CALL(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    CALL(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &t, NULL));
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0x7ffffffe, &t, NULL));
    about("with a handler");
    t = (struct timespec){100, 0};
    setitimer(ITIMER_REAL, &v, NULL);
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, &rest));
    say("left: %d", rest.tv_sec == 99);
    setitimer(ITIMER_REAL, &v, NULL);
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, BAD));
    setitimer(ITIMER_REAL, &v, NULL);
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += 100;
    rest.tv_sec = -1;
    CALL(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &now, &rest));
    say("not told: %d", rest.tv_sec == -1);
    setitimer(ITIMER_REAL, &v, NULL);
    CALL(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &t, &rest));
    say("left: %d", rest.tv_sec >= 98);
}

static void stop_and_go(void)
{
    struct timespec t = {0, 100000000}, a, b;

    clock_gettime(CLOCK_MONOTONIC, &a);
    CALL(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL));
    clock_gettime(CLOCK_MONOTONIC, &b);
    say("slept what was left: %d",
        (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 99);
}

static void sleep_goes_on(void)
{
    pid_t pid = fork();
    int status;

    about("without a handler");
    if (pid == 0) {
        stop_and_go();
        _exit(0);
    }
    pause_ms(30);
    kill(pid, SIGSTOP);
    pause_ms(10);
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    say("status %#x", status);
}

/* CPU time. */
static bool some(const struct rusage *u)
{
    return u->ru_utime.tv_sec || u->ru_utime.tv_usec || u->ru_stime.tv_sec || u->ru_stime.tv_usec;
}

static void used(void)
{
    struct rusage u, c;
    struct tms t;
    char *pages;

    about("getrusage and times");
    CALL(syscall(SYS_getrusage, 2, &u));
    CALL(syscall(SYS_getrusage, -2, &u));
    CALL(syscall(SYS_getrusage, 5, BAD));
    CALL(syscall(SYS_getrusage, RUSAGE_SELF, BAD));
    CALL(syscall(SYS_getrusage, RUSAGE_CHILDREN, NULL));
    CALL(syscall(SYS_getrusage, RUSAGE_THREAD, BAD));
    CALL(getrusage(RUSAGE_SELF, &u));
    say("time %d, faults %d, switches %d", some(&u), u.ru_minflt > 0, u.ru_nvcsw > 0);
    CALL(getrusage(RUSAGE_THREAD, &c));
    say("time %d, faults %d, switches %d", some(&c), c.ru_minflt > 0, c.ru_nvcsw > 0);
    CALL(getrusage(RUSAGE_CHILDREN, &c));
    say("time %d, faults %d, resident %d, switches %d", some(&c), c.ru_minflt > 0, c.ru_maxrss > 0,
        c.ru_nvcsw > 0);
    pages = mmap(NULL, 64 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 64; i++)
        pages[i * PAGE] = 1;
    getrusage(RUSAGE_SELF, &c);
    say("faults: %d", c.ru_minflt >= u.ru_minflt + 60);
    munmap(pages, 64 * PAGE);
    getrusage(RUSAGE_SELF, &u);
    say("the most that was resident: %d", u.ru_maxrss >= c.ru_maxrss);
    CALL(syscall(SYS_times, BAD));
    CALL(syscall(SYS_times, NULL) > 0);
    CALL(syscall(SYS_times, &t) > 0);
    say("times: %d %d", t.tms_utime + t.tms_stime > 0, t.tms_cutime + t.tms_cstime > 0);
}

static void show_timer(int id)
{
    struct spec v;

    syscall(SYS_timer_gettime, id, &v);
    say("%s", v.value >= 998 ? "many seconds" : v.value || v.value_ns ? "soon" : "off");
}

static void show_count(int fd)
{
    unsigned long long n = 0;
    long got = read(fd, &n, sizeof(n));

    say("read: %s", got < 0 ? error_name(errno) : n == 0 ? "0" : n == 1 ? "1" : "many");
}

static void show_ready(int fd, int ms)
{
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};
    int n = poll(&p, 1, ms);

    say("poll: %d %#x", n, n > 0 ? p.revents : 0);
}

static void files(void)
{
    static const int clocks[] = {0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 99, -1};
    struct spec v = {0, 0, 0, 1000000}, old;
    int fd, other = open("/dev/null", O_RDWR);
    char byte[8];
    struct itimerval alarm_soon = {{0, 0}, {0, 20000}};

    about("timerfd");
    for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        fd = (int)syscall(SYS_timerfd_create, clocks[i], 0);
        say("clock %d: %s", clocks[i], fd < 0 ? error_name(errno) : "yes");
        close(fd);
    }
    CALL(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 1));
    fd = (int)syscall(SYS_timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK | O_CLOEXEC);
    SHOW(fcntl(fd, F_GETFD));
    CALL(syscall(SYS_timerfd_settime, 99, 0, &v, NULL));
    CALL(syscall(SYS_timerfd_settime, other, 0, &v, NULL));
    CALL(syscall(SYS_timerfd_settime, fd, 4, &v, NULL));
    CALL(syscall(SYS_timerfd_settime, fd, 0, NULL, NULL));
    CALL(syscall(SYS_timerfd_settime, 99, 0, BAD, NULL));
    CALL(syscall(SYS_timerfd_settime, fd, 0, &(struct spec){0, 0, -1, 0}, NULL));
    CALL(syscall(SYS_timerfd_settime, fd, 0, &(struct spec){0, 1000000000, 1, 0}, NULL));
    CALL(syscall(SYS_timerfd_gettime, 99, &old));
    CALL(syscall(SYS_timerfd_gettime, other, &old));
    CALL(syscall(SYS_timerfd_gettime, fd, BAD));
    CALL(syscall(SYS_timerfd_gettime64, fd, BAD));
    CALL(syscall(SYS_timerfd_settime64, fd, 0, BAD, NULL));
    CALL(read(fd, byte, 7));
    CALL(read(fd, byte, 8));
    CALL(write(fd, byte, 8));
    show_ready(fd, 0);
    CALL(syscall(SYS_timerfd_settime, fd, 0, &v, &old));
    say("was %ld.%09ld", old.value, old.value_ns);
    show_ready(fd, 2000);
    CALL(read(fd, BAD, 8));
    show_count(fd);
    CALL(syscall(SYS_timerfd_gettime, fd, &old));
    say("%ld.%09ld every %ld.%09ld", old.value, old.value_ns, old.interval, old.interval_ns);
    CALL(syscall(SYS_timerfd_settime, fd, 0, &(struct spec){0, 2000000, 0, 1}, NULL));
    pause_ms(30);
    show_ready(fd, 0);
    show_count(fd);
    show_ready(fd, 2000);
    CALL(syscall(SYS_timerfd_settime, fd, 0, &(struct spec){0, 0, 0, 0}, NULL));
    show_count(fd);
    about("waiting");
    fcntl(fd, F_SETFL, 0);
    CALL(syscall(SYS_timerfd_settime, fd, 0, &v, NULL));
    show_count(fd);
    CALL(syscall(SYS_timerfd_settime, fd, TIMER_ABSTIME, &(struct spec){0, 0, 0, 1}, NULL));
    show_count(fd);
    action_of(SIGALRM, count, 0);
    setitimer(ITIMER_REAL, &alarm_soon, NULL);
    show_count(fd);
    close(fd);
    close(other);
}

#define WAIT_AT_WALL (9 | 256) /* FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME */

/* A process that waits on a futex for a time of the wall clock, and exits with the error. */
static pid_t futex_waiter(time_t at)
{
    static int word;
    struct timespec then = {at, 0};
    pid_t pid = fork();

    if (pid == 0)
        _exit(syscall(SYS_futex, &word, WAIT_AT_WALL, 0, &then, NULL, -1) ? errno : 0);
    return pid;
}

/* The last, for it sets the clock, and back. */
static void clock_set(void)
{
    struct event e = {.sig = SIGUSR1};
    struct timespec now, then;
    int id, relative, status;
    pid_t pid, futex;

    about("the wall clock is set");
    clock_gettime(CLOCK_REALTIME, &now);
    syscall(SYS_timer_create, CLOCK_REALTIME, &e, &id);
    e.sig = SIGUSR2;
    syscall(SYS_timer_create, CLOCK_REALTIME, &e, &relative);
    rings = 0;
    action_of(SIGUSR1, count, 0);
    action_of(SIGUSR2, count, 0);
    syscall(SYS_timer_settime, id, TIMER_ABSTIME, &(struct spec){0, 0, now.tv_sec + 1000, 0}, NULL);
    syscall(SYS_timer_settime, relative, 0, &(struct spec){0, 0, 1000, 0}, NULL);
    pid = fork();
    if (pid == 0) {
        then = (struct timespec){now.tv_sec + 1000, 0};
        _exit(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &then, NULL) ? 1 : 0);
    }
    futex = futex_waiter(now.tv_sec + 1000);
    pause_ms(20);
    then = (struct timespec){now.tv_sec + 2000, now.tv_nsec};
    CALL(syscall(SYS_clock_settime, CLOCK_REALTIME, &then));
    waitpid(pid, NULL, 0);
    say("the sleeper woke");
    waitpid(futex, &status, 0);
    say("the futex's: %s", error_name(WEXITSTATUS(status)));
    pause_ms(20);
    say("rang: %d", rings);
    show_timer(id);
    show_timer(relative);
    CALL(syscall(SYS_settimeofday, &(struct timeval){now.tv_sec, 0}, NULL));
    clock_gettime(CLOCK_REALTIME, &then);
    say("back: %d", then.tv_sec - now.tv_sec < 5);
    show_timer(relative);
    syscall(SYS_timer_delete, id);
    syscall(SYS_timer_delete, relative);
}

void theme_clocks(void)
{
    clocks();
    sleeps();
    sleep_goes_on();
    used();
    files();
    clock_set();
}
