/* SPDX-License-Identifier: MIT
 *
 * Processes: newlib's hooks, waiting, groups. A wait status holds the kernel's signal number and
 * is turned into newlib's here, once.
 */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"

#define LINUX_SIGCHLD 17

void _exit(int status)
{
    for (;;)
        sys_raw(SYS_exit_group, status);
}

int _getpid(void)
{
    return (int)sys_raw(SYS_getpid);
}

int _kill(int pid, int sig)
{
    return (int)syscall(SYS_kill, pid, signal_to_linux(sig));
}

int _execve(const char *path, char *const argv[], char *const envp[])
{
    return (int)syscall(SYS_execve, path, argv, envp);
}

int _fork(void)
{
    return (int)syscall(SYS_clone, LINUX_SIGCHLD, 0, 0, 0, 0);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    int got = 0;
    pid_t result = (pid_t)syscall(SYS_wait4, pid, &got, options, NULL);

    if (WIFSIGNALED(got))
        got = (got & ~0x7f) | signal_from_linux(WTERMSIG(got));
    if (WIFSTOPPED(got))
        got = signal_from_linux(WSTOPSIG(got)) << 8 | 0x7f;
    if (result > 0 && status)
        *status = got;
    return result;
}

int _wait(int *status)
{
    return waitpid(-1, status, 0);
}

int waitid(int type, id_t id, struct wait_info *info, int options)
{
    return (int)syscall(SYS_waitid, type, id, info, options, NULL);
}

pid_t getppid(void)
{
    return (pid_t)sys_raw(SYS_getppid);
}

int setpgid(pid_t pid, pid_t pgid)
{
    return (int)syscall(SYS_setpgid, pid, pgid);
}

pid_t getpgid(pid_t pid)
{
    return (pid_t)syscall(SYS_getpgid, pid);
}

pid_t setsid(void)
{
    return (pid_t)syscall(SYS_setsid);
}
