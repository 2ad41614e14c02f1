/* SPDX-License-Identifier: MIT
 *
 * System calls about who the caller is: user and group ids, groups, capabilities. A call changes a
 * copy of the credentials, which the thread has then: other threads of the process are not asked, C
 * libraries do that. Calls of the first days have 16 bits for an id, where 65535 means -1 and a
 * larger id is told as 65534.
 */
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/pid.h"
#include "proc/sys_impl.h"

#define KEEP         UINT32_MAX
#define OVERFLOW_ID  65534u
#define NGROUPS_MAX  65536u
#define CAP_VERSION1 0x19980330u
#define CAP_VERSION2 0x20071026u
#define CAP_VERSION3 0x20080522u

SYSCALL0(sys_getuid)
{
    return (long)cred_self()->uid;
}

SYSCALL0(sys_geteuid)
{
    return (long)cred_self()->euid;
}

SYSCALL0(sys_getgid)
{
    return (long)cred_self()->gid;
}

SYSCALL0(sys_getegid)
{
    return (long)cred_self()->egid;
}

static uint32_t old_id(uint32_t id)
{
    return id > UINT16_MAX ? OVERFLOW_ID : id;
}

SYSCALL0(sys_getuid16)
{
    return (long)old_id(cred_self()->uid);
}

SYSCALL0(sys_geteuid16)
{
    return (long)old_id(cred_self()->euid);
}

SYSCALL0(sys_getgid16)
{
    return (long)old_id(cred_self()->gid);
}

SYSCALL0(sys_getegid16)
{
    return (long)old_id(cred_self()->egid);
}

/* Real, effective and saved ids of users or groups, as calls change them. */
struct trio {
    uint32_t real, effective, saved;
};

static struct trio users_of(const struct cred *c)
{
    return (struct trio){c->uid, c->euid, c->suid};
}

static struct trio groups_of(const struct cred *c)
{
    return (struct trio){c->gid, c->egid, c->sgid};
}

static bool is_one_of(uint32_t id, const struct trio *t)
{
    return id == t->real || id == t->effective || id == t->saved;
}

static long commit_users(const struct trio *t)
{
    struct cred *c = cred_edit();

    if (!c)
        return -ENOMEM;
    c->uid = t->real;
    c->euid = c->fsuid = t->effective;
    c->suid = t->saved;
    return cred_commit_ids(c);
}

static long commit_groups(const struct trio *t)
{
    struct cred *c = cred_edit();

    if (!c)
        return -ENOMEM;
    c->gid = t->real;
    c->egid = c->fsgid = t->effective;
    c->sgid = t->saved;
    cred_commit(c);
    return 0;
}

/* setuid and setgid. */
static int set_one(struct trio *t, uint32_t id, bool powerful)
{
    if (id == KEEP)
        return -EINVAL;
    if (powerful)
        t->real = t->saved = id;
    else if (id != t->real && id != t->saved)
        return -EPERM;
    t->effective = id;
    return 0;
}

/* setreuid and setregid. */
static int set_two(struct trio *t, uint32_t real, uint32_t effective, bool powerful)
{
    struct trio old = *t;

    if (real != KEEP && !powerful && real != old.real && real != old.effective)
        return -EPERM;
    if (effective != KEEP && !powerful && !is_one_of(effective, &old))
        return -EPERM;
    if (real != KEEP)
        t->real = real;
    if (effective != KEEP)
        t->effective = effective;
    if (real != KEEP || (effective != KEEP && effective != old.real))
        t->saved = t->effective;
    return 0;
}

/* setresuid and setresgid. */
static int set_three(struct trio *t, const struct trio *to, bool powerful)
{
    struct trio old = *t;

    if (!powerful && ((to->real != KEEP && !is_one_of(to->real, &old)) ||
                      (to->effective != KEEP && !is_one_of(to->effective, &old)) ||
                      (to->saved != KEEP && !is_one_of(to->saved, &old))))
        return -EPERM;
    if (to->real != KEEP)
        t->real = to->real;
    if (to->effective != KEEP)
        t->effective = to->effective;
    if (to->saved != KEEP)
        t->saved = to->saved;
    return 0;
}

SYSCALL1(sys_setuid, id)
{
    struct trio t = users_of(cred_self());
    int error = set_one(&t, id, capable(CAP_SETUID));

    return error ? error : commit_users(&t);
}

SYSCALL1(sys_setgid, id)
{
    struct trio t = groups_of(cred_self());
    int error = set_one(&t, id, capable(CAP_SETGID));

    return error ? error : commit_groups(&t);
}

SYSCALL2(sys_setreuid, real, effective)
{
    struct trio t = users_of(cred_self());
    int error = set_two(&t, real, effective, capable(CAP_SETUID));

    return error ? error : commit_users(&t);
}

SYSCALL2(sys_setregid, real, effective)
{
    struct trio t = groups_of(cred_self());
    int error = set_two(&t, real, effective, capable(CAP_SETGID));

    return error ? error : commit_groups(&t);
}

