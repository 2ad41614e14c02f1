/* SPDX-License-Identifier: MIT
 *
 * Sending signals, and what threads and processes keep of them. What is sent is judged at once:
 * ignored, it is gone; fatal, the process is on its way out before the caller goes on; all else
 * waits in a queue and a thread is told that may take it. The rules are at the top of signal.h.
 * Locks: (T) of the process, interrupts masked, so that the terminal's interrupt may send; memory
 * for a queue is allocated before.
 */
#include "proc/signal.h"

#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/pid.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"

#define NSEC_PER_TICK 10000000u /* of a child's times */
#define SIG_HARMLESS  (SIG_BIT(SIGCHLD) | SIG_BIT(SIGCONT) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH))

enum signal_default signal_default(const struct proc *p, int sig)
{
    if (SIG_HARMLESS & SIG_BIT(sig) || p->pid == 1)
        return DEFAULT_NOTHING;
    return SIG_STOPS & SIG_BIT(sig) ? DEFAULT_STOP : DEFAULT_KILL;
}

static struct thread *thread_of(struct list_link *l)
{
    return container_of(l, struct thread, siblings);
}

void signal_kill_locked(struct proc *p, int sig)
{
    if (!p->kill_sig)
        p->kill_sig = sig;
    list_for_each (it, &p->threads)
        thread_set_work(thread_of(it), WORK_KILL);
}

void signal_kill_now(struct proc *p, int sig)
{
    uint32_t mask = thread_table_lock(p);

    signal_kill_locked(p, sig);
    thread_table_unlock(p, mask);
}

void signal_look_again_locked(struct thread *t)
{
    if (unlikely(signal_waiting(t) || t->proc->sig.stop_sig || t->proc->sig.continued))
        thread_set_work(t, WORK_SIGNAL);
    else if (t->work & WORK_SIGNAL)
        __atomic_fetch_and(&t->work, ~(uint32_t)WORK_SIGNAL, __ATOMIC_RELAXED);
}

bool signal_handler_pending_except(int sig)
{
    struct thread *t = thread_current();
    struct proc *p = t->proc;
    uint32_t mask = thread_table_lock(p);
    uint64_t set = signal_waiting(t) & ~t->sig.mask & p->sig.caught & ~SIG_BIT(sig);

    thread_table_unlock(p, mask);
    return set != 0;
}

static bool would_take(const struct thread *t, uint64_t bit)
{
    return (~t->sig.mask | t->sig.waited_for) & bit;
}

/* Who takes a signal of p, or of t alone: a thread that does not block it, NULL: none. */
static struct thread *taker(struct proc *p, struct thread *t, uint64_t bit)
{
    if (t)
        return would_take(t, bit) ? t : NULL;
    list_for_each (it, &p->threads)
        if (would_take(thread_of(it), bit))
            return thread_of(it);
    return NULL;
}

enum verdict { DROP, KILL, QUEUE };

/* What becomes of sig, which `to` would take; nobody: it is blocked, and kept, since that may
 * change before it is taken. */
static enum verdict judge(const struct proc *p, const struct thread *to, int sig)
{
    uint64_t bit = SIG_BIT(sig);

    if (list_empty(&p->threads) || (p->pid == 1 && SIG_UNBLOCKABLE & bit))
        return DROP;
    if (!to || (p->sig.caught | to->sig.waited_for) & bit)
        return QUEUE;
    if (p->sig.ignored & bit || signal_default(p, sig) == DEFAULT_NOTHING)
        return DROP;
    if (p->sig.stop_sig && sig != SIGKILL)
        return QUEUE; /* nobody runs who could take it */
    return signal_default(p, sig) == DEFAULT_KILL ? KILL : QUEUE;
}

/* SIGCONT takes back what would stop, and the other way round; whatever becomes of it then. */
static void oppose(struct proc *p, int sig)
{
    uint64_t gone = sig == SIGCONT ? SIG_STOPS : SIG_STOPS & SIG_BIT(sig) ? SIG_BIT(SIGCONT) : 0;

    if (likely(!gone))
        return;
    pending_drop(p, &p->sig.pending, gone);
    list_for_each (it, &p->threads)
        pending_drop(p, &thread_of(it)->sig.pending, gone);
    if (sig == SIGCONT)
        job_continue_locked(p);
}

/* Sends, with info, which it takes; *room: there is none, but should be, and nothing is done. (T)
 * held. */
static void send_locked(struct proc *p, struct thread *t, int sig, struct queued *info, bool *room)
{
    struct thread *to = taker(p, t, SIG_BIT(sig));
    enum verdict verdict = judge(p, to, sig);

    if (room && verdict == QUEUE) {
        *room = false;
        return;
    }
    oppose(p, sig);
    if (verdict == QUEUE) {
        pending_add(p, t ? &t->sig.pending : &p->sig.pending, sig, info);
        if (to)
            thread_set_work(to, WORK_SIGNAL);
        return;
    }
    if (verdict == KILL)
        signal_kill_locked(p, sig);
    if (info)
        queued_spend(p, info);
}

