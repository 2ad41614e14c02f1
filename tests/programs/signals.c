/* SPDX-License-Identifier: MIT
 *
 * Signals of every kind, in a program that works on more memory than it may have: sent, queued and
 * counted; of faults, on pages that may be in swap; on another stack; of timers, while registers of
 * the floating-point unit are in use; of children; interrupting calls or not.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "programs.h"

#define PAGE       4096u
#define PAGE_WORDS (PAGE / sizeof(uint32_t))
#define PAGES      512u

static uint32_t *memory; /* PAGES pages, page i filled with seed i */
static volatile int taken, last_code, last_value;

static void act_on(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

    sigaction(sig, &act, NULL);
}

static void takes(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    taken++;
    last_code = info->si_code;
    last_value = info->si_value.sival_int;
}

static size_t memory_wrong(void)
{
    size_t bad = 0;

    for (uint32_t i = 0; i < PAGES; i++)
        bad += wrong(memory + i * PAGE_WORDS, PAGE_WORDS, i);
    return bad;
}

static void make_memory(void)
{
    memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (uint32_t i = 0; i < PAGES; i++)
        fill(memory + i * PAGE_WORDS, PAGE_WORDS, i);
}

static bool is_caught(int sig)
{
    return sig != SIGKILL && sig != SIGSTOP;
}

static void each(void)
{
    for (int sig = 1; sig < 32; sig++) {
        if (!is_caught(sig))
            continue;
        act_on(sig, takes, SA_RESETHAND);
        taken = 0;
        kill(getpid(), sig);
        say("signal %d: taken %d, code %d", sig, taken, last_code);
    }
    act_on(SIGRTMIN, takes, 0);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 77});
    say("queued: code %d, value %d", last_code, last_value);
    raise(SIGRTMIN);
    say("raised: code %d", last_code);
}

static void say_end(int sig, pid_t pid)
{
    int status = 0;

    if (waitpid(pid, &status, WUNTRACED) != pid)
        say("signal %d: no child", sig);
    else if (WIFSTOPPED(status)) {
        kill(pid, SIGCONT);
        waitpid(pid, &status, 0);
        say("signal %d stops, then it ends with %d", sig, WEXITSTATUS(status));
    } else if (WIFSIGNALED(status))
        say("signal %d kills by %d", sig, WTERMSIG(status));
    else
        say("signal %d is ignored: %d", sig, WEXITSTATUS(status));
}

/* In a group that is no orphan: its parent is in another one of the session. */
static void defaults(void)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    for (int sig = 1; sig < 32; sig++) {
        pid_t pid = fork();

        if (pid == 0) {
            setpgid(0, 0);
            signal(sig, SIG_DFL);
            kill(getpid(), sig);
            _exit(5);
        }
        say_end(sig, pid);
    }
}

/* Queued signals come lowest number first, and in the order in which they were sent. */
#define KINDS 4
static uint32_t order;
static int numbers[KINDS];

static void takes_in_order(int sig, siginfo_t *info, void *context)
{
    int kind = sig - SIGRTMIN;

    (void)context;
    order = (order ^ (uint32_t)kind) * 16777619u;
    taken += info->si_value.sival_int == numbers[kind]++;
}

static void queued(void)
{
    sigset_t set;

    taken = 0;
    sigemptyset(&set);
    for (int i = 0; i < KINDS; i++) {
        struct sigaction act = {.sa_sigaction = takes_in_order, .sa_flags = SA_SIGINFO};

        sigfillset(&act.sa_mask);
        sigaction(SIGRTMIN + i, &act, NULL);
        sigaddset(&set, SIGRTMIN + i);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < KINDS * 32; i++)
        sigqueue(getpid(), SIGRTMIN + KINDS - 1 - i % KINDS,
                 (union sigval){.sival_int = i / KINDS});
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    say("queued: %d in order, digest %08x", taken, (unsigned)order);
}

/* A child sends as fast as it can, and waits where the queue is full. */
#define STORM 300

