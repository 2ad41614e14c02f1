/* SPDX-License-Identifier: MIT
 *
 * Locks on files. A file's locks are a list; an owner's ranges in it neither overlap nor touch with
 * the same type. Who waits stands in a table of waiting owners, so that a circle is found before
 * somebody goes to sleep in it.
 * Invariant: two locks of one kind and different owners overlap only if both are shared.
 * Locks: locks.mutex for all of it; locks.changed is woken when a lock goes.
 * Source: POSIX fcntl; Linux for flock and for what deadlock means.
 */
#include "fs/lock.h"

#include "include/uapi/errno.h"
#include "kern/waitq.h"
#include "mm/slab.h"

#define OWNER_MAX 1024u /* locks of one owner on one file */

struct file_lock {
    struct file_lock *next;
    struct lock_range range;
};

/* An owner that sleeps, and for whom. On its stack. */
struct waiting {
    struct waiting *next;
    const void *owner, *holder;
};

static struct {
    struct mutex mutex;
    struct waitq changed;    /* its lock is taken inside the mutex */
    struct waiting *waiting; /* (mutex) */
    uint32_t nwaiting;       /* (mutex) of these */
    uint32_t version;        /* (changed.lock) locks that went */
    struct slab_cache cache;
} locks = {.mutex = MUTEX_INIT(locks.mutex, LOCK_FILE_LOCKS),
           .changed = WAITQ_INIT_CLASS(locks.changed, LOCK_WAITQ),
           .cache = SLAB_CACHE("file lock", sizeof(struct file_lock))};

static bool same_owner(const struct lock_range *a, const struct lock_range *b)
{
    return a->owner == b->owner && a->whole == b->whole;
}

