/* SPDX-License-Identifier: MIT
 *
 * Directories of /proc whose names are numbers: processes in the root, threads in task/, open files
 * in fd/. And the links there: what readlink answers, and where they lead, which needs no name.
 * Locks: (P) whole, to look at a process's threads, files and directory; (n) is held by who walks,
 * and taken above (P) for paths. Nothing is kept open: what a link leads to gets a reference of its
 * own, and a descriptor that is closed meanwhile is -ENOENT.
 */
#include <string.h>

#include "include/uapi/errno.h"
#include "lib/fmt.h"
#include "proc/cred.h"
#include "proc/pid.h"
#include "proc/procfs_impl.h"

static int root_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    int pid = procfs_number_of(name, PID_MAX);
    struct procfs_node like = {.file = &procfs_pid_file, .pid = pid};
    struct proc *p;

    if (pid <= 0)
        return procfs_table_lookup(dir, name, found);
    p = pid_ref(pid);
    if (!p)
        return -ENOENT;
    proc_unref(p);
    return procfs_node_make(dir, &like, 0, pid, found);
}

static void number_entry(struct dirent_info *entry, const struct procfs_node *like, int number,
                         uint32_t mode)
{
    fmt_snprint(entry->name, sizeof(entry->name), "%d", number);
    entry->ino = procfs_ino(like, 0);
    entry->mode = mode;
}

/* Positions: the files of the table, then table count + pid of the last process shown. */
static int root_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    unsigned count = procfs_root_table.count;
    struct procfs_node like = {.file = &procfs_pid_file};
    struct proc *p;

    if (*pos < count)
        return procfs_table_readdir(dir, pos, entry);
    if (*pos > count + PID_MAX)
        return 0;
    p = pid_ref_next((int)(*pos - count));
    if (!p)
        return 0;
    like.pid = p->pid;
    number_entry(entry, &like, p->pid, S_IFDIR | 0555);
    *pos = count + (unsigned)p->pid;
    proc_unref(p);
    return 1;
}

/* The smallest number of a thread that is >= tid; 0: none. (P) held whole. */
static int next_tid_locked(const struct proc *p, int tid)
{
    int next = 0;

    list_for_each (it, &p->threads) {
        int here = container_of(it, struct thread, siblings)->tid;

        if (here >= tid && (!next || here < next))
            next = here;
        preempt_point();
    }
    return next;
}

static int next_tid(int pid, int tid)
{
    struct proc *p = procfs_proc(pid);
    int next;

    if (!p)
        return 0;
    proc_lock();
    next = next_tid_locked(p, tid);
    if (!next && tid <= pid)
        next = pid; /* a zombie keeps its first thread's number */
    proc_unlock();
    proc_unref(p);
    return next;
}

static int task_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    int pid = procfs_node_of(dir)->pid, tid = procfs_number_of(name, PID_MAX);
    struct procfs_node like = {.file = &procfs_task_file, .pid = pid, .tid = tid};

    if (tid <= 0 || next_tid(pid, tid) != tid)
        return -ENOENT;
    return procfs_node_make(dir, &like, 0, tid, found);
}

/* Positions: the last thread shown. */
static int task_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    struct procfs_node like = {.file = &procfs_task_file, .pid = procfs_node_of(dir)->pid};

    if (*pos >= PID_MAX)
        return 0;
    like.tid = next_tid(like.pid, (int)*pos + 1);
    if (!like.tid)
        return 0;
    number_entry(entry, &like, like.tid, S_IFDIR | 0555);
    *pos = (unsigned)like.tid;
    return 1;
}

/* The first descriptor >= fd that is in use: its number, and its file's vnode with a reference, if
 * v is not NULL, and flags. -ENOENT: there is none, or it became another's since the directory was
 * entered. Asked and looked at with (P) held whole, past which exec gives no rights away. */
static int open_file(int pid, int fd, struct vnode **v, uint32_t *flags)
{
    struct proc *p = procfs_proc(pid);
    int found = -ENOENT;

    if (!p)
        return -ENOENT;
    proc_lock();
    if (p->files && !cred_may_look(p))
        found = fdtable_next(p->files, fd, v, flags);
    proc_unlock();
    proc_unref(p);
    return found < 0 ? -ENOENT : found;
}

static uint32_t link_mode(uint32_t flags)
{
    switch (flags & O_ACCMODE) {
    case O_RDONLY: return S_IFLNK | 0500;
    case O_WRONLY: return S_IFLNK | 0300;
    default: return S_IFLNK | 0700;
    }
}

static const struct procfs_file fd_file = {.link = procfs_fd_link, .ops = &procfs_fd_link_ops};

static int fd_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    struct procfs_node like = {.file = &fd_file, .pid = procfs_node_of(dir)->pid};
    uint32_t flags;

    like.fd = procfs_number_of(name, FD_MAX - 1);
    if (like.fd < 0 || open_file(like.pid, like.fd, NULL, &flags) != like.fd)
        return -ENOENT;
    like.vnode.mode = link_mode(flags);
    return procfs_node_make(dir, &like, 0, like.fd, found);
}

