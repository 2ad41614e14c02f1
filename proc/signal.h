/* SPDX-License-Identifier: MIT
 *
 * Signals, as POSIX has them and Linux numbers them. Sending decides at once: what nobody wants is
 * dropped, what kills puts all threads on their way to proc_exit (WORK_KILL), what stops or is
 * handled waits in a queue - a thread's own or its process's - and a thread that does not block it
 * is told (WORK_SIGNAL): its interruptible sleep ends, and at the kernel's edge it takes the signal
 * (signal_deliver). A system call that a signal ended is done again, or answers -EINTR.
 * Locks: (T) of the process for all state here but what is marked; any context may send.
 * Source: POSIX.1-2017, XSH 2.4; signal(7) and sigaction(2) of Linux for what that leaves open.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "include/uapi/errno.h"
#include "lib/base.h"
#include "mm/units.h"

enum {
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGSEGV = 11,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGXCPU = 24,
    SIGXFSZ = 25,
    SIGVTALRM = 26,
    SIGPROF = 27,
    SIGWINCH = 28,
    SIGSYS = 31,
    SIGRTMIN = 32, /* from here on each one that is sent waits, in order */
    NSIG = 64,
};

/* A set: bit sig - 1. */
#define SIG_BIT(sig) (1ull << ((sig)-1))

#define SIG_DFL 0u
#define SIG_IGN 1u

#define SA_NOCLDSTOP 1u
#define SA_NOCLDWAIT 2u
#define SA_SIGINFO   4u
#define SA_RESTORER  0x04000000u
#define SA_ONSTACK   0x08000000u
#define SA_RESTART   0x10000000u
#define SA_NODEFER   0x40000000u
#define SA_RESETHAND 0x80000000u
#define SA_KNOWN                                                                                   \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | 0x800u | 0x02000000u | SA_RESTORER | SA_ONSTACK |  \
     SA_RESTART | SA_NODEFER | SA_RESETHAND) /* two of them have no meaning here, but are kept */

/* si_code: who sent it, or what was wrong. */
enum {
    SI_USER = 0,
    SI_KERNEL = 0x80,
    SI_QUEUE = -1,
    SI_TIMER = -2,
    SI_TKILL = -6,
    ILL_ILLOPC = 1,
    ILL_ILLTRP = 4,
    SEGV_MAPERR = 1,
    SEGV_ACCERR = 2,
    BUS_ADRALN = 1,
    BUS_ADRERR = 2,
    TRAP_BRKPT = 1,
    CLD_EXITED = 1,
    CLD_KILLED = 2,
    CLD_STOPPED = 5,
    CLD_CONTINUED = 6,
};

/* The head of the ABI's struct siginfo, the rest of its 128 bytes is 0. word: of kill pid, uid,
 * value; of a fault the address; of a child pid, uid, status, user and kernel time in ticks; of a
 * timer its number, overruns, value. */
struct siginfo {
    int32_t signo, error, code;
    uint32_t word[5];
};
#define SIGINFO_BYTES 128u

struct sigaction_abi {
    uint32_t handler, flags, restorer;
    uint32_t mask[2];
};

/* What a process does with each signal; shared by fork's children until one changes its own. */
struct handlers {
    uint32_t refs; /* atomic */
    struct sigaction_abi action[NSIG];
};

/* A signal that was sent, with what is to be said of it. One that is part of a timer waits in one
 * queue at most, whatever else waits there, and is not freed. */
struct queued {
    struct queued *next;
    struct siginfo info;
    bool of_timer; /* (c) */
    bool waits;    /* (T) a timer's: in a queue */
};

/* Signals that were sent and not taken, in order; one of the set that is not in the queue has no
 * more to say. */
struct pending {
    uint64_t set;
    struct queued *first, *last;
};

struct altstack {
    vaddr_t base;
    uint32_t flags;
    uint32_t bytes;
};
#define SS_ONSTACK    1u
#define SS_DISABLE    2u
#define MINSIGSTKSZ   2048u
#define SS_AUTODISARM 0x80000000u

struct proc;
struct thread;

/* Of a thread. */
struct thread_signals {
    uint64_t mask;          /* (T) blocked; changed by the thread alone */
    uint64_t saved;         /* (t) with has_saved: the mask before sigsuspend and its kin */
    bool has_saved;         /* (t) */
    bool redo;              /* (t) an interrupted call is being done again */
    uint8_t restart;        /* (t) enum restart: a call was interrupted just now */
    uint32_t restart_arg;   /* (t) its r0 */
    uint64_t deadline_ns;   /* (t) when its time-out ends, for the next try */
    struct pending pending; /* (T) */
    struct altstack stack;  /* (t) */
    uint64_t waited_for;    /* (T) sigtimedwait sleeps for these */
};

