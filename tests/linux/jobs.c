/* SPDX-License-Identifier: MIT
 *
 * Theme jobs: standing still and going on, what wait and SIGCHLD say of it, children that nobody
 * waits for, groups, sessions and orphans.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "compare.h"

static volatile int *shared;

static void show_status(const char *what, long result, pid_t pid, int status)
{
    say("%s: %s, %s %d", what,
        result == pid ? "the child"
        : result > 0  ? "another"
        : result == 0 ? "nobody"
                      : error_name(errno),
        WIFSTOPPED(status)     ? "stopped by"
        : WIFCONTINUED(status) ? "continued"
        : WIFSIGNALED(status)  ? "killed by"
                               : "exited with",
        WIFSTOPPED(status)     ? WSTOPSIG(status)
        : WIFCONTINUED(status) ? 0
        : WIFSIGNALED(status)  ? WTERMSIG(status)
                               : WEXITSTATUS(status));
}

static void await(pid_t pid, int options, const char *what)
{
    int status = 0;
    long result = waitpid(pid, &status, options);

    show_status(what, result, pid, status);
}

#define AWAIT(options) await(pid, options, #options)

static void chld(int sig, siginfo_t *info, void *context)
{
    (void)context;
    saw(" [%d code %d status %d]", sig, info->si_code, info->si_status);
}

static void on_chld(int flags)
{
    action_of(SIGCHLD, chld, SA_SIGINFO | SA_RESTART | flags);
}

static pid_t counter(void)
{
    pid_t pid = fork();

    if (pid == 0)
        for (;;) {
            ++*shared;
            pause_ms(5);
        }
    return pid;
}

static bool counts(void)
{
    int before = *shared;

    pause_ms(60);
    return *shared != before;
}

static void goes_on(void)
{
    for (int before = *shared; *shared == before;)
        pause_ms(1);
    say("counts again");
}

static void stop_and_go(int sig)
{
    pid_t pid = counter();

    while (!*shared)
        pause_ms(1);
    kill(pid, sig);
    AWAIT(WUNTRACED);
    show_seen("SIGCHLD");
    say("counts: %d", counts());
    AWAIT(WUNTRACED | WNOHANG);
    AWAIT(WNOHANG);
    kill(pid, SIGCONT);
    AWAIT(WCONTINUED);
    goes_on(); /* by then Linux, too, has told its parent */
    show_seen("SIGCHLD");
    AWAIT(WCONTINUED | WNOHANG);
    kill(pid, sig);
    AWAIT(WUNTRACED);
    kill(pid, SIGTERM); /* not taken while it stands still */
    pause_ms(30);
    AWAIT(WNOHANG);
    kill(pid, SIGCONT);
    AWAIT(0);
    *shared = 0;
    seen[0] = '\0';
}

static void stopping(void)
{
    pid_t pid;

    about("standing still");
    on_chld(0);
    stop_and_go(SIGSTOP);
    about("SIGTSTP, and SIGCHLD not for that");
    on_chld(SA_NOCLDSTOP);
    stop_and_go(SIGTSTP);
    about("killed while it stands still");
    pid = counter();
    kill(pid, SIGSTOP);
    AWAIT(WUNTRACED);
    kill(pid, SIGKILL);
    AWAIT(0);
    signal(SIGCHLD, SIG_DFL);
    seen[0] = '\0';
    *shared = 0;
}

/* SIGCHLD interrupts a wait, but the child that it tells of is there. */
static void told_and_waited(void)
{
    struct sigaction act = {.sa_sigaction = chld, .sa_flags = SA_SIGINFO};
    pid_t pid;

    about("SIGCHLD of the child that is waited for");
    sigaction(SIGCHLD, &act, NULL);
    for (int i = 0; i < 3; i++) {
        pid = fork();
        if (pid == 0) {
            pause_ms(20);
            _exit(i);
        }
        AWAIT(0);
    }
    show_seen("SIGCHLD");
    signal(SIGCHLD, SIG_DFL);
}

static void by_waitid(void)
{
    siginfo_t info;
    pid_t pid = counter();

    about("waitid");
    kill(pid, SIGSTOP);
    memset(&info, 0, sizeof(info));
    CALL(waitid(P_ALL, 0, &info, WSTOPPED | WNOWAIT));
    say("code %d status %d signo %d", info.si_code, info.si_status, info.si_signo);
    memset(&info, 0, sizeof(info));
    CALL(waitid(P_ALL, 0, &info, WSTOPPED));
    say("code %d status %d", info.si_code, info.si_status);
    memset(&info, 0, sizeof(info));
    CALL(waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG));
    say("code %d status %d", info.si_code, info.si_status);
    kill(pid, SIGCONT);
    CALL(waitid(P_PID, (id_t)pid, &info, WCONTINUED));
    say("code %d status %d", info.si_code, info.si_status);
    kill(pid, SIGKILL);
    CALL(waitid(P_PID, (id_t)pid, &info, WEXITED));
    say("code %d status %d", info.si_code, info.si_status);
    *shared = 0;
}

static void cont_noted(int sig)
{
    *shared = sig;
}

