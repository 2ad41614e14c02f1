/* SPDX-License-Identifier: MIT
 *
 * The tree of /proc. Its root is static; every other vnode is made by the lookup that finds it and
 * goes with its last reference. A vnode holds a pid, not a process: whoever opens it later looks
 * the process up again, and gets -ESRCH when it is gone.
 * Inode numbers: INO_BASE + pid << 8 + the file's place in its directory; place 0 is the directory.
 * Locks: none of its own; the process lock is not needed: pid_ref keeps what it finds.
 */
#include "proc/pid.h"
#include "proc/procfs.h"

#include <string.h>

#include "fs/walk.h"
#include "include/uapi/errno.h"
#include "lib/fmt.h"
#include "mm/slab.h"
#include "proc/procfs_impl.h"

#define INO_BASE   0x40000000u
#define PROC_MAGIC 0x9fa0u

/* A file of a directory: a link where it has that. */
struct entry {
    const char *name;
    procfs_printer *print;
    int (*link)(int pid, char *buf, size_t size); /* the target with its NUL: 0 or -Exxx */
    const struct vnode_ops *ops;                  /* instead of those of text and links; or NULL */
};

/* A directory's files. */
struct table {
    const struct entry *entry;
    unsigned count;
    unsigned
        first; /* place of the first, from 1 on: a directory's in the root are behind its own */
};

struct pnode {
    struct vnode vnode;
    const struct entry *entry; /* (c) NULL: a process's directory */
    int pid;                   /* (c) 0: of the system */
};

static struct slab_cache node_cache = SLAB_CACHE("procfs", sizeof(struct pnode));

static const struct vnode_ops root_ops, dir_ops, sysvipc_ops, quire_ops, file_ops, link_ops,
    exe_ops;
static int exe_link(int pid, char *buf, size_t size);
static int self_link(int pid, char *buf, size_t size);

static const struct entry root_entries[] = {
    {"self", NULL, self_link, NULL},
    {"cmdline", procfs_cmdline, NULL, NULL},
    {"coremap", procfs_coremap, NULL, NULL},
    {"diskstats", procfs_diskstats, NULL, NULL},
    {"enosys", procfs_enosys, NULL, NULL},
    {"hat", procfs_hat, NULL, &procfs_hat_ops},
    {"interrupts", procfs_interrupts, NULL, NULL},
    {"kmsg", procfs_kmsg, NULL, NULL},
    {"loadavg", procfs_loadavg, NULL, NULL},
#if CONFIG_LOCKCHECK
    {"kstorm", procfs_kstorm, NULL, NULL},
    {"lockstat", procfs_lockstat, NULL, NULL},
#endif
    {"meminfo", procfs_meminfo, NULL, NULL},
    {"mounts", procfs_mounts, NULL, NULL},
    {"partitions", procfs_partitions, NULL, NULL},
    {"quire", NULL, NULL, &quire_ops},
    {"slabinfo", procfs_slabinfo, NULL, NULL},
    {"stat", procfs_stat, NULL, NULL},
    {"swaps", procfs_swaps, NULL, NULL},
    {"sysvipc", NULL, NULL, &sysvipc_ops},
    {"trace", procfs_trace, NULL, NULL},
    {"trace_control", procfs_trace_control, NULL, &procfs_trace_control_ops},
    {"trace_stream", NULL, NULL, &procfs_trace_stream_ops},
    {"uptime", procfs_uptime, NULL, NULL},
    {"version", procfs_version, NULL, NULL},
    {"vmcheck", procfs_vmcheck, NULL, NULL},
    {"vmstat", procfs_vmstat, NULL, NULL},
};

static const struct entry pid_entries[] = {
    {"cmdline", procfs_pid_cmdline, NULL, NULL},
    {"comm", procfs_pid_comm, NULL, NULL},
    {"cost", procfs_pid_cost, NULL, NULL},
    {"exe", NULL, exe_link, &exe_ops},
    {"fork", procfs_pid_fork, NULL, &procfs_pid_fork_ops},
    {"limits", procfs_pid_limits, NULL, NULL},
    {"maps", procfs_pid_maps, NULL, NULL},
    {"pmap", procfs_pid_pmap, NULL, NULL},
    {"pt", procfs_pid_pt, NULL, NULL},
    {"refs", NULL, NULL, &procfs_refs_ops},
    {"stat", procfs_pid_stat, NULL, NULL},
    {"status", procfs_pid_status, NULL, NULL},
    {"swap", procfs_pid_swap, NULL, NULL},
};

