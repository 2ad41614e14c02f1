/* SPDX-License-Identifier: MIT
 *
 * Each CPU's store of free frames, and the depot between the stores and the free list: batches, as
 * chains by the frames' next, which change hands whole. Locks: kept.lock; stores and depot need
 * none (mm/store.h). A batch that is on its way between the two is seen in neither for a moment.
 */
#include "mm/frame_impl.h"

#include <string.h>

#include "machine/cpu.h"
#include "mm/store.h"

struct frame_store {
    uint32_t n;
    uintptr_t slot[STORE_FRAMES];
} __aligned(128);

static struct frame_store stores[CPU_MAX];
static uintptr_t depot[DEPOT_BATCHES]; /* first frames, or 0; a CPU begins at its own */
static uint32_t depot_used;            /* atomic: of these, or about to be or just no more so */
#define DRAINS_MAX 4

static struct {
    struct spin lock;
    void (*drain[DRAINS_MAX])(void); /* (lock) never taken back */
    unsigned n;                      /* (lock, read without) */
} kept = {.lock = SPIN_INIT(LOCK_DRAINS)};

static uint32_t most; /* atomic: STORE_FRAMES, or 0 while the stores are shut */

__cold void frame_stores_init(void)
{
    memset(stores, 0, sizeof(stores));
    memset(depot, 0, sizeof(depot));
    depot_used = 0;
    frame_stores_open(true);
}

void frame_stores_open(bool open)
{
    __atomic_store_n(&most, open ? STORE_FRAMES : 0, __ATOMIC_RELAXED);
}

pfn_t frame_store_take(void)
{
    struct frame_store *s = &stores[cpu_here()];

    return (pfn_t)store_take(s->slot, &s->n);
}

bool frame_store_give(pfn_t pfn)
{
    struct frame_store *s = &stores[cpu_here()];

    if (unlikely(s->n >= __atomic_load_n(&most, __ATOMIC_RELAXED)))
        return false;
    frame_mark(frame_of(pfn), OWNER_STORED);
    store_put(s->slot, &s->n, pfn);
    return true;
}

bool frame_store_wants(void)
{
    return stores[cpu_here()].n == 0;
}

void frame_store_fill(const pfn_t *pfns, uint32_t n)
{
    struct frame_store *s = &stores[cpu_here()];

    for (uint32_t i = 0; i < n; i++)
        s->slot[i] = pfns[i];
    s->n = n;
}

uint32_t frame_store_halve(pfn_t *pfns)
{
    struct frame_store *s = &stores[cpu_here()];
    uint32_t n = 0, end = s->n > STORE_BATCH ? s->n - STORE_BATCH : 0;

    for (uint32_t i = s->n; i-- > end;) {
        pfns[n] = (pfn_t)s->slot[i];
        n += s->slot[i] != 0;
        s->slot[i] = 0;
    }
    s->n = end;
    return n;
}

static bool is_open(void)
{
    return likely(__atomic_load_n(&most, __ATOMIC_RELAXED) != 0);
}

static uint32_t batches(void)
{
    return __atomic_load_n(&depot_used, __ATOMIC_RELAXED);
}

/* Where to begin: each CPU elsewhere. */
static unsigned first_place(void)
{
    return cpu_here() * (DEPOT_BATCHES / CPU_MAX);
}

/* A place with a batch or, if that is what is wanted, without one; NULL: there is none. */
static uintptr_t *find_place(bool with)
{
    for (unsigned i = 0, at = first_place(); i < DEPOT_BATCHES; i++, at++) {
        uintptr_t *place = &depot[at % DEPOT_BATCHES];

        if ((__atomic_load_n(place, __ATOMIC_RELAXED) != 0) == with)
            return place;
    }
    return NULL;
}

static pfn_t depot_steal(uintptr_t *place)
{
    pfn_t head = (pfn_t)store_steal(place);

    if (head)
        __atomic_fetch_sub(&depot_used, 1, __ATOMIC_RELAXED);
    return head;
}

/* The frames' links are their own until the depot has the chain. */
bool frame_depot_give(void)
{
    struct frame_store *s = &stores[cpu_here()];
    uintptr_t *place = NULL, none = 0;
    pfn_t head = NO_PFN, pfn;
    uint32_t n = 0;

    if (is_open() && batches() < DEPOT_BATCHES)
        place = find_place(false);
    if (!place)
        return false;
    for (; n < STORE_BATCH && (pfn = frame_store_take()) != NO_PFN; n++) {
        frame_set_next(frame_of(pfn), head);
        head = pfn;
    }
    if (n == STORE_BATCH && __atomic_compare_exchange_n(place, &none, head, false, __ATOMIC_RELEASE,
                                                        __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&depot_used, 1, __ATOMIC_RELAXED);
        return true;
    }
    for (; head; head = pfn) {
        pfn = frame_next(frame_of(head));
        store_put(s->slot, &s->n, head);
    }
    return false;
}

pfn_t frame_depot_take(void)
{
    struct frame_store *s = &stores[cpu_here()];
    uintptr_t *place = is_open() && batches() ? find_place(true) : NULL;
    pfn_t head = place ? depot_steal(place) : NO_PFN, next;

    for (pfn_t pfn = head ? frame_next(frame_of(head)) : NO_PFN; pfn; pfn = next) {
        next = frame_next(frame_of(pfn));
        store_put(s->slot, &s->n, pfn);
    }
    return head;
}

__cold uint32_t frame_depot_empty(unsigned i, pfn_t *pfns)
{
    uint32_t n = 0;

    for (pfn_t pfn = depot_steal(&depot[i]); pfn; pfn = frame_next(frame_of(pfn)))
        pfns[n++] = pfn;
    return n;
}

__cold uint32_t frame_store_empty(unsigned cpu, pfn_t *pfns)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < STORE_FRAMES; i++) {
        pfns[n] = (pfn_t)store_steal(&stores[cpu].slot[i]);
        n += pfns[n] != NO_PFN;
    }
    return n;
}

__cold uint32_t frame_stores_count(void)
{
    uint32_t n = 0;

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        n += store_count(stores[cpu].slot, __atomic_load_n(&stores[cpu].n, __ATOMIC_RELAXED));
    if (__atomic_load_n(&depot_used, __ATOMIC_RELAXED))
        n += store_count(depot, DEPOT_BATCHES) * STORE_BATCH;
    return n;
}

static bool is_stored(pfn_t pfn)
{
    return __atomic_load_n(&frame_of(pfn)->owner, __ATOMIC_RELAXED) == OWNER_STORED;
}

__cold bool frame_stores_good(void)
{
    bool good = true;

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        for (unsigned i = 0; i < STORE_FRAMES; i++) {
            pfn_t pfn = (pfn_t)__atomic_load_n(&stores[cpu].slot[i], __ATOMIC_ACQUIRE);

            good &= !pfn || is_stored(pfn);
        }
    }
    return good;
}

__cold void frame_add_drain(void (*drain)(void))
{
    spin_lock(&kept.lock);
    kassert(kept.n < DRAINS_MAX);
    kept.drain[kept.n] = drain;
    __atomic_store_n(&kept.n, kept.n + 1, __ATOMIC_RELEASE);
    spin_unlock(&kept.lock);
}

__cold void frame_drain_kept(void)
{
    unsigned n = __atomic_load_n(&kept.n, __ATOMIC_ACQUIRE);

    while (n-- > 0) /* the latest first: those before take what it gives */
        kept.drain[n]();
}
