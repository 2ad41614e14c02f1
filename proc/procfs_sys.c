/* SPDX-License-Identifier: MIT
 *
 * What /proc shows of the system but for its memory: time, load, log, interrupts, calls that are
 * missing, the trace. Linux's formats where Linux has the file.
 */
#include <string.h>

#include "kern/bootargs.h"
#include "kern/clock.h"
#include "kern/irq.h"
#include "kern/log.h"
#include "kern/trace.h"
#include "proc/procfs_impl.h"
#include "proc/stats.h"
#include "proc/syscall.h"
#include "proc/version.h"

#define NSEC_PER_TICK (NSEC_PER_SEC / 100)

struct proc_stats proc_stats_counters;

/* CPU time that processes used since boot, ticks of 10 ms. */
struct busy {
    uint64_t user_ns, kernel_ns;
};

/* The living with the children that they reaped: together everybody who ever was. */
static struct busy busy_time(void)
{
    struct busy b = {0, 0};
    int pid = 0;

    for (struct proc *p; (p = proc_next(pid)) != NULL; pid = p->pid, proc_unref(p)) {
        proc_lock();
        b.user_ns += p->user_ns + p->child_user_ns;
        b.kernel_ns += p->kernel_ns + p->child_kernel_ns;
        list_for_each (it, &p->threads) {
            b.user_ns += container_of(it, struct thread, siblings)->user_ns;
            b.kernel_ns += container_of(it, struct thread, siblings)->kernel_ns;
        }
        proc_unlock();
        preempt_point();
    }
    return b;
}

static uint64_t idle_ns(const struct busy *b, uint64_t now)
{
    uint64_t used = b->user_ns + b->kernel_ns;

    return now > used ? now - used : 0;
}

void procfs_uptime(struct text *t, struct proc *p)
{
    struct busy b = busy_time();
    uint64_t now = clock_ns();
    unsigned up = (unsigned)(now / NSEC_PER_TICK);
    unsigned idle = (unsigned)(idle_ns(&b, now) / NSEC_PER_TICK);

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

void procfs_stat(struct text *t, struct proc *p)
{
    struct busy b = busy_time();
    unsigned user = (unsigned)(b.user_ns / NSEC_PER_TICK);
    unsigned kernel = (unsigned)(b.kernel_ns / NSEC_PER_TICK);
    unsigned idle = (unsigned)(idle_ns(&b, clock_ns()) / NSEC_PER_TICK);

    (void)p;
    text_printf(t, "cpu  %u 0 %u %u 0 0 0 0 0 0\n", user, kernel, idle);
    text_printf(t, "cpu0 %u 0 %u %u 0 0 0 0 0 0\n", user, kernel, idle);
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
    uint32_t count;

    (void)p;
    text_printf(t, "           CPU0\n");
    for (unsigned n = 0; irq_info(n, &irq, &name, &count); n++)
        text_printf(t, "%3u: %10u  %s\n", irq, (unsigned)count, name);
}

void procfs_mounts(struct text *t, struct proc *p)
{
    static const char mounts[] = "ramdisk / ramdisk ro 0 0\n"
                                 "devfs /dev devtmpfs rw 0 0\n"
                                 "proc /proc proc rw 0 0\n";

    (void)p;
    text_write(t, mounts, sizeof(mounts) - 1);
}

void procfs_enosys(struct text *t, struct proc *p)
{
    unsigned number;
    uint32_t count;

    (void)p;
    for (unsigned n = 0; syscall_enosys_info(n, &number, &count); n++)
        text_printf(t, "%u %u\n", number, (unsigned)count);
}

void procfs_trace(struct text *t, struct proc *p)
{
    struct trace_record r;

    (void)p;
    for (unsigned i = 0; trace_read(i, &r); i++)
        text_printf(t, "%10lu cpu%u %5u %-8s %08lx %08lx\n", (unsigned long)r.time, r.cpu, r.thread,
                    trace_event_name(r.event), (unsigned long)r.a, (unsigned long)r.b);
}
