/* SPDX-License-Identifier: MIT
 *
 * The trace's ring of packed records and the merge of several rings by time. Portable and without
 * state of its own: kern/trace.c owns the rings, tests/host has some, too.
 * One writer a ring, any number of readers elsewhere: a record is written, then `head` published; a
 * reader copies and looks at head again. Records keep 38 bits of the time, which is an hour at 62.5
 * MHz: one that is older when it is read seems younger by so much.
 */
#ifndef KERN_TRACE_RING_H
#define KERN_TRACE_RING_H

#include "include/uapi/trace.h"
#include "lib/base.h"

#define TRACE_INFO_MAX 63u

/* 16 bytes. head: thread << 16 | event << 12 | info << 6 | bits 37:32 of the time */
struct trace_raw {
    uint32_t time, head, a, b;
};

#define TRACE_PAGE_RECORDS 256u /* 4 KiB */

struct trace_ring {
    struct trace_raw **page; /* each of TRACE_PAGE_RECORDS; NULL: there is no ring */
    uint32_t size;           /* records, a power of two */
    uint32_t head;           /* atomic: records ever written */
    uint32_t busy;           /* atomic: its writer is at work */
};

/* Appends; record->cpu is not kept. */
void trace_ring_put(struct trace_ring *ring, const struct trace_record *record);
/* Record number i of the ring's life into *record, but for its cpu; now: a time that is not before
 * it. False: overwritten, or not written yet. */
bool trace_ring_get(const struct trace_ring *ring, uint32_t i, uint64_t now,
                    struct trace_record *record);

/* A reader of `count` rings: the next of each, and where to stop. */
struct trace_cursor {
    uint32_t next[8], end[8]; /* record numbers */
    uint64_t now;             /* records later than this are left for the next look */
};

/* The next record by time (equal times: the lower CPU first) from rings[0..count); an overwritten
 * stretch comes as TRACE_LOST once. False: no more until the ends move. */
bool trace_merge(struct trace_cursor *c, const struct trace_ring *rings, unsigned count,
                 struct trace_record *record);
/* The other way round: the newest before the ends, which move back. False: no more. */
bool trace_merge_back(struct trace_cursor *c, const struct trace_ring *rings, unsigned count,
                      struct trace_record *record);

#endif