static bool overlap(const struct lock_range *a, const struct lock_range *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static bool conflict(const struct lock_range *a, const struct lock_range *b)
{
    return a->whole == b->whole && a->owner != b->owner && overlap(a, b) &&
           (a->type == LOCK_EXCLUSIVE || b->type == LOCK_EXCLUSIVE);
}

/* A process's table counts the locks that it owns, for who looks for memory. */
static void tally(const struct lock_range *r, int32_t by)
{
    struct fdtable *t = (struct fdtable *)(uintptr_t)r->owner;

    if (!r->whole)
        __atomic_fetch_add(&t->nlocks, (uint32_t)by, __ATOMIC_RELAXED);
}

static void lock_free(struct file_lock *l)
{
    tally(&l->range, -1);
    slab_free(&locks.cache, l);
}

/* What stands in the way of r: of several locks the one that begins first. */
static struct file_lock *find_conflict(const struct vnode *v, const struct lock_range *r)
{
    struct file_lock *first = NULL;

    for (struct file_lock *l = v->locks; l; l = l->next)
        if (conflict(&l->range, r) && (!first || l->range.first < first->range.first))
            first = l;
    return first;
}

bool range_lock_test(struct vnode *v, const struct lock_range *request, struct lock_range *found)
{
    const struct file_lock *l;

    mutex_lock(&locks.mutex);
    l = find_conflict(v, request);
    if (l)
        *found = l->range;
    mutex_unlock(&locks.mutex);
    return l != NULL;
}

static void wake(void)
{
    uint32_t mask = spin_lock_irq(&locks.changed.lock);

    locks.version++;
    waitq_wake_locked(&locks.changed, WAITQ_ALL);
    spin_unlock_irq(&locks.changed.lock, mask);
}

/* Cuts the range out of the owner's lock *at, whose neighbour is the next one then; spare: memory
 * for a second part, which may be left. */
static void cut(struct file_lock **at, const struct lock_range *r, struct file_lock **spare)
{
    struct file_lock *l = *at;
    bool before = l->range.first<r->first, behind = l->range.last> r->last;

    if (before && behind) {
        struct file_lock *second = *spare;

        *spare = NULL;
        *second = *l;
        tally(&second->range, 1);
        second->range.first = r->last + 1;
        l->range.last = r->first - 1;
        l->next = second;
    } else if (before) {
        l->range.last = r->first - 1;
    } else if (behind) {
        l->range.first = r->last + 1;
    } else {
        *at = l->next;
        lock_free(l);
    }
}

/* The owner's locks that touch the range with its type become part of it; they go. */
static void absorb(struct vnode *v, struct lock_range *r)
{
    struct file_lock **at = &v->locks;

    while (*at) {
        struct file_lock *l = *at;
        bool touches =
            l->range.first <= (r->last == UINT64_MAX ? r->last : r->last + 1) &&
            r->first <= (l->range.last == UINT64_MAX ? l->range.last : l->range.last + 1);

        if (!same_owner(&l->range, r) || l->range.type != r->type || !touches) {
            at = &l->next;
            continue;
        }
        r->first = MIN(r->first, l->range.first);
        r->last = MAX(r->last, l->range.last);
        *at = l->next;
        lock_free(l);
    }
}

/* Makes it so; memory for two locks is there. */
static void apply(struct vnode *v, struct lock_range r, struct file_lock *memory[2])
{
    struct file_lock **at = &v->locks;

    if (r.type != LOCK_NOTHING)
        absorb(v, &r);
    while (*at) {
        struct file_lock *l = *at;

        if (same_owner(&l->range, &r) && overlap(&l->range, &r))
            cut(at, &r, &memory[1]);
        if (*at == l)
            at = &l->next;
    }
    if (r.type != LOCK_NOTHING) {
        *memory[0] = (struct file_lock){v->locks, r};
        tally(&r, 1);
        v->locks = memory[0];
        memory[0] = NULL;
    }
    wake();
}

static uint32_t count_of(const struct vnode *v, const struct lock_range *r)
{
    uint32_t n = 0;

    for (const struct file_lock *l = v->locks; l; l = l->next)
        n += same_owner(&l->range, r);
    return n;
}

/* Whom owner sleeps for, in one of its threads; NULL: nobody. */
static const void *holder_for(const void *owner)
{
    const struct waiting *w = locks.waiting;

    while (w && w->owner != owner)
        w = w->next;
    return w ? w->holder : NULL;
}

/* If owner slept for holder, would holder, over any number of steps, sleep for owner? Others may
 * sleep in a circle: of who sleeps in several threads one was looked at when they began. */
static bool is_circle(const void *owner, const void *holder)
{
    for (uint32_t steps = 0; holder && steps < locks.nwaiting; steps++) {
        holder = holder_for(holder);
        if (holder == owner)
            return true;
        preempt_point();
    }
    return false;
}

/* Sleeps until some lock goes; the mutex is given back and taken again. */
static int wait_for(struct waiting *w)
{
    struct waiting **at = &locks.waiting;
    uint32_t mask, version;
    int error;

    w->next = locks.waiting;
    locks.waiting = w;
    locks.nwaiting++;
    version = locks.version;
    mutex_unlock(&locks.mutex);
    mask = spin_lock_irq(&locks.changed.lock);
    if (locks.version == version) {
        error = waitq_sleep(&locks.changed, mask, SLEEP_LIGHT, UINT64_MAX);
    } else {
        spin_unlock_irq(&locks.changed.lock, mask);
        error = 0;
    }
    mutex_lock(&locks.mutex);
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    locks.nwaiting--;
    return error;
}

static int wait_until_free(struct vnode *v, const struct lock_range *r, bool wait)
{
    const struct file_lock *l;
    int error = 0;

    while (!error && (l = find_conflict(v, r)) != NULL) {
        struct waiting w = {NULL, r->owner, l->range.owner};

        if (!wait)
            return -EAGAIN;
        if (!r->whole && is_circle(r->owner, l->range.owner))
            return -EDEADLK;
        error = wait_for(&w);
    }
    return error;
}

int range_lock_set(struct vnode *v, const struct lock_range *request, bool wait)
{
    struct file_lock *memory[2] = {slab_alloc(&locks.cache), slab_alloc(&locks.cache)};
    int error = memory[0] && memory[1] ? 0 : -ENOLCK;

    mutex_lock(&locks.mutex);
    if (!error && request->type != LOCK_NOTHING)
        error = wait_until_free(v, request, wait);
    if (!error && count_of(v, request) >= OWNER_MAX)
        error = -ENOLCK;
    if (!error)
        apply(v, *request, memory);
    mutex_unlock(&locks.mutex);
    for (int i = 0; i < 2; i++)
        if (memory[i])
            slab_free(&locks.cache, memory[i]);
    return error;
}

uint32_t range_locks_bytes(uint32_t n)
{
    return n * sizeof(struct file_lock);
}

void range_locks_drop(struct vnode *v, const void *owner)
{
    struct file_lock **at;

    mutex_lock(&locks.mutex);
    at = &v->locks;
    while (*at) {
        struct file_lock *l = *at;

        if (l->range.owner != owner) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        lock_free(l);
    }
    mutex_unlock(&locks.mutex);
    wake();
}
