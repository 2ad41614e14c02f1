/* SPDX-License-Identifier: MIT
 *
 * Processes: what owns - an address space, files, children - while threads run. Parents, children,
 * groups and states are under one lock, the process lock (P); the last thread's exit makes a
 * zombie, the parent's wait (or init's) reaps it; only then is the pid used again. /proc holds
 * references: refs. Zombies stand before the living in their parent's children.
 * (P) is held whole by who looks at or changes processes of others, and may sleep then. A process
 * shares it with others to change what is its own: it makes a child, steps into a program, gives up
 * what it has, becomes a zombie, reaps. Two who share may meet at a parent's children, which its
 * child_wait.lock keeps apart.
 * Lock order: (P) whole > as; (P) > wait queues > (T) > run queue. Nobody touches user memory with
 * (P).
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "fs/file.h"
#include "lib/refcount.h"
#include "mm/as.h"
#include "proc/thread.h"

#define PID_MAX   32768
#define COMM_SIZE 16

struct cred;
struct limits;
struct recording;
struct proc_timers;

/* Of getrusage, beside the CPU time. */
struct usage {
    uint32_t minor_faults, major_faults, voluntary, involuntary;
    uint32_t most_pages; /* of one process, resident */
};

struct proc {
    int pid, pgid, sid;          /* pid (c), others (P) */
    int ppid;                    /* (P), read without: of parent; 0 for init */
    volatile int kill_sig;       /* (T) the first signal that kills it, or 0 */
    struct proc_signals sig;     /* signal.h */
    struct proc *parent;         /* (P) */
    struct list children;        /* (P and child_wait.lock, or P whole) by sibling */
    struct list_link sibling;    /* likewise, of the parent */
    struct list threads;         /* (P and T) by thread->siblings */
    uint32_t nthreads;           /* (P and child_wait.lock) */
    uint32_t exec_frames;        /* atomic: of arguments that are many, on their way through exec */
    uint32_t refs;               /* atomic */
    struct as *as;               /* (P) changed by exec of the only thread; NULL: zombie */
    struct fdtable *files;       /* (P) NULL: zombie */
    struct vnode *cwd;           /* (P) */
    struct vnode *root;          /* ((n) for writing, and P) chroot's, or NULL: the first one */
    struct vnode *exe;           /* (P) or NULL */
    struct proc *vfork_parent;   /* (P) waits until we exec or exit */
    bool vfork_done;             /* (P) */
    bool zombie;                 /* as sibling */
    bool exiting;                /* (P) */
    bool alone;                  /* (child_wait.lock) exec ends all threads but its own */
    uint32_t leaving;            /* atomic: threads that end and are not freed yet */
    bool traced;                 /* (P), read without: passes the trace's filter; inherited */
    uint8_t part;                /* (c) of the table of threads */
    bool fork_copies;            /* its forks copy at once; inherited, kept by exec */
    struct recording *recording; /* refs_control.c: its reference string, or NULL */
    bool execed;                 /* (P) ran exec: setpgid by its parent is refused */
    int exit_status;             /* (P) wait4's word */
    uint32_t umask;              /* (P) */
    const struct cred *cred;     /* (T) as one of its threads set it last; NULL: plain root */
    bool undumpable;             /* (T) to write: only CAP_SYS_PTRACE may look; inherited */
    struct limits *limits;       /* limits.c: written once; NULL: those that all begin with */
    struct waitq child_wait;     /* children that died, vfork children that are done */
    char comm[COMM_SIZE];        /* (P) */
    uint64_t start_ns;           /* (c) */
    uint64_t user_ns, kernel_ns; /* (T) of dead threads */
    uint32_t minor_faults, major_faults;     /* (T) likewise */
    uint32_t voluntary, involuntary;         /* likewise: switches */
    uint32_t most_pages;                     /* (T) resident, whenever it was asked */
    uint64_t child_user_ns, child_kernel_ns; /* as children: of those that were reaped */
    struct usage child_used;                 /* likewise, the rest */
    struct cpu_time told;                    /* (T) what getrusage said last */
    struct proc_timers *timers;              /* proc_timers.h, or NULL: it never had one */
};

static inline struct proc *proc_current(void)
{
    return thread_current()->proc;
}

