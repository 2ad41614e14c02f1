/* SPDX-License-Identifier: MIT
 *
 * What a process does with each signal: ignores it, runs a handler, or what is usual. The sets of
 * struct proc_signals say which of them, for who sends; the rest is in a table that fork's children
 * share until one of them changes something. A process that never caught a signal has none.
 * Locks: (T) of the process; tables are allocated and freed without.
 */
#include <string.h>

#include "lib/refcount.h"
#include "mm/slab.h"
#include "proc/proc_timers.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"

static struct slab_cache handlers_cache = SLAB_CACHE("handlers", sizeof(struct handlers));

void handlers_put(struct handlers *h)
{
    if (h && !ref_drop(&h->refs))
        slab_free(&handlers_cache, h);
}

/* With (T) it stays so; and nobody takes a table away but exec, which has no other thread. */
static bool has_own_table(const struct proc *p)
{
    return p->sig.handlers && __atomic_load_n(&p->sig.handlers->refs, __ATOMIC_ACQUIRE) == 1;
}

/* p gets a table of its own, with what it had. Two threads may do this at once. */
static __noinline int make_table(struct proc *p)
{
    struct handlers *mine = slab_alloc(&handlers_cache), *old;
    uint32_t mask;

    if (!mine)
        return -ENOMEM;
    mask = thread_table_lock(p);
    old = p->sig.handlers;
    if (has_own_table(p)) { /* another thread was here */
        old = mine;
    } else {
        if (old)
            memcpy(mine->action, old->action, sizeof(mine->action));
        mine->refs = 1;
        p->sig.handlers = mine;
    }
    thread_table_unlock(p, mask);
    if (old == mine)
        slab_free(&handlers_cache, mine);
    else
        handlers_put(old);
    return 0;
}

/* Takes (T) with a table of p's own, which another thread may share with a child meanwhile. */
static int lock_with_table(struct proc *p, uint32_t *mask)
{
    for (;;) {
        int error;

        *mask = thread_table_lock(p);
        if (likely(has_own_table(p)))
            return 0;
        thread_table_unlock(p, *mask);
        error = make_table(p);
        if (error)
            return error;
    }
}

static void get_action(const struct proc *p, int sig, struct sigaction_abi *act)
{
    uint64_t bit = SIG_BIT(sig);

    *act = p->sig.handlers ? p->sig.handlers->action[sig - 1] : (struct sigaction_abi){0};
    if (p->sig.ignored & bit)
        act->handler = SIG_IGN; /* perhaps of the parent, or from before exec */
    else if (!(p->sig.caught & bit))
        act->handler = SIG_DFL; /* perhaps by SA_RESETHAND */
}

/* (T) held. What is ignored from now on is not waiting any more. */
static __noinline void forget_waiting(struct proc *p, uint64_t bit)
{
    pending_drop(p, &p->sig.pending, bit);
    list_for_each (it, &p->threads)
        pending_drop(p, &container_of(it, struct thread, siblings)->sig.pending, bit);
}

/* In p's own table. */
static inline __attribute__((always_inline)) void write_table(struct proc *p, int sig,
                                                              const struct sigaction_abi *act)
{
    struct sigaction_abi *mine = &p->sig.handlers->action[sig - 1];

    *mine = *act;
    mine->flags &= SA_KNOWN;
    mine->mask[0] &= ~(uint32_t)SIG_UNBLOCKABLE;
}

/* (T) held. */
static void set_action(struct proc *p, int sig, const struct sigaction_abi *act)
{
    uint64_t bit = SIG_BIT(sig), ignored = p->sig.ignored & ~bit, caught = p->sig.caught & ~bit;

    write_table(p, sig, act);
    if (act->handler == SIG_IGN)
        ignored |= bit;
    else if (act->handler != SIG_DFL)
        caught |= bit;
    p->sig.ignored = ignored;
    p->sig.caught = caught;
    if (act->handler == SIG_IGN ||
        (act->handler == SIG_DFL && signal_default(p, sig) == DEFAULT_NOTHING))
        forget_waiting(p, bit);
}

static __noinline int action_locked(struct proc *p, int sig, const struct sigaction_abi *act,
                                    struct sigaction_abi *old)
{
    uint32_t mask;

    if (!act) {
        mask = thread_table_lock(p);
    } else {
        int error = lock_with_table(p, &mask);

        if (error)
            return error;
    }
    if (old)
        get_action(p, sig, old);
    if (act)
        set_action(p, sig, act);
    thread_table_unlock(p, mask);
    signal_free_spent(p);
    if (unlikely(p->timers) && act)
        timers_look_again(p);
    return 0;
}

/* Who sends would not see the change: the signal is caught, ignored or neither, as it was, and none
 * waits that could have to go. */
static bool changes_table_alone(const struct thread *t, int sig, vaddr_t handler)
{
    const struct proc *p = t->proc;
    uint64_t bit = SIG_BIT(sig);

    if (p->sig.pending.set | t->sig.pending.set)
        return false;
    if (handler != SIG_DFL && handler != SIG_IGN)
        return p->sig.caught & bit;
    return !(
        (handler == SIG_IGN ? p->sig.caught | ~p->sig.ignored : p->sig.caught | p->sig.ignored) &
        bit);
}

/* Nobody but its threads looks at a process's own table, and for the flags of SIGCHLD, a word, its
 * children: the only thread needs no lock to change what is not in the sets, too. */
int signal_action(int sig, const struct sigaction_abi *act, struct sigaction_abi *old)
{
    const struct thread *t = thread_current();
    struct proc *p = t->proc;

    if (!act || p->nthreads > 1 || !has_own_table(p) || !changes_table_alone(t, sig, act->handler))
        return action_locked(p, sig, act, old);
    if (old)
        get_action(p, sig, old);
    write_table(p, sig, act);
    return 0;
}

/* All of it is 0 in the child, and most often stays so. */
static void copy_to_child(struct proc *child, struct thread *t, const struct proc *parent)
{
    const struct thread *me = thread_current();

    if (unlikely(parent->sig.ignored | parent->sig.caught | me->sig.mask)) {
        child->sig.ignored = parent->sig.ignored;
        child->sig.caught = parent->sig.caught;
        t->sig.mask = child->sig.ever_blocked = me->sig.mask;
    }
    child->sig.handlers = parent->sig.handlers;
    if (unlikely(child->sig.handlers))
        ref_take(&child->sig.handlers->refs);
    if (unlikely(me->sig.stack.bytes))
        t->sig.stack = me->sig.stack;
}

/* Other threads may change what is copied, and put another table in the place of the one that is
 * shared. */
void signal_fork(struct proc *child, struct thread *t, const struct proc *parent)
{
    uint32_t mask;

    if (likely(parent->nthreads == 1)) {
        copy_to_child(child, t, parent);
        return;
    }
    mask = thread_table_lock(parent);
    copy_to_child(child, t, parent);
    thread_table_unlock(parent, mask);
}

void signal_exec(struct proc *p, struct thread *t)
{
    struct handlers *old = p->sig.handlers;
    uint32_t mask;

    t->sig.stack = (struct altstack){0};
    if (likely(!old))
        return;
    mask = thread_table_lock(p);
    p->sig.handlers = NULL;
    p->sig.caught = 0;
    thread_table_unlock(p, mask);
    handlers_put(old);
}
