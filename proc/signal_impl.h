/* SPDX-License-Identifier: MIT
 *
 * Private to the signal files: signal.c (sending), signal_action.c (what is done with which),
 * signal_queue.c (what waits), signal_deliver.c (taking), signal_fault.c, job_control.c (standing
 * still), sys_signal.c (the calls).
 */
#ifndef PROC_SIGNAL_IMPL_H
#define PROC_SIGNAL_IMPL_H

#include "proc/proc.h"

#define SIG_UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
#define SIG_STOPS       (SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))
/* Signals of a fault, taken before all others. */
#define SIG_FAULTS                                                                                 \
    (SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGILL) | SIG_BIT(SIGTRAP) | SIG_BIT(SIGFPE))
#define QUEUED_MOST 1024u

/* What happens to a signal that nobody catches. */
enum signal_default { DEFAULT_KILL, DEFAULT_NOTHING, DEFAULT_STOP };
enum signal_default signal_default(const struct proc *p, int sig);

/* signal_queue.c; (T) held. Memory comes and goes without (T). */
struct queued *queued_alloc(const struct siginfo *info); /* NULL: none */
/* q, which is in no queue, goes to those that are to be freed. */
void queued_spend(struct proc *p, struct queued *q);
/* Adds sig; takes q, which may be NULL. A signal below SIGRTMIN waits but once. */
void pending_add(struct proc *p, struct pending *q, int sig, struct queued *info);
/* Takes the first of `set`, the signals of faults first: its number, or 0. */
int pending_take(struct proc *p, struct pending *q, uint64_t set, struct siginfo *info);
/* Forgets those of `set`. */
void pending_drop(struct proc *p, struct pending *q, uint64_t set);
/* Takes a timer's signal back, if it waits in q. */
void pending_withdraw(struct proc *p, struct pending *q, struct queued *info);
/* Frees a list of them. (T) not held. */
void queued_free(struct queued *q);
/* Frees what was taken and dropped. (T) not held. */
void signal_free_spent(struct proc *p);

/* signal.c; (T) held. */
static inline uint64_t signal_waiting(const struct thread *t)
{
    uint64_t set = t->sig.pending.set | t->proc->sig.pending.set;

    if (likely(!set))
        return 0;
    if (unlikely(t->proc->vfork_parent)) /* which could not continue us */
        set &= ~SIG_STOPS;
    return set & (~t->sig.mask | t->sig.waited_for);
}
void signal_kill_locked(struct proc *p, int sig);
void signal_look_again_locked(struct thread *t);
/* As signal_set_mask; t is the current thread, and `to` has nothing that can't be blocked. */
void signal_set_mask_locked(struct thread *t, uint64_t to);
/* t is not of its process's threads any more: what was sent to it is forgotten, and others take
 * what it might have taken. True: all others stand still, which nobody has said yet. */
bool signal_leave_locked(struct thread *t);
/* A parent's SIGCHLD. What wait can see and the sending are one step, under the parent's
 * child_wait.lock: who sees the one will see the other. */
struct child_signal {
    bool reaps; /* the parent does not want to know: nobody waits for the child */
    bool sends;
    struct queued *info;
};
static inline bool signal_cares_for_children(const struct proc *parent)
{
    return (parent->sig.ignored | parent->sig.caught | parent->sig.ever_blocked) & SIG_BIT(SIGCHLD);
}
/* Locks the parent's child_wait.lock, with what the sending needs in *sig (zeroed before); most
 * parents do not care. event: the signal that stopped the child, EVENT_CONTINUED, or 0: it ends.
 * The former interrupt mask. (P) held, shared. */
uint32_t signal_child_lock(struct proc *parent, struct proc *child, uint8_t event,
                           struct child_signal *sig);
/* Under that lock. */
void signal_child_send(struct proc *parent, struct child_signal *sig);

/* A timer's signal, from an interrupt too: to thread tid of p, 0: to p; info is a timer's, or NULL,
 * and if it waits already nothing is done. False: no such thread. (T) not held. */
bool signal_of_timer(struct proc *p, int tid, int sig, struct queued *info);
/* Such a signal is withdrawn, wherever it waits. */
void signal_withdraw(struct proc *p, struct queued *info);

/* Nobody knows p any more: frees what was sent and not taken, and its handlers. */
void signal_proc_forget(struct proc *p);

/* signal_deliver.c. A fault's signal for the current thread, whose handler runs next: false if it
 * is not caught, or blocked: then it kills. May sleep. */
bool signal_force(const struct siginfo *info);

/* signal_action.c. One of those who share the table is gone; NULL is fine. */
void handlers_put(struct handlers *h);

/* job_control.c. SIGCONT was sent; (T) held. */
void job_continue_locked(struct proc *p);
/* The current process stands still from now on: sig stops it. Nothing happens where nobody could
 * continue it. May sleep. */
void job_stop(int sig);
/* Stands still as long as the process is stopped, and tells its parent. */
void job_park(void);
/* Tells p's parent that p stands still. */
void job_tell_stopped(struct proc *p);
/* For the terminal (tty_on_caller): the caller is in its background. */
int job_background(int sig);
/* Likewise: the session of a group, or -ESRCH. May sleep. */
int job_session_of(int pgid);
/* Hangs up what is in the foreground of a terminal whose session ended: a group, or 0. */
void job_hang_up(int pgid);
/* The current process ends: groups that nobody could continue then are hung up. May sleep. */
void job_leave(struct proc *leaving);
#endif
