/* SPDX-License-Identifier: MIT
 *
 * The trace rings: RING_RECORDS records a CPU, the oldest overwritten.
 * Invariant: each ring is written by its own CPU alone, with interrupts masked, so there is no
 * lock. Records carry the low half of the counter: it wraps after a minute or more.
 */
#include "kern/trace.h"

#include "kern/bootargs.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/spin.h"

#define RING_RECORDS 256u /* a power of two */

bool trace_on;

static struct {
    struct {
        uint32_t head; /* records ever written */
        struct trace_record record[RING_RECORDS];
    } ring[CPU_MAX];
} traces;

void trace_init(void)
{
    trace_on = bootargs_is("trace", "1");
}

void trace_write(enum trace_event event, uint32_t a, uint32_t b)
{
    uint32_t mask = irq_save();
    unsigned cpu = cpu_id();
    uint32_t i = traces.ring[cpu].head++ & (RING_RECORDS - 1);

    traces.ring[cpu].record[i] = (struct trace_record){.time = (uint32_t)clock_ticks(),
                                                       .thread = cpu_thread_id(),
                                                       .cpu = (uint8_t)cpu,
                                                       .event = (uint8_t)event,
                                                       .a = a,
                                                       .b = b};
    irq_restore(mask);
}

bool trace_read_cpu(unsigned cpu, unsigned i, struct trace_record *r)
{
    uint32_t head = traces.ring[cpu].head;
    bool there = i < MIN(head, RING_RECORDS);

    if (there)
        *r = traces.ring[cpu].record[(head - 1 - i) & (RING_RECORDS - 1)];
    return there;
}

bool trace_read(unsigned i, struct trace_record *r)
{
    uint32_t mask = irq_save();
    bool there = trace_read_cpu(cpu_id(), i, r);

    irq_restore(mask);
    return there;
}

const char *trace_event_name(unsigned event)
{
    static const char *const name[TRACE_EVENTS] = {
        [TRACE_NONE] = "none", [TRACE_FAULT] = "fault", [TRACE_SWITCH] = "switch",
        [TRACE_IRQ] = "irq",   [TRACE_FORK] = "fork",   [TRACE_EXEC] = "exec",
        [TRACE_EXIT] = "exit",
    };

    return event < TRACE_EVENTS ? name[event] : "?";
}
