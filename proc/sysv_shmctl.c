/* SPDX-License-Identifier: MIT
 *
 * shmctl and /proc/sysvipc/shm: what is known of shared segments, and their end. Structures are
 * Linux's for ARM EABI, where a command with IPC_64, which C libraries set, means the wider ones.
 */
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/procfs_impl.h"
#include "proc/sys_impl.h"
#include "proc/sysv_impl.h"

#define IPC_64 0x100u /* of a command */
enum { IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO };
enum { SHM_LOCK = 11, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY };

struct perm64_abi {
    int32_t key;
    uint32_t uid, gid, cuid, cgid;
    uint16_t mode, pad, seq, pad2;
    uint32_t unused[2];
};

struct shmid64_abi {
    struct perm64_abi perm;
    uint32_t segsz;
    uint32_t atime, atime_high, dtime, dtime_high, ctime, ctime_high;
    int32_t cpid, lpid;
    uint32_t nattch, unused[2];
};

struct shmid_abi { /* without IPC_64 */
    int32_t key;
    uint16_t uid, gid, cuid, cgid, mode, seq;
    int32_t segsz, atime, dtime, ctime, cpid, lpid;
    uint16_t nattch, unused;
    uint32_t unused2, unused3;
};

struct shminfo_abi {
    uint32_t shmmax, shmmin, shmmni, shmseg, shmall, unused[4];
};

struct shm_info_abi {
    uint32_t used_ids, tot, rss, swp, swap_attempts, swap_successes;
};

_Static_assert(sizeof(struct shmid64_abi) == 84, "struct shmid64_ds of the ABI");
_Static_assert(sizeof(struct shmid_abi) == 52, "struct shmid_ds of the ABI");

static int stat_copy(const struct shm *s, bool wide, vaddr_t buf)
{
    uint32_t seq = (uint32_t)s->id >> INDEX_BITS;
    struct shmid64_abi d = {.perm = {.key = s->key,
                                     .uid = s->uid,
                                     .gid = s->gid,
                                     .cuid = s->cuid,
                                     .cgid = s->cgid,
                                     .mode = (uint16_t)s->mode,
                                     .seq = (uint16_t)seq},
                            .segsz = s->bytes,
                            .atime = (uint32_t)s->atime,
                            .atime_high = (uint32_t)(s->atime >> 32),
                            .dtime = (uint32_t)s->dtime,
                            .dtime_high = (uint32_t)(s->dtime >> 32),
                            .ctime = (uint32_t)s->ctime,
                            .ctime_high = (uint32_t)(s->ctime >> 32),
                            .cpid = s->cpid,
                            .lpid = s->lpid,
                            .nattch = s->nattch};
    struct shmid_abi old = {.key = s->key,
                            .uid = (uint16_t)s->uid,
                            .gid = (uint16_t)s->gid,
                            .cuid = (uint16_t)s->cuid,
                            .cgid = (uint16_t)s->cgid,
                            .mode = (uint16_t)s->mode,
                            .seq = (uint16_t)seq,
                            .segsz = (int32_t)MIN(s->bytes, (size_t)INT32_MAX),
                            .atime = (int32_t)s->atime,
                            .dtime = (int32_t)s->dtime,
                            .ctime = (int32_t)s->ctime,
                            .cpid = s->cpid,
                            .lpid = s->lpid,
                            .nattch = (uint16_t)s->nattch};

    return wide ? copy_to_user(buf, &d, sizeof(d)) : copy_to_user(buf, &old, sizeof(old));
}

/* By id, or by index, where the answer is the id; any: whoever asks. */
static int shm_stat(int id, bool by_index, bool any, bool wide, vaddr_t buf)
{
    struct shm copy;
    const struct shm *s;
    int error;

    shm_lock();
    s = by_index ? shm_at(shm_index(id)) : shm_find(id);
    error = !s ? -EINVAL : any ? 0 : shm_may_use(s, 4);
    if (s)
        copy = *s;
    shm_unlock();
    if (error)
        return error;
    error = stat_copy(&copy, wide, buf);
    return error ? error : by_index ? copy.id : 0;
}

/* What IPC_SET takes. */
struct change {
    uint32_t uid, gid, mode;
};

static int change_read(struct change *c, bool wide, vaddr_t buf)
{
    struct shmid64_abi d;
    struct shmid_abi old;

    if (wide) {
        if (copy_from_user(&d, buf, sizeof(d)))
            return -EFAULT;
        *c = (struct change){d.perm.uid, d.perm.gid, d.perm.mode};
    } else {
        if (copy_from_user(&old, buf, sizeof(old)))
            return -EFAULT;
        *c = (struct change){old.uid, old.gid, old.mode};
    }
    return 0;
}

