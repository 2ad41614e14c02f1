/* SPDX-License-Identifier: MIT
 *
 * What /proc/PID and /proc/PID/task/TID show in Linux's formats: stat, status, statm, cmdline,
 * environ, comm. Everything is copied under the process lock first and printed without it.
 * Fields of stat that are 0 because there is no such number here: minor and major faults of
 * children, the timer, kstkesp, kstkeip, wchan, nswap, cnswap, delays, guests' times; and the start
 * of a thread that is not the first. Lines that status does not have: highest sizes, capabilities,
 * switches.
 * Source: Linux, Documentation/filesystems/proc.rst, for the order of the fields.
 */
#include <string.h>

#include "fs/tty.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "mm/uaccess.h"
#include "proc/cpu_time.h"
#include "proc/cred.h"
#include "proc/procfs_impl.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"

#define NSEC_PER_TICK (NSEC_PER_SEC / 100) /* sysconf(_SC_CLK_TCK) is 100 */
#define LINE_RDEV     (TTY_LINE_MAJOR << 8 | TTY_LINE_MINOR)

#define FORKED_NO_EXEC 0x40u /* PF_FORKNOEXEC */

/* Segments by what they are for, in pages, and where the program lies. */
struct sizes {
    const struct vnode *exe;
    unsigned pages, locked, data, stack, text, lib, kinds[3]; /* kinds: enum page_kind */
    vaddr_t start_code, end_code, start_data, end_data;
};

/* A process or thread at one moment. */
struct picture {
    int pid, tgid, ppid, pgid, sid, exit_status, fd_size, nice;
    char state, comm[COMM_SIZE];
    bool execed;
    unsigned nseen; /* threads so far */
    unsigned nthreads, umask, minor_faults, major_faults, cpu, nqueued;
    uint32_t affinity;
    uint64_t user_ns, kernel_ns, child_user_ns, child_kernel_ns, start_ns;
    uint64_t pending, shared_pending, blocked, ignored, caught;
    struct vnode *exe;
    bool has_memory;
    unsigned resident, swapped, tables;
    struct sizes size;
    vaddr_t stack_top, brk_start, arg_start, arg_end, env_start, env_end;
};

struct as *procfs_as(struct proc *p)
{
    struct as *as;

    proc_lock();
    as = p->as;
    if (as)
        as_ref(as);
    proc_unlock();
    return as;
}

unsigned procfs_as_pages(struct as *as)
{
    unsigned pages = 0;

    rwlock_read(&as->lock);
    tree_for_each (it, &as->segs) {
        pages += container_of(it, struct seg, by_addr)->npages;
    }
    rwlock_read_done(&as->lock);
    return pages;
}

static char thread_state(const struct thread *t)
{
    if (t->state == THREAD_RUNNABLE)
        return 'R';
    if (t->state == THREAD_ZOMBIE)
        return 'Z';
    return t->interruptible ? 'S' : 'D';
}

static void picture_thread(struct picture *s, struct thread *t)
{
    char state = thread_state(t);
    struct cpu_time time;

    if (s->state == 'Z' || state == 'R')
        s->state = state;
    if (t->tid == s->pid)
        s->nice = t->nice;
    time = thread_cpu_time(t);
    s->user_ns += time.user_ns;
    s->kernel_ns += time.kernel_ns;
    s->minor_faults += t->minor_faults;
    s->major_faults += t->major_faults;
    if (s->nseen++)
        return;
    s->cpu = thread_cpu(t);
    memcpy(s->comm, t->tid == s->pid ? thread_comm(t) : s->comm, COMM_SIZE - 1);
    s->affinity = t->affinity;
    s->blocked = t->sig.mask;
    s->pending = t->sig.pending.set;
}

/* One thread, or all together: signals, CPU and affinity are the first one's then. */
static void picture_threads_locked(struct picture *s, const struct proc *p, int tid)
{
    uint32_t mask = thread_table_lock(p);

    s->state = 'Z';
    list_for_each (it, &p->threads) {
        struct thread *t = container_of(it, struct thread, siblings);

        if (!tid || t->tid == tid)
            picture_thread(s, t);
    }
    s->ignored = p->sig.ignored;
    s->caught = p->sig.caught;
    s->shared_pending = p->sig.pending.set;
    s->nqueued = p->sig.nqueued;
    if (p->zombie)
        s->state = 'Z';
    else if (p->sig.stop_sig)
        s->state = 'T';
    thread_table_unlock(p, mask);
}

