/* SPDX-License-Identifier: MIT
 *
 * Address spaces as objects: made, entered, left; the tree of segments with the largest gap of
 * every subtree, so that a segment and a gap are both found in O(log n).
 * Locks: those of the parts (parts.h) for the sets; users and refs are counted without.
 */
#include "mm/as.h"

#include "include/uapi/errno.h"
#include "kern/bootargs.h"
#include "lib/refcount.h"
#include "mm/as_impl.h"
#include "mm/check.h"
#include "mm/obj.h"
#include "mm/slab.h"

static struct {
    struct parts all;
    uint32_t committed; /* (atomic) pages, all address spaces */
    uint32_t limit;     /* atomic */
    bool strict;        /* (c) overcommit_memory=2 */
} spaces;

static struct slab_cache as_cache = SLAB_CACHE("as", sizeof(struct as));
static struct slab_cache root_cache = SLAB_CACHE("root", sizeof(struct root));
static struct slab_cache family_cache = SLAB_CACHE("family", sizeof(struct family));
static struct slab_cache seg_cache = SLAB_CACHE("seg", sizeof(struct seg));

void as_init(void)
{
    parts_init(&spaces.all, LOCK_SPACES);
    spaces.limit = frame_stats().free;
    spaces.strict = bootargs_is("overcommit_memory", "2");
}

struct seg *seg_alloc(void)
{
    return slab_alloc(&seg_cache);
}

void seg_free(struct seg *s)
{
    slab_free(&seg_cache, s);
}

void seg_copy(struct seg *to, const struct seg *from)
{
    *to = (struct seg){.base = from->base,
                       .npages = from->npages,
                       .prot = from->prot,
                       .maxprot = from->maxprot,
                       .flags = from->flags,
                       .ops = from->ops,
                       .obj = from->obj,
                       .obj_page = from->obj_page,
                       .data = from->data};
}

static struct seg *seg_of(const struct tree_link *l)
{
    return l ? container_of(l, struct seg, by_addr) : NULL;
}

struct seg *seg_next(const struct seg *s)
{
    return seg_of(tree_next(&s->by_addr));
}

struct seg *seg_prev(const struct seg *s)
{
    return seg_of(tree_prev(&s->by_addr));
}

struct seg *as_last(const struct as *as)
{
    return seg_of(tree_last(&as->segs));
}

/* Free pages below s, as the tree knows them. What reaches mmap_top is as_find_gap's to know: it
 * changes most often and, being large, would change every link up to the root. */
static uint32_t hole_between(const struct as *as, const struct seg *prev, const struct seg *s)
{
    return s->base >= as->mmap_top ? 0 : page_of(s->base - (prev ? seg_end(prev) : USER_MIN));
}

void as_hole_changed(struct as *as, struct seg *above, int32_t by)
{
    int32_t hole;

    if (!above)
        return;
    hole = (int32_t)above->by_addr.own + by;
    if (unlikely(hole < 0 || above->base >= as->mmap_top)) { /* its base may have passed that */
        as->highest = NULL;
        hole = (int32_t)hole_between(as, seg_prev(above), above);
    }
    above->by_addr.own = (uint32_t)hole;
    tree_updated(&as->segs, &above->by_addr);
}

static void link_to_obj(struct seg *s)
{
    if (s->obj)
        parts_add(&s->obj->segs, s->as->part, &s->by_obj);
}

static void unlink_from_obj(struct seg *s)
{
    if (s->obj)
        parts_remove(&s->obj->segs, s->as->part, &s->by_obj);
}

/* Of two neighbours either the upper has no left child or the lower no right one. */
static inline __attribute__((always_inline)) void enter(struct as *as, struct seg *prev,
                                                        struct seg *s, struct seg *next)
{
    bool below_next = next && !next->by_addr.child[0];

