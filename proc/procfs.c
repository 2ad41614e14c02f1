/* SPDX-License-Identifier: MIT
 *
 * The tree of /proc and of /sys: nodes, directories that are tables, texts and links. The roots are
 * static; every other vnode is made by the lookup that finds it, goes with its last reference, and
 * holds one to its directory. A vnode holds a pid, not a process: whoever opens it later looks the
 * process up again, and gets -ESRCH when it is gone.
 * Inode numbers: INO_BASE + pid << 8 + the file's place among those of its process, or of the
 * system; a process's directory has place 0. Threads and descriptors have ranges of their own.
 * Locks: none of its own; the process lock is not needed: pid_ref keeps what it finds.
 */
#include "proc/procfs.h"

#include <string.h>

#include "fs/cred.h"
#include "include/uapi/errno.h"
#include "lib/fmt.h"
#include "mm/slab.h"
#include "proc/pid.h"
#include "proc/procfs_impl.h"
#include "proc/sysfs.h"

#define INO_BASE   0x40000000u
#define INO_TASKS  0x41000000u /* + tid << 8 + place */
#define INO_FDS    0x60000000u /* + pid << 12 + fd */
#define PROC_MAGIC 0x9fa0u
#define SYS_MAGIC  0x62656572u

static struct slab_cache node_cache = SLAB_CACHE("procfs", sizeof(struct procfs_node));

static const struct vnode_ops dir_ops, file_ops, link_ops;
static const struct fs procfs, sysfs;

static const struct procfs_file root_file = {.name = "", .dir = &procfs_root_table};

static struct procfs_node procfs_root = {.vnode = {.ops = &procfs_root_ops,
                                                   .fs = &procfs,
                                                   .refs = 1,
                                                   .mode = S_IFDIR | 0555,
                                                   .ino = INO_BASE,
                                                   .nlink = 2},
                                         .file = &root_file};

static struct procfs_node sysfs_root = {.vnode = {.ops = &dir_ops,
                                                  .fs = &sysfs,
                                                  .refs = 1,
                                                  .mode = S_IFDIR | 0555,
                                                  .ino = INO_BASE,
                                                  .nlink = 2},
                                        .file = &sysfs_root_file};

uint32_t procfs_ino(const struct procfs_node *like, unsigned place)
{
    if (like->file->ops == &procfs_fd_link_ops)
        return INO_FDS + ((uint32_t)like->pid << 12) + (unsigned)like->fd;
    if (like->tid)
        return INO_TASKS + ((uint32_t)like->tid << 8) + place;
    return INO_BASE + ((uint32_t)like->pid << 8) + place;
}

static bool is_dir(const struct procfs_file *f)
{
    return f->dir || (f->ops && f->ops->lookup);
}

static uint32_t mode_of(const struct procfs_node *like)
{
    const struct procfs_file *f = like->file;
    uint32_t mode = f->mode;

    if (is_dir(f))
        return S_IFDIR | (mode ? mode : 0555);
    if (f->link)
        return S_IFLNK | (mode ? mode : 0777);
    if (!mode)
        mode = f->ops && f->ops->write ? 0644 : 0444;
    return S_IFREG | mode;
}

static const struct vnode_ops *ops_of(const struct procfs_file *f)
{
    if (f->ops)
        return f->ops;
    if (f->dir)
        return &dir_ops;
    return f->link ? &link_ops : &file_ops;
}

int procfs_node_make(struct vnode *dir, const struct procfs_node *like, unsigned place, int number,
                     struct vnode **found)
{
    struct procfs_node *n = slab_alloc(&node_cache);

    if (!n)
        return -ENOMEM;
    n->file = like->file;
    n->pid = like->pid;
    n->tid = like->tid;
    n->fd = like->fd;
    n->vnode.name = n->file->name;
    if (!n->file->name) {
        fmt_snprint(n->number, sizeof(n->number), "%d", number);
        n->vnode.name = n->number;
    }
    n->vnode.ops = ops_of(n->file);
    n->vnode.fs = dir->fs;
    n->vnode.refs = 1;
    n->vnode.mode = like->vnode.mode ? like->vnode.mode : mode_of(like);
    n->vnode.ino = procfs_ino(like, place);
    n->vnode.nlink = is_dir(n->file) ? 2 : 1;
    n->vnode.parent = vnode_ref(dir);
    if (n->pid && dir->fs == &procfs)
        procfs_own(&n->vnode, n->pid);
    n->vnode.atime = n->vnode.mtime = n->vnode.ctime = vnode_now();
    *found = &n->vnode;
    return 0;
}

/* Whoever the caller has become: its own open files, and its threads' names. */
static bool is_always_its_own(const struct procfs_node *n)
{
    return n->file->name && n->pid == proc_current()->pid &&
           (strcmp(n->file->name, "fd") == 0 || (n->tid && strcmp(n->file->name, "comm") == 0));
}

static int node_may(struct vnode *v, unsigned want, int by_modes)
{
    const struct procfs_node *n = procfs_node_of(v);

    (void)want;
    if (by_modes && !is_always_its_own(n))
        return by_modes;
    return n->file->name ? procfs_may(n->pid, n->file->name) : 0;
}

static void node_release(struct vnode *v)
{
    struct vnode *dir = v->parent;

    slab_free(&node_cache, procfs_node_of(v));
    vnode_unref(dir);
}

