/* SPDX-License-Identifier: MIT
 *
 * System calls about signals: their arguments and results. Sets have 8 bytes; what is no set of
 * that size is refused, as Linux does.
 */
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/waitq.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/pid.h"
#include "proc/proc_timers.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"
#include "proc/sys_impl.h"

#define SET_BYTES 8u
#define NEVER     UINT64_MAX

enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

/* Where threads wait for a signal and nothing else: nobody wakes it. */
static struct waitq waiters = WAITQ_INIT(waiters);

static bool is_signal(uint32_t sig)
{
    return sig >= 1 && sig <= NSIG;
}

static int get_set(uint64_t *set, vaddr_t uset, uint32_t bytes)
{
    if (bytes != SET_BYTES)
        return -EINVAL;
    return copy_from_user(set, uset, sizeof(*set));
}

SYSCALL4(sys_rt_sigaction, sig, uact, uold, set_bytes)
{
    struct sigaction_abi act, old;
    int error;

    if (set_bytes != SET_BYTES)
        return -EINVAL;
    if (uact && copy_from_user(&act, uact, sizeof(act)))
        return -EFAULT;
    if (!is_signal(sig) || (uact && (sig == SIGKILL || sig == SIGSTOP)))
        return -EINVAL;
    if (!uold)
        return signal_action((int)sig, uact ? &act : NULL, NULL);
    error = signal_action((int)sig, uact ? &act : NULL, &old);
    return error ? error : copy_to_user(uold, &old, sizeof(old));
}

SYSCALL4(sys_rt_sigprocmask, how, uset, uold, set_bytes)
{
    uint64_t set = 0, old = thread_current()->sig.mask;

    if (set_bytes != SET_BYTES)
        return -EINVAL;
    if (uset) {
        if (copy_from_user(&set, uset, sizeof(set)))
            return -EFAULT;
        switch (how) {
        case SIG_BLOCK: set |= old; break;
        case SIG_UNBLOCK: set = old & ~set; break;
        case SIG_SETMASK: break;
        default: return -EINVAL;
        }
        signal_set_mask(set);
    }
    return uold ? copy_to_user(uold, &old, sizeof(old)) : 0;
}

SYSCALL2(sys_rt_sigpending, uset, set_bytes)
{
    struct thread *t = thread_current();
    uint64_t set;
    uint32_t mask;

    if (set_bytes > SET_BYTES)
        return -EINVAL;
    mask = thread_table_lock(t->proc);
    set = (t->sig.pending.set | t->proc->sig.pending.set) & t->sig.mask;
    thread_table_unlock(t->proc, mask);
    return copy_to_user(uset, &set, set_bytes);
}

/* Sleeps until a signal or the time comes. -EINTR, -ETIMEDOUT. */
static int wait_for_signal(uint64_t until_ns)
{
    uint32_t mask = spin_lock_irq(&waiters.lock);

    return waitq_sleep(&waiters, mask, SLEEP_LIGHT, until_ns);
}

SYSCALL0(sys_pause)
{
    (void)wait_for_signal(NEVER);
    return signal_restart(RESTART_NO_HANDLER);
}

SYSCALL2(sys_rt_sigsuspend, uset, set_bytes)
{
    uint64_t set;
    int error = get_set(&set, uset, set_bytes);

    if (error)
        return error;
    signal_mask_for_now(set);
    (void)wait_for_signal(NEVER);
    return signal_restart(RESTART_NO_HANDLER);
}

static int put_siginfo(vaddr_t to, const struct siginfo *info)
{
    if (copy_to_user(to, info, sizeof(*info)))
        return -EFAULT;
    return clear_user(to + sizeof(*info), SIGINFO_BYTES - sizeof(*info));
}

/* Takes a signal of the set, whether it is blocked or not: its number, or 0. */
static int take_of(uint64_t set, struct siginfo *info)
{
    struct thread *t = thread_current();
    uint32_t mask = thread_table_lock(t->proc);
    int sig = pending_take(t->proc, &t->sig.pending, set, info);

    if (!sig)
        sig = pending_take(t->proc, &t->proc->sig.pending, set, info);
    signal_look_again_locked(t);
    thread_table_unlock(t->proc, mask);
    if (sig)
        signal_free_spent(t->proc);
    if (unlikely(t->proc->timers) && sig)
        timers_signal_taken(t->proc, sig, info);
    return sig;
}

