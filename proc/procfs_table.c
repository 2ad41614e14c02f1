/* SPDX-License-Identifier: MIT
 *
 * The files of /proc: a line for each, in tables that are directories. The places of a directory's
 * files among those of the system, or of a process, begin where its table says.
 */
#include "proc/procfs_impl.h"

#define TABLE(name, files, first)                                                                  \
    static const struct procfs_table name = {files, ARRAY_SIZE(files), first}

/* What other systems have no name for. */
static const struct procfs_file quire_files[] = {
    {.name = "clock", .print = procfs_clock, .ops = &procfs_clock_ops},
    {.name = "swapmap", .print = procfs_swapmap},
    {.name = "unimplemented", .print = procfs_unimplemented},
};
TABLE(quire_table, quire_files, 80);

static const struct procfs_file sysvipc_files[] = {{.name = "shm", .print = procfs_shm}};
TABLE(sysvipc_table, sysvipc_files, 96);

static const struct procfs_file kernel_files[] = {
    {.name = "hostname", .print = procfs_hostname},
    {.name = "osrelease", .print = procfs_osrelease},
    {.name = "ostype", .print = procfs_ostype},
    {.name = "pid_max", .print = procfs_pid_max},
    {.name = "version", .print = procfs_osversion},
};
TABLE(kernel_table, kernel_files, 112);

static const struct procfs_file vm_files[] = {
    {.name = "overcommit_memory", .print = procfs_overcommit},
};
TABLE(vm_table, vm_files, 128);

static const struct procfs_file sys_files[] = {
    {.name = "kernel", .dir = &kernel_table},
    {.name = "vm", .dir = &vm_table},
};
TABLE(sys_table, sys_files, 104);

static const struct procfs_file root_files[] = {
    {.name = "self", .link = procfs_self_link},
    {.name = "thread-self", .link = procfs_thread_self_link},
    {.name = "cmdline", .print = procfs_cmdline},
    {.name = "coremap", .print = procfs_coremap},
    {.name = "cpuinfo", .print = procfs_cpuinfo},
    {.name = "devices", .print = procfs_devices},
    {.name = "diskstats", .print = procfs_diskstats},
    {.name = "enosys", .print = procfs_enosys},
    {.name = "filesystems", .print = procfs_filesystems},
    {.name = "hat", .print = procfs_hat, .ops = &procfs_hat_ops},
    {.name = "interrupts", .print = procfs_interrupts},
    {.name = "kmsg", .print = procfs_kmsg},
    {.name = "loadavg", .print = procfs_loadavg},
#if CONFIG_LOCKCHECK
    {.name = "kstorm", .print = procfs_kstorm},
    {.name = "lockstat", .print = procfs_lockstat},
#endif
    {.name = "meminfo", .print = procfs_meminfo},
    {.name = "mounts", .link = procfs_mounts_link},
    {.name = "partitions", .print = procfs_partitions},
    {.name = "quire", .dir = &quire_table},
    {.name = "slabinfo", .print = procfs_slabinfo},
    {.name = "stat", .print = procfs_stat},
    {.name = "swaps", .print = procfs_swaps},
    {.name = "sys", .dir = &sys_table},
    {.name = "sysvipc", .dir = &sysvipc_table},
    {.name = "trace", .print = procfs_trace},
    {.name = "trace_control", .print = procfs_trace_control, .ops = &procfs_trace_control_ops},
    {.name = "trace_stream", .ops = &procfs_trace_stream_ops},
    {.name = "uptime", .print = procfs_uptime},
    {.name = "version", .print = procfs_version},
    {.name = "vmcheck", .print = procfs_vmcheck},
    {.name = "vmstat", .print = procfs_vmstat},
};
const struct procfs_table procfs_root_table = {root_files, ARRAY_SIZE(root_files), 1};

/* A process's and its threads' alike. */
#define TASK_FILES                                                                                 \
    {.name = "cmdline", .print = procfs_pid_cmdline},                                              \
        {.name = "comm", .print_task = procfs_pid_comm, .ops = &procfs_pid_comm_ops},              \
        {.name = "cwd", .link = procfs_cwd_link, .ops = &procfs_cwd_ops},                          \
        {.name = "environ", .print = procfs_pid_environ, .mode = 0400},                            \
        {.name = "exe", .link = procfs_exe_link, .ops = &procfs_exe_ops},                          \
        {.name = "fd", .ops = &procfs_fd_ops, .mode = 0500},                                       \
        {.name = "maps", .print = procfs_pid_maps},                                                \
        {.name = "mountinfo", .print = procfs_mountinfo},                                          \
        {.name = "mounts", .print = procfs_mounts},                                                \
        {.name = "root", .link = procfs_top_link, .ops = &procfs_top_ops},                         \
        {.name = "smaps", .print = procfs_pid_smaps},                                              \
        {.name = "stat", .print_task = procfs_pid_stat},                                           \
        {.name = "statm", .print = procfs_pid_statm},                                              \
    {                                                                                              \
        .name = "status", .print_task = procfs_pid_status                                          \
    }

static const struct procfs_file task_files[] = {TASK_FILES};
TABLE(task_table, task_files, 1);
const struct procfs_file procfs_task_file = {.dir = &task_table};

static const struct procfs_file pid_files[] = {
    TASK_FILES,
    {.name = "cost", .print = procfs_pid_cost},
    {.name = "fork", .print = procfs_pid_fork, .ops = &procfs_pid_fork_ops},
    {.name = "limits", .print = procfs_pid_limits},
    {.name = "pmap", .print = procfs_pid_pmap},
    {.name = "pt", .print = procfs_pid_pt},
    {.name = "refs", .ops = &procfs_refs_ops},
    {.name = "swap", .print = procfs_pid_swap},
    {.name = "task", .ops = &procfs_task_ops},
};
TABLE(pid_table, pid_files, 1);
const struct procfs_file procfs_pid_file = {.dir = &pid_table};
