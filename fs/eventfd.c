/* SPDX-License-Identifier: MIT
 *
 * eventfd. Locks: the counter's mutex, of the class of open files; never held over a copy.
 * Invariant: count < UINT64_MAX.
 * Source: Linux, eventfd(2).
 */
#include "fs/eventfd.h"

#include "fs/event.h"
#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define ANON_MAGIC 0x09041934u
#define ANON_DEV   5u
#define COUNT_MAX  (UINT64_MAX - 1)

struct counter {
    struct vnode vnode;
    struct mutex lock;
    uint64_t count;    /* (lock) */
    bool one_by_one;   /* (c) */
    struct event more; /* for readers: it is not 0 */
    struct event less; /* for writers: something was taken */
};

static struct slab_cache counter_cache = SLAB_CACHE("eventfd", sizeof(struct counter));

static struct counter *counter_of(const struct file *f)
{
    return container_of(f->vnode, struct counter, vnode);
}

/* Waits until there is room for n. lock held. -EAGAIN, -EINTR. */
static int wait_room(struct counter *c, uint64_t n, bool nonblock)
{
    int error = 0;

    while (!error && COUNT_MAX - c->count < n)
        error = nonblock ? -EAGAIN : event_sleep(&c->less, &c->lock);
    return error;
}

static int wait_count(struct counter *c, bool nonblock)
{
    int error = 0;

    while (!error && !c->count)
        error = nonblock ? -EAGAIN : event_sleep(&c->more, &c->lock);
    return error;
}

static int counter_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct counter *c = counter_of(f);
    uint64_t n = 0;
    int error;

    (void)pos;
    if (len < sizeof(n))
        return -EINVAL;
    mutex_lock(&c->lock);
    error = wait_count(c, f->flags & O_NONBLOCK);
    if (!error) {
        n = c->one_by_one ? 1 : c->count;
        c->count -= n;
        event_raise(&c->less);
        if (c->count && c->more.asleep)
            event_wake(&c->more); /* for another reader; who polls knows */
    }
    mutex_unlock(&c->lock);
    if (error)
        return error;
    return copy_to_user(ubuf, &n, sizeof(n)) ? -EFAULT : (int)sizeof(n);
}

static int counter_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct counter *c = counter_of(f);
    uint64_t n;
    int error;

    (void)pos;
    if (len < sizeof(n))
        return -EINVAL;
    if (copy_from_user(&n, ubuf, sizeof(n)))
        return -EFAULT;
    if (n == UINT64_MAX)
        return -EINVAL;
    mutex_lock(&c->lock);
    error = wait_room(c, n, f->flags & O_NONBLOCK);
    if (!error) {
        c->count += n;
        if (c->count)
            event_raise(&c->more);
    }
    mutex_unlock(&c->lock);
    return error ? error : (int)sizeof(n);
}

static uint32_t counter_poll(struct file *f, struct poll_wait *w)
{
    struct counter *c = counter_of(f);
    uint32_t events = 0;

    poll_add(w, &c->more.pollers, f);
    poll_add(w, &c->less.pollers, f);
    mutex_lock(&c->lock);
    if (c->count)
        events |= POLLIN;
    if (c->count < COUNT_MAX)
        events |= POLLOUT;
    mutex_unlock(&c->lock);
    return events;
}

static const struct vnode_ops counter_ops = {
    .read = counter_read, .write = counter_write, .poll = counter_poll};

static void counter_release(struct vnode *v)
{
    slab_free(&counter_cache, container_of(v, struct counter, vnode));
}

static const struct fs anon_fs = {.type = "anon_inodefs",
                                  .source = "anon_inodefs",
                                  .dev = ANON_DEV,
                                  .magic = ANON_MAGIC,
                                  .label = "anon_inode:[eventfd]",
                                  .release = counter_release};

int eventfd_create(uint32_t count, uint32_t flags, bool one_by_one, struct file **f)
{
    struct counter *c = slab_alloc(&counter_cache);

    if (!c)
        return -ENOMEM;
    vnode_init_unnamed(&c->vnode, &counter_ops, &anon_fs, 0600);
    mutex_init(&c->lock);
    lock_classify(&c->lock, LOCK_FILE);
    event_init(&c->more, POLLIN);
    event_init(&c->less, POLLOUT);
    c->count = count;
    c->one_by_one = one_by_one;
    return file_open(&c->vnode, O_RDWR | flags, NULL, f);
}
