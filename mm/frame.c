/* SPDX-License-Identifier: MIT
 *
 * The frame table: entries are made in groups of 256 when their frames are first needed, the free
 * list is last in, first out through the entries' next link, and groups never touched count as
 * free without being on it. A reserve of frames is kept for the kernel itself. In front of the list
 * each CPU has a store of its own, and all have a depot, which are emptied before anybody is told
 * that there is no memory. Locks: fl.lock protects the free list, the groups and the counts;
 * frame_locks[] the entries. Source: 4.3BSD core map (vm_mem.c); the lazy groups are our own.
 */
#include "mm/frame.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/trace.h"
#include "machine/cpu.h"
#include "mm/frame_impl.h"
#include "mm/hat.h"
#include "mm/page.h"

#define GROUP_SHIFT  8
#define GROUP_FRAMES FRAME_GROUP
#define GROUPS_MAX   ((1u << 20) / GROUP_FRAMES)

struct direct_map direct_map;
struct spin frame_locks[FRAME_LOCKS] = {[0 ... FRAME_LOCKS - 1] = SPIN_INIT(LOCK_FRAME)};

static struct {
    struct spin lock;
    pfn_t head;          /* free list */
    uint32_t next_group; /* groups below this are ready or hold nothing free */
    uint32_t ngroups;    /* (c) */
    uint32_t reserve;    /* (c) frames that only the kernel may take */
    uint32_t ready[GROUPS_MAX / 32];
    struct frame_spans spans;        /* (c) what was free at boot */
    struct frame_map map;            /* (c) */
    struct frame_stats stats;        /* without cache */
    uint32_t (*reclaim)(uint32_t n); /* (c) */
    uint32_t least;                  /* (c) on the list; fewer: tell */
    bool (*tell)(void);              /* (c) or NULL */
    pfn_t zero;                      /* (c) */
    bool traced;                     /* (l) what is taken and freed is recorded */
} fl;

static const char *const type_names[FRAME_TYPES] = {
    [FRAME_FREE] = "free",   [FRAME_RESERVED] = "reserved", [FRAME_KERNEL] = "kernel",
    [FRAME_SLAB] = "slab",   [FRAME_NODE] = "node",         [FRAME_TABLE] = "table",
    [FRAME_STACK] = "stack", [FRAME_ANON] = "anon",         [FRAME_OBJ] = "file",
    [FRAME_ZERO] = "zero",   [FRAME_RAMDISK] = "ramdisk",   [FRAME_SWAP] = "swap",
};

const char *frame_type_name(enum frame_type type)
{
    return type < FRAME_TYPES ? type_names[type] : "?";
}

static void map_extent(const struct frame_map *map, pfn_t *first, pfn_t *end)
{
    *first = ~0u;
    *end = 0;
    for (unsigned i = 0; i < map->nram; i++) {
        *first = MIN(*first, map->ram[i].first);
        *end = MAX(*end, map->ram[i].first + map->ram[i].count);
    }
}

size_t frame_table_bytes(const struct frame_map *map)
{
    pfn_t first, end;

    map_extent(map, &first, &end);
    return (size_t)ALIGN_UP(end - first, GROUP_FRAMES) * sizeof(struct frame);
}