static void size_add(struct seg *s, void *arg)
{
    struct sizes *n = arg;
    const struct vnode *v = s->obj ? vnode_of_obj(s->obj) : NULL;
    bool shared = s->flags & SEG_SHARED, mine = v && v == n->exe;

    n->pages += s->npages;
    if (s->flags & SEG_WIRED)
        n->locked += s->npages;
    if (s->flags & SEG_GROWS)
        n->stack += s->npages;
    else if (s->prot & PROT_WRITE && !shared)
        n->data += s->npages;
    else if (s->prot & PROT_EXEC && mine)
        n->text += s->npages;
    else if (s->prot & PROT_EXEC && v)
        n->lib += s->npages;
    if (mine && s->prot & PROT_EXEC && !n->start_code) {
        n->start_code = s->base;
        n->end_code = seg_end(s);
    }
    if (mine && s->prot & PROT_WRITE && !n->start_data) {
        n->start_data = s->base;
        n->end_data = seg_end(s);
    }
    if (!(s->flags & SEG_DEVICE))
        procfs_seg_kinds(s, n->kinds);
}

static unsigned nodes_of(struct as *as)
{
    unsigned nodes = 1; /* the root */

    spin_lock(&as->pt_lock);
    for (unsigned i = 0; i < ARRAY_SIZE(as->slots); i++)
        nodes += (unsigned)__builtin_popcount(as->slots[i]);
    spin_unlock(&as->pt_lock);
    return nodes;
}

static void picture_memory(struct picture *s, struct as *as)
{
    s->has_memory = true;
    s->size.exe = s->exe;
    procfs_each_seg(as, size_add, &s->size);
    s->resident = as_resident(as);
    s->swapped = procfs_as_swapped(as);
    s->tables = nodes_of(as);
    s->stack_top = as->stack_top;
    s->brk_start = as->brk_start;
    s->arg_start = as->arg_start;
    s->arg_end = as->arg_end;
    s->env_start = as->env_start;
    s->env_end = as->env_end;
}

static void picture_proc_locked(struct picture *s, struct proc *p, int tid)
{
    struct cpu_time children;

    s->pid = tid ? tid : p->pid;
    s->tgid = p->pid;
    s->ppid = p->parent ? p->parent->pid : 0;
    s->pgid = p->pgid;
    s->sid = p->sid;
    s->exit_status = p->exit_status;
    s->execed = p->execed;
    s->nthreads = p->nthreads;
    s->umask = p->umask;
    s->fd_size = p->files ? fdtable_size(p->files) : 0;
    s->start_ns = !tid || tid == p->pid ? p->start_ns : 0;
    s->exe = p->exe ? vnode_ref(p->exe) : NULL;
    memcpy(s->comm, p->comm, COMM_SIZE);
    s->comm[COMM_SIZE - 1] = '\0';
    picture_threads_locked(s, p, tid);
    if (tid)
        return;
    children = proc_child_time(p, NULL);
    s->user_ns += p->user_ns;
    s->kernel_ns += p->kernel_ns;
    s->child_user_ns = children.user_ns;
    s->child_kernel_ns = children.kernel_ns;
    s->minor_faults += p->minor_faults;
    s->major_faults += p->major_faults;
}

static void picture_take(struct picture *s, struct proc *p, int tid)
{
    struct as *as = procfs_as(p);

    memset(s, 0, sizeof(*s));
    proc_lock();
    picture_proc_locked(s, p, tid);
    proc_unlock();
    if (as) {
        picture_memory(s, as);
        as_unref(as);
    }
    vnode_unref(s->exe);
}

static unsigned long ticks(uint64_t ns)
{
    return (unsigned long)(ns / NSEC_PER_TICK);
}

/* The terminal of its session, and what is in the foreground there: 0 and -1 without one. */
static void print_terminal(struct text *t, const struct picture *s)
{
    bool has = tty_session() == s->sid;

    text_printf(t, "%u %d ", has ? LINE_RDEV : 0, has ? tty_foreground() : -1);
}

