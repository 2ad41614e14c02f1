/* SPDX-License-Identifier: MIT
 *
 * The table of system calls, in order of their numbers on ARM EABI (Linux, arch/arm/tools/
 * syscall.tbl, 6.1). arch/arm/vectors.S calls the handlers with interrupts on. A number without a
 * line is sys_enosys, which counts, so that /proc/enosys says what a program misses.
 */
#include "kern/arch.h"
#include "kern/trace.h"
#include "proc/sys_impl.h"
#include "proc/unimplemented.h"

#define ARM_PRIVATE    0xf0000u
#define ARM_CACHEFLUSH 0xf0002u
#define ARM_SET_TLS    0xf0005u
#define ARM_GET_TLS    0xf0006u
#define ARM_LAST       0xf07ffu
#define NUMBER_REG     7u /* of the user's registers */

/* A range first, exceptions after it: what the warning is about is what is meant. */
#pragma GCC diagnostic ignored "-Woverride-init"

syscall_fn *const syscall_table[SYSCALL_MAX] = {
    [0 ... SYSCALL_MAX - 1] = sys_enosys,
    [0] = sys_restart_syscall,
    [1] = sys_exit,
    [2] = sys_fork,
    [3] = sys_read,
    [4] = sys_write,
    [5] = sys_open,
    [6] = sys_close,
    [8] = sys_creat,
    [9] = sys_link,
    [10] = sys_unlink,
    [11] = sys_execve,
    [12] = sys_chdir,
    [14] = sys_mknod,
    [15] = sys_chmod,
    [16] = sys_lchown16,
    [19] = sys_lseek,
    [20] = sys_getpid,
    [21] = sys_mount,
    [22] = sys_umount,
    [23] = sys_setuid16,
    [24] = sys_getuid16,
    [29] = sys_pause,
    [33] = sys_access,
    [36] = sys_sync,
    [37] = sys_kill,
    [38] = sys_rename,
    [39] = sys_mkdir,
    [40] = sys_rmdir,
    [41] = sys_dup,
    [42] = sys_pipe,
    [43] = sys_times,
    [45] = sys_brk,
    [46] = sys_setgid16,
    [47] = sys_getgid16,
    [49] = sys_geteuid16,
    [50] = sys_getegid16,
    [52] = sys_umount2,
    [54] = sys_ioctl,
    [55] = sys_fcntl,
    [57] = sys_setpgid,
    [60] = sys_umask,
    [61] = sys_chroot,
    [63] = sys_dup2,
    [64] = sys_getppid,
    [65] = sys_getpgrp,
    [66] = sys_setsid,
    [70] = sys_setreuid16,
    [71] = sys_setregid16,
    [74] = sys_sethostname,
    [75] = sys_setrlimit,
    [76] = sys_old_getrlimit,
    [77] = sys_getrusage,
    [78] = sys_gettimeofday,
    [79] = sys_settimeofday,
    [80] = sys_getgroups16,
    [81] = sys_setgroups16,
    [83] = sys_symlink,
    [85] = sys_readlink,
    [87] = sys_swapon,
    [88] = sys_reboot,
    [91] = sys_munmap,
    [92] = sys_truncate,
    [93] = sys_ftruncate,
    [94] = sys_fchmod,
    [95] = sys_fchown16,
    [96] = sys_getpriority,
    [97] = sys_setpriority,
    [103] = sys_syslog,
    [104] = sys_setitimer,
    [105] = sys_getitimer,
    [114] = sys_wait4,
    [115] = sys_swapoff,
    [116] = sys_sysinfo,
    [118] = sys_fsync,
    [119] = sys_sigreturn,
    [120] = sys_clone,
    [121] = sys_setdomainname,
    [122] = sys_uname,
    [125] = sys_mprotect,
    [132] = sys_getpgid,
    [133] = sys_fchdir,
    [138] = sys_setfsuid16,
    [139] = sys_setfsgid16,
    [140] = sys_llseek,
    [142] = sys_select, /* _newselect */
    [143] = sys_flock,
    [144] = sys_msync,
    [145] = sys_readv,
    [146] = sys_writev,
    [147] = sys_getsid,
    [148] = sys_fsync, /* fdatasync */
    [150] = sys_mlock,
    [151] = sys_munlock,
    [152] = sys_mlockall,
    [153] = sys_munlockall,
    [154] = sys_sched_setparam,
    [155] = sys_sched_getparam,
    [156] = sys_sched_setscheduler,
    [157] = sys_sched_getscheduler,
    [158] = sys_sched_yield,
    [159] = sys_sched_get_priority_max,
    [160] = sys_sched_get_priority_min,
    [161] = sys_sched_rr_get_interval,
    [162] = sys_nanosleep,
    [163] = sys_mremap,
    [164] = sys_setresuid16,
    [165] = sys_getresuid16,
    [168] = sys_poll,
    [170] = sys_setresgid16,
    [171] = sys_getresgid16,
    [172] = sys_prctl,
    [173] = sys_rt_sigreturn,
    [174] = sys_rt_sigaction,
    [175] = sys_rt_sigprocmask,
    [176] = sys_rt_sigpending,
    [177] = sys_rt_sigtimedwait,
    [178] = sys_rt_sigqueueinfo,
    [179] = sys_rt_sigsuspend,
    [180] = sys_pread64,
    [181] = sys_pwrite64,
    [182] = sys_chown16,
    [183] = sys_getcwd,
    [184] = sys_capget,
    [185] = sys_capset,
    [186] = sys_sigaltstack,
    [187] = sys_sendfile,
    [190] = sys_vfork,
    [191] = sys_getrlimit, /* ugetrlimit */
    [192] = sys_mmap2,
    [193] = sys_truncate64,
    [194] = sys_ftruncate64,
    [195] = sys_stat64,
    [196] = sys_lstat64,
    [197] = sys_fstat64,
    [198] = sys_lchown, /* lchown32 */
    [199] = sys_getuid, /* getuid32 */
    [200] = sys_getgid,
    [201] = sys_geteuid,
    [202] = sys_getegid,
    [203] = sys_setreuid,
    [204] = sys_setregid,
    [205] = sys_getgroups,
    [206] = sys_setgroups,
    [207] = sys_fchown, /* fchown32 */
    [208] = sys_setresuid,
    [209] = sys_getresuid,
    [210] = sys_setresgid,
    [211] = sys_getresgid,
    [212] = sys_chown, /* chown32 */
    [213] = sys_setuid,
    [214] = sys_setgid,
    [215] = sys_setfsuid,
    [216] = sys_setfsgid,
    [217] = sys_getdents64,
    [219] = sys_mincore,
    [220] = sys_madvise,
    [221] = sys_fcntl, /* fcntl64 */
    [224] = sys_gettid,
    [225] = sys_advise, /* readahead */
    [238] = sys_tkill,
    [239] = sys_sendfile64,
    [240] = sys_futex,
    [241] = sys_sched_setaffinity,
    [242] = sys_sched_getaffinity,
    [248] = sys_exit_group,
    [250] = sys_epoll_create,
    [251] = sys_epoll_ctl,
    [252] = sys_epoll_wait,
    [256] = sys_set_tid_address,
    [257] = sys_timer_create,
    [258] = sys_timer_settime,
    [259] = sys_timer_gettime,
    [260] = sys_timer_getoverrun,
    [261] = sys_timer_delete,
    [262] = sys_clock_settime,
    [263] = sys_clock_gettime,
    [264] = sys_clock_getres,
    [265] = sys_clock_nanosleep,
    [266] = sys_statfs64,
    [267] = sys_fstatfs64,
    [268] = sys_tgkill,
    [270] = sys_fadvise, /* arm_fadvise64_64 */
    [280] = sys_waitid,
    [281] = sys_socket,
    [286] = sys_getsockname,
    [287] = sys_getpeername,
    [288] = sys_socketpair,
    [289] = sys_send,
    [290] = sys_sendto,
    [291] = sys_recv,
    [292] = sys_recvfrom,
    [293] = sys_shutdown,
    [305] = sys_shmat,
    [306] = sys_shmdt,
    [307] = sys_shmget,
    [308] = sys_shmctl,
    [322] = sys_openat,
    [323] = sys_mkdirat,
    [324] = sys_mknodat,
    [325] = sys_fchownat,
    [327] = sys_fstatat64,
    [328] = sys_unlinkat,
    [329] = sys_renameat,
    [330] = sys_linkat,
    [331] = sys_symlinkat,
    [332] = sys_readlinkat,
    [333] = sys_fchmodat,
    [334] = sys_faccessat,
    [335] = sys_pselect6,
    [336] = sys_ppoll,
    [338] = sys_set_robust_list,
    [339] = sys_get_robust_list,
    [341] = sys_advise, /* sync_file_range2 */
    [345] = sys_getcpu,
    [346] = sys_epoll_pwait,
    [348] = sys_utimensat,
    [350] = sys_timerfd_create,
    [351] = sys_eventfd,
    [352] = sys_fallocate,
    [353] = sys_timerfd_settime,
    [354] = sys_timerfd_gettime,
    [356] = sys_eventfd2,
    [357] = sys_epoll_create1,
    [358] = sys_dup3,
    [359] = sys_pipe2,
    [361] = sys_preadv,
    [362] = sys_pwritev,
    [363] = sys_rt_tgsigqueueinfo,
    [369] = sys_prlimit64,
    [373] = sys_syncfs,
    [382] = sys_renameat2,
    [384] = sys_getrandom,
    [385] = sys_memfd_create,
    [390] = sys_mlock2,
    [397] = sys_statx,
    [403] = sys_clock_gettime64,
    [404] = sys_clock_settime64,
    [406] = sys_clock_getres64,
    [407] = sys_clock_nanosleep64,
    [408] = sys_timer_gettime64,
    [409] = sys_timer_settime64,
    [410] = sys_timerfd_gettime64,
    [411] = sys_timerfd_settime64,
    [412] = sys_utimensat64, /* utimensat_time64 */
    [413] = sys_pselect6_64, /* pselect6_time64 */
    [414] = sys_ppoll64,     /* ppoll_time64 */
    [421] = sys_rt_sigtimedwait64,
    [422] = sys_futex64, /* futex_time64 */
    [439] = sys_faccessat2,
    [441] = sys_epoll_pwait2,
};

