/* SPDX-License-Identifier: MIT
 *
 * Who may look at what in /proc: what shows a process's memory and files is for its owner, what
 * shows the kernel's addresses or stops the machine is for root. All else follows from owner and
 * mode.
 */
#include <string.h>

#include "fs/access.h"
#include "include/uapi/errno.h"
#include "proc/cred.h"
#include "proc/pid.h"
#include "proc/procfs_impl.h"

/* Of a process: as ptrace would be allowed. */
static const char *const inner[] = {
    "auxv",  "cwd",          "environ", "exe",  "fd",      "fdinfo",    "io",
    "maps",  "mem",          "pmap",    "pt",   "refs",    "map_files", "root",
    "smaps", "smaps_rollup", "stack",   "swap", "syscall", "wchan",
};

/* Of the system. */
static const char *const roots[] = {
    "coremap", "hat",   "kmsg",          "kstorm",       "lockstat", "slabinfo",
    "swapmap", "trace", "trace_control", "trace_stream", "vmcheck",
};

static bool listed(const char *const names[], unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void procfs_own(struct vnode *v, int pid)
{
    struct proc *p = pid_ref(pid);
    struct cred_ids ids;

    if (!p)
        return;
    cred_ids(p, &ids);
    proc_unref(p);
    if (ids.undumpable && v->mode != (S_IFDIR | 0555)) /* root's, but for the way there */
        return;
    v->uid = ids.euid;
    v->gid = ids.egid;
}

int procfs_may(int pid, const char *name)
{
    struct proc *p;
    int error;

    if (!pid)
        return listed(roots, ARRAY_SIZE(roots), name) && !capable(CAP_SYS_ADMIN) ? -EACCES : 0;
    if (!listed(inner, ARRAY_SIZE(inner), name))
        return 0;
    p = pid_ref(pid);
    if (!p)
        return -ESRCH;
    error = cred_may_look(p);
    proc_unref(p);
    return error;
}
