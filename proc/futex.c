/* SPDX-License-Identifier: MIT
 *
 * Futexes: the table of those who sleep, and the operations on it; see futex.h. A sleeper lies on
 * its kernel stack and on a bucket's list, in the order of coming. Who wakes it takes it off and
 * tells it with the bucket's lock held; who gives up takes itself off, and if it is off already,
 * was woken.
 * Called by sys_futex.c, exit.c.
 */
#include "proc/futex.h"

#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/waitq.h"
#include "lib/hash.h"
#include "mm/as.h"
#include "mm/uaccess.h"
#include "proc/thread.h"

#define NEVER       UINT64_MAX
#define BUCKET_BITS 6u

struct bucket {
    struct spin lock;
    struct list sleepers; /* (lock) struct sleeper, by link */
};

/* One for each first sleeper's hash; lists are made at the first use. */
static struct bucket buckets[1u << BUCKET_BITS] = {
    [0 ...(1u << BUCKET_BITS) - 1] = {.lock = SPIN_INIT(LOCK_FUTEX)}};

struct sleeper {
    struct list_link link; /* (bucket's lock) */
    struct bucket *bucket; /* (the lock of both buckets) */
    struct word_name name; /* likewise */
    uint32_t bits;         /* (c) */
    bool wall;             /* (c) its end is one of the wall clock */
    bool woken;            /* (sleep.lock) */
    struct waitq sleep;
};

static struct bucket *bucket_of(const struct word_name *n)
{
    return &buckets[hash_pair((uint32_t)(uintptr_t)n->as ^ n->serial,
                              n->page << 10 ^ n->offset >> 2, BUCKET_BITS)];
}

static void ready(struct bucket *b)
{
    if (unlikely(!b->sleepers.head.next))
        list_init(&b->sleepers);
}

static void bucket_lock(struct bucket *b)
{
    spin_lock(&b->lock);
    ready(b);
}

/* Both, which may be one. In the order of their addresses, so that who waits for the second one
 * waits for nobody who wants the first; but as a try, since they are of one class. */
static void lock_two(struct bucket *a, struct bucket *b)
{
    bucket_lock(MIN(a, b));
    if (a == b)
        return;
    while (!spin_trylock(&MAX(a, b)->lock))
        spin_raw_wait();
    ready(MAX(a, b));
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
    if (a != b)
        spin_unlock(&MAX(a, b)->lock);
    spin_unlock(&MIN(a, b)->lock);
}

static bool same(const struct word_name *a, const struct word_name *b)
{
    return a->as == b->as && a->serial == b->serial && a->page == b->page && a->offset == b->offset;
}

static int name_of(const struct futex *f, struct word_name *n)
{
    struct as *as = thread_current()->as;

    if (f->at % sizeof(uint32_t))
        return -EINVAL;
    if (!user_range_ok(f->at, sizeof(uint32_t)))
        return -EFAULT;
    if (!f->private)
        return as_name_word(as, f->at, n);
    *n = (struct word_name){as, 0, page_of(f->at), f->at & PAGE_MASK};
    return 0;
}

/* b locked. */
static void wake(struct sleeper *s)
{
    uint32_t mask;

    list_remove(&s->link);
    mask = spin_lock_irq(&s->sleep.lock);
    s->woken = true;
    waitq_wake_locked(&s->sleep, 1);
    spin_unlock_irq(&s->sleep.lock, mask); /* from here on it may be gone */
}

/* Wakes up to n of the name, and answers how many. b locked. */
static uint32_t wake_locked(struct bucket *b, const struct word_name *name, uint32_t n,
                            uint32_t bits)
{
    uint32_t woken = 0;

    list_for_each_safe (it, &b->sleepers) {
        struct sleeper *s = container_of(it, struct sleeper, link);

        if (woken == n)
            break;
        if (same(&s->name, name) && s->bits & bits) {
            wake(s);
            woken++;
        }
    }
    return woken;
}