__cold void frame_init(const struct frame_map *map, void *table, uint32_t limit_frames)
{
    memset(&fl, 0, sizeof(fl));
    spin_init(&fl.lock, LOCK_FREE_LIST);
    frame_stores_init();
    fl.map = *map;
    map_extent(map, &direct_map.first, &direct_map.end);
    direct_map.by_pfn = (uintptr_t)table - direct_map.first * sizeof(struct frame);
    direct_map.by_page =
        (uintptr_t)table -
        ((uintptr_t)pfn_to_virt(direct_map.first) >> PAGE_SHIFT) * sizeof(struct frame);
    fl.ngroups = (direct_map.end - direct_map.first + GROUP_FRAMES - 1) >> GROUP_SHIFT;
    for (unsigned i = 0; i < map->nram; i++) {
        fl.spans.of[fl.spans.n++] = map->ram[i];
        fl.stats.total += map->ram[i].count;
    }
    spans_subtract(&fl.spans, (struct frame_range){0, 1}); /* frame 0 is NO_PFN */
    for (unsigned i = 0; i < map->nreserved; i++)
        spans_subtract(&fl.spans, map->reserved[i]);
    for (unsigned i = 0; i < map->nreserved; i++)
        if (map->reserved_type[i] != FRAME_RESERVED)
            fl.stats.boot += map->reserved[i].count;
    fl.stats.reserved = fl.stats.total - spans_total(&fl.spans) - fl.stats.boot;
    if (limit_frames) {
        uint32_t before = spans_total(&fl.spans);

        spans_limit(&fl.spans, limit_frames);
        fl.stats.reserved += before - spans_total(&fl.spans);
    }
    fl.stats.free = spans_total(&fl.spans);
    fl.reserve = MIN(64u, fl.stats.free / 16);
    fl.zero = frame_alloc(FRAME_ZERO, NULL, 0, FRAME_FOR_KERNEL | FRAME_CLEAR);
}

static enum frame_type reserved_type(pfn_t pfn)
{
    for (unsigned i = 0; i < fl.map.nreserved; i++)
        if (pfn - fl.map.reserved[i].first < fl.map.reserved[i].count)
            return fl.map.reserved_type[i];
    return FRAME_RESERVED;
}

/* The frames of a group which are in a free span join the free list, the lowest in front. */
static void group_free_spans(struct frame_range group)
{
    for (unsigned i = 0; i < fl.spans.n; i++) {
        struct frame_range r = range_meet(fl.spans.of[i], group);

        for (uint32_t k = r.count; k-- > 0;) {
            struct frame *f = frame_of(r.first + k);

            f->owner = FRAME_FREE;
            frame_set_next(f, fl.head);
            fl.head = r.first + k;
        }
    }
}

static bool group_ready(uint32_t g)
{
    return __atomic_load_n(&fl.ready[g / 32], __ATOMIC_ACQUIRE) >> (g % 32) & 1;
}

/* Makes the entries of a group; fl.lock held. */
static void group_make(uint32_t g)
{
    struct frame_range group = {direct_map.first + (g << GROUP_SHIFT), GROUP_FRAMES};

    group.count = MIN(group.count, direct_map.end - group.first);
    memset(frame_of(group.first), 0, group.count * sizeof(struct frame));
    for (uint32_t k = 0; k < group.count; k++)
        frame_of(group.first + k)->owner = FRAME_RESERVED;
    for (unsigned i = 0; i < fl.map.nreserved; i++) {
        struct frame_range r = range_meet(fl.map.reserved[i], group);

        for (uint32_t k = 0; k < r.count; k++)
            frame_of(r.first + k)->owner = (uint32_t)reserved_type(r.first + k);
    }
    group_free_spans(group);
    __atomic_fetch_or(&fl.ready[g / 32], 1u << (g % 32), __ATOMIC_RELEASE);
}

struct frame *frame_find(pfn_t pfn)
{
    uint32_t g = (pfn - direct_map.first) >> GROUP_SHIFT;

    if (pfn < direct_map.first || pfn >= direct_map.end)
        return NULL;
    spin_lock(&fl.lock);
    if (!group_ready(g))
        group_make(g);
    spin_unlock(&fl.lock);
    return frame_of(pfn);
}

struct frame *frame_peek(pfn_t pfn)
{
    bool inside = pfn >= direct_map.first && pfn < direct_map.end;

    return inside && group_ready((pfn - direct_map.first) >> GROUP_SHIFT) ? frame_of(pfn) : NULL;
}

