/* SPDX-License-Identifier: MIT
 *
 * The load average: samples of the run queues' lengths. Locks: who finds `busy` set leaves the
 * sample to the other; a queue's lock, interrupts masked, while its length is counted.
 */
#include "proc/load.h"

#include "kern/clock.h"
#include "kern/cpu.h"
#include "proc/runq_impl.h"
#include "proc/sched_impl.h"

#define INTERVAL_NS   5000000000u
#define LONGEST       4096u /* more threads in a queue than that are not counted */
#define INTERVALS_MAX 2048u /* after so many without a thread nothing is left */

static struct {
    bool busy;          /* atomic */
    uint64_t sample_ns; /* (busy) the last one */
    uint32_t load[3];   /* (busy) written */
} load;

/* e^(-5 s / 1, 5, 15 min), with LOAD_SHIFT bits behind the point. */
static const uint32_t keeps[3] = {1884, 2014, 2037};

static unsigned queue_length(struct runq *rq)
{
    uint32_t mask = spin_lock_irq(&rq->lock);
    unsigned n = 0;

    for (unsigned p = 0; p < PRIORITIES; p++) {
        list_for_each (it, &rq->level[p]) {
            if (n == LONGEST)
                break;
            n++;
        }
    }
    spin_unlock_irq(&rq->lock, mask);
    return n;
}

/* Threads that run or wait for a CPU. */
static unsigned active(void)
{
    unsigned n = 0;

    for (uint32_t cpus = cpus_online(); cpus; cpus &= cpus - 1) {
        const struct cpu *cpu = cpu_table[__builtin_ctz(cpus)];

        n += cpu->thread != cpu->idle;
        n += queue_length(cpu->rq);
    }
    return n;
}

static void step(unsigned n)
{
    for (unsigned i = 0; i < 3; i++) {
        uint32_t target = n << LOAD_SHIFT, one = 1u << LOAD_SHIFT;
        uint64_t sum = (uint64_t)load.load[i] * keeps[i] + (uint64_t)target * (one - keeps[i]);

        if (target >= load.load[i])
            sum += one - 1;
        load.load[i] = (uint32_t)(sum >> LOAD_SHIFT);
    }
}

/* without: threads that do not count. */
static void look(unsigned without)
{
    uint64_t now = clock_ns();
    unsigned n, steps = 0;

    if (now - *(volatile uint64_t *)&load.sample_ns < INTERVAL_NS ||
        __atomic_exchange_n(&load.busy, true, __ATOMIC_ACQUIRE))
        return;
    now = clock_ns(); /* another CPU may have sampled meanwhile, up to a later moment than `now` */
    while (now - load.sample_ns >= 2ull * INTERVAL_NS && ++steps < INTERVALS_MAX) {
        load.sample_ns += INTERVAL_NS;
        step(0);
    }
    if (now - load.sample_ns >= INTERVAL_NS) {
        n = active();
        step(n - MIN(n, without));
        load.sample_ns = steps < INTERVALS_MAX ? load.sample_ns + INTERVAL_NS : now;
    }
    __atomic_store_n(&load.busy, false, __ATOMIC_RELEASE);
}

void load_look(void)
{
    look(0);
}

void load_get(uint32_t out[3])
{
    look(1);
    for (unsigned i = 0; i < 3; i++)
        out[i] = __atomic_load_n(&load.load[i], __ATOMIC_RELAXED);
}
