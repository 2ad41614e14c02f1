/* SPDX-License-Identifier: MIT
 *
 * CPUs as the portable kernel sees them: the mask of those that run, the arrival of new ones,
 * interrupts from one to another, and CPUs that pause while another one looks around.
 * Invariant: a core is in exactly one state, changed by compare-and-swap, so that one which comes
 * after the boot CPU gave it up never joins. A CPU that pauses does so behind its last interrupt
 * handler, so that the interrupt which lets it go on finds the controller ready. Locks: none; masks
 * and states are atomic.
 */
#include "kern/cpu.h"

#include <string.h>

#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/irq.h"
#include "kern/spin.h"
#include "kern/panic.h"

#define METHODS_MAX 4
#define PAUSE_NS    1000000000u /* a core that does not stop in a second is left alone */

enum core_state { CORE_ABSENT, CORE_EXPECTED, CORE_ONLINE, CORE_GIVEN_UP };

static struct {
    uint32_t online;         /* atomic: bit n */
    uint32_t pausing;        /* atomic: bit n is to pause */
    uint32_t paused;         /* atomic: bit n does, and its frame is there */
    uint32_t heard[CPU_MAX]; /* each CPU its own */
    uint32_t state[CPU_MAX];
    const struct trapframe *frame[CPU_MAX]; /* of a CPU that pauses */
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

/* The interrupt itself is the message: the way back to the thread looks at its work, irq_dispatch
 * at cpu_must_pause. */
static void cpu_interrupt(void *arg)
{
    (void)arg;
    cpus.heard[cpu_id()]++;
    arch_trace_apply();
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

    while (!(__atomic_load_n(&cpus.online, __ATOMIC_ACQUIRE) >> id & 1)) {
        if (clock_ns() >= end && state_move(id, CORE_EXPECTED, CORE_GIVEN_UP))
            return false;
        spin_raw_wait();
    }
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

bool cpu_must_pause(void)
{
    return unlikely(__atomic_load_n(&cpus.pausing, __ATOMIC_ACQUIRE)) &&
           __atomic_load_n(&cpus.pausing, __ATOMIC_ACQUIRE) >> cpu_id() & 1;
}

/* Its alarm must not wake a CPU that pauses; a late one rings at once. */
void cpu_pause(const struct trapframe *tf)
{
    unsigned id = cpu_id();

    clock_set_alarm(UINT64_MAX);
    cpus.frame[id] = tf;
    __atomic_fetch_or(&cpus.paused, 1u << id, __ATOMIC_RELEASE);
    while (cpu_must_pause())
        arch_wait_for_interrupt();
    cpus.frame[id] = NULL;
    __atomic_fetch_and(&cpus.paused, ~(1u << id), __ATOMIC_RELEASE);
    clock_set_alarm(clock_ns());
}

static void wait_for_paused(uint32_t mask)
{
    uint64_t end = clock_ns() + PAUSE_NS;

    while (__atomic_load_n(&cpus.paused, __ATOMIC_ACQUIRE) != mask && clock_ns() < end)
        continue;
}

void cpu_pause_others(void)
{
    uint32_t others = cpus_online() & ~(1u << cpu_id());

    if (!others)
        return;
    __atomic_store_n(&cpus.pausing, others, __ATOMIC_RELEASE);
    irq_send_ipi(others);
    wait_for_paused(others);
}

void cpu_resume_others(void)
{
    uint32_t others = __atomic_exchange_n(&cpus.pausing, 0, __ATOMIC_RELEASE);

    if (!others)
        return;
    irq_send_ipi(others);
    wait_for_paused(0);
}

bool cpu_is_paused(unsigned id, const struct trapframe **tf)
{
    if (!(__atomic_load_n(&cpus.paused, __ATOMIC_ACQUIRE) >> id & 1))
        return false;
    *tf = cpus.frame[id];
    return true;
}
