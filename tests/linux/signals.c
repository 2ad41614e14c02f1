/* SPDX-License-Identifier: MIT
 *
 * Theme signals: actions, masks, queues, waiting, what is said to a handler, interrupted calls,
 * other stacks. Handlers note what they see; it is printed when they are done. Theme faults:
 * signals of faults, what a frame holds and what comes back from it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <time.h>

#include "compare.h"

static const char *sender(pid_t pid)
{
    return pid == getpid() ? "self" : pid == getppid() ? "parent" : pid == 0 ? "0" : "other";
}

static void plain(int sig)
{
    saw(" %d", sig);
}

static void with_info(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;

    saw(" [%d code %d from %s", sig, info->si_code, sender(info->si_pid));
    if (info->si_code == SI_QUEUE)
        saw(" value %d", info->si_value.sival_int);
    saw(" mask %llx]", *(const unsigned long long *)&uc->uc_sigmask);
}

static void block(int how, int first, int last)
{
    sigset_t set;

    sigemptyset(&set);
    for (int sig = first; sig <= last; sig++)
        sigaddset(&set, sig);
    sigprocmask(how, &set, NULL);
}

static unsigned long long pending(void)
{
    unsigned long long set = 0;

    syscall(SYS_rt_sigpending, &set, 8);
    return set;
}

static void raw_calls(void)
{
    struct {
        unsigned long handler, flags, restorer, mask[2];
    } act = {0}, old;
    unsigned long long set = ~0ull, was = 5;

    about("bad arguments");
    CALL(syscall(SYS_rt_sigaction, 0, &act, NULL, 8));
    CALL(syscall(SYS_rt_sigaction, 65, &act, NULL, 8));
    CALL(syscall(SYS_rt_sigaction, 64, NULL, NULL, 8));
    CALL(syscall(SYS_rt_sigaction, SIGKILL, &act, NULL, 8));
    CALL(syscall(SYS_rt_sigaction, SIGSTOP, &act, NULL, 8));
    CALL(syscall(SYS_rt_sigaction, SIGKILL, NULL, &old, 8));
    CALL(syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 4));
    CALL(syscall(SYS_rt_sigaction, SIGUSR1, 16, NULL, 8));
    CALL(syscall(SYS_rt_sigaction, SIGUSR1, NULL, 16, 8));
    act.handler = 0x1235;
    act.flags = SA_RESTART;
    act.mask[0] = 0xffffffff;
    CALL(syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8));
    CALL(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8));
    say("handler %#lx flags %#lx mask %lx %lx", old.handler, old.flags, old.mask[0], old.mask[1]);
    signal(SIGUSR1, SIG_DFL);
    CALL(syscall(SYS_rt_sigprocmask, 3, &set, NULL, 8));
    CALL(syscall(SYS_rt_sigprocmask, 3, NULL, &was, 8));
    CALL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 16, NULL, 8));
    CALL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 16, 8));
    CALL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16));
    CALL(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, &was, 8));
    say("was %llx", was);
    set = 0;
    CALL(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, &was, 8));
    say("was %llx", was);
    CALL(syscall(SYS_rt_sigpending, 16, 8));
    CALL(syscall(SYS_rt_sigpending, &set, 16));
    CALL(syscall(SYS_rt_sigpending, &set, 4));
    CALL(syscall(SYS_rt_sigsuspend, &set, 4));
    CALL(syscall(SYS_rt_sigsuspend, 16, 8));
    CALL(syscall(SYS_rt_sigtimedwait, 16, NULL, NULL, 8));
    CALL(syscall(SYS_rt_sigtimedwait, &set, NULL, 16, 8));
    CALL(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4));
    CALL(syscall(SYS_sigaltstack, 16, NULL));
    CALL(syscall(SYS_sigaltstack, NULL, 16));
}

static void sending(void)
{
    siginfo_t info = {.si_code = SI_QUEUE};

    about("sending to nobody, or nothing");
    CALL(kill(getpid(), 0));
    CALL(kill(getpid(), 65));
    CALL(kill(getpid(), -1));
    CALL(kill(32000, 0));
    CALL(kill(-32000, 0));
    CALL(kill(-2147483647 - 1, 0));
    CALL(syscall(SYS_tkill, getpid(), 0));
    CALL(syscall(SYS_tkill, 0, 0));
    CALL(syscall(SYS_tkill, 32000, 0));
    CALL(syscall(SYS_tkill, getpid(), 65));
    CALL(syscall(SYS_tgkill, getpid(), getpid(), 0));
    CALL(syscall(SYS_tgkill, getppid(), getpid(), 0));
    CALL(syscall(SYS_tgkill, -1, getpid(), 0));
    CALL(syscall(SYS_tgkill, getpid(), 32000, 0));
    CALL(syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info));
    CALL(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info));
    CALL(syscall(SYS_rt_sigqueueinfo, 32000, SIGUSR1, &info));
    CALL(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, 16));
    info.si_code = 0;
    CALL(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info));
    info.si_code = SI_TKILL;
    CALL(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info));
}

static void handled(void)
{
    about("handlers");
    action_of(SIGUSR1, plain, 0);
    action_of(SIGUSR2, with_info, SA_SIGINFO);
    CALL(raise(SIGUSR1));
    CALL(kill(getpid(), SIGUSR2));
    show_seen("two");
    CALL(syscall(SYS_tkill, getpid(), SIGUSR2));
    CALL(sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = -77}));
    show_seen("thread, queue");
    action_of(SIGUSR1, plain, SA_RESETHAND);
    CALL(raise(SIGUSR1));
    show_seen("once");
    struct sigaction act;
    CALL(sigaction(SIGUSR1, NULL, &act));
    SHOW(act.sa_handler == SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
}

static void order(void)
{
    about("order of what was blocked");
    for (int sig = SIGRTMIN - 2; sig <= SIGRTMAX; sig++)
        action_of(sig, with_info, SA_SIGINFO);
    action_of(SIGUSR1, with_info, SA_SIGINFO);
    action_of(SIGSEGV, plain, 0);
    action_of(SIGALRM, plain, 0);
    block(SIG_BLOCK, 1, 64);
    for (int i = 0; i < 3; i++) {
        kill(getpid(), SIGUSR1);
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 10 + i});
    }
    kill(getpid(), SIGALRM);
    kill(getpid(), SIGSEGV);
    say("pending %llx", pending());
    block(SIG_UNBLOCK, SIGRTMIN + 1, SIGRTMIN + 1);
    show_seen("one of them");
    say("pending %llx", pending());
    block(SIG_UNBLOCK, 1, 64);
    show_seen("all");
    say("pending %llx", pending());
    for (int sig = SIGRTMIN - 2; sig <= SIGRTMAX; sig++)
        signal(sig, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
}

static void ignored_later(void)
{
    about("pending, then ignored");
    block(SIG_BLOCK, 1, 64);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGCHLD);
    kill(getpid(), SIGWINCH);
    say("pending %llx", pending());
    signal(SIGUSR1, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    say("pending %llx", pending());
    kill(getpid(), SIGUSR1);
    say("ignored and blocked: pending %llx", pending());
    block(SIG_UNBLOCK, 1, 64);
    say("pending %llx", pending());
    signal(SIGUSR1, SIG_DFL);
}

static void again(int sig)
{
    static int calls;

    saw(" (%d", sig);
    if (calls++ % 3 < 2)
        raise(sig);
    saw(")");
}

static void nesting(void)
{
    struct sigaction act = {.sa_handler = again};

    about("a handler's own mask");
    action_of(SIGUSR1, again, 0);
    raise(SIGUSR1);
    show_seen("deferred");
    action_of(SIGUSR1, again, SA_NODEFER);
    raise(SIGUSR1);
    show_seen("not deferred");
    sigfillset(&act.sa_mask);
    sigaction(SIGUSR1, &act, NULL);
    raise(SIGUSR1);
    show_seen("all blocked");
    signal(SIGUSR1, SIG_DFL);
}

/* A child that sends sig to its parent after a while, n times. */
static pid_t sends(int sig, int n)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (; n > 0; n--) {
            pause_ms(60);
            kill(getppid(), sig);
        }
        pause_ms(60);
        _exit(3);
    }
    return pid;
}

