/* SPDX-License-Identifier: MIT
 *
 * Credentials come and go: copied to be changed, given to the calling thread, counted for their
 * user. Plain root is NULL, however it came to be it.
 * Invariants: a user is in the table as long as credentials name it or it watches files; processes
 * of root are not counted. Locks: users.lock for the table; (T) for proc->cred; neither is held
 * over the allocator.
 */
#include "proc/cred.h"

#include <string.h>

#include "fs/limit.h"
#include "fs/text.h"
#include "include/uapi/errno.h"
#include "lib/hash.h"
#include "mm/slab.h"
#include "proc/limits.h"
#include "proc/sched_impl.h"

#define BUCKETS 32u

/* All of CAP_CHOWN .. CAP_FSETID, and what else the file system asks for. */
#define CAPS_FILES                                                                                 \
    (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) |               \
     CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_LINUX_IMMUTABLE) |                    \
     CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_MAC_OVERRIDE))

/* Who is not root. */
struct user {
    struct user *next; /* (users) */
    uint32_t uid;      /* (c) */
    uint32_t refs;     /* (users) credentials, and files watched */
    uint32_t nproc;    /* atomic: processes, zombies too, and their threads beyond the first */
    uint32_t nwatches; /* atomic: what its epolls watch */
};

static struct {
    struct spin lock;
    struct user *bucket[BUCKETS];
    uint32_t root_watches; /* atomic */
} users = {.lock = SPIN_INIT(LOCK_USERS)};

static struct slab_cache user_cache = SLAB_CACHE("user", sizeof(struct user));
static struct slab_cache cred_cache = SLAB_CACHE("cred", sizeof(struct cred));

static const struct cred root = {.permitted = CAPS_ALL, .effective = CAPS_ALL};

const struct cred *cred_self(void)
{
    const struct cred *c = cred_current();

    return c ? c : &root;
}

static struct user **bucket_of(uint32_t uid)
{
    return &users.bucket[uid * HASH_GOLDEN >> 27];
}

_Static_assert(BUCKETS == 1u << (32 - 27), "the hash's upper bits");

/* (users.lock) The user with one more reference, made of *fresh if there is none. */
static struct user *user_find_locked(uint32_t uid, struct user **fresh)
{
    struct user **bucket = bucket_of(uid), *u = *bucket;

    while (u && u->uid != uid)
        u = u->next;
    if (!u && *fresh) {
        u = *fresh;
        *fresh = NULL;
        u->uid = uid;
        u->next = *bucket;
        *bucket = u;
    }
    if (u)
        u->refs++;
    return u;
}

/* With a reference; NULL: no memory. */
static struct user *user_get(uint32_t uid)
{
    struct user *fresh = slab_alloc(&user_cache), *u;

    spin_lock(&users.lock);
    u = user_find_locked(uid, &fresh);
    spin_unlock(&users.lock);
    if (fresh)
        slab_free(&user_cache, fresh);
    return u;
}

static void user_hold(struct user *u)
{
    spin_lock(&users.lock);
    u->refs++;
    spin_unlock(&users.lock);
}

static void user_put(struct user *u)
{
    struct user **at = bucket_of(u->uid);

    spin_lock(&users.lock);
    if (--u->refs) {
        spin_unlock(&users.lock);
        return;
    }
    while (*at != u)
        at = &(*at)->next;
    *at = u->next;
    spin_unlock(&users.lock);
    slab_free(&user_cache, u);
}

static struct user *user_of(const struct cred *c)
{
    return c ? c->user : NULL;
}

static void count(struct user *u, int by)
{
    if (u)
        __atomic_fetch_add(&u->nproc, (uint32_t)by, __ATOMIC_RELAXED);
}

/* The processes that count for the one count for the other from now on. */
static void recount(const struct cred *from, const struct cred *to)
{
    if (user_of(from) == user_of(to))
        return;
    count(user_of(from), -1);
    count(user_of(to), 1);
}

static const struct cred *get(const struct cred *c)
{
    if (c)
        ref_take(&((struct cred *)(uintptr_t)c)->refs);
    return c;
}

static void put(const struct cred *shared)
{
    struct cred *c = (struct cred *)(uintptr_t)shared;

    if (c && ref_drop(&c->refs) == 0)
        cred_drop(c);
}

void cred_drop(struct cred *c)
{
    if (c->user)
        user_put(c->user);
    slab_free(&cred_cache, c);
}

struct cred *cred_edit(void)
{
    struct cred *c = slab_alloc(&cred_cache);

    if (!c)
        return NULL;
    *c = *cred_self();
    c->refs = 1;
    if (c->user)
        user_hold(c->user);
    return c;
}

static bool is_plain_root(const struct cred *c)
{
    return !(c->uid | c->euid | c->suid | c->fsuid | c->gid | c->egid | c->sgid | c->fsgid) &&
           c->permitted == CAPS_ALL && c->effective == CAPS_ALL && !c->inheritable && !c->ngroups &&
           !c->keep_caps && !c->no_new_privs;
}

