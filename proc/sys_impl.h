/* SPDX-License-Identifier: MIT
 *
 * Private to the system calls: how a handler is written, the structures of the ABI that several of
 * them use, and every handler's name, for the table in syscall.c. Structures are Linux's for ARM
 * EABI, with 32-bit long and natural alignment of 64-bit members.
 */
#ifndef PROC_SYS_IMPL_H
#define PROC_SYS_IMPL_H

#include "include/uapi/errno.h"
#include "proc/proc.h"
#include "proc/syscall.h"

/* The head of a handler with 0 to 4 arguments in registers. */
#define SYSCALL0(name)                                                                             \
    long name(uint32_t a_ __unused, uint32_t b_ __unused, uint32_t c_ __unused,                    \
              uint32_t d_ __unused)
#define SYSCALL1(name, a)                                                                          \
    long name(uint32_t a, uint32_t b_ __unused, uint32_t c_ __unused, uint32_t d_ __unused)
#define SYSCALL2(name, a, b)                                                                       \
    long name(uint32_t a, uint32_t b, uint32_t c_ __unused, uint32_t d_ __unused)
#define SYSCALL3(name, a, b, c)    long name(uint32_t a, uint32_t b, uint32_t c, uint32_t d_ __unused)
#define SYSCALL4(name, a, b, c, d) long name(uint32_t a, uint32_t b, uint32_t c, uint32_t d)

#define NSEC_PER_USEC 1000u

struct timespec32 {
    int32_t sec, nsec;
};

struct timespec64 {
    int64_t sec, nsec;
};

/* Whole seconds and the rest of a time, without a division. */
struct timespec64 ns_split(uint64_t ns);
/* A time-out from user memory, struct timespec with 32 or 64 bits, in ns; too long for that: never,
 * UINT64_MAX. -EFAULT, -EINVAL. */
int __must_check timeout_get(vaddr_t from, uint64_t *ns, bool wide);
/* A time of so many ns to user memory, in the structure of 64 bits or the old one. -EFAULT. */
int __must_check time_put(vaddr_t to, uint64_t ns, bool wide);

/* struct rusage to user memory. -EFAULT. */
int __must_check rusage_put(vaddr_t to, struct cpu_time time, const struct usage *u);

/* An id of a user or group as calls with 16 bits for it have it: 65535 means -1. */
static inline uint32_t wide_id(uint32_t id)
{
    return (uint16_t)id == UINT16_MAX ? UINT32_MAX : (uint16_t)id;
}

/* A path from user memory in memory of its own, for kfree: 0 or -EFAULT, -ENAMETOOLONG, -ENOENT (an
 * empty one), -ENOMEM. */
int __must_check path_from_user(vaddr_t upath, char **path);

/* The same, in the caller's stack if it is short. */
#define PATH_SMALL 128u
struct path {
    char *text;
    char small[PATH_SMALL];
};
int __must_check path_get(struct path *p, vaddr_t upath);
void path_put(struct path *p);

/* The signal mask that holds while the caller waits: the last argument of ppoll and its kin. */
struct wait_mask {
    uint64_t set;
    bool given;
};
/* Reads the mask; umask 0: there is none. -EINVAL, -EFAULT. */
int __must_check wait_mask_get(struct wait_mask *m, vaddr_t umask, uint32_t size);
/* Before the first look the mask takes the place of the thread's own. */
void wait_mask_enter(const struct wait_mask *m);
/* After the last one it goes again, unless the wait was interrupted: then it goes when the handler
 * has run. */
void wait_mask_leave(const struct wait_mask *m, int result);

/* When a wait ends that may last as long as the time at utime says: 0 at once; UINT64_MAX, never,
 * without one. -EFAULT, -EINVAL. */
int __must_check wait_end_get(vaddr_t utime, bool wide, uint64_t *until);

/* Counts a call that is not built; the number is in r7. */
syscall_fn sys_enosys;

/* sys_proc.c */
syscall_fn sys_exit, sys_exit_group, sys_fork, sys_vfork, sys_clone, sys_execve, sys_wait4,
    sys_waitid;
syscall_fn sys_getpid, sys_getppid, sys_gettid, sys_set_tid_address, sys_sched_yield, sys_reboot;
syscall_fn sys_setpgid, sys_getpgid, sys_getpgrp, sys_getsid, sys_setsid;
/* sys_futex.c */
syscall_fn sys_futex, sys_futex64, sys_set_robust_list, sys_get_robust_list;
/* sys_signal.c */
syscall_fn sys_rt_sigaction, sys_rt_sigprocmask, sys_rt_sigpending, sys_pause, sys_rt_sigsuspend;
syscall_fn sys_rt_sigtimedwait, sys_rt_sigtimedwait64, sys_kill, sys_tgkill, sys_tkill;
syscall_fn sys_rt_sigqueueinfo, sys_rt_tgsigqueueinfo, sys_sigaltstack, sys_sigreturn;
syscall_fn sys_rt_sigreturn;
/* sys_info.c */
syscall_fn sys_zero, sys_uname, sys_sethostname, sys_setdomainname, sys_sysinfo, sys_prctl,
    sys_umask, sys_getcpu;
