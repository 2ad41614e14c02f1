/* SPDX-License-Identifier: MIT
 *
 * A core that keeps its interrupts off, seen by the others: once a second whoever has a tick asks
 * all of them by an interrupt, and names the one that has not answered for LIMIT_NS. An idle CPU
 * ticks for this as long as another one is busy. Locks: dog.lock, interrupts masked; who finds it
 * taken leaves the round to the other.
 */
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "proc/sched_impl.h"

#define LIMIT_NS 5000000000u

static struct {
    struct spin lock;
    uint64_t round_ns; /* (lock) the last one */
    struct {
        uint32_t heard;    /* (lock) its count when it was asked */
        uint64_t asked_ns; /* (lock) 0: it answered */
        bool named;        /* (lock) */
    } cpu[CPU_MAX];
} dog = {.lock = SPIN_INIT(LOCK_WATCHDOG)};

/* Looks at one CPU's answer; true if it is to be asked again. */
static bool answered(unsigned id, uint64_t now)
{
    uint32_t heard = cpu_heard(id);
    bool silent = dog.cpu[id].asked_ns && dog.cpu[id].heard == heard;

    if (!silent) {
        if (dog.cpu[id].named)
            log_printf("watchdog: cpu %u is back\n", id);
        dog.cpu[id].named = false;
        dog.cpu[id].asked_ns = now;
        dog.cpu[id].heard = heard;
    } else if (!dog.cpu[id].named && now - dog.cpu[id].asked_ns >= LIMIT_NS) {
        dog.cpu[id].named = true;
        log_printf("watchdog: cpu %u has had its interrupts off for %u s, in thread %d\n", id,
                   (unsigned)((now - dog.cpu[id].asked_ns) / NSEC_PER_SEC),
                   cpu_table[id]->thread->tid);
    }
    return !silent;
}

void watchdog_look(void)
{
    uint32_t others = cpus_online() & ~(1u << cpu_id()), ask = 0;
    uint64_t now;

    if (!others || !spin_trylock(&dog.lock))
        return;
    now = clock_ns(); /* with the lock, so that times only grow */
    if (now - dog.round_ns < WATCHDOG_NS) {
        spin_unlock(&dog.lock);
        return;
    }
    dog.round_ns = now;
    for (; others; others &= others - 1) {
        unsigned id = (unsigned)__builtin_ctz(others);

        if (answered(id, now))
            ask |= 1u << id;
    }
    spin_unlock(&dog.lock);
    cpu_kick(ask);
}
