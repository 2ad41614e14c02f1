/* SPDX-License-Identifier: MIT
 *
 * The windows into a process's address space: maps in Linux's format, pmap by segment, pt by entry
 * of the two-level page table.
 * Locks: as->lock for reading over the whole listing, so that segments stay; nodes are looked up
 * and their entries copied under pt_lock and the node lock (in this order), a few at a time, since
 * a fault beside us may exchange a shared node. Nothing is printed with a spinlock held.
 */
#include <string.h>

#include "fs/blockdev.h"
#include "lib/fmt.h"
#include "mm/obj_anon.h"
#include "mm/swap.h"
#include "proc/procfs_impl.h"
#include "proc/sysv_shm.h"

#define NAME_COLUMN  49 /* where Linux puts the name of a mapping on machines of 32 bits */
#define KIB_PER_PAGE (unsigned)(PAGE_SIZE / 1024)

void procfs_each_seg(struct as *as, void (*visit)(struct seg *s, void *arg), void *arg)
{
    names_read(); /* for the paths; above the address space's lock */
    rwlock_read(&as->lock);
    (void)!as_all_nodes(as); /* without memory what is out counts as nothing */
    tree_for_each (it, &as->segs) {
        visit(container_of(it, struct seg, by_addr), arg);
        preempt_point();
    }
    rwlock_read_done(&as->lock);
    names_read_done();
}

/* What a segment is called: its file's path, [heap], [stack] or nothing. */
static const char *seg_name(const struct seg *s, char *buf, size_t size)
{
    struct vnode *v = s->obj ? vnode_of_obj(s->obj) : NULL;

    if (v) {
        procfs_label_locked(v, buf, size);
        return buf;
    }
    if (s->obj && blockdev_path(s->obj, buf, size))
        return buf;
    if (s->flags & SEG_SHARED && s->obj && obj_is_anon(s->obj))
        return shm_name(s, buf, size) ? buf : "/dev/zero (deleted)";
    if (s->flags & SEG_GROWS && seg_end(s) == s->as->stack_top)
        return "[stack]";
    return s->flags & SEG_HEAP ? "[heap]" : "";
}

static void prot_letters(char letters[4], prot_t prot)
{
    letters[0] = prot & PROT_READ ? 'r' : '-';
    letters[1] = prot & PROT_WRITE ? 'w' : '-';
    letters[2] = prot & PROT_EXEC ? 'x' : '-';
    letters[3] = '\0';
}

/* The end of a line of maps; as on Linux a file's name may not begin another one. */
static void put_name(struct text *t, const char *name)
{
    const char *end;

    for (; (end = strchr(name, '\n')) != NULL; name = end + 1) {
        text_write(t, name, (size_t)(end - name));
        text_write(t, "\\012", 4);
    }
    text_printf(t, "%s\n", name);
}

void procfs_map_line(struct seg *s, void *arg)
{
    struct vnode *v = s->obj ? vnode_of_obj(s->obj) : NULL;
    char path[192], prot[4], head[NAME_COLUMN + 16];
    const char *name = seg_name(s, path, sizeof(path));
    struct text *t = arg;

    prot_letters(prot, s->prot);
    fmt_snprint(head, sizeof(head), "%08lx-%08lx %s%c %08lx 00:%02x %u ", (unsigned long)s->base,
                (unsigned long)seg_end(s), prot, s->flags & SEG_SHARED ? 's' : 'p',
                seg_has_pages(s) ? (unsigned long)page_addr(s->obj_page) : 0,
                v ? (unsigned)v->fs->dev : 0u, v ? (unsigned)v->ino : 0u);
    text_printf(t, "%-*s", *name ? NAME_COLUMN : 0, head);
    put_name(t, name);
}

void procfs_pid_maps(struct text *t, struct proc *p)
{
    struct as *as = procfs_as(p);

    if (!as)
        return;
    procfs_each_seg(as, procfs_map_line, t);
    as_unref(as);
}

