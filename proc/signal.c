/* SPDX-License-Identifier: MIT
 *
 * Signals as far as they kill. A process has SIG_IGN or the default action for each; handlers,
 * masks and stopping come later. A fatal signal is noted in the process and put to work in its
 * threads, which die of it at the kernel's edge; an interruptible sleep ends.
 * Locks: (T) for all of it, interrupts masked, so that the terminal's interrupt may send them; the
 * process lock where processes are looked for.
 */
#include "include/uapi/errno.h"
#include "kern/log.h"
#include "lib/fmt.h"
#include "mm/fault.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"
#include "proc/sched_impl.h"

#define BIT(sig)       (1ull << ((sig)-1))
#define SEGMENT_WORDS  64
#define SEGMENTS_SHOWN 8u

/* Default action: nothing. Stopping counts as nothing as long as nobody can continue. */
static const uint64_t harmless = BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH) |
                                 BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU);

static bool signal_valid(int sig)
{
    return sig >= 0 && sig <= NSIG;
}

static bool ignored_locked(const struct proc *p, int sig)
{
    return p->ignored[(sig - 1) / 32] >> ((sig - 1) % 32) & 1;
}

bool proc_signal_ignored(const struct proc *p, int sig)
{
    return ignored_locked(p, sig);
}

bool proc_signal_ignore(struct proc *p, int sig, bool ignore)
{
    uint32_t mask = thread_table_lock(p), bit = 1u << ((sig - 1) % 32);
    bool was = ignored_locked(p, sig);

    if (ignore)
        p->ignored[(sig - 1) / 32] |= bit;
    else
        p->ignored[(sig - 1) / 32] &= ~bit;
    thread_table_unlock(p, mask);
    return was;
}

/* (T) held. */
static void kill_locked(struct proc *p, int sig)
{
    if (!p->kill_sig)
        p->kill_sig = sig;
    list_for_each (it, &p->threads)
        thread_set_work(container_of(it, struct thread, siblings), WORK_KILL);
}

/* (T) held. */
static void signal_locked(struct proc *p, int sig)
{
    if (sig == 0 || harmless & BIT(sig) || p->pid == 1)
        return;
    if (sig != SIGKILL && ignored_locked(p, sig))
        return;
    kill_locked(p, sig);
}

void proc_signal(struct proc *p, int sig)
{
    uint32_t mask = thread_table_lock(p);

    signal_locked(p, sig);
    thread_table_unlock(p, mask);
}

void proc_kill_now(struct proc *p, int sig)
{
    uint32_t mask = thread_table_lock(p);

    kill_locked(p, sig);
    thread_table_unlock(p, mask);
}

struct group_signal {
    int pgid, sig;
};

static void signal_member(struct thread *t, void *arg)
{
    const struct group_signal *g = arg;

    if (t->proc && t->proc->pgid == g->pgid)
        signal_locked(t->proc, g->sig);
}

void proc_signal_group(int pgid, int sig)
{
    struct group_signal g = {pgid, sig};

    thread_for_each(signal_member, &g);
}

/* Signals everyone whom kill's pid <= 0 means: number of processes found. (P) held. */
static int signal_many_locked(int pid, int sig)
{
    const struct proc *me = proc_current();
    int pgid = pid == 0 ? me->pgid : -pid, found = 0;

    proc_for_each_locked (p) {
        if (pid == -1 ? p != me && p->pid != 1 : p->pgid == pgid) {
            proc_signal(p, sig);
            found++;
        }
    }
    return found;
}

static int signal_one(int pid, int sig)
{
    struct proc *p = pid_ref(pid);

    if (!p)
        return -ESRCH;
    proc_signal(p, sig);
    proc_unref(p);
    return 0;
}

int proc_kill(int pid, int sig)
{
    int found;

    if (!signal_valid(sig))
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid > 0)
        return signal_one(pid, sig);
    proc_lock();
    found = signal_many_locked(pid, sig);
    proc_unlock();
    return found ? 0 : -ESRCH;
}

/* s in words, with text around it. */
static void segment_words(const struct seg *s, const char *before, const char *after,
                          char buf[SEGMENT_WORDS])
{
    fmt_snprint(buf, SEGMENT_WORDS, "%s%s segment 0x%08lx-0x%08lx %c%c%c%s", before,
                s->flags & SEG_GROWS  ? "stack"
                : s->flags & SEG_HEAP ? "heap"
                                      : s->ops->name,
                (unsigned long)s->base, (unsigned long)seg_end(s), s->prot & PROT_READ ? 'r' : '-',
                s->prot & PROT_WRITE ? 'w' : '-', s->prot & PROT_EXEC ? 'x' : '-', after);
}

/* What lies at the address, in words; false: nothing does. The caller's locks, if a kernel path got
 * here with some, may be the one that is needed: then nothing is said. */
static bool describe_segment(vaddr_t va, char buf[SEGMENT_WORDS])
{
    struct as *as = thread_current()->as;
    const struct seg *s;

    buf[0] = '\0';
    if (!as || thread_current()->locks_held)
        return true;
    rwlock_read(&as->lock);
    s = as_find(as, va);
    if (s)
        segment_words(s, " (", ")", buf);
    else
        fmt_snprint(buf, SEGMENT_WORDS, " (no segment)");
    rwlock_read_done(&as->lock);
    return s != NULL;
}

/* Where the address could have been: the lowest segments, as many as are of use to a reader. */
static void list_segments(void)
{
    struct as *as = thread_current()->as;
    char words[SEGMENT_WORDS];
    unsigned shown = 0;

    rwlock_read(&as->lock);
    for (struct tree_link *l = tree_first(&as->segs); l && shown < SEGMENTS_SHOWN;
         l = tree_next(l), shown++) {
        segment_words(container_of(l, struct seg, by_addr), "  ", "\n", words);
        log_printf("%s", words);
    }
    if (as->nsegs > shown)
        log_printf("  and %u more\n", as->nsegs - shown);
    rwlock_read_done(&as->lock);
}

void proc_die_of(int sig, const char *what, vaddr_t address, bool has_address, vaddr_t pc)
{
    struct proc *p = proc_current();
    char where[SEGMENT_WORDS];

    if (has_address) {
        bool found = describe_segment(address, where);

        log_printf("%s[%d]: killed: %s 0x%08lx%s at pc 0x%08lx\n", p->comm, p->pid, what,
                   (unsigned long)address, where, (unsigned long)pc);
        if (!found)
            list_segments();
    } else {
        log_printf("%s[%d]: killed: %s at pc 0x%08lx\n", p->comm, p->pid, what, (unsigned long)pc);
    }
    proc_kill_now(p, sig);
}

void fault_account(enum fault_kind kind)
{
    struct thread *t = thread_current();

    t->fault_kind = (uint8_t)kind;
    if (kind == FAULT_PAGEIN || kind == FAULT_PAGER)
        t->major_faults++;
    else
        t->minor_faults++;
}

/* Steps: die if killed; stop if mm_check wants it; let others run. Each may bring work anew, which
 * the return path sees: it looks again. */
void thread_do_work(void)
{
    struct thread *t = thread_current();

    if (__atomic_load_n(&t->work, __ATOMIC_ACQUIRE) & WORK_KILL)
        proc_exit(WSTATUS_SIGNAL(t->proc->kill_sig));
    if (t->work & WORK_STOP)
        stop_park();
    if (t->work & WORK_RESCHED) {
        t->at_edge = true;
        schedule();
        thread_leave_edge(t);
    }
}
