/* SPDX-License-Identifier: MIT
 *
 * Starting and stopping recordings. Where an interval is a time, a thread of the kernel sleeps it
 * and begins the next. Who ends a recording does not wait for that thread, which has all that it
 * needs and goes when it wakes: it may be stopped by an audit, that waits for us.
 * exit and exec first change p->as, under the process lock, and then look for a recording; start
 * enters one first, and looks at p->as then.
 */
#include "proc/refs_control.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/kthread.h"
#include "kern/waitq.h"
#include "lib/cmdline.h"
#include "lib/refcount.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/pid.h"
#include "proc/proc.h"

#define PAGES_DEFAULT 64u

struct recording {
    uint32_t holders;          /* atomic: the process, the thread */
    struct refs *refs;         /* (c) */
    struct as *as;             /* (c) once it began, for the thread: a reference */
    struct waitq wait;         /* the thread; lock: over */
    bool over;                 /* (wait.lock) */
    const struct file *holder; /* (control.lock) or NULL */
};

static struct {
    struct mutex lock;
} control = {.lock = MUTEX_INIT(control.lock, LOCK_REFS_CONTROL)};

/* What start was told. */
struct order {
    struct refs_request request;
    bool exec, hold;
};

static struct recording *recording_make(const struct order *o, int pid, int *error)
{
    struct recording *rec = kmalloc(sizeof(*rec));

    *error = rec ? refs_create(&o->request, pid, &rec->refs) : -ENOMEM;
    if (*error) {
        kfree(rec);
        return NULL;
    }
    rec->holders = 1;
    waitq_init(&rec->wait);
    return rec;
}

void recording_put(struct recording *rec)
{
    if (ref_drop(&rec->holders))
        return;
    refs_put(rec->refs);
    kfree(rec);
}

/* False: it is over. */
static bool sleep_interval(struct recording *rec)
{
    uint32_t mask = spin_lock_irq(&rec->wait.lock);

    if (rec->over) {
        spin_unlock_irq(&rec->wait.lock, mask);
        return false;
    }
    waitq_sleep(&rec->wait, mask, SLEEP_KILLABLE, /* so it comes to the top level */
                clock_ns() + (uint64_t)rec->refs->request.interval_us * 1000);
    return true;
}

static void timer_run(void *arg)
{
    struct recording *rec = arg;

    kthread_stops();
    kthread_urgent();
    while (sleep_interval(rec) && refs_next(rec->refs, rec->as))
        continue;
    as_unref(rec->as);
    recording_put(rec);
}

static void end(struct recording *rec)
{
    uint32_t mask;

    refs_end(rec->refs);
    mask = spin_lock_irq(&rec->wait.lock);
    rec->over = true;
    waitq_wake_locked(&rec->wait, WAITQ_ALL);
    spin_unlock_irq(&rec->wait.lock, mask);
}

static int timer_start(struct recording *rec, struct as *as)
{
    int error;

    ref_take(&rec->holders);
    as_ref(as);
    rec->as = as;
    error = kthread_start(timer_run, rec);
    if (error) {
        as_unref(as);
        recording_put(rec);
    }
    return error;
}

/* The name is the process's, as it is known by now. */
static int begin(struct recording *rec, struct as *as, const char *name)
{
    int error = refs_begin(rec->refs, as, name);

    if (!error && rec->refs->request.interval_us)
        error = timer_start(rec, as);
    if (error)
        end(rec);
    return error;
}

static bool goes_on(const struct recording *rec)
{
    enum refs_state state;

    if (!rec)
        return false;
    spin_lock(&rec->refs->lock);
    state = rec->refs->state;
    spin_unlock(&rec->refs->lock);
    return state == REFS_ARMED || state == REFS_ON;
}

/* p has this recording, or none, in place of the one that it had. */
static void replace(struct proc *p, struct recording *rec)
{
    struct recording *old = p->recording;

    __atomic_store_n(&p->recording, rec, __ATOMIC_RELEASE);
    if (old) {
        end(old);
        recording_put(old);
    }
}

/* The process's memory with a reference, and its name; NULL: a zombie. */
static struct as *memory_of(struct proc *p, char name[COMM_SIZE])
{
    struct as *as;

    proc_lock();
    as = p->as;
    if (as)
        as_ref(as);
    memcpy(name, p->comm, COMM_SIZE);
    proc_unlock();
    name[COMM_SIZE - 1] = '\0';
    return as;
}

static bool still_has(struct proc *p, const struct as *as)
{
    bool same;

    proc_lock();
    same = p->as == as;
    proc_unlock();
    return same;
}

