/* SPDX-License-Identifier: MIT
 *
 * timerfd. A periodic timer rests until somebody reads the file, and what it missed is computed
 * then, as with signals. Locks: (K) of timer.h for the count; under it the wait queue of readers,
 * and the head of pollers.
 * Source: Linux, timerfd_create(2).
 */
#include "proc/timerfd.h"

#include "fs/poll.h"
#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define ANON_MAGIC 0x09041934u
#define ANON_DEV   5u

struct timerfd {
    struct vnode vnode;
    struct utimer u;
    uint64_t count; /* (K) expiries that nobody has read */
    struct waitq readers;
    struct poll_head pollers;
};

static struct slab_cache timerfd_cache = SLAB_CACHE("timerfd", sizeof(struct timerfd));

static const struct vnode_ops timerfd_ops;

static struct timerfd *timerfd_of(const struct file *f)
{
    return container_of(f->vnode, struct timerfd, vnode);
}

static void expired(struct utimer *u)
{
    struct timerfd *t = container_of(u, struct timerfd, u);

    t->count++;
    waitq_wake(&t->readers, WAITQ_ALL);
    poll_wake(&t->pollers);
}

/* Waits until it has expired and takes the count: -EAGAIN, -EINTR. Who goes to sleep is on the
 * queue before (K) is given back, and interrupts stay masked meanwhile. */
static int take_count(struct timerfd *t, bool nonblock, uint64_t *n)
{
    for (;;) {
        uint32_t mask = timers_lock();

        if (t->count) {
            *n = t->count + utimer_go_on(&t->u);
            t->count = 0;
            timers_unlock(mask);
            return 0;
        }
        if (nonblock) {
            timers_unlock(mask);
            return -EAGAIN;
        }
        timers_unlock(spin_lock_irq(&t->readers.lock));
        if (waitq_sleep(&t->readers, mask, SLEEP_LIGHT, UINT64_MAX) == -EINTR)
            return -EINTR;
    }
}

static int timerfd_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    uint64_t n = 0;
    int error;

    (void)pos;
    if (len < sizeof(n))
        return -EINVAL;
    error = take_count(timerfd_of(f), f->flags & O_NONBLOCK, &n);
    if (error)
        return error;
    return copy_to_user(ubuf, &n, sizeof(n)) ? -EFAULT : (int)sizeof(n);
}

static int timerfd_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)f;
    (void)pos;
    (void)ubuf;
    (void)len;
    return -EINVAL;
}

static uint32_t timerfd_poll(struct file *f, struct poll_wait *w)
{
    struct timerfd *t = timerfd_of(f);
    uint32_t events, mask;

    poll_add(w, &t->pollers, f);
    mask = timers_lock();
    events = t->count ? POLLIN : 0;
    timers_unlock(mask);
    return events;
}

static const struct vnode_ops timerfd_ops = {
    .read = timerfd_read, .write = timerfd_write, .poll = timerfd_poll};

static void timerfd_release(struct vnode *v)
{
    struct timerfd *t = container_of(v, struct timerfd, vnode);
    uint32_t mask = timers_lock();

    utimer_stop(&t->u);
    timers_unlock(mask);
    slab_free(&timerfd_cache, t);
}

static const struct fs anon_fs = {.type = "anon_inodefs",
                                  .source = "anon_inodefs",
                                  .dev = ANON_DEV,
                                  .magic = ANON_MAGIC,
                                  .release = timerfd_release};

int timerfd_create(const struct clock_of *clock, uint32_t flags, struct file **f)
{
    struct timerfd *t = slab_alloc(&timerfd_cache);

    if (!t)
        return -ENOMEM;
    vnode_init_unnamed(&t->vnode, &timerfd_ops, &anon_fs, 0600);
    utimer_init(&t->u, clock, expired);
    waitq_init(&t->readers);
    lock_classify(&t->readers.lock, LOCK_IRQ_WAITQ);
    poll_head_init(&t->pollers, POLLIN);
    return file_open(&t->vnode, O_RDWR | flags, NULL, f);
}

int timerfd_set(struct file *f, const struct utimer_value *v, bool absolute,
                struct utimer_value *old)
{
    struct timerfd *t = timerfd_of(f);
    uint32_t mask;
    int error;

    if (f->vnode->ops != &timerfd_ops)
        return -EINVAL;
    mask = timers_lock();
    utimer_get(&t->u, old);
    t->count = 0;
    error = utimer_set(&t->u, v, absolute);
    timers_unlock(mask);
    return error;
}

int timerfd_get(struct file *f, struct utimer_value *v)
{
    struct timerfd *t = timerfd_of(f);
    uint32_t mask;

    if (f->vnode->ops != &timerfd_ops)
        return -EINVAL;
    mask = timers_lock();
    utimer_get(&t->u, v);
    timers_unlock(mask);
    return 0;
}
