/* SPDX-License-Identifier: MIT
 *
 * What the files of the block layer share, and tests look at. Letters: block.h.
 */
#ifndef BLOCK_BLOCK_IMPL_H
#define BLOCK_BLOCK_IMPL_H

#include "block/block.h"

#define BLOCK_TRIES      3u             /* of a transfer before it fails */
#define BLOCK_TIMEOUT_NS 10000000000ull /* a request may take so long */
#define BLOCK_RESETS     3u             /* in a row, then the device is given up */
#define BLOCK_AGE_NS     500000000ull   /* who waits longer goes before the order of sectors */

struct block_device {
    char name[BLOCK_NAME_MAX]; /* (c) */
    struct block_info info;    /* (c) */
    struct waitq work;         /* its lock is (q); the device's thread sleeps here */
    struct tree waiting;       /* (q) by sector */
    struct list by_age;        /* (q) the same, and the one that waits longest first */
    struct list behind;        /* (q) what came behind a flush, in order */
    struct block_io *flush;    /* (q) waits for all before it, or is at work */
    struct list ended;         /* (q) whose done is to be called */
    struct block_request request[BLOCK_DEPTH_MAX]; /* (q) */
    unsigned active;                               /* (q) of them */
    uint64_t head;            /* (q) sector behind the last request that was started */
    unsigned resets;          /* (q) since a request last ended */
    bool poked;               /* (q) the driver wants its poll called */
    bool dead;                /* (q) given up: everything fails at once */
    uint64_t logged_ns;       /* (q) last message about an error, at most one a second */
    unsigned unlogged;        /* (q) errors since */
    struct block_stats stats; /* (q) */
    uint64_t busy_since_ns;   /* (q) active became 1 */
};

extern struct block_device *block_table[BLOCK_DEVICES]; /* written at boot alone */

/* Starts what can be started. (q). */
void block_dispatch(struct block_device *d);
/* Starts the chain as one request if nobody waits, a request is free and it can be one; false: its
 * transfers are to be enqueued. They are possible, and were not tried before. (q). */
bool block_start_chain(struct block_device *d, struct block_io *first);
/* io is over: done will be called. (q). */
void block_end(struct block_device *d, struct block_io *io, int error);
/* io is to be done, again or for the first time; behind a flush if there is one. (q). */
void block_enqueue(struct block_device *d, struct block_io *io);
/* Every request at work ends with an error, since the device does not know of them any more. (q).
 */
void block_give_up(struct block_device *d);
/* One round of the device's thread: what has ended, what is overdue, what can be started, and the
 * calls of done. True: there was something; false: there is nothing to do before *until_ns. */
bool block_round(struct block_device *d, uint64_t *until_ns);

#endif
