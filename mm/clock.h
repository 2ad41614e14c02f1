/* SPDX-License-Identifier: MIT
 *
 * What the two-handed clock shows and lets be changed.
 */
#ifndef MM_CLOCK_H
#define MM_CLOCK_H

#include "mm/units.h"

struct clock_hands {
    pfn_t front, back; /* NO_PFN: the clock has not begun */
    uint32_t spread;   /* frames between them; 0: not chosen yet */
    uint32_t ahead;    /* how far they are apart now */
};

struct clock_hands clock_hands(void);
/* Frames, at least 1. */
void clock_set_spread(uint32_t frames);

#endif
