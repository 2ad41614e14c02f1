/* SPDX-License-Identifier: MIT
 *
 * Numbers of the system calls (Linux, ARM EABI), the two ways to make one, and the error numbers
 * of the kernel where newlib has other ones for the same names.
 */
#ifndef SYS_SYSCALL_H
#define SYS_SYSCALL_H

#define SYS_exit              1
#define SYS_read              3
#define SYS_write             4
#define SYS_open              5
#define SYS_close             6
#define SYS_creat             8
#define SYS_link              9
#define SYS_unlink            10
#define SYS_execve            11
#define SYS_chdir             12
#define SYS_mknod             14
#define SYS_chmod             15
#define SYS_lseek             19
#define SYS_getpid            20
#define SYS_access            33
#define SYS_sync              36
#define SYS_kill              37
#define SYS_rename            38
#define SYS_mkdir             39
#define SYS_rmdir             40
#define SYS_dup               41
#define SYS_pipe              42
#define SYS_times             43
#define SYS_brk               45
#define SYS_ioctl             54
#define SYS_fcntl             55
#define SYS_setpgid           57
#define SYS_umask             60
#define SYS_dup2              63
#define SYS_getppid           64
#define SYS_setsid            66
#define SYS_symlink           83
#define SYS_readlink          85
#define SYS_swapon            87
#define SYS_reboot            88
#define SYS_munmap            91
#define SYS_truncate          92
#define SYS_ftruncate         93
#define SYS_fchmod            94
#define SYS_wait4             114
#define SYS_swapoff           115
#define SYS_fsync             118
#define SYS_clone             120
#define SYS_uname             122
#define SYS_mprotect          125
#define SYS_getpgid           132
#define SYS_fchdir            133
#define SYS_llseek            140
#define SYS_select            142
#define SYS_flock             143
#define SYS_msync             144
#define SYS_readv             145
#define SYS_writev            146
#define SYS_fdatasync         148
#define SYS_mlock             150
#define SYS_munlock           151
#define SYS_mlockall          152
#define SYS_munlockall        153
#define SYS_sched_yield       158
#define SYS_nanosleep         162
#define SYS_mremap            163
#define SYS_poll              168
#define SYS_rt_sigaction      174
#define SYS_rt_sigprocmask    175
#define SYS_pread64           180
#define SYS_pwrite64          181
#define SYS_getcwd            183
#define SYS_sendfile          187
#define SYS_vfork             190
#define SYS_mmap2             192
#define SYS_truncate64        193
#define SYS_ftruncate64       194
#define SYS_stat64            195
#define SYS_lstat64           196
#define SYS_fstat64           197
#define SYS_lchown32          198
#define SYS_fchown32          207
#define SYS_chown32           212
#define SYS_getdents64        217
#define SYS_mincore           219
#define SYS_madvise           220
#define SYS_fcntl64           221
#define SYS_gettid            224
#define SYS_sendfile64        239
#define SYS_sched_setaffinity 241
#define SYS_sched_getaffinity 242
#define SYS_exit_group        248
#define SYS_clock_gettime     263
#define SYS_statfs64          266
#define SYS_fstatfs64         267
#define SYS_waitid            280
#define SYS_socket            281
#define SYS_socketpair        288
#define SYS_send              289
#define SYS_sendto            290
#define SYS_recv              291
#define SYS_recvfrom          292
#define SYS_shutdown          293
#define SYS_shmat             305
#define SYS_shmdt             306
#define SYS_shmget            307
#define SYS_shmctl            308
#define SYS_openat            322
#define SYS_mkdirat           323
#define SYS_mknodat           324
#define SYS_fchownat          325
#define SYS_fstatat64         327
#define SYS_unlinkat          328
#define SYS_renameat          329
#define SYS_linkat            330
#define SYS_symlinkat         331
#define SYS_readlinkat        332
#define SYS_fchmodat          333
#define SYS_faccessat         334
#define SYS_pselect6          335
#define SYS_ppoll             336
#define SYS_utimensat         348
#define SYS_eventfd           351
#define SYS_fallocate         352
#define SYS_eventfd2          356
#define SYS_dup3              358
#define SYS_pipe2             359
#define SYS_preadv            361
#define SYS_pwritev           362
#define SYS_renameat2         382
#define SYS_getrandom         384
#define SYS_memfd_create      385
#define SYS_mlock2            390
#define SYS_statx             397
#define SYS_pselect6_time64   413
#define SYS_ppoll_time64      414
#define SYS_faccessat2        439
#define SYS_arm_cacheflush    0xf0002
#define SYS_arm_set_tls       0xf0005
#define SYS_arm_get_tls       0xf0006

/* Flags and errors in the kernel's numbers, for callers of sys_raw(). Errors up to 34 are the same
 * in newlib's <errno.h>. */
#define LINUX_O_CREAT      0100
#define LINUX_O_EXCL       0200
#define LINUX_O_TRUNC      01000
#define LINUX_O_APPEND     02000
#define LINUX_O_NONBLOCK   04000
#define LINUX_O_DIRECT     0200000
#define LINUX_O_DIRECTORY  040000
#define LINUX_O_NOFOLLOW   0100000
#define LINUX_O_LARGEFILE  0400000
#define LINUX_O_CLOEXEC    02000000
#define LINUX_O_TMPFILE    020040000
#define LINUX_AT_FDCWD     (-100)
#define LINUX_EDEADLK      35
#define LINUX_ENAMETOOLONG 36
#define LINUX_ENOSYS       38
#define LINUX_ENOTEMPTY    39
#define LINUX_ELOOP        40
#define LINUX_EOVERFLOW    75
#define LINUX_ELIBBAD      80
#define LINUX_ENOTSOCK     88
#define LINUX_EOPNOTSUPP   95
#define LINUX_EAFNOSUPPORT 97
#define LINUX_EISCONN      106

/* The kernel's own result: a value, or -error in the kernel's numbers. */
long sys_raw(long nr, ...);
/* As in libc: -1 and errno on an error. */
long syscall(long nr, ...);
/* Turns a result of sys_raw into -1 and errno (newlib's numbers) if it is an error. */
long sys_result(long result);

#endif
