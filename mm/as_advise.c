/* SPDX-License-Identifier: MIT
 *
 * What is said about a range without mapping or unmapping it: flags of its segments, pages that are
 * not needed, what is in memory, what goes to its file. Gaps are passed over; that there was one is
 * said at the end, as Linux does.
 * Locks: as->lock, for writing where segments or entries change.
 */
#include "include/uapi/errno.h"
#include "mm/as.h"
#include "mm/as_impl.h"

/* Calls visit for each segment's part of [base, end) until one fails: its error, else -ENOMEM if
 * there is a gap. */
static int each_part(struct as *as, vaddr_t base, vaddr_t end,
                     int (*visit)(struct seg *s, struct range r, uint32_t arg), uint32_t arg)
{
    struct seg *s = as_find_above(as, base);
    vaddr_t at = base;
    bool gap = false;

    for (; s && s->base < end && at < end; s = seg_next(s)) {
        vaddr_t from = MAX(s->base, base), to = MIN(seg_end(s), end);
        int error = visit(s, (struct range){from, page_of(to - from)}, arg);

        if (error)
            return error;
        gap |= s->base > at;
        at = to;
        preempt_point();
    }
    return gap || at < end ? -ENOMEM : 0;
}

static int can_discard(struct seg *s, struct range r, uint32_t advice)
{
    if (s->flags & SEG_WIRED && advice != SEG_DONTNEED_LOCKED)
        return -EINVAL;
    if (advice == SEG_COLD)
        return s->flags & SEG_DEVICE ? -EINVAL : 0;
    return s->ops->advise ? s->ops->advise(s, r, (enum seg_advice)advice) : 0;
}

static int discard(struct seg *s, struct range r, uint32_t advice)
{
    int error = can_discard(s, r, advice);

    return error || advice == SEG_COLD ? error : pt_unmap(s->as, r.base, r.npages);
}

int as_discard(struct as *as, vaddr_t base, uint32_t npages, enum seg_advice advice)
{
    int error;

    rwlock_write(&as->lock);
    error = each_part(as, base, base + page_addr(npages), discard, advice);
    rwlock_write_done(&as->lock);
    return error;
}

/* Flags that no segment of this kind can have. */
static int can_set(struct seg *s, struct range r, uint32_t set)
{
    (void)r;
    return set & SEG_WIPEONFORK && (s->obj || s->flags & (SEG_SHARED | SEG_DEVICE)) ? -EINVAL : 0;
}

/* What lies before the segment that refuses gets the flags all the same, as in Linux. */
static vaddr_t first_refusing(struct as *as, vaddr_t base, vaddr_t end, uint32_t set)
{
    struct seg *s = as_find_above(as, base);

    for (; s && s->base < end; s = seg_next(s)) {
        if (can_set(s, (struct range){0}, set))
            return MAX(s->base, base);
        preempt_point();
    }
    return end;
}

/* The flags of what lies in [base, end); edges are split with the two spare segments. */
static void set_flags(struct as *as, vaddr_t base, vaddr_t end, uint16_t clear, uint16_t set,
                      struct seg *spare[2])
{
    struct seg *s = as_find_above(as, base);

    while (s && s->base < end) {
        if ((uint16_t)((s->flags & ~clear) | set) == s->flags) {
            s = seg_next(s);
            continue;
        }
        if (s->base < base) {
            as_split(as, s, base, spare[0]);
            s = spare[0];
            spare[0] = NULL;
        }
        if (seg_end(s) > end) {
            as_split(as, s, end, spare[1]);
            spare[1] = NULL;
        }
        s->flags = (uint16_t)((s->flags & ~clear) | set);
        s = seg_next(as_merge(as, s));
        preempt_point();
    }
}

/* Where the first gap of [base, end) begins, or end. */
static vaddr_t end_before_gap(struct as *as, vaddr_t base, vaddr_t end)
{
    const struct seg *s = as_find(as, base);

    for (; s && s->base <= base && base < end; s = seg_next(s)) {
        base = seg_end(s);
        preempt_point();
    }
    return MIN(base, end);
}