pfn_t frame_skip_untouched(pfn_t pfn)
{
    uint32_t g = (pfn - direct_map.first) >> GROUP_SHIFT;

    if (likely(pfn >= direct_map.end || group_ready(g)))
        return pfn;
    while (++g < fl.ngroups && !group_ready(g))
        continue;
    return MIN(direct_map.first + (g << GROUP_SHIFT), direct_map.end);
}

__cold bool frame_group_untouched(pfn_t pfn, uint32_t *count, enum frame_type *type)
{
    uint32_t g = (pfn - direct_map.first) >> GROUP_SHIFT;
    struct frame_range group = {direct_map.first + (g << GROUP_SHIFT), GROUP_FRAMES};

    group.count = MIN(group.count, direct_map.end - group.first);
    *count = group.count - (pfn - group.first);
    if (group_ready(g))
        return false;
    uint32_t free_frames = ranges_meet(fl.spans.of, fl.spans.n, group);

    *type = free_frames ? FRAME_FREE : FRAME_RESERVED;
    return free_frames ? free_frames == group.count
                       : !ranges_meet(fl.map.reserved, fl.map.nreserved, group);
}

/* Brings frames of an untouched group to the free list; false: there is none. fl.lock held. */
static bool refill(void)
{
    while (fl.next_group < fl.ngroups && !fl.head) {
        if (!group_ready(fl.next_group))
            group_make(fl.next_group);
        fl.next_group++;
    }
    return fl.head != NO_PFN;
}

/* Written under fl.lock, read without. */
static void count_free(int delta)
{
    __atomic_store_n(&fl.stats.free, fl.stats.free + (uint32_t)delta, __ATOMIC_RELAXED);
}

/* Takes up to n frames off the list, as long as `keep` stay there; returns how many. They must not
 * look free on the list from then on, to find_run above all. fl.lock held. */
static uint32_t list_take(pfn_t *to, uint32_t n, uint32_t keep)
{
    uint32_t taken = 0;

    n = MIN(n, fl.stats.free > keep ? fl.stats.free - keep : 0);
    for (; taken < n && (fl.head || refill()); taken++) {
        struct frame *f = frame_of(fl.head);

        kdebug_assert(f->owner == FRAME_FREE);
        frame_mark(f, OWNER_STORED);
        to[taken] = fl.head;
        fl.head = frame_next(f);
    }
    count_free(-(int)taken);
    return taken;
}

static void list_give(const pfn_t *pfns, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct frame *f = frame_of(pfns[i]);

        frame_mark(f, FRAME_FREE);
        frame_set_next(f, fl.head);
        fl.head = pfns[i];
    }
    count_free((int)n);
}

/* While the list has no more than the kernel's reserve, what is freed goes there at once; while it
 * is traced, too, so that all pass the points which record. */
static void unlock_list(void)
{
    frame_stores_open(!fl.traced && fl.stats.free > fl.reserve);
    spin_unlock(&fl.lock);
}

/* From the list: one for the caller, and more for the CPU's store, which is empty. */
static __noinline pfn_t take_from_list(unsigned flags)
{
    pfn_t pfn, more[STORE_BATCH];

    spin_lock(&fl.lock);
    if (!list_take(&pfn, 1, flags & FRAME_FOR_KERNEL ? 0 : fl.reserve))
        pfn = NO_PFN;
    if (!fl.traced && frame_store_wants())
        frame_store_fill(more, list_take(more, STORE_BATCH, fl.reserve));
    unlock_list();
    return pfn;
}

static void empty_depot(void)
{
    pfn_t batch[STORE_BATCH];

    for (unsigned i = 0; i < DEPOT_BATCHES; i++)
        list_give(batch, frame_depot_empty(i, batch));
}

/* All CPUs' stores and the depot back to the list; fl.lock held, so that who looks there meanwhile
 * finds all. */
static void empty_stores(void)
{
    pfn_t all[STORE_FRAMES];

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        list_give(all, frame_store_empty(cpu, all));
    empty_depot();
}

void mm_drain(void)
{
    frame_drain_kept();
    spin_lock(&fl.lock);
    empty_stores();
    unlock_list();
}

