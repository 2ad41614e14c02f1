/* SPDX-License-Identifier: MIT
 *
 * The trace rings, one for each CPU, the oldest record overwritten.
 * Invariant: each ring is written by its own CPU alone, with interrupts masked and `busy` set, so
 * there is no lock; who stops the trace waits until no ring is busy.
 */
#include "kern/trace.h"

#include <string.h>

#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/spin.h"

#define TEXT_MAX 40u
#define PATIENCE 1000000u /* looks at a CPU that may have been halted while it wrote */

uint32_t trace_mask;

static struct {
    bool filter; /* only threads of marked processes */
    struct trace_ring ring[CPU_MAX];
} traces;

/* Looks at the mask again once busy is set: who took it away either waits for us, or we see it. */
static void write(bool ours, enum trace_event event, unsigned info, const uint32_t *word,
                  unsigned n)
{
    uint32_t mask = irq_save();
    struct trace_ring *ring = &traces.ring[cpu_id()];
    struct trace_record r = {.thread = cpu_thread_id(), .info = (uint8_t)info};

    __atomic_store_n(&ring->busy, 1, __ATOMIC_RELAXED);
    memory_barrier();
    if (ours && ring->page && __atomic_load_n(&trace_mask, __ATOMIC_RELAXED) & TRACE_BIT(event)) {
        r.time = clock_ticks();
        for (unsigned i = 0; i < n; i += 2) {
            r.event = (uint8_t)(i == 0 ? event : TRACE_MORE);
            r.a = word[i];
            r.b = word[i + 1];
            trace_ring_put(ring, &r);
        }
    }
    __atomic_store_n(&ring->busy, 0, __ATOMIC_RELEASE);
    irq_restore(mask);
}

static bool is_ours(void)
{
    return !traces.filter || cpu_thread_traced();
}

void trace_write_words(enum trace_event event, unsigned info, const uint32_t *word, unsigned n)
{
    write(is_ours(), event, info, word, n);
}

void trace_write(enum trace_event event, unsigned info, uint32_t a, uint32_t b)
{
    write(is_ours(), event, info, (uint32_t[]){a, b}, 2);
}

void trace_write_switch(bool ours, uint32_t from, uint32_t to)
{
    write(ours || !traces.filter, TRACE_SWITCH, 0, (uint32_t[]){from, to}, 2);
}

void trace_write_text(const char *text)
{
    uint32_t word[TEXT_MAX / 4] = {0};
    size_t len = strlen(text);

    memcpy(word, text, MIN(len, sizeof(word)));
    write(is_ours(), TRACE_TEXT, (unsigned)MIN(len, TRACE_INFO_MAX), word,
          (unsigned)ALIGN_UP(MAX(MIN(len, sizeof(word)), 1u), 8u) / 4);
}

/* Nobody writes to the rings now, unless a CPU stopped in the middle of it. */
static void wait_until_idle(void)
{
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        for (unsigned n = 0; n < PATIENCE; n++)
            if (!__atomic_load_n(&traces.ring[cpu].busy, __ATOMIC_ACQUIRE))
                break;
}

void trace_record_events(uint32_t mask, bool filter)
{
    traces.filter = filter;
    __atomic_store_n(&trace_mask, mask & TRACE_ALL, __ATOMIC_RELEASE);
    memory_barrier();
    arch_trace_traps(mask & (TRACE_SYSCALL | TRACE_BIT(TRACE_FAULT)));
    if (!mask)
        wait_until_idle();
}

void trace_set_ring(unsigned cpu, struct trace_raw **page, uint32_t size)
{
    traces.ring[cpu] = (struct trace_ring){.page = page, .size = size};
}

const struct trace_ring *trace_get_ring(unsigned cpu)
{
    return &traces.ring[cpu];
}

/* The time first: a record that a CPU begins to write after we found it idle is later. */
void trace_look(struct trace_cursor *c)
{
    c->now = clock_ticks();
    memory_barrier();
    wait_until_idle();
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        c->end[cpu] = __atomic_load_n(&traces.ring[cpu].head, __ATOMIC_ACQUIRE);
}

bool trace_next(struct trace_cursor *c, struct trace_record *r)
{
    return trace_merge(c, traces.ring, CPU_MAX, r);
}

bool trace_read(unsigned i, struct trace_record *r)
{
    struct trace_cursor c = {0};
    bool there = true;

    trace_look(&c);
    for (unsigned back = 0; there && back <= i; back++)
        there = trace_merge_back(&c, traces.ring, CPU_MAX, r);
    return there;
}
