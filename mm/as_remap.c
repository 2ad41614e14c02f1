/* SPDX-License-Identifier: MIT
 *
 * mremap: a segment, or a part of one, gets another length or another place. Each way checks, then
 * allocates, then moves the entries and can't fail any more. Committed memory goes with its pages:
 * only what they become more is asked for.
 * Locks: as->lock for writing.
 * Source: SunOS 4.1 had none; Linux's call, to the letter of its errors.
 */
#include "include/uapi/errno.h"
#include "mm/as.h"
#include "mm/as_impl.h"

/* [base, base + npages) is free. */
static bool range_free(const struct as *as, vaddr_t base, uint32_t npages)
{
    const struct seg *above = as_find_above(as, base);

    return !above || above->base >= base + page_addr(npages);
}

static int check_limits(const struct seg *s, const struct remap_request *r)
{
    uint32_t stays = r->flags & REMAP_DONTUNMAP ? 0 : MIN(r->old_pages, r->new_pages);
    bool data = s->prot & PROT_WRITE && !(s->flags & (SEG_SHARED | SEG_GROWS));

    return as_limit_check(s->as, r->new_pages - stays, data ? r->new_pages - stays : 0, NULL);
}

/* The part of s from r->from on can have another length. */
static int check_resize(const struct seg *s, const struct remap_request *r)
{
    uint32_t page = seg_obj_page(s, r->from);

    if (r->old_pages == 0 && !(s->flags & SEG_SHARED))
        return -EINVAL;
    if (r->flags & REMAP_DONTUNMAP && s->flags & SEG_DEVICE)
        return -EINVAL;
    if (r->old_pages > page_of(seg_end(s) - r->from))
        return -EFAULT;
    if (r->new_pages == r->old_pages)
        return 0;
    if (s->obj && page + r->new_pages < page)
        return -EINVAL;
    if (s->flags & SEG_DEVICE)
        return -EFAULT;
    return unlikely(s->as->limited) ? check_limits(s, r) : 0;
}

/* True: what lies above the segment's end is free, and it is longer by that now. */
static int grow_in_place(struct as *as, struct seg *s, uint32_t more, bool *done)
{
    vaddr_t end = seg_end(s);
    int error;

    *done = more <= page_of(USER_END - end) && range_free(as, end, more);
    if (!*done)
        return 0;
    error = s->flags & SEG_COMMITTED ? as_commit(as, (int32_t)more) : 0;
    if (error)
        return error;
    seg_lock(s);
    s->npages += more;
    seg_unlock(s);
    as->version++;
    as_hole_changed(as, seg_next(s), -(int32_t)more);
    as_merge(as, s);
    return 0;
}

/* What a move may need. */
struct spares {
    struct seg *fresh, *cut[2];
};

static void spares_free(struct spares *p)
{
    struct seg *all[] = {p->fresh, p->cut[0], p->cut[1]};

    for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i])
            seg_free(all[i]);
}

static int spares_get(struct spares *p)
{
    p->fresh = seg_alloc();
    p->cut[0] = seg_alloc();
    p->cut[1] = seg_alloc();
    if (p->fresh && p->cut[0] && p->cut[1])
        return 0;
    spares_free(p);
    return -ENOMEM;
}

/* The range, which is part of s, as a segment of its own. */
static struct seg *isolate(struct as *as, struct seg *s, vaddr_t base, uint32_t npages,
                           struct spares *p)
{
    vaddr_t end = base + page_addr(npages);

    if (s->base < base) {
        as_split(as, s, base, p->cut[0]);
        s = p->cut[0];
        p->cut[0] = NULL;
    }
    if (seg_end(s) > end) {
        as_split(as, s, end, p->cut[1]);
        p->cut[1] = NULL;
    }
    return s;
}

static void enter_fresh(struct as *as, const struct seg *s, const struct remap_request *r,
                        struct seg *fresh)
{
    struct seg *next;

    seg_copy(fresh, s);
    fresh->base = r->to;
    fresh->npages = r->new_pages;
    fresh->obj_page = seg_has_pages(s) ? seg_obj_page(s, r->from) : 0;
    fresh->flags &= (uint16_t) ~(SEG_GROWS | SEG_HEAP);
    if (s->ops->dup)
        s->ops->dup(s, fresh);
    next = as_find_above(as, r->to);
    as_insert(as, next ? seg_prev(next) : as_last(as), fresh, next);
}

/* Moves the pages to r->to, where there is room. Steps: spare segments, promises, nodes and copies;
 * the segment for the new place, the entries, the old place's end. */
