/* SPDX-License-Identifier: MIT
 *
 * Classes of locks: all locks that guard the same field of different things are one class, and so
 * are the hashed ones. A debug build keeps a lock's class beside it (lockcheck.h); in the
 * production build a class is a word in the source and no byte of memory.
 */
#ifndef KERN_LOCK_CLASS_H
#define KERN_LOCK_CLASS_H

#include "lib/base.h"

/* Names and order are in lockcheck.c. */
enum lock_class {
    LOCK_NONE, /* nobody has given it a class: a bug */
    /* Sleeping. */
    LOCK_SWAPON,
    LOCK_FILE,
    LOCK_PARTITIONS,
    LOCK_NAMESPACE,
    LOCK_INODE,
    LOCK_FILE_LOCKS,
    LOCK_TRACE_CONTROL,
    LOCK_REFS_FILE,
    LOCK_REFS_CONTROL,
    LOCK_VMCHECK,
    LOCK_STOP,
    LOCK_PROC,
    LOCK_COST,
    LOCK_AS,
    LOCK_SHM,
    LOCK_BDEV,
    LOCK_OBJ,
    LOCK_BUSY, /* a page being filled: FRAME_BUSY */
    LOCK_TTY_WRITERS,
    LOCK_FRAMEBUFFER,
    LOCK_STORM,
    LOCK_STORM_PAIR,
    LOCK_TEST_SLEEPING,
    LOCK_SLEEPING_LAST = LOCK_TEST_SLEEPING,
    /* Spinning: processes. */
    LOCK_PROC_SHARE,
    /* Memory. */
    LOCK_KSTACKS,
    LOCK_NUMBER_CHUNKS,
    LOCK_NUMBERS,
    LOCK_SPACES,
    LOCK_OBJ_MAP,
    LOCK_FAMILY_MAP,
    LOCK_REFS,
    LOCK_PT,
    LOCK_NODE,
    LOCK_RECLAIM,
    LOCK_PAGE_CACHE,
    LOCK_PAGE_HASH,
    LOCK_SWAP,
    LOCK_FRAME,
    LOCK_FREE_LIST,
    LOCK_DRAINS,
    LOCK_SLAB,
    LOCK_SLAB_LIST,
    /* Files. */
    LOCK_FDTABLE,
    LOCK_OPEN_FILES,
    LOCK_USERS, /* who has processes, by number */
    /* Threads. */
    LOCK_TIMERS,      /* what rings takes those below */
    LOCK_SLEEP_STATE, /* inside every mutex and rwlock; no interrupt takes it */
    LOCK_FUTEX,
    LOCK_WAITQ,
    LOCK_BUSY_WAITQ,
    LOCK_IRQ_WAITQ,     /* of those that interrupts wake, and under which no mutex is given back */
    LOCK_TTY,           /* a wait queue's, which guards the terminal, too */
    LOCK_POLL,          /* of a head that pollers wait at */
    LOCK_EPOLL,         /* all epolls' one */
    LOCK_EPOLL_POLLERS, /* of the head of an epoll */
    LOCK_ALL_THREADS,
    LOCK_THREADS,
    LOCK_JOB,
    LOCK_RUNQ,
    LOCK_ASIDS,
    /* Machine. */
    LOCK_IRQS,
    LOCK_EPOCH,
    LOCK_WATCHDOG,
    LOCK_RANDOM,
    LOCK_UNIMPLEMENTED,
    LOCK_LOG,
    LOCK_CONSOLE_IN,
    LOCK_CONSOLE_OUT,
    LOCK_TEST_A,
    LOCK_TEST_B,
    LOCK_TEST_C,
    LOCK_CLASSES
};

#if CONFIG_LOCKCHECK
struct lock_info {
    uint8_t class; /* (c) enum lock_class */
};

/* Last field of every kind of lock, and its value. */
#define LOCK_INFO           struct lock_info info;
#define LOCK_INFO_INIT(c)   .info = {(c)},
#define LOCK_CLASS(l)       ((enum lock_class)(l)->info.class)
#define lock_classify(l, c) ((void)((l)->info.class = (uint8_t)(c)))
#else
#define LOCK_INFO
#define LOCK_INFO_INIT(c)
#define LOCK_CLASS(l)       LOCK_NONE
#define lock_classify(l, c) ((void)(l))
#endif

#endif
