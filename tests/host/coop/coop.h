/* SPDX-License-Identifier: MIT
 *
 * All schedules of a few threads of the kernel, one after the other: threads are coroutines of one
 * host thread that announce each step which others could see - a lock, an atomic word, an entry of
 * the MMU, bytes of a page, a program's access - and go on only when they are chosen. Every choice
 * is explored, by running again from the same memory with other choices. Two steps that touch
 * nothing in common may change places without anybody seeing it, so that of all schedules which
 * differ in this alone one is run: dynamic partial-order reduction with sleep sets. A step is as
 * the source says: what a weakly ordered machine makes of it is not explored.
 * Source: Flanagan and Godefroid, POPL 2005; Godefroid 1996 for sleep sets.
 */
#ifndef TESTS_COOP_H
#define TESTS_COOP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base.h"

#define COOP_PROCS 4u /* threads at most; each is a CPU */

/* What a step does with a thing. Two steps are independent if they have no thing in common, or only
 * read it, or only add to it. */
enum coop_mode { COOP_READ, COOP_WRITE, COOP_ADD };

struct coop_access {
    uintptr_t key; /* names the thing: an address, or see coop_key */
    enum coop_mode mode;
};

/* Names of things without an address. */
enum coop_thing { COOP_MMU_PAGE = 1, COOP_MMU_NODE, COOP_MMU_SPACE, COOP_TIME };

static inline uintptr_t coop_key(enum coop_thing thing, uint32_t which)
{
    return (uintptr_t)which << 8 | (uintptr_t)thing;
}

#define COOP_ACCESSES 4u

/* When a step can be done. */
enum coop_when {
    COOP_ALWAYS,
    COOP_IF_ZERO,   /* the word at `on` is 0 */
    COOP_IF_EVEN,   /* it is even */
    COOP_IF_CHANGE, /* it is not `seen` any more; a wait, no step by itself */
    COOP_IF_WOKEN,  /* coop_wake */
    COOP_IF_FREE,   /* both words at `on` and `also` are 0 */
};

struct coop_op {
    enum coop_when when;
    const void *on, *also;
    size_t size;
    uint64_t seen;
    unsigned n;
    struct coop_access access[COOP_ACCESSES];
    void (*resolve)(struct coop_op *op, void *arg); /* not NULL: what it touches now */
    void *arg;
};

/* The calling thread's next step; returns when it is to be done. Nothing outside a thread. */
void coop_step(const struct coop_op *op);
void coop_point(uintptr_t key, enum coop_mode mode);
void coop_atomic(enum coop_mode mode, const void *p, size_t size);
/* Bytes of a page are copied; from: NULL, set. */
void coop_copy(const void *to, const void *from);
/* Until the word that the thread read last by coop_atomic is another one. */
void coop_wait_change(void);
/* What was taken by an earlier step is given back: no step, but who takes it next comes after it.
 */
void coop_release(uintptr_t key, enum coop_mode mode);
/* The thread's next COOP_IF_WOKEN can be done. */
void coop_wake(unsigned proc);
/* Number of the thread, or 0 outside; true inside one. */
unsigned coop_self(void);
bool coop_inside(void);
/* So many steps were made. */
unsigned coop_now(void);

struct coop_exploration {
    const char *name;
    unsigned procs;
    void (*body)(unsigned proc); /* of each thread */
    void (*check)(void);         /* after each schedule */
    unsigned most;               /* schedules at most; 0: all */
    unsigned preemptions;        /* in one schedule at most; 0: no bound */
    const char *replay;          /* this schedule alone, as a failure printed it */
    /* Results. */
    unsigned schedules, redundant, steps; /* run to their end; given up; most steps of one */
    bool complete;
};

/* Once, before anything else. */
void coop_init(void);
void coop_explore(struct coop_exploration *e);
/* Says on stderr what was chosen so far, for replay. */
void coop_print(void);

#endif
