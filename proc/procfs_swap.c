/* SPDX-License-Identifier: MIT
 *
 * What /proc shows of page-out and swap. /proc/quire/clock: key and value in each line, the hands
 * as frames in hexadecimal, `-` before the clock has begun; "spread N" can be written. A line of
 * /proc/quire/swapmap is a slot in use: slot, type, owner, page, entries that name it, frame,
 * state, area. A line of /proc/PID/swap is a private page of the process that has a slot, in memory
 * or not: address, slot, entries that name the slot or its frame, page tables that share this
 * one's, frame, state. Slots, owners, frames and objects' pages are hexadecimal, pages of programs
 * addresses. States: out (in swap alone), object (an object's, which is found by its page, in
 * memory or not), reading, writing, dirty (to be written), clean. Locks: (w), for a slot at a time;
 * nothing is printed with it.
 */
#include <string.h>

#include "include/uapi/errno.h"
#include "lib/cmdline.h"
#include "lib/fmt.h"
#include "mm/clock.h"
#include "mm/pageout.h"
#include "mm/policy.h"
#include "mm/swap.h"
#include "proc/procfs_impl.h"

#define COMMAND_MAX 64u

static void line(struct text *t, const char *name, uint32_t value)
{
    text_printf(t, "%s %u\n", name, (unsigned)value);
}

static void hand_line(struct text *t, const char *name, pfn_t pfn)
{
    if (pfn == NO_PFN)
        text_printf(t, "%s -\n", name);
    else
        text_printf(t, "%s %x\n", name, (unsigned)pfn);
}

/* Frames that there are to go round. */
static uint32_t frames(void)
{
    struct frame_stats s = frame_stats();

    return s.total - s.reserved;
}

void procfs_clock(struct text *t, struct proc *p)
{
    struct clock_hands h = clock_hands();
    struct pageout_limits l = pageout_limits();
    struct pageout_stats s = pageout_stats();
    struct frame_stats f = frame_stats();

    (void)p;
    text_printf(t, "policy %s\n", pageout_policy());
    hand_line(t, "front", h.front);
    hand_line(t, "back", h.back);
    line(t, "spread", h.spread);
    line(t, "ahead", h.ahead);
    line(t, "frames", frames());
    line(t, "lotsfree", l.lotsfree);
    line(t, "desfree", l.desfree);
    line(t, "minfree", l.minfree);
    line(t, "free", f.free);
    line(t, "cache", f.cache);
    line(t, "pace", pageout_pace());
    line(t, "rounds", s.rounds);
    line(t, "scanned", s.scanned);
    line(t, "looks", s.looks);
    text_printf(t, "look_ns %llu\n", (unsigned long long)s.look_ns);
    line(t, "cleared", s.cleared);
    line(t, "used", s.used);
    line(t, "taken", s.taken);
    line(t, "laundered", s.laundered);
    line(t, "failed", s.failed);
    line(t, "waits", s.waits);
    line(t, "hopeless", s.hopeless);
    line(t, "nodes", s.nodes);
    line(t, "sleepers", s.sleepers);
}

static int set_spread(const char *digits, size_t len)
{
    uint64_t spread;

    if (cmdline_size(digits, len, &spread) || spread == 0 || spread > frames())
        return -EINVAL;
    clock_set_spread((uint32_t)spread);
    return 0;
}

static int set_policy(const char *name, size_t len)
{
    const struct policy *p;

    for (unsigned i = 0; (p = policy_nth(i)); i++)
        if (strlen(p->name) == len && memcmp(p->name, name, len) == 0)
            return policy_set(p->name);
    return -EINVAL;
}

static bool is(const char *word, size_t len, const char *what)
{
    return len == strlen(what) && memcmp(word, what, len) == 0;
}

/* `spread FRAMES` or `policy NAME`. */
static int command(const char *line)
{
    const char *word, *value, *more;
    size_t len, value_len, more_len;

    if (!cmdline_next(&line, &word, &len) || !cmdline_next(&line, &value, &value_len) ||
        cmdline_next(&line, &more, &more_len))
        return -EINVAL;
    if (is(word, len, "spread"))
        return set_spread(value, value_len);
    return is(word, len, "policy") ? set_policy(value, value_len) : -EINVAL;
}

