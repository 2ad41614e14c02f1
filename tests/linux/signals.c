/* SPDX-License-Identifier: MIT
 *
 * Theme signals: actions, masks, queues, waiting, what is said to a handler, interrupted calls,
 * other stacks. Handlers note what they see; it is printed when they are done. Theme faults:
 * signals of faults, what a frame holds and what comes back from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <time.h>

#include "compare.h"

static char notes[2048];

static void note(const char *format, ...)
{
    va_list args;
    size_t n = strlen(notes);

    va_start(args, format);
    vsnprintf(notes + n, sizeof(notes) - n, format, args);
    va_end(args);
}

static void show_notes(const char *when)
{
    say("%s:%s", when, notes[0] ? notes : " nothing");
    notes[0] = '\0';
}

static const char *sender(pid_t pid)
{
    return pid == getpid() ? "self" : pid == getppid() ? "parent" : pid == 0 ? "0" : "other";
}

static void plain(int sig)
{
    note(" %d", sig);
}

static void with_info(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;

    note(" [%d code %d from %s", sig, info->si_code, sender(info->si_pid));
    if (info->si_code == SI_QUEUE)
        note(" value %d", info->si_value.sival_int);
    note(" mask %llx]", *(const unsigned long long *)&uc->uc_sigmask);
}

static int action_of(int sig, void *handler, int flags)
{
    struct sigaction act = {.sa_flags = flags};

    if (flags & SA_SIGINFO)
        act.sa_sigaction = handler;
    else
        act.sa_handler = handler;
    return sigaction(sig, &act, NULL);
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
    show_notes("two");
    CALL(syscall(SYS_tkill, getpid(), SIGUSR2));
    CALL(sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = -77}));
    show_notes("thread, queue");
    action_of(SIGUSR1, plain, SA_RESETHAND);
    CALL(raise(SIGUSR1));
    show_notes("once");
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
    show_notes("one of them");
    say("pending %llx", pending());
    block(SIG_UNBLOCK, 1, 64);
    show_notes("all");
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

    note(" (%d", sig);
    if (calls++ % 3 < 2)
        raise(sig);
    note(")");
}

static void nesting(void)
{
    struct sigaction act = {.sa_handler = again};

    about("a handler's own mask");
    action_of(SIGUSR1, again, 0);
    raise(SIGUSR1);
    show_notes("deferred");
    action_of(SIGUSR1, again, SA_NODEFER);
    raise(SIGUSR1);
    show_notes("not deferred");
    sigfillset(&act.sa_mask);
    sigaction(SIGUSR1, &act, NULL);
    raise(SIGUSR1);
    show_notes("all blocked");
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
    show_notes("handled");
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
    notes[0] = '\0';
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
    say("pause:%.3s", notes);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    signal(SIGUSR1, SIG_DFL);
    notes[0] = '\0';
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
    show_notes("blocked");
    CALL(sigsuspend(&none));
    show_notes("in sigsuspend");
    say("pending %llx", pending());
    pid = sends(SIGUSR1, 1);
    CALL(sigsuspend(&none));
    show_notes("from another");
    kill(getpid(), SIGUSR1);
    say("blocked again: pending %llx", pending());
    block(SIG_UNBLOCK, SIGUSR1, SIGUSR1);
    show_notes("at last");
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
    show_notes("another one");
    waitpid(pid, NULL, 0);
    signal(SIGUSR2, SIG_DFL);
}

static const char own_name[] = "own";
static char *own_stack;

static void where(int sig)
{
    char here;
    stack_t stack;

    note(" %d %s", sig, &here >= own_stack && &here < own_stack + 16384 ? own_name : "main");
    sigaltstack(NULL, &stack);
    note(" flags %x", stack.ss_flags);
    stack.ss_flags = SS_DISABLE;
    note(" change %s", sigaltstack(&stack, NULL) ? error_name(errno) : "0");
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
    note(" %d code %d on %s", sig, info->si_code,
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
    show_notes("on it");
    action_of(SIGUSR1, where, 0);
    raise(SIGUSR1);
    show_notes("not on it");
    CALL(sigaltstack(NULL, &old));
    say("flags %x size %zu", old.ss_flags, old.ss_size);
    CALL(sigaltstack(&stack, NULL));
    action_of(SIGSEGV, jump, SA_ONSTACK | SA_SIGINFO);
    if (!sigsetjmp(back, 1))
        overflow(0);
    show_notes("stack overflow");
    if (!sigsetjmp(back, 1))
        overflow(0);
    show_notes("once more");
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

/* Faults. */