/* Nothing is free here: gathers what others keep, then pages that can be filled again; but a
 * program had better wait, where page-out has hope. */
static __noinline pfn_t take_hard(enum frame_type type, uint32_t index, unsigned flags)
{
    pfn_t pfn = frame_depot_take();
    bool hope = false;

    if (!pfn)
        pfn = take_from_list(flags);
    if (unlikely(__atomic_load_n(&fl.stats.free, __ATOMIC_RELAXED) < fl.least) && fl.tell)
        hope = fl.tell() && !(flags & FRAME_FOR_KERNEL);

    if (!pfn && fl.reclaim && fl.reclaim(STORE_BATCH)) /* cheaper than what follows */
        pfn = take_from_list(flags);
    if (!pfn && !hope) {
        mm_drain();
        pfn = take_from_list(flags);
    }
    while (!pfn && !hope && fl.reclaim && fl.reclaim(STORE_BATCH)) {
        mm_drain();
        pfn = take_from_list(flags);
    }
    if (fl.traced && pfn)
        trace_write(TRACE_ALLOC, type, pfn, index);
    return pfn;
}

pfn_t frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags)
{
    pfn_t pfn = frame_store_take();

    if (unlikely(!pfn) && !(pfn = take_hard(type, index, flags)))
        return NO_PFN;
    struct frame *f = frame_of(pfn);

    kdebug_assert(frame_count(f) == 0);
    frame_set(f, type, owner, index);
    f->rmap = 0;
    __atomic_store_n(&f->flags, 0, __ATOMIC_RELAXED);
    if (flags & FRAME_CLEAR)
        page_clear(pfn_to_virt(pfn));
    return pfn;
}

pfn_t frame_alloc_private(const void *family, uint32_t index)
{
    pfn_t pfn = frame_store_take();
    struct frame *f;

    if (unlikely(!pfn) && !(pfn = take_hard(FRAME_ANON, index, FRAME_FOR_USER)))
        return NO_PFN;
    f = frame_of(pfn);
    kdebug_assert(frame_count(f) == 0);
    frame_set(f, FRAME_ANON, family, index);
    frame_set_users(f, 1);
    __atomic_store_n(&f->flags, FRAME_DIRTY, __ATOMIC_RELAXED);
    return pfn;
}

/* The CPU's store is full, or shut: half of it goes to the depot or the list. */
static __noinline void give_away(pfn_t pfn)
{
    pfn_t half[STORE_BATCH];

    if (frame_depot_give() && frame_store_give(pfn))
        return;

    if (fl.traced)
        trace_write(TRACE_FREE, frame_type(frame_of(pfn)), pfn, 0);
    spin_lock(&fl.lock);
    list_give(&pfn, 1);
    list_give(half, frame_store_halve(half));
    unlock_list();
}

void frame_free(pfn_t pfn)
{
    struct frame *f = frame_of(pfn);

    if (IS_ENABLED(CONFIG_DEBUG) && (frame_type(f) == FRAME_FREE || frame_count(f)))
        panic("frame %x freed: it is %s with %u users", pfn, frame_type_name(frame_type(f)),
              frame_count(f));
    if (IS_ENABLED(CONFIG_LINT))
        hat_frame_freed(pfn);
    __atomic_store_n(&f->flags, 0, __ATOMIC_RELAXED);
    if (unlikely(!frame_store_give(pfn)))
        give_away(pfn);
}

/* The first of count free frames in a row, aligned, or NO_PFN; fl.lock held. */
static pfn_t find_run(uint32_t count, uint32_t align)
{
    pfn_t start = ALIGN_UP(direct_map.first, align);

    while (start + count <= direct_map.end) {
        uint32_t k = 0;

        for (; k < count; k++) {
            uint32_t g = (start + k - direct_map.first) >> GROUP_SHIFT;

            if (!group_ready(g))
                group_make(g);
            if (__atomic_load_n(&frame_of(start + k)->owner, __ATOMIC_RELAXED) != FRAME_FREE)
                break;
        }
        if (k == count)
            return start;
        start = ALIGN_UP(start + k + 1, align);
    }
    return NO_PFN;
}