static void waits(int flags)
{
    int status = 0;
    pid_t pid;
    long got;

    action_of(SIGUSR1, plain, flags);
    pid = sends(SIGUSR1, 1);
    got = waitpid(pid, &status, 0);
    say("waitpid: %s, status %#x", got == pid ? "the child" : error_name(errno), (unsigned)status);
    show_seen("handled");
    if (got < 0)
        waitpid(pid, &status, 0);
}

static bool about_ms(const struct timespec *t, long least, long most)
{
    long ms = t->tv_sec * 1000 + t->tv_nsec / 1000000;

    return ms >= least && ms <= most;
}

static void sleeps(void)
{
    struct timespec time = {.tv_sec = 5}, rest = {.tv_sec = 99};
    pid_t pid = sends(SIGUSR1, 1);
    long got = syscall(SYS_nanosleep, &time, &rest);

    say("nanosleep: %s, some time left: %d", got ? error_name(errno) : "0",
        about_ms(&rest, 3000, 4999));
    waitpid(pid, NULL, 0);
    rest.tv_sec = 99;
    pid = sends(SIGWINCH, 2);
    time = (struct timespec){.tv_nsec = 300000000};
    got = syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, &rest);
    say("clock_nanosleep with signals that nobody handles: %s, rest %ld",
        got ? error_name(errno) : "0", (long)rest.tv_sec);
    waitpid(pid, NULL, 0);
    pid = sends(SIGUSR1, 100);
    time = (struct timespec){.tv_sec = 1000000};
    got = syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time, 16);
    say("absolute: %s", got ? error_name(errno) : "0");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    seen[0] = '\0';
}

