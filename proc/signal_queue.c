/* SPDX-License-Identifier: MIT
 *
 * What was sent and not taken yet. Signals below SIGRTMIN wait once, the others as often as they
 * were sent, in order. Memory is allocated before (T) and freed after it: what is taken out of a
 * queue, or finds no place in one, is spent, and freed by whoever sent or took.
 * Locks: (T) of the process, but for queued_alloc and signal_free_spent.
 */
#include "mm/slab.h"
#include "proc/sched_impl.h"
#include "proc/signal_impl.h"

static struct slab_cache queued_cache = SLAB_CACHE("signal", sizeof(struct queued));

struct queued *queued_alloc(const struct siginfo *info)
{
    struct queued *q = slab_alloc(&queued_cache);

    if (q)
        q->info = *info;
    return q;
}

void queued_spend(struct proc *p, struct queued *q)
{
    if (unlikely(q->of_timer)) {
        q->waits = false;
        return;
    }
    q->next = p->sig.spent;
    p->sig.spent = q;
}

void pending_add(struct proc *p, struct pending *q, int sig, struct queued *info)
{
    if (sig < SIGRTMIN && q->set & SIG_BIT(sig) && !(info && info->of_timer)) {
        if (info)
            queued_spend(p, info);
        return;
    }
    q->set |= SIG_BIT(sig);
    if (!info)
        return;
    p->sig.nqueued++;
    info->waits = true;
    info->next = NULL;
    if (q->last)
        q->last->next = info;
    else
        q->first = info;
    q->last = info;
}

/* Takes out the first of sig behind *link, or NULL; *more: there is another one. */
static struct queued *take_out(struct proc *p, struct pending *q, int sig, bool *more)
{
    struct queued *found = NULL, *before = NULL, *previous = NULL;

    *more = false;
    for (struct queued *i = q->first; i; i = i->next) {
        if (i->info.signo == sig && found) {
            *more = true;
            break;
        }
        if (i->info.signo == sig) {
            found = i;
            before = previous;
        }
        previous = i;
    }
    if (!found)
        return NULL;
    if (before)
        before->next = found->next;
    else
        q->first = found->next;
    if (q->last == found)
        q->last = before;
    p->sig.nqueued--;
    return found;
}

int pending_take(struct proc *p, struct pending *q, uint64_t set, struct siginfo *info)
{
    uint64_t waiting = q->set & set;
    struct queued *found;
    bool more;
    int sig;

    if (!waiting)
        return 0;
    if (waiting & SIG_FAULTS)
        waiting &= SIG_FAULTS;
    sig = __builtin_ctzll(waiting) + 1;
    found = take_out(p, q, sig, &more);
    if (!more)
        q->set &= ~SIG_BIT(sig);
    if (found) {
        *info = found->info;
        queued_spend(p, found);
    } else {
        *info = (struct siginfo){.signo = sig, .code = SI_KERNEL};
    }
    return sig;
}

void pending_drop(struct proc *p, struct pending *q, uint64_t set)
{
    struct queued *i = q->first;

    if (likely(!(q->set & set)))
        return;
    q->set &= ~set;
    q->first = q->last = NULL;
    while (i) {
        struct queued *next = i->next;

        i->next = NULL;
        if (set & SIG_BIT(i->info.signo)) {
            p->sig.nqueued--;
            queued_spend(p, i);
        } else if (q->last) {
            q->last->next = i;
            q->last = i;
        } else {
            q->first = q->last = i;
        }
        i = next;
    }
}

void pending_withdraw(struct proc *p, struct pending *q, struct queued *info)
{
    struct queued *previous = NULL, *i = q->first;
    bool others = false;

    for (; i && i != info; previous = i, i = i->next)
        others |= i->info.signo == info->info.signo;
    if (!i)
        return;
    for (struct queued *next = info->next; next && !others; next = next->next)
        others = next->info.signo == info->info.signo;
    if (previous)
        previous->next = info->next;
    else
        q->first = info->next;
    if (q->last == info)
        q->last = previous;
    if (!others)
        q->set &= ~SIG_BIT(info->info.signo);
    p->sig.nqueued--;
    info->waits = false;
}

void queued_free(struct queued *q)
{
    while (q) {
        struct queued *next = q->next;

        slab_free(&queued_cache, q);
        q = next;
    }
}

void signal_free_spent(struct proc *p)
{
    struct queued *q;
    uint32_t mask;

    if (likely(!__atomic_load_n(&p->sig.spent, __ATOMIC_RELAXED)))
        return;
    mask = thread_table_lock(p);
    q = p->sig.spent;
    p->sig.spent = NULL;
    thread_table_unlock(p, mask);
    queued_free(q);
}