/* Takes the frames that are no longer of type FREE off the chain; fl.lock held. */
static void unchain_taken(void)
{
    pfn_t pfn = fl.head;
    struct frame *last = NULL;

    fl.head = NO_PFN;
    while (pfn) {
        struct frame *f = frame_of(pfn);
        pfn_t next = frame_next(f);

        if (frame_type(f) == FRAME_FREE) {
            if (last)
                frame_set_next(last, pfn);
            else
                fl.head = pfn;
            last = f;
        }
        pfn = next;
    }
    if (last)
        frame_set_next(last, NO_PFN);
}

__cold pfn_t frame_alloc_contiguous(uint32_t count, uint32_t align)
{
    pfn_t first = NO_PFN;

    spin_lock(&fl.lock);
    empty_stores();
    if (count && fl.stats.free > count)
        first = find_run(count, align);
    if (first != NO_PFN) {
        for (uint32_t k = 0; k < count; k++)
            frame_set(frame_of(first + k), FRAME_KERNEL, NULL, 0);
        unchain_taken();
        count_free(-(int)count);
    }
    unlock_list();
    for (uint32_t k = 0; first != NO_PFN && k < count; k++)
        frame_of(first + k)->links[0] = frame_of(first + k)->links[1] = 0;
    return first;
}

void frame_free_contiguous(pfn_t first, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++)
        frame_free(first + k);
}

void frame_set_trace(bool on)
{
    spin_lock(&fl.lock);
    fl.traced = on;
    empty_stores();
    unlock_list();
}

struct frame_stats frame_stats(void)
{
    struct frame_stats s;

    spin_lock(&fl.lock);
    s = fl.stats;
    s.free += frame_stores_count();
    spin_unlock(&fl.lock);
    s.cache = frame_cached();
    return s;
}

bool frame_at_least(uint32_t n)
{
    uint32_t free = __atomic_load_n(&fl.stats.free, __ATOMIC_RELAXED);
    struct frame_stats s;

    if (likely(free >= n) || free + frame_cached() >= n)
        return true;
    s = frame_stats();
    return s.free + s.cache >= n;
}

uint32_t frame_total(void)
{
    return fl.stats.total;
}

pfn_t frame_zero_page(void)
{
    return fl.zero;
}

void frame_set_reclaim(uint32_t (*reclaim)(uint32_t n))
{
    fl.reclaim = reclaim;
}

void frame_set_short(uint32_t least, bool (*tell)(void))
{
    fl.least = least;
    fl.tell = tell;
}

uint32_t frame_reserve(void)
{
    return fl.reserve;
}

/* Free frames of groups that were never touched; fl.lock held. */
static uint32_t count_untouched(void)
{
    uint32_t n = 0;

    for (uint32_t g = 0; g < fl.ngroups; g++) {
        struct frame_range group = {direct_map.first + (g << GROUP_SHIFT), GROUP_FRAMES};

        for (unsigned i = 0; !group_ready(g) && i < fl.spans.n; i++)
            n += range_meet(fl.spans.of[i], group).count;
    }
    return n;
}

__cold int64_t frame_count_free(void)
{
    int64_t n;

    spin_lock(&fl.lock);
    empty_depot(); /* a batch is looked at as part of the list */
    n = count_untouched();
    for (pfn_t pfn = fl.head; pfn; pfn = frame_next(frame_of(pfn))) {
        if (pfn < direct_map.first || pfn >= direct_map.end || n > fl.stats.total ||
            frame_type(frame_of(pfn)) != FRAME_FREE) {
            n = -EINVAL;
            break;
        }
        n++;
    }
    n = n < 0 || !frame_stores_good() ? -EINVAL : n + frame_stores_count();
    spin_unlock(&fl.lock);
    return n;
}
