/* SPDX-License-Identifier: MIT
 *
 * Epolls and their watches: how they come and go, and how a wake-up spreads.
 * A driver's poll_wake calls watch_wake, perhaps in an interrupt: the watch becomes ready, and a
 * wave begins, which wakes its epoll, makes ready the watches that other epolls have of that one,
 * and so on. The wave is a loop and reaches each epoll once. That epolls do not watch each other in
 * circles, and are not too deep, is checked when a watch comes.
 * Invariants and locks: epoll_impl.h. Nobody may have more watches than a part of memory holds.
 */
#include "fs/epoll_impl.h"

#include "fs/limit.h"
#include "include/uapi/errno.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define ANON_MAGIC   0x09041934u
#define ANON_DEV     5u
#define LEVELS_MOST  5      /* epolls in epolls, with the outermost */
#define STEPS_MOST   100    /* of a search, or a wave, through epolls, interrupts masked */
#define WATCHES_MOST 32768u /* of a user */
#define POLLERS_MOST 256u   /* of an epoll: threads in poll, woken with interrupts masked */
#define MEMORY_PART  25u    /* of memory, for the watches of a user */
#define EXCLUSIVE_OK                                                                               \
    (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLL_WAKEUP | EPOLL_EDGE | EPOLL_EXCLUSIVE)
#define ALWAYS_WANTED (POLLERR | POLLHUP)

struct spin epoll_lock = SPIN_INIT(LOCK_EPOLL);

static struct {
    uint64_t wave;       /* (E) */
    struct list to_wake; /* (E) epolls that the wave has reached */
    uint32_t most;       /* atomic: watches of a user; 0 before the first */
    struct slab_cache epolls, watches;
} all = {.to_wake = LIST_INIT(all.to_wake),
         .epolls = SLAB_CACHE("epoll", sizeof(struct epoll)),
         .watches = SLAB_CACHE("epoll watch", sizeof(struct watch))};

/* What is ready. (E) in all of them. */

static void watch_ready(struct watch *w)
{
    struct epoll *ep = w->ep;

    w->wakes++;
    if (!list_linked(&w->ready)) {
        list_push_back(&ep->ready, &w->ready);
        ep->nready++;
    }
    if (ep->wave != all.wave) {
        ep->wave = all.wave;
        list_push_back(&all.to_wake, &ep->to_wake);
    }
}

void watch_unready(struct watch *w)
{
    if (!list_linked(&w->ready))
        return;
    list_remove(&w->ready);
    w->ep->nready--;
}

void watch_rotate(struct watch *w)
{
    list_remove(&w->ready);
    list_push_back(&w->ep->ready, &w->ready);
}

void watch_first(struct watch *w)
{
    list_remove(&w->ready);
    list_push_front(&w->ep->ready, &w->ready);
}

void epoll_wake_one(struct epoll *ep)
{
    ep->wakes++;
    waitq_wake(&ep->wait, 1);
}

/* From the epolls that were reached to those that watch them. */
static void wave_spread(void)
{
    struct list_link *l;

    while ((l = list_pop_front(&all.to_wake)) != NULL) {
        struct epoll *ep = container_of(l, struct epoll, to_wake);

        epoll_wake_one(ep);
        poll_wake(&ep->pollers);
        for (struct watch *w = ep->file->watches; w; w = w->next)
            if (watch_wants(w) & POLL_READ)
                watch_ready(w);
    }
}

/* The watch's file has some of these events, or may have: what a wave begins with. */
static void watch_tell(struct watch *w, uint32_t events)
{
    if (!w->dead && watch_wants(w) & events)
        watch_ready(w);
}

/* One wave for all watches at a head. */
static void wake_begin(void)
{
    spin_lock(&epoll_lock);
    all.wave++;
}

static void watch_wake(struct poll_wait *wait, uint32_t events)
{
    watch_tell(container_of(container_of(wait, struct poll_watch, wait), struct watch, poll),
               events);
}

static void wake_end(void)
{
    wave_spread();
    spin_unlock(&epoll_lock);
}

static const struct poll_watch_ops watch_ops = {
    .begin = wake_begin, .wake = watch_wake, .end = wake_end};

/* Coming and going. */

/* Behind 0, before 1, or the same -1. */
static int side_of(const struct watch *w, const struct file *f, int fd)
{
    if (w->file != f)
        return (uintptr_t)f > (uintptr_t)w->file;
    return fd == w->fd ? -1 : fd > w->fd;
}

