/* SPDX-License-Identifier: MIT
 *
 * What /proc shows of memory as a whole: coremap, vmstat, meminfo, slabinfo, vmcheck.
 * A coremap line: frame, type, owner, index, users, flags, links (next:prev:hash), all but users in
 * hexadecimal, `-` where there is nothing; swap has its slot for links. Flags: B busy, W wanted, D
 * dirty, R referenced, I coherent with the instruction cache, P wired (permanent), V derived, E
 * error, O on its way out. Locks: frame locks
 * one at a time, to copy one entry. vmcheck stops all threads at the kernel's edge; its text has
 * its frames before, so that the audit finds them as they stay.
 */
#include <string.h>

#include "kern/cpu.h"
#include "fs/tmpfs.h"
#include "fs/tty.h"
#include "kern/irq.h"
#include "kern/console.h"
#include "lib/fmt.h"
#include "mm/check.h"
#include "mm/fault.h"
#include "mm/pageout.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "proc/procfs_impl.h"
#include "proc/stats.h"
#include "proc/unimplemented.h"

#define REPORT_BYTES 8192u /* room for vmcheck's findings */
#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define FLAG_LETTERS 9

static bool has_owner(enum frame_type type)
{
    return type == FRAME_SLAB || type == FRAME_TABLE || type == FRAME_ANON || type == FRAME_OBJ ||
           type == FRAME_SWAP;
}

static bool has_index(enum frame_type type)
{
    return type == FRAME_NODE || type == FRAME_ANON || type == FRAME_OBJ || type == FRAME_SWAP;
}

static bool has_links(enum frame_type type)
{
    return type == FRAME_FREE || type == FRAME_SLAB || type == FRAME_OBJ;
}

static void flag_letters(char buf[FLAG_LETTERS + 1], uint32_t flags)
{
    static const char letters[FLAG_LETTERS] = "BWDRIPVEO"; /* bit 0 first */
    unsigned n = 0;

    for (unsigned i = 0; i < sizeof(letters); i++)
        if (flags >> i & 1)
            buf[n++] = letters[i];
    if (n == 0)
        buf[n++] = '-';
    buf[n] = '\0';
}

static void coremap_line(struct text *t, pfn_t pfn)
{
    struct frame *found = frame_find(pfn), f;
    char owner[12] = "-", index[12] = "-", links[24] = "-", flags[FLAG_LETTERS + 1];
    enum frame_type type;

    if (!found)
        return;
    frame_lock(pfn);
    f = *found;
    frame_unlock(pfn);
    type = frame_type(&f);
    if (has_owner(type) && f.owner >> 4)
        fmt_snprint(owner, sizeof(owner), "%lx", (unsigned long)f.owner & ~15ul);
    if (has_index(type))
        fmt_snprint(index, sizeof(index), "%lx", (unsigned long)f.index);
    if (has_links(type))
        fmt_snprint(links, sizeof(links), "%x:%x:%x", (unsigned)frame_next(&f),
                    (unsigned)frame_prev(&f), (unsigned)frame_hash_next(&f));
    if (type == FRAME_SWAP)
        fmt_snprint(links, sizeof(links), "%x", (unsigned)frame_slot(&f));
    flag_letters(flags, f.flags);
    text_printf(t, "%x %s %s %s %u %s %s\n", (unsigned)pfn, frame_type_name(type), owner, index,
                f.users, flags, links);
}

void procfs_coremap(struct text *t, struct proc *p)
{
    (void)p;
    for (pfn_t pfn = direct_map.first; pfn < direct_map.end;) {
        enum frame_type type;
        uint32_t count;

        if (frame_group_untouched(pfn, &count, &type)) {
            text_printf(t, "%x-%x %s - - 0 - -\n", (unsigned)pfn, (unsigned)(pfn + count - 1),
                        frame_type_name(type));
            pfn += count;
        } else {
            coremap_line(t, pfn++);
        }
    }
}

static void line(struct text *t, const char *name, uint32_t value)
{
    text_printf(t, "%s %u\n", name, (unsigned)value);
}

static void lines_of_cpus(struct text *t)
{
    struct sched_stats s;

    line(t, "cpus", cpus_count());
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        if (sched_stats(cpu, &s))
            text_printf(t, "cpu%u_switches %u\ncpu%u_steals %u\n", cpu, (unsigned)s.switches, cpu,
                        (unsigned)s.steals);
}

