/* SPDX-License-Identifier: MIT
 *
 * Private to the timers of processes: a timer as programs know it, with a value and an interval, on
 * any of their clocks. A periodic one is not set again when it expires, but by utimer_go_on, when a
 * thread took notice of it; what it missed until then is computed. So none can flood a CPU.
 * Locks: (K) of timer.h for all of it.
 */
#ifndef PROC_UTIMER_IMPL_H
#define PROC_UTIMER_IMPL_H

#include "lib/list.h"
#include "proc/proc.h"
#include "proc/timer.h"

/* Clock numbers of the ABI. */
#define CLOCK_REALTIME         0u
#define CLOCK_MONOTONIC        1u
#define CLOCK_PROCESS_CPUTIME  2u
#define CLOCK_THREAD_CPUTIME   3u
#define CLOCK_MONOTONIC_RAW    4u
#define CLOCK_REALTIME_COARSE  5u
#define CLOCK_MONOTONIC_COARSE 6u
#define CLOCK_BOOTTIME         7u
#define CLOCK_TAI              11u
#define TIMER_ABSTIME          1u

/* What a clock number means. */
enum clock_kind {
    CLOCK_KIND_WALL,
    CLOCK_KIND_MONOTONIC,
    CLOCK_KIND_CPU, /* from here on CPU time: all of it */
    CLOCK_KIND_USER,
};

struct clock_of {
    uint8_t kind; /* enum clock_kind */
    bool coarse;  /* of those that only tell the time: no sleep, no timer */
    int pid;      /* of CPU time: the process, */
    int tid;      /* or its thread, else 0 */
};

/* sys_clock.c: what the calling process means by id. -EINVAL: no such clock, process or thread. */
int __must_check clock_find(uint32_t id, struct clock_of *c);
/* It would be an open device's, if there were such. */
bool clock_is_device(uint32_t id);
/* Its time now. -EINVAL: whose CPU time it tells has ended. */
int __must_check clock_read(const struct clock_of *c, uint64_t *ns);
/* sys_time.c: who sleeps until a time of the wall clock looks again. */
void wall_sleepers_wake(void);

struct utimer {
    struct timer timer;      /* of a clock that is not CPU time */
    struct list_link on_cpu; /* of one that is, armed: in the process's list */
    struct proc *proc;       /* (c) */
    int tid;                 /* (c) CPU time of that thread, 0: of the process */
    uint8_t kind;            /* (c) enum clock_kind */
    bool silent;             /* (c) it is asked, and never rings */
    bool armed;
    uint64_t when_ns;     /* the next or, if it is not armed, the last expiry; 0: it is off */
    uint64_t interval_ns; /* 0: once */
    void (*expired)(struct utimer *u); /* (c) from an interrupt */
};

/* As setitimer has it: value 0 is off. */
struct utimer_value {
    uint64_t interval_ns, value_ns;
};

/* Those of a process. */
struct proc_timers {
    struct utimer itimer[3]; /* ITIMER_REAL, VIRTUAL, PROF */
    struct list cpu;         /* armed, of CPU time */
    struct tree posix;       /* posix_timer.c: by number */
    uint32_t count;          /* of these */
    int next_id;
};
enum { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF, ITIMERS };

/* The calling process's, made if need be; NULL: no memory. */
struct proc_timers *timers_of_caller(void);

/* A timer on that clock of the caller's, off. */
void utimer_init(struct utimer *u, const struct clock_of *c, void (*expired)(struct utimer *u));
/* (K) held, all that follow. Relative, or to a time of its clock. -ESRCH: its thread ended. */
int __must_check utimer_set(struct utimer *u, const struct utimer_value *v, bool absolute);
void utimer_get(const struct utimer *u, struct utimer_value *v);
void utimer_stop(struct utimer *u);
/* A thread took notice: a periodic timer that is not armed is, for the next expiry that is to come.
 * The expiries between the last one and that. */
uint64_t utimer_go_on(struct utimer *u);
/* all: the CPU time of its process a moment ago. */
uint64_t utimer_go_on_at(struct utimer *u, const struct cpu_time *all);
/* A periodic one waits for notice to be taken. */
static inline bool utimer_rests(const struct utimer *u)
{
    return u->when_ns && u->interval_ns && !u->armed && !u->silent;
}

/* posix_timer.c; (K) held. */
void posix_timer_taken(struct proc_timers *pt, struct siginfo *info);
/* Takes (K) itself. */
void posix_timers_look_again(struct proc *proc);
/* Not held: deletes all. */
void posix_timers_forget(struct proc *p);

/* How a timer tells: of struct sigevent. */
#define SIGEV_SIGNAL    0u
#define SIGEV_NONE      1u
#define SIGEV_THREAD    2u
#define SIGEV_THREAD_ID 4u

/* What timer_create is told. */
struct posix_timer_make {
    struct clock_of clock;
    uint32_t notify;
    int sig, tid;
    uint32_t value;
    bool has_value;
};
/* Of the calling process. The number; -ENOMEM, -EAGAIN: it has too many. */
int posix_timer_create(const struct posix_timer_make *make);
/* -EINVAL: no such timer. old may be NULL. */
int __must_check posix_timer_set(int id, const struct utimer_value *v, bool absolute,
                                 struct utimer_value *old);
int __must_check posix_timer_get(int id, struct utimer_value *v);
int __must_check posix_timer_overrun(int id);
int __must_check posix_timer_delete(int id);

/* sys_timer.c: struct itimerspec and struct timeval from and to user memory. -EFAULT, -EINVAL. */
int __must_check utimer_value_get(vaddr_t from, struct utimer_value *v, bool wide);
int __must_check utimer_value_put(vaddr_t to, const struct utimer_value *v, bool wide);
int __must_check timeval_get(vaddr_t from, uint64_t *ns);

/* Sleeps until the caller's clock of CPU time is at until_ns: 0, -EINTR, -ESRCH. */
int __must_check cpu_sleep(const struct clock_of *c, uint64_t until_ns);

#endif
