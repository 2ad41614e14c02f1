/* SPDX-License-Identifier: MIT
 *
 * What the kernel records of itself and /proc/trace_stream gives to programs: one struct
 * trace_record after the other, in order of time. An event of more than two words goes on in
 * records of TRACE_MORE, which follow it directly.
 */
#ifndef UAPI_TRACE_H
#define UAPI_TRACE_H

#include <stdint.h>

enum trace_event {
    TRACE_NONE,
    TRACE_FAULT,  /* address, pc; info: kind | access << 4; more: ticks it took, 0 */
    TRACE_SWITCH, /* tid from, tid to */
    TRACE_IRQ,    /* interrupt number, 0 */
    TRACE_FORK,   /* parent pid, child pid */
    TRACE_EXEC,   /* pid, entry */
    TRACE_EXIT,   /* pid, status as wait4 has it */
    TRACE_CALL,   /* system call's number, argument 1; more: arguments 2, 3; 4, 5 */
    TRACE_RETURN, /* number, result */
    TRACE_TEXT,   /* a path that a call names, 8 bytes a record; info: bytes in all */
    TRACE_ALLOC,  /* frame number, page in its owner; info: what it is from now on */
    TRACE_FREE,   /* frame number, 0; info: what it was */
    TRACE_LOCK,   /* sleeping lock that is not free: address, the mutex's owner or rwlock's state */
    TRACE_MORE,   /* two words more of the event before */
    TRACE_LOST,   /* made by the reader: records of this CPU that were overwritten, 0 */
    TRACE_EVENTS
};

/* What a fault wanted, and how it ended; the names are /proc/vmstat's. */
#define TRACE_ACCESS_NAMES "read", "write", "exec"
#define TRACE_KIND_NAMES                                                                           \
    "spurious", "reclaim", "upgrade", "attach", "transit", "zero", "copy", "pagein", "pager",      \
        "error"
#define TRACE_KIND(info)   ((info)&15u)
#define TRACE_ACCESS(info) ((info) >> 4)

struct trace_record {
    uint64_t time; /* ticks of the counter; /proc/trace_control says how many are a second */
    uint32_t a, b;
    uint16_t thread; /* tid; 0: idle, or a thread about to be gone */
    uint8_t cpu;
    uint8_t event; /* enum trace_event */
    uint8_t info;  /* 6 bits */
    uint8_t pad[3];
};

#endif