static int start(struct proc *p, const struct order *o, const struct file *f)
{
    char name[COMM_SIZE];
    struct recording *rec;
    struct as *as;
    int error = 0;

    if (goes_on(p->recording))
        return -EBUSY;
    if (p->recording)
        end(p->recording); /* it was full */
    rec = recording_make(o, p->pid, &error);
    if (!rec)
        return error;
    rec->holder = o->hold ? f : NULL;
    as = memory_of(p, name);
    if (!as)
        error = -ESRCH;
    else if (!o->exec)
        error = begin(rec, as, name);
    if (!error) {
        replace(p, rec);
        if (!still_has(p, as)) /* exit and exec may not have seen it */
            end(rec);
    } else {
        recording_put(rec);
    }
    if (as)
        as_unref(as);
    return error;
}

static int next(struct proc *p)
{
    char name[COMM_SIZE];
    struct as *as;

    if (!goes_on(p->recording))
        return -EINVAL;
    as = memory_of(p, name);
    if (!as)
        return -ESRCH;
    (void)refs_next(p->recording->refs, as);
    as_unref(as);
    return 0;
}

/* Words. */

static bool is(const char *word, size_t len, const char *what)
{
    return len == strlen(what) && memcmp(word, what, len) == 0;
}

static bool number(const char *word, size_t len, uint32_t *value)
{
    uint64_t wide = 0;

    for (size_t i = 0; i < len; i++) {
        if (word[i] < '0' || word[i] > '9')
            return false;
        wide = wide * 10 + (uint64_t)(word[i] - '0');
        if (wide > UINT32_MAX)
            return false;
    }
    *value = (uint32_t)wide;
    return len > 0;
}

/* key=NUMBER, not 0. */
static bool keyed(const char *word, size_t len, const char *key, uint32_t *value)
{
    size_t n = strlen(key);

    return len > n && memcmp(word, key, n) == 0 && number(word + n, len - n, value) && *value;
}

/* What stands behind `start`. */
static bool parse(const char *line, struct order *o)
{
    struct refs_request *q = &o->request;
    const char *word;
    size_t len;

    if (!cmdline_next(&line, &word, &len) ||
        !(number(word, len, &q->interval_us) || keyed(word, len, "faults=", &q->interval_faults)))
        return false;
    while (cmdline_next(&line, &word, &len)) {
        if (!q->pages && number(word, len, &q->pages) && q->pages)
            continue;
        if (!q->most && keyed(word, len, "refs=", &q->most))
            continue;
        if (!o->exec && is(word, len, "exec"))
            o->exec = true;
        else if (!o->hold && is(word, len, "hold"))
            o->hold = true;
        else
            return false;
    }
    if (!q->pages)
        q->pages = PAGES_DEFAULT;
    return refs_possible(q);
}

static int obey(struct proc *p, const struct file *f, const char *line)
{
    struct order o = {0};
    const char *word, *more = line;
    size_t len;

    if (!cmdline_next(&more, &word, &len))
        return -EINVAL;
    if (is(word, len, "start"))
        return parse(more, &o) ? start(p, &o, f) : -EINVAL;
    const char *rest;
    size_t rest_len;
    if (cmdline_next(&more, &rest, &rest_len) || !p->recording)
        return -EINVAL;
    if (is(word, len, "next"))
        return next(p);
    if (is(word, len, "stop"))
        end(p->recording);
    else if (is(word, len, "clear"))
        replace(p, NULL);
    else
        return -EINVAL;
    return 0;
}

static struct refs *record_of(const struct proc *p)
{
    if (!p->recording)
        return NULL;
    refs_hold(p->recording->refs);
    return p->recording->refs;
}

int refs_command(int pid, const struct file *f, const char *line, struct refs **now)
{
    struct proc *p = pid_ref(pid);
    int error;

    if (!p)
        return -ESRCH;
    mutex_lock(&control.lock);
    error = cred_may_look(p); /* it may have become somebody else since the file was opened */
    if (!error)
        error = obey(p, f, line);
    if (!error)
        *now = record_of(p);
    mutex_unlock(&control.lock);
    proc_unref(p);
    return error;
}

struct refs *refs_of(int pid)
{
    struct proc *p = pid_ref(pid);
    struct refs *r;

    if (!p)
        return NULL;
    mutex_lock(&control.lock);
    r = cred_may_look(p) ? NULL : record_of(p);
    mutex_unlock(&control.lock);
    proc_unref(p);
    return r;
}

void refs_closed(int pid, const struct file *f)
{
    struct proc *p = pid_ref(pid);

    if (!p)
        return;
    mutex_lock(&control.lock);
    if (p->recording && p->recording->holder == f)
        replace(p, NULL);
    mutex_unlock(&control.lock);
    proc_unref(p);
}

/* Where it waits for exec it begins, and where it does not begin it has ended. */
void refs_exec(struct proc *p, bool secure)
{
    mutex_lock(&control.lock);
    if (p->recording && (secure || p->recording->refs->as || begin(p->recording, p->as, p->comm)))
        end(p->recording);
    mutex_unlock(&control.lock);
}

void refs_exit(struct proc *p)
{
    mutex_lock(&control.lock);
    if (p->recording)
        end(p->recording);
    mutex_unlock(&control.lock);
}
