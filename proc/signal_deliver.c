/* SPDX-License-Identifier: MIT
 *
 * Taking signals, at the kernel's edge of the thread that takes them: default actions, frames for
 * handlers, and what becomes of a system call that was interrupted. A call is done again from here,
 * in the kernel, if no handler runs in between; else the handler's frame goes back to the call's
 * own instruction, if the handler has SA_RESTART, or to the one behind it with -EINTR. Locks: (T)
 * while a signal is chosen; none when user memory is touched.
 */
#include "kern/arch.h"
#include "kern/clock.h"
#include "proc/proc_timers.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"
#include "proc/syscall.h"

/* A signal that was taken, and what is to be done with it. */
struct taken {
    struct siginfo info;
    struct sigaction_abi action;
    uint64_t mask; /* of before, with TAKE_HANDLER */
    enum { TAKE_NONE, TAKE_HANDLER, TAKE_DEATH, TAKE_STOP } what;
};

/* (T) held. The handler of sig, which is caught, runs next: what it wants blocked is, from now on.
 */
static void take_handler(struct thread *t, int sig, struct taken *taken)
{
    struct proc *p = t->proc;
    const struct sigaction_abi *a = &p->sig.handlers->action[sig - 1];
    uint64_t more = (uint64_t)a->mask[1] << 32 | a->mask[0];

    taken->what = TAKE_HANDLER;
    taken->action = *a;
    taken->mask = t->sig.mask;
    if (a->flags & SA_RESETHAND)
        p->sig.caught &= ~SIG_BIT(sig); /* and the table's entry is not looked at any more */
    if (!(a->flags & SA_NODEFER))
        more |= SIG_BIT(sig);
    signal_set_mask_locked(t, t->sig.mask | more);
}

/* (T) held. What is ignored was dropped when it was sent, but for what was blocked then. */
static void judge_taken(struct thread *t, int sig, struct taken *taken)
{
    struct proc *p = t->proc;
    uint64_t bit = SIG_BIT(sig);

    if (p->sig.caught & bit) {
        take_handler(t, sig, taken);
    } else if (!(p->sig.ignored & bit)) {
        enum signal_default is = signal_default(p, sig);

        taken->what = is == DEFAULT_KILL ? TAKE_DEATH : is == DEFAULT_STOP ? TAKE_STOP : TAKE_NONE;
        p->sig.stopping |= taken->what == TAKE_STOP;
    }
}

/* Takes one that is not blocked: false, there is none. */
static bool take(struct thread *t, struct taken *taken)
{
    struct proc *p = t->proc;
    struct queued *spent;
    uint32_t mask = thread_table_lock(p);
    uint64_t set = signal_waiting(t) & ~t->sig.mask;
    int sig = pending_take(p, &t->sig.pending, set, &taken->info);

    taken->what = TAKE_NONE;
    if (!sig)
        sig = pending_take(p, &p->sig.pending, set, &taken->info);
    if (sig)
        judge_taken(t, sig, taken);
    else
        signal_look_again_locked(t);
    spent = p->sig.spent;
    p->sig.spent = NULL;
    thread_table_unlock(p, mask);
    if (likely(spent))
        queued_free(spent);
    if (unlikely(p->timers) && sig)
        timers_signal_taken(p, sig, &taken->info);
    return sig != 0;
}

/* What an interrupted call answers when the handler of `action` runs now. */
static void end_call(struct thread *t, const struct sigaction_abi *action)
{
    if (t->sig.restart == RESTART_ALWAYS ||
        (t->sig.restart == RESTART_FLAG && action->flags & SA_RESTART))
        arch_redo_call(t->sig.restart_arg);
    t->sig.restart = RESTART_NONE;
}

/* Steps: end the call that was interrupted; the frame, on the thread's stack or its other one.
 * Without room for it nothing is blocked anew, and the process dies of SIGSEGV. */