static void interrupted(void)
{
    pid_t pid;

    about("interrupted calls");
    waits(0);
    waits(SA_RESTART);
    sleeps();
    action_of(SIGUSR1, plain, SA_RESTART);
    pid = sends(SIGUSR1, 100); /* the first may come too early */
    CALL(pause());
    say("pause:%.3s", seen);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    signal(SIGUSR1, SIG_DFL);
    seen[0] = '\0';
}

static void suspending(void)
{
    sigset_t none, all;
    pid_t pid;

    about("sigsuspend");
    sigemptyset(&none);
    sigfillset(&all);
    action_of(SIGUSR1, with_info, SA_SIGINFO);
    block(SIG_BLOCK, SIGUSR1, SIGUSR1);
    kill(getpid(), SIGUSR1);
    show_seen("blocked");
    CALL(sigsuspend(&none));
    show_seen("in sigsuspend");
    say("pending %llx", pending());
    pid = sends(SIGUSR1, 1);
    CALL(sigsuspend(&none));
    show_seen("from another");
    kill(getpid(), SIGUSR1);
    say("blocked again: pending %llx", pending());
    block(SIG_UNBLOCK, SIGUSR1, SIGUSR1);
    show_seen("at last");
    waitpid(pid, NULL, 0);
    signal(SIGUSR1, SIG_DFL);
}

static void wait_of(int first, int last, const struct timespec *time)
{
    siginfo_t info;
    sigset_t set;
    int got;

    memset(&info, 0x55, sizeof(info));
    sigemptyset(&set);
    for (int sig = first; sig <= last; sig++)
        sigaddset(&set, sig);
    got = sigtimedwait(&set, &info, time);
    if (got < 0)
        say("sigtimedwait: %s", error_name(errno));
    else
        say("sigtimedwait: %d signo %d code %d from %s value %d", got, info.si_signo, info.si_code,
            sender(info.si_pid), info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
}

static void timed(void)
{
    const struct timespec none = {0}, little = {.tv_nsec = 50000000}, long_time = {.tv_sec = 5},
                          bad = {.tv_nsec = 1000000000};
    pid_t pid;

    about("sigtimedwait");
    block(SIG_BLOCK, 1, 64);
    wait_of(SIGUSR1, SIGUSR1, &none);
    wait_of(SIGUSR1, SIGUSR1, &little);
    wait_of(SIGUSR1, SIGUSR1, &bad);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    wait_of(SIGUSR1, SIGUSR2, &none);
    wait_of(SIGUSR1, SIGUSR2, &none);
    wait_of(SIGUSR1, SIGUSR2, &none);
    for (int i = 0; i < 2; i++)
        sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = i});
    wait_of(SIGRTMIN + 3, SIGRTMIN + 3, &long_time);
    wait_of(SIGRTMIN + 3, SIGRTMIN + 3, &long_time);
    pid = sends(SIGUSR1, 1);
    wait_of(SIGUSR1, SIGUSR1, &long_time);
    wait_of(SIGCHLD, SIGCHLD, &long_time); /* its default action is nothing, but it is blocked */
    waitpid(pid, NULL, 0);
    block(SIG_UNBLOCK, 1, 64);
    action_of(SIGUSR2, plain, SA_RESTART);
    pid = sends(SIGUSR2, 1);
    wait_of(SIGUSR1, SIGUSR1, &long_time);
    show_seen("another one");
    waitpid(pid, NULL, 0);
    signal(SIGUSR2, SIG_DFL);
}

