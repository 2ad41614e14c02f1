/* SPDX-License-Identifier: MIT
 *
 * Changing an address space: map, unmap, protect, the heap's end, the stack's growth. Each checks,
 * then allocates what it may need (at most two segments), then commits and can not fail.
 * Locks: as->lock for writing.
 */
#include "mm/as.h"

#include "include/uapi/errno.h"
#include "mm/as_impl.h"
#include "mm/obj.h"

static bool range_ok(vaddr_t base, uint32_t npages)
{
    return !(base & PAGE_MASK) && base >= USER_MIN && base < USER_END && npages > 0 &&
           npages <= page_of(USER_END - base);
}

/* Private and writable memory is what can need a frame of its own. */
static bool needs_commit(prot_t prot, uint16_t flags)
{
    return prot & PROT_WRITE && !(flags & (SEG_SHARED | SEG_NORESERVE));
}

/* The request would be more of s in every respect but its place. */
static bool same_kind(const struct seg *s, const struct map_request *r, uint16_t flags)
{
    return s->ops == r->ops && s->obj == r->obj && s->prot == r->prot && s->maxprot == r->maxprot &&
           s->flags == flags && !(flags & (SEG_GROWS | SEG_APART)) && !s->data;
}

static bool place_is_free(const struct place *p, uint32_t npages)
{
    return !p->next || p->next->base >= p->base + page_addr(npages);
}

/* The place lies free: makes a neighbour of the same kind longer instead of making a segment.
 * False: there is none. */
static bool extend_neighbour(struct as *as, const struct map_request *r, const struct place *p,
                             uint16_t flags)
{
    struct seg *below = p->prev, *above = p->next, *s = NULL;

    if (below && seg_end(below) == p->base && same_kind(below, r, flags) &&
        (!seg_has_pages(below) || below->obj_page + below->npages == r->obj_page)) {
        s = below;
    } else if (above && above->base == p->base + page_addr(r->npages) &&
               same_kind(above, r, flags) &&
               (!seg_has_pages(above) || r->obj_page + r->npages == above->obj_page)) {
        s = above;
    }
    if (!s)
        return false;
    seg_lock(s);
    if (s == above) {
        s->base = p->base;
        s->obj_page -= r->npages;
    }
    s->npages += r->npages;
    seg_unlock(s);
    as->version++;
    as_hole_changed(as, above, -(int32_t)r->npages);
    if (s == below && above && above->base == seg_end(s))
        as_merge(as, s);
    return true;
}

/* What lies on both sides of p->base; next may hold it. */
static void find_neighbours(const struct as *as, struct place *p)
{
    p->next = as_find_above(as, p->base);
    p->prev = p->next ? seg_prev(p->next) : as_last(as);
}

/* Where the request goes: 0 or -Exxx. What is in the way of a fixed one is p->next. */
static int find_place(struct as *as, const struct map_request *r, struct place *p)
{
    if (r->fixed && !range_ok(r->base, r->npages))
        return r->base & PAGE_MASK ? -EINVAL : -ENOMEM;
    if (r->fixed || (r->base && range_ok(r->base, r->npages))) {
        p->base = r->base;
        find_neighbours(as, p);
        if ((r->fixed && !r->noreplace) || place_is_free(p, r->npages))
            return 0;
        if (r->fixed)
            return -EEXIST;
    }
    return as_find_gap(as, r->npages, p) ? 0 : -ENOMEM;
}

/* Takes what is in the way of a fixed request; what it promises is committed then. */
static int make_room(struct as *as, const struct map_request *r, struct place *p, uint16_t flags)
{
    int error = 0;

    if (flags & SEG_COMMITTED)
        error = as_commit(as, (int32_t)r->npages);
    if (!error && r->fixed && !place_is_free(p, r->npages)) {
        error = as_unmap_locked(as, p->base, r->npages);
        if (error && flags & SEG_COMMITTED)
            as_commit(as, -(int32_t)r->npages);
        find_neighbours(as, p);
    }
    return error;
}

static __noinline void hold_obj(const struct map_request *r, uint16_t flags)
{
    obj_ref(r->obj);
    if (flags & SEG_SHARED && r->maxprot & PROT_WRITE)
        obj_count_writable(r->obj, 1);
}

