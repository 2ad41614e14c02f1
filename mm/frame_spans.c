/* SPDX-License-Identifier: MIT
 *
 * Ranges of frames at boot: what is left of RAM when all that is reserved was taken out.
 */
#include "mm/frame_impl.h"

struct frame_range range_meet(struct frame_range a, struct frame_range b)
{
    pfn_t first = MAX(a.first, b.first);
    pfn_t end = MIN(a.first + a.count, b.first + b.count);

    return (struct frame_range){first, end > first ? end - first : 0};
}

uint32_t ranges_meet(const struct frame_range *ranges, unsigned n, struct frame_range group)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < n; i++)
        count += range_meet(ranges[i], group).count;
    return count;
}

void spans_subtract(struct frame_spans *s, struct frame_range hole)
{
    for (unsigned i = 0; i < s->n; i++) {
        struct frame_range *r = &s->of[i], cut = range_meet(*r, hole);
        pfn_t end = r->first + r->count;

        if (!cut.count)
            continue;
        r->count = cut.first - r->first;
        if (cut.first + cut.count < end && s->n < SPANS_MAX)
            s->of[s->n++] =
                (struct frame_range){cut.first + cut.count, end - cut.first - cut.count};
    }
}

uint32_t spans_total(const struct frame_spans *s)
{
    uint32_t total = 0;

    for (unsigned i = 0; i < s->n; i++)
        total += s->of[i].count;
    return total;
}

void spans_limit(struct frame_spans *s, uint32_t limit)
{
    uint32_t excess = spans_total(s) > limit ? spans_total(s) - limit : 0;

    while (excess) {
        struct frame_range *top = &s->of[0];
        uint32_t cut;

        for (unsigned i = 1; i < s->n; i++)
            if (s->of[i].count && s->of[i].first >= top->first)
                top = &s->of[i];
        cut = MIN(excess, top->count);
        top->count -= cut;
        excess -= cut;
        if (!top->count)
            top->first = 0;
    }
}
