/* SPDX-License-Identifier: MIT
 *
 * Private to /proc: the tree (procfs.c), whose files stand in tables (procfs_table.c), calls one
 * printer for each. Printers of a process (procfs_pid.c, procfs_as.c, procfs_cost.c) get it with a
 * reference and no lock held; those of the whole system (procfs_sys.c, procfs_vm.c) get NULL. A
 * printer may sleep.
 */
#ifndef PROC_PROCFS_IMPL_H
#define PROC_PROCFS_IMPL_H

#include "fs/text.h"
#include "fs/walk.h"
#include "proc/proc.h"

typedef void procfs_printer(struct text *t, struct proc *p);
/* The same of a thread alone; tid 0: of the process as a whole. */
typedef void procfs_task_printer(struct text *t, struct proc *p, int tid);

/* What a page in memory is of: private, a file's, shared memory. */
enum page_kind { KIND_ANON, KIND_FILE, KIND_SHMEM };

struct procfs_node;
struct procfs_table;

/* A file of a directory: it is what its first member that is not NULL says. */
struct procfs_file {
    const char *name;
    procfs_printer *print;
    procfs_task_printer *print_task;
    /* A link's target with its NUL: 0 or -Exxx. */
    int (*link)(const struct procfs_node *n, char *buf, size_t size);
    const struct procfs_table *dir;
    const struct vnode_ops *ops; /* instead of those that go with that; or NULL */
    uint16_t mode;               /* permissions; 0: the usual ones */
};

/* What is always in a directory. */
struct procfs_table {
    const struct procfs_file *file;
    unsigned count;
    unsigned first; /* the first one's place (procfs.c) */
};

struct procfs_node {
    struct vnode vnode;
    const struct procfs_file *file; /* (c) */
    int pid;                        /* (c) 0: of the system */
    int tid;                        /* (c) 0: of the process as a whole */
    int fd;                         /* (c) of a link in fd/ */
    char number[12];                /* (c) its name, if that is one */
};

static inline struct procfs_node *procfs_node_of(struct vnode *v)
{
    return container_of(v, struct procfs_node, vnode);
}

/* A vnode in dir like that one: its file, pid, tid and fd; with a file that has no name, it is
 * called number. 0 or -ENOMEM. */
int __must_check procfs_node_make(struct vnode *dir, const struct procfs_node *like, unsigned place,
                                  int number, struct vnode **found);
uint32_t procfs_ino(const struct procfs_node *like, unsigned place);
/* lookup and readdir of what is always there; positions begin at 0. */
int procfs_table_lookup(struct vnode *dir, const struct name *name, struct vnode **found);
int procfs_table_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry);
/* The number that name spells, without leading zeroes, at most `most`; -1 if it is none. */
int procfs_number_of(const struct name *name, int most);
/* The process with a reference, or NULL; whether the caller may look is procfs_may's question. */
struct proc *procfs_proc(int pid);

extern const struct procfs_table procfs_root_table;
extern const struct procfs_file procfs_pid_file;  /* /proc/PID */
extern const struct procfs_file procfs_task_file; /* /proc/PID/task/TID */
extern const struct vnode_ops procfs_root_ops, procfs_task_ops, procfs_fd_ops;
extern const struct vnode_ops procfs_fd_link_ops, procfs_exe_ops, procfs_cwd_ops, procfs_top_ops;

int procfs_self_link(const struct procfs_node *n, char *buf, size_t size);
int procfs_thread_self_link(const struct procfs_node *n, char *buf, size_t size);
int procfs_exe_link(const struct procfs_node *n, char *buf, size_t size);
int procfs_cwd_link(const struct procfs_node *n, char *buf, size_t size);
int procfs_top_link(const struct procfs_node *n, char *buf, size_t size);
int procfs_fd_link(const struct procfs_node *n, char *buf, size_t size);
int procfs_mounts_link(const struct procfs_node *n, char *buf, size_t size);
int procfs_readlink(struct vnode *v, char *buf, size_t size);
/* What a listing calls the file, (n) held: its path, or pipe:[INO] and the like; "?": that is
 * longer than buf. */
void procfs_label_locked(struct vnode *v, char *buf, size_t size);

/* Of a process. */
procfs_task_printer procfs_pid_stat, procfs_pid_status, procfs_pid_comm;
procfs_printer procfs_pid_statm, procfs_pid_cmdline, procfs_pid_environ;
procfs_printer procfs_pid_fork, procfs_pid_maps, procfs_pid_smaps, procfs_pid_pmap, procfs_pid_pt;
procfs_printer procfs_pid_cost, procfs_pid_swap, procfs_pid_limits;
extern const struct vnode_ops procfs_pid_comm_ops;
/* Of the system. */
procfs_printer procfs_uptime, procfs_kmsg, procfs_version, procfs_cmdline, procfs_interrupts;
procfs_printer procfs_mounts, procfs_mountinfo, procfs_loadavg, procfs_stat, procfs_enosys;
procfs_printer procfs_unimplemented, procfs_shm, procfs_cpuinfo, procfs_filesystems, procfs_devices;
procfs_printer procfs_trace, procfs_trace_control;
procfs_printer procfs_diskstats, procfs_partitions;
procfs_printer procfs_ostype, procfs_osrelease, procfs_hostname, procfs_osversion, procfs_pid_max;
procfs_printer procfs_overcommit;
procfs_printer procfs_lockstat, procfs_kstorm; /* debug builds only */
/* Of memory. */
procfs_printer procfs_coremap, procfs_vmstat, procfs_meminfo, procfs_swaps, procfs_slabinfo,
    procfs_vmcheck;
procfs_printer procfs_hat, procfs_clock, procfs_swapmap;
/* Of CPUs, for /sys. */
procfs_printer procfs_cpus_online, procfs_cpus_most;

/* Files that are not text alone. */
extern const struct vnode_ops procfs_trace_control_ops, procfs_trace_stream_ops, procfs_hat_ops,
    procfs_pid_fork_ops, procfs_clock_ops, procfs_refs_ops;
/* A command that is written: a string, with spaces for ends of lines. -EINVAL, -EFAULT. */
int __must_check procfs_command(char *line, size_t size, vaddr_t ubuf, size_t len);
/* The number of the process whose file it is. */
int procfs_pid_of(const struct file *f);
/* Whose files those of the process are: uid and gid of v. */
void procfs_own(struct vnode *v, int pid);
/* What modes don't say of who is not plain root: struct fs's may. pid: whose file, or 0. Asked
 * before the look and after it: an exec in between makes a process another's (exec.c). */
int __must_check procfs_may(int pid, const char *name);
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
/* Calls visit with as->lock held for reading for each segment from the lowest on, and (n). */
void procfs_each_seg(struct as *as, void (*visit)(struct seg *s, void *arg), void *arg);
/* Bits of CPUs as a list of ranges, and the line's end. */
void procfs_cpu_list(struct text *t, uint32_t cpus);
/* Pages in core, without the zero page, counted by enum page_kind. as->lock held. */
void procfs_seg_kinds(const struct seg *s, unsigned kinds[3]);
/* Of a page that is in core in s. */
enum page_kind procfs_page_kind(const struct seg *s, pfn_t pfn);
/* The line of maps, with its end. */
void procfs_map_line(struct seg *s, void *arg);

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
