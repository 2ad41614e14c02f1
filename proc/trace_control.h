/* SPDX-License-Identifier: MIT
 *
 * The trace as its users steer it: what is recorded, of whom, in how much memory. Commands are
 * words:
 * - events=LIST: what is recorded, see trace_events_parse; first everything but pages
 * - pid=N: only of process N and its descendants, but of whoever says so only if it is N; 0: of all
 * - records=N: size of each CPU's ring, a power of two or rounded up; while there are no rings
 * - on: takes memory for the rings, if there are none, and begins
 * - off: stops; what was recorded stays
 * - clear: stops and gives the memory back
 * - hold: clear, and everything as after boot, when the file that said so is closed
 */
#ifndef PROC_TRACE_CONTROL_H
#define PROC_TRACE_CONTROL_H

#include "fs/text.h"
#include "kern/trace.h"

/* trace=1 or trace=LIST, trace_records=N of the command line. All CPUs are there. */
void trace_boot(void);

/* The words of a line, in order, up to the first that fails: -EINVAL, -ENOMEM, -ESRCH (pid),
 * -EBUSY (records: there are rings; hold: the trace is in use). f: who says so. May sleep. */
int __must_check trace_command(const struct file *f, const char *line);
/* f is closed. May sleep. */
void trace_closed(const struct file *f);

/* /proc/trace_control: lines of a key and a value. */
void trace_print_control(struct text *t);
/* /proc/trace: all records, by time. */
void trace_print_records(struct text *t);

/* Somebody who reads on and on; all zeroes: from the oldest record. */
struct trace_stream {
    struct trace_cursor cursor;
    uint32_t generation; /* of the rings that the cursor is for */
    bool looked;         /* the cursor knows where to stop */
};

/* Up to max records of those that were there when `looked` was false last: how many. Whoever has
 * read them all makes it false, for those that came since. May sleep. */
unsigned trace_stream_read(struct trace_stream *s, struct trace_record *r, unsigned max);

#endif