/* Calls that are not built, by number; the last one: all numbers outside the table. */
static uint32_t missed[SYSCALL_MAX + 1];

uint32_t syscall_arg(unsigned n)
{
    return arch_user_arg(n - 1);
}

long syscall_again(uint32_t arg)
{
    uint32_t number = arch_user_arg(NUMBER_REG);
    syscall_fn *call = number < SYSCALL_MAX ? syscall_table[number] : syscall_other;

    return call(arg, arch_user_arg(1), arch_user_arg(2), arch_user_arg(3));
}

static void count_missed(uint32_t number)
{
    uint32_t i = MIN(number, (uint32_t)SYSCALL_MAX);

    if (missed[i] != UINT32_MAX)
        missed[i]++;
    unimplemented_count(number);
}

SYSCALL0(sys_enosys)
{
    count_missed(arch_user_arg(NUMBER_REG));
    return -ENOSYS;
}

bool syscall_enosys_info(unsigned nth, unsigned *number, uint32_t *count)
{
    for (unsigned i = 0; i <= SYSCALL_MAX; i++) {
        if (!missed[i] || nth--)
            continue;
        *number = i;
        *count = missed[i];
        return true;
    }
    return false;
}

long syscall_other(uint32_t a, uint32_t b, uint32_t c __unused, uint32_t d __unused)
{
    uint32_t number = arch_user_arg(NUMBER_REG);

    switch (number) {
    case ARM_CACHEFLUSH: return arch_cacheflush(a, b);
    case ARM_SET_TLS: arch_set_tls(a); return 0;
    case ARM_GET_TLS: return (long)thread_current()->tls;
    }
    count_missed(number);
    if (number <= ARM_LAST)
        return -ENOSYS;
    arch_set_result(thread_current(), (uint32_t)-ENOSYS);
    signal_fault(&(struct signal_fault){.sig = SIGILL,
                                        .code = ILL_ILLTRP,
                                        .what = "made a system call that can't exist",
                                        .address = arch_user_pc(),
                                        .pc = arch_user_pc()});
    return (long)arch_user_result(); /* or the handler's argument */
}
