/* SPDX-License-Identifier: MIT
 *
 * CPUs as the portable kernel sees them: the mask of those that run, the arrival of new ones, and
 * interrupts from one to another.
 * Invariant: a core is in exactly one state, changed by compare-and-swap, so that one which comes
 * after the boot CPU gave it up never joins. Locks: none; masks and states are atomic.
 */
#include "kern/cpu.h"

#include <string.h>

#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/irq.h"
#include "kern/panic.h"

#define METHODS_MAX 4
#define HALT_NS     20000000u /* a core that does not stop within 20 ms is left alone */

enum core_state { CORE_ABSENT, CORE_EXPECTED, CORE_ONLINE, CORE_GIVEN_UP };

static struct {
    uint32_t online;         /* atomic: bit n */
    uint32_t halting;        /* atomic: bit n is to stop, or has been told */
    uint32_t halted;         /* atomic */
    uint32_t heard[CPU_MAX]; /* each CPU its own */
    uint32_t state[CPU_MAX];
    struct {
        const char *name;
        cpu_start_method *start;
    } method[METHODS_MAX]; /* (c) after probing */
    unsigned nmethods;     /* (c) likewise */
} cpus;

uint32_t cpus_online(void)
{
    return __atomic_load_n(&cpus.online, __ATOMIC_RELAXED);
}

void cpu_add_method(const char *name, cpu_start_method *start)
{
    kassert(cpus.nmethods < METHODS_MAX);
    cpus.method[cpus.nmethods].name = name;
    cpus.method[cpus.nmethods++].start = start;
}

cpu_start_method *cpu_find_method(const char *name)
{
    for (unsigned i = 0; i < cpus.nmethods; i++)
        if (strcmp(cpus.method[i].name, name) == 0)
            return cpus.method[i].start;
    return NULL;
}

/* The interrupt itself is the message: the way back to the thread looks at its work. */
static void cpu_interrupt(void *arg)
{
    uint32_t me = 1u << cpu_id();

    (void)arg;
    cpus.heard[cpu_id()]++;
    if (unlikely(__atomic_load_n(&cpus.halting, __ATOMIC_ACQUIRE) & me)) {
        __atomic_fetch_or(&cpus.halted, me, __ATOMIC_RELEASE);
        arch_halt();
    }
}

int cpu_init(void)
{
    cpus.state[cpu_id()] = CORE_ONLINE;
    cpus.online = 1u << cpu_id();
    return irq_request_ipi(cpu_interrupt);
}

static bool state_move(unsigned id, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&cpus.state[id], &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

bool cpu_arrive(void)
{
    unsigned id = cpu_id();

    if (!state_move(id, CORE_EXPECTED, CORE_ONLINE))
        return false;
    __atomic_fetch_or(&cpus.online, 1u << id, __ATOMIC_RELEASE);
    return true;
}

void cpu_expect(unsigned id)
{
    __atomic_store_n(&cpus.state[id], CORE_EXPECTED, __ATOMIC_RELEASE);
}

bool cpu_wait(unsigned id, uint64_t time_ns)
{
    uint64_t end = clock_ns() + time_ns;

    while (!(__atomic_load_n(&cpus.online, __ATOMIC_ACQUIRE) >> id & 1))
        if (clock_ns() >= end && state_move(id, CORE_EXPECTED, CORE_GIVEN_UP))
            return false;
    return true;
}

void cpu_kick(uint32_t mask)
{
    if (mask)
        irq_send_ipi(mask);
}

uint32_t cpu_heard(unsigned id)
{
    return __atomic_load_n(&cpus.heard[id], __ATOMIC_RELAXED);
}

void cpu_halt_others(void)
{
    uint32_t others = cpus_online() & ~(1u << cpu_id());
    uint64_t end;

    if (!others)
        return;
    __atomic_store_n(&cpus.halting, others, __ATOMIC_RELEASE);
    irq_send_ipi(others);
    end = clock_ns() + HALT_NS;
    while (__atomic_load_n(&cpus.halted, __ATOMIC_ACQUIRE) != others && clock_ns() < end)
        continue;
}