static void fault_info(int sig, siginfo_t *info, void *context)
{
    const mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    const char *at = info->si_addr;

    note(" %d code %d", sig, info->si_code);
    if (at >= AT(0) && at < AT(256))
        note(" at page %u + %u", (unsigned)(at - AT(0)) / PAGE, (unsigned)(at - AT(0)) % PAGE);
    else
        note(" at %s", at == (char *)m->arm_pc ? "pc" : at == NULL ? "0" : "elsewhere");
    if (sig == SIGSEGV ||
        sig == SIGBUS) /* page or section, and a domain, are the kernel's business */
        note(" trap %lu error %#lx address %s", m->trap_no, m->error_code & 0x80000800,
             m->fault_address == (unsigned long)at ? "the same" : "another");
    siglongjmp(back, 1);
}

#define FAULT(what)                                                                                \
    do {                                                                                           \
        if (!sigsetjmp(back, 1)) {                                                                 \
            what;                                                                                  \
            note(" no fault");                                                                     \
        }                                                                                          \
        show_notes(#what);                                                                         \
    } while (0)

static void faults(void)
{
    int fd = file_make("f", PAGE);

    about("faults");
    for (int sig = SIGILL; sig <= SIGSEGV; sig++)
        if (sig == SIGILL || sig == SIGTRAP || sig == SIGBUS || sig == SIGSEGV)
            action_of(sig, fault_info, SA_SIGINFO);
    fresh(0, 1);
    map(AT(1), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    map(AT(2), PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    map(AT(3), 2 * PAGE, RW, SHAR_FIX, fd, 0);
    FAULT(*(volatile char *)(AT(1) + 5) = 1);
    FAULT((void)*(volatile char *)(AT(2) + 6));
    FAULT((void)*(volatile char *)(AT(8) + 7));
    FAULT(*(volatile char *)(AT(9) + 8) = 1);
    FAULT((void)*(volatile char *)(AT(4) + 9));
    FAULT(*(volatile char *)(AT(4) + 10) = 1);
    FAULT(((void (*)(void))AT(0))());
    FAULT(__asm__ volatile(".inst.w 0xf7f0a000"));
    FAULT(__asm__ volatile(".inst.n 0xde01"));
    FAULT(__asm__ volatile(".inst.n 0xde40"));
    FAULT(*(volatile char *)0 = 1);
    for (int sig = SIGILL; sig <= SIGSEGV; sig++)
        signal(sig, SIG_DFL);
    window_clear();
    close(fd);
}

static void skip(int sig, siginfo_t *info, void *context)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;

    (void)info;
    note(" %d", sig);
    m->arm_r0 = 0x1234;
    m->arm_pc += 4;
}

static void context_changes(void)
{
    register unsigned r0 __asm__("r0") = (unsigned)AT(9);

    about("a handler changes registers");
    action_of(SIGSEGV, skip, SA_SIGINFO);
    __asm__ volatile("ldr.w r0, [r0]" : "+r"(r0)::"memory");
    unsigned value = r0;
    show_notes("skipped");
    SHOW(value);
    signal(SIGSEGV, SIG_DFL);
}

static void ruin(int sig)
{
    note(" %d", sig);
    __asm__ volatile(".fpu neon\n vmov.f64 d0, #2.0\n vmov.f64 d8, #3.0\n vmov.f64 d31, #4.0\n"
                     "mov r1, #0x400000\n vmsr fpscr, r1" ::
                         : "r1", "d0", "d8");
}

static void floats_kept(void)
{
    double d0, d8, d31;
    unsigned fpscr, pid = (unsigned)getpid();

    about("VFP over a handler");
    action_of(SIGUSR1, ruin, 0);
    __asm__ volatile(".fpu neon\n vmov.f64 d0, #7.0\n vmov.f64 d8, #8.0\n vmov.f64 d31, #9.0\n"
                     "mov r0, %4\n mov r1, #10\n mov r7, #37\n svc 0\n"
                     "vstr d0, %0\n vstr d8, %1\n vstr d31, %2\n vmrs %3, fpscr"
                     : "=m"(d0), "=m"(d8), "=m"(d31), "=r"(fpscr)
                     : "r"(pid)
                     : "r0", "r1", "r7", "d0", "d8", "memory");
    show_notes("handled");
    SHOW(d0);
    SHOW(d8);
    SHOW(d31);
    SHOW(fpscr & 0xc00000);
    signal(SIGUSR1, SIG_DFL);
}

static unsigned long forged_cpsr;

static void forge(int sig, siginfo_t *info, void *context)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;

    (void)sig, (void)info;
    m->arm_cpsr = (m->arm_cpsr & ~0x1fu) | forged_cpsr;
}

static void forged(void)
{
    action_of(SIGUSR1, forge, SA_SIGINFO);
    raise(SIGUSR1);
    say("came back");
}

static void misaligned(void)
{
    __asm__ volatile("sub sp, sp, #4\n mov r7, #173\n svc 0");
}

static void no_frame(void)
{
    __asm__ volatile("mov sp, %0\n mov r7, #173\n svc 0" ::"r"(AT(100)));
}

static void no_frame_plain(void)
{
    __asm__ volatile("mov sp, %0\n mov r7, #119\n svc 0" ::"r"(AT(100)));
}

static void no_stack(void)
{
    action_of(SIGUSR1, plain, 0);
    __asm__ volatile(
        "mov r0, %0\n mov r1, #10\n mov r2, #16\n mov sp, r2\n mov r7, #37\n svc 0" ::"r"(getpid())
        : "r0", "r1", "r2", "r7");
}

static void blocked_fault(void)
{
    action_of(SIGSEGV, plain, 0);
    block(SIG_BLOCK, SIGSEGV, SIGSEGV);
    *(volatile char *)AT(9) = 1;
}

static void ignored_fault(void)
{
    signal(SIGSEGV, SIG_IGN);
    *(volatile char *)AT(9) = 1;
}

static void forgeries(void)
{
    static const unsigned long modes[] = {0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f, 0x90};

    about("frames that are none");
    for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        forged_cpsr = modes[i];
        say("mode %#lx", modes[i]);
        IN_CHILD(forged);
    }
    IN_CHILD(misaligned);
    IN_CHILD(no_frame);
    IN_CHILD(no_frame_plain);
    IN_CHILD(no_stack);
    IN_CHILD(blocked_fault);
    IN_CHILD(ignored_fault);
}

/* Without a restorer of the program's own. */
static void trampolines(void)
{
    struct {
        void *handler;
        unsigned long flags, restorer, mask[2];
    } act = {.handler = plain};

    about("handlers that return through the kernel");
    CALL(syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8));
    CALL(kill(getpid(), SIGUSR1));
    show_notes("plain");
    act.handler = with_info;
    act.flags = SA_SIGINFO;
    CALL(syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8));
    CALL(kill(getpid(), SIGUSR1));
    show_notes("with siginfo");
    signal(SIGUSR1, SIG_DFL);
}

void theme_faults(void)
{
    faults();
    context_changes();
    floats_kept();
    forgeries();
    trampolines();
}
