/* SPDX-License-Identifier: MIT
 *
 * Trace: what happens, in a ring of 16-byte records for each CPU. A trace point costs a load and a
 * branch where its event is not recorded. Events and records are in include/uapi/trace.h. Rings
 * are given by proc/trace_control.c, which also serves /proc; a panic shows the last records.
 * trace_write may be called in any context; the ring of a CPU is written with interrupts masked.
 */
#ifndef KERN_TRACE_H
#define KERN_TRACE_H

#include "kern/trace_ring.h"

#define TRACE_BIT(event) (1u << (event))
#define TRACE_SYSCALL    (TRACE_BIT(TRACE_CALL) | TRACE_BIT(TRACE_RETURN) | TRACE_BIT(TRACE_TEXT))
#define TRACE_PAGES      (TRACE_BIT(TRACE_ALLOC) | TRACE_BIT(TRACE_FREE))
#define TRACE_ALL        ((TRACE_BIT(TRACE_MORE) - 1) & ~TRACE_BIT(TRACE_NONE))

extern uint32_t trace_mask; /* bit n: event n is recorded; changed by trace_record_events alone */

__noinline void trace_write(enum trace_event event, unsigned info, uint32_t a, uint32_t b);

static inline void trace(enum trace_event event, uint32_t a, uint32_t b)
{
    if (unlikely(trace_mask & TRACE_BIT(event)))
        trace_write(event, 0, a, b);
}

/* A switch belongs to both threads: ours says whether one of them passes the filter. */
void trace_write_switch(bool ours, uint32_t from, uint32_t to);
/* A record and records of TRACE_MORE behind it: n words, n even. */
__noinline void trace_write_words(enum trace_event event, unsigned info, const uint32_t *word,
                                  unsigned n);
/* The path that a system call names, in up to 40 bytes. */
__noinline void trace_write_text(const char *text);

static inline void trace_text(const char *text)
{
    if (unlikely(trace_mask & TRACE_BIT(TRACE_TEXT)))
        trace_write_text(text);
}

/* Records the events of the mask from now on; 0 stops, and returns when no CPU writes any more.
 * filter: of threads alone whose process is marked (cpu_thread_traced). Not from interrupts, but
 * for 0 in a panic. */
void trace_record_events(uint32_t mask, bool filter);
/* The ring of a CPU, empty; page NULL: none. Nothing is being recorded. Size: a power of two. */
void trace_set_ring(unsigned cpu, struct trace_raw **page, uint32_t size);
const struct trace_ring *trace_get_ring(unsigned cpu);

/* Lets a cursor see what has been recorded by now; one of all zeroes begins with the oldest. */
void trace_look(struct trace_cursor *c);
bool trace_next(struct trace_cursor *c, struct trace_record *r);
/* The i-th newest record of all CPUs into *r; false where there is none. O(i): for debugging. */
bool trace_read(unsigned i, struct trace_record *r);

const char *trace_event_name(unsigned event);
/* The mask of a list "fault,syscall,exec": names of events, or of several: syscall, pages, all. 0:
 * one of them is none. */
uint32_t trace_events_parse(const char *list, size_t len);
/* A record as a line without its end; its length. A record of TRACE_MORE: what belongs behind the
 * line before; text: that was TRACE_TEXT. */
#define TRACE_LINE_MAX 96
int trace_format(const struct trace_record *r, bool text, char line[TRACE_LINE_MAX]);

#endif
