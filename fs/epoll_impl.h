/* SPDX-License-Identifier: MIT
 *
 * What epoll.c (watches come, go and are woken) and epoll_wait.c (what is ready) share.
 * Locks: epoll_lock, one for all epolls, interrupts masked: below the heads that a watch stands at,
 * above the epolls' own heads and their wait queues. Nothing that sleeps or calls a driver runs
 * under it.
 * Invariants: a watch that is not dead is in its epoll's tree and in its file's list, so both are
 * there while epoll_lock is held. Who lets go of the lock and goes on with a watch takes a
 * reference to it, and to its file, which may be closed meanwhile: ref_take_live. With the last
 * reference it leaves the heads, which its reference to the vnode has kept.
 */
#ifndef FS_EPOLL_IMPL_H
#define FS_EPOLL_IMPL_H

#include "fs/epoll.h"
#include "lib/refcount.h"
#include "lib/tree.h"

/* Letters: (E) epoll_lock */
struct watch {
    struct poll_watch poll;
    struct tree_link by_key;       /* (E) in ep->watches, by file and fd */
    struct list_link ready;        /* (E) in ep->ready, or not linked */
    struct list_link nested;       /* (E) in ep->nested, if the file is an epoll */
    struct watch *next, **to_this; /* (E) the file's others, and what leads here */
    struct epoll *ep;              /* (E) valid unless dead */
    struct file *file;             /* (E) the same */
    struct vnode *vnode;           /* (c) the file's, with a reference */
    struct user *user;             /* (c) whom it counts for */
    int fd;                        /* (c) */
    uint32_t refs;                 /* atomic */
    uint32_t events;               /* (E) what is asked for; and EPOLL_* */
    uint64_t data;                 /* (E) */
    uint32_t wakes;                /* (E) times that it was made ready */
    uint32_t changes;              /* (E) times that what is asked for was changed */
    bool dead;                     /* (E) out of the tree and all lists */
    bool busy;                     /* (E) a thread looks at it for epoll_wait */
    bool passed;                   /* (E) another one passed over it meanwhile */
};

struct epoll {
    struct vnode vnode;
    struct file *file;        /* (c) without a reference: the only one of this vnode */
    struct tree watches;      /* (E) */
    struct list ready;        /* (E) watches that were woken and may have events */
    struct list nested;       /* (E) watches of other epolls */
    struct list_link to_wake; /* (E) */
    uint32_t nwatches;        /* (E) written */
    uint32_t nready;          /* (E) */
    uint64_t wave;            /* (E) the last wave that reached it */
    uint32_t wakes;           /* (E) times that something became ready */
    struct waitq wait;        /* threads in epoll_wait */
    struct poll_head
        pollers; /* threads that poll the epoll itself; other epolls don't stand here */
};

#define WATCH_FLAGS (EPOLL_EXCLUSIVE | EPOLL_WAKEUP | EPOLL_ONESHOT | EPOLL_EDGE)

extern struct spin epoll_lock;

/* The events that may make it ready: none after a shot. */
static inline uint32_t watch_wants(const struct watch *w)
{
    return w->events & ~WATCH_FLAGS;
}

static inline struct epoll *epoll_of(const struct file *f)
{
    return container_of(f->vnode, struct epoll, vnode);
}

/* (E) */
void watch_unready(struct watch *w);
/* It is ready, and goes behind or before all others. */
void watch_rotate(struct watch *w);
void watch_first(struct watch *w);
/* Wakes one who waits for ep. (E) */
void epoll_wake_one(struct epoll *ep);
/* One reference less; not under (E). */
void watch_put(struct watch *w);

/* vnode_ops.poll of an epoll. */
uint32_t epoll_poll(struct file *f, struct poll_wait *w);

#endif