static void handle(struct thread *t, const struct taken *taken)
{
    struct arch_signal s = {.info = &taken->info,
                            .action = &taken->action,
                            .mask = unlikely(t->sig.has_saved) ? t->sig.saved : taken->mask};

    if (t->sig.restart)
        end_call(t, &taken->action);
    if (likely(arch_signal_enter(&s) == 0)) {
        t->sig.has_saved = false;
        return;
    }
    signal_set_mask(taken->mask);
    signal_fault(&(struct signal_fault){.sig = SIGSEGV,
                                        .what = "has no stack for a signal",
                                        .pc = arch_user_pc(),
                                        .fatal = taken->info.signo == SIGSEGV});
}

/* It does not wait in a queue: no other signal is taken before one of a fault. One of that number
 * that waits is as if it were this one. */
bool signal_force(const struct siginfo *info)
{
    struct thread *t = thread_current();
    struct taken taken = {.info = *info};
    uint64_t bit = SIG_BIT(info->signo);
    uint32_t mask = thread_table_lock(t->proc);
    bool caught = t->proc->sig.caught & ~t->sig.mask & bit;
    uint8_t kind = t->fault_kind;

    if (caught) {
        pending_drop(t->proc, &t->sig.pending, bit);
        take_handler(t, info->signo, &taken);
    }
    thread_table_unlock(t->proc, mask);
    if (caught) {
        signal_free_spent(t->proc);
        handle(t, &taken);
        t->fault_kind = kind; /* for the trace: the frame's pages may fault, too */
    }
    return caught;
}

/* No handler ran: the mask of before, and the call again. */
static void go_on(struct thread *t)
{
    signal_mask_back();
    if (!t->sig.restart)
        return;
    t->sig.restart = RESTART_NONE;
    t->sig.redo = true;
    arch_set_result(t, t->sig.restart_arg);
    arch_set_result(t, (uint32_t)syscall_again(t->sig.restart_arg));
    t->sig.redo = false;
}

/* Steps: stand still if the process does; take what there is, one after the other: death ends it, a
 * handler gets its frame, and a second one its own on top; then the call that was interrupted. */
void signal_deliver(void)
{
    struct thread *t = thread_current();
    struct taken taken;

    do {
        if (t->proc->sig.stop_sig || t->proc->sig.continued)
            job_park();
        if (t->work & WORK_KILL || !take(t, &taken))
            break;
        if (taken.what == TAKE_DEATH)
            signal_kill_now(t->proc, taken.info.signo);
        else if (taken.what == TAKE_STOP)
            job_stop(taken.info.signo);
        else if (taken.what == TAKE_HANDLER)
            handle(t, &taken);
    } while ((t->work & (WORK_KILL | WORK_SIGNAL)) == WORK_SIGNAL);
    if (!(t->work & WORK_KILL))
        go_on(t);
}

/* Steps: die if killed; stop if mm_check wants it; take signals; let others run. Each may bring
 * work anew, which the return path sees: it looks again. */
void thread_do_work(void)
{
    struct thread *t = thread_current();

    if (__atomic_load_n(&t->work, __ATOMIC_ACQUIRE) & WORK_KILL) {
        if (t->proc->kill_sig)
            proc_exit(WSTATUS_SIGNAL(t->proc->kill_sig));
        thread_end(0); /* another thread ends the process, or has a new program for it */
    }
    if (t->work & WORK_STOP)
        stop_park();
    if (t->work & WORK_SIGNAL)
        signal_deliver();
    if (t->work & WORK_RESCHED) {
        t->at_edge = true;
        schedule();
        thread_leave_edge(t);
    }
}

int signal_restart(enum restart how)
{
    struct thread *t = thread_current();

    t->sig.restart = (uint8_t)how;
    t->sig.restart_arg = arch_user_arg(0);
    thread_set_work(t, WORK_SIGNAL); /* though the signal may be gone: the call is done again */
    return -EINTR;
}

uint64_t signal_deadline(uint64_t ns)
{
    struct thread *t = thread_current();
    uint64_t now;

    if (unlikely(t->sig.redo))
        return t->sig.deadline_ns;
    now = clock_ns();
    t->sig.deadline_ns = ns > UINT64_MAX - now ? UINT64_MAX : now + ns;
    return t->sig.deadline_ns;
}
