/* SPDX-License-Identifier: MIT
 *
 * What is ready in an epoll: told to user memory, to who polls the epoll, or waited for.
 * A watch that is ready was woken; whether its file has events is asked when somebody wants to
 * know, without epoll_lock. A watch stays ready meanwhile, and who finds that there are none takes
 * it off, but only if it was not woken again since he asked. For epoll_wait one thread at a time
 * looks at a watch, so that an edge or a shot is told once; another one passes over it, and is
 * woken if it is still ready then.
 * A round looks at as many watches as were ready when it began, and each goes behind the others.
 * Invariants and locks: epoll_impl.h.
 */
#include "fs/epoll_impl.h"
#include "include/uapi/errno.h"
#include "mm/uaccess.h"

/* What somebody looks at, as it was when he began. */
struct look {
    struct watch *watch; /* with a reference */
    struct file *file;   /* the same */
    uint32_t events, wakes, changes;
    uint64_t data;
};

/* (E) The first that is ready goes behind the others; it is what is looked at unless its file is
 * being closed. */
static bool look_begin(struct epoll *ep, struct look *l)
{
    struct watch *w = container_of(list_first(&ep->ready), struct watch, ready);

    watch_rotate(w);
    if (!ref_take_live(&w->file->refs)) {
        watch_unready(w);
        return false;
    }
    ref_take(&w->refs);
    *l = (struct look){w, w->file, w->events, w->wakes, w->changes, w->data};
    return true;
}

/* The events that are asked for and true. The file may go with it. */
static uint32_t look_ask(struct look *l)
{
    uint32_t events = file_poll(l->file, NULL) & l->events & ~WATCH_FLAGS;

    file_unref(l->file);
    return events;
}

/* (E) There were no events, or they are told. */
static void look_done(const struct look *l)
{
    if (!l->watch->dead && l->watch->wakes == l->wakes)
        watch_unready(l->watch);
}

static uint32_t ready_now(struct epoll *ep)
{
    uint32_t mask = spin_lock_irq(&epoll_lock), n = ep->nready;

    spin_unlock_irq(&epoll_lock, mask);
    return n;
}

/* Whether one watch, the first, has events. It is taken off if it has none. */
static bool poll_one(struct epoll *ep)
{
    uint32_t mask = spin_lock_irq(&epoll_lock), events;
    struct look l;
    bool some = !list_empty(&ep->ready) && look_begin(ep, &l);

    spin_unlock_irq(&epoll_lock, mask);
    if (!some)
        return false;
    events = look_ask(&l);
    mask = spin_lock_irq(&epoll_lock);
    if (!events)
        look_done(&l);
    else if (list_linked(&l.watch->ready))
        watch_first(l.watch);
    spin_unlock_irq(&epoll_lock, mask);
    watch_put(l.watch);
    return events != 0;
}

/* Recursion: a watch's file may be an epoll; not more than LEVELS_MOST deep. */
uint32_t epoll_poll(struct file *f, struct poll_wait *w)
{
    struct epoll *ep = epoll_of(f);

    poll_add(w, &ep->pollers, f);
    for (uint32_t n = ready_now(ep); n; n--) {
        if (poll_one(ep))
            return POLL_READ;
        preempt_point();
    }
    return 0;
}

/* (E) As look_begin, for epoll_wait. */
static bool take_begin(struct epoll *ep, struct look *l)
{
    struct watch *w;

    if (list_empty(&ep->ready))
        return false;
    w = container_of(list_first(&ep->ready), struct watch, ready);
    if (w->busy) {
        w->passed = true;
        watch_rotate(w);
        return false;
    }
    if (!look_begin(ep, l))
        return false;
    w->busy = true;
    return true;
}

/* (E) result: 1: its events are told; 0: there were none; or they could not be told. */
static void take_end(const struct look *l, int result)
{
    struct watch *w = l->watch;

    w->busy = false;
    if (w->dead)
        return;
    if (result == 0 || (result > 0 && l->events & EPOLL_EDGE))
        look_done(l);
    if (result > 0 && l->events & EPOLL_ONESHOT && w->changes == l->changes) {
        w->events &= WATCH_FLAGS;
        watch_unready(w);
    }
    if (w->passed && list_linked(&w->ready))
        epoll_wake_one(w->ep);
    w->passed = false;
}

/* The padding of the structure stays as it is. */
static int put_event(vaddr_t uevent, uint32_t events, uint64_t data)
{
    int error = put_user32(uevent + offsetof(struct epoll_event, events), events);

    if (!error)
        error = copy_to_user(uevent + offsetof(struct epoll_event, data), &data, sizeof(data));
    return error;
}

/* One watch, the first: 1 if it had events, 0, -EFAULT. */
static int take_one(struct epoll *ep, vaddr_t uevent)
{
    uint32_t mask = spin_lock_irq(&epoll_lock), events;
    struct look l;
    bool some = take_begin(ep, &l);
    int result = 0;

    spin_unlock_irq(&epoll_lock, mask);
    if (!some)
        return 0;
    events = look_ask(&l);
    if (events)
        result = put_event(uevent, events, l.data) ? -EFAULT : 1;
    mask = spin_lock_irq(&epoll_lock);
    take_end(&l, result);
    spin_unlock_irq(&epoll_lock, mask);
    watch_put(l.watch);
    return result;
}

/* Somebody took something: what is left is for another one. */
static void take_rest(struct epoll *ep)
{
    uint32_t mask = spin_lock_irq(&epoll_lock);

    if (ep->nready)
        epoll_wake_one(ep);
    spin_unlock_irq(&epoll_lock, mask);
}

/* One round: how many events were told, or -EFAULT. */
static int take_round(struct epoll *ep, vaddr_t uevents, uint32_t most)
{
    uint32_t done = 0;
    int result = 0;

    for (uint32_t n = ready_now(ep); n && done < most && result >= 0; n--) {
        result = take_one(ep, uevents + done * sizeof(struct epoll_event));
        if (result > 0)
            done++;
        preempt_point();
    }
    if (done || result < 0)
        take_rest(ep);
    return done ? (int)done : MIN(result, 0);
}

/* Sleeps unless something has become ready since `wakes` was so. */
static int sleep_since(struct epoll *ep, uint32_t wakes, uint64_t until_ns)
{
    uint32_t mask = spin_lock_irq(&epoll_lock);

    if (ep->wakes != wakes) {
        spin_unlock_irq(&epoll_lock, mask);
        return thread_signalled() ? -EINTR : 0;
    }
    spin_lock(&ep->wait.lock);
    spin_unlock(&epoll_lock);
    return waitq_sleep(&ep->wait, mask, SLEEP_LIGHT, until_ns);
}

static uint32_t wakes_now(struct epoll *ep)
{
    uint32_t mask = spin_lock_irq(&epoll_lock), wakes = ep->wakes;

    spin_unlock_irq(&epoll_lock, mask);
    return wakes;
}

int epoll_wait(struct file *f, vaddr_t uevents, uint32_t most, uint64_t until_ns)
{
    struct epoll *ep = epoll_of(f);
    int n, error = 0;

    for (;;) {
        uint32_t wakes = wakes_now(ep);

        n = take_round(ep, uevents, most);
        if (n || error || !until_ns)
            break;
        error = sleep_since(ep, wakes, until_ns);
        if (error == -EINTR)
            return error;
        preempt_point();
    }
    return n;
}