static int move(struct as *as, struct seg *s, const struct remap_request *r)
{
    bool keep = r->flags & REMAP_DONTUNMAP || r->old_pages == 0;
    uint32_t more = r->new_pages - (keep ? 0 : r->old_pages);
    uint32_t commit = s->flags & SEG_COMMITTED ? more : 0;
    struct spares spares;
    struct seg *old;
    int error = as->nsegs + 3 > SEGS_MAX ? -ENOMEM : as_commit(as, (int32_t)commit);

    if (error)
        return error;
    error = spares_get(&spares);
    if (error)
        goto no_spares;
    error = pt_prepare_move(as, r->from, r->to, r->old_pages);
    if (error)
        goto no_pages;
    old = keep ? s : isolate(as, s, r->from, r->old_pages, &spares);
    enter_fresh(as, old, r, spares.fresh);
    pt_move(as, r->from, r->to, r->old_pages);
    if (!keep) {
        as_remove(as, old, seg_next(old)); /* its promises are the other's now */
        if (old->ops->release)
            old->ops->release(old);
        seg_free(old);
    } else if (r->flags & REMAP_DONTUNMAP) {
        old->flags &= (uint16_t)~SEG_LOCK_FLAGS; /* all of it, as in Linux */
    }
    as_merge(as, spares.fresh);
    spares.fresh = NULL;
    spares_free(&spares);
    return 0;
no_pages:
    spares_free(&spares);
no_spares:
    (void)!as_commit(as, -(int32_t)commit);
    return error;
}

/* A free place for it; false: none. */
static bool find_room(struct as *as, struct remap_request *r)
{
    struct place p;

    if (r->new_pages > page_of(USER_END) || !as_find_gap(as, r->new_pages, &p))
        return false;
    r->to = p.base;
    return true;
}

/* What is more than the new length goes. */
static int cut_tail(struct as *as, const struct remap_request *r)
{
    if (r->old_pages > page_of(USER_END - r->from))
        return -EINVAL;
    if (r->old_pages == r->new_pages)
        return 0;
    return as_unmap_locked(as, r->from + page_addr(r->new_pages), r->old_pages - r->new_pages);
}

/* To a place that the caller names, or without unmapping. */
static int remap_to(struct as *as, struct remap_request *r)
{
    struct seg *s;
    int error = 0;

    if (r->to & PAGE_MASK || r->to >= USER_END || r->new_pages > page_of(USER_END - r->to))
        return -EINVAL;
    if (r->from + page_addr(r->old_pages) > r->to && r->to + page_addr(r->new_pages) > r->from)
        return -EINVAL;
    if (r->flags & REMAP_FIXED)
        error = r->to < FIXED_MIN ? -EINVAL : as_unmap_locked(as, r->to, r->new_pages);
    if (!error && r->old_pages > r->new_pages) {
        error = cut_tail(as, r);
        r->old_pages = r->new_pages;
    }
    s = as_find(as, r->from);
    if (!error)
        error = s ? check_resize(s, r) : -EFAULT;
    if (error)
        return error;
    if (!(r->flags & REMAP_FIXED) && (r->to < USER_MIN || !range_free(as, r->to, r->new_pages)) &&
        !find_room(as, r))
        return -ENOMEM;
    return move(as, s, r);
}

static int remap_locked(struct as *as, struct remap_request *r, vaddr_t *where)
{
    struct seg *s = as_find(as, r->from);
    bool done = false;
    int error;

    if (!s)
        return -EFAULT;
    if (r->flags & (REMAP_FIXED | REMAP_DONTUNMAP)) {
        error = remap_to(as, r);
        *where = r->to;
        return error;
    }
    *where = r->from;
    if (r->old_pages >= r->new_pages)
        return cut_tail(as, r);
    error = check_resize(s, r);
    if (!error && r->old_pages == page_of(seg_end(s) - r->from))
        error = grow_in_place(as, s, r->new_pages - r->old_pages, &done);
    if (error || done)
        return error;
    if (!(r->flags & REMAP_MAYMOVE))
        return -ENOMEM;
    if (!find_room(as, r))
        return -ENOMEM;
    *where = r->to;
    return move(as, s, r);
}

int as_remap(struct as *as, const struct remap_request *request, vaddr_t *where)
{
    struct remap_request r = *request;
    const struct seg *s;
    bool wired = false;
    int error;

    if (r.from & PAGE_MASK || r.new_pages == 0)
        return -EINVAL;
    if (r.from >= USER_END)
        return -EFAULT;
    rwlock_write(&as->lock);
    error = as_all_nodes(as);
    if (!error)
        error = remap_locked(as, &r, where);
    if (!error && r.new_pages > r.old_pages) {
        s = as_find(as, *where);
        wired = s && s->flags & SEG_WIRED;
    }
    rwlock_write_done(&as->lock);
    if (wired)
        (void)!as_populate(as, *where + page_addr(r.old_pages), r.new_pages - r.old_pages,
                           POPULATE);
    return error;
}
