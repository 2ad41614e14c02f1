/* SPDX-License-Identifier: MIT
 *
 * Users of frames: how entries and pins are counted, without a lock but where the first comes or
 * the last goes, and what becomes of a frame then: a private page is freed, an object's page stays
 * as cache, which is counted here.
 * Locks: (f) for the first and the last user of an object's page. The first of one that is wired
 * needs none: it is no cache, and who finds it shares (h), without which nobody asks for users.
 */
#include "include/uapi/errno.h"
#include "mm/frame.h"
#include "mm/frame_impl.h"
#include "mm/swap_impl.h"

static uint32_t cached; /* atomic: frames of cache */

void frame_cache_count(int delta)
{
    __atomic_fetch_add(&cached, (uint32_t)delta, __ATOMIC_RELAXED);
}

uint32_t frame_cached(void)
{
    return __atomic_load_n(&cached, __ATOMIC_RELAXED);
}

static inline bool is_wired(const struct frame *f)
{
    return __atomic_load_n(&f->flags, __ATOMIC_RELAXED) & FRAME_WIRED;
}

/* A first user; whoever comes first of several. */
static __noinline void use_first(pfn_t pfn, struct frame *f)
{
    frame_lock(pfn);
    if (__atomic_fetch_add(&f->users, 1, __ATOMIC_RELAXED) == 0 && frame_is_cache(f))
        frame_cache_count(-1);
    frame_unlock(pfn);
}

int frame_use(pfn_t pfn, uint32_t pte)
{
    struct frame *f = frame_of(pfn);
    uint16_t users = __atomic_load_n(&f->users, __ATOMIC_RELAXED);

    if (pfn == frame_zero_page())
        return 0;
    do {
        if (unlikely(users >= (pte ? FRAME_ENTRIES_MAX : FRAME_USERS_MAX)))
            return -EAGAIN;
        if (unlikely(users == 0) && !is_wired(f)) {
            use_first(pfn, f);
            break;
        }
    } while (unlikely(!__atomic_compare_exchange_n(&f->users, &users, (uint16_t)(users + 1), true,
                                                   __ATOMIC_RELAXED, __ATOMIC_RELAXED)));
    if (pte)
        frame_set_rmap(f, pte);
    return 0;
}

/* The last user of a page of an object, or of what was one until its object went. */
static __noinline unsigned unuse_last(pfn_t pfn, struct frame *f)
{
    unsigned left;
    bool free;

    frame_lock(pfn);
    left = __atomic_sub_fetch(&f->users, 1, __ATOMIC_ACQ_REL);
    free = left == 0 && frame_type(f) == FRAME_ANON;
    if (left == 0 && frame_is_cache(f))
        frame_cache_count(1);
    frame_unlock(pfn);
    if (free)
        frame_free(pfn);
    else if (left == 0 && frame_type(f) == FRAME_SWAP)
        swap_unused(pfn);
    return left;
}

/* One user less of several, or the last one. */
static __noinline unsigned unuse_one(pfn_t pfn, struct frame *f)
{
    uint16_t users = __atomic_load_n(&f->users, __ATOMIC_ACQUIRE);

    do {
        if (users == 1)
            return unuse_last(pfn, f);
    } while (unlikely(!__atomic_compare_exchange_n(&f->users, &users, (uint16_t)(users - 1), true,
                                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)));
    return users - 1u;
}

/* A private page's only user is the caller: nobody else can find the page to use it. What it is is
 * read after the users: if another was there before and page-out has given it a slot, that is seen.
 * A page that has left its object may have got another user in between: it has no family. */
unsigned frame_unuse(pfn_t pfn)
{
    struct frame *f = frame_of(pfn);
    uint16_t users;
    uint32_t is;

    if (pfn == frame_zero_page())
        return 1;
    kdebug_assert(frame_count(f) > 0);
    users = __atomic_load_n(&f->users, __ATOMIC_ACQUIRE);
    is = __atomic_load_n(&f->owner, __ATOMIC_RELAXED);
    if (unlikely(users != 1 || (is & 15) != FRAME_ANON || is == FRAME_ANON))
        return unuse_one(pfn, f);
    frame_set_users(f, 0);
    frame_free(pfn);
    return 0;
}
