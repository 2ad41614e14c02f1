/* SPDX-License-Identifier: MIT
 *
 * The JSON of trace -j and ktrace -j. A thread is a row of its own; a process has one thread today,
 * so pid and tid are the same number.
 */
#include "trace_json.h"

#include <stdio.h>

#include "calls.h"
#include "quire.h"

#define NSEC_PER_SEC 1000000000ull

static uint32_t hz = 1;
static const char *comma;

void json_begin(uint32_t ticks_per_second)
{
    hz = ticks_per_second;
    comma = "";
    printf("[");
}

void json_end(void)
{
    printf("\n]\n");
}

/* The beginning of an event's object, up to the members of its arguments. */
static void object_open(const char *name, char phase, const struct trace_record *r)
{
    char digits[U64_DIGITS];
    uint64_t ns = r->time / hz * NSEC_PER_SEC + r->time % hz * NSEC_PER_SEC / hz;

    printf("%s\n{\"name\":\"%s\",\"ph\":\"%c\",\"ts\":%s.%03lu,\"pid\":%u,\"tid\":%u,", comma, name,
           phase, u64_format(ns / 1000, digits), (unsigned long)(ns % 1000), r->thread, r->thread);
    if (phase == 'i')
        printf("\"s\":\"t\",");
    printf("\"args\":{\"cpu\":%u", r->cpu);
    comma = ",";
}

static void call_write(const struct trace_record *r, char phase)
{
    char name[CALL_NAME_MAX];

    object_open(call_name(r->a, name), phase, r);
    if (phase == 'B')
        printf(",\"arg\":\"%lx\"}}", (unsigned long)r->b);
    else
        printf(",\"result\":%ld}}", (long)(int32_t)r->b);
}

void json_event(const struct event *event)
{
    static const char *const names[TRACE_EVENTS] = {
        [TRACE_SWITCH] = "switch", [TRACE_IRQ] = "irq",   [TRACE_FORK] = "fork",
        [TRACE_EXEC] = "exec",     [TRACE_EXIT] = "exit", [TRACE_ALLOC] = "alloc",
        [TRACE_FREE] = "free",     [TRACE_LOCK] = "lock", [TRACE_LOST] = "lost",
    };
    const struct trace_record *r = &event->record;

    if (r->event == TRACE_CALL || r->event == TRACE_RETURN) {
        call_write(r, r->event == TRACE_CALL ? 'B' : 'E');
    } else if (r->event == TRACE_FAULT) {
        object_open(trace_kind(r), 'i', r);
        printf(",\"address\":\"%08lx\",\"access\":\"%s\",\"pc\":\"%08lx\"}}", (unsigned long)r->a,
               trace_access(r), (unsigned long)r->b);
    } else if (r->event < TRACE_EVENTS && names[r->event]) {
        object_open(names[r->event], 'i', r);
        printf(",\"a\":%lu,\"b\":%lu}}", (unsigned long)r->a, (unsigned long)r->b);
    }
}
