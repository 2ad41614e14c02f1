/* SPDX-License-Identifier: MIT
 *
 * Pieces of a page each, and a table of them.
 */
#include "mm/frame_data.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/lock.h"
#include "mm/frame.h"

static uint32_t table_frames(const struct frame_data *d)
{
    return pages_of(d->npieces * sizeof(*d->pieces));
}

/* One of the frames may ever hold something. */
static bool is_needed(pfn_t first, uint32_t n)
{
    pfn_t end = MIN(first + n, direct_map.end);
    enum frame_type type;
    uint32_t count;

    for (pfn_t pfn = first; pfn < end; pfn += count)
        if (!frame_group_untouched(pfn, &count, &type) || type != FRAME_RESERVED)
            return true;
    return false;
}

int frame_data_make(struct frame_data *d, uint32_t each)
{
    uint32_t per = PAGE_SIZE / each;
    pfn_t pfn;

    *d = (struct frame_data){.each = each, .per_piece = per};
    d->npieces = (direct_map.end - direct_map.first + per - 1) / per;
    pfn = frame_alloc_contiguous(table_frames(d), 1);
    if (pfn == NO_PFN)
        return -ENOMEM;
    d->pieces = pfn_to_virt(pfn);
    memset(d->pieces, 0, table_frames(d) * PAGE_SIZE);
    for (uint32_t i = 0; i < d->npieces; i++) {
        if (!is_needed(direct_map.first + i * per, per))
            continue;
        pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER | FRAME_CLEAR);
        if (pfn == NO_PFN) {
            frame_data_free(d);
            return -ENOMEM;
        }
        d->pieces[i] = pfn_to_virt(pfn);
        preempt_point();
    }
    return 0;
}

void frame_data_free(struct frame_data *d)
{
    for (uint32_t i = 0; i < d->npieces; i++)
        if (d->pieces[i])
            frame_free(virt_to_pfn(d->pieces[i]));
    frame_free_contiguous(virt_to_pfn(d->pieces), table_frames(d));
    *d = (struct frame_data){0};
}
