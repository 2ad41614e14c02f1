/* SPDX-License-Identifier: MIT
 *
 * The kernel's trace for programs: switching it on for a command, and its records put together to
 * events. See proc/trace_control.h for the words of /proc/trace_control.
 */
#ifndef TRACING_H
#define TRACING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "include/uapi/trace.h"

#define EVENT_WORDS 16u

/* A record with all its words: a and b of it, then those of TRACE_MORE. */
struct event {
    struct trace_record record;
    uint32_t word[EVENT_WORDS];
    unsigned words;
};

typedef void event_handler(const struct event *event);

/* Writes words to /proc/trace_control; 0, or -1 and errno. */
int trace_say(const char *words);
/* Ticks of struct trace_record's time in a second. */
uint32_t trace_hz(void);

/* Runs argv[0] (a path) with the trace on for it and its descendants, or, where argv is NULL, only
 * follows process pid until it is gone. Events of the list; rings of `records` (0: the kernel's
 * choice). *status: the command's. 0, or -1 after a message. */
struct trace_job {
    const char *caller, *events;
    uint32_t records;
    char **argv;
    pid_t pid;
    event_handler *handle;
};
int trace_follow(const struct trace_job *job, int *status);
/* What the rings hold now. 0, or -1 after a message. */
int trace_dump(const char *caller, event_handler *handle);

/* Names for output. */
const char *trace_kind(const struct trace_record *r);
const char *trace_access(const struct trace_record *r);

#endif
