/* SPDX-License-Identifier: MIT
 *
 * The model's operations on ranges that keep, move or drop what is mapped: mremap, madvise, msync.
 */
#include "include/uapi/errno.h"
#include "tests/host/mm_model.h"

unsigned random_range(unsigned *npages)
{
    unsigned most = testing_below(4) ? 24 : testing_below(4) ? 250 : WINDOW;

    *npages = 1 + testing_below(most);
    return testing_below(WINDOW - *npages + 1);
}

bool range_free(const struct space *sp, unsigned first, unsigned npages)
{
    for (unsigned i = first; i < first + npages; i++)
        if (sp->page[i].mapped)
            return false;
    return true;
}

vaddr_t highest_gap(const struct space *sp, unsigned npages)
{
    unsigned run = 0;

    for (unsigned i = WINDOW; i-- > 0;) {
        run = sp->page[i].mapped ? 0 : run + 1;
        if (run == npages)
            return va_of(i);
    }
    return WINDOW_BASE - page_addr(npages - run);
}

/* The page as it is where nothing was written, i pages behind *like. */
static struct page page_like(const struct page *like, unsigned i)
{
    struct page p = *like;

    p.written = 0;
    memset(p.byte, 0, sizeof(p.byte));
    if (p.file)
        p.file_page += i;
    return p;
}

static void model_unmap(struct space *sp, unsigned first, unsigned npages)
{
    memset(&sp->page[first], 0, npages * sizeof(sp->page[0]));
}

/* n pages get another place or length; to: WINDOW if that lies below the window. */
static void model_remap(struct space *sp, unsigned first, unsigned n, unsigned to, unsigned more,
                        bool keep)
{
    static struct page moved[WINDOW];
    struct page like = sp->page[first];

    for (unsigned i = 0; i < n + more; i++)
        moved[i] = i < n ? sp->page[first + i] : page_like(&like, i);
    for (unsigned i = 0; i < n; i++)
        sp->page[first + i] = keep ? page_like(&like, i) : (struct page){0};
    if (to < WINDOW)
        memcpy(&sp->page[to], moved, (n + more) * sizeof(moved[0]));
}

/* To a place that is named, which loses what it had; DONTUNMAP at times. */
static void do_remap_fixed(struct space *sp, unsigned first, unsigned n, unsigned left)
{
    unsigned to = testing_below(WINDOW), n2 = 1 + testing_below(MIN(n + 20, WINDOW - to));
    bool keep = testing_below(3) == 0;
    struct remap_request r = {.from = va_of(first),
                              .to = va_of(to),
                              .old_pages = n,
                              .new_pages = keep ? n : n2,
                              .flags = REMAP_MAYMOVE | REMAP_FIXED};
    vaddr_t where;

    if (keep && n > WINDOW - to)
        return;
    if (keep) {
        r.flags |= REMAP_DONTUNMAP;
        n2 = n;
    }
    if (first + n > to && to + n2 > first) {
        assert_int_equal(as_remap(sp->as, &r, &where), -EINVAL);
        return;
    }
    assert_int_equal(as_remap(sp->as, &r, &where), MIN(n, n2) > left ? -EFAULT : 0);
    model_unmap(sp, to, n2);
    if (n > n2)
        model_unmap(sp, first + n2, n - n2);
    n = MIN(n, n2);
    if (n <= left) {
        assert_int_equal(where, r.to);
        model_remap(sp, first, n, to, n2 - n, keep);
    }
}

/* Shorter, or longer where it is or elsewhere. */
static void do_remap_length(struct space *sp, unsigned first, unsigned n, unsigned left)
{
    unsigned n2 = 1 + testing_below(MIN(n + 20, WINDOW - first)), more = n2 > n ? n2 - n : 0;
    struct remap_request r = {.from = va_of(first),
                              .old_pages = n,
                              .new_pages = n2,
                              .flags = testing_below(3) ? REMAP_MAYMOVE : 0};
    bool in_place = n == left && range_free(sp, first + n, more);
    vaddr_t where = 0, want = highest_gap(sp, n2);
    int error = as_remap(sp->as, &r, &where);

    if (!more) {
        assert_int_equal(error, 0);
        model_unmap(sp, first + n2, n - n2);
    } else if (n > left) {
        assert_int_equal(error, -EFAULT);
    } else if (in_place) {
        assert_true(!error && where == r.from);
        model_remap(sp, first, n, first, more, false);
    } else if (!r.flags) {
        assert_int_equal(error, -ENOMEM);
    } else {
        assert_true(!error && where == want);
        model_remap(sp, first, n, want >= WINDOW_BASE ? index_of(want) : WINDOW, more, false);
        if (want < WINDOW_BASE)
            assert_int_equal(as_unmap(sp->as, where, n2), 0);
    }
}

void do_remap(struct space *sp)
{
    unsigned n, first = random_range(&n), left;
    const struct seg *s;

    for (unsigned tries = 0; tries < 8 && !sp->page[first].mapped; tries++)
        first = random_range(&n);
    s = as_find(sp->as, va_of(first));
    if (!s) {
        struct remap_request r = {.from = va_of(first), .old_pages = n, .new_pages = n};
        vaddr_t where;

        assert_int_equal(as_remap(sp->as, &r, &where), -EFAULT);
        return;
    }
    left = page_of(MIN(seg_end(s), WINDOW_END) - va_of(first));
    if (testing_below(8))
        n = MIN(n, left);
    if (testing_below(2))
        do_remap_fixed(sp, first, n, left);
    else
        do_remap_length(sp, first, n, left);
}

void do_discard(struct space *sp)
{
    unsigned npages, first = random_range(&npages);
    enum seg_advice advice = testing_below(2) ? SEG_DONTNEED : SEG_FREE;
    int want = 0;

    for (unsigned i = first; i < first + npages && want != -EINVAL; i++) {
        struct page *p = &sp->page[i];

        if (!p->mapped)
            want = -ENOMEM;
        else if (p->file && advice == SEG_FREE)
            want = -EINVAL;
        else
            *p = page_like(p, 0);
    }
    assert_int_equal(as_discard(sp->as, va_of(first), npages, advice), want);
}

/* Exactly the dirty pages are written. */
void do_sync(struct space *sp)
{
    unsigned npages, first = random_range(&npages), count = 0;
    int want = 0;

    for (unsigned i = first; i < first + npages; i++) {
        struct page *p = &sp->page[i];

        if (!p->mapped)
            want = -ENOMEM;
        if (!p->shared || p->file > FILES || p->file_page >= 900)
            continue;
        count += dirty[p->file - 1][p->file_page];
        dirty[p->file - 1][p->file_page] = false;
    }
    fake_writes = 0;
    assert_int_equal(as_sync(sp->as, va_of(first), npages, true, false), want);
    assert_int_equal(fake_writes, count);
}