/* (E) The watch; or NULL, and where it would be. */
static struct watch *watch_find(const struct epoll *ep, const struct file *f, int fd,
                                struct tree_link **parent, int *side)
{
    *parent = NULL;
    *side = 0;
    for (struct tree_link *l = ep->watches.root; l; l = l->child[*side]) {
        struct watch *w = container_of(l, struct watch, by_key);

        *side = side_of(w, f, fd);
        if (*side < 0)
            return w;
        *parent = l;
    }
    return NULL;
}

/* (E) */
static void watch_enter(struct watch *w, struct tree_link *parent, int side)
{
    struct file *f = w->file;

    tree_insert(&w->ep->watches, &w->by_key, parent, side, NULL);
    __atomic_store_n(&w->ep->nwatches, w->ep->nwatches + 1, __ATOMIC_RELAXED);
    if (file_is_epoll(f))
        list_push_back(&w->ep->nested, &w->nested);
    w->next = f->watches;
    w->to_this = &f->watches;
    if (w->next)
        w->next->to_this = &w->next;
    f->watches = w;
}

/* (E) Out of everything but the heads; the tree's reference is the caller's now. Leaving the file's
 * list comes last: who closes the file looks at it without the lock. */
static void watch_kill(struct watch *w)
{
    w->dead = true;
    watch_unready(w);
    tree_remove(&w->ep->watches, &w->by_key, NULL);
    __atomic_store_n(&w->ep->nwatches, w->ep->nwatches - 1, __ATOMIC_RELAXED);
    if (list_linked(&w->nested))
        list_remove(&w->nested);
    if (w->next)
        w->next->to_this = w->to_this;
    __atomic_store_n(w->to_this, w->next, __ATOMIC_RELEASE);
}

static void watch_free(struct watch *w)
{
    poll_watch_end(&w->poll);
    limit_watch_end(w->user);
    vnode_unref(w->vnode);
    slab_free(&all.watches, w);
}

void watch_put(struct watch *w)
{
    if (ref_drop(&w->refs) == 0)
        watch_free(w);
}

/* Kills one watch; false: there is none. */
static bool kill_first(struct watch *(*first)(void *arg), void *arg)
{
    uint32_t mask = spin_lock_irq(&epoll_lock);
    struct watch *w = first(arg);

    if (w)
        watch_kill(w);
    spin_unlock_irq(&epoll_lock, mask);
    if (w)
        watch_put(w);
    return w != NULL;
}

static struct watch *first_of_file(void *file)
{
    return ((struct file *)file)->watches;
}

static struct watch *first_of_epoll(void *arg)
{
    const struct epoll *ep = arg;

    return ep->watches.root ? container_of(ep->watches.root, struct watch, by_key) : NULL;
}

void epoll_forget(struct file *f)
{
    while (kill_first(first_of_file, f))
        preempt_point();
}

static void epoll_close(struct file *f)
{
    while (kill_first(first_of_epoll, epoll_of(f)))
        preempt_point();
}

/* Epolls in epolls. (E) in all of them. Recursion ends at LEVELS_MOST. */

struct search {
    const struct epoll *avoid; /* that must not be found */
    int steps;                 /* that may still be done */
    int error;
};

/* The levels of epolls from ep inwards. */
static int levels_in(struct search *s, const struct epoll *ep, int room)
{
    int most = 0;

    if (ep == s->avoid || room == 0)
        s->error = -ELOOP;
    else if (s->steps-- == 0)
        s->error = -EINVAL;
    if (s->error)
        return 0;
    list_for_each (it, &ep->nested) {
        const struct watch *w = container_of(it, struct watch, nested);
        int levels = levels_in(s, epoll_of(w->file), room - 1);

        most = MAX(most, levels);
        if (s->error)
            break;
    }
    return most + 1;
}

/* The same outwards. */
static int levels_out(struct search *s, const struct epoll *ep, int room)
{
    int most = 0;

    if (room == 0)
        s->error = -ELOOP;
    else if (s->steps-- == 0)
        s->error = -EINVAL;
    if (s->error)
        return 0;
    for (const struct watch *w = ep->file->watches; w && !s->error; w = w->next) {
        int levels = levels_out(s, w->ep, room - 1);

        most = MAX(most, levels);
    }
    return most + 1;
}

