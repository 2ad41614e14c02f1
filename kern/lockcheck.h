/* SPDX-License-Identifier: MIT
 *
 * Watching locks, in debug builds: which are held, by whom and taken where; that they are taken in
 * one order; how often and for how long somebody waited. kern/spin.h and proc/sync.c tell; kdb and
 * /proc/lockstat ask. What is wrong is a panic which names the locks, their classes and the places
 * where they were taken:
 *  - a class is taken under one that it goes before, by the order of lock.h or because some CPU did
 *    it the other way round at any time before, not necessarily at the same moment;
 *  - two locks of a class, or the same lock twice, are held at once;
 *  - something that may sleep is done with a spinning lock held or in an interrupt;
 *  - a class that interrupt handlers take, or that is taken below one, is taken with interrupts on;
 *  - what is not held is given back; a thread ends, faults in user mode or goes back there with
 *    locks held.
 * In the production build all of this is nothing.
 */
#ifndef KERN_LOCKCHECK_H
#define KERN_LOCKCHECK_H

#include "kern/lock_class.h"
#include "lib/base.h"

#define LOCK_DEPTH 24 /* a run of pages on their way to a disk is BUSY at once */

struct lock_held {
    const void *lock;
    uintptr_t pc;   /* where it was taken */
    uint32_t since; /* low word of the counter */
    enum lock_class class;
};

/* What a CPU (spinning) or a thread (sleeping) holds, in the order of taking. */
struct lock_list {
    unsigned n;
    struct lock_held held[LOCK_DEPTH];
};

/* Of a class, all CPUs together. */
struct lock_stats {
    const char *name;
    uint32_t taken, contended;     /* how often, and how often not at the first try */
    uint32_t stalled;              /* of these, with a wait of more than 1 ms */
    uint64_t wait_ticks;           /* waited for, in ticks of the counter */
    uint32_t wait_most, hold_most; /* the longest wait and hold */
};

#define LOCK_CALLER ((uintptr_t)__builtin_return_address(0))

#if CONFIG_LOCKCHECK
/* A sleeping lock, by proc/sync.c: before the first try; after a wait that began at lock_clock();
 * when it is held; before it is given back. pc: the caller's caller. */
void lock_wanted(const void *lock, enum lock_class class, uintptr_t pc);
void lock_waited(enum lock_class class, uint32_t since);
/* The same for who waits only until it is free, and does not take it then: counts as a taking. */
void lock_waited_only(enum lock_class class, uint32_t since);
void lock_taken(const void *lock, enum lock_class class, uintptr_t pc);
void lock_dropped(const void *lock, enum lock_class class, uintptr_t pc);
uint32_t lock_clock(void);

/* The caller may sleep here: no spinning lock is held but `but` (or NULL). */
void lock_may_sleep(const void *but);
/* The current thread holds nothing at all, nor does its CPU. */
void lock_none_held(void);
/* A panic: nothing is looked at any more. */
void lock_stop(void);

/* Statistics of a class; false: there is no such class. */
bool lock_stats(enum lock_class class, struct lock_stats *stats);
/* A line for each lock of the list by printf, each begun with `indent`. */
void lock_list_print(const struct lock_list *list, const char *indent,
                     void (*print)(const char *format, ...));
/* What CPU id holds. */
const struct lock_list *lock_list_of_cpu(unsigned id);
/* What the current thread holds, NULL: there is none yet. Provided by proc/thread.c. */
struct lock_list *lock_list_of_thread(void);
#else
static inline void lock_wanted(const void *lock, enum lock_class class, uintptr_t pc)
{
    (void)lock, (void)class, (void)pc;
}

static inline void lock_waited_only(enum lock_class class, uint32_t since)
{
    (void)class, (void)since;
}

static inline void lock_waited(enum lock_class class, uint32_t since)
{
    (void)class, (void)since;
}

static inline void lock_taken(const void *lock, enum lock_class class, uintptr_t pc)
{
    (void)lock, (void)class, (void)pc;
}

static inline void lock_dropped(const void *lock, enum lock_class class, uintptr_t pc)
{
    (void)lock, (void)class, (void)pc;
}

static inline uint32_t lock_clock(void)
{
    return 0;
}

static inline void lock_may_sleep(const void *but)
{
    (void)but;
}

static inline void lock_none_held(void)
{
}

static inline void lock_stop(void)
{
}
#endif

#endif
