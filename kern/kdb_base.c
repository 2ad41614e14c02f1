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

/* Newest first while they are counted, oldest first on the screen. What only goes on with an event
 * is no event. */
static void cmd_trace(unsigned argc, char **argv)
{
    char line[TRACE_LINE_MAX];
    uint32_t count = TRACE_SHOWN;
    struct trace_record r;
    unsigned n = 0, events = 0;

    if (argc > 1 && !kdb_number(argv[1], 10, &count))
        return;
    while (events < MIN(count, TRACE_MAX) && trace_read(n, &r)) {
        events += r.event != TRACE_MORE;
        n++;
    }
    if (n == 0)
        kdb_printf("no trace: trace=1 on the command line switches it on\n");
    while (n-- > 0 && !kdb_stopped())
        if (trace_read(n, &r) && r.event != TRACE_MORE && trace_format(&r, false, line) > 0)
            kdb_printf("%s\n", line);
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
