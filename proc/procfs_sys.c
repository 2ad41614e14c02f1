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

static void count_runnable(struct thread *t, void *arg)
{
    unsigned *running = arg;

    if (t->state == THREAD_RUNNABLE && t->proc)
        ++*running;
}

static unsigned runnable(void)
{
    unsigned n = 0;

    thread_for_each(count_runnable, &n);
    return n;
}

void procfs_loadavg(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "0.00 0.00 0.00 %u/%u %d\n", runnable(), (unsigned)thread_count(),
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
    text_printf(t, "processes %u\nprocs_running %u\nprocs_blocked 0\n", proc_stats()->forks,
                runnable());
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

void procfs_mounts(struct text *t, struct proc *p)
{
    const struct fs *fs;
    char path[128];

    (void)p;
    for (unsigned n = 0; vnode_mount_info(n, &fs, path, sizeof(path)); n++)
        text_printf(t, "%s %s %s rw 0 0\n", fs->source, path, fs->type);
}

void procfs_enosys(struct text *t, struct proc *p)
{
    unsigned number;
    uint32_t count;

    (void)p;
    for (unsigned n = 0; syscall_enosys_info(n, &number, &count); n++)
        text_printf(t, "%u %u\n", number, (unsigned)count);
}
