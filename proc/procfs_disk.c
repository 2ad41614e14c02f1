/* SPDX-License-Identifier: MIT
 *
 * /proc/diskstats and /proc/partitions, in Linux's formats (Documentation/admin-guide/iostats.rst,
 * the fields up to flushes; discards are 0). Read without a lock; a moment's picture.
 */
#include "block/block.h"
#include "fs/blockdev.h"
#include "kern/clock.h"
#include "proc/procfs_impl.h"

static unsigned ms_of(uint64_t ns)
{
    return (unsigned)(ns / NSEC_PER_MSEC);
}

static void print_disk(struct text *t, struct block_device *d, uint32_t rdev)
{
    struct block_stats s = block_stats(d);

    text_printf(t, "%4u %7u %s", (unsigned)(rdev >> 8), (unsigned)(rdev & 0xff), block_name(d));
    for (unsigned op = BLOCK_READ; op <= BLOCK_WRITE; op++)
        text_printf(t, " %u %u %u %u", (unsigned)s.of[op].requests, (unsigned)s.of[op].merged,
                    (unsigned)s.of[op].sectors, ms_of(s.of[op].wait_ns));
    text_printf(t, " %u %u %u 0 0 0 0 %u %u\n", s.inflight, ms_of(s.busy_ns),
                ms_of(s.of[0].wait_ns + s.of[1].wait_ns + s.flush_ns), (unsigned)s.flushes,
                ms_of(s.flush_ns));
}

/* Disks alone: partitions are not counted by themselves. */
void procfs_diskstats(struct text *t, struct proc *p)
{
    struct block_device *d;

    (void)p;
    for (unsigned i = 0; (d = block_disk(i)) && blockdev_number(i); i++)
        print_disk(t, d, blockdev_number(i));
}

static void print_partition(uint32_t rdev, const char *name, uint64_t sectors, void *arg)
{
    text_printf(arg, "%4u %7u %10llu %s\n", (unsigned)(rdev >> 8), (unsigned)(rdev & 0xff),
                sectors / 2, name);
}

void procfs_partitions(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "major minor  #blocks  name\n\n");
    blockdev_each(print_partition, t);
}
