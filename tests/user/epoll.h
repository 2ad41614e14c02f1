/* SPDX-License-Identifier: MIT
 *
 * epoll by bare calls, for the tests of it.
 */
#ifndef TESTS_USER_EPOLL_H
#define TESTS_USER_EPOLL_H

#include <stdint.h>
#include <sys/syscall.h>

#include "quire.h"

enum {
    EPOLL_CREATE = 250,
    EPOLL_CTL = 251,
    EPOLL_WAIT = 252,
    EPOLL_PWAIT = 346,
    EPOLL_CREATE1 = 357,
    EPOLL_PWAIT2 = 441,
};

enum { ADD = 1, DEL = 2, MOD = 3 };

enum {
    IN = 1,
    PRI = 2,
    OUT = 4,
    ERR = 8,
    HUP = 16,
    RDHUP = 0x2000,
};

#define EXCLUSIVE (1u << 28)
#define WAKEUP    (1u << 29)
#define ONESHOT   (1u << 30)
#define EDGE      (1u << 31)

struct epoll_event {
    uint32_t events, padding;
    uint64_t data;
};

static inline int epoll_new(void)
{
    return (int)sys_raw(EPOLL_CREATE1, 0);
}

/* One change; the data of the event is the descriptor. */
static inline long epoll_do(int ep, int op, int fd, uint32_t events)
{
    struct epoll_event e = {events, 0, (uint32_t)fd};

    return sys_raw(EPOLL_CTL, ep, op, fd, &e);
}

#endif
