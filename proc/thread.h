/* SPDX-License-Identifier: MIT
 *
 * Threads: what runs. A thread has a kernel stack of one page with a guard below, a state and a
 * place in the scheduler; a thread of a process also has a process (proc/proc.h). Kernel threads
 * have none. Locks: (q) the lock of the thread's run queue, sched.c; (w) the wait queue's lock; (T)
 * the thread-table lock of thread.c, interrupts masked, above (q); (t) the thread itself alone; (c)
 * constant. proc->threads changes with the process lock and the process's (T) held: either is
 * enough to read.
 */
#ifndef PROC_THREAD_H
#define PROC_THREAD_H

#include "kern/lock.h"
#include "kern/lockcheck.h"
#include "kern/waitq.h"
#include "lib/list.h"
#include "mm/units.h"
#include "lib/tree.h"
#include "proc/signal.h"

struct proc;
struct as;
struct trapframe;
struct vfp_state;

enum thread_state { THREAD_RUNNABLE, THREAD_SLEEPING, THREAD_ZOMBIE };

/* Work at the kernel's edge, before the return to user mode: thread->work. */
enum thread_work {
    WORK_RESCHED = 1, /* another thread is due */
    WORK_KILL = 2,    /* die now */
    WORK_STOP = 4,    /* wait at the edge: mm_check runs */
    WORK_SIGNAL = 8,  /* take a signal, or stand still for one (signal.h) */
};

/* What a signal frame says of a fault. */
struct thread_trap {
    uint32_t number, error, address; /* of the vector, the fault status, where */
};

/* Saved by arch_switch; layout known to arch/arm/vectors.S through generated offsets. */
struct context {
    uint32_t sp;
};

struct runq;
struct cred;

/* CPU time: the sum is exact, the parts are sampled. */
struct cpu_time {
    uint64_t user_ns, kernel_ns;
};

struct thread {
    struct context context;      /* (t) */
    volatile uint32_t work;      /* enum thread_work; set by anyone, atomically */
    uint32_t tls;                /* (t) TPIDRURO */
    uint32_t scratch;            /* (t) TPIDRURW, user mode's own */
    void *kstack;                /* (c) lowest byte of the stack page */
    struct trapframe *frame;     /* (c) user registers, at the top of the kernel stack */
    struct vfp_state *vfp;       /* (t) saved VFP state or NULL: never used */
    struct proc *proc;           /* (c) NULL: kernel thread */
    struct proc *was;            /* (t) the process that it leaves; a reference */
    const struct cred *cred;     /* (t) who it is; NULL: plain root */
    struct as *as;               /* (t) the process's, also what the HAT shows; NULL: none */
    struct runq *rq;             /* (q) the queue of the CPU that it runs, waits or ran on */
    uint32_t affinity;           /* (q) bit n: may run on CPU n */
    struct list_link run;        /* (q) linked: waits for its CPU */
    struct list_link wait;       /* (w) on a wait queue */
    struct waitq *waiting_on;    /* (q) or NULL */
    struct list_link siblings;   /* (T and P) threads of the process */
    struct list_link all;        /* (T) the table of threads */
    uint8_t part;                /* (c) of it */
    enum thread_state state;     /* (q) */
    uint8_t interruptible;       /* (q) what ends the sleep: enum sleep_depth */
    bool woken;                  /* (q) by an event; false: time or kill */
    bool in_uaccess_nofault;     /* (t) */
    bool timed;                  /* (q) on the timer tree */
    bool at_edge;                /* (t) not in a kernel operation: for proc_stop_all */
    bool stops;                  /* (t) a kernel thread that proc_stop_all stops, too */
    bool further;                /* not the first of its process: counts for its user as well */
    bool urgent;                 /* (c) a kernel thread that goes on as soon as its time comes */
    uint8_t locks_held;          /* (t) sleeping locks held or waited for */
    uint8_t fault_kind;          /* (t) how its last fault ended: enum fault_kind */
    uint8_t priority;            /* (q) 0 best .. 3: falls with use, rises with sleep */
    int8_t nice;                 /* (q) -20 .. 19, written with (P) */
    int tid;                     /* (c) but for exec, which makes it the pid */
    uint32_t slice_whole;        /* (q) a slice, by nice, in ticks of the counter */
    uint32_t slice_ticks;        /* (q) of the counter, left of its slice when last charged */
    uint32_t switched_ticks;     /* (q) low word of the counter when it was last charged */
    uint32_t asleep_at;          /* (q) when it fell asleep: the counter by 2^16 */
    uint32_t out_at;             /* page-out's: asleep_at, when its memory was taken */
    uint32_t used_ticks;         /* (q) CPU time that is not in user_ns yet */
    uint64_t wake_ns;            /* (q) time-out, UINT64_MAX none */
    struct tree_link timer;      /* (q) sleeping with a time-out */
    uint64_t user_ns, kernel_ns; /* (q) CPU time, at most a slice behind */
    uint32_t voluntary, involuntary;     /* (q) switches to others */
    uint32_t minor_faults, major_faults; /* (t) */
    struct cpu_time told;                /* (T) what getrusage said last */
    vaddr_t clear_tid;                   /* (t) CLONE_CHILD_CLEARTID */
    vaddr_t robust;                      /* (t) its list of robust futexes, or 0: futex.h */
    char name[16];                       /* (P) if it is not the first of its process */
    struct thread_signals sig;           /* signal.h */
    struct thread_trap trap;             /* (t) its last fault, for a handler */
    vaddr_t chaos_pc;                    /* (t) hat=chaos: where the last fault was */
    uint32_t chaos_count;                /* (t) */
#if CONFIG_LOCKCHECK
    struct lock_list locks; /* (t) the sleeping ones that it holds */
#endif
};