static void fill_seg(struct seg *s, const struct map_request *r, vaddr_t base, uint16_t flags)
{
    s->base = base;
    s->npages = r->npages;
    s->prot = (uint8_t)r->prot;
    s->maxprot = (uint8_t)r->maxprot;
    s->flags = flags;
    s->ops = r->ops;
    s->obj = r->obj;
    s->obj_page = r->obj_page;
    if (r->obj)
        hold_obj(r, flags);
}

static __noinline int check_limits(const struct as *as, const struct map_request *r)
{
    bool data = r->prot & PROT_WRITE && !(r->flags & (SEG_SHARED | SEG_GROWS));
    struct range gone = {r->base, r->npages};

    return as_limit_check(as, r->npages, data ? r->npages : 0, r->fixed ? &gone : NULL);
}

/* Steps: find the place; commit, and make room for a fixed request, with the segment allocated
 * before, since after that nothing may fail; then a neighbour grows, or the segment is entered. */
static int map_locked(struct as *as, const struct map_request *r, vaddr_t *where)
{
    uint16_t flags =
        r->flags | as->map_flags | (needs_commit(r->prot, r->flags) ? SEG_COMMITTED : 0);
    struct place p;
    struct seg *s = NULL;
    int error = as->nsegs < SEGS_MAX ? find_place(as, r, &p) : -ENOMEM;

    if (unlikely(as->limited) && !error)
        error = check_limits(as, r);
    if (!error && r->fixed) {
        s = seg_alloc();
        error = s ? 0 : -ENOMEM;
    }
    if (error)
        return error;
    *where = p.base;
    error = make_room(as, r, &p, flags);
    if (error || extend_neighbour(as, r, &p, flags)) {
        if (s)
            seg_free(s);
        return error;
    }
    if (!s)
        s = seg_alloc();
    if (!s) {
        if (flags & SEG_COMMITTED)
            as_commit(as, -(int32_t)r->npages);
        return -ENOMEM;
    }
    fill_seg(s, r, p.base, flags);
    as_insert(as, p.prev, s, p.next);
    return 0;
}

int as_map(struct as *as, const struct map_request *r, vaddr_t *where)
{
    int error;

    if (r->npages == 0 || r->prot & ~r->maxprot)
        return -EINVAL;
    if (r->npages > page_of(USER_END - USER_MIN))
        return -ENOMEM;
    rwlock_write(&as->lock);
    error = map_locked(as, r, where);
    rwlock_write_done(&as->lock);
    return error;
}

/* One segment's part of an unmap; its pages are gone. next follows it. spare is used if it falls in
 * two. */
static void cut(struct as *as, struct seg *s, struct seg *next, struct range r, struct seg **spare)
{
    vaddr_t base = r.base, end = base + page_addr(r.npages);
    uint32_t gone;

    if (s->base < base && seg_end(s) > end) {
        next = *spare;
        as_split(as, s, end, next);
        *spare = NULL;
    }
    gone = page_of(MIN(seg_end(s), end) - MAX(s->base, base));
    if (s->flags & SEG_COMMITTED)
        as_commit(as, -(int32_t)gone);
    as->version++;
    if (s->base >= base && seg_end(s) <= end) {
        as_remove(as, s, next);
        if (s->ops->release)
            s->ops->release(s);
        seg_free(s);
        return;
    }
    seg_lock(s);
    if (s->base >= base) {
        s->base = end;
        s->obj_page += gone;
        next = s;
    }
    s->npages -= gone;
    seg_unlock(s);
    as_hole_changed(as, next, (int32_t)gone);
}

int as_unmap_locked(struct as *as, vaddr_t base, uint32_t npages)
{
    vaddr_t end = base + page_addr(npages);
    struct seg *s = as_find_above(as, base), *spare = NULL;
    int error;

    if (!s || s->base >= end)
        return 0;
    if (s->base < base && seg_end(s) > end) {
        spare = as->nsegs < SEGS_MAX ? seg_alloc() : NULL;
        if (!spare)
            return -ENOMEM;
    }
    error = pt_unmap(as, base, npages);
    if (error) {
        if (spare)
            seg_free(spare);
        return error;
    }
    while (s && s->base < end) {
        struct seg *next = seg_next(s);

        cut(as, s, next, (struct range){base, npages}, &spare);
        s = next;
        preempt_point();
    }
    return 0;
}