    s->by_addr.own = hole_between(as, prev, s);
    if (next)
        next->by_addr.own = hole_between(as, s, next);
    tree_insert(&as->segs, &s->by_addr,
                below_next ? &next->by_addr
                : prev     ? &prev->by_addr
                           : NULL,
                !below_next, next ? &next->by_addr : NULL);
    as->last = s;
    if (as->highest && s->base < as->mmap_top && s->base > as->highest->base)
        as->highest = s;
    as->nsegs++;
    as->version++;
}

void as_insert(struct as *as, struct seg *prev, struct seg *s, struct seg *next)
{
    s->as = as;
    enter(as, prev, s, next);
    link_to_obj(s);
}

static inline __attribute__((always_inline)) void take_out(struct as *as, struct seg *s,
                                                           struct seg *next)
{
    if (as->highest == s)
        as->highest = seg_prev(s);
    tree_remove(&as->segs, &s->by_addr, next ? &next->by_addr : NULL);
    if (as->last == s)
        as->last = NULL;
    as->nsegs--;
    as->version++;
}

void as_remove(struct as *as, struct seg *s, struct seg *next)
{
    unlink_from_obj(s);
    if (next && next->base < as->mmap_top)
        next->by_addr.own += s->npages + s->by_addr.own;
    take_out(as, s, next);
}

/* Who walks the object's segments finds each page in one of the two at every moment. */
void as_split(struct as *as, struct seg *s, vaddr_t va, struct seg *upper)
{
    uint32_t lower = page_of(va - s->base);

    seg_copy(upper, s);
    upper->base = va;
    upper->npages = s->npages - lower;
    upper->obj_page = s->obj_page + lower;
    upper->flags &= (uint16_t)~SEG_GROWS;
    upper->as = as;
    if (s->ops->split)
        s->ops->split(s, upper);
    seg_lock(s);
    s->npages = lower;
    if (s->obj)
        list_push_back(&s->obj->segs.of[as->part].list, &upper->by_obj);
    seg_unlock(s);
    enter(as, s, upper, seg_next(s));
}

/* b continues a in every respect. */
static bool seg_continues(const struct seg *a, const struct seg *b)
{
    return a && b && seg_end(a) == b->base && a->ops == b->ops && a->obj == b->obj &&
           a->prot == b->prot && a->maxprot == b->maxprot && a->flags == b->flags &&
           a->data == b->data && !(a->flags & (SEG_GROWS | SEG_APART)) &&
           (!seg_has_pages(a) || a->obj_page + a->npages == b->obj_page);
}

/* Who walks the object's segments and has passed a, but not b, comes to a again. */
static struct seg *absorb(struct as *as, struct seg *a, struct seg *b)
{
    take_out(as, b, NULL); /* the hole above stays what it is */
    seg_lock(a);
    a->npages += b->npages;
    if (a->obj) {
        list_remove(&b->by_obj);
        list_remove(&a->by_obj);
        list_push_back(&a->obj->segs.of[as->part].list, &a->by_obj);
    }
    seg_unlock(a);
    if (b->ops->release)
        b->ops->release(b);
    seg_free(b);
    return a;
}

struct seg *as_merge(struct as *as, struct seg *s)
{
    struct seg *next = seg_next(s), *prev = seg_prev(s);

    if (seg_continues(s, next))
        absorb(as, s, next);
    if (seg_continues(prev, s))
        s = absorb(as, prev, s);
    return s;
}

struct seg *as_find_above(const struct as *as, vaddr_t va)
{
    struct tree_link *l = as->segs.root;
    struct seg *best = as->last;

    if (best && seg_holds(best, va))
        return best;
    best = NULL;
    while (l) {
        struct seg *s = seg_of(l);

        if (va < seg_end(s)) {
            best = s;
            if (va >= s->base)
                break;
            l = l->child[0];
        } else {
            l = l->child[1];
        }
    }
    return best;
}

struct seg *as_find(const struct as *as, vaddr_t va)
{
    struct tree_link *l = as->segs.root;