/* What the i-th file of the directory is like. */
static struct procfs_node child_like(struct vnode *dir, unsigned i)
{
    const struct procfs_node *d = procfs_node_of(dir);

    return (struct procfs_node){.file = &d->file->dir->file[i], .pid = d->pid, .tid = d->tid};
}

int procfs_table_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    const struct procfs_table *t = procfs_node_of(dir)->file->dir;

    for (unsigned i = 0; i < t->count; i++)
        if (name_is(name, t->file[i].name)) {
            struct procfs_node like = child_like(dir, i);

            return procfs_node_make(dir, &like, t->first + i, 0, found);
        }
    return -ENOENT;
}

/* A directory of a process is empty when that is gone. */
static bool is_alive(struct vnode *dir)
{
    int pid = procfs_node_of(dir)->pid;
    struct proc *p = pid && dir->fs == &procfs ? procfs_proc(pid) : NULL;

    if (p)
        proc_unref(p);
    return p || !pid || dir->fs != &procfs;
}

static int dir_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    return is_alive(dir) ? procfs_table_lookup(dir, name, found) : -ESRCH;
}

int procfs_table_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    const struct procfs_table *t = procfs_node_of(dir)->file->dir;
    struct procfs_node like;

    if (*pos >= t->count)
        return 0;
    like = child_like(dir, (unsigned)*pos);
    strcpy(entry->name, like.file->name);
    entry->mode = mode_of(&like);
    entry->ino = procfs_ino(&like, t->first + (unsigned)(*pos)++);
    return 1;
}

int procfs_number_of(const struct name *name, int most)
{
    int n = 0;

    if (name->len == 0 || (name->text[0] == '0' && name->len > 1))
        return -1;
    for (uint32_t i = 0; i < name->len; i++) {
        char c = name->text[i];

        if (c < '0' || c > '9')
            return -1;
        n = n * 10 + (c - '0');
        if (n > most)
            return -1;
    }
    return n;
}

struct proc *procfs_proc(int pid)
{
    return pid_ref(pid);
}

/* A printer and what it prints about. */
struct job {
    const struct procfs_node *node;
    struct proc *proc;
};

static void run_job(struct text *t, void *arg)
{
    const struct job *job = arg;
    const struct procfs_file *f = job->node->file;

    if (f->print)
        f->print(t, job->proc);
    else if (f->print_task)
        f->print_task(t, job->proc, job->node->tid);
}

/* Thread tid is p's; 0: p as a whole. */
static bool has_thread(struct proc *p, int tid)
{
    bool there = !tid;

    proc_lock();
    list_for_each (it, &p->threads) {
        there |= container_of(it, struct thread, siblings)->tid == tid;
    }
    proc_unlock();
    return there;
}

int procfs_open(struct file *f)
{
    const struct procfs_node *n = procfs_node_of(f->vnode);
    struct job job = {n, NULL};
    int error = 0;

    if (n->pid) {
        job.proc = procfs_proc(n->pid);
        if (!job.proc)
            return -ESRCH;
        if (n->tid && n->tid != n->pid && !has_thread(job.proc, n->tid))
            error = -ESRCH;
    }
    if (!error)
        error = text_open(f, run_job, &job);
    if (!error && unlikely(cred_current())) {
        error = node_may(f->vnode, 0, 0); /* the process may have become another's meanwhile */
        if (error)
            text_close(f);
    }
    if (job.proc)
        proc_unref(job.proc);
    return error;
}

int procfs_pid_of(const struct file *f)
{
    return procfs_node_of(f->vnode)->pid;
}

int procfs_readlink(struct vnode *v, char *buf, size_t size)
{
    const struct procfs_node *n = procfs_node_of(v);
    char *target = kmalloc(PATH_MAX);
    int len;

    if (!target)
        return -ENOMEM;
    len = n->file->link(n, target, PATH_MAX);
    if (!len) {
        len = (int)MIN(strlen(target), size);
        memcpy(buf, target, (size_t)len);
    }
    kfree(target);
    return len;
}

static const struct vnode_ops dir_ops = {.lookup = dir_lookup, .readdir = procfs_table_readdir};
static const struct vnode_ops file_ops = {
    .open = procfs_open, .read = text_read, .close = text_close};
static const struct vnode_ops link_ops = {.readlink = procfs_readlink};
static const struct fs procfs = {.type = "proc",
                                 .source = "proc",
                                 .dev = 3,
                                 .magic = PROC_MAGIC,
                                 .release = node_release,
                                 .may = node_may};
static const struct fs sysfs = {.type = "sysfs",
                                .source = "sysfs",
                                .dev = 9,
                                .magic = SYS_MAGIC,
                                .release = node_release,
                                .may = node_may};

/* The directory is made if the archive has none. */
static int mount_at(const char *path, struct vnode *root)
{
    int error = vnode_make(NULL, path, S_IFDIR | 0555, 0, NULL);

    if (error && error != -EEXIST)
        return error;
    error = vnode_mount(path, root);
    if (!error)
        vnode_unref(root); /* the table has its own */
    return error;
}

int procfs_mount(void)
{
    int error = mount_at("/proc", &procfs_root.vnode);

    return error ? error : mount_at("/sys", &sysfs_root.vnode);
}