/* Of a process. */
struct proc_signals {
    uint64_t ignored, caught;  /* (T) SIG_IGN, a handler; the others have the default action */
    uint64_t ever_blocked;     /* (T) by any of its threads, at any time */
    struct handlers *handlers; /* (T) NULL: nothing was ever caught */
    struct pending pending;    /* (T) */
    struct queued *spent;      /* (T) taken or dropped, to be freed in a thread */
    uint32_t nqueued;          /* (T) in all queues of it and its threads */
    uint8_t stop_sig;          /* (T) what stopped it, or 0 */
    bool continued;            /* (T) and nobody was told */
    bool stopping;             /* (T) a signal that stops was taken, and SIGCONT not sent since */
    uint32_t nparked;          /* (T) threads that stand still for stop_sig */
    uint8_t event; /* (the parent's child_wait.lock) for wait: stop_sig, EVENT_CONTINUED, or 0 */
};
#define EVENT_CONTINUED 255u

/* How a call that a signal interrupted goes on. */
enum restart {
    RESTART_NONE,
    RESTART_FLAG,       /* again without a handler, or where that has SA_RESTART */
    RESTART_NO_HANDLER, /* again without a handler, else -EINTR */
    RESTART_ALWAYS,     /* again, handler or not */
};

/* Sending, from threads; from an interrupt signal_send_group alone. sig 0 asks only. A signal that
 * is ignored, or would kill pid 1, does nothing. */
void signal_send(struct proc *p, int sig, const struct siginfo *info);
void signal_send_group(int pgid, int sig); /* from the kernel: the terminal */
/* rt_sigqueueinfo's and tgkill's, to thread tid of p; 0: to p. -ESRCH, and where what is to be said
 * has no room -EAGAIN. */
int __must_check signal_queue(struct proc *p, int tid, int sig, const struct siginfo *info);
/* kill(2): pid > 0, 0, -1, < -1. -ESRCH, -EINVAL. */
int proc_kill(int pid, int sig);
/* sigaction(2); act NULL: only tells, old NULL: does not tell. -ENOMEM. */
int __must_check signal_action(int sig, const struct sigaction_abi *act, struct sigaction_abi *old);
/* Kills p, pid 1 too: for faults and for want of memory. Any context. */
void signal_kill_now(struct proc *p, int sig);

/* What a fault, or a system call that can't be, brings the current thread: its handler runs if it
 * has one and does not block the signal; else it is killed, after one line in words on the console.
 * has_address: address is where. Returns to the kernel's edge. */
struct signal_fault {
    int sig, code;
    const char *what;
    vaddr_t address, pc;
    bool has_address;
    bool fatal; /* no handler is asked */
};
void signal_fault(const struct signal_fault *f);

/* At the kernel's edge, WORK_SIGNAL is set: takes what there is and is not blocked. May stop; may
 * set WORK_KILL; may have made a frame for a handler. */
void signal_deliver(void);
/* Blocks exactly `mask` (never SIGKILL, SIGSTOP) in the current thread. */
void signal_set_mask(uint64_t mask);
/* The same until a handler ran, or the call is over: then signal_mask_back, unless the call was
 * interrupted. */
void signal_mask_for_now(uint64_t mask);
void signal_mask_back(void);
/* The call ends with -EINTR, and is done again as `how` says; its caller returns the result. */
int signal_restart(enum restart how);
/* What a call with result r answers: -EINTR as SA_RESTART says. */
static inline int restartable(int r)
{
    return likely(r != -EINTR) ? r : signal_restart(RESTART_FLAG);
}
/* The end of a time-out of ns from now, or of what is left of it when the call is done again. */
uint64_t signal_deadline(uint64_t ns);

/* The current thread would run a handler before its call returns, of another signal than sig. */
bool signal_handler_pending_except(int sig);

/* The current thread does not stop for sig, a signal of the terminal: it is ignored or blocked. */
bool signal_is_deaf(int sig);

/* sigtimedwait: those of the set that are sent wake the current thread, and wait for it. */
void signal_wait_for(uint64_t set);

/* The life of what is here. */
void signal_fork(struct proc *child, struct thread *t, const struct proc *parent);
void signal_exec(struct proc *p, struct thread *t);

#endif