    while (l) {
        struct seg *s = seg_of(l);

        if (va < s->base)
            l = l->child[0];
        else if (va - s->base < page_addr(s->npages))
            return s;
        else
            l = l->child[1];
    }
    return NULL;
}

/* The last segment that begins below top, or NULL. */
static struct seg *find_last_below(const struct as *as, vaddr_t top)
{
    struct seg *last = NULL;

    for (struct tree_link *l = as->segs.root; l;) {
        bool below = seg_of(l)->base < top;

        if (below)
            last = seg_of(l);
        l = l->child[below];
    }
    return last;
}

static struct seg *seg_first(const struct as *as)
{
    return seg_of(tree_first(&as->segs));
}

static uint32_t largest_hole(const struct tree_link *l)
{
    return l ? l->most : 0;
}

/* The highest segment of the subtree with a hole of npages below it; there is one. */
static struct tree_link *highest_hole(struct tree_link *l, uint32_t npages)
{
    for (;;) {
        if (largest_hole(l->child[1]) >= npages)
            l = l->child[1];
        else if (l->own >= npages)
            return l;
        else
            l = l->child[0];
    }
}

bool as_find_gap(struct as *as, uint32_t npages, struct place *p)
{
    vaddr_t top = as->mmap_top, need = page_addr(npages), low;
    struct tree_link *l;

    if (!as->highest)
        as->highest = find_last_below(as, top);
    p->prev = as->highest;
    p->next = p->prev ? seg_next(p->prev) : seg_first(as);
    low = p->prev ? seg_end(p->prev) : USER_MIN;
    p->base = top - need;
    if (top > low && top - low >= need)
        return true;
    l = p->prev ? &p->prev->by_addr : NULL;
    while (l && l->own < npages) {
        if (largest_hole(l->child[0]) >= npages) {
            l = highest_hole(l->child[0], npages);
            break;
        }
        while (l->parent && l->parent->child[0] == l)
            l = l->parent;
        l = l->parent;
    }
    if (!l)
        return false;
    p->next = seg_of(l);
    p->prev = seg_prev(p->next);
    p->base = p->next->base - need;
    return true;
}

/* The request is more than there can be, or, if the machine keeps its promises, than is left. */
static bool too_much(uint32_t npages, uint32_t committed)
{
    return npages > spaces.limit || (spaces.strict && committed + npages > spaces.limit);
}