static void storm(void)
{
    pid_t pid, parent = getpid();
    size_t bad = 0;
    int status = 1;

    taken = 0;
    act_on(SIGRTMIN, takes, SA_RESTART);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < STORM; i++)
            while (sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = i}))
                sleep_ms(1);
        _exit(0);
    }
    while (taken < STORM)
        bad += memory_wrong();
    waitpid(pid, &status, 0);
    say("storm: %d taken, the last %d, %zu words wrong, sender %d", taken, last_value, bad, status);
}

/* Faults: a handler opens pages one by one, as a garbage collector's would. */
static sigjmp_buf back;

static void opens(int sig, siginfo_t *info, void *context)
{
    char *page = (char *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));

    (void)sig;
    (void)context;
    taken += info->si_code == SEGV_ACCERR;
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

static void jumps_back(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    last_code = info->si_code;
    siglongjmp(back, 1);
}

static void write_barrier(void)
{
    taken = 0;
    act_on(SIGSEGV, opens, 0);
    mprotect(memory, PAGES * PAGE, PROT_READ);
    for (uint32_t i = 0; i < PAGES; i++) {
        uint32_t page = i * 77 % PAGES;

        fill(memory + page * PAGE_WORDS, PAGE_WORDS, page);
    }
    say("write barrier: %d faults, %zu words wrong", taken, memory_wrong());
}

static void fault(const char *what, int sig, void (*body)(char *), char *at)
{
    act_on(sig, jumps_back, SA_NODEFER);
    last_code = -99;
    if (sigsetjmp(back, 1) == 0)
        body(at);
    say("%s: signal %d code %d", what, sig, last_code);
    signal(sig, SIG_DFL);
}

static void reads(char *at)
{
    (void)*(volatile char *)at;
}

static void writes(char *at)
{
    *(volatile char *)at = 1;
}

static void calls(char *at)
{
    ((void (*)(void))(uintptr_t)at)();
}

static void undefined(char *at)
{
    (void)at;
    __asm__ volatile(".inst.n 0xde00");
}

