/* SPDX-License-Identifier: MIT
 *
 * Private to /proc: the tree (procfs.c) calls one printer for each file. Printers of a process
 * (procfs_pid.c, procfs_as.c, procfs_cost.c) get it with a reference and no lock held; those of the
 * whole system (procfs_sys.c, procfs_vm.c) get NULL. A printer may sleep.
 */
#ifndef PROC_PROCFS_IMPL_H
#define PROC_PROCFS_IMPL_H

#include "fs/text.h"
#include "proc/proc.h"

typedef void procfs_printer(struct text *t, struct proc *p);

/* Of a process. */
procfs_printer procfs_pid_stat, procfs_pid_status, procfs_pid_cmdline, procfs_pid_comm;
procfs_printer procfs_pid_fork, procfs_pid_maps, procfs_pid_pmap, procfs_pid_pt, procfs_pid_cost;
procfs_printer procfs_pid_swap;
procfs_printer procfs_pid_limits;
/* Of the system. */
procfs_printer procfs_uptime, procfs_kmsg, procfs_version, procfs_cmdline, procfs_interrupts;
procfs_printer procfs_mounts, procfs_loadavg, procfs_stat, procfs_enosys, procfs_shm;
procfs_printer procfs_trace, procfs_trace_control;
procfs_printer procfs_diskstats, procfs_partitions;
procfs_printer procfs_lockstat, procfs_kstorm; /* debug builds only */
/* Of memory. */
procfs_printer procfs_coremap, procfs_vmstat, procfs_meminfo, procfs_swaps, procfs_slabinfo,
    procfs_vmcheck;
procfs_printer procfs_hat, procfs_clock, procfs_swapmap;

/* Files that are not text alone. */
extern const struct vnode_ops procfs_trace_control_ops, procfs_trace_stream_ops, procfs_hat_ops,
    procfs_pid_fork_ops, procfs_clock_ops, procfs_refs_ops;
/* A command that is written: a string, with spaces for ends of lines. -EINVAL, -EFAULT. */
int __must_check procfs_command(char *line, size_t size, vaddr_t ubuf, size_t len);
/* The number of the process whose file it is. */
int procfs_pid_of(const struct file *f);
/* Whose files those of the process are: uid and gid of v. */
void procfs_own(struct vnode *v, int pid);
/* What modes don't say of who is not plain root: struct fs's may. pid: whose file, or 0. */
int __must_check procfs_may(int pid, const char *name, unsigned want);
/* For their tables: open prints. */
int procfs_open(struct file *f);

/* The address space of p with a reference for as_unref; NULL: a zombie. */
struct as *procfs_as(struct proc *p);
/* Calls what() while no other thread of a process is in the kernel or runs: one at a time. May
 * sleep. */
void procfs_stand_still(void (*what)(void *arg), void *arg);
/* Pages of all its segments. May sleep. */
unsigned procfs_as_pages(struct as *as);
/* Its pages that are in swap alone. May sleep. */
unsigned procfs_as_swapped(struct as *as);

/* An entry of a page table as it was found. */
struct procfs_entry {
    vaddr_t va;
    pte_t pte;
    prot_t hat;     /* access that the hardware gives */
    unsigned roots; /* page tables that share its node */
};

#define PROCFS_BATCH 16u

/* Copies entries that are not empty from *va on and within one node, at most PROCFS_BATCH; *va
 * moves on, at most to end. Returns their number. as->lock held. */
unsigned procfs_entries(struct as *as, vaddr_t *va, vaddr_t end, struct procfs_entry *batch);

#endif
