/* SPDX-License-Identifier: MIT
 *
 * Theme timers: setitimer, timer_create and its kin, overruns, and what becomes of them in
 * children. What is printed says how often and in which order, never how long.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "compare.h"

#define BAD ((void *)16)

/* As the kernel has it. */
struct spec {
    long interval, interval_ns, value, value_ns;
};
struct spec64 {
    long long interval, interval_ns, value, value_ns;
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

static void note(int sig, siginfo_t *info, void *context)
{
    (void)context;
    saw(" [%d code %d", sig, info->si_code);
    if (info->si_code == SI_TIMER)
        saw(" value %d overrun %s", info->si_int, info->si_overrun ? "yes" : "no");
    saw("]");
}

static void block(int how, int sig)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(how, &set, NULL);
}

/* Takes a signal that is blocked: what it says. */
static void take(int sig)
{
    struct timespec t = {2, 0};
    siginfo_t info;
    sigset_t set;

    memset(&info, 0, sizeof(info));
    sigemptyset(&set);
    sigaddset(&set, sig);
    if (sigtimedwait(&set, &info, &t) < 0) {
        say("took none");
        return;
    }
    note(sig, &info, NULL);
    show_seen("took");
    if (info.si_code == SI_TIMER)
        say("as many as getoverrun says: %d",
            info.si_overrun == syscall(SYS_timer_getoverrun, info.si_timerid));
}

/* Until the signal has come n times, or a second is over. */
static void burn_until(int n)
{
    time_t end = time(NULL) + 5;

    while (rings < n && time(NULL) < end)
        continue;
}

static void wait_until(int n)
{
    for (int ms = 0; rings < n && ms < 3000; ms += 5)
        pause_ms(5);
}

static void itimer_errors(void)
{
    struct itimerval v = {{0, 0}, {0, 0}}, old;

    about("setitimer");
    CALL(syscall(27, 1));
    CALL(syscall(SYS_setitimer, 3, &v, NULL));
    CALL(syscall(SYS_setitimer, -1, &v, NULL));
    CALL(syscall(SYS_setitimer, ITIMER_REAL, BAD, NULL));
    CALL(syscall(SYS_setitimer, 3, BAD, NULL));
    CALL(syscall(SYS_setitimer, ITIMER_REAL, &v, BAD));
    CALL(syscall(SYS_setitimer, ITIMER_REAL, NULL, NULL));
    CALL(syscall(SYS_setitimer, ITIMER_REAL, NULL, &old));
    CALL(syscall(SYS_getitimer, 3, &old));
    CALL(syscall(SYS_getitimer, 3, BAD));
    CALL(syscall(SYS_getitimer, ITIMER_REAL, BAD));
    CALL(syscall(SYS_getitimer, ITIMER_REAL, NULL));
    v.it_value.tv_usec = 1000000;
    CALL(syscall(SYS_setitimer, ITIMER_REAL, &v, NULL));
    v.it_value.tv_usec = -1;
    CALL(syscall(SYS_setitimer, ITIMER_REAL, &v, NULL));
    v.it_value.tv_usec = 0;
    v.it_value.tv_sec = -1;
    CALL(syscall(SYS_setitimer, ITIMER_REAL, &v, NULL));
    v.it_value.tv_sec = 0;
    v.it_interval.tv_usec = 1000000;
    CALL(syscall(SYS_setitimer, ITIMER_REAL, &v, NULL));
    v.it_interval.tv_usec = 5;
    v.it_interval.tv_sec = -5;
    CALL(syscall(SYS_setitimer, ITIMER_PROF, &v, NULL));
}

static void show_itimer(int which)
{
    struct itimerval v;

    getitimer(which, &v);
    say("timer %d: %s, every %ld.%06ld", which,
        v.it_value.tv_sec >= 999 ? "many seconds"
        : v.it_value.tv_sec      ? "seconds"
        : v.it_value.tv_usec     ? "soon"
                                 : "off",
        (long)v.it_interval.tv_sec, (long)v.it_interval.tv_usec);
}

