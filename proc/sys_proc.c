/* SPDX-License-Identifier: MIT
 *
 * System calls about processes: their arguments and results; the work is in fork.c, exec.c, exit.c,
 * wait.c, signal.c and proc.c. User memory is touched without locks.
 */
#include <string.h>

#include "kern/power.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/sys_impl.h"

#define WNOHANG    1u
#define WUNTRACED  2u
#define WEXITED    4u
#define WCONTINUED 8u
#define WNOWAIT    0x1000000u
#define WALL       0x40000000u /* children of clone as well: so are all waits here */
#define WOPTIONS   (WNOHANG | WUNTRACED | WCONTINUED | WALL)

#define P_ALL  0u
#define P_PID  1u
#define P_PGID 2u

#define REBOOT_MAGIC1    0xfee1deadu
#define REBOOT_MAGIC2    672274793u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_RESTART   0x01234567u
#define REBOOT_HALT      0xcdef0123u
#define REBOOT_CAD_ON    0x89abcdefu
#define REBOOT_CAD_OFF   0u

/* The head of struct siginfo as waitid fills it; all of it has 128 bytes. */
struct wait_siginfo {
    int32_t signo, error, code, pid;
    uint32_t uid;
    int32_t status;
};

SYSCALL1(sys_exit, status)
{
    thread_end(WSTATUS_EXIT(status));
}

SYSCALL1(sys_exit_group, status)
{
    proc_exit(WSTATUS_EXIT(status));
}

SYSCALL0(sys_fork)
{
    return proc_fork(&(struct fork_args){.flags = SIGCHLD});
}

SYSCALL0(sys_vfork)
{
    return proc_fork(&(struct fork_args){.flags = CLONE_VM | CLONE_VFORK | SIGCHLD});
}

SYSCALL4(sys_clone, flags, stack, ptid, tls)
{
    struct fork_args a = {
        .flags = flags, .stack = stack, .ptid = ptid, .tls = tls, .ctid = syscall_arg(5)};

    return flags & CLONE_THREAD ? thread_fork(&a) : proc_fork(&a);
}

SYSCALL3(sys_execve, upath, argv, envp)
{
    char *path;
    int error = path_from_user(upath, &path);

    if (error)
        return error;
    error = proc_exec(path, argv, envp);
    kfree(path);
    return error;
}

static int put_rusage(vaddr_t to, const struct wait_result *r)
{
    return rusage_put(to, (struct cpu_time){r->user_ns, r->kernel_ns}, &r->used);
}

SYSCALL4(sys_wait4, pid, ustatus, options, urusage)
{
    struct wait_request req = {.pid = (int)pid,
                               .nohang = options & WNOHANG,
                               .stopped = options & WUNTRACED,
                               .continued = options & WCONTINUED,
                               .usage = urusage};
    struct wait_result res = {0};
    int result;

    if (options & ~WOPTIONS)
        return -EINVAL;
    result = restartable(proc_wait(&req, &res));
    if (result > 0 && ustatus && put_user32(ustatus, (uint32_t)res.status))
        return -EFAULT;
    if (result > 0 && urusage && put_rusage(urusage, &res))
        return -EFAULT;
    return result;
}

/* si_code and si_status of wait4's word. */
static void say_status(struct wait_siginfo *info, int status)
{
    if (status == WSTATUS_CONTINUED) {
        info->code = CLD_CONTINUED;
        info->status = SIGCONT;
    } else if ((status & 255) == 127) {
        info->code = CLD_STOPPED;
        info->status = status >> 8;
    } else if (status & 127) {
        info->code = CLD_KILLED;
        info->status = status & 127;
    } else {
        info->code = CLD_EXITED;
        info->status = status >> 8 & 255;
    }
}

static int put_siginfo(vaddr_t to, const struct wait_result *r)
{
    struct wait_siginfo info = {.signo = SIGCHLD, .pid = r->pid, .uid = r->uid};
    int error = clear_user(to, SIGINFO_BYTES);

    if (r->pid == 0 || error)
        return error;
    say_status(&info, r->status);
    return copy_to_user(to, &info, sizeof(info));
}

/* 0, with nobody ready signo and pid are 0. Reaping first and then failing to say whom loses a
 * child, as on Linux. */
SYSCALL4(sys_waitid, type, id, uinfo, options)
{
    struct wait_request req = {.nohang = options & WNOHANG,
                               .nowait = options & WNOWAIT,
                               .no_exits = !(options & WEXITED),
                               .stopped = options & WUNTRACED,
                               .continued = options & WCONTINUED};
    struct wait_result res = {0};
    vaddr_t urusage = syscall_arg(5);
    int result;

    if (options & ~(WOPTIONS | WEXITED | WNOWAIT) ||
        !(options & (WUNTRACED | WEXITED | WCONTINUED)))
        return -EINVAL;
    if (type > P_PGID || (type != P_ALL && (int)id < (type == P_PID)))
        return -EINVAL;
    req.usage = urusage;
    req.group = type == P_PGID && id != 0;
    req.pid = type == P_ALL ? -1 : (int)id;
    result = restartable(proc_wait(&req, &res));
    if (result < 0)
        return result;
    if (uinfo && put_siginfo(uinfo, &res))
        return -EFAULT;
    return result && urusage ? put_rusage(urusage, &res) : 0;
}

SYSCALL0(sys_getpid)
{
    return proc_current()->pid;
}

SYSCALL0(sys_getppid)
{
    return proc_current()->ppid;
}

SYSCALL0(sys_gettid)
{
    return thread_current()->tid;
}

SYSCALL1(sys_set_tid_address, address)
{
    thread_current()->clear_tid = address;
    return thread_current()->tid;
}

SYSCALL2(sys_setpgid, pid, pgid)
{
    return proc_set_group((int)pid, (int)pgid);
}

SYSCALL1(sys_getpgid, pid)
{
    return proc_get_group((int)pid, false);
}

SYSCALL0(sys_getpgrp)
{
    return proc_current()->pgid;
}

SYSCALL1(sys_getsid, pid)
{
    return proc_get_group((int)pid, true);
}

SYSCALL0(sys_setsid)
{
    return proc_new_session();
}

SYSCALL0(sys_sched_yield)
{
    sched_yield();
    return 0;
}

SYSCALL3(sys_reboot, magic1, magic2, command)
{
    if (!capable(CAP_SYS_BOOT))
        return -EPERM;
    if (magic1 != REBOOT_MAGIC1 || magic2 != REBOOT_MAGIC2)
        return -EINVAL;
    switch (command) {
    case REBOOT_POWER_OFF:
    case REBOOT_HALT: power_off(0);
    case REBOOT_RESTART: power_restart();
    case REBOOT_CAD_ON:
    case REBOOT_CAD_OFF: return 0; /* there are no keys that would restart the machine */
    default: return -EINVAL;
    }
}