static const struct entry sysvipc_entries[] = {{"shm", procfs_shm, NULL, NULL}};

/* What other systems have no name for. */
static const struct entry quire_entries[] = {
    {"clock", procfs_clock, NULL, &procfs_clock_ops},
    {"swapmap", procfs_swapmap, NULL, NULL},
};

static const struct table root_table = {root_entries, ARRAY_SIZE(root_entries), 1};
static const struct table pid_table = {pid_entries, ARRAY_SIZE(pid_entries), 1};
static const struct table sysvipc_table = {sysvipc_entries, ARRAY_SIZE(sysvipc_entries),
                                           ARRAY_SIZE(root_entries) + 1};
static const struct table quire_table = {quire_entries, ARRAY_SIZE(quire_entries),
                                         ARRAY_SIZE(root_entries) + ARRAY_SIZE(sysvipc_entries) +
                                             1};

static const struct fs procfs;

static struct vnode procfs_root = {.ops = &root_ops,
                                   .fs = &procfs,
                                   .refs = 1,
                                   .mode = S_IFDIR | 0555,
                                   .ino = INO_BASE,
                                   .nlink = 2};

static struct pnode *node_of(struct vnode *v)
{
    return container_of(v, struct pnode, vnode);
}

static uint32_t ino_of(int pid, unsigned place)
{
    return INO_BASE + ((uint32_t)pid << 8) + place;
}

static uint32_t mode_of(const struct entry *e)
{
    if (!e || (e->ops && e->ops->lookup))
        return S_IFDIR | 0555;
    if (e->link)
        return S_IFLNK | 0777;
    return S_IFREG | (e->ops && e->ops->write ? 0644 : 0444);
}

/* A vnode for a file, or for a process's directory (e NULL). */
static int node_make(int pid, const struct entry *e, unsigned place, struct vnode **found)
{
    struct pnode *n = slab_alloc(&node_cache);

    if (!n)
        return -ENOMEM;
    n->entry = e;
    n->pid = pid;
    n->vnode.ops = !e ? &dir_ops : e->ops ? e->ops : e->print ? &file_ops : &link_ops;
    n->vnode.fs = &procfs;
    n->vnode.refs = 1;
    n->vnode.mode = mode_of(e);
    n->vnode.ino = ino_of(pid, place);
    n->vnode.nlink = n->vnode.ops->lookup ? 2 : 1;
    n->vnode.parent = n->vnode.ops->lookup ? &procfs_root : NULL;
    if (pid)
        procfs_own(&n->vnode, pid);
    n->vnode.atime = n->vnode.mtime = n->vnode.ctime = vnode_now();
    *found = &n->vnode;
    return 0;
}

static int node_may(struct vnode *v, unsigned want)
{
    const struct pnode *n = v == &procfs_root ? NULL : node_of(v);

    return n && n->entry ? procfs_may(n->pid, n->entry->name, want) : 0;
}

static void node_release(struct vnode *v)
{
    slab_free(&node_cache, node_of(v));
}

static int table_lookup(const struct table *t, int pid, const struct name *name,
                        struct vnode **found)
{
    for (unsigned i = 0; i < t->count; i++)
        if (name_is(name, t->entry[i].name))
            return node_make(pid, &t->entry[i], t->first + i, found);
    return -ENOENT;
}

static int table_readdir(const struct table *t, int pid, uint64_t *pos, struct dirent_info *entry)
{
    const struct entry *e;

    if (*pos >= t->count)
        return 0;
    e = &t->entry[*pos];
    strcpy(entry->name, e->name);
    entry->mode = mode_of(e);
    entry->ino = ino_of(pid, t->first + (unsigned)(*pos)++);
    return 1;
}

/* The number that name spells, without leading zeroes; 0 if it is none. */
static int pid_of_name(const struct name *name)
{
    int pid = 0;

    if (name->text[0] == '0')
        return 0;
    for (uint32_t i = 0; i < name->len; i++) {
        char c = name->text[i];

        if (c < '0' || c > '9')
            return 0;
        pid = pid * 10 + (c - '0');
        if (pid > PID_MAX)
            return 0;
    }
    return pid;
}

static int root_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    int pid = pid_of_name(name);
    struct proc *p;

    (void)dir;
    if (!pid)
        return table_lookup(&root_table, 0, name, found);
    p = pid_ref(pid);
    if (!p)
        return -ENOENT;
    proc_unref(p);
    return node_make(pid, NULL, 0, found);
}