SYSCALL3(sys_setresuid, real, effective, saved)
{
    struct trio t = users_of(cred_self()), to = {real, effective, saved};
    int error = set_three(&t, &to, capable(CAP_SETUID));

    return error ? error : commit_users(&t);
}

SYSCALL3(sys_setresgid, real, effective, saved)
{
    struct trio t = groups_of(cred_self()), to = {real, effective, saved};
    int error = set_three(&t, &to, capable(CAP_SETGID));

    return error ? error : commit_groups(&t);
}

static long put_three(const struct trio *t, vaddr_t ureal, vaddr_t ueffective, vaddr_t usaved)
{
    if (put_user32(ureal, t->real) || put_user32(ueffective, t->effective) ||
        put_user32(usaved, t->saved))
        return -EFAULT;
    return 0;
}

SYSCALL3(sys_getresuid, ureal, ueffective, usaved)
{
    struct trio t = users_of(cred_self());

    return put_three(&t, ureal, ueffective, usaved);
}

SYSCALL3(sys_getresgid, ureal, ueffective, usaved)
{
    struct trio t = groups_of(cred_self());

    return put_three(&t, ureal, ueffective, usaved);
}

/* These tell the old one whatever happens. */
SYSCALL1(sys_setfsuid, id)
{
    const struct cred *me = cred_self();
    struct trio t = users_of(me);
    uint32_t old = me->fsuid;
    struct cred *c;

    if (id == old || id == KEEP || !(is_one_of(id, &t) || capable(CAP_SETUID)))
        return (long)old;
    c = cred_edit();
    if (!c)
        return (long)old;
    c->fsuid = id;
    (void)!cred_commit_ids(c);
    return (long)old;
}

SYSCALL1(sys_setfsgid, id)
{
    const struct cred *me = cred_self();
    struct trio t = groups_of(me);
    uint32_t old = me->fsgid;
    struct cred *c;

    if (id == old || id == KEEP || !(is_one_of(id, &t) || capable(CAP_SETGID)))
        return (long)old;
    c = cred_edit();
    if (!c)
        return (long)old;
    c->fsgid = id;
    cred_commit(c);
    return (long)old;
}

SYSCALL2(sys_getgroups, size, ulist)
{
    const struct cred *c = cred_self();

    if ((int)size < 0 || (size && size < c->ngroups))
        return -EINVAL;
    if (size && copy_to_user(ulist, c->group, c->ngroups * sizeof(c->group[0])))
        return -EFAULT;
    return c->ngroups;
}

/* More than there is room for are refused, none are dropped. */
static int check_groups(uint32_t count)
{
    if (!capable(CAP_SETGID))
        return -EPERM;
    if (count > NGROUPS_MAX)
        return -EINVAL;
    return count > GROUPS_MOST ? -ENOMEM : 0;
}

/* Linux tells them in order. */
static void sort_groups(struct cred *c)
{
    for (unsigned i = 1; i < c->ngroups; i++)
        for (unsigned j = i; j > 0 && c->group[j] < c->group[j - 1]; j--) {
            uint32_t hold = c->group[j];

            c->group[j] = c->group[j - 1];
            c->group[j - 1] = hold;
        }
}

static long commit_list(struct cred *c, uint32_t count)
{
    for (unsigned i = 0; i < count; i++)
        if (c->group[i] == KEEP) {
            cred_drop(c);
            return -EINVAL;
        }
    c->ngroups = (uint8_t)count;
    sort_groups(c);
    cred_commit(c);
    return 0;
}

SYSCALL2(sys_setgroups, count, ulist)
{
    int error = check_groups(count);
    struct cred *c;

    if (error)
        return error;
    c = cred_edit();
    if (!c)
        return -ENOMEM;
    if (count && copy_from_user(c->group, ulist, count * sizeof(c->group[0]))) {
        cred_drop(c);
        return -EFAULT;
    }
    return commit_list(c, count);
}

/* The forms with 16 bits. */

SYSCALL1(sys_setuid16, id)
{
    return sys_setuid(wide_id(id), 0, 0, 0);
}

SYSCALL1(sys_setgid16, id)
{
    return sys_setgid(wide_id(id), 0, 0, 0);
}

SYSCALL2(sys_setreuid16, real, effective)
{
    return sys_setreuid(wide_id(real), wide_id(effective), 0, 0);
}

SYSCALL2(sys_setregid16, real, effective)
{
    return sys_setregid(wide_id(real), wide_id(effective), 0, 0);
}

SYSCALL3(sys_setresuid16, real, effective, saved)
{
    return sys_setresuid(wide_id(real), wide_id(effective), wide_id(saved), 0);
}

SYSCALL3(sys_setresgid16, real, effective, saved)
{
    return sys_setresgid(wide_id(real), wide_id(effective), wide_id(saved), 0);
}

SYSCALL1(sys_setfsuid16, id)
{
    return sys_setfsuid(wide_id(id), 0, 0, 0);
}

SYSCALL1(sys_setfsgid16, id)
{
    return sys_setfsgid(wide_id(id), 0, 0, 0);
}