/* As at a head, see POLL_WATCHES. */
static bool is_watched_enough(const struct file *f)
{
    uint32_t n = 0;

    for (const struct watch *w = f->watches; w && n < POLL_WATCHES; w = w->next)
        n++;
    return n == POLL_WATCHES;
}

/* Whether ep may watch the file: -ELOOP, -EINVAL: too many ways lead there; -ENOSPC: too many watch
 * it. */
static int check_levels(const struct epoll *ep, const struct file *f)
{
    struct search s = {.avoid = ep, .steps = STEPS_MOST};
    int inner = levels_in(&s, epoll_of(f), LEVELS_MOST - 1);

    if (!s.error)
        levels_out(&s, ep, LEVELS_MOST - inner);
    if (!s.error && is_watched_enough(f))
        return -ENOSPC;
    return s.error;
}

/* (E) Whether f may be added under that number. */
static int check_new(const struct epoll *ep, const struct file *f, int fd)
{
    struct tree_link *parent;
    int side, error = file_is_epoll(f) ? check_levels(ep, f) : 0;

    if (!error && watch_find(ep, f, fd, &parent, &side))
        error = -EEXIST;
    return error;
}

/* Control. */

static uint32_t watches_most(void)
{
    uint32_t most = __atomic_load_n(&all.most, __ATOMIC_RELAXED);

    if (unlikely(!most)) {
        struct frame_stats s = frame_stats();

        most = MAX((s.total - s.reserved) / MEMORY_PART, 1u) * (PAGE_SIZE / sizeof(struct watch));
        most = MIN(most, WATCHES_MOST);
        __atomic_store_n(&all.most, most, __ATOMIC_RELAXED);
    }
    return most;
}

/* One that is nowhere yet, with two references: the tree's and the caller's. */
static int watch_new(struct epoll *ep, struct file *f, int fd, const struct epoll_event *e,
                     struct watch **made)
{
    struct user *user;
    struct watch *w;
    int error = limit_watch_begin(watches_most(), &user);

    if (error)
        return error;
    w = slab_alloc(&all.watches);
    if (!w) {
        limit_watch_end(user);
        return -ENOMEM;
    }
    poll_watch_begin(&w->poll, &watch_ops, user ? POLL_WATCHES : 2 * POLL_WATCHES);
    w->ep = ep;
    w->file = f;
    w->vnode = vnode_ref(f->vnode);
    w->user = user;
    w->fd = fd;
    w->refs = 2;
    w->events = e->events | ALWAYS_WANTED;
    w->data = e->data;
    *made = w;
    return 0;
}

/* Asks the file once, entering the watch at its heads if it is new; what it has by now makes the
 * watch ready. Another epoll is told of by its wave and needs no entry. */
static void watch_look(struct watch *w, struct file *f, bool new)
{
    uint32_t events = file_poll(f, new && !file_is_epoll(f) ? &w->poll.wait : NULL), mask;

    mask = spin_lock_irq(&epoll_lock);
    all.wave++;
    watch_tell(w, events);
    wave_spread();
    spin_unlock_irq(&epoll_lock, mask);
}

/* (E) Enters it unless that must not be any more. */
static int watch_begin(struct watch *w)
{
    struct tree_link *parent;
    int side, error = check_new(w->ep, w->file, w->fd);

    if (error)
        return error;
    watch_find(w->ep, w->file, w->fd, &parent, &side);
    watch_enter(w, parent, side);
    return 0;
}

/* A new watch did not find room at a head, and goes unless it has gone. */
static int watch_failed(struct watch *w)
{
    uint32_t mask = spin_lock_irq(&epoll_lock);
    bool dead = w->dead;

    if (!dead)
        watch_kill(w);
    spin_unlock_irq(&epoll_lock, mask);
    if (!dead)
        watch_put(w);
    return -ENOSPC;
}

static int watch_add(struct epoll *ep, struct file *f, int fd, const struct epoll_event *e)
{
    uint32_t mask = spin_lock_irq(&epoll_lock);
    int error = check_new(ep, f, fd);
    struct watch *w;

    spin_unlock_irq(&epoll_lock, mask);
    if (!error)
        error = watch_new(ep, f, fd, e, &w);
    if (error)
        return error;
    mask = spin_lock_irq(&epoll_lock);
    error = watch_begin(w);
    spin_unlock_irq(&epoll_lock, mask);
    if (error) {
        watch_free(w);
        return error;
    }
    watch_look(w, f, true);
    if (unlikely(w->poll.wait.full))
        error = watch_failed(w);
    watch_put(w);
    return error;
}