static void itimer_values(void)
{
    static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF};

    about("values");
    for (int which = 0; which < 3; which++) {
        struct itimerval v = {{7, 3}, {1000, 1}}, old;

        show_itimer(which);
        CALL(setitimer(which, &v, NULL));
        show_itimer(which);
        v = (struct itimerval){{0, 0}, {0, 0}};
        CALL(setitimer(which, &v, &old));
        say("was every %ld.%06ld", (long)old.it_interval.tv_sec, (long)old.it_interval.tv_usec);
        show_itimer(which);
    }
    about("once");
    for (int which = 0; which < 3; which++) {
        struct itimerval v = {{0, 0}, {0, 20000}};

        rings = 0;
        action_of(signals[which], note, SA_SIGINFO);
        setitimer(which, &v, NULL);
        if (which == ITIMER_REAL) {
            CALL(pause());
        } else {
            for (time_t end = time(NULL) + 5; !seen[0] && time(NULL) < end;)
                continue;
        }
        show_seen("rang");
        show_itimer(which);
    }
    about("again and again");
    for (int which = 0; which < 3; which++) {
        struct itimerval v = {{0, 10000}, {0, 10000}};

        rings = 0;
        action_of(signals[which], count, 0);
        setitimer(which, &v, NULL);
        burn_until(4);
        say("rang at least 4 times: %d", rings >= 4);
        show_itimer(which);
        v = (struct itimerval){{0, 0}, {0, 0}};
        setitimer(which, &v, NULL);
    }
}

static void itimer_waits(void)
{
    struct itimerval v = {{0, 1000}, {0, 1000}};

    about("blocked");
    block(SIG_BLOCK, SIGALRM);
    setitimer(ITIMER_REAL, &v, NULL);
    pause_ms(30);
    take(SIGALRM);
    take(SIGALRM);
    v = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &v, NULL);
    about("interrupted sleep");
    v.it_value.tv_usec = 20000;
    block(SIG_UNBLOCK, SIGALRM);
    action_of(SIGALRM, count, SA_RESTART);
    setitimer(ITIMER_REAL, &v, NULL);
    CALL(nanosleep(&(struct timespec){50, 0}, NULL));
}

static void in_forked(void)
{
    show_itimer(ITIMER_REAL);
}

static void itimer_default(void)
{
    struct itimerval v = {{0, 0}, {0, 1000}};

    signal(SIGALRM, SIG_DFL);
    setitimer(ITIMER_REAL, &v, NULL);
    pause();
}

static void itimer_virtual_default(void)
{
    struct itimerval v = {{0, 0}, {0, 1000}};

    signal(SIGVTALRM, SIG_DFL);
    setitimer(ITIMER_VIRTUAL, &v, NULL);
    for (;;)
        continue;
}

static void itimer_children(void)
{
    struct itimerval v = {{0, 0}, {2000, 0}};

    about("children");
    setitimer(ITIMER_REAL, &v, NULL);
    IN_CHILD(in_forked);
    show_itimer(ITIMER_REAL);
    v.it_value.tv_sec = 0;
    setitimer(ITIMER_REAL, &v, NULL);
    IN_CHILD(itimer_default);
    IN_CHILD(itimer_virtual_default);
}

static int make(int clock, int notify, int sig, int value)
{
    struct event e = {
        .value = value, .sig = sig, .notify = notify, .tid = (int)syscall(SYS_gettid)};
    int id = -1;

    if (syscall(SYS_timer_create, clock, &e, &id))
        return -1;
    return id;
}

static void create_errors(void)
{
    static const int clocks[] = {0,  1,  2,  3,  4,  5,  6,  7,  10,     11,
                                 12, 16, 99, -1, -2, -3, -5, -6, INT_MIN};
    struct event e = {.sig = SIGUSR1};
    int id = -1;

    about("timer_create");
    CALL(syscall(SYS_timer_create, CLOCK_MONOTONIC, BAD, &id));
    CALL(syscall(SYS_timer_create, 99, BAD, &id));
    CALL(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, BAD));
    CALL(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, NULL));
    for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        long result = syscall(SYS_timer_create, clocks[i], &e, &id);

        say("clock %d: %s", clocks[i], result ? error_name(errno) : "yes");
        if (!result)
            syscall(SYS_timer_delete, id);
    }
    for (int notify = -1; notify <= 8; notify++) {
        long result;

        e = (struct event){.sig = SIGUSR1, .notify = notify, .tid = (int)syscall(SYS_gettid)};
        result = syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id);
        say("notify %d: %s", notify, result ? error_name(errno) : "yes");
        if (!result)
            syscall(SYS_timer_delete, id);
    }
    for (int sig = -1; sig <= 66; sig += sig == 1 ? 62 : 1) {
        long result;

        e = (struct event){.sig = sig};
        result = syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id);
        say("signal %d: %s", sig, result ? error_name(errno) : "yes");
        if (!result)
            syscall(SYS_timer_delete, id);
    }
    e = (struct event){.sig = 99, .notify = SIGEV_NONE};
    CALL(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id));
    CALL(syscall(SYS_timer_delete, id));
    CALL(syscall(SYS_timer_delete, id));
    e = (struct event){.sig = SIGUSR1, .notify = SIGEV_THREAD_ID, .tid = getppid()};
    CALL(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id));
    e.tid = 0;
    CALL(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id));
    e.tid = -5;
    CALL(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id));
}

