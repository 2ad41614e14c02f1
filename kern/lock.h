/* SPDX-License-Identifier: MIT
 *
 * Locks. Spinning: struct spin, held for a few instructions, never over anything that sleeps;
 * the _irq form also masks interrupts, for locks that interrupt handlers take.
 * Sleeping: struct mutex, struct rwlock (many readers or one writer, writers first), built on wait
 * queues. Implemented by spin.h and proc/sync.c; on the host by tests/host with pthreads.
 *
 * Order, everywhere: namespace > inode > as > shared segments > obj > BUSY, then the spinning ones:
 * parts of a set > pt_lock > node > page cache > page hash > frame > free list, slab > trace, log.
 * Debug builds check it (lockcheck.h). A page-table entry has no lock of its own but its node's,
 * which is hashed.
 */
#ifndef KERN_LOCK_H
#define KERN_LOCK_H

#include "lib/base.h"
#include "lib/list.h"
#include "kern/spin.h"

/* Threads asleep until something happens. */
struct waitq {
    struct spin lock;
    struct list waiters; /* lock: struct thread, by its wait link */
};

#define WAITQ_INIT_CLASS(q, class)                                                                 \
    {                                                                                              \
        .lock = SPIN_INIT(class), .waiters = LIST_INIT((q).waiters)                                \
    }
#define WAITQ_INIT(q) WAITQ_INIT_CLASS(q, LOCK_WAITQ)

struct mutex {
    struct waitq wait;
    void *owner; /* wait.lock: the struct thread holding it, or NULL */
    LOCK_INFO
};

#define MUTEX_INIT(m, class)                                                                       \
    {                                                                                              \
        .wait = WAITQ_INIT_CLASS((m).wait, LOCK_SLEEP_STATE), LOCK_INFO_INIT(class)                \
    }

struct rwlock {
    struct waitq wait;
    uint32_t state; /* atomic: number of readers, RWLOCK_WRITER, RWLOCK_WAITING */
    void *writer;   /* the thread writing, or NULL; its own */
    LOCK_INFO
};

#define RWLOCK_WRITER  0x80000000u /* somebody writes */
#define RWLOCK_WAITING 0x40000000u /* somebody sleeps for it: who comes queues up behind */

/* These leave the class to lock_classify. */
void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m); /* may sleep */
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_held(const struct mutex *m); /* by the calling thread */

void rwlock_init(struct rwlock *l);
void rwlock_read(struct rwlock *l); /* may sleep */
void rwlock_read_done(struct rwlock *l);
void rwlock_write(struct rwlock *l);    /* may sleep */
bool rwlock_trywrite(struct rwlock *l); /* does not sleep */
void rwlock_write_done(struct rwlock *l);
bool rwlock_held_write(const struct rwlock *l); /* by the calling thread */

/* The kernel runs until it sleeps or passes here: gives the CPU away if another thread is due.
 * May sleep; no lock but sleeping ones held. Loops over pages, segments or bytes pass one at least
 * every 50,000 instructions. */
void preempt_point(void);

/* The same between two pieces of a call that may take seconds, with no lock held and no page in
 * use: here the thread may also be stopped, as at the kernel's edge, so that an audit need not wait
 * for the end of the call. */
void rest_point(void);

/* Between the two the calling thread owns what is no lock and others may wait for, such as a page
 * that is on its way from a disk: an audit waits for it as if it held one. */
void audit_defer(void);
void audit_admit(void);

/* The calling thread is to die: a long operation ends early, with what it has done. */
bool thread_interrupted(void);
/* The same, or it has a signal to take: who waits or has done part of its work ends here. */
bool thread_signalled(void);

#endif