static bool is_full(const struct proc *p)
{
    uint32_t most = QUEUED_MOST; /* which is also what all begin with */

    if (unlikely(p->limits))
        most = MIN(limit_soft(p, RLIMIT_SIGPENDING), most);
    return __atomic_load_n(&p->sig.nqueued, __ATOMIC_RELAXED) >= most;
}

/* The thread of p with that number, NULL: none. (T) held. */
static struct thread *find_thread(struct proc *p, int tid)
{
    list_for_each (it, &p->threads)
        if (thread_of(it)->tid == tid)
            return thread_of(it);
    return NULL;
}

/* To thread tid of p, or with 0 to p. Only what waits takes memory: that is found out first.
 * -ESRCH: no such thread; with must -EAGAIN: no room. */
static int send(struct proc *p, int tid, int sig, const struct siginfo *info, bool must)
{
    struct queued *q = NULL;
    bool room = true, tries = info != NULL;

    if (info && sig && p->sig.caught & SIG_BIT(sig) && !is_full(p)) { /* most likely it will wait */
        q = queued_alloc(info);
        tries = !q;
    }
    for (;;) {
        uint32_t mask = thread_table_lock(p);
        struct thread *t = tid ? find_thread(p, tid) : NULL;
        bool known = t || !tid;

        if (known && sig)
            send_locked(p, t, sig, q, tries ? &room : NULL);
        if (!known && q)
            queued_spend(p, q);
        thread_table_unlock(p, mask);
        signal_free_spent(p); /* p may sleep, and not come by for long */
        if (!known)
            return -ESRCH;
        if (room || !tries)
            return 0;
        tries = false;
        q = is_full(p) && (must || sig >= SIGRTMIN) ? NULL : queued_alloc(info);
        if (!q && must && sig >= SIGRTMIN)
            return -EAGAIN;
    }
}

void signal_send(struct proc *p, int sig, const struct siginfo *info)
{
    (void)send(p, 0, sig, info, false);
}

int signal_queue(struct proc *p, int tid, int sig, const struct siginfo *info)
{
    return send(p, tid, sig, info, true);
}

bool signal_of_timer(struct proc *p, int tid, int sig, struct queued *info)
{
    uint32_t mask = thread_table_lock(p);
    struct thread *t = tid ? find_thread(p, tid) : NULL;

    if ((t || !tid) && !(info && info->waits))
        send_locked(p, t, sig, info, NULL);
    thread_table_unlock(p, mask);
    return t || !tid;
}

void signal_withdraw(struct proc *p, struct queued *info)
{
    uint32_t mask = thread_table_lock(p);

    if (info->waits)
        pending_withdraw(p, &p->sig.pending, info);
    list_for_each (it, &p->threads)
        if (info->waits)
            pending_withdraw(p, &thread_of(it)->sig.pending, info);
    thread_table_unlock(p, mask);
}

struct group_signal {
    int pgid, sig;
};

static void signal_member(struct thread *t, void *arg)
{
    const struct group_signal *g = arg;

    if (t->proc && t->proc->pgid == g->pgid && list_first(&t->proc->threads) == &t->siblings)
        send_locked(t->proc, NULL, g->sig, NULL, NULL);
}

void signal_send_group(int pgid, int sig)
{
    struct group_signal g = {pgid, sig};

    thread_for_each(signal_member, &g);
}

/* Signals everyone whom kill's pid <= 0 means: 0, -ESRCH: nobody, -EPERM: all are others'. (P)
 * held.
 */
static int signal_many_locked(int pid, int sig, const struct siginfo *info)
{
    const struct proc *me = proc_current();
    int pgid = pid == 0 ? me->pgid : -pid, found = 0, error;
    bool refused = false;

    proc_for_each_locked (p) {
        if (pid == -1 ? p != me && p->pid != 1 : p->pgid == pgid) {
            error = cred_may_signal(p, sig);
            if (!error)
                signal_send(p, sig, info);
            found += error ? 0 : 1;
            refused |= error != 0;
        }
    }
    if (found || (refused && pid == -1))
        return 0;
    return refused ? -EPERM : -ESRCH;
}

int proc_kill(int pid, int sig)
{
    struct siginfo info = {.signo = sig, .word = {(uint32_t)proc_current()->pid, cred_self()->uid}};
    struct proc *p = proc_current();
    int error;

    if (sig < 0 || sig > NSIG)
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid == p->pid) {
        signal_send(p, sig, &info);
        return 0;
    }
    if (pid > 0) {
        p = thread_proc_ref(pid);
        if (!p)
            return -ESRCH;
        error = cred_may_signal(p, sig);
        if (!error)
            signal_send(p, sig, &info);
        proc_unref(p);
        return error;
    }
    proc_lock();
    error = signal_many_locked(pid, sig, &info);
    proc_unlock();
    return error;
}