/* What is sent between the two looks ends the sleep, or keeps it from beginning. */
static int timed_wait(uint64_t set, uint64_t until_ns, struct siginfo *info)
{
    int sig = take_of(set, info), slept;

    if (sig || until_ns <= clock_ns())
        return sig ? sig : -EAGAIN;
    signal_wait_for(set);
    slept = wait_for_signal(until_ns);
    signal_wait_for(0);
    sig = take_of(set, info);
    if (sig)
        return sig;
    return slept == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

static long sigtimedwait(vaddr_t uset, vaddr_t uinfo, vaddr_t utime, uint32_t set_bytes, bool wide)
{
    struct siginfo info;
    uint64_t set, ns = NEVER;
    int result = utime ? timeout_get(utime, &ns, wide) : 0;

    if (!result)
        result = get_set(&set, uset, set_bytes);
    if (result)
        return result;
    result = timed_wait(set & ~SIG_UNBLOCKABLE, ns == NEVER ? NEVER : signal_deadline(ns), &info);
    if (result > 0 && uinfo && put_siginfo(uinfo, &info))
        return -EFAULT;
    return result;
}

SYSCALL4(sys_rt_sigtimedwait, uset, uinfo, utime, set_bytes)
{
    return sigtimedwait(uset, uinfo, utime, set_bytes, false);
}

SYSCALL4(sys_rt_sigtimedwait64, uset, uinfo, utime, set_bytes)
{
    return sigtimedwait(uset, uinfo, utime, set_bytes, true);
}

SYSCALL2(sys_kill, pid, sig)
{
    return proc_kill((int)pid, (int)sig);
}

/* To thread tid, of process tgid if that is not 0. */
static int queue_to_thread(int tgid, int tid, int sig, const struct siginfo *info)
{
    int pid = tgid ? tgid : thread_pid(tid);
    struct proc *p = proc_current();
    int error;

    if (pid == p->pid)
        return signal_queue(p, tid, sig, info);
    p = pid > 0 ? pid_ref(pid) : NULL;
    if (!p)
        return -ESRCH;
    error = cred_may_signal(p, sig);
    if (!error)
        error = signal_queue(p, tid, sig, info);
    proc_unref(p);
    return error;
}

static int thread_kill(int tgid, int tid, uint32_t sig)
{
    struct siginfo info = {.signo = (int)sig,
                           .code = SI_TKILL,
                           .word = {(uint32_t)proc_current()->pid, cred_self()->uid}};

    if (sig > NSIG)
        return -EINVAL;
    return queue_to_thread(tgid, tid, (int)sig, &info);
}

SYSCALL3(sys_tgkill, tgid, tid, sig)
{
    if ((int)tgid <= 0 || (int)tid <= 0)
        return -EINVAL;
    return thread_kill((int)tgid, (int)tid, sig);
}

SYSCALL2(sys_tkill, tid, sig)
{
    return (int)tid <= 0 ? -EINVAL : thread_kill(0, (int)tid, sig);
}

/* What a program says of a signal that it sends: not that the kernel or kill did. */
static int get_siginfo(struct siginfo *info, vaddr_t uinfo, uint32_t sig, int pid)
{
    if (copy_from_user(info, uinfo, sizeof(*info)))
        return -EFAULT;
    info->signo = (int)sig;
    if ((info->code >= 0 || info->code == SI_TKILL) && pid != proc_current()->pid)
        return -EPERM;
    return sig > NSIG ? -EINVAL : 0;
}

SYSCALL3(sys_rt_sigqueueinfo, pid, sig, uinfo)
{
    struct siginfo info;
    int error = get_siginfo(&info, uinfo, sig, (int)pid);
    struct proc *p;

    if (error)
        return error;
    p = (int)pid > 0 ? pid_ref((int)pid) : NULL;
    if (!p)
        return -ESRCH;
    error = cred_may_signal(p, (int)sig);
    if (!error)
        error = signal_queue(p, 0, (int)sig, &info);
    proc_unref(p);
    return error;
}

SYSCALL4(sys_rt_tgsigqueueinfo, tgid, tid, sig, uinfo)
{
    struct siginfo info;
    int error = get_siginfo(&info, uinfo, sig, (int)tgid);

    if (error)
        return error;
    if ((int)tgid <= 0 || (int)tid <= 0)
        return -EINVAL;
    return queue_to_thread((int)tgid, (int)tid, (int)sig, &info);
}

SYSCALL2(sys_sigaltstack, unew, uold)
{
    struct altstack *mine = &thread_current()->sig.stack, old = *mine, new;
    bool inside = arch_on_altstack();

    if (unew) {
        if (copy_from_user(&new, unew, sizeof(new)))
            return -EFAULT;
        if (inside)
            return -EPERM;
        if ((new.flags & ~SS_AUTODISARM) > SS_DISABLE)
            return -EINVAL;
        new.flags &= SS_DISABLE | SS_AUTODISARM;
        if (new.flags & SS_DISABLE)
            new.base = new.bytes = 0;
        else if (new.bytes < MINSIGSTKSZ)
            return -ENOMEM;
        *mine = new;
    }
    if (!old.bytes)
        old.flags |= SS_DISABLE;
    else if (inside)
        old.flags |= SS_ONSTACK;
    return uold ? copy_to_user(uold, &old, sizeof(old)) : 0;
}

/* Steps: registers from the frame; the mask; the other stack, which the program may have changed in
 * the frame. A bad frame is a fault of the program. */
static long sigreturn(bool rt)
{
    struct thread *t = thread_current();
    struct altstack stack;
    uint64_t mask;

    if (arch_signal_return(rt, &mask, &stack)) {
        signal_fault(&(struct signal_fault){.sig = SIGSEGV,
                                            .code = SI_KERNEL,
                                            .what = "returned from a signal without its frame",
                                            .pc = arch_user_pc()});
        return (long)arch_user_result();
    }
    signal_set_mask(mask);
    if (rt && !arch_on_altstack() && (stack.flags & ~SS_AUTODISARM) <= SS_DISABLE &&
        (stack.flags & SS_DISABLE || stack.bytes >= MINSIGSTKSZ))
        t->sig.stack = stack;
    return (long)arch_user_result();
}

SYSCALL0(sys_sigreturn)
{
    return sigreturn(false);
}

SYSCALL0(sys_rt_sigreturn)
{
    return sigreturn(true);
}
