/* SPDX-License-Identifier: MIT
 *
 * Something for each frame that the core map has no room for: a policy's. Where all frames are
 * reserved, as behind memlimit=, it has no memory.
 */
#ifndef MM_FRAME_DATA_H
#define MM_FRAME_DATA_H

#include "mm/units.h"

struct frame_data {
    uint32_t each, per_piece; /* bytes; frames */
    uint32_t npieces;
    void **pieces; /* a frame each, or NULL */
};

/* `each` bytes for each frame, zeroed: a power of two, at most a page. 0 or -ENOMEM. Leaves the
 * kernel's reserve alone. */
int __must_check frame_data_make(struct frame_data *d, uint32_t each);
void frame_data_free(struct frame_data *d);

/* What belongs to the frame; not to be read or written if the frame never holds a page. */
static inline void *frame_data(const struct frame_data *d, pfn_t pfn)
{
    uint32_t i = pfn - direct_map.first;

    return (char *)d->pieces[i / d->per_piece] + (size_t)(i % d->per_piece) * d->each;
}

#endif