int as_unmap(struct as *as, vaddr_t base, uint32_t npages)
{
    int error;

    if (base & PAGE_MASK || npages == 0 || base >= USER_END || npages > page_of(USER_END - base))
        return -EINVAL;
    rwlock_write(&as->lock);
    error = as_unmap_locked(as, base, npages);
    rwlock_write_done(&as->lock);
    return error;
}

/* s, which should hold the range, may get prot. */
static int may_protect(const struct seg *s, struct range r, prot_t prot)
{
    if (!s || s->base > r.base)
        return -ENOMEM;
    if (prot & ~s->maxprot)
        return -EACCES;
    return s->ops->setprot ? s->ops->setprot(s, r, prot) : 0;
}

/* Every page of the range is mapped and may get prot: 0, -ENOMEM, -EACCES; then *end is where the
 * first is that may not. *commit: pages before *end that become committed. */
static int protect_check(struct as *as, vaddr_t base, vaddr_t *end, prot_t prot, uint32_t *commit)
{
    struct seg *s = as_find(as, base);
    vaddr_t at = base;

    *commit = 0;
    while (at < *end) {
        vaddr_t stop = s ? MIN(seg_end(s), *end) : *end;
        int error = may_protect(s, (struct range){at, page_of(stop - at)}, prot);

        if (error) {
            *end = at;
            return error;
        }
        if (needs_commit(prot, s->flags) && !(s->flags & SEG_COMMITTED))
            *commit += page_of(stop - at);
        at = stop;
        s = seg_next(s);
        preempt_point();
    }
    return 0;
}

/* Translations of the range never permit more than prot afterwards. */
static void protect_pages(struct as *as, vaddr_t base, vaddr_t end, prot_t prot)
{
    for (vaddr_t va = base; va < end;) {
        vaddr_t stop = MIN(end, (va | (NODE_SPAN - 1)) + 1);
        struct node *n = pt_node(as->pt, va);

        if (n) {
            node_lock(n);
            if (prot & PROT_READ && !(prot & PROT_WRITE) && prot & PROT_EXEC)
                hat_readonly(&as->hat, n, va, page_of(stop - va));
            else
                hat_unload(&as->hat, n, va, page_of(stop - va));
            node_unlock(n);
        }
        va = stop;
        preempt_point();
    }
}

/* Sets prot on what lies in [base, end): edges are split with the two spare segments.
 * True: locked private memory became writable, and its pages should be the owner's own. */
static bool protect_segs(struct as *as, vaddr_t base, vaddr_t end, prot_t prot,
                         struct seg *spare[2])
{
    struct seg *s = as_find(as, base);
    bool fill = false;

    if (s->base < base) {
        as_split(as, s, base, spare[0]);
        s = spare[0];
        spare[0] = NULL;
    }
    while (s && s->base < end) {
        if (seg_end(s) > end) {
            as_split(as, s, end, spare[1]);
            spare[1] = NULL;
        }
        fill |= s->flags & SEG_WIRED && !(s->flags & SEG_SHARED) && prot & ~s->prot & PROT_WRITE;
        s->prot = (uint8_t)prot;
        if (needs_commit(prot, s->flags))
            s->flags |= SEG_COMMITTED;
        as->version++;
        s = seg_next(as_merge(as, s));
        preempt_point();
    }
    if (s)
        as_merge(as, s);
    return fill;
}

/* *end: as protect_check leaves it. *fill: as protect_segs. */
static int protect_locked(struct as *as, vaddr_t base, vaddr_t *end, prot_t prot, bool *fill)
{
    struct seg *spare[2] = {NULL, NULL};
    uint32_t commit;
    int refused = protect_check(as, base, end, prot, &commit), error;

    if (*end == base)
        return refused;
    if (as->nsegs + 2 > SEGS_MAX || (unlikely(as->limited) && as_limit_check(as, 0, commit, NULL)))
        return -ENOMEM;
    spare[0] = seg_alloc();
    spare[1] = seg_alloc();
    error = spare[0] && spare[1] ? pt_make_private(as, base, page_of(*end - base), true) : -ENOMEM;
    if (!error && commit)
        error = as_commit(as, (int32_t)commit);
    if (!error) {
        *fill = protect_segs(as, base, *end, prot, spare);
        protect_pages(as, base, *end, prot);
    }
    for (unsigned i = 0; i < 2; i++)
        if (spare[i])
            seg_free(spare[i]);
    return error ? error : refused;
}

