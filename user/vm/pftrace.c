/* SPDX-License-Identifier: MIT
 *
 * pftrace COMMAND [ARGUMENT...]: every page fault of a command and its descendants: thread,
 * address, access, pc, how it ended, how many ticks it took and when that was. pftrace on: records
 * those of all processes; pftrace off: shows them and ends that; without an argument: shows them.
 */
#include <stdio.h>
#include <string.h>

#include "quire.h"
#include "tracing.h"

#define HEADING "  tid address  wants pc       kind      ticks at tick\n"

static void fault_show(const struct event *event)
{
    const struct trace_record *r = &event->record;
    char digits[U64_DIGITS];

    if (r->event == TRACE_LOST)
        printf("pftrace: %lu records of cpu %u lost\n", (unsigned long)r->a, r->cpu);
    else if (r->event == TRACE_FAULT)
        printf("%5u %08lx %-5s %08lx %-8s %6lu %s\n", r->thread, (unsigned long)r->a,
               trace_access(r), (unsigned long)r->b, trace_kind(r), (unsigned long)event->word[2],
               u64_format(r->time, digits));
}

static int recorded_show(void)
{
    printf(HEADING);
    return trace_dump("pftrace", fault_show);
}

static int command_follow(char **argv)
{
    static char path[256];
    struct trace_job job = {
        .caller = "pftrace", .events = "fault", .argv = argv, .handle = fault_show};
    const char *name = argv[0];
    int status = 0;

    if (!command_find(name, path, sizeof path)) {
        fprintf(stderr, "pftrace: %s: not found\n", name);
        return 127;
    }
    argv[0] = path;
    printf(HEADING);
    fflush(stdout);
    if (trace_follow(&job, &status) < 0)
        return 1;
    status_report(name, status);
    return status_to_code(status);
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return recorded_show() < 0;
    if (argc == 2 && strcmp(argv[1], "on") == 0)
        return trace_say("clear pid=0 events=fault on") < 0 ? fail("pftrace", "on") : 0;
    if (argc == 2 && strcmp(argv[1], "off") == 0) {
        if (trace_say("off") < 0 || recorded_show() < 0)
            return 1;
        return trace_say("clear") < 0;
    }
    if (argv[1][0] != '-')
        return command_follow(argv + 1);
    fprintf(stderr, "usage: pftrace [on | off | COMMAND [ARGUMENT...]]\n");
    return 2;
}