static int may_change(const struct shm *s, uint32_t cmd)
{
    if (cmd == SHM_LOCK || cmd == SHM_UNLOCK) {
        if (capable(CAP_IPC_LOCK))
            return 0;
        if (!shm_is_mine(s))
            return -EPERM;
        return cmd == SHM_LOCK && limit_soft(proc_current(), RLIMIT_MEMLOCK) == 0 ? -EPERM : 0;
    }
    return shm_is_mine(s) || capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* The commands that change one: IPC_RMID, IPC_SET (from is what it takes), SHM_LOCK, SHM_UNLOCK. */
static int shm_change(int id, uint32_t cmd, const struct change *from)
{
    struct shm *s, *gone = NULL;
    int error;

    shm_lock();
    s = shm_find(id);
    error = s ? may_change(s, cmd) : -EINVAL;
    if (error) {
        shm_unlock();
        return error;
    }
    if (cmd == IPC_RMID) {
        s->mode |= SHM_DEST;
        s->key = IPC_PRIVATE;
        gone = shm_take_unused(s);
    } else if (cmd != IPC_SET) { /* memory is never paged out: it is but noted */
        s->mode = (s->mode & ~SHM_LOCKED) | (cmd == SHM_LOCK ? SHM_LOCKED : 0);
    } else if (from->uid == UINT32_MAX || from->gid == UINT32_MAX) {
        error = -EINVAL;
    } else {
        s->uid = from->uid;
        s->gid = from->gid;
        s->mode = (s->mode & ~IPC_MODES) | (from->mode & IPC_MODES);
        s->ctime = shm_now();
    }
    shm_unlock();
    shm_free(gone);
    return error;
}

/* The highest index in use, and what all have together. */
static int shm_sum(struct shm_info_abi *sum)
{
    uint32_t last = 0;

    *sum = (struct shm_info_abi){0};
    shm_lock();
    shm_totals(&sum->used_ids, &sum->tot);
    for (uint32_t i = 0; i < SHMMNI; i++)
        if (shm_at(i)) {
            sum->rss += shm_resident(shm_at(i));
            last = i;
        }
    shm_unlock();
    return (int)last;
}

static int info_copy(uint32_t cmd, bool wide, vaddr_t buf)
{
    struct shminfo_abi limits = {.shmmax = wide ? SHMMAX : INT32_MAX,
                                 .shmmin = 1,
                                 .shmmni = SHMMNI,
                                 .shmseg = SHMMNI,
                                 .shmall = obj_kept().most};
    struct shm_info_abi sum;
    int last = shm_sum(&sum), error;

    if (cmd == SHM_INFO)
        error = copy_to_user(buf, &sum, sizeof(sum));
    else
        error = copy_to_user(buf, &limits,
                             wide ? sizeof(limits) : offsetof(struct shminfo_abi, unused));
    return error ? error : last;
}

SYSCALL3(sys_shmctl, id, command, buf)
{
    bool wide = command & IPC_64;
    uint32_t cmd = command & ~IPC_64;
    struct change set;

    if ((int)id < 0)
        return -EINVAL;
    switch (cmd) {
    case IPC_SET:
        if (change_read(&set, wide, buf))
            return -EFAULT;
        return shm_change((int)id, cmd, &set);
    case IPC_RMID:
    case SHM_LOCK:
    case SHM_UNLOCK: return shm_change((int)id, cmd, NULL);
    case IPC_STAT: return shm_stat((int)id, false, false, wide, buf);
    case SHM_STAT:
    case SHM_STAT_ANY: return shm_stat((int)id, true, cmd == SHM_STAT_ANY, wide, buf);
    case IPC_INFO:
    case SHM_INFO: return info_copy(cmd, wide, buf);
    default: return -EINVAL;
    }
}

/* Octal digits for a format that has decimal ones only. */
static unsigned octal(uint32_t mode)
{
    return (mode >> 9 & 7) * 1000 + (mode >> 6 & 7) * 100 + (mode >> 3 & 7) * 10 + (mode & 7);
}

static void shm_line(struct text *t, const struct shm *s)
{
    text_printf(t, "%10d %10d  %4u %10u %5d %5d  %5u %5u %5u %5u %5u", s->key, s->id,
                octal(s->mode), (unsigned)s->bytes, s->cpid, s->lpid, (unsigned)s->nattch,
                (unsigned)s->uid, (unsigned)s->gid, (unsigned)s->cuid, (unsigned)s->cgid);
    text_printf(t, " %10u %10u %10u %10u          0\n", (unsigned)s->atime, (unsigned)s->dtime,
                (unsigned)s->ctime, (unsigned)page_addr(shm_resident(s)));
}

/* As Linux's, for ipcs. */
void procfs_shm(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t,
                "       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid"
                "      atime      dtime      ctime        rss       swap\n");
    shm_lock();
    for (uint32_t i = 0; i < SHMMNI; i++)
        if (shm_at(i))
            shm_line(t, shm_at(i));
    shm_unlock();
}
