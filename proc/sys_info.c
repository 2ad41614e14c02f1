/* SPDX-License-Identifier: MIT
 *
 * System calls that tell or set small things: names, memory, random numbers.
 * What is fixed is what is true here.
 */
#include <string.h>

#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/random.h"
#include "mm/obj.h"
#include "mm/swap.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/load.h"
#include "proc/pid.h"
#include "proc/sched_impl.h"
#include "proc/sys_impl.h"
#include "proc/version.h"

#define PR_GET_DUMPABLE 3u
#define PR_SET_DUMPABLE 4u

#define PR_SET_NAME 15u
#define PR_GET_NAME 16u

#define PR_GET_KEEPCAPS     7u
#define PR_SET_KEEPCAPS     8u
#define PR_CAPBSET_READ     23u
#define PR_GET_SECUREBITS   27u
#define SECBIT_KEEP_CAPS    16
#define PR_SET_NO_NEW_PRIVS 38u
#define PR_GET_NO_NEW_PRIVS 39u

#define RANDOM_CHUNK 64u
#define GRND_FLAGS   7u
#define RANDOM_MAX   0x1ffffffu

struct uts {
    char sysname[UTS_LEN], nodename[UTS_LEN], release[UTS_LEN], version[UTS_LEN], machine[UTS_LEN],
        domainname[UTS_LEN];
};

/* (P) the names that root sets, others (c) */
static struct uts uts = {.sysname = VERSION_SYSNAME,
                         .nodename = VERSION_NODENAME,
                         .release = VERSION_RELEASE,
                         .version = VERSION_BUILD,
                         .machine = VERSION_MACHINE,
                         .domainname = "(none)"};

#define SI_LOAD_SHIFT 16

struct sysinfo_abi {
    int32_t uptime;
    uint32_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    uint32_t totalhigh, freehigh, mem_unit;
    uint8_t reserved[8];
};

_Static_assert(sizeof(struct sysinfo_abi) == 64, "struct sysinfo of the ABI");

/* Calls whose true answer is 0. */
SYSCALL0(sys_zero)
{
    return 0;
}

SYSCALL1(sys_uname, ubuf)
{
    struct uts now;

    proc_share();
    now = uts;
    proc_unshare();
    return copy_to_user(ubuf, &now, sizeof(now));
}

void version_nodename(char name[UTS_LEN])
{
    proc_share();
    memcpy(name, uts.nodename, UTS_LEN);
    proc_unshare();
}

static int set_uts(char to[UTS_LEN], vaddr_t uname, uint32_t len)
{
    char name[UTS_LEN] = "";

    if (!capable(CAP_SYS_ADMIN))
        return -EPERM;
    if (len >= UTS_LEN)
        return -EINVAL;
    if (copy_from_user(name, uname, len))
        return -EFAULT;
    proc_lock();
    memcpy(to, name, UTS_LEN);
    proc_unlock();
    return 0;
}

SYSCALL2(sys_sethostname, uname, len)
{
    return set_uts(uts.nodename, uname, len);
}

SYSCALL2(sys_setdomainname, uname, len)
{
    return set_uts(uts.domainname, uname, len);
}

SYSCALL1(sys_sysinfo, ubuf)
{
    struct swap_stats swap = swap_stats();
    struct frame_stats s = frame_stats();
    struct sysinfo_abi info = {.uptime = (int32_t)ns_split(clock_ns()).sec,
                               .totalram = (s.total - s.reserved) << PAGE_SHIFT,
                               .freeram = s.free << PAGE_SHIFT,
                               .sharedram = obj_kept().used << PAGE_SHIFT,
                               .bufferram = s.cache << PAGE_SHIFT,
                               .totalswap = swap.total << PAGE_SHIFT,
                               .freeswap = (swap.total - swap.used) << PAGE_SHIFT,
                               .procs = (uint16_t)proc_count(),
                               .mem_unit = 1};

    load_get(info.loads);
    for (unsigned i = 0; i < ARRAY_SIZE(info.loads); i++)
        info.loads[i] <<= SI_LOAD_SHIFT - LOAD_SHIFT;
    return copy_to_user(ubuf, &info, sizeof(info));
}

