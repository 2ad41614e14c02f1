/* SPDX-License-Identifier: MIT
 *
 * What /proc/PID shows of a process in Linux's formats: stat, status, cmdline, comm. Everything is
 * copied under the process lock first and printed without it.
 * Source: Linux, Documentation/filesystems/proc.rst, for the order of the fields.
 */
#include <string.h>

#include "fs/tty.h"
#include "kern/clock.h"
#include "proc/cred.h"
#include "proc/procfs_impl.h"

#define NSEC_PER_TICK (NSEC_PER_SEC / 100) /* sysconf(_SC_CLK_TCK) is 100 */
#define CONSOLE_RDEV  0x501u               /* /dev/console */

/* A process at one moment. */
struct picture {
    int pid, ppid, pgid, sid, exit_status;
    char state, comm[COMM_SIZE];
    unsigned nthreads, umask, minor_faults, major_faults, cpu;
    uint64_t user_ns, kernel_ns, child_user_ns, child_kernel_ns, start_ns;
    unsigned pages, resident, swapped;
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

static void picture_threads_locked(struct picture *s, const struct proc *p)
{
    s->state = 'Z';
    list_for_each (it, &p->threads) {
        const struct thread *t = container_of(it, struct thread, siblings);
        char state = thread_state(t);

        if (s->state == 'Z' || state == 'R')
            s->state = state;
        s->user_ns += thread_cpu_ns(t);
        s->cpu = thread_cpu(t);
        s->minor_faults += t->minor_faults;
        s->major_faults += t->major_faults;
    }
    if (p->zombie)
        s->state = 'Z';
    else if (p->sig.stop_sig)
        s->state = 'T';
}

static void picture_memory(struct picture *s, struct as *as)
{
    s->pages = procfs_as_pages(as);
    s->resident = as_resident(as);
    s->swapped = procfs_as_swapped(as);
    s->stack_top = as->stack_top;
    s->brk_start = as->brk_start;
    s->arg_start = as->arg_start;
    s->arg_end = as->arg_end;
    s->env_start = as->env_start;
    s->env_end = as->env_end;
}

static void picture_take(struct picture *s, struct proc *p)
{
    struct as *as = procfs_as(p);

    memset(s, 0, sizeof(*s));
    proc_lock();
    s->pid = p->pid;
    s->ppid = p->parent ? p->parent->pid : 0;
    s->pgid = p->pgid;
    s->sid = p->sid;
    s->exit_status = p->exit_status;
    s->nthreads = p->nthreads;
    s->umask = p->umask;
    s->user_ns = p->user_ns;
    s->kernel_ns = p->kernel_ns;
    s->child_user_ns = p->child_user_ns;
    s->child_kernel_ns = p->child_kernel_ns;
    s->minor_faults = p->minor_faults;
    s->major_faults = p->major_faults;
    s->start_ns = p->start_ns;
    memcpy(s->comm, p->comm, COMM_SIZE);
    s->comm[COMM_SIZE - 1] = '\0';
    picture_threads_locked(s, p);
    proc_unlock();
    if (as) {
        picture_memory(s, as);
        as_unref(as);
    }
}

static unsigned long ticks(uint64_t ns)
{
    return (unsigned long)(ns / NSEC_PER_TICK);
}

void procfs_pid_stat(struct text *t, struct proc *p)
{
    struct picture s;

    picture_take(&s, p);
    text_printf(t, "%d (%s) %c %d %d %d %u %d 0 %u 0 %u 0 ", s.pid, s.comm, s.state, s.ppid, s.pgid,
                s.sid, CONSOLE_RDEV, tty_foreground(), s.minor_faults, s.major_faults);
    text_printf(t, "%lu %lu %lu %lu 20 0 %u 0 %lu ", ticks(s.user_ns), ticks(s.kernel_ns),
                ticks(s.child_user_ns), ticks(s.child_kernel_ns), s.nthreads, ticks(s.start_ns));
    /* vsize rss rsslim startcode endcode startstack kstkesp kstkeip signal blocked sigignore
     * sigcatch wchan nswap cnswap exit_signal processor rt_priority policy delays guest cguest */
    text_printf(t, "%lu %u 4294967295 0 0 %lu 0 0 0 0 0 0 0 0 0 %d %u 0 0 0 0 0 ",
                (unsigned long)s.pages << PAGE_SHIFT, s.resident, (unsigned long)s.stack_top,
                SIGCHLD, s.cpu);
    text_printf(t, "0 0 %lu %lu %lu %lu %lu %d\n", (unsigned long)s.brk_start,
                (unsigned long)s.arg_start, (unsigned long)s.arg_end, (unsigned long)s.env_start,
                (unsigned long)s.env_end, s.exit_status);
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

void procfs_pid_status(struct text *t, struct proc *p)
{
    struct picture s;

    picture_take(&s, p);
    text_printf(t, "Name:\t%s\nUmask:\t0%u%u%u\nState:\t%c (%s)\n", s.comm, s.umask >> 6 & 7,
                s.umask >> 3 & 7, s.umask & 7, s.state, state_name(s.state));
    text_printf(t, "Tgid:\t%d\nPid:\t%d\nPPid:\t%d\n", s.pid, s.pid, s.ppid);
    cred_print_ids(t, p);
    if (s.state != 'Z')
        text_printf(t, "VmSize:\t%8u kB\nVmRSS:\t%8u kB\nVmSwap:\t%8u kB\n", s.pages * 4,
                    s.resident * 4, s.swapped * 4);
    text_printf(t, "Threads:\t%u\nMinorFaults:\t%u\nMajorFaults:\t%u\n", s.nthreads, s.minor_faults,
                s.major_faults);
    cred_print_caps(t, p);
}

void procfs_pid_comm(struct text *t, struct proc *p)
{
    char comm[COMM_SIZE];

    proc_lock();
    memcpy(comm, p->comm, COMM_SIZE);
    proc_unlock();
    comm[COMM_SIZE - 1] = '\0';
    text_printf(t, "%s\n", comm);
}

void procfs_pid_cmdline(struct text *t, struct proc *p)
{
    struct as *as = procfs_as(p);
    char chunk[128];

    if (!as)
        return;
    for (vaddr_t at = as->arg_start; at < as->arg_end;) {
        size_t n = MIN(as->arg_end - at, sizeof(chunk));

        if (as_peek(as, at, chunk, n))
            break;
        text_write(t, chunk, n);
        at += n;
    }
    as_unref(as);
}