/* Where its memory lies, and how it ended, is not for everybody. As on Linux, code is at 1 then. */
static void hide(struct picture *s)
{
    s->size.start_code = s->size.end_code = s->has_memory;
    s->size.start_data = s->size.end_data = s->stack_top = s->brk_start = 0;
    s->arg_start = s->arg_end = s->env_start = s->env_end = 0;
    s->exit_status = 0;
}

void procfs_pid_stat(struct text *t, struct proc *p, int tid)
{
    struct picture s;

    picture_take(&s, p, tid);
    if (unlikely(cred_may_look(p))) /* asked last: it may have become set-id meanwhile */
        hide(&s);
    text_printf(t, "%d (%s) %c %d %d %d ", s.pid, s.comm, s.state, s.ppid, s.pgid, s.sid);
    print_terminal(t, &s);
    text_printf(t, "%u %u 0 %u 0 ", s.execed ? 0 : FORKED_NO_EXEC, s.minor_faults, s.major_faults);
    text_printf(t, "%lu %lu %lu %lu %d %d %u 0 %lu ", ticks(s.user_ns), ticks(s.kernel_ns),
                ticks(s.child_user_ns), ticks(s.child_kernel_ns), 20 + s.nice, s.nice, s.nthreads,
                ticks(s.start_ns));
    /* vsize rss rsslim startcode endcode startstack kstkesp kstkeip */
    text_printf(t, "%lu %u 4294967295 %lu %lu %lu 0 0 ", (unsigned long)page_addr(s.size.pages),
                s.resident, (unsigned long)s.size.start_code, (unsigned long)s.size.end_code,
                (unsigned long)s.stack_top);
    /* signal blocked sigignore sigcatch wchan nswap cnswap exit_signal processor rt_priority policy
     * delays guest cguest */
    text_printf(t, "%u %u %u %u 0 0 0 %d %u 0 0 0 0 0 ", (unsigned)(s.pending | s.shared_pending),
                (unsigned)s.blocked, (unsigned)s.ignored, (unsigned)s.caught, SIGCHLD, s.cpu);
    text_printf(t, "%lu %lu %lu %lu %lu %lu %lu %d\n", (unsigned long)s.size.start_data,
                (unsigned long)s.size.end_data, (unsigned long)s.brk_start,
                (unsigned long)s.arg_start, (unsigned long)s.arg_end, (unsigned long)s.env_start,
                (unsigned long)s.env_end, s.exit_status);
}

/* Pages: size, resident, of these shared, text, libraries (0 since Linux 2.6), data and stack,
 * dirty (0 likewise). */
void procfs_pid_statm(struct text *t, struct proc *p)
{
    struct picture s;

    picture_take(&s, p, 0);
    text_printf(t, "%u %u %u %u 0 %u 0\n", s.size.pages, s.resident,
                s.size.kinds[KIND_FILE] + s.size.kinds[KIND_SHMEM], s.size.text,
                s.size.data + s.size.stack);
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R': return "running";
    case 'S': return "sleeping";
    case 'D': return "disk sleep";
    case 'T': return "stopped";
    default: return "zombie";
    }
}

static void kib_line(struct text *t, const char *name, unsigned pages)
{
    text_printf(t, "%s:\t%8u kB\n", name, pages * (unsigned)(PAGE_SIZE / 1024));
}

static void status_memory(struct text *t, const struct picture *s)
{
    kib_line(t, "VmSize", s->size.pages);
    kib_line(t, "VmLck", s->size.locked);
    kib_line(t, "VmRSS", s->resident);
    kib_line(t, "RssAnon", s->size.kinds[KIND_ANON]);
    kib_line(t, "RssFile", s->size.kinds[KIND_FILE]);
    kib_line(t, "RssShmem", s->size.kinds[KIND_SHMEM]);
    kib_line(t, "VmData", s->size.data);
    kib_line(t, "VmStk", s->size.stack);
    kib_line(t, "VmExe", s->size.text);
    kib_line(t, "VmLib", s->size.lib);
    kib_line(t, "VmPTE", s->tables);
    kib_line(t, "VmSwap", s->swapped);
}

static void status_signals(struct text *t, const struct picture *s)
{
    text_printf(t, "SigQ:\t%u/%u\nSigPnd:\t%016llx\nShdPnd:\t%016llx\n", s->nqueued, QUEUED_MOST,
                s->pending, s->shared_pending);
    text_printf(t, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n", s->blocked, s->ignored,
                s->caught);
}

