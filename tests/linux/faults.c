/* SPDX-License-Identifier: MIT
 *
 * Theme faults: signals of faults, what a frame holds, what comes back from it, and frames that are
 * none.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/ucontext.h>

#include "compare.h"

static sigjmp_buf back;

static void plain(int sig)
{
    saw(" %d", sig);
}

static void with_info(int sig, siginfo_t *info, void *context)
{
    (void)context;
    saw(" [%d code %d of %s]", sig, info->si_code, info->si_pid == getpid() ? "self" : "another");
}

static void fault_info(int sig, siginfo_t *info, void *context)
{
    const mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    const char *at = info->si_addr;

    saw(" %d code %d", sig, info->si_code);
    if (at >= AT(0) && at < AT(256))
        saw(" at page %u + %u", (unsigned)(at - AT(0)) / PAGE, (unsigned)(at - AT(0)) % PAGE);
    else
        saw(" at %s", at == (char *)m->arm_pc ? "pc" : at == NULL ? "0" : "elsewhere");
    if (sig == SIGSEGV ||
        sig == SIGBUS) /* page or section, and a domain, are the kernel's business */
        saw(" trap %lu error %#lx address %s", m->trap_no, m->error_code & 0x80000800,
            m->fault_address == (unsigned long)at ? "the same" : "another");
    siglongjmp(back, 1);
}

#define FAULT(what)                                                                                \
    do {                                                                                           \
        if (!sigsetjmp(back, 1)) {                                                                 \
            what;                                                                                  \
            saw(" no fault");                                                                      \
        }                                                                                          \
        show_seen(#what);                                                                          \
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
    saw(" %d", sig);
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
    show_seen("skipped");
    SHOW(value);
    signal(SIGSEGV, SIG_DFL);
}

static void ruin(int sig)
{
    saw(" %d", sig);
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
    show_seen("handled");
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
    sighold(SIGSEGV);
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
    show_seen("plain");
    act.handler = with_info;
    act.flags = SA_SIGINFO;
    CALL(syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8));
    CALL(kill(getpid(), SIGUSR1));
    show_seen("with siginfo");
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