unsigned procfs_entries(struct as *as, vaddr_t *va, vaddr_t end, struct procfs_entry *batch)
{
    vaddr_t stop = MIN(end, ALIGN_DOWN(*va, NODE_SPAN) + NODE_SPAN);
    unsigned count = 0;
    struct node *n;

    spin_lock(&as->pt_lock);
    n = pt_node(as->pt, *va);
    if (!n) {
        *va = stop;
        spin_unlock(&as->pt_lock);
        return 0;
    }
    node_lock(n);
    for (; *va < stop && count < PROCFS_BATCH; *va += PAGE_SIZE) {
        unsigned i = node_index(*va);
        pfn_t pfn;

        if (!pte_is_none(n->pte[i]))
            batch[count++] = (struct procfs_entry){.va = *va,
                                                   .pte = n->pte[i],
                                                   .hat = hat_probe(n, i, &pfn),
                                                   .roots = frame_count(frame_of_virt(n))};
    }
    node_unlock(n);
    spin_unlock(&as->pt_lock);
    return count;
}

enum page_kind procfs_page_kind(const struct seg *s, pfn_t pfn)
{
    if (frame_type(frame_of(pfn)) != FRAME_OBJ)
        return KIND_ANON;
    return s->obj && obj_is_anon(s->obj) ? KIND_SHMEM : KIND_FILE;
}

/* Pages of a segment: in core, without the zero page; those of them that were written; in swap
 * alone. */
struct seg_pages {
    unsigned resident, dirty, swapped;
};

/* A pmap on its way. */
struct pmap {
    struct text *text;
    unsigned pages;
    struct seg_pages sum;
};

static void count_entry(struct seg_pages *n, const struct procfs_entry *e)
{
    pfn_t pfn = pte_pfn(e->pte);

    n->swapped += pte_state(e->pte) == PTE_SWAPPED;
    if (!pte_in_core(e->pte) || pfn == frame_zero_page())
        return;
    n->resident++;
    n->dirty += (frame_of(pfn)->flags & FRAME_DIRTY) != 0;
}

void procfs_seg_kinds(const struct seg *s, unsigned kinds[3])
{
    struct procfs_entry batch[PROCFS_BATCH];

    for (vaddr_t va = s->base; va < seg_end(s);) {
        unsigned count = procfs_entries(s->as, &va, seg_end(s), batch);

        for (unsigned i = 0; i < count; i++)
            if (pte_in_core(batch[i].pte) && pte_pfn(batch[i].pte) != frame_zero_page())
                kinds[procfs_page_kind(s, pte_pfn(batch[i].pte))]++;
        preempt_point();
    }
}

static struct seg_pages seg_count(const struct seg *s)
{
    struct procfs_entry batch[PROCFS_BATCH];
    struct seg_pages n = {0};

    for (vaddr_t va = s->base; va < seg_end(s);) {
        unsigned count = procfs_entries(s->as, &va, seg_end(s), batch);

        for (unsigned i = 0; i < count; i++)
            count_entry(&n, &batch[i]);
        preempt_point();
    }
    return n;
}

unsigned procfs_as_swapped(struct as *as)
{
    unsigned swapped = 0;

    if (swap_stats().used == 0)
        return 0;
    rwlock_read(&as->lock);
    swapped = as->entries_out;
    tree_for_each (it, &as->segs) {
        swapped += seg_count(container_of(it, struct seg, by_addr)).swapped;
    }
    rwlock_read_done(&as->lock);
    return swapped;
}