/* As on Linux a name may not begin another line. */
static void status_name(struct text *t, const char *comm)
{
    text_printf(t, "Name:\t");
    for (; *comm; comm++) {
        if (*comm == '\n' || *comm == '\\')
            text_printf(t, "\\%c", *comm == '\n' ? 'n' : '\\');
        else
            text_write(t, comm, 1);
    }
    text_printf(t, "\n");
}

void procfs_pid_status(struct text *t, struct proc *p, int tid)
{
    struct picture s;

    picture_take(&s, p, tid);
    status_name(t, s.comm);
    text_printf(t, "Umask:\t0%u%u%u\nState:\t%c (%s)\n", s.umask >> 6 & 7, s.umask >> 3 & 7,
                s.umask & 7, s.state, state_name(s.state));
    text_printf(t, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", s.tgid, s.pid,
                s.ppid);
    cred_print_ids(t, p);
    text_printf(t, "FDSize:\t%d\n", s.fd_size);
    cred_print_groups(t, p);
    text_printf(t, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", s.tgid, s.pid, s.pgid,
                s.sid);
    if (s.has_memory)
        status_memory(t, &s);
    text_printf(t, "Threads:\t%u\n", s.nthreads);
    status_signals(t, &s);
    text_printf(t, "Cpus_allowed:\t%x\nCpus_allowed_list:\t",
                (unsigned)(s.affinity & cpus_online()));
    procfs_cpu_list(t, s.affinity & cpus_online());
    text_printf(t, "MinorFaults:\t%u\nMajorFaults:\t%u\n", s.minor_faults, s.major_faults);
    cred_print_caps(t, p);
}

/* The name of thread tid, 0: the process's; NULL: it is gone. (P) held whole. */
static char *comm_locked(struct proc *p, int tid)
{
    if (!tid || tid == p->pid)
        return p->comm;
    list_for_each (it, &p->threads) {
        struct thread *t = container_of(it, struct thread, siblings);

        if (t->tid == tid)
            return thread_comm(t);
    }
    return NULL;
}

void procfs_pid_comm(struct text *t, struct proc *p, int tid)
{
    char comm[COMM_SIZE] = "";
    const char *found;

    proc_lock();
    found = comm_locked(p, tid);
    if (found)
        memcpy(comm, found, COMM_SIZE - 1);
    proc_unlock();
    text_printf(t, "%s\n", comm);
}

/* The name that it is called by from now on: what is written, up to the end of a line. As on Linux
 * a process names only itself and its threads. */
static int comm_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct proc *p;
    char comm[COMM_SIZE] = "", *to;

    (void)pos;
    if (copy_from_user(comm, ubuf, MIN(len, COMM_SIZE - 1)))
        return -EFAULT;
    to = strchr(comm, '\n');
    if (to)
        memset(to, 0, (size_t)(comm + COMM_SIZE - to));
    p = procfs_proc(procfs_pid_of(f));
    if (!p)
        return -ESRCH;
    if (p != proc_current()) {
        proc_unref(p);
        return -EINVAL;
    }
    proc_lock();
    to = comm_locked(p, procfs_node_of(f->vnode)->tid);
    if (to)
        memcpy(to, comm, COMM_SIZE);
    proc_unlock();
    proc_unref(p);
    return to ? (int)len : -ESRCH;
}

const struct vnode_ops procfs_pid_comm_ops = {
    .open = procfs_open, .read = text_read, .write = comm_write, .close = text_close};

/* Bytes of the process's own memory, as far as they are there. */
static void print_memory(struct text *t, struct as *as, vaddr_t at, vaddr_t end)
{
    char chunk[128];

    while (at < end) {
        size_t n = MIN(end - at, sizeof(chunk));

        if (as_peek(as, at, chunk, n))
            break;
        text_write(t, chunk, n);
        at += n;
    }
}

void procfs_pid_cmdline(struct text *t, struct proc *p)
{
    struct as *as = procfs_as(p);

    if (!as)
        return;
    print_memory(t, as, as->arg_start, as->arg_end);
    as_unref(as);
}

void procfs_pid_environ(struct text *t, struct proc *p)
{
    struct as *as = procfs_as(p);

    if (!as)
        return;
    print_memory(t, as, as->env_start, as->env_end);
    as_unref(as);
}