int futex_wake(const struct futex *f, uint32_t n, uint32_t bits)
{
    struct word_name name;
    struct bucket *b;
    int error = name_of(f, &name);
    uint32_t woken;

    if (error)
        return error;
    b = bucket_of(&name);
    bucket_lock(b);
    woken = wake_locked(b, &name, MAX(n, 1u), bits);
    spin_unlock(&b->lock);
    return (int)woken;
}

/* Locks the bucket of s with the word's value in *seen, whose page is brought if need be. */
static int lock_and_look(const struct futex *f, struct sleeper *s, uint32_t *seen)
{
    for (;;) {
        int error = name_of(f, &s->name);

        if (error)
            return error;
        s->bucket = bucket_of(&s->name);
        bucket_lock(s->bucket);
        if (!copy_from_user_nofault(seen, f->at, sizeof(*seen)))
            return 0;
        spin_unlock(&s->bucket->lock);
        if (get_user32(seen, f->at))
            return -EFAULT;
    }
}

/* Gives up: false, it was woken just now. */
static bool leave(struct sleeper *s)
{
    for (;;) {
        struct bucket *b = __atomic_load_n(&s->bucket, __ATOMIC_RELAXED);
        bool here, linked;

        spin_lock(&b->lock);
        here = b == s->bucket;
        linked = here && list_linked(&s->link);
        if (linked)
            list_remove(&s->link);
        spin_unlock(&b->lock);
        if (here)
            return linked;
    }
}

static uint64_t until_ns(const struct futex_end *end)
{
    return end->wall && end->ns != NEVER ? end->ns - MIN(end->ns, clock_epoch_ns()) : end->ns;
}

/* The epoch is read with the lock that futex_clock_set takes after it has changed. */
static int sleep(struct sleeper *s, const struct futex_end *end)
{
    int error = 0;

    while (!error) {
        uint32_t mask = spin_lock_irq(&s->sleep.lock);

        if (s->woken) {
            spin_unlock_irq(&s->sleep.lock, mask);
            return 0;
        }
        error = waitq_sleep(&s->sleep, mask, SLEEP_LIGHT, until_ns(end));
    }
    return leave(s) ? error : 0;
}

void futex_clock_set(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(buckets); i++) {
        bucket_lock(&buckets[i]);
        list_for_each (it, &buckets[i].sleepers) {
            struct sleeper *s = container_of(it, struct sleeper, link);

            if (s->wall)
                waitq_wake(&s->sleep, 1);
        }
        spin_unlock(&buckets[i].lock);
        preempt_point();
    }
}

int futex_wait(const struct futex *f, uint32_t value, uint32_t bits, const struct futex_end *end)
{
    struct sleeper s = {.bits = bits, .wall = end->wall};
    uint32_t seen;
    int error = lock_and_look(f, &s, &seen);

    if (error)
        return error;
    if (seen == value) {
        waitq_init(&s.sleep);
        list_push_back(&s.bucket->sleepers, &s.link);
    }
    spin_unlock(&s.bucket->lock);
    return seen == value ? sleep(&s, end) : -EAGAIN;
}

/* Up to n of the name in b get another one, in another bucket. Both locked. */
static uint32_t move_locked(struct bucket *b, const struct word_name *name, struct bucket *to,
                            const struct word_name *new_name, uint32_t n)
{
    uint32_t moved = 0;

    list_for_each_safe (it, &b->sleepers) {
        struct sleeper *s = container_of(it, struct sleeper, link);

        if (moved == n)
            break;
        if (!same(&s->name, name))
            continue;
        list_remove(&s->link);
        list_push_back(&to->sleepers, &s->link);
        __atomic_store_n(&s->bucket, to, __ATOMIC_RELAXED);
        s->name = *new_name;
        moved++; /* in the same bucket it comes by once more, with the other name */
    }
    return moved;
}

/* The names of both words, and their buckets. */
struct pair {
    struct word_name from, to;
    struct bucket *a, *b;
};

