/* SPDX-License-Identifier: MIT
 *
 * Packing and unpacking of trace records, and the merge. See the header for the rules between a
 * ring's writer and its readers.
 */
#include "kern/trace_ring.h"

#include "machine/cpu.h"

#define TIME_BITS 38
#define TIME_MASK ((1ull << TIME_BITS) - 1)
#define SLACK     (1ull << 30) /* a reader's clock may be behind a writer's */

_Static_assert(sizeof(struct trace_raw) == 16, "a record is 16 bytes");
_Static_assert(TRACE_EVENTS <= 16, "an event is 4 bits");
_Static_assert(CPU_MAX <= 8, "a cursor has room for 8 rings");

static struct trace_raw *slot(const struct trace_ring *ring, uint32_t i)
{
    i &= ring->size - 1;
    return &ring->page[i / TRACE_PAGE_RECORDS][i % TRACE_PAGE_RECORDS];
}

void trace_ring_put(struct trace_ring *ring, const struct trace_record *record)
{
    uint32_t i = ring->head;

    *slot(ring, i) = (struct trace_raw){
        .time = (uint32_t)record->time,
        .head = (uint32_t)record->thread << 16 | (uint32_t)record->event << 12 |
                (uint32_t)(record->info & TRACE_INFO_MAX) << 6 | ((record->time >> 32) & 0x3f),
        .a = record->a,
        .b = record->b};
    __atomic_store_n(&ring->head, i + 1, __ATOMIC_RELEASE);
}

bool trace_ring_get(const struct trace_ring *ring, uint32_t i, uint64_t now,
                    struct trace_record *record)
{
    uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    struct trace_raw raw;

    if (!ring->page || head - i - 1 >= ring->size)
        return false;
    raw = *slot(ring, i);
    memory_barrier();
    /* Record `head` may be on its way into the place of head - size. */
    head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    if (head - i > ring->size ||
        (head - i == ring->size && __atomic_load_n(&ring->busy, __ATOMIC_RELAXED)))
        return false;
    now += SLACK;
    *record = (struct trace_record){
        .time = now - ((now - (raw.time | (uint64_t)(raw.head & 0x3f) << 32)) & TIME_MASK),
        .a = raw.a,
        .b = raw.b,
        .thread = (uint16_t)(raw.head >> 16),
        .event = raw.head >> 12 & 15,
        .info = raw.head >> 6 & TRACE_INFO_MAX};
    return true;
}

/* How many records from number `next` on are overwritten, of those that the cursor is to give. */
static uint32_t count_lost(const struct trace_ring *ring, uint32_t next, uint32_t end)
{
    uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    uint32_t lost = head - next > ring->size ? head - next - ring->size : 1;

    return MIN(lost, end - next);
}

/* The record that ring `cpu` has next, or that some were lost. False: none. */
static bool peek(const struct trace_cursor *c, const struct trace_ring *ring, unsigned cpu,
                 struct trace_record *record)
{
    uint32_t next = c->next[cpu];

    if (!ring->page || (int32_t)(c->end[cpu] - next) <= 0)
        return false;
    if (!trace_ring_get(ring, next, c->now, record)) {
        uint32_t lost = count_lost(ring, next, c->end[cpu]);
        uint64_t time = trace_ring_get(ring, next + lost, c->now, record) ? record->time : 0;

        *record = (struct trace_record){.time = time, .a = lost, .event = TRACE_LOST};
    }
    record->cpu = (uint8_t)cpu;
    return record->time <= c->now;
}

bool trace_merge(struct trace_cursor *c, const struct trace_ring *rings, unsigned count,
                 struct trace_record *record)
{
    bool found = false;

    for (unsigned cpu = 0; cpu < count; cpu++) {
        struct trace_record r = {0};

        if (peek(c, &rings[cpu], cpu, &r) && (!found || r.time < record->time)) {
            *record = r;
            found = true;
        }
    }
    if (found)
        c->next[record->cpu] += record->event == TRACE_LOST ? record->a : 1;
    return found;
}

bool trace_merge_back(struct trace_cursor *c, const struct trace_ring *rings, unsigned count,
                      struct trace_record *record)
{
    bool found = false;

    for (unsigned cpu = 0; cpu < count; cpu++) {
        struct trace_record r;

        if (c->end[cpu] > 0 && trace_ring_get(&rings[cpu], c->end[cpu] - 1, c->now, &r) &&
            (!found || r.time >= record->time)) {
            *record = r;
            record->cpu = (uint8_t)cpu;
            found = true;
        }
    }
    if (found)
        c->end[record->cpu]--;
    return found;
}
