/* SPDX-License-Identifier: MIT
 *
 * Socket pairs. Socket i reads what comes out of pipe i and writes into the other one. A pair goes
 * with the last of its two vnodes.
 * Locks: the pipes' (pipe_impl.h), one after the other; pair->lock for what was shut down.
 * Source: Linux, unix(7), shutdown(2).
 */
#include "fs/socket.h"

#include "fs/pipe_impl.h"
#include "fs/tty.h"
#include "include/uapi/errno.h"
#include "lib/refcount.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define SOCKFS_MAGIC 0x534f434bu
#define SOCKFS_DEV   6u

/* Sides of a socket that are not used any more. */
enum shut { SHUT_READING = 1, SHUT_WRITING = 2 };

struct pair;

struct sock {
    struct vnode vnode;
    struct pair *pair;     /* (c) */
    struct pipe *in, *out; /* (c) */
    uint32_t shut;         /* atomic; enum shut */
};

struct pair {
    struct sock sock[2];
    struct pipe pipe[2];
    uint32_t refs; /* atomic: vnodes */
};

static struct slab_cache pair_cache = SLAB_CACHE("socket pair", sizeof(struct pair));

static struct sock *sock_of(const struct file *f)
{
    return container_of(f->vnode, struct sock, vnode);
}

/* Ends the use of these sides, each once. */
static void shut(struct sock *s, uint32_t sides)
{
    uint32_t new = sides & ~__atomic_fetch_or(&s->shut, sides, __ATOMIC_ACQ_REL);

    if (new &SHUT_READING)
        pipe_close_end(s->in, false);
    if (new &SHUT_WRITING)
        pipe_close_end(s->out, true);
}

static bool is_shut(const struct sock *s, uint32_t sides)
{
    return (__atomic_load_n(&s->shut, __ATOMIC_ACQUIRE) & sides) == sides;
}

static int receive(struct file *f, vaddr_t ubuf, size_t len, bool nonblock)
{
    return pipe_read(sock_of(f)->in, ubuf, len, nonblock);
}

static int transmit(struct file *f, vaddr_t ubuf, size_t len, bool nonblock, bool signal)
{
    struct sock *s = sock_of(f);
    bool broken = false;
    int n;

    if (is_shut(s, SHUT_WRITING)) {
        broken = true;
        n = -EPIPE;
    } else {
        n = pipe_write(s->out, ubuf, len, nonblock, &broken);
    }
    if (unlikely(broken) && signal)
        pipe_broken();
    return n;
}

static int sock_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)pos;
    return receive(f, ubuf, len, f->flags & O_NONBLOCK);
}

static int sock_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)pos;
    return transmit(f, ubuf, len, f->flags & O_NONBLOCK, true);
}

static int sock_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    return request == FIONREAD ? put_user32(arg, pipe_filled(sock_of(f)->in)) : -ENOTTY;
}

static uint32_t sock_poll(struct file *f, struct poll_wait *w)
{
    struct sock *s = sock_of(f);
    uint32_t in = pipe_poll_read(s->in, w, f), out = pipe_poll_write(s->out, w, f), events = 0;

    events = (in & POLL_READ) | (out & POLL_WRITE);
    if (in & POLLHUP || is_shut(s, SHUT_READING))
        events |= POLL_READ | POLLRDHUP; /* the end of what comes can be read */
    if (out & POLLERR)
        events |= POLL_WRITE; /* -EPIPE does not wait */
    if (in & POLLHUP && (out & POLLERR || is_shut(s, SHUT_WRITING)))
        events |= POLLHUP;
    return events;
}

static uint32_t sock_frames(const struct file *f)
{
    return pipe_held(sock_of(f)->in) + pipe_held(sock_of(f)->out);
}

static void sock_close(struct file *f)
{
    shut(sock_of(f), SHUT_READING | SHUT_WRITING);
}

static const struct vnode_ops sock_ops = {.close = sock_close,
                                          .read = sock_read,
                                          .write = sock_write,
                                          .ioctl = sock_ioctl,
                                          .poll = sock_poll,
                                          .frames = sock_frames};

static void pair_free(struct pair *pair)
{
    pipe_destroy(&pair->pipe[0]);
    pipe_destroy(&pair->pipe[1]);
    slab_free(&pair_cache, pair);
}

static void sock_release(struct vnode *v)
{
    struct pair *pair = container_of(v, struct sock, vnode)->pair;

    if (ref_drop(&pair->refs) == 0)
        pair_free(pair);
}

static const struct fs sock_fs = {.type = "sockfs",
                                  .source = "sockfs",
                                  .dev = SOCKFS_DEV,
                                  .magic = SOCKFS_MAGIC,
                                  .label = "socket",
                                  .release = sock_release};

static int pair_create(struct pair **made)
{
    struct pair *pair = slab_alloc(&pair_cache);

    if (!pair)
        return -ENOMEM;
    if (pipe_init(&pair->pipe[0]))
        goto no_first;
    if (pipe_init(&pair->pipe[1]))
        goto no_second;
    pair->refs = 2;
    for (unsigned i = 0; i < 2; i++) {
        struct sock *s = &pair->sock[i];

        vnode_init_unnamed(&s->vnode, &sock_ops, &sock_fs, S_IFSOCK | 0777);
        s->pair = pair;
        s->in = &pair->pipe[i];
        s->out = &pair->pipe[1 - i];
        pipe_open_end(s->in, false);
        pipe_open_end(s->out, true);
    }
    *made = pair;
    return 0;
no_second:
    pipe_destroy(&pair->pipe[0]);
no_first:
    slab_free(&pair_cache, pair);
    return -ENOMEM;
}

int socket_pair(uint32_t flags, struct file *end[2])
{
    struct pair *pair;
    int error = pair_create(&pair);

    if (error)
        return error;
    error = file_open(&pair->sock[0].vnode, O_RDWR | flags, NULL, &end[0]);
    if (error) {
        vnode_unref(&pair->sock[1].vnode);
        return error;
    }
    error = file_open(&pair->sock[1].vnode, O_RDWR | flags, NULL, &end[1]);
    if (error)
        file_unref(end[0]);
    return error;
}

bool file_is_socket(const struct file *f)
{
    return f->vnode->ops == &sock_ops;
}

int socket_receive(struct file *f, vaddr_t ubuf, size_t len, uint32_t flags)
{
    if (f->vnode->ops != &sock_ops)
        return -ENOTSOCK;
    if (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_WAITALL))
        return -EOPNOTSUPP;
    len = MIN(len, (size_t)INT32_MAX);
    bool nonblock = flags & MSG_DONTWAIT || f->flags & O_NONBLOCK;
    int n = receive(f, ubuf, len, nonblock), all = n;

    while (flags & MSG_WAITALL && !nonblock && n > 0 && (size_t)all < len) {
        n = receive(f, ubuf + (size_t)all, len - (size_t)all, false);
        all += MAX(n, 0);
    }
    return all;
}

int socket_send(struct file *f, vaddr_t ubuf, size_t len, uint32_t flags)
{
    if (f->vnode->ops != &sock_ops)
        return -ENOTSOCK;
    if (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL))
        return -EOPNOTSUPP;
    return transmit(f, ubuf, MIN(len, (size_t)INT32_MAX),
                    flags & MSG_DONTWAIT || f->flags & O_NONBLOCK, !(flags & MSG_NOSIGNAL));
}

int socket_shutdown(struct file *f, uint32_t how)
{
    if (f->vnode->ops != &sock_ops)
        return -ENOTSOCK;
    if (how > SHUT_RDWR)
        return -EINVAL;
    shut(sock_of(f), how + 1);
    return 0;
}