/* (E) -EINVAL: its events stay as they are. */
static int watch_change(struct watch *w, const struct epoll_event *e)
{
    if (w->events & EPOLL_EXCLUSIVE)
        return -EINVAL;
    w->events = e->events | ALWAYS_WANTED;
    w->data = e->data;
    w->changes++;
    w->wakes++;
    return 0;
}

static int watch_modify(struct epoll *ep, struct file *f, int fd, const struct epoll_event *e)
{
    uint32_t mask = spin_lock_irq(&epoll_lock);
    struct tree_link *parent;
    int side, error = -ENOENT;
    struct watch *w = watch_find(ep, f, fd, &parent, &side);

    if (w)
        error = watch_change(w, e);
    if (!error)
        ref_take(&w->refs);
    spin_unlock_irq(&epoll_lock, mask);
    if (error)
        return error;
    watch_look(w, f, false);
    watch_put(w);
    return 0;
}

static int watch_delete(struct epoll *ep, struct file *f, int fd)
{
    uint32_t mask = spin_lock_irq(&epoll_lock);
    struct tree_link *parent;
    int side;
    struct watch *w = watch_find(ep, f, fd, &parent, &side);

    if (w)
        watch_kill(w);
    spin_unlock_irq(&epoll_lock, mask);
    if (!w)
        return -ENOENT;
    watch_put(w);
    return 0;
}

/* What Linux demands of a watch that is to wake one epoll alone. */
static bool exclusive_ok(enum epoll_op op, const struct file *f, const struct epoll_event *e)
{
    if (op == EPOLL_DELETE || !(e->events & EPOLL_EXCLUSIVE))
        return true;
    return op == EPOLL_ADD && !file_is_epoll(f) && !(e->events & ~EXCLUSIVE_OK);
}

int epoll_control(struct file *epf, enum epoll_op op, struct file *f, int fd,
                  const struct epoll_event *e)
{
    if (!f->vnode->ops->poll)
        return -EPERM;
    if (f == epf || !file_is_epoll(epf) || !exclusive_ok(op, f, e))
        return -EINVAL;
    switch (op) {
    case EPOLL_ADD: return watch_add(epoll_of(epf), f, fd, e);
    case EPOLL_MODIFY: return watch_modify(epoll_of(epf), f, fd, e);
    case EPOLL_DELETE: return watch_delete(epoll_of(epf), f, fd);
    }
    return -EINVAL;
}

/* The file. */

static int epoll_open(struct file *f)
{
    epoll_of(f)->file = f;
    return 0;
}

static int epoll_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)f;
    (void)pos;
    (void)ubuf;
    (void)len;
    return -EINVAL;
}

static uint32_t epoll_frames(const struct file *f)
{
    uint32_t n = __atomic_load_n(&epoll_of(f)->nwatches, __ATOMIC_RELAXED);

    return n / (PAGE_SIZE / sizeof(struct watch));
}

static const struct vnode_ops epoll_ops = {.open = epoll_open,
                                           .close = epoll_close,
                                           .write = epoll_write,
                                           .poll = epoll_poll,
                                           .frames = epoll_frames};

bool file_is_epoll(const struct file *f)
{
    return f->vnode->ops == &epoll_ops;
}

static void epoll_release(struct vnode *v)
{
    slab_free(&all.epolls, container_of(v, struct epoll, vnode));
}

static const struct fs anon_fs = {.type = "anon_inodefs",
                                  .source = "anon_inodefs",
                                  .dev = ANON_DEV,
                                  .magic = ANON_MAGIC,
                                  .label = "anon_inode:[eventpoll]",
                                  .release = epoll_release};

int epoll_create(struct file **f)
{
    struct epoll *ep = slab_alloc(&all.epolls);

    if (!ep)
        return -ENOMEM;
    vnode_init_unnamed(&ep->vnode, &epoll_ops, &anon_fs, 0600);
    tree_init(&ep->watches);
    list_init(&ep->ready);
    list_init(&ep->nested);
    waitq_init(&ep->wait);
    lock_classify(&ep->wait.lock, LOCK_IRQ_WAITQ);
    poll_head_init(&ep->pollers, POLL_READ);
    ep->pollers.most = POLLERS_MOST;
    lock_classify(&ep->pollers.lock, LOCK_EPOLL_POLLERS);
    return file_open(&ep->vnode, O_RDWR, NULL, f);
}