/* Its memory is not for who has the new ids (prctl(2), PR_SET_DUMPABLE). */
static bool is_another(const struct cred *c, const struct cred *was)
{
    return c->euid != was->euid || c->egid != was->egid || c->fsuid != was->fsuid ||
           c->fsgid != was->fsgid || (c->permitted & ~was->permitted);
}

void cred_commit(struct cred *c)
{
    struct thread *t = thread_current();
    const struct cred *now = is_plain_root(c) ? NULL : c, *was;
    bool another = is_another(c, cred_self());
    uint32_t mask;

    if (t->further)
        recount(t->cred, now);
    get(now);
    mask = thread_table_lock(t->proc);
    was = t->proc->cred;
    t->proc->cred = now;
    t->proc->undumpable |= another;
    thread_table_unlock(t->proc, mask);
    recount(was, now);
    put(was);
    put(t->cred);
    t->cred = now;
    if (!now)
        cred_drop(c);
}

/* Powers follow user 0 (capabilities(7), "Effect of user ID changes on capabilities"). */
static void follow_ids(struct cred *c, const struct cred *was)
{
    bool had_root = !was->uid || !was->euid || !was->suid;

    if (had_root && c->uid && c->euid && c->suid) {
        c->effective = 0;
        if (!c->keep_caps)
            c->permitted = 0;
    }
    if (!was->euid && c->euid)
        c->effective = 0;
    else if (was->euid && !c->euid)
        c->effective = c->permitted;
    if (!was->fsuid && c->fsuid)
        c->effective &= ~CAPS_FILES;
    else if (was->fsuid && !c->fsuid)
        c->effective |= c->permitted & CAPS_FILES;
}

int cred_commit_ids(struct cred *c)
{
    const struct cred *was = cred_self();

    if (c->uid != was->uid) {
        struct user *u = c->uid ? user_get(c->uid) : NULL;

        if (c->uid && !u) {
            cred_drop(c);
            return -ENOMEM;
        }
        if (c->user)
            user_put(c->user);
        c->user = u;
    }
    follow_ids(c, was);
    cred_commit(c);
    return 0;
}

int cred_real_begin(const struct cred **before)
{
    struct thread *t = thread_current();
    const struct cred *now = t->cred;
    struct cred *c;

    *before = NULL;
    if (likely(!now) || (now->uid == now->fsuid && now->gid == now->fsgid &&
                         now->effective == (now->uid ? 0 : now->permitted)))
        return 0;
    c = cred_edit();
    if (!c)
        return -ENOMEM;
    c->fsuid = c->uid;
    c->fsgid = c->gid;
    c->effective = c->uid ? 0 : c->permitted;
    t->cred = c;
    *before = now;
    return 0;
}

void cred_real_end(const struct cred *before)
{
    struct thread *t = thread_current();

    if (likely(!before))
        return;
    put(t->cred);
    t->cred = before;
}

void cred_thread_made(struct thread *t)
{
    t->cred = get(cred_current());
    if (t->further)
        count(user_of(t->cred), 1);
}

void cred_thread_leads(struct thread *t)
{
    if (t->further)
        count(user_of(t->cred), -1);
    t->further = false;
}

void cred_thread_freed(struct thread *t)
{
    if (t->further)
        count(user_of(t->cred), -1);
    put(t->cred);
}

static uint32_t *watches_of(struct user *u)
{
    return u ? &u->nwatches : &users.root_watches;
}

int limit_watch_begin(uint32_t most, struct user **user)
{
    struct user *u = user_of(cred_current());

    if (__atomic_fetch_add(watches_of(u), 1, __ATOMIC_RELAXED) >= most) {
        __atomic_fetch_sub(watches_of(u), 1, __ATOMIC_RELAXED);
        return -ENOSPC;
    }
    if (u)
        user_hold(u);
    *user = u;
    return 0;
}

void limit_watch_end(struct user *user)
{
    __atomic_fetch_sub(watches_of(user), 1, __ATOMIC_RELAXED);
    if (user)
        user_put(user);
}

bool cred_may_fork(void)
{
    const struct user *u = user_of(cred_current());

    if (likely(!u) || capable(CAP_SYS_RESOURCE) || capable(CAP_SYS_ADMIN))
        return true;
    return __atomic_load_n(&u->nproc, __ATOMIC_RELAXED) < limit_soft(proc_current(), RLIMIT_NPROC);
}

int cred_fork(struct proc *child)
{
    const struct cred *c = cred_current();

    if (!cred_may_fork())
        return -EAGAIN;
    child->cred = get(c);
    count(user_of(c), 1);
    return 0;
}

void cred_reaped(struct proc *p)
{
    count(user_of(p->cred), -1);
}

void cred_proc_freed(struct proc *p)
{
    put(p->cred);
}

/* What others see of the process may be what another thread became. */
int cred_exec(const struct cred_exec *ids, struct cred **made)
{
    const struct proc *p = proc_current();
    const struct cred *was = cred_self();
    struct cred *c;

    *made = NULL;
    if (likely(!cred_current() && !ids->set_ids && !p->cred && p->nthreads == 1))
        return 0;
    c = cred_edit();
    if (!c)
        return -ENOMEM;
    c->euid = c->suid = c->fsuid = ids->euid;
    c->egid = c->sgid = c->fsgid = ids->egid;
    c->keep_caps = false;
    c->permitted = c->effective = 0;
    if (!c->uid || !c->euid)
        c->permitted = c->no_new_privs ? was->permitted : CAPS_ALL;
    if (!c->euid)
        c->effective = c->permitted;
    *made = c;
    return 0;
}