syscall_fn sys_getrandom;
/* sys_sched.c */
syscall_fn sys_getpriority, sys_setpriority, sys_sched_getparam, sys_sched_setparam;
syscall_fn sys_sched_getscheduler, sys_sched_setscheduler;
syscall_fn sys_sched_get_priority_max, sys_sched_get_priority_min, sys_sched_rr_get_interval;
syscall_fn sys_sched_getaffinity, sys_sched_setaffinity;
/* sys_cred.c */
syscall_fn sys_getuid, sys_geteuid, sys_getgid, sys_getegid, sys_setuid, sys_setgid, sys_setreuid;
syscall_fn sys_setregid, sys_setresuid, sys_setresgid, sys_getresuid, sys_getresgid, sys_setfsuid;
syscall_fn sys_setfsgid, sys_getgroups, sys_setgroups, sys_getuid16, sys_geteuid16, sys_getgid16;
syscall_fn sys_getegid16, sys_setuid16, sys_setgid16, sys_setreuid16, sys_setregid16;
syscall_fn sys_setresuid16, sys_setresgid16, sys_getresuid16, sys_getresgid16, sys_setfsuid16;
syscall_fn sys_setfsgid16, sys_getgroups16, sys_setgroups16, sys_capget, sys_capset;
/* sys_limits.c */
syscall_fn sys_old_getrlimit, sys_getrlimit, sys_setrlimit, sys_prlimit64;
/* sys_mm.c */
syscall_fn sys_brk, sys_mmap2, sys_munmap, sys_mprotect;
/* sys_range.c */
syscall_fn sys_mremap, sys_msync, sys_madvise, sys_mincore, sys_mlock, sys_mlock2, sys_munlock;
syscall_fn sys_mlockall, sys_munlockall;
/* sysv_shm.c, sysv_shmctl.c */
syscall_fn sys_shmget, sys_shmat, sys_shmdt, sys_shmctl;
/* sys_file.c */
syscall_fn sys_close, sys_read, sys_write, sys_readv, sys_writev, sys_pread64, sys_pwrite64;
syscall_fn sys_preadv, sys_pwritev, sys_lseek, sys_llseek, sys_ioctl, sys_getdents64, sys_fsync,
    sys_sync, sys_syncfs;
syscall_fn sys_advise, sys_fadvise, sys_ftruncate, sys_ftruncate64, sys_fallocate, sys_sendfile,
    sys_sendfile64;
/* sys_fcntl.c */
syscall_fn sys_dup, sys_dup2, sys_dup3, sys_fcntl, sys_flock, sys_memfd_create;
/* sys_mount.c */
syscall_fn sys_mount, sys_umount, sys_umount2, sys_syslog;
/* sys_names.c */
syscall_fn sys_open, sys_openat, sys_creat, sys_mkdir, sys_mkdirat, sys_mknod, sys_mknodat;
syscall_fn sys_symlink, sys_symlinkat, sys_link, sys_linkat, sys_unlink, sys_rmdir, sys_unlinkat;
syscall_fn sys_rename, sys_renameat, sys_renameat2, sys_chmod, sys_fchmod, sys_fchmodat, sys_chown;
syscall_fn sys_chown16, sys_lchown16, sys_fchown16, sys_lchown, sys_fchown, sys_fchownat,
    sys_utimensat, sys_utimensat64, sys_truncate;
syscall_fn sys_truncate64;
/* sys_pipe.c */
syscall_fn sys_pipe, sys_pipe2, sys_eventfd, sys_eventfd2, sys_socket, sys_socketpair,
    sys_getsockname, sys_getpeername, sys_send;
syscall_fn sys_sendto, sys_recv, sys_recvfrom, sys_shutdown;
/* sys_poll.c */
syscall_fn sys_poll, sys_ppoll, sys_ppoll64, sys_select, sys_pselect6, sys_pselect6_64;
/* sys_epoll.c */
syscall_fn sys_epoll_create, sys_epoll_create1, sys_epoll_ctl, sys_epoll_wait, sys_epoll_pwait;
syscall_fn sys_epoll_pwait2;
/* sys_path.c */
syscall_fn sys_access, sys_faccessat, sys_faccessat2, sys_readlink, sys_readlinkat, sys_chdir,
    sys_chroot;
syscall_fn sys_fchdir, sys_getcwd;
/* sys_stat.c */
syscall_fn sys_fstat64, sys_stat64, sys_lstat64, sys_fstatat64, sys_statx, sys_statfs64;
syscall_fn sys_fstatfs64;
/* sys_swap.c */
syscall_fn sys_swapon, sys_swapoff;
/* sys_time.c */
syscall_fn sys_restart_syscall, sys_nanosleep, sys_clock_nanosleep, sys_clock_nanosleep64,
    sys_times, sys_getrusage;
/* sys_clock.c */
syscall_fn sys_clock_gettime, sys_clock_gettime64, sys_clock_getres, sys_clock_getres64;
syscall_fn sys_clock_settime, sys_clock_settime64, sys_gettimeofday, sys_settimeofday;
/* sys_timer.c */
syscall_fn sys_getitimer, sys_setitimer, sys_timer_create, sys_timer_settime, sys_timer_settime64;
syscall_fn sys_timer_gettime, sys_timer_gettime64, sys_timer_getoverrun, sys_timer_delete;
syscall_fn sys_timerfd_create, sys_timerfd_settime, sys_timerfd_settime64, sys_timerfd_gettime,
    sys_timerfd_gettime64;

/* AT_* of the calls that end in "at". */
#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100u
#define AT_NO_AUTOMOUNT     0x800u
#define AT_EMPTY_PATH       0x1000u

/* The file of a descriptor (AT_FDCWD: the working directory), with a reference, or NULL. */
struct vnode *vnode_of_fd(int fd);
/* The file of a path in user memory, with a reference; flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH.
 */
int __must_check lookup_user(int dirfd, vaddr_t upath, uint32_t flags, struct vnode **v);
/* The directory that a path of an "at" call is relative to, with a reference; NULL: the path is
 * absolute. -EBADF, -ENOTDIR. */
int __must_check dir_of_fd(int dirfd, const char *path, struct vnode **dir);

#endif
