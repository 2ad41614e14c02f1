/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/cost: the bytes of kernel memory that a process takes, by kind: number, bytes, bytes of
 * one, and the sum. What it shares with others is counted whole in each of them; its open files,
 * names and pages are not counted.
 */
#include "kern/arch.h"
#include "mm/as_cost.h"
#include "proc/procfs_impl.h"

static uint32_t cost_line(struct text *t, const char *name, struct cost c)
{
    text_printf(t, "%-12s %7u %9u %5u\n", name, (unsigned)c.count,
                (unsigned)(c.count * c.each_bytes), (unsigned)c.each_bytes);
    return c.count * c.each_bytes;
}

/* Threads with their stacks, and how many have VFP registers of how many bytes kept. */
static void count_threads(const struct proc *p, struct cost *threads, struct cost *vfp)
{
    *threads = (struct cost){0, sizeof(struct thread) + PAGE_SIZE};
    *vfp = (struct cost){0, 0};
    proc_lock();
    list_for_each (it, &p->threads) {
        uint32_t bytes = arch_thread_bytes(container_of(it, struct thread, siblings));

        threads->count++;
        vfp->count += bytes > 0;
        vfp->each_bytes = MAX(vfp->each_bytes, bytes);
    }
    proc_unlock();
}

static struct cost descriptors(const struct proc *p)
{
    struct cost c = {0, 0};

    proc_lock();
    if (p->files)
        c = (struct cost){1, fdtable_bytes(p->files)};
    proc_unlock();
    return c;
}

void procfs_pid_cost(struct text *t, struct proc *p)
{
    struct as *as = procfs_as(p);
    struct cost threads, vfp;
    struct as_cost c = {0};
    uint32_t sum;

    if (as) {
        as_cost(as, &c);
        as_unref(as);
    }
    count_threads(p, &threads, &vfp);
    text_printf(t, "what           count     bytes  each\n");
    sum = cost_line(t, "segments", c.segs);
    sum += cost_line(t, "nodes", c.nodes);
    sum += cost_line(t, "objects", c.objects);
    sum += cost_line(t, "frames", c.frames);
    sum += cost_line(t, "space", c.space);
    sum += cost_line(t, "threads", threads);
    sum += cost_line(t, "vfp", vfp);
    sum += cost_line(t, "descriptors", descriptors(p));
    sum += cost_line(t, "process", (struct cost){1, sizeof(struct proc)});
    text_printf(t, "total              - %9u     -\nnodes_shared %7u\n", (unsigned)sum,
                (unsigned)c.nodes_shared);
}
