/* SPDX-License-Identifier: MIT
 *
 * What /proc shows of the system but for its memory: time, load, log, interrupts, calls that are
 * missing. Linux's formats where Linux has the file.
 */
#include <string.h>

#include "kern/bootargs.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/irq.h"
#include "kern/log.h"
#include "proc/load.h"
#include "proc/procfs_impl.h"
#include "proc/stats.h"
#include "proc/syscall.h"
#include "lib/fmt.h"
#include "proc/version.h"

#define NSEC_PER_TICK (NSEC_PER_SEC / 100)

struct proc_stats proc_stats_counters;

static unsigned hundredths(uint64_t ns)
{
    return (unsigned)(ns / NSEC_PER_TICK);
}

void procfs_uptime(struct text *t, struct proc *p)
{
    unsigned up = hundredths(clock_ns());
    unsigned idle = hundredths(sched_stats_total().idle_ns);

    (void)p;
    text_printf(t, "%u.%02u %u.%02u\n", up / 100, up % 100, idle / 100, idle % 100);
}

/* Threads of processes. */
struct states {
    unsigned runnable, blocked; /* blocked: asleep so that signals do not end it */
};

static void count_state(struct thread *t, void *arg)
{
    struct states *n = arg;

    if (!t->proc)
        return;
    n->runnable += t->state == THREAD_RUNNABLE;
    n->blocked += t->state == THREAD_SLEEPING && !t->interruptible;
}

static struct states states(void)
{
    struct states n = {0, 0};

    thread_for_each(count_state, &n);
    return n;
}

/* A load, with two digits behind the point. */
static void print_load(struct text *t, uint32_t load)
{
    uint32_t hundred = (load * 100 + (1u << (LOAD_SHIFT - 1))) >> LOAD_SHIFT;

    text_printf(t, "%u.%02u ", (unsigned)(hundred / 100), (unsigned)(hundred % 100));
}

void procfs_loadavg(struct text *t, struct proc *p)
{
    uint32_t load[3];

    (void)p;
    load_get(load);
    for (unsigned i = 0; i < ARRAY_SIZE(load); i++)
        print_load(t, load[i]);
    text_printf(t, "%u/%u %d\n", states().runnable, (unsigned)thread_count(),
                proc_stats()->last_pid);
}

/* user nice system idle: all of it counts as user. */
static void stat_cpu(struct text *t, const char *name, uint64_t idle_ns, unsigned cpus)
{
    uint64_t all = clock_ns() * cpus;

    text_printf(t, "%s %u 0 0 %u 0 0 0 0 0 0\n", name, hundredths(all - idle_ns),
                hundredths(idle_ns));
}

void procfs_stat(struct text *t, struct proc *p)
{
    struct states n = states();
    struct sched_stats s;
    char name[8];

    (void)p;
    stat_cpu(t, "cpu ", sched_stats_total().idle_ns, cpus_count());
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        if (sched_stats(cpu, &s)) {
            fmt_snprint(name, sizeof(name), "cpu%u", cpu);
            stat_cpu(t, name, s.idle_ns, 1);
        }
    text_printf(t, "intr %u\nctxt %u\nbtime %u\n", irq_total(), sched_stats_total().switches,
                (unsigned)(clock_epoch_ns() / NSEC_PER_SEC));
    text_printf(t, "processes %u\nprocs_running %u\nprocs_blocked %u\n", proc_stats()->forks,
                n.runnable, n.blocked);
    text_printf(t, "softirq 0 0 0 0 0 0 0 0 0 0 0\n"); /* there are none */
}

void procfs_kmsg(struct text *t, struct proc *p)
{
    char chunk[128];
    uint64_t pos = 0;
    size_t n;

    (void)p;
    while ((n = log_read(&pos, chunk, sizeof(chunk))) > 0)
        text_write(t, chunk, n);
}

void procfs_version(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "%s version %s %s\n", VERSION_SYSNAME, VERSION_RELEASE, VERSION_BUILD);
}

void procfs_cmdline(struct text *t, struct proc *p)
{
    const char *line = bootargs_line();

    (void)p;
    text_write(t, line, strlen(line));
    text_write(t, "\n", 1);
}

void procfs_interrupts(struct text *t, struct proc *p)
{
    const char *name;
    unsigned irq;
    uint32_t count[CPU_MAX];

    (void)p;
    text_printf(t, "    ");
    for (uint32_t cpus = cpus_online(); cpus; cpus &= cpus - 1)
        text_printf(t, "       CPU%u", (unsigned)__builtin_ctz(cpus));
    for (unsigned n = 0; irq_info(n, &irq, &name, count); n++) {
        text_printf(t, "\n%3u:", irq);
        for (uint32_t cpus = cpus_online(); cpus; cpus &= cpus - 1)
            text_printf(t, " %10u", (unsigned)count[__builtin_ctz(cpus)]);
        text_printf(t, "  %s", name);
    }
    text_printf(t, "\n");
}

void procfs_enosys(struct text *t, struct proc *p)
{
    unsigned number;
    uint32_t count;

    (void)p;
    for (unsigned n = 0; syscall_enosys_info(n, &number, &count); n++)
        text_printf(t, "%u %u\n", number, (unsigned)count);
}