static inline int commit(int32_t npages)
{
    uint32_t now = __atomic_load_n(&spaces.committed, __ATOMIC_RELAXED);

    do {
        if (npages > 0 && too_much((uint32_t)npages, now))
            return -ENOMEM;
    } while (!__atomic_compare_exchange_n(&spaces.committed, &now, now + (uint32_t)npages, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return 0;
}

int as_commit_pages(int32_t npages)
{
    return commit(npages);
}

int as_commit(struct as *as, int32_t npages)
{
    int error = commit(npages);

    if (!error)
        as->committed += (uint32_t)npages;
    return error;
}

int as_commit_again(struct as *as, uint32_t npages)
{
    if (spaces.strict)
        return as_commit(as, (int32_t)npages);
    __atomic_fetch_add(&spaces.committed, npages, __ATOMIC_RELAXED);
    as->committed += npages;
    return 0;
}

bool as_commit_strict(void)
{
    return spaces.strict;
}

uint32_t as_committed(void)
{
    return __atomic_load_n(&spaces.committed, __ATOMIC_RELAXED);
}

uint32_t as_commit_limit(void)
{
    return __atomic_load_n(&spaces.limit, __ATOMIC_RELAXED);
}

void as_commit_limit_add(int32_t npages)
{
    __atomic_fetch_add(&spaces.limit, (uint32_t)npages, __ATOMIC_RELAXED);
}

void as_family_join(struct as *as, struct family *f)
{
    as->family = f;
    ref_take(&f->refs);
    parts_add(&f->spaces, as->part, &as->kin);
}

void family_put(struct family *f)
{
    if (ref_drop(&f->refs) > 0)
        return;
    parts_settle(&f->spaces);
    slab_free(&family_cache, f);
}

static void family_leave(struct as *as)
{
    struct family *f = as->family;

    parts_remove(&f->spaces, as->part, &as->kin);
    family_put(f);
}

struct family_search {
    const void *wanted;
    struct family *found;
};

/* A space that is still in the set of all has not left its family. */
static void look_for_family(struct as *as, void *arg)
{
    struct family_search *s = arg;

    if (!s->found && as->family == s->wanted) {
        s->found = as->family;
        ref_take(&s->found->refs);
    }
}

struct family *family_find(const void *f)
{
    struct family_search s = {.wanted = f};

    as_for_each(look_for_family, &s);
    return s.found;
}

/* The shell: everything but a family. */
struct as *as_create_in(struct family *f, uint8_t part)
{
    struct as *as = slab_alloc(&as_cache);

    if (!as)
        return NULL;
    as->pt = slab_alloc(&root_cache);
    if (!as->pt)
        goto no_root;
    if (hat_init(&as->hat, as))
        goto no_hat;
    rwlock_init(&as->lock);
    lock_classify(&as->lock, LOCK_AS);
    lock_classify(&as->pt_lock, LOCK_PT);
    tree_init(&as->segs);
    as->users = as->refs = 1;
    as->watched = hat_is_chaotic();
    as->mmap_top = USER_END;
    as->part = part;
    as_family_join(as, f);
    parts_add(&spaces.all, as->part, &as->all);
    return as;
no_hat:
    slab_free(&root_cache, as->pt);
no_root:
    slab_free(&as_cache, as);
    return NULL;
}

struct as *as_create(void)
{
    struct family *f = slab_alloc(&family_cache);
    struct as *as;

    if (!f)
        return NULL;
    parts_init(&f->spaces, LOCK_FAMILY_MAP);
    as = as_create_in(f, parts_here());
    if (!as)
        slab_free(&family_cache, f);
    return as;
}

void as_enter(struct as *as)
{
    ref_take(&as->users);
}

void as_ref(struct as *as)
{
    ref_take(&as->refs);
}

void as_unref(struct as *as)
{
    if (ref_drop(&as->refs) == 0)
        slab_free(&as_cache, as);
}

/* Every page and segment goes; the shell stays for those who look. It leaves the list with the lock
 * held: an audit that stops us while we wait for a reader finds all of it, or after that nothing.
 */
static void as_clear(struct as *as)
{
    rwlock_write(&as->lock);
    parts_remove(&spaces.all, as->part, &as->all);
    pt_free(as);
    as->last = as->highest = NULL;
    while (as->segs.root) {
        struct seg *s = seg_of(tree_take_any(&as->segs));

        unlink_from_obj(s);
        as->nsegs--;
        if (s->ops->release)
            s->ops->release(s);
        seg_free(s);
        preempt_point();
    }
    as_commit(as, -(int32_t)as->committed);
    rwlock_write_done(&as->lock);
}

void as_leave(struct as *as)
{
    if (ref_drop(&as->users) > 0)
        return;
    if (hat_is_current(&as->hat))
        hat_switch(NULL);
    as_clear(as);
    family_leave(as);
    hat_destroy(&as->hat);
    rwlock_write(&as->lock); /* who looks from outside holds it for reading */
    spin_lock(&as->pt_lock);
    struct root *pt = as->pt;

    as->pt = NULL;
    spin_unlock(&as->pt_lock);
    rwlock_write_done(&as->lock);
    slab_free(&root_cache, pt);
    as_unref(as);
}

struct visitor {
    void (*visit)(struct as *as, void *arg);
    void *arg;
};

static void visit_space(struct list_link *it, void *arg)
{
    const struct visitor *v = arg;

    v->visit(container_of(it, struct as, all), v->arg);
}

void as_for_each(void (*visit)(struct as *as, void *arg), void *arg)
{
    struct visitor v = {visit, arg};

    parts_for_each(&spaces.all, visit_space, &v);
}