static void faults(void)
{
    int fd = open("short", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *text = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    fault("read of nothing", SIGSEGV, reads, (char *)16);
    fault("write to what is read-only", SIGSEGV, writes, text);
    fault("call of what is not executable", SIGSEGV, calls, text);
    fault("read behind a file's end", SIGBUS, reads, file);
    (void)!ftruncate(fd, PAGE);
    writes(file);
    fault("write behind a file's end", SIGBUS, writes, file + PAGE);
    (void)!ftruncate(fd, 0);
    fault("read of a page cut off", SIGBUS, reads, file);
    fault("undefined instruction", SIGILL, undefined, NULL);
    munmap(file, 2 * PAGE);
    close(fd);
    unlink("short");
}

/* A stack that overflows is noticed on another one. */
static volatile uint32_t bottom = UINT32_MAX; /* further down than any stack */

static uint32_t deeper(volatile uint32_t depth)
{
    volatile uint32_t here[256];

    here[depth % 256] = depth;
    return depth < bottom ? deeper(depth + 1) + here[depth % 256] : 0;
}

static void overflows(char *at)
{
    (void)at;
    last_value = (int)deeper(0);
}

static void other_stack(void)
{
    struct rlimit limit = {1 << 20, 1 << 20};
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    pid_t pid = fork();

    if (pid == 0) {
        setrlimit(RLIMIT_STACK, &limit);
        sigaltstack(&stack, NULL);
        act_on(SIGSEGV, jumps_back, SA_ONSTACK);
        if (sigsetjmp(back, 1) == 0)
            overflows(NULL);
        say("overflow of the stack: code %d, %zu words wrong", last_code, memory_wrong());
        act_on(SIGSEGV, jumps_back, SA_ONSTACK);
        if (sigsetjmp(back, 1) == 0)
            overflows(NULL);
        say("and again: code %d", last_code);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    free(stack.ss_sp);
}

/* Timers. Both the program and the handler use the floating-point unit. */
static volatile double handlers_sum;

static void computes(int sig, siginfo_t *info, void *context)
{
    double x = handlers_sum;

    (void)sig;
    (void)info;
    (void)context;
    for (int i = 1; i < 20; i++)
        x += 1.0 / i;
    handlers_sum = x;
    taken++;
}

static double series(int n)
{
    double a = 0, b = 1, c = 2, d = 3;

    for (int i = 1; i <= n; i++) {
        a += 1.0 / i;
        b = b * 1.0000001 + a;
        c = c * 0.9999999 + b;
        d = (a + b) / (c + d);
    }
    return a + b + c + d;
}

static void interval(int which, int sig)
{
    struct itimerval t = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
    double right = series(20000);
    int bad = 0;

    taken = 0;
    act_on(sig, computes, SA_RESTART);
    setitimer(which, &t, NULL);
    while (taken < 20)
        bad += series(20000) != right;
    setitimer(which, &none, NULL);
    say("interval timer %d: %d sums wrong", which, bad);
}

static void posix_timer(void)
{
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 4711};
    struct itimerspec t = {{0, 2000000}, {0, 2000000}};
    timer_t timer;

    taken = 0;
    act_on(SIGRTMIN + 1, takes, 0);
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    timer_settime(timer, 0, &t, NULL);
    while (taken < 10)
        pause();
    timer_delete(timer);
    say("timer: code %d, value %d", last_code, last_value);
}

/* Calls that are interrupted. The sender can't see when the other reads: it goes on until that is
 * done. */
static void sends(pid_t to, int end, const volatile int *done, int times)
{
    for (int i = 0; i < times && !*done; i++) {
        sleep_ms(20);
        kill(to, SIGUSR1);
    }
    (void)!write(end, "x", 1);
    _exit(0);
}

static void interrupted(int flags)
{
    volatile int *done =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid, parent = getpid();
    int ends[2], error;
    ssize_t n;
    char c = '-';

    (void)!pipe(ends);
    act_on(SIGUSR1, takes, flags);
    pid = fork();
    if (pid == 0)
        sends(parent, ends[1], done, flags & SA_RESTART ? 5 : 500);
    n = read(ends[0], &c, 1);
    error = errno;
    *done = 1;
    say("read, flags %x: %zd, error %d, '%c'", (unsigned)flags, n, n < 0 ? error : 0, c);
    while (waitpid(pid, NULL, 0) < 0)
        ;
    close(ends[0]);
    close(ends[1]);
    munmap((void *)done, PAGE);
}

static volatile int sum;

static void reaps(int sig, siginfo_t *info, void *context)
{
    int status;

    (void)sig;
    (void)info;
    (void)context;
    while (waitpid(-1, &status, WNOHANG) > 0) {
        sum += WEXITSTATUS(status);
        taken++;
    }
}

static void children(void)
{
    sigset_t set, old;

    taken = 0;
    act_on(SIGCHLD, reaps, SA_RESTART);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (int i = 0; i < 50; i++) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(wrong(memory + i * PAGE_WORDS, PAGE_WORDS, (uint32_t)i) ? 255 : i);
    }
    sigprocmask(SIG_BLOCK, &set, &old);
    while (taken < 50)
        sigsuspend(&old);
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGCHLD, SIG_DFL);
    say("children: %d, sum %d", taken, sum);
}

static void pipes(void)
{
    struct timespec now = {0, 0}, second = {1, 0};
    siginfo_t info;
    sigset_t set;
    int ends[2];
    ssize_t n;

    (void)!pipe(ends);
    close(ends[0]);
    taken = 0;
    act_on(SIGPIPE, takes, 0);
    n = write(ends[1], "x", 1);
    say("write: %zd, error %d, taken %d", n, errno, taken);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    SHOW(sigtimedwait(&set, &info, &now));
    (void)!write(ends[1], "x", 1);
    SHOW(sigtimedwait(&set, &info, &second));
    close(ends[1]);
}

int main(void)
{
    make_memory();
    each();
    defaults();
    queued();
    storm();
    write_barrier();
    faults();
    other_stack();
    interval(ITIMER_REAL, SIGALRM);
    interval(ITIMER_VIRTUAL, SIGVTALRM);
    interval(ITIMER_PROF, SIGPROF);
    posix_timer();
    interrupted(SA_RESTART);
    interrupted(0);
    children();
    pipes();
    say("memory: %zu words wrong", memory_wrong());
    return 0;
}
