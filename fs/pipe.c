/* SPDX-License-Identifier: MIT
 *
 * The ends of pipes: files of vnodes without a name, and FIFOs, whose vnode is a file system's and
 * gets its pipe when it is opened first. What a FIFO holds goes with its last end.
 * Locks: the pipe's (pipe_impl.h).
 * Source: POSIX.1-2017, open and write; for what it leaves open, pipe(7) and fifo(7) of Linux.
 */
#include "fs/pipe.h"

#include "fs/pipe_impl.h"
#include "fs/tty.h"
#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define PIPEFS_MAGIC 0x50495045u
#define PIPEFS_DEV   4u

/* A pipe without a name. */
struct pipe_node {
    struct vnode vnode;
    struct pipe pipe;
};

static struct {
    struct slab_cache nodes, fifos;
    void (*signal)(void);
} pipes = {.nodes = SLAB_CACHE("pipe", sizeof(struct pipe_node)),
           .fifos = SLAB_CACHE("FIFO", sizeof(struct pipe))};

static struct pipe *pipe_of(const struct file *f)
{
    return __atomic_load_n(&f->vnode->pipe, __ATOMIC_ACQUIRE);
}

static bool reads(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_WRONLY;
}

static bool writes(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_RDONLY;
}

void pipe_on_broken(void (*signal)(void))
{
    pipes.signal = signal;
}

void pipe_broken(void)
{
    if (pipes.signal)
        pipes.signal();
}

static int end_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)pos;
    return pipe_read(pipe_of(f), ubuf, len, f->flags & O_NONBLOCK);
}

static int end_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    bool broken = false;
    int n;

    (void)pos;
    n = pipe_write(pipe_of(f), ubuf, len, f->flags & O_NONBLOCK, &broken);
    if (unlikely(broken))
        pipe_broken();
    return n;
}

static int end_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    return request == FIONREAD ? put_user32(arg, pipe_filled(pipe_of(f))) : -ENOTTY;
}

/* A reader of a FIFO that had no writer yet has not lost any. f->data: the writers ever opened when
 * it was so. */
static uint32_t end_poll(struct file *f, struct poll_wait *w)
{
    struct pipe *p = pipe_of(f);
    uint32_t events = 0;

    if (reads(f)) {
        events |= pipe_poll_read(p, w, f);
        if (events & POLLHUP && (uintptr_t)f->data == p->write_opens)
            events &= ~POLLHUP;
    }
    if (writes(f))
        events |= pipe_poll_write(p, w, f);
    return events;
}

static uint32_t end_frames(const struct file *f)
{
    return pipe_held(pipe_of(f));
}

static void close_ends(struct pipe *p, const struct file *f)
{
    if (reads(f))
        pipe_close_end(p, false);
    if (writes(f))
        pipe_close_end(p, true);
}

static void end_close(struct file *f)
{
    close_ends(pipe_of(f), f);
}

static int pipe_open(struct file *f)
{
    f->data = (void *)UINTPTR_MAX;
    pipe_open_end(pipe_of(f), writes(f));
    return 0;
}

static const struct vnode_ops pipe_ops = {.open = pipe_open,
                                          .close = end_close,
                                          .read = end_read,
                                          .write = end_write,
                                          .ioctl = end_ioctl,
                                          .poll = end_poll,
                                          .frames = end_frames};

static void pipe_release(struct vnode *v)
{
    struct pipe_node *n = container_of(v, struct pipe_node, vnode);

    pipe_destroy(&n->pipe);
    slab_free(&pipes.nodes, n);
}

static const struct fs pipe_fs = {.type = "pipefs",
                                  .source = "pipefs",
                                  .dev = PIPEFS_DEV,
                                  .magic = PIPEFS_MAGIC,
                                  .label = "pipe",
                                  .release = pipe_release};

