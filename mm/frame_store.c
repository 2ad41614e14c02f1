/* SPDX-License-Identifier: MIT
 *
 * Each CPU's store of free frames, in front of the free list. Locks: kept.lock; the stores
 * themselves need none (mm/store.h).
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
#define DRAINS_MAX 4

static struct {
    struct spin lock;
    void (*drain[DRAINS_MAX])(void); /* (lock) never taken back */
    unsigned n;                      /* (lock, read without) */
} kept = {.lock = SPIN_INIT(LOCK_DRAINS)};

static uint32_t most; /* atomic: STORE_FRAMES, or 0 while the stores are shut */

void frame_stores_init(void)
{
    memset(stores, 0, sizeof(stores));
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

uint32_t frame_store_empty(unsigned cpu, pfn_t *pfns)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < STORE_FRAMES; i++) {
        pfns[n] = (pfn_t)store_steal(&stores[cpu].slot[i]);
        n += pfns[n] != NO_PFN;
    }
    return n;
}

uint32_t frame_stores_count(void)
{
    uint32_t n = 0;

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        n += store_count(stores[cpu].slot, STORE_FRAMES);
    return n;
}

bool frame_stores_good(void)
{
    bool good = true;

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        for (unsigned i = 0; i < STORE_FRAMES; i++) {
            pfn_t pfn = (pfn_t)__atomic_load_n(&stores[cpu].slot[i], __ATOMIC_ACQUIRE);

            good &=
                !pfn || __atomic_load_n(&frame_of(pfn)->owner, __ATOMIC_RELAXED) == OWNER_STORED;
        }
    }
    return good;
}

void frame_add_drain(void (*drain)(void))
{
    spin_lock(&kept.lock);
    kassert(kept.n < DRAINS_MAX);
    kept.drain[kept.n] = drain;
    __atomic_store_n(&kept.n, kept.n + 1, __ATOMIC_RELEASE);
    spin_unlock(&kept.lock);
}

void frame_drain_kept(void)
{
    unsigned n = __atomic_load_n(&kept.n, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < n; i++)
        kept.drain[i]();
}
