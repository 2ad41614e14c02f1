/* SPDX-License-Identifier: MIT
 *
 * Commands of kdb for what kern/ owns: memory as words, the trace, the end of the machine.
 */
#include "kern/cpu.h"
#include "kern/kdb.h"
#include "kern/power.h"
#include "kern/trace.h"

#define WORDS_SHOWN 16u
#define TRACE_SHOWN 16u
#define TRACE_MAX   256u

static void cmd_memory(unsigned argc, char **argv)
{
    uint32_t at, n = WORDS_SHOWN;

    if (!kdb_number(argv[1], 16, &at) || (argc > 2 && !kdb_number(argv[2], 10, &n)))
        return;
    at &= ~3u;
    for (uint32_t i = 0; i < n && !kdb_stopped(); i++, at += 4) {
        uint32_t word = *(const volatile uint32_t *)(uintptr_t)at; /* may fault: kdb takes it */

        if (i % 4 == 0)
            kdb_printf("%s%08x:", i ? "\n" : "", at);
        kdb_printf(" %08x", word);
    }
    kdb_printf("\n");
}

static void cmd_write(unsigned argc, char **argv)
{
    uint32_t at, value, before;

    (void)argc;
    if (!kdb_number(argv[1], 16, &at) || !kdb_number(argv[2], 16, &value))
        return;
    before = *(volatile uint32_t *)(uintptr_t)(at & ~3u);
    *(volatile uint32_t *)(uintptr_t)(at & ~3u) = value;
    kdb_printf("%08x: %08x, was %08x\n", at & ~3u, value, before);
}

/* The newest record that is not taken yet, of all CPUs: true, and it is taken. */
static bool take_newest(unsigned taken[CPU_MAX], unsigned *cpu)
{
    struct trace_record r, best;
    bool found = false;

    for (unsigned i = 0; i < CPU_MAX; i++)
        if (trace_read_cpu(i, taken[i], &r) && (!found || (int32_t)(r.time - best.time) > 0)) {
            best = r;
            *cpu = i;
            found = true;
        }
    if (found)
        taken[*cpu]++;
    return found;
}

static void cmd_trace(unsigned argc, char **argv)
{
    unsigned taken[CPU_MAX] = {0}, n = 0;
    uint8_t order[TRACE_MAX];
    uint32_t count = TRACE_SHOWN;
    struct trace_record r;
    unsigned cpu = 0;

    if (argc > 1 && !kdb_number(argv[1], 10, &count))
        return;
    while (n < MIN(count, TRACE_MAX) && take_newest(taken, &cpu))
        order[n++] = (uint8_t)cpu;
    if (n == 0)
        kdb_printf("no trace: trace=1 on the command line switches it on\n");
    while (n-- > 0 && !kdb_stopped())
        if (trace_read_cpu(order[n], --taken[order[n]], &r))
            kdb_printf("%10u %u %5u %-7s %08x %08x\n", r.time, r.cpu, r.thread,
                       trace_event_name(r.event), r.a, r.b);
}

static void cmd_reboot(unsigned argc, char **argv)
{
    (void)argc, (void)argv;
    power_restart();
}

static void cmd_poweroff(unsigned argc, char **argv)
{
    (void)argc, (void)argv;
    power_off(0);
}

KDB_COMMAND(m, "ADDR [N]", "N words of memory", cmd_memory);
KDB_COMMAND(w, "ADDR WORD", "write a word", cmd_write);
KDB_COMMAND(trace, "[N]", "the last N records of all CPUs", cmd_trace);
KDB_COMMAND(reboot, "", "restart the machine", cmd_reboot);
KDB_COMMAND(poweroff, "", "switch it off", cmd_poweroff);