static int clock_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    char text[COMMAND_MAX];
    int error = procfs_command(text, sizeof(text), ubuf, len);

    (void)f;
    (void)pos;
    if (!error)
        error = command(text);
    return error ? error : (int)len;
}

const struct vnode_ops procfs_clock_ops = {
    .open = procfs_open, .read = text_read, .write = clock_write, .close = text_close};

static const char *slot_state(const struct swap_slot_info *s)
{
    if (s->reading || s->writing)
        return s->reading ? "reading" : "writing";
    if (s->pfn == NO_PFN)
        return s->type == FRAME_OBJ ? "object" : "out";
    return frame_of(s->pfn)->flags & FRAME_DIRTY ? "dirty" : "clean";
}

/* A frame as it is shown; in buf. */
static const char *frame_text(char buf[8], pfn_t pfn)
{
    if (pfn == NO_PFN)
        return "-";
    fmt_snprint(buf, 8, "%x", (unsigned)pfn);
    return buf;
}

static void slot_line(struct text *t, uint32_t slot, const char *area)
{
    struct swap_slot_info s;
    char frame[8];

    if (!swap_slot(slot, &s) || !s.owner)
        return;
    text_printf(t, "%x %s %lx ", (unsigned)slot, frame_type_name(s.type),
                (unsigned long)(uintptr_t)s.owner);
    if (s.type == FRAME_ANON)
        text_printf(t, "%08lx", (unsigned long)page_addr(s.index));
    else
        text_printf(t, "%x", (unsigned)s.index);
    text_printf(t, " %u %s %s %s\n", s.count, frame_text(frame, s.pfn), slot_state(&s), area);
}

void procfs_swapmap(struct text *t, struct proc *p)
{
    struct swap_area_info a;

    (void)p;
    for (unsigned i = 0; i < SWAP_AREAS; i++) {
        if (!swap_area(i, &a))
            continue;
        for (uint32_t slot = a.first; slot < a.first + a.pages; slot++) {
            slot_line(t, slot, a.name);
            preempt_point();
        }
    }
}

/* The slot of the page that the entry names, and what is in it; NO_SLOT: it has none. */
static uint32_t slot_of(const struct procfs_entry *e, struct swap_slot_info *s)
{
    pfn_t pfn = NO_PFN;
    uint32_t slot = NO_SLOT;

    if (pte_state(e->pte) == PTE_SWAPPED) {
        slot = pte_pfn(e->pte);
    } else if (pte_in_core(e->pte)) {
        pfn = pte_pfn(e->pte);
        if (frame_type(frame_of(pfn)) == FRAME_SWAP)
            slot = frame_slot(frame_of(pfn));
    }
    if (slot == NO_SLOT || !swap_slot(slot, s) || !s->owner || (pfn && s->pfn != pfn))
        return NO_SLOT; /* it was another's by now */
    return slot;
}

static void entry_line(struct text *t, const struct procfs_entry *e)
{
    struct swap_slot_info s;
    uint32_t slot = slot_of(e, &s);
    char frame[8];

    if (slot)
        text_printf(t, "%08lx %x %u %u %s %s\n", (unsigned long)e->va, (unsigned)slot,
                    s.count + (s.pfn ? frame_users(s.pfn) : 0), e->roots, frame_text(frame, s.pfn),
                    slot_state(&s));
}

static void seg_lines(struct text *t, const struct seg *s)
{
    struct procfs_entry batch[PROCFS_BATCH];

    for (vaddr_t va = s->base; va < seg_end(s);) {
        unsigned count = procfs_entries(s->as, &va, seg_end(s), batch);

        for (unsigned i = 0; i < count; i++)
            entry_line(t, &batch[i]);
        preempt_point();
    }
}

void procfs_pid_swap(struct text *t, struct proc *p)
{
    struct as *as = procfs_as(p);

    if (!as)
        return;
    rwlock_read(&as->lock);
    (void)!as_all_nodes(as);
    tree_for_each (it, &as->segs) {
        seg_lines(t, container_of(it, struct seg, by_addr));
    }
    rwlock_read_done(&as->lock);
    as_unref(as);
}
