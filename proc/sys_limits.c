/* SPDX-License-Identifier: MIT
 *
 * System calls about limits, and /proc/PID/limits. The structures have 32 or 64 bits; inside there
 * are 32.
 */
#include "fs/text.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/pid.h"
#include "proc/procfs_impl.h"
#include "proc/sys_impl.h"

#define OLD_INFINITY 0x7fffffffu /* of the call that came before ugetrlimit */

static long get(uint32_t resource, vaddr_t ulimit, uint32_t most)
{
    struct limit l;

    if (resource >= RLIMITS)
        return -EINVAL;
    l = limit_get(proc_current(), (enum resource)resource);
    l.soft = MIN(l.soft, most);
    l.hard = MIN(l.hard, most);
    return copy_to_user(ulimit, &l, sizeof(l));
}

SYSCALL2(sys_old_getrlimit, resource, ulimit)
{
    return get(resource, ulimit, OLD_INFINITY);
}

SYSCALL2(sys_getrlimit, resource, ulimit)
{
    return get(resource, ulimit, RLIM_INFINITY);
}

SYSCALL2(sys_setrlimit, resource, ulimit)
{
    struct limit l;

    if (copy_from_user(&l, ulimit, sizeof(l)))
        return -EFAULT;
    if (resource >= RLIMITS)
        return -EINVAL;
    return limit_set(proc_current(), (enum resource)resource, &l);
}

static uint32_t narrow(uint64_t wide)
{
    return (uint32_t)MIN(wide, (uint64_t)RLIM_INFINITY);
}

static uint64_t widen(uint32_t bytes)
{
    return bytes == RLIM_INFINITY ? UINT64_MAX : bytes;
}

/* The old one is read before the new one is set. */
static int exchange(struct proc *p, uint32_t resource, const struct limit *new, struct limit *old)
{
    int error = cred_may_limit(p);

    if (error)
        return error;
    if (resource >= RLIMITS)
        return -EINVAL;
    *old = limit_get(p, (enum resource)resource);
    return new ? limit_set(p, (enum resource)resource, new) : 0;
}

SYSCALL4(sys_prlimit64, pid, resource, unew, uold)
{
    struct limit old, new;
    uint64_t wide[2];
    struct proc *p;
    int error;

    if (unew && copy_from_user(wide, unew, sizeof(wide)))
        return -EFAULT;
    if (unew)
        new = (struct limit){narrow(wide[0]), narrow(wide[1])};
    p = (int)pid < 0 ? NULL : thread_proc_ref(pid ? (int)pid : proc_current()->pid);
    if (!p)
        return -ESRCH;
    error = exchange(p, resource, unew ? &new : NULL, &old);
    proc_unref(p);
    if (error || !uold)
        return error;
    wide[0] = widen(old.soft);
    wide[1] = widen(old.hard);
    return copy_to_user(uold, wide, sizeof(wide));
}

static void print_value(struct text *t, uint32_t value)
{
    if (value == RLIM_INFINITY)
        text_printf(t, "%-20s ", "unlimited");
    else
        text_printf(t, "%-20u ", (unsigned)value);
}

/* As Linux's. */
void procfs_pid_limits(struct text *t, struct proc *p)
{
    static const struct {
        const char *name, *unit;
    } of[RLIMITS] = {
        [RLIMIT_CPU] = {"Max cpu time", "seconds"},
        [RLIMIT_FSIZE] = {"Max file size", "bytes"},
        [RLIMIT_DATA] = {"Max data size", "bytes"},
        [RLIMIT_STACK] = {"Max stack size", "bytes"},
        [RLIMIT_CORE] = {"Max core file size", "bytes"},
        [RLIMIT_RSS] = {"Max resident set", "bytes"},
        [RLIMIT_NPROC] = {"Max processes", "processes"},
        [RLIMIT_NOFILE] = {"Max open files", "files"},
        [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
        [RLIMIT_AS] = {"Max address space", "bytes"},
        [RLIMIT_LOCKS] = {"Max file locks", "locks"},
        [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
        [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
        [RLIMIT_NICE] = {"Max nice priority", ""},
        [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
        [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
    };

    text_printf(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned r = 0; r < RLIMITS; r++) {
        struct limit l = limit_get(p, (enum resource)r);

        text_printf(t, "%-25s ", of[r].name);
        print_value(t, l.soft);
        print_value(t, l.hard);
        text_printf(t, "%-10s\n", of[r].unit);
    }
}