static void pmap_line(struct seg *s, void *arg)
{
    struct pmap *m = arg;
    char path[192], prot[4], maxprot[4], flags[5];
    const char *name = seg_name(s, path, sizeof(path));
    struct seg_pages pages = seg_count(s);
    unsigned n = 0;

    prot_letters(prot, s->prot);
    prot_letters(maxprot, s->maxprot);
    flags[n++] = s->flags & SEG_GROWS ? 'g' : '-';
    flags[n++] = s->flags & SEG_HEAP ? 'h' : '-';
    flags[n++] = s->flags & SEG_WIRED ? 'w' : '-';
    flags[n++] = s->flags & SEG_DONTFORK ? 'd' : '-';
    flags[n] = '\0';
    text_printf(m->text, "%08lx %8u %-6s %s %s  %c %s %s/%lx %u %u %u\n", (unsigned long)s->base,
                (unsigned)s->npages * KIB_PER_PAGE, s->ops->name, prot, maxprot,
                s->flags & SEG_SHARED ? 's' : 'p', flags, *name ? name : "-",
                (unsigned long)page_addr(s->obj_page), pages.resident, pages.dirty, pages.swapped);
    m->pages += s->npages;
    m->sum.resident += pages.resident;
    m->sum.dirty += pages.dirty;
    m->sum.swapped += pages.swapped;
}

/* A line for each segment; sizes of segments in KiB, of what is in them in pages. */
void procfs_pid_pmap(struct text *t, struct proc *p)
{
    struct as *as = procfs_as(p);
    struct pmap m = {.text = t};

    text_printf(t,
                "base          KiB driver now max p flags object/offset resident dirty swapped\n");
    if (as) {
        procfs_each_seg(as, pmap_line, &m);
        as_unref(as);
    }
    text_printf(t, "total    %8u - - - - - - %u %u %u\n", m.pages * KIB_PER_PAGE, m.sum.resident,
                m.sum.dirty, m.sum.swapped);
}

static void pt_entry_line(struct text *t, const struct procfs_entry *e)
{
    char access[4];

    prot_letters(access, e->hat);
    text_printf(t, "  %08lx %-11s %05lx %s %s %s\n", (unsigned long)e->va,
                pte_state_name(pte_state(e->pte)), (unsigned long)pte_pfn(e->pte),
                e->pte.raw & PTE_COW ? "cow" : "-", e->pte.raw & PTE_WIRED ? "wired" : "-", access);
}

/* The line of a node; false: the slot is empty. */
static bool pt_node_line(struct text *t, struct as *as, unsigned slot)
{
    unsigned live = 0, roots = 0;
    pfn_t pfn = NO_PFN;
    struct node *n;

    spin_lock(&as->pt_lock);
    n = as->pt->node[slot];
    if (n) {
        pfn = node_pfn(n);
        live = node_live(n);
        roots = frame_of(pfn)->users;
    }
    spin_unlock(&as->pt_lock);
    if (pfn != NO_PFN)
        text_printf(t, "node %3u at %08lx live %u roots %u\n", slot,
                    (unsigned long)pfn << PAGE_SHIFT, live, roots);
    return pfn != NO_PFN;
}

static void pt_node_entries(struct text *t, struct as *as, unsigned slot)
{
    struct procfs_entry batch[PROCFS_BATCH];
    vaddr_t end = (vaddr_t)(slot + 1) << NODE_SHIFT;

    for (vaddr_t va = (vaddr_t)slot << NODE_SHIFT; va < end;) {
        unsigned count = procfs_entries(as, &va, end, batch);

        for (unsigned i = 0; i < count; i++)
            pt_entry_line(t, &batch[i]);
    }
}

/* Nodes with their physical address, then their entries: address, state, frame or slot, flags,
 * and the access that the hardware gives now. */
void procfs_pid_pt(struct text *t, struct proc *p)
{
    struct as *as = procfs_as(p);

    if (!as)
        return;
    rwlock_read(&as->lock);
    if (as->pt)
        text_printf(t, "root at %08lx\n", (unsigned long)virt_to_pfn(as->pt) << PAGE_SHIFT);
    for (unsigned slot = 0; as->pt && slot < ARRAY_SIZE(as->pt->node); slot++) {
        if (pt_node_line(t, as, slot))
            pt_node_entries(t, as, slot);
    }
    if (as->nodes_out)
        text_printf(t, "out: nodes %u entries %u\n", as->nodes_out, as->entries_out);
    rwlock_read_done(&as->lock);
    as_unref(as);
}