/* Pages, but for the transfers; pswpin, pswpout, pgscan and pgsteal are Linux's names. */
static void lines_of_swap(struct text *t)
{
    struct swap_stats s = swap_stats();
    struct pageout_stats p = pageout_stats();

    line(t, "pswpin", s.in);
    line(t, "pswpout", s.out);
    line(t, "swap_reads", s.reads);
    line(t, "swap_writes", s.writes);
    line(t, "swap_errors", s.read_errors + s.write_errors);
    line(t, "swap_found", s.found);
    line(t, "swap_used", s.used);
    line(t, "pgscan", p.scanned);
    line(t, "pgsteal", p.taken);
    line(t, "pageout_rounds", p.rounds);
    line(t, "pageout_cleared", p.cleared);
    line(t, "pageout_used", p.used);
    line(t, "pageout_laundered", p.laundered);
    line(t, "pageout_failed", p.failed);
    line(t, "pageout_waits", p.waits);
    line(t, "pageout_hopeless", p.hopeless);
}

void procfs_vmstat(struct text *t, struct proc *p)
{
    struct fault_counters c = fault_counters();
    struct frame_stats s = frame_stats();
    const struct proc_stats *n = proc_stats();

    (void)p;
    line(t, "fault_entries", c.entries);
    for (unsigned i = 0; i < FAULT_KINDS; i++)
        text_printf(t, "fault_%s %u\n", fault_kind_name((enum fault_kind)i), (unsigned)c.kind[i]);
    line(t, "fault_in_progress", c.in_progress);
    line(t, "forks", n->forks);
    line(t, "execs", n->execs);
    line(t, "exits", n->exits);
    line(t, "switches", sched_stats_total().switches);
    line(t, "steals", sched_stats_total().steals);
    line(t, "resched_longest_ns", (uint32_t)sched_longest_ns());
    text_printf(t, "idle_ns %llu\n", (unsigned long long)sched_stats_total().idle_ns);
    lines_of_cpus(t);
    line(t, "interrupts", irq_total());
    line(t, "console_lost", console_lost() + tty_lost());
    line(t, "unimplemented_calls", unimplemented_total());
    line(t, "nr_free_pages", s.free);
    line(t, "pgfault", c.entries);
    line(t, "pgmajfault", c.kind[FAULT_PAGEIN]);
    line(t, "frames_free", s.free);
    line(t, "frames_cache", s.cache);
    lines_of_swap(t);
    line(t, "committed", as_committed());
}

/* Frames by what they hold. A count of the moment, without locks; groups never touched hold
 * nothing, and are left out. */
static void count_frames(uint32_t of_type[FRAME_TYPES])
{
    uint32_t count;

    memset(of_type, 0, FRAME_TYPES * sizeof(*of_type));
    for (pfn_t pfn = direct_map.first; pfn < direct_map.end; pfn++) {
        enum frame_type type;

        if ((pfn & 255) == 0 || pfn == direct_map.first) {
            preempt_point();
            if (frame_group_untouched(pfn, &count, &type)) {
                pfn += count - 1;
                continue;
            }
        }
        of_type[frame_type(frame_find(pfn)) % FRAME_TYPES]++;
    }
}

/* The kernel's own: image, allocations, page tables, stacks. */
static uint32_t kernel_frames(const uint32_t of_type[FRAME_TYPES])
{
    return of_type[FRAME_KERNEL] + of_type[FRAME_SLAB] + of_type[FRAME_NODE] +
           of_type[FRAME_TABLE] + of_type[FRAME_STACK] + of_type[FRAME_ZERO];
}

static void kib_line(struct text *t, const char *name, uint32_t pages)
{
    text_printf(t, "%-16s%8u kB\n", name, (unsigned)(pages * KIB_PER_PAGE));
}

static void pages_line(struct text *t, const char *name, uint32_t pages)
{
    text_printf(t, "%-16s%8u\n", name, (unsigned)pages);
}

/* A few objects may lie in one frame or in several, as CPUs took and gave them back: who compares
 * what is in use takes the frames of slabs out and their objects in. */