static void settime_errors(void)
{
    struct spec v = {0, 0, 0, 0}, old;
    struct spec64 w = {0, 0, 0, 0};
    int id = make(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);

    about("timer_settime");
    CALL(syscall(SYS_timer_settime, id + 1, 0, &v, NULL));
    CALL(syscall(SYS_timer_settime, -1, 0, &v, NULL));
    CALL(syscall(SYS_timer_settime, id, 0, NULL, NULL));
    CALL(syscall(SYS_timer_settime, id, 0, BAD, NULL));
    CALL(syscall(SYS_timer_settime, id + 1, 0, BAD, NULL));
    CALL(syscall(SYS_timer_settime, id, 0, &v, BAD));
    CALL(syscall(SYS_timer_settime, id, 0x7ffffffe, &v, &old));
    v.value_ns = 1000000000;
    CALL(syscall(SYS_timer_settime, id, 0, &v, NULL));
    v.value_ns = -1;
    CALL(syscall(SYS_timer_settime, id, 0, &v, NULL));
    v.value_ns = 0;
    v.value = -1;
    CALL(syscall(SYS_timer_settime, id, 0, &v, NULL));
    v.value = 1;
    v.interval_ns = 1000000000;
    CALL(syscall(SYS_timer_settime, id, 0, &v, NULL));
    v.interval_ns = 0;
    v.interval = -1;
    CALL(syscall(SYS_timer_settime, id, 0, &v, NULL));
    v.interval = 0;
    CALL(syscall(SYS_timer_gettime, id, &old));
    CALL(syscall(SYS_timer_gettime, id, BAD));
    CALL(syscall(SYS_timer_gettime, id + 1, &old));
    CALL(syscall(SYS_timer_gettime, id + 1, BAD));
    CALL(syscall(SYS_timer_getoverrun, id + 1));
    CALL(syscall(SYS_timer_getoverrun, id));
    CALL(syscall(SYS_timer_delete, -1));
    CALL(syscall(SYS_timer_settime64, id, 0, NULL, NULL));
    CALL(syscall(SYS_timer_settime64, id, 0, BAD, NULL));
    CALL(syscall(SYS_timer_settime64, id, 0, &w, BAD));
    w.value_ns = 1000000000;
    CALL(syscall(SYS_timer_settime64, id, 0, &w, NULL));
    w.value_ns = 0;
    w.value = -1;
    CALL(syscall(SYS_timer_settime64, id, 0, &w, NULL));
    w.value = 100000000000;
    CALL(syscall(SYS_timer_settime64, id, 0, &w, NULL));
    memset(&w, 0, sizeof(w));
    CALL(syscall(SYS_timer_gettime64, id, &w));
    say("many seconds: %d", w.value > 1000000000);
    CALL(syscall(SYS_timer_gettime64, id, BAD));
    CALL(syscall(SYS_timer_gettime64, id + 1, &w));
    syscall(SYS_timer_delete, id);
}

static void show_timer(int id)
{
    struct spec v;

    syscall(SYS_timer_gettime, id, &v);
    say("%s, every %ld.%09ld",
        v.value >= 998 ? "many seconds"
        : v.value      ? "seconds"
        : v.value_ns   ? "soon"
                       : "off",
        v.interval, v.interval_ns);
}

static void set(int id, int flags, long ms, long interval_ms)
{
    struct spec v = {interval_ms / 1000, interval_ms % 1000 * 1000000, ms / 1000,
                     ms % 1000 * 1000000};

    if (syscall(SYS_timer_settime, id, flags, &v, NULL))
        say("settime: %s", error_name(errno));
}