/* Positions: the files of the table, then table count + pid of the last process shown. */
static int root_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    struct proc *p;

    (void)dir;
    if (*pos < root_table.count)
        return table_readdir(&root_table, 0, pos, entry);
    if (*pos > root_table.count + PID_MAX)
        return 0;
    p = pid_ref_next((int)(*pos - root_table.count));
    if (!p)
        return 0;
    fmt_snprint(entry->name, sizeof(entry->name), "%d", p->pid);
    entry->ino = ino_of(p->pid, 0);
    entry->mode = S_IFDIR | 0555;
    *pos = root_table.count + (unsigned)p->pid;
    proc_unref(p);
    return 1;
}

static int dir_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    return table_lookup(&pid_table, node_of(dir)->pid, name, found);
}

static int dir_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    return table_readdir(&pid_table, node_of(dir)->pid, pos, entry);
}

static int sysvipc_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    (void)dir;
    return table_lookup(&sysvipc_table, 0, name, found);
}

static int sysvipc_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    (void)dir;
    return table_readdir(&sysvipc_table, 0, pos, entry);
}

static int quire_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    (void)dir;
    return table_lookup(&quire_table, 0, name, found);
}

static int quire_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    (void)dir;
    return table_readdir(&quire_table, 0, pos, entry);
}

/* A printer and what it prints about. */
struct job {
    procfs_printer *print;
    struct proc *proc;
};

static void run_job(struct text *t, void *arg)
{
    const struct job *job = arg;

    job->print(t, job->proc);
}

int procfs_open(struct file *f)
{
    const struct pnode *n = node_of(f->vnode);
    struct job job = {n->entry->print, NULL};
    int error;

    if (n->pid) {
        job.proc = pid_ref(n->pid);
        if (!job.proc)
            return -ESRCH;
    }
    error = text_open(f, run_job, &job);
    if (job.proc)
        proc_unref(job.proc);
    return error;
}

int procfs_pid_of(const struct file *f)
{
    return node_of(f->vnode)->pid;
}

static int self_link(int pid, char *buf, size_t size)
{
    struct proc *p = proc_current();

    (void)pid;
    if (!p)
        return -ENOENT;
    fmt_snprint(buf, size, "%d", p->pid);
    return 0;
}

/* The program that the process runs, with a reference. */
static int exe_of(int pid, struct vnode **exe)
{
    struct proc *p = pid_ref(pid);

    if (!p)
        return -ESRCH;
    proc_lock();
    *exe = p->exe ? vnode_ref(p->exe) : NULL;
    proc_unlock();
    proc_unref(p);
    return *exe ? 0 : -ENOENT;
}

static int exe_link(int pid, char *buf, size_t size)
{
    struct vnode *exe;
    int error = exe_of(pid, &exe);

    if (error)
        return error;
    error = vnode_path(exe, buf, size);
    vnode_unref(exe);
    return error;
}

/* Whatever its name is by now, and if it has none any more. */
static int exe_jump(struct vnode *link, struct vnode **to)
{
    return exe_of(node_of(link)->pid, to);
}

static int node_readlink(struct vnode *v, char *buf, size_t size)
{
    const struct pnode *n = node_of(v);
    char *target = kmalloc(PATH_MAX);
    int len;

    if (!target)
        return -ENOMEM;
    len = n->entry->link(n->pid, target, PATH_MAX);
    if (!len) {
        len = (int)MIN(strlen(target), size);
        memcpy(buf, target, (size_t)len);
    }
    kfree(target);
    return len;
}

static const struct vnode_ops root_ops = {.lookup = root_lookup, .readdir = root_readdir};
static const struct vnode_ops dir_ops = {.lookup = dir_lookup, .readdir = dir_readdir};
static const struct vnode_ops sysvipc_ops = {.lookup = sysvipc_lookup, .readdir = sysvipc_readdir};
static const struct vnode_ops quire_ops = {.lookup = quire_lookup, .readdir = quire_readdir};
static const struct vnode_ops file_ops = {
    .open = procfs_open, .read = text_read, .close = text_close};
static const struct vnode_ops link_ops = {.readlink = node_readlink};
static const struct vnode_ops exe_ops = {.readlink = node_readlink, .jump = exe_jump};
static const struct fs procfs = {.type = "proc",
                                 .source = "proc",
                                 .dev = 3,
                                 .magic = PROC_MAGIC,
                                 .release = node_release,
                                 .may = node_may};

int procfs_mount(void)
{
    return vnode_mount("/proc", &procfs_root);
}