void proc_lock(void); /* (P) whole; may sleep */
void proc_unlock(void);
/* (P) shared: may sleep before, but not until proc_unshare; that, too, on the same CPU. */
void proc_share(void);
void proc_unshare(void);

/* Process 1: runs path with the arguments; files 0-2 are /dev/console. 0 or -Exxx. */
int __must_check proc_start_init(const char *path, const char *const argv[]);

/* One more, for who has one or holds (P); the last one to go frees it. */
static inline void proc_ref(struct proc *p)
{
    ref_take(&p->refs);
}
void proc_unref(struct proc *p);

/* Flags of clone that we know. */
#define CLONE_VM             0x100u
#define CLONE_FS             0x200u
#define CLONE_FILES          0x400u
#define CLONE_SIGHAND        0x800u
#define CLONE_VFORK          0x4000u
#define CLONE_THREAD         0x10000u
#define CLONE_SYSVSEM        0x40000u
#define CLONE_PARENT_SETTID  0x100000u
#define CLONE_CHILD_CLEARTID 0x200000u
#define CLONE_CHILD_SETTID   0x1000000u
#define CLONE_SETTLS         0x80000u
#define CLONE_DETACHED       0x400000u /* means nothing any more */

/* clone's arguments. stack 0: the caller's sp. */
struct fork_args {
    uint32_t flags;
    vaddr_t stack, ptid, tls, ctid;
};
/* A new process, or with CLONE_THREAD a thread of the caller's: its number, or -EAGAIN, -ENOMEM,
 * -EINVAL. May sleep. */
int proc_fork(const struct fork_args *a);
int thread_fork(const struct fork_args *a);
/* Ends the calling process with wait4's status word. */
void proc_exit(int status) __noreturn;
/* Ends the calling thread, and with the last one its process. */
void thread_end(int status) __noreturn;
/* The name of a thread, which for the first is its process's. */
static inline char *thread_comm(struct thread *t)
{
    return t->tid == t->proc->pid ? t->proc->comm : t->name;
}
/* The caller's working directory, with a reference; and another one, whose reference it takes: the
 * one it was, with a reference. May sleep. */
struct vnode *proc_cwd(void);
struct vnode *proc_change_cwd(struct vnode *v);
/* The caller's own root directory with a reference, or NULL; and another one, whose reference it
 * takes. May sleep. */
struct vnode *proc_root(void);
void proc_change_root(struct vnode *v);
/* wait4 and waitid. */
struct wait_request {
    int pid;    /* as wait4: > 0, -1, 0, < -1 */
    bool group; /* pid is the number of a group, > 0 */
    bool nohang, nowait;
    bool usage;              /* the result says what was used */
    bool stopped, continued; /* tell of these, too */
    bool no_exits;           /* waitid without WEXITED: no child ever is ready */
};
struct wait_result {
    int pid, status;
    uint32_t uid;
    uint64_t user_ns, kernel_ns;
    struct usage used;
};
/* pid reaped, 0 (nohang, none ready), -ECHILD, -EINTR. */
int proc_wait(const struct wait_request *req, struct wait_result *res);

#define WSTATUS_EXIT(code) (((code)&255) << 8)
#define WSTATUS_SIGNAL(s)  ((s)&127)
#define WSTATUS_STOP(s)    ((s) << 8 | 127)
#define WSTATUS_CONTINUED  0xffff

/* From the return path to user mode when thread->work is not 0. */
void thread_do_work(void);

/* execve of the calling process: 0 (registers are the new program's) or -Exxx and nothing has
 * changed. May sleep. */
int proc_exec(const char *path, vaddr_t argv, vaddr_t envp);
/* For setpgid, getpgid and getsid, setsid. */
int proc_set_group(int pid, int pgid);
int proc_get_group(int pid, bool session);
int proc_new_session(void);
/* Processes, zombies too. */
uint32_t proc_count(void);

/* For page-out (pageout_set_sleeper). Any context. */
const struct as *proc_longest_sleeper(void);

/* Stops all user threads at the kernel's edge (in kernel sleeps they count as stopped) and lets
 * them go again: for mm_check. */
void proc_stop_all(void);
void proc_resume_all(void);

#endif