static void timer_values(void)
{
    struct spec v = {3, 4, 1000, 5}, old;
    struct timespec now;
    int id, other;

    about("numbers and values");
    id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 5);
    other = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 5);
    say("next number: %d", other - id);
    syscall(SYS_timer_delete, other);
    say("and another: %d", make(CLOCK_REALTIME, SIGEV_NONE, 0, 0) - id);
    show_timer(id);
    CALL(syscall(SYS_timer_settime, id, 0, &v, &old));
    say("was %ld.%09ld", old.value, old.value_ns);
    show_timer(id);
    v = (struct spec){9, 9, 0, 0};
    CALL(syscall(SYS_timer_settime, id, 0, &v, &old));
    say("was every %ld.%09ld", old.interval, old.interval_ns);
    show_timer(id);
    clock_gettime(CLOCK_MONOTONIC, &now);
    v = (struct spec){0, 0, now.tv_sec + 1000, 0};
    CALL(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &v, &old));
    show_timer(id);
    syscall(SYS_timer_delete, id);
    about("no signal");
    id = make(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
    set(id, 0, 1, 0);
    pause_ms(10);
    show_timer(id);
    set(id, 0, 1, 1000);
    pause_ms(10);
    show_timer(id);
    CALL(syscall(SYS_timer_getoverrun, id));
    syscall(SYS_timer_delete, id);
}

static void timer_rings(void)
{
    static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
                                 CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};

    action_of(SIGUSR1, note, SA_SIGINFO);
    for (unsigned i = 0; i < 5; i++) {
        int id;

        say("# clock %d", clocks[i]);
        id = make(clocks[i], SIGEV_SIGNAL, SIGUSR1, 70 + (int)i);
        set(id, 0, 5, 0);
        for (time_t end = time(NULL) + 5; !seen[0] && time(NULL) < end;)
            continue;
        show_seen("rang");
        show_timer(id);
        set(id, TIMER_ABSTIME, 1, 0);
        for (time_t end = time(NULL) + 5; !seen[0] && time(NULL) < end;)
            continue;
        show_seen("rang, its time past");
        syscall(SYS_timer_delete, id);
        action_of(SIGUSR2, count, 0);
        rings = 0;
        id = make(clocks[i], SIGEV_THREAD_ID, SIGUSR2, 0);
        set(id, 0, 5, 5);
        burn_until(4);
        say("at least 4 times: %d", rings >= 4);
        show_timer(id);
        syscall(SYS_timer_delete, id);
    }
}

static void overruns(void)
{
    int id, other;

    about("overruns");
    block(SIG_BLOCK, SIGUSR1);
    id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 5);
    set(id, 0, 2, 2);
    pause_ms(40);
    take(SIGUSR1);
    pause_ms(40);
    take(SIGUSR1);
    pause_ms(40);
    set(id, 0, 0, 0);
    take(SIGUSR1);
    CALL(syscall(SYS_timer_getoverrun, id));
    set(id, 0, 2, 0);
    pause_ms(20);
    take(SIGUSR1);
    say("late: %ld", syscall(SYS_timer_getoverrun, id));
    about("two with one signal");
    other = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 6);
    set(id, 0, 2, 0);
    set(other, 0, 6, 0);
    pause_ms(30);
    kill(getpid(), SIGUSR1);
    take(SIGUSR1);
    take(SIGUSR1);
    syscall(SYS_timer_delete, id);
    syscall(SYS_timer_delete, other);
    about("smallest interval");
    id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 2, 5);
    block(SIG_BLOCK, SIGRTMIN + 2);
    syscall(SYS_timer_settime, id, 0, &(struct spec){0, 1, 0, 1}, NULL);
    pause_ms(20);
    take(SIGRTMIN + 2);
    take(SIGRTMIN + 2);
    syscall(SYS_timer_delete, id);
    signal(SIGRTMIN + 2, SIG_IGN); /* what Linux keeps of it */
    block(SIG_UNBLOCK, SIGRTMIN + 2);
    block(SIG_UNBLOCK, SIGUSR1);
}

static int inherited;

static void use_inherited(void)
{
    CALL(syscall(SYS_timer_delete, inherited));
    CALL(syscall(SYS_timer_getoverrun, inherited));
}

static void timer_kills(void)
{
    set(make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGKILL, 0), 0, 1, 0);
    pause();
}

static void timer_ignored(void)
{
    int id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);

    signal(SIGUSR1, SIG_IGN);
    set(id, 0, 5, 5);
    pause_ms(30);
    show_timer(id);
    action_of(SIGUSR1, count, 0);
    wait_until(3);
    say("goes on: %d", rings >= 3);
}

static void timer_children(void)
{
    about("children");
    inherited = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
    IN_CHILD(use_inherited);
    CALL(syscall(SYS_timer_getoverrun, inherited));
    syscall(SYS_timer_delete, inherited);
    IN_CHILD(timer_kills);
    rings = 0;
    IN_CHILD(timer_ignored);
}

void theme_timers(void)
{
    itimer_errors();
    itimer_values();
    itimer_waits();
    itimer_children();
    create_errors();
    settime_errors();
    timer_values();
    timer_rings();
    overruns();
    timer_children();
}
