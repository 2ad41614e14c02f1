/* SPDX-License-Identifier: MIT
 *
 * Trace: a ring of 16-byte records per CPU, written by trace() where `trace=1` on the command line
 * switched it on, shown by a panic. Where it is off it costs a load and a branch. Interrupt-safe.
 */
#ifndef KERN_TRACE_H
#define KERN_TRACE_H

#include "lib/base.h"

enum trace_event {
    TRACE_NONE,
    TRACE_FAULT,  /* address, pc */
    TRACE_SWITCH, /* tid from, tid to */
    TRACE_IRQ,    /* interrupt number, 0 */
    TRACE_FORK,   /* parent pid, child pid */
    TRACE_EXEC,   /* pid, entry */
    TRACE_EXIT,   /* pid, status */
    TRACE_EVENTS
};

struct trace_record {
    uint32_t time;   /* low 32 bits of the counter, ticks */
    uint16_t thread; /* tid */
    uint8_t cpu, event;
    uint32_t a, b;
};

extern bool trace_on; /* (c) after boot */
/* Switches the trace on where the command line has trace=1. */
void trace_init(void);
void trace_write(enum trace_event event, uint32_t a, uint32_t b);

static inline void trace(enum trace_event event, uint32_t a, uint32_t b)
{
    if (unlikely(trace_on))
        trace_write(event, a, b);
}

/* The i-th newest record of this CPU into *r; false where there is none. */
bool trace_read(unsigned i, struct trace_record *r);
/* The same of a CPU that stands still. */
bool trace_read_cpu(unsigned cpu, unsigned i, struct trace_record *r);
const char *trace_event_name(unsigned event);

#endif