static int set_name(vaddr_t uname)
{
    char *comm = thread_comm(thread_current()), name[COMM_SIZE];
    int error = copy_string_from_user(name, uname, sizeof(name));

    if (error == -ENAMETOOLONG)
        error = copy_from_user(name, uname, sizeof(name) - 1);
    if (error < 0)
        return error;
    name[COMM_SIZE - 1] = '\0';
    proc_share();
    memset(comm, 0, COMM_SIZE);
    memcpy(comm, name, strlen(name));
    proc_unshare();
    return 0;
}

/* What concerns credentials: they are changed in a copy. */
static int set_keep_caps(uint32_t keep)
{
    struct cred *c;

    if (keep > 1)
        return -EINVAL;
    c = cred_edit();
    if (!c)
        return -ENOMEM;
    c->keep_caps = keep;
    cred_commit(c);
    return 0;
}

static int set_no_new_privs(uint32_t on, uint32_t others)
{
    struct cred *c;

    if (on != 1 || others)
        return -EINVAL;
    c = cred_edit();
    if (!c)
        return -ENOMEM;
    c->no_new_privs = true;
    cred_commit(c);
    return 0;
}

static int set_dumpable(uint32_t dumpable)
{
    if (dumpable > 1)
        return -EINVAL;
    cred_set_dumpable(proc_current(), dumpable);
    return 0;
}

SYSCALL4(sys_prctl, option, argument, third, fourth)
{
    uint32_t others = third | fourth | syscall_arg(5);
    char name[COMM_SIZE];

    switch (option) {
    case PR_GET_DUMPABLE: return !proc_current()->undumpable;
    case PR_SET_DUMPABLE: return set_dumpable(argument);
    case PR_SET_NAME: return set_name(argument);
    case PR_GET_NAME:
        memcpy(name, thread_comm(thread_current()), sizeof(name));
        return copy_to_user(argument, name, sizeof(name));
    case PR_GET_KEEPCAPS: return cred_self()->keep_caps;
    case PR_SET_KEEPCAPS: return set_keep_caps(argument);
    case PR_CAPBSET_READ: return argument > CAP_LAST ? -EINVAL : 1; /* nobody can bound them */
    case PR_GET_SECUREBITS: return cred_self()->keep_caps ? SECBIT_KEEP_CAPS : 0;
    case PR_SET_NO_NEW_PRIVS: return set_no_new_privs(argument, others);
    case PR_GET_NO_NEW_PRIVS: return argument || others ? -EINVAL : cred_self()->no_new_privs;
    default: return -EINVAL;
    }
}

SYSCALL1(sys_umask, mask)
{
    struct proc *p = proc_current();
    uint32_t old = p->umask;

    p->umask = mask & 0777;
    return (long)old;
}

SYSCALL2(sys_getcpu, ucpu, unode)
{
    if (ucpu && put_user32(ucpu, cpu_self()->id))
        return -EFAULT;
    return unode ? put_user32(unode, 0) : 0;
}

SYSCALL3(sys_getrandom, ubuf, len, flags)
{
    uint8_t chunk[RANDOM_CHUNK];
    uint32_t done = 0;

    if (flags & ~GRND_FLAGS)
        return -EINVAL;
    len = MIN(len, RANDOM_MAX);
    while (done < len) {
        uint32_t n = MIN(len - done, RANDOM_CHUNK);

        random_fill(chunk, n);
        if (copy_to_user(ubuf + done, chunk, n))
            return done ? (long)done : -EFAULT;
        done += n;
        rest_point();
        if (thread_interrupted())
            break;
    }
    return (long)done;
}
