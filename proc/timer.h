/* SPDX-License-Identifier: MIT
 *
 * Kernel timers: a function that is called in an interrupt when its time has come. They are in one
 * place for all CPUs: a tree for each base of time, under one lock (K), so that a wall clock that
 * is set moves nothing; the CPU that set the earliest one sees to it that its clock rings in time.
 * Nobody is kept in interrupts: each ring was paid for by a thread that set the timer, for what
 * rings does not set itself again, and few ring at once before threads go on for a while.
 * Locks: (K), interrupts masked, above wait queues and (T).
 */
#ifndef PROC_TIMER_H
#define PROC_TIMER_H

#include "lib/tree.h"

enum timer_base {
    TIMER_MONOTONIC, /* clock_ns() */
    TIMER_WALL,      /* that and clock_epoch_ns(): moves when the wall clock is set */
    TIMER_BASES,
};

struct timer {
    struct tree_link link;         /* (K) */
    uint64_t when_ns;              /* (K) in its base */
    uint8_t base;                  /* (K) enum timer_base; changed while it is not set */
    bool set;                      /* (K) */
    void (*ring)(struct timer *t); /* (c) in an interrupt, (K) held, t not set any more */
};

/* (K): the former interrupt mask. */
uint32_t timers_lock(void);
void timers_unlock(uint32_t mask);
/* t rings at when_ns, or soon if that is past, and not when it was to before. (K) held; O(log n).
 */
void timer_set(struct timer *t, uint64_t when_ns);
/* t does not ring, and is not ringing. (K) held. */
void timer_stop(struct timer *t);
/* The time of a base. */
uint64_t timer_now(enum timer_base base);

/* For the scheduler's tick, interrupts masked and nothing locked: rings what is due at now_ns. When
 * this CPU's clock is to ring for the next one; UINT64_MAX: it need not. */
uint64_t timers_run(uint64_t now_ns);
/* The wall clock was set. */
void timers_clock_set(void);
/* That are set: for tests. */
uint32_t timers_count(void);

#endif