void cred_ids(struct proc *p, struct cred_ids *ids)
{
    uint32_t mask = thread_table_lock(p);
    const struct cred *c = p->cred ? p->cred : &root;

    *ids = (struct cred_ids){c->uid,  c->euid, c->suid,      c->gid,
                             c->egid, c->sgid, c->permitted, p->undumpable};
    thread_table_unlock(p, mask);
}

uint32_t cred_uid(struct proc *p)
{
    struct cred_ids ids;

    if (likely(!__atomic_load_n(&p->cred, __ATOMIC_RELAXED)))
        return 0;
    cred_ids(p, &ids);
    return ids.uid;
}

int cred_may_signal(struct proc *p, int sig)
{
    const struct cred *me = cred_current();
    struct cred_ids ids;

    if (cred_capable(me, CAP_KILL) || p == proc_current())
        return 0;
    cred_ids(p, &ids);
    if (me->euid == ids.uid || me->euid == ids.suid || me->uid == ids.uid || me->uid == ids.suid)
        return 0;
    return sig == SIGCONT && p->sid == proc_current()->sid ? 0 : -EPERM;
}

int cred_may_look(struct proc *p)
{
    const struct cred *me = cred_current();
    struct cred_ids ids;

    if (cred_capable(me, CAP_SYS_PTRACE) || p == proc_current())
        return 0;
    cred_ids(p, &ids);
    if (me->fsuid != ids.uid || me->fsuid != ids.euid || me->fsuid != ids.suid ||
        me->fsgid != ids.gid || me->fsgid != ids.egid || me->fsgid != ids.sgid)
        return -EACCES;
    return ids.undumpable || (ids.permitted & ~me->permitted) ? -EACCES : 0;
}

void cred_set_dumpable(struct proc *p, bool dumpable)
{
    uint32_t mask = thread_table_lock(p);

    p->undumpable = !dumpable;
    thread_table_unlock(p, mask);
}

int cred_may_schedule(struct proc *p)
{
    const struct cred *me = cred_current();
    struct cred_ids ids;

    if (cred_capable(me, CAP_SYS_NICE) || p == proc_current())
        return 0;
    cred_ids(p, &ids);
    return me->euid == ids.uid || me->euid == ids.euid ? 0 : -EPERM;
}

int cred_may_limit(struct proc *p)
{
    const struct cred *me = cred_current();
    struct cred_ids ids;

    if (cred_capable(me, CAP_SYS_RESOURCE) || p == proc_current())
        return 0;
    cred_ids(p, &ids);
    if (me->uid != ids.uid || me->uid != ids.euid || me->uid != ids.suid)
        return -EPERM;
    return me->gid == ids.gid && me->gid == ids.egid && me->gid == ids.sgid ? 0 : -EPERM;
}

/* A copy of p's. */
static void copy_of(struct proc *p, struct cred *copy)
{
    uint32_t mask = thread_table_lock(p);

    *copy = p->cred ? *p->cred : root;
    thread_table_unlock(p, mask);
}

void cred_caps(struct proc *p, uint64_t set[3])
{
    struct cred c;

    copy_of(p, &c);
    set[0] = c.effective;
    set[1] = c.permitted;
    set[2] = c.inheritable;
}

void cred_print_ids(struct text *t, struct proc *p)
{
    struct cred c;

    copy_of(p, &c);
    text_printf(t, "Uid:\t%u\t%u\t%u\t%u\n", (unsigned)c.uid, (unsigned)c.euid, (unsigned)c.suid,
                (unsigned)c.fsuid);
    text_printf(t, "Gid:\t%u\t%u\t%u\t%u\n", (unsigned)c.gid, (unsigned)c.egid, (unsigned)c.sgid,
                (unsigned)c.fsgid);
}

void cred_print_groups(struct text *t, struct proc *p)
{
    struct cred c;

    copy_of(p, &c);
    text_printf(t, "Groups:\t");
    for (unsigned i = 0; i < c.ngroups; i++)
        text_printf(t, "%u ", (unsigned)c.group[i]);
    text_printf(t, "\n");
}

static void print_set(struct text *t, const char *name, uint64_t set)
{
    text_printf(t, "%s:\t%08x%08x\n", name, (unsigned)(set >> 32), (unsigned)set);
}

void cred_print_caps(struct text *t, struct proc *p)
{
    struct cred c;

    copy_of(p, &c);
    print_set(t, "CapInh", c.inheritable);
    print_set(t, "CapPrm", c.permitted);
    print_set(t, "CapEff", c.effective);
    print_set(t, "CapBnd", CAPS_ALL);
    print_set(t, "CapAmb", 0);
    text_printf(t, "NoNewPrivs:\t%u\n", c.no_new_privs);
}