static long put_three16(const struct trio *t, vaddr_t ureal, vaddr_t ueffective, vaddr_t usaved)
{
    uint16_t real = (uint16_t)old_id(t->real), effective = (uint16_t)old_id(t->effective),
             saved = (uint16_t)old_id(t->saved);

    if (copy_to_user(ureal, &real, sizeof(real)) ||
        copy_to_user(ueffective, &effective, sizeof(effective)) ||
        copy_to_user(usaved, &saved, sizeof(saved)))
        return -EFAULT;
    return 0;
}

SYSCALL3(sys_getresuid16, ureal, ueffective, usaved)
{
    struct trio t = users_of(cred_self());

    return put_three16(&t, ureal, ueffective, usaved);
}

SYSCALL3(sys_getresgid16, ureal, ueffective, usaved)
{
    struct trio t = groups_of(cred_self());

    return put_three16(&t, ureal, ueffective, usaved);
}

SYSCALL2(sys_getgroups16, size, ulist)
{
    const struct cred *c = cred_self();
    uint16_t list[GROUPS_MOST];

    if ((int)size < 0 || (size && size < c->ngroups))
        return -EINVAL;
    for (unsigned i = 0; i < c->ngroups; i++)
        list[i] = (uint16_t)old_id(c->group[i]);
    if (size && copy_to_user(ulist, list, c->ngroups * sizeof(list[0])))
        return -EFAULT;
    return c->ngroups;
}

SYSCALL2(sys_setgroups16, count, ulist)
{
    int error = check_groups(count);
    uint16_t list[GROUPS_MOST];
    struct cred *c;

    if (error)
        return error;
    if (count && copy_from_user(list, ulist, count * sizeof(list[0])))
        return -EFAULT;
    c = cred_edit();
    if (!c)
        return -ENOMEM;
    for (unsigned i = 0; i < count; i++)
        c->group[i] = wide_id(list[i]);
    return commit_list(c, count);
}

/* Capabilities: three sets, in words of 32 bits; the first version has one word of each. */
struct cap_header {
    uint32_t version;
    int32_t pid;
};

struct cap_data {
    uint32_t effective, permitted, inheritable;
};

/* Words of a version; an unknown one is answered with the one that is known: -EINVAL. */
static int cap_words(vaddr_t uheader, struct cap_header *h)
{
    if (copy_from_user(h, uheader, sizeof(*h)))
        return -EFAULT;
    switch (h->version) {
    case CAP_VERSION1: return 1;
    case CAP_VERSION2:
    case CAP_VERSION3: return 2;
    }
    return put_user32(uheader, CAP_VERSION3) ? -EFAULT : -EINVAL;
}

/* Of the process that a thread is of, or of the caller. */
static int caps_of(int tid, uint64_t set[3])
{
    const struct cred *c = cred_self();
    struct proc *p = NULL;

    if (tid < 0)
        return -EINVAL;
    if (tid && tid != thread_current()->tid) {
        p = thread_proc_ref(tid);
        if (!p)
            return -ESRCH;
    }
    if (p) {
        cred_caps(p, set);
        proc_unref(p);
        return 0;
    }
    set[0] = c->effective;
    set[1] = c->permitted;
    set[2] = c->inheritable;
    return 0;
}

SYSCALL2(sys_capget, uheader, udata)
{
    struct cap_header h;
    struct cap_data d[2];
    uint64_t set[3];
    int words = cap_words(uheader, &h), error;

    if (words < 0)
        return words == -EINVAL && !udata ? 0 : words; /* it only asks for the version */
    error = caps_of(h.pid, set);
    if (error || !udata)
        return error;
    for (int i = 0; i < 2; i++)
        d[i] = (struct cap_data){(uint32_t)(set[0] >> 32 * i), (uint32_t)(set[1] >> 32 * i),
                                 (uint32_t)(set[2] >> 32 * i)};
    return copy_to_user(udata, d, (size_t)words * sizeof(d[0]));
}

/* What is not permitted can't be had again. */
static int set_caps(const struct cap_data d[2])
{
    uint64_t effective = (uint64_t)d[1].effective << 32 | d[0].effective;
    uint64_t permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
    uint64_t inheritable = (uint64_t)d[1].inheritable << 32 | d[0].inheritable;
    struct cred *c = cred_edit();

    if (!c)
        return -ENOMEM;
    effective &= CAPS_ALL;
    permitted &= CAPS_ALL;
    inheritable &= CAPS_ALL;
    if (inheritable & ~(c->inheritable | c->permitted) || permitted & ~c->permitted ||
        effective & ~permitted) {
        cred_drop(c);
        return -EPERM;
    }
    c->effective = effective;
    c->permitted = permitted;
    c->inheritable = inheritable;
    cred_commit(c);
    return 0;
}

SYSCALL2(sys_capset, uheader, udata)
{
    struct cap_data d[2] = {{0, 0, 0}, {0, 0, 0}};
    struct cap_header h;
    int words = cap_words(uheader, &h);

    if (words < 0)
        return words;
    if (h.pid && h.pid != thread_current()->tid)
        return -EPERM;
    if (copy_from_user(d, udata, (size_t)words * sizeof(d[0])))
        return -EFAULT;
    return set_caps(d);
}