static const char own_name[] = "own";
static char *own_stack;

static void where(int sig)
{
    char here;
    stack_t stack;

    saw(" %d %s", sig, &here >= own_stack && &here < own_stack + 16384 ? own_name : "main");
    sigaltstack(NULL, &stack);
    saw(" flags %x", stack.ss_flags);
    stack.ss_flags = SS_DISABLE;
    saw(" change %s", sigaltstack(&stack, NULL) ? error_name(errno) : "0");
}

static int overflow(int n)
{
    volatile char big[4096];

    big[n % 4096] = (char)n;
    return overflow(n + 1) + big[n % 4096];
}

static sigjmp_buf back;

static void jump(int sig, siginfo_t *info, void *context)
{
    char here;

    (void)context;
    saw(" %d code %d on %s", sig, info->si_code,
        &here >= own_stack && &here < own_stack + 16384 ? own_name : "main");
    siglongjmp(back, 1);
}

static void other_stacks(void)
{
    stack_t stack = {.ss_size = 16384}, old;

    about("other stacks");
    own_stack = malloc(16384);
    stack.ss_sp = own_stack;
    CALL(sigaltstack(NULL, &old));
    say("flags %x size %zu", old.ss_flags, old.ss_size);
    stack.ss_size = 2047;
    CALL(sigaltstack(&stack, NULL));
    stack.ss_size = 16384;
    stack.ss_flags = 4;
    CALL(sigaltstack(&stack, NULL));
    stack.ss_flags = 0;
    CALL(sigaltstack(&stack, &old));
    action_of(SIGUSR1, where, SA_ONSTACK);
    raise(SIGUSR1);
    show_seen("on it");
    action_of(SIGUSR1, where, 0);
    raise(SIGUSR1);
    show_seen("not on it");
    CALL(sigaltstack(NULL, &old));
    say("flags %x size %zu", old.ss_flags, old.ss_size);
    CALL(sigaltstack(&stack, NULL));
    action_of(SIGSEGV, jump, SA_ONSTACK | SA_SIGINFO);
    if (!sigsetjmp(back, 1))
        overflow(0);
    show_seen("stack overflow");
    if (!sigsetjmp(back, 1))
        overflow(0);
    show_seen("once more");
    stack.ss_flags = SS_DISABLE;
    CALL(sigaltstack(&stack, NULL));
    IN_CHILD((void (*)(void))overflow);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    free(own_stack);
}

static void each_default(void)
{
    about("what each signal does to a child");
    for (int sig = 1; sig <= 64; sig++) {
        int status;
        pid_t pid = fork();

        if (pid == 0) {
            signal(sig, SIG_DFL);
            kill(getpid(), sig);
            _exit(7);
        }
        waitpid(pid, &status, WUNTRACED);
        say("%d: %s %d", sig,
            WIFSIGNALED(status)  ? "killed by"
            : WIFSTOPPED(status) ? "stopped by"
                                 : "exited with",
            WIFSIGNALED(status)  ? WTERMSIG(status)
            : WIFSTOPPED(status) ? WSTOPSIG(status)
                                 : WEXITSTATUS(status));
        if (WIFSTOPPED(status)) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            say("and then: status %#x", (unsigned)status);
        }
    }
}

void theme_signals(void)
{
    raw_calls();
    sending();
    handled();
    order();
    ignored_later();
    nesting();
    interrupted();
    suspending();
    timed();
    other_stacks();
    each_default();
}