/* The running thread. */
static inline struct thread *thread_current(void);

#include "machine/cpu.h"

/* A new thread, not yet runnable: kernel stack and all. entry(arg) runs on it in the kernel; when
 * it returns a thread of a process goes to its user frame, a kernel thread ends. The first thread
 * of a process has its pid as tid. With entry NULL the caller gives it a first context by
 * arch_thread_init_fork. NULL: no memory or no number. */
struct thread *thread_create(struct proc *p, void (*entry)(void *), void *arg);
/* Frees a thread that never ran or has been switched away from for good. */
void thread_free(struct thread *t);

/* Makes it runnable for the first time; a kill of the calling process is its process's, too.
 * maker_waits: the caller sleeps at once, and no other CPU need come for it. */
void thread_start(struct thread *t, bool maker_waits);
/* Ends the current thread; its stack is freed by whoever runs next. */
void thread_exit(void) __noreturn;
void thread_set_work(struct thread *t, uint32_t work);

/* sched.c */
void sched_init(void); /* makes the caller the boot thread (idle) */
/* The same for another CPU, before it starts; its idle thread is there. */
void sched_init_cpu(struct cpu *cpu);
/* Where t may run: bit n for CPU n, at least one that is online. Moves it if need be: the caller
 * itself at the next preempt_point. (P) held, so that t does not end. */
void sched_set_affinity(struct thread *t, uint32_t allowed);
/* -20 .. 19: t's slices are 9 times as long as others, from -10 down, to an 85th, a quarter more
 * for each step. Its levels are those of all. (P) held. */
void sched_set_nice(struct thread *t, int nice);

struct sched_stats {
    uint32_t switches; /* from one thread to another */
    uint32_t steals;   /* threads taken from other CPUs' queues */
    uint32_t
        longest_ticks; /* from a thread's being due to the switch: how long the kernel kept on */
    uint64_t idle_ns;  /* stopped to wait for an interrupt, up to now */
};
/* Counters of a CPU, a moment's picture; false: no such CPU. */
bool sched_stats(unsigned cpu, struct sched_stats *stats);
/* Of all CPUs together. */
struct sched_stats sched_stats_total(void);
void schedule(void); /* gives the CPU away; state already set */
void sched_yield(void);
void sched_tick(void); /* from the timer: interrupt context */
void sched_idle(void) __noreturn;
/* Idle CPUs do not stop for an interrupt, but look again and again. At boot. */
void sched_idle_polls(void);
/* CPU time of t up to now, ns. (T) held, or t can't end. */
uint64_t thread_cpu_ns(const struct thread *t);
/* The longest that a thread which was due waited for the one that ran to give way. */
uint64_t sched_longest_ns(void);
/* The CPU that t runs on, or ran on last. */
unsigned thread_cpu(const struct thread *t);
/* First thing a new thread does (arch/arm/vectors.S): ends the switch that brought it here. */
void sched_finish_switch(void);
/* thread.c: visits every thread, (T) held and interrupts masked: short, no sleep. */
void thread_for_each(void (*visit)(struct thread *t, void *arg), void *arg);
uint32_t thread_count(void);
/* The process of thread tid, 0: there is none. */
int thread_pid(int tid);
/* The same, with a reference, or NULL. */
struct proc *thread_proc_ref(int tid);
/* For the debugger, everything standing still: without (T). */
void thread_for_each_stopped(void (*visit)(struct thread *t, void *arg), void *arg);
/* t is of a process that the trace's filter lets pass. */
bool thread_traced(const struct thread *t);

#endif