/* A handler of SIGCONT runs; the sleep that was interrupted by the stop goes on. */
static void continued_child(void)
{
    struct timespec time = {.tv_nsec = 200000000};
    long got;

    signal(SIGCONT, cont_noted);
    got = nanosleep(&time, NULL);
    say("nanosleep over a stop with a handler: %s", got ? error_name(errno) : "0");
    signal(SIGCONT, SIG_DFL);
    *shared = 1;
    got = nanosleep(&time, NULL);
    say("without: %s", got ? error_name(errno) : "0");
}

static void sleeping_over_it(void)
{
    pid_t pid = fork();

    about("asleep over a stop");
    if (pid == 0) {
        continued_child();
        _exit(0);
    }
    pause_ms(40);
    kill(pid, SIGSTOP);
    AWAIT(WUNTRACED);
    kill(pid, SIGCONT);
    while (*shared != 1)
        pause_ms(1);
    pause_ms(20);
    kill(pid, SIGSTOP);
    AWAIT(WUNTRACED);
    kill(pid, SIGCONT);
    AWAIT(0);
    *shared = 0;
}

static void opposite_child(void)
{
    sigset_t set;
    unsigned long long pending;

    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGTSTP);
    kill(getpid(), SIGTTIN);
    kill(getpid(), SIGCONT);
    syscall(SYS_rt_sigpending, &pending, 8);
    say("after SIGCONT: %llx", pending);
    kill(getpid(), SIGTTOU);
    syscall(SYS_rt_sigpending, &pending, 8);
    say("after SIGTTOU: %llx", pending);
}

static void not_waited_for(void)
{
    struct sigaction act = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    pid_t pid;
    int status;

    about("children that nobody waits for");
    signal(SIGCHLD, SIG_IGN);
    if ((pid = fork()) == 0)
        _exit(1);
    CALL(waitpid(-1, &status, 0));
    sigaction(SIGCHLD, &act, NULL);
    if ((pid = fork()) == 0)
        _exit(2);
    CALL(waitpid(-1, &status, 0));
    on_chld(SA_NOCLDWAIT);
    if ((pid = fork()) == 0)
        _exit(3);
    CALL(waitpid(-1, &status, 0));
    show_seen("SIGCHLD");
    signal(SIGCHLD, SIG_DFL);
}

/* Members of group `pgid` by steps; each child sleeps until it is told. */
static pid_t member(pid_t pgid)
{
    pid_t pid = fork();

    if (pid == 0) {
        setpgid(0, pgid);
        for (;;)
            pause_ms(1000);
    }
    setpgid(pid, pgid);
    return pid;
}

static void groups(void)
{
    pid_t first, second, pid;
    int status;

    about("groups");
    first = member(0);
    second = member(first);
    SHOW(getpgid(second) == first);
    CALL(kill(-first, SIGSTOP));
    pid = first;
    AWAIT(WUNTRACED);
    pid = second;
    AWAIT(WUNTRACED);
    CALL(kill(-first, SIGCONT));
    CALL(kill(-first, SIGTERM));
    SHOW(waitpid(-first, &status, 0) > 0);
    SHOW(waitpid(-first, &status, 0) > 0);
    CALL(waitpid(-first, &status, 0));
    CALL(kill(-first, SIGTERM));
}

static void orphan_note(int sig)
{
    shared[sig == SIGHUP ? 1 : 2]++;
}

/* A leader makes a member of its group stand still, and ends: the group is an orphan then, since
 * its member's new parent is of another session or process 1. */
static void leader(void)
{
    int status;
    pid_t pid;

    setsid();
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        signal(SIGHUP, orphan_note);
        signal(SIGCONT, orphan_note);
        kill(getpid(), SIGSTOP);
        shared[3] = 1;
        kill(getpid(), SIGTSTP); /* nobody could continue it */
        shared[3] = 2;
        _exit(0);
    }
    waitpid(pid, &status, WUNTRACED);
}

/* The leader of a session has no parent in it, so its group is an orphan from the beginning: a
 * member that ends hangs nobody up. */
static void lone_group(void)
{
    pid_t pid, other;
    int status;

    setsid();
    signal(SIGHUP, orphan_note);
    pid = fork();
    if (pid == 0)
        for (;;)
            pause_ms(1000);
    kill(pid, SIGSTOP);
    AWAIT(WUNTRACED);
    other = fork();
    if (other == 0)
        _exit(0);
    waitpid(other, &status, 0);
    say("SIGHUP %d", shared[1]);
    AWAIT(WUNTRACED | WNOHANG);
    kill(pid, SIGKILL);
    AWAIT(0);
}

static void orphans(void)
{
    about("orphans");
    IN_CHILD(lone_group);
    IN_CHILD(leader);
    for (int i = 0; i < 200 && shared[3] != 2; i++)
        pause_ms(10);
    say("SIGHUP %d SIGCONT %d came to step %d", shared[1], shared[2], shared[3]);
}

/* In a group of its own, whose parent is of its session: one that can be stopped by a terminal. */
static void all(void)
{
    setpgid(0, 0);
    stopping();
    told_and_waited();
    by_waitid();
    sleeping_over_it();
    about("SIGCONT and stops take each other back");
    IN_CHILD(opposite_child);
    not_waited_for();
    groups();
    orphans();
}

void theme_jobs(void)
{
    shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    IN_CHILD(all);
    munmap((void *)shared, PAGE);
}
