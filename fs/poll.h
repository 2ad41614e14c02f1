/* SPDX-License-Identifier: MIT
 *
 * Waiting for one of several files: poll, select and their kin.
 * What a driver does: its operation `poll` (vnode_ops) answers the events that are true now; before
 * it looks, it enters the waiter (NULL: nobody waits) with poll_add at a head of its own, which
 * lives as long as the file's vnode. Whoever changes what that operation looks at calls poll_wake
 * for the head after the change, with the lock held under which the operation looks: so either the
 * operation sees the change, or poll_wake the waiter. A file without the operation is always ready.
 * What a waiter does: poll_begin; look at each file; where none is ready poll_sleep and look again,
 * now without entering; poll_end. Being woken says that something changed, not what.
 * Who is no thread and wants to know for longer, as an epoll does, has a struct poll_watch: its
 * operations are called instead.
 * Locks: head->lock, interrupts masked, below the drivers' and above the waiter's wait queue and
 * what a watch's operations take.
 */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "fs/file.h"
#include "kern/waitq.h"

/* Events, as in Linux. */
#define POLLIN     0x0001u
#define POLLPRI    0x0002u
#define POLLOUT    0x0004u
#define POLLERR    0x0008u
#define POLLHUP    0x0010u
#define POLLNVAL   0x0020u
#define POLLRDNORM 0x0040u
#define POLLRDBAND 0x0080u
#define POLLWRNORM 0x0100u
#define POLLWRBAND 0x0200u
#define POLLRDHUP  0x2000u
#define POLL_READ  (POLLIN | POLLRDNORM)
#define POLL_WRITE (POLLOUT | POLLWRNORM)

/* Who waits for a file's events to change. */
struct poll_head {
    struct spin lock;
    uint32_t events;     /* (c) POLL* that the usual wake-up may be about */
    uint32_t nthreads;   /* (lock) entries of threads, */
    uint32_t most;       /* (c) so many at most, */
    uint32_t nwatches;   /* (lock) and of watches */
    struct list entries; /* (lock) */
};

#define POLL_ANY (~0u)

struct poll_entry {
    struct list_link link;    /* (head->lock) */
    struct poll_head *head;   /* (c) */
    struct poll_wait *waiter; /* (c) */
    struct file *file;        /* (c) a thread's: with a reference, which keeps the head */
};

struct poll_wait;

/* What a wake-up does with watches, all with the head's lock held and interrupts masked: begin,
 * wake for each at the head, which is told of POLL* that may have changed, end. */
struct poll_watch_ops {
    void (*begin)(void);
    void (*wake)(struct poll_wait *w, uint32_t events);
    void (*end)(void);
};

/* Who waits: a struct poll_watch, or a struct poll_thread, which has no operations. */
struct poll_wait {
    const struct poll_watch_ops *ops; /* (c) */
    bool full;                        /* no room for an entry */
};

#define POLL_ENTRIES_SMALL 4u

/* A thread that waits, on its stack; further entries are in pieces of memory. */
struct poll_thread {
    struct poll_wait wait;
    struct waitq queue;
    bool changed;              /* atomic; cleared under queue.lock */
    uint32_t nsmall;           /* entries in small */
    struct poll_piece *pieces; /* the newest first */
    struct poll_entry small[POLL_ENTRIES_SMALL];
};

#define POLL_WATCH_HEADS 2u   /* no driver has more for a file */
#define POLL_WATCHES     256u /* at a head: who wakes them does so with interrupts masked */

/* Who watches one file, until poll_watch_end, and has a reference to its vnode. */
struct poll_watch {
    struct poll_wait wait;
    uint32_t most; /* (c) there is room for it at a head that has fewer */
    uint32_t nentries;
    struct poll_entry entry[POLL_WATCH_HEADS];
};

void poll_head_init(struct poll_head *h, uint32_t events);
/* For drivers; w NULL: does nothing. */
void poll_add(struct poll_wait *w, struct poll_head *h, struct file *f);
void poll_wake_all(struct poll_head *h, uint32_t events);

/* Any context. */
static inline void poll_wake(struct poll_head *h)
{
    if (unlikely(!list_empty(&h->entries)))
        poll_wake_all(h, h->events);
}

/* The same for what may be about other events, too: an end. */
static inline void poll_wake_any(struct poll_head *h)
{
    if (unlikely(!list_empty(&h->entries)))
        poll_wake_all(h, POLL_ANY);
}

/* f's events now: POLL*; w: who is entered where they change, or NULL. May sleep. */
uint32_t file_poll(struct file *f, struct poll_wait *w);

void poll_begin(struct poll_thread *t);
/* Sleeps until something changed since poll_begin or the last sleep. 0, -EINTR, -ETIMEDOUT (at
 * until_ns, clock_ns time; UINT64_MAX: never), -ENOMEM: not everything could be entered. */
int __must_check poll_sleep(struct poll_thread *t, uint64_t until_ns);
void poll_end(struct poll_thread *t); /* may sleep */

void poll_watch_begin(struct poll_watch *w, const struct poll_watch_ops *ops, uint32_t most);
/* Its operations are not called any more. */
void poll_watch_end(struct poll_watch *w);

#endif