/* Positions: behind the last descriptor shown. */
static int fd_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    struct procfs_node like = {.file = &fd_file, .pid = procfs_node_of(dir)->pid};
    uint32_t flags;

    if (*pos >= FD_MAX)
        return 0;
    like.fd = open_file(like.pid, (int)*pos, NULL, &flags);
    if (like.fd < 0)
        return 0;
    number_entry(entry, &like, like.fd, link_mode(flags));
    *pos = (unsigned)like.fd + 1;
    return 1;
}

/* What a link of the process leads to, with a reference. */
static int take_vnode(const struct procfs_node *n, struct vnode *(*which)(const struct proc *p),
                      struct vnode **v)
{
    struct proc *p = procfs_proc(n->pid);
    int error;

    if (!p)
        return -ESRCH;
    proc_lock();
    error = which(p) ? cred_may_look(p) : -ENOENT;
    if (!error)
        *v = vnode_ref(which(p));
    proc_unlock();
    proc_unref(p);
    return error;
}

static struct vnode *exe_of(const struct proc *p)
{
    return p->exe;
}

static struct vnode *cwd_of(const struct proc *p)
{
    return p->files ? p->cwd : NULL;
}

static struct vnode *top_of(const struct proc *p)
{
    if (!p->files)
        return NULL;
    return p->root ? p->root : vnode_root();
}

static int take_fd(const struct procfs_node *n, struct vnode **v)
{
    int fd = open_file(n->pid, n->fd, v, NULL);

    if (fd == n->fd)
        return 0;
    if (fd >= 0)
        vnode_unref(*v);
    return -ENOENT;
}

void procfs_label_locked(struct vnode *v, char *buf, size_t size)
{
    static const char deleted[] = " (deleted)";
    int error = 0;

    if (v->fs->label && strchr(v->fs->label, ':'))
        fmt_snprint(buf, size, "%s", v->fs->label);
    else if (v->fs->label)
        fmt_snprint(buf, size, "%s:[%u]", v->fs->label, (unsigned)v->ino);
    else if (v->name && !v->parent)
        fmt_snprint(buf, size, "/%s%s", v->name, deleted);
    else
        error = vnode_path_locked(v, buf, size);
    if (error == -ERANGE)
        fmt_snprint(buf, size, "?");
    else if (error)
        fmt_snprint(buf, size, "/#%u%s", (unsigned)v->ino, deleted);
}

/* Uses up the reference to v. */
static int label(struct vnode *v, char *buf, size_t size)
{
    names_read();
    procfs_label_locked(v, buf, size);
    names_read_done();
    vnode_unref(v);
    return 0;
}

int procfs_exe_link(const struct procfs_node *n, char *buf, size_t size)
{
    struct vnode *v;
    int error = take_vnode(n, exe_of, &v);

    return error ? error : label(v, buf, size);
}

int procfs_cwd_link(const struct procfs_node *n, char *buf, size_t size)
{
    struct vnode *v;
    int error = take_vnode(n, cwd_of, &v);

    return error ? error : label(v, buf, size);
}

int procfs_top_link(const struct procfs_node *n, char *buf, size_t size)
{
    struct vnode *v;
    int error = take_vnode(n, top_of, &v);

    return error ? error : label(v, buf, size);
}

int procfs_fd_link(const struct procfs_node *n, char *buf, size_t size)
{
    struct vnode *v;
    int error = take_fd(n, &v);

    return error ? error : label(v, buf, size);
}

static int exe_jump(struct vnode *link, struct vnode **to)
{
    return take_vnode(procfs_node_of(link), exe_of, to);
}

static int cwd_jump(struct vnode *link, struct vnode **to)
{
    return take_vnode(procfs_node_of(link), cwd_of, to);
}

static int top_jump(struct vnode *link, struct vnode **to)
{
    return take_vnode(procfs_node_of(link), top_of, to);
}

static int fd_jump(struct vnode *link, struct vnode **to)
{
    return take_fd(procfs_node_of(link), to);
}

int procfs_self_link(const struct procfs_node *n, char *buf, size_t size)
{
    struct proc *p = proc_current();

    (void)n;
    if (!p)
        return -ENOENT;
    fmt_snprint(buf, size, "%d", p->pid);
    return 0;
}

int procfs_thread_self_link(const struct procfs_node *n, char *buf, size_t size)
{
    struct proc *p = proc_current();

    (void)n;
    if (!p)
        return -ENOENT;
    fmt_snprint(buf, size, "%d/task/%d", p->pid, thread_current()->tid);
    return 0;
}

int procfs_mounts_link(const struct procfs_node *n, char *buf, size_t size)
{
    (void)n;
    fmt_snprint(buf, size, "self/mounts");
    return 0;
}

const struct vnode_ops procfs_root_ops = {.lookup = root_lookup, .readdir = root_readdir};
const struct vnode_ops procfs_task_ops = {.lookup = task_lookup, .readdir = task_readdir};
const struct vnode_ops procfs_fd_ops = {.lookup = fd_lookup, .readdir = fd_readdir};
const struct vnode_ops procfs_exe_ops = {.readlink = procfs_readlink, .jump = exe_jump};
const struct vnode_ops procfs_cwd_ops = {.readlink = procfs_readlink, .jump = cwd_jump};
const struct vnode_ops procfs_top_ops = {.readlink = procfs_readlink, .jump = top_jump};
const struct vnode_ops procfs_fd_link_ops = {.readlink = procfs_readlink, .jump = fd_jump};