/* Brings the owner's own pages to what is locked and private in the range. */
static void fill_wired(struct as *as, vaddr_t base, vaddr_t end)
{
    while (base < end && !thread_interrupted()) {
        const struct seg *s;
        vaddr_t stop = end;
        bool fill;

        rwlock_read(&as->lock);
        s = as_find_above(as, base);
        fill = s && s->base < end && s->flags & SEG_WIRED && !(s->flags & SEG_SHARED);
        if (s && s->base < end) {
            base = MAX(s->base, base);
            stop = MIN(seg_end(s), end);
        }
        rwlock_read_done(&as->lock);
        if (fill)
            (void)!as_populate(as, base, page_of(stop - base), POPULATE);
        base = stop;
    }
}

int as_protect(struct as *as, vaddr_t base, uint32_t npages, prot_t prot)
{
    vaddr_t end = base + page_addr(npages);
    bool fill = false;
    int error;

    if (base & PAGE_MASK || prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    if (npages == 0)
        return 0;
    if (!range_ok(base, npages))
        return -ENOMEM;
    rwlock_write(&as->lock);
    error = protect_locked(as, base, &end, prot, &fill);
    rwlock_write_done(&as->lock);
    if (unlikely(fill))
        fill_wired(as, base, end);
    return error;
}

/* The heap grows from old to new (page ends); a guard page stays free above it. */
static int heap_grow(struct as *as, vaddr_t old, vaddr_t new)
{
    struct map_request r = {.base = old,
                            .npages = page_of(new - old),
                            .prot = PROT_READ | PROT_WRITE,
                            .maxprot = PROT_READ | PROT_WRITE | PROT_EXEC,
                            .flags = SEG_HEAP,
                            .fixed = true,
                            .noreplace = true,
                            .ops = &seg_anon};
    struct seg *above = as_find_above(as, old);
    vaddr_t where;

    if ((above && above->base < new + PAGE_SIZE) ||
        (unlikely(as->limited) && page_of(new - as->brk_start) > as->limits.heap))
        return -ENOMEM;
    return map_locked(as, &r, &where);
}

vaddr_t as_brk(struct as *as, vaddr_t brk)
{
    vaddr_t old = 0, new = 0, result;
    bool fill;
    int error = 0;

    rwlock_write(&as->lock);
    if (brk >= as->brk_start && brk < USER_END) {
        old = ALIGN_UP(as->brk, (vaddr_t)PAGE_SIZE);
        new = ALIGN_UP(brk, (vaddr_t)PAGE_SIZE);
        if (new > old)
            error = heap_grow(as, old, new);
        else if (new < old)
            error = as_unmap_locked(as, new, page_of(old - new));
        if (!error)
            as->brk = brk;
    }
    result = as->brk;
    fill = as->map_fill && !error && new > old;
    rwlock_write_done(&as->lock);
    if (unlikely(fill))
        (void)!as_populate(as, old, page_of(new - old), POPULATE);
    return result;
}

int as_grow_stack(struct as *as, struct seg *s, vaddr_t va)
{
    vaddr_t base = page_base(va);
    struct seg *below = seg_prev(s);
    uint32_t more = page_of(s->base - base);
    int error;

    if (!(s->flags & SEG_GROWS) || va >= s->base)
        return -EFAULT;
    if (s->npages + more > as->stack_limit_pages)
        return -EFAULT;
    if (base < USER_MIN || (below && base - seg_end(below) < page_addr(STACK_GUARD_PAGES)) ||
        (below && base < seg_end(below)))
        return -EFAULT;
    if (unlikely(as->limited) && as_limit_check(as, more, 0, NULL))
        return -EFAULT;
    error = as_commit(as, (int32_t)more);
    if (error)
        return error;
    s->base = base;
    s->npages += more;
    as->version++;
    as_hole_changed(as, s, -(int32_t)more);
    return 0;
}
