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
 * Locks: head->lock, interrupts masked, below the drivers' and above the waiter's wait queue.
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
    struct list entries; /* (lock) */
};

struct poll_entry {
    struct list_link link;    /* (head->lock) */
    struct poll_head *head;   /* (c) */
    struct poll_wait *waiter; /* (c) */
    struct file *file;        /* (c) with a reference, which keeps the head */
};

#define POLL_ENTRIES_SMALL 4u

/* A thread that waits, on its stack; further entries are in pieces of memory. */
struct poll_wait {
    struct waitq queue;
    bool changed;              /* (queue.lock) */
    bool full;                 /* no memory for an entry */
    uint32_t nsmall;           /* entries in small */
    struct poll_piece *pieces; /* the newest first */
    struct poll_entry small[POLL_ENTRIES_SMALL];
};

void poll_head_init(struct poll_head *h);
/* For drivers; w NULL: does nothing. */
void poll_add(struct poll_wait *w, struct poll_head *h, struct file *f);
void poll_wake_all(struct poll_head *h);

/* Any context. */
static inline void poll_wake(struct poll_head *h)
{
    if (unlikely(!list_empty(&h->entries)))
        poll_wake_all(h);
}

/* f's events now: POLL*; w: who is entered where they change, or NULL. May sleep. */
uint32_t file_poll(struct file *f, struct poll_wait *w);

void poll_begin(struct poll_wait *w);
/* Sleeps until something changed since poll_begin or the last sleep. 0, -EINTR, -ETIMEDOUT (at
 * until_ns, clock_ns time; UINT64_MAX: never), -ENOMEM: not everything could be entered. */
int __must_check poll_sleep(struct poll_wait *w, uint64_t until_ns);
void poll_end(struct poll_wait *w); /* may sleep */

#endif