static void slab_lines(struct text *t)
{
    struct slab_info info;
    uint32_t frames = 0, objects = 0;

    for (unsigned n = 0; slab_info(n, &info); n++) {
        frames += info.frames;
        objects += info.in_use;
    }
    pages_line(t, "SlabFrames:", frames);
    pages_line(t, "SlabObjects:", objects);
}

/* Linux's names. What has no number here has no line: which pages are active, and what is being
 * written. Block devices' pages are in Cached. */
static void lines_of_memory(struct text *t, const struct frame_stats *s,
                            const uint32_t of_type[FRAME_TYPES])
{
    struct swap_stats swap = swap_stats();

    kib_line(t, "MemTotal:", s->total);
    kib_line(t, "MemFree:", s->free);
    kib_line(t, "MemAvailable:", s->free + s->cache);
    kib_line(t, "Buffers:", 0);
    kib_line(t, "Cached:", of_type[FRAME_OBJ]);
    kib_line(t, "SwapCached:", of_type[FRAME_SWAP]);
    kib_line(t, "SwapTotal:", swap.total);
    kib_line(t, "SwapFree:", swap.total - swap.used);
    kib_line(t, "AnonPages:", of_type[FRAME_ANON]);
    kib_line(t, "Shmem:", MIN(obj_kept().used, of_type[FRAME_OBJ]));
    kib_line(t, "Slab:", of_type[FRAME_SLAB]);
    kib_line(t, "SReclaimable:", 0);
    kib_line(t, "SUnreclaim:", of_type[FRAME_SLAB]);
    kib_line(t, "KernelStack:", of_type[FRAME_STACK]);
    kib_line(t, "PageTables:", of_type[FRAME_NODE] + of_type[FRAME_TABLE]);
    kib_line(t, "KernelMemory:", kernel_frames(of_type));
    kib_line(t, "CommitLimit:", as_commit_limit());
    kib_line(t, "Committed_AS:", as_committed());
}

void procfs_meminfo(struct text *t, struct proc *p)
{
    uint32_t of_type[FRAME_TYPES];
    struct frame_stats s;

    (void)p;
    mm_drain(); /* what CPUs keep ready is not in use */
    s = frame_stats();
    count_frames(of_type);
    lines_of_memory(t, &s, of_type);
    pages_line(t, "FramesTotal:", s.total);
    pages_line(t, "FramesFree:", s.free);
    pages_line(t, "FramesUsed:", s.total - s.free - s.cache);
    pages_line(t, "FramesCache:", s.cache);
    pages_line(t, "FramesBoot:", s.boot);
    slab_lines(t);
}

void procfs_slabinfo(struct text *t, struct proc *p)
{
    struct slab_info info;

    (void)p;
    text_printf(t, "name             bytes per_frame frames in_use\n");
    for (unsigned n = 0; slab_info(n, &info); n++)
        text_printf(t, "%-16s %5u %9u %6u %6u\n", info.name, (unsigned)info.object_bytes,
                    (unsigned)info.per_frame, (unsigned)info.frames, (unsigned)info.in_use);
}

/* One audit at a time: its thread is the only one that does not stop. */
static struct mutex vmcheck_lock = MUTEX_INIT(vmcheck_lock, LOCK_VMCHECK);

static void report(void *arg, const char *what)
{
    text_printf(arg, "%s\n", what);
}

void procfs_stand_still(void (*what)(void *arg), void *arg)
{
    mutex_lock(&vmcheck_lock);
    proc_stop_all();
    what(arg);
    proc_resume_all();
    mutex_unlock(&vmcheck_lock);
}

struct audit {
    struct text *t;
    int errors;
};

static void audit(void *arg)
{
    struct audit *a = arg;

    a->errors = mm_check(report, a->t);
    mm_drain();
}

void procfs_vmcheck(struct text *t, struct proc *p)
{
    struct audit a = {t, 0};

    (void)p;
    if (!text_freeze(t, REPORT_BYTES)) {
        text_printf(t, "vmcheck: not enough memory\n");
        return;
    }
    procfs_stand_still(audit, &a);
    text_thaw(t);
    if (a.errors)
        text_printf(t, "vmcheck: %d errors\n", a.errors);
    else
        text_printf(t, "vmcheck: ok, %u frames\n", (unsigned)frame_stats().total);
}