/* Tells other threads of what waits in the process, which this one blocks from now on. */
static void pass_on(struct proc *p, const struct thread *not_to)
{
    list_for_each (it, &p->threads) {
        struct thread *t = thread_of(it);

        if (t != not_to && p->sig.pending.set & ~t->sig.mask)
            thread_set_work(t, WORK_SIGNAL);
    }
}

bool signal_leave_locked(struct thread *t)
{
    struct proc *p = t->proc;
    uint32_t left = 0;

    if (unlikely(t->sig.pending.set))
        pending_drop(p, &t->sig.pending, ~0ull);
    if (likely(list_empty(&p->threads)))
        return false;
    if (p->sig.pending.set & ~t->sig.mask && !p->kill_sig) /* it may have been told of them */
        pass_on(p, t);
    if (likely(!p->sig.stop_sig))
        return false; /* nor is a thousand threads' end so many walks */
    list_for_each (it, &p->threads)
        left++;
    return p->sig.nparked == left;
}

void signal_set_mask_locked(struct thread *t, uint64_t to)
{
    t->sig.mask = to;
    t->proc->sig.ever_blocked |= to;
    signal_look_again_locked(t);
    if (unlikely(t->proc->sig.pending.set) && t->proc->nthreads > 1)
        pass_on(t->proc, t);
}

void signal_set_mask(uint64_t to)
{
    struct thread *t = thread_current();
    uint32_t mask = thread_table_lock(t->proc);

    signal_set_mask_locked(t, to & ~SIG_UNBLOCKABLE);
    thread_table_unlock(t->proc, mask);
}

void signal_mask_for_now(uint64_t to)
{
    struct thread *t = thread_current();

    t->sig.saved = t->sig.mask;
    t->sig.has_saved = true;
    signal_set_mask(to);
}

void signal_mask_back(void)
{
    struct thread *t = thread_current();

    if (!t->sig.has_saved)
        return;
    t->sig.has_saved = false;
    signal_set_mask(t->sig.saved);
}

/* What SIGCHLD says of a child: event as proc_signals has it, 0: its end. */
static struct siginfo child_info(struct proc *child, uint8_t event)
{
    struct siginfo info = {.signo = SIGCHLD, .word = {(uint32_t)child->pid, cred_uid(child)}};
    int status = child->exit_status, killed = status & 127;

    if (event) {
        info.code = event == EVENT_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
        info.word[2] = event == EVENT_CONTINUED ? SIGCONT : event;
        return info;
    }
    info.code = killed ? CLD_KILLED : CLD_EXITED;
    info.word[2] = (uint32_t)(killed ? killed : status >> 8 & 255);
    info.word[3] = (uint32_t)(child->user_ns / NSEC_PER_TICK);
    info.word[4] = (uint32_t)(child->kernel_ns / NSEC_PER_TICK);
    return info;
}

/* What the parent wants to know, at this moment, and memory to tell it. */
static __noinline void child_prepare(struct proc *parent, struct proc *child, uint8_t event,
                                     struct child_signal *sig)
{
    struct siginfo info = child_info(child, event);
    uint32_t mask = thread_table_lock(parent), flags = 0;

    if (parent->sig.handlers)
        flags = parent->sig.handlers->action[SIGCHLD - 1].flags;
    sig->reaps = !event && (parent->sig.ignored & SIG_BIT(SIGCHLD) || flags & SA_NOCLDWAIT);
    sig->sends = !(event && flags & SA_NOCLDSTOP);
    thread_table_unlock(parent, mask);
    if (sig->sends)
        sig->info = queued_alloc(&info);
}

uint32_t signal_child_lock(struct proc *parent, struct proc *child, uint8_t event,
                           struct child_signal *sig)
{
    uint32_t mask = spin_lock_irq(&parent->child_wait.lock);

    if (likely(!signal_cares_for_children(parent)))
        return mask;
    spin_unlock_irq(&parent->child_wait.lock, mask);
    child_prepare(parent, child, event, sig);
    return spin_lock_irq(&parent->child_wait.lock);
}

void signal_child_send(struct proc *parent, struct child_signal *sig)
{
    uint32_t mask = thread_table_lock(parent);

    send_locked(parent, NULL, SIGCHLD, sig->info, NULL);
    thread_table_unlock(parent, mask);
}

void signal_wait_for(uint64_t set)
{
    struct thread *t = thread_current();
    uint32_t mask = thread_table_lock(t->proc);

    t->sig.waited_for = set;
    t->proc->sig.ever_blocked |= set;
    signal_look_again_locked(t);
    thread_table_unlock(t->proc, mask);
}

bool signal_is_deaf(int sig)
{
    const struct thread *t = thread_current();

    return (t->sig.mask | t->proc->sig.ignored) & SIG_BIT(sig);
}

void signal_proc_forget(struct proc *p)
{
    pending_drop(p, &p->sig.pending, ~0ull);
    signal_free_spent(p);
    handlers_put(p->sig.handlers);
}