int pipe_create(uint32_t flags, struct file *end[2])
{
    struct pipe_node *n = slab_alloc(&pipes.nodes);
    int error;

    if (!n)
        return -ENOMEM;
    error = pipe_init(&n->pipe);
    if (error) {
        slab_free(&pipes.nodes, n);
        return error;
    }
    vnode_init_unnamed(&n->vnode, &pipe_ops, &pipe_fs, S_IFIFO | 0600);
    n->vnode.pipe = &n->pipe;
    error = file_open(vnode_ref(&n->vnode), O_RDONLY | flags, NULL, &end[0]);
    if (!error)
        error = file_open(vnode_ref(&n->vnode), O_WRONLY | flags, NULL, &end[1]);
    if (error && end[0])
        file_unref(end[0]);
    vnode_unref(&n->vnode);
    return error;
}

/* The FIFO's pipe, made if it has none: who is slower takes the other's. */
static int fifo_pipe(struct vnode *v, struct pipe **found)
{
    struct pipe *p, *other = NULL;

    *found = __atomic_load_n(&v->pipe, __ATOMIC_ACQUIRE);
    if (*found)
        return 0;
    p = slab_alloc(&pipes.fifos);
    if (!p)
        return -ENOMEM;
    if (pipe_init(p)) {
        slab_free(&pipes.fifos, p);
        return -ENOMEM;
    }
    *found = p;
    if (!__atomic_compare_exchange_n(&v->pipe, &other, p, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        *found = other;
        pipe_destroy(p);
        slab_free(&pipes.fifos, p);
    }
    return 0;
}

void fifo_release(struct vnode *v)
{
    if (!v->pipe)
        return;
    pipe_destroy(v->pipe);
    slab_free(&pipes.fifos, v->pipe);
}

/* Waits until an end of the other kind was opened since *opens was `since`. */
static int wait_other(struct pipe *p, struct event *e, const uint32_t *opens, uint32_t since)
{
    int error = 0;

    mutex_lock(&p->lock);
    while (!error && *opens == since)
        error = event_sleep(e, &p->lock);
    mutex_unlock(&p->lock);
    return error;
}

/* One end is opened; waits for the other if there is none. Looked at before the own end counts: who
 * has not been there yet then waits for us, or moves *opens. */
static int fifo_open_end(struct pipe *p, struct file *f, bool writer)
{
    struct event *e = writer ? &p->space : &p->data;
    const uint32_t *opens = writer ? &p->read_opens : &p->write_opens;
    bool nonblock = f->flags & O_NONBLOCK, alone;
    uint32_t since;
    int error = 0;

    mutex_lock(&p->lock);
    since = *opens;
    alone = !(writer ? p->readers : p->writers);
    mutex_unlock(&p->lock);
    if (writer && alone && nonblock)
        return -ENXIO;
    pipe_open_end(p, writer);
    if (!writer && alone)
        f->data = (void *)(uintptr_t)since;
    if (alone && !nonblock)
        error = wait_other(p, e, opens, since);
    if (error)
        pipe_close_end(p, writer);
    return error;
}

static int fifo_open(struct file *f)
{
    struct pipe *p;
    int error = fifo_pipe(f->vnode, &p);

    if (error)
        return error;
    f->data = (void *)UINTPTR_MAX;
    if (!reads(f) || !writes(f))
        return fifo_open_end(p, f, writes(f));
    pipe_open_end(p, false);
    pipe_open_end(p, true);
    return 0;
}

const struct vnode_ops fifo_ops = {.open = fifo_open,
                                   .close = end_close,
                                   .read = end_read,
                                   .write = end_write,
                                   .ioctl = end_ioctl,
                                   .poll = end_poll,
                                   .frames = end_frames};

static struct pipe *pipe_or_null(const struct file *f)
{
    return vnode_is(f->vnode, S_IFIFO) ? pipe_of(f) : NULL;
}

int pipe_capacity(struct file *f)
{
    const struct pipe *p = pipe_or_null(f);

    return p ? (int)(p->npages * PAGE_SIZE) : -EBADF;
}

int pipe_set_capacity(struct file *f, uint32_t bytes)
{
    struct pipe *p = pipe_or_null(f);
    uint32_t npages = 1;

    if (!p)
        return -EBADF;
    if (bytes > INT32_MAX)
        return -EINVAL;
    if (bytes > PIPE_BYTES_MAX)
        return -EPERM;
    while (npages * PAGE_SIZE < bytes)
        npages *= 2;
    return pipe_resize(p, npages);
}