int as_wire(struct as *as, vaddr_t base, uint32_t npages, uint16_t how)
{
    vaddr_t end = base + page_addr(npages), stop;
    int error = 0;

    rwlock_read(&as->lock);
    stop = end_before_gap(as, base, end);
    rwlock_read_done(&as->lock);
    if (stop > base)
        error = as_set_flags(as, base, page_of(stop - base), SEG_LOCK_FLAGS, how);
    return error ? error : stop < end ? -ENOMEM : 0;
}

int as_set_flags(struct as *as, vaddr_t base, uint32_t npages, uint16_t clear, uint16_t set)
{
    vaddr_t end = base + page_addr(npages), stop = end;
    struct seg *spare[2] = {seg_alloc(), seg_alloc()};
    int error = -ENOMEM;

    rwlock_write(&as->lock);
    if (spare[0] && spare[1] && as->nsegs + 2 <= SEGS_MAX && as_all_nodes(as) == 0) {
        error = each_part(as, base, end, can_set, set);
        if (error == -EINVAL)
            stop = first_refusing(as, base, end, set);
        if (stop > base)
            set_flags(as, base, stop, clear, set, spare);
        if ((clear | set) & SEG_WIRED && stop > base)
            pt_wire(as, base, page_of(stop - base), set & SEG_WIRED);
        if (set & (SEG_DONTFORK | SEG_WIPEONFORK))
            as->special = true;
    }
    rwlock_write_done(&as->lock);
    for (unsigned i = 0; i < 2; i++)
        if (spare[i])
            seg_free(spare[i]);
    return error;
}

int as_incore(struct as *as, vaddr_t base, uint32_t npages, uint8_t *vec)
{
    const struct seg *s = NULL;
    int error = 0;

    rwlock_read(&as->lock);
    for (uint32_t i = 0; i < npages && !error; i++) {
        vaddr_t va = base + page_addr(i);

        if (!s || !seg_holds(s, va))
            s = as_find(as, va);
        if (s)
            vec[i] = pte_in_core(pt_get(as, va)) || (s->ops->incore && s->ops->incore(s, va));
        else
            error = -ENOMEM;
    }
    rwlock_read_done(&as->lock);
    return error;
}

/* The object of the segment at *va or above it, with a reference; its pages from there to the
 * segment's end or to `end`. *va moves behind them. */
struct part {
    struct obj *obj;
    const struct seg_ops *ops;
    uint32_t first, npages;
    bool wired, gap;
};

static struct part part_at(struct as *as, vaddr_t *va, vaddr_t end)
{
    struct part p = {.gap = true};
    const struct seg *s;

    rwlock_read(&as->lock);
    s = as_find_above(as, *va);
    if (s && s->base < end) {
        vaddr_t from = MAX(*va, s->base), to = MIN(end, seg_end(s));

        p = (struct part){.ops = s->ops,
                          .first = seg_obj_page(s, from),
                          .npages = page_of(to - from),
                          .wired = s->flags & SEG_WIRED,
                          .gap = s->base > *va};
        if (s->obj && s->ops->sync) {
            p.obj = s->obj;
            obj_ref(p.obj);
        }
        *va = to;
    } else {
        *va = end;
    }
    rwlock_read_done(&as->lock);
    return p;
}

int as_sync(struct as *as, vaddr_t base, uint32_t npages, bool write, bool invalidate)
{
    vaddr_t va = base, end = base + page_addr(npages);
    int gap = 0;

    while (va < end) {
        struct part p = part_at(as, &va, end);
        int error = p.wired && invalidate ? -EBUSY : 0;

        gap |= p.gap;
        if (p.obj) {
            if (!error && write)
                error = p.ops->sync(p.obj, p.first, p.npages);
            obj_unref(p.obj);
        }
        if (error)
            return error;
        preempt_point();
    }
    return gap ? -ENOMEM : 0;
}
