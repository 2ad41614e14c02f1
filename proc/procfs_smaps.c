/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/smaps: each line of maps with what is in memory of it. A page that several have counts
 * in Pss for its part: 1/n, n being the entries that name its frame times the page tables that
 * share the node which it was found in. "Referenced" are pages that the clock has not taken out of
 * the hardware since. Lines for huge pages, and pages freed lazily, are 0: there are none.
 * Source: Linux, Documentation/filesystems/proc.rst.
 */
#include "mm/swap.h"
#include "proc/procfs_impl.h"

#define PSS_SHIFT    12 /* fraction of a page's bytes, as in Linux */
#define KIB_PER_PAGE (unsigned)(PAGE_SIZE / 1024)

/* Pages of a segment, but for the two parts in bytes << PSS_SHIFT. */
struct counts {
    unsigned resident, shared_clean, shared_dirty, private_clean, private_dirty, referenced,
        anonymous, swapped;
    uint64_t part, swap_part;
};

static uint32_t part_of(unsigned sharers)
{
    return (uint32_t)(PAGE_SIZE << PSS_SHIFT) / MAX(sharers, 1u);
}

static void count_resident(struct counts *n, const struct seg *s, const struct procfs_entry *e)
{
    pfn_t pfn = pte_pfn(e->pte);
    const struct frame *f = frame_of(pfn);
    unsigned sharers = frame_count(f) * e->roots;
    bool anon = procfs_page_kind(s, pfn) == KIND_ANON;
    bool dirty = anon || f->flags & FRAME_DIRTY;

    n->resident++;
    n->anonymous += anon;
    n->referenced += pte_state(e->pte) == PTE_RESIDENT;
    n->part += part_of(sharers);
    if (sharers > 1)
        *(dirty ? &n->shared_dirty : &n->shared_clean) += 1;
    else
        *(dirty ? &n->private_dirty : &n->private_clean) += 1;
}

static void count_entry(struct counts *n, const struct seg *s, const struct procfs_entry *e)
{
    struct swap_slot_info slot;

    if (pte_state(e->pte) == PTE_SWAPPED) {
        n->swapped++;
        if (swap_slot(pte_pfn(e->pte), &slot))
            n->swap_part += part_of(slot.count * e->roots);
    } else if (pte_in_core(e->pte) && pte_pfn(e->pte) != frame_zero_page()) {
        count_resident(n, s, e);
    }
}

static void kib_line(struct text *t, const char *name, unsigned kib)
{
    text_printf(t, "%-16s%8u kB\n", name, kib);
}

static void pages_line(struct text *t, const char *name, unsigned pages)
{
    kib_line(t, name, pages * KIB_PER_PAGE);
}

static void part_line(struct text *t, const char *name, uint64_t part)
{
    kib_line(t, name, (unsigned)(part >> (PSS_SHIFT + 10)));
}

/* What is true of the segment, in Linux's two letters. */
static void flags_line(struct text *t, const struct seg *s)
{
    const struct {
        bool is;
        const char *letters;
    } flags[] = {
        {s->prot & PROT_READ, "rd"},       {s->prot & PROT_WRITE, "wr"},
        {s->prot & PROT_EXEC, "ex"},       {s->flags & SEG_SHARED, "sh"},
        {s->maxprot & PROT_READ, "mr"},    {s->maxprot & PROT_WRITE, "mw"},
        {s->maxprot & PROT_EXEC, "me"},    {s->flags & SEG_SHARED, "ms"},
        {s->flags & SEG_GROWS, "gd"},      {s->flags & SEG_DEVICE, "io"},
        {s->flags & SEG_WIRED, "lo"},      {s->flags & SEG_DONTFORK, "dc"},
        {s->flags & SEG_COMMITTED, "ac"},  {s->flags & SEG_NORESERVE, "nr"},
        {s->flags & SEG_WIPEONFORK, "wf"},
    };

    text_printf(t, "VmFlags:");
    for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
        if (flags[i].is)
            text_printf(t, " %s", flags[i].letters);
    text_printf(t, " \n");
}

static struct counts seg_counts(const struct seg *s)
{
    struct procfs_entry batch[PROCFS_BATCH];
    struct counts n = {0};

    for (vaddr_t va = s->base; va < seg_end(s);) {
        unsigned count = procfs_entries(s->as, &va, seg_end(s), batch);

        for (unsigned i = 0; i < count; i++)
            count_entry(&n, s, &batch[i]);
        preempt_point();
    }
    return n;
}

static void smaps_lines(struct seg *s, void *arg)
{
    struct text *t = arg;
    struct counts n = seg_counts(s);

    procfs_map_line(s, t);
    pages_line(t, "Size:", s->npages);
    pages_line(t, "KernelPageSize:", 1);
    pages_line(t, "MMUPageSize:", 1);
    pages_line(t, "Rss:", n.resident);
    part_line(t, "Pss:", n.part);
    pages_line(t, "Shared_Clean:", n.shared_clean);
    pages_line(t, "Shared_Dirty:", n.shared_dirty);
    pages_line(t, "Private_Clean:", n.private_clean);
    pages_line(t, "Private_Dirty:", n.private_dirty);
    pages_line(t, "Referenced:", n.referenced);
    pages_line(t, "Anonymous:", n.anonymous);
    kib_line(t, "LazyFree:", 0);
    kib_line(t, "AnonHugePages:", 0);
    kib_line(t, "ShmemPmdMapped:", 0);
    kib_line(t, "FilePmdMapped:", 0);
    kib_line(t, "Shared_Hugetlb:", 0);
    kib_line(t, "Private_Hugetlb:", 0);
    pages_line(t, "Swap:", n.swapped);
    part_line(t, "SwapPss:", n.swap_part);
    if (s->flags & SEG_WIRED)
        part_line(t, "Locked:", n.part);
    else
        kib_line(t, "Locked:", 0);
    text_printf(t, "THPeligible:    0\n");
    flags_line(t, s);
}

void procfs_pid_smaps(struct text *t, struct proc *p)
{
    struct as *as = procfs_as(p);

    if (!as)
        return;
    procfs_each_seg(as, smaps_lines, t);
    as_unref(as);
}
