/* SPDX-License-Identifier: MIT
 *
 * epoll: a file that remembers which other files to watch, and for which of their events, and says
 * which of them are ready, as Linux's does. A watch belongs to an open file under a descriptor's
 * number. It is no reference to the file: it goes when the last of those goes.
 * Of EPOLLEXCLUSIVE the rules are kept and not the promise: all epolls are woken.
 * Source: Linux, epoll(7), epoll_ctl(2), epoll_wait(2).
 */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

#include "fs/poll.h"

enum epoll_op { EPOLL_ADD = 1, EPOLL_DELETE = 2, EPOLL_MODIFY = 3 };

/* Events besides POLL*. */
#define EPOLL_EXCLUSIVE 0x10000000u
#define EPOLL_WAKEUP    0x20000000u
#define EPOLL_ONESHOT   0x40000000u
#define EPOLL_EDGE      0x80000000u

/* struct epoll_event of the ABI. */
struct epoll_event {
    uint32_t events;
    uint32_t unused;
    uint64_t data;
};

#define EPOLL_MOST (INT32_MAX / sizeof(struct epoll_event)) /* that one call may ask for */

/* A new one: *f with one reference. -ENOMEM. */
int __must_check epoll_create(struct file **f);
bool file_is_epoll(const struct file *f);
/* Changes what the epoll ep has of file f under the number fd; e: not for EPOLL_DELETE. May sleep.
 * -EPERM: f has nothing to wait for; -EINVAL, -EEXIST, -ENOENT, -ELOOP, -ENOSPC: more watches than
 * a user or a file may have; -ENOMEM. */
int __must_check epoll_control(struct file *ep, enum epoll_op op, struct file *f, int fd,
                               const struct epoll_event *e);
/* Up to `most` (1 to EPOLL_MOST) events to user memory: how many. Sleeps until there is one; until
 * until_ns (clock_ns time; 0: not at all; UINT64_MAX: for ever) it is 0. -EINTR, -EFAULT. */
int __must_check epoll_wait(struct file *ep, vaddr_t uevents, uint32_t most, uint64_t until_ns);
/* For fs/file.c: f has no references any more, and watches. May sleep. */
void epoll_forget(struct file *f);

#endif