static int name_both(const struct futex_move *m, struct pair *p)
{
    int error = name_of(&m->from, &p->from);

    if (!error)
        error = name_of(&m->to, &p->to);
    if (!error) {
        p->a = bucket_of(&p->from);
        p->b = bucket_of(&p->to);
    }
    return error;
}

int futex_requeue(const struct futex_move *m)
{
    struct pair p;
    uint32_t seen, woken;
    int error;

    for (;;) {
        error = name_both(m, &p);
        if (error)
            return error;
        lock_two(p.a, p.b);
        if (!m->expects || !copy_from_user_nofault(&seen, m->from.at, sizeof(seen)))
            break;
        unlock_two(p.a, p.b);
        if (get_user32(&seen, m->from.at))
            return -EFAULT;
    }
    if (m->expects && seen != *m->expects) {
        unlock_two(p.a, p.b);
        return -EAGAIN;
    }
    woken = wake_locked(p.a, &p.from, m->nwake, FUTEX_ANY);
    if (!same(&p.from, &p.to))
        woken += move_locked(p.a, &p.from, p.b, &p.to, m->nmove);
    unlock_two(p.a, p.b);
    return (int)woken;
}

/* FUTEX_WAKE_OP: bits 28-31 the operation (8: its argument is a shift), 24-27 the comparison, 12-23
 * and 0-11 their arguments. */
enum { OP_SET, OP_ADD, OP_OR, OP_ANDN, OP_XOR };
enum { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };
#define OP_SHIFT 8u

static int32_t signed12(uint32_t bits)
{
    return (int32_t)(bits << 20) >> 20;
}

static uint32_t op_result(uint32_t op, uint32_t old)
{
    uint32_t arg = (uint32_t)signed12(op >> 12);

    if (op >> 28 & OP_SHIFT)
        arg = 1u << (arg & 31);
    switch (op >> 28 & 7) {
    case OP_SET: return arg;
    case OP_ADD: return old + arg;
    case OP_OR: return old | arg;
    case OP_ANDN: return old & ~arg;
    default: return old ^ arg;
    }
}

static bool op_passes(uint32_t op, uint32_t value)
{
    int32_t old = (int32_t)value, arg = signed12(op);

    switch (op >> 24 & 15) {
    case CMP_EQ: return old == arg;
    case CMP_NE: return old != arg;
    case CMP_LT: return old < arg;
    case CMP_LE: return old <= arg;
    case CMP_GT: return old > arg;
    default: return old >= arg;
    }
}

/* Spinning locks held; -EFAULT: the page has to be brought first. */
static int change_word(vaddr_t at, uint32_t op, uint32_t *old)
{
    uint32_t seen = 0, expected;
    int error;

    do {
        expected = seen;
        error = user_cmpxchg32_nofault(at, expected, op_result(op, expected), &seen);
    } while (!error && seen != expected);
    *old = seen;
    return error;
}

int futex_wake_op(const struct futex_move *m, uint32_t op)
{
    struct pair p;
    uint32_t old, woken;
    int error;

    if ((op >> 28 & 7) > OP_XOR || (op >> 24 & 15) > CMP_GE)
        return -ENOSYS;
    for (;;) {
        error = name_both(m, &p);
        if (error)
            return error;
        lock_two(p.a, p.b);
        if (!change_word(m->to.at, op, &old))
            break;
        unlock_two(p.a, p.b);
        if (user_cmpxchg32(m->to.at, 0, 0, &old)) /* a store brings it for writing */
            return -EFAULT;
        if (old != 0 && user_cmpxchg32(m->to.at, old, old, &old))
            return -EFAULT;
    }
    woken = wake_locked(p.a, &p.from, MAX(m->nwake, 1u), FUTEX_ANY);
    if (op_passes(op, old))
        woken += wake_locked(p.b, &p.to, MAX(m->nmove, 1u), FUTEX_ANY);
    unlock_two(p.a, p.b);
    return (int)woken;
}
