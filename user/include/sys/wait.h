/* SPDX-License-Identifier: MIT
 *
 * Waiting for children. Takes the place of newlib's header, which lacks waitid and WCOREDUMP.
 * Signal numbers in a status are newlib's, like everywhere in <signal.h>.
 */
#ifndef SYS_WAIT_H
#define SYS_WAIT_H

#include <sys/types.h>

#define WNOHANG    1
#define WUNTRACED  2
#define WEXITED    4
#define WCONTINUED 8
#define WNOWAIT    0x1000000

#define WIFEXITED(w)    (((w)&0x7f) == 0)
#define WEXITSTATUS(w)  (((w) >> 8) & 0xff)
#define WIFSIGNALED(w)  (((w)&0x7f) != 0 && ((w)&0x7f) != 0x7f)
#define WTERMSIG(w)     ((w)&0x7f)
#define WIFSTOPPED(w)   (((w)&0xff) == 0x7f)
#define WSTOPSIG(w)     (((w) >> 8) & 0xff)
#define WIFCONTINUED(w) ((w) == 0xffff)

#define P_ALL  0
#define P_PID  1
#define P_PGID 2

#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

/* The kernel's siginfo as waitid fills it; signal numbers are the kernel's. */
struct wait_info {
    int si_signo, si_errno, si_code;
    int si_pid, si_uid, si_status;
    int rest[26];
};

pid_t wait(int *status);
pid_t waitpid(pid_t pid, int *status, int options);
int waitid(int type, id_t id, struct wait_info *info, int options);

#endif
