/* SPDX-License-Identifier: MIT
 *
 * What the two-handed clock shows and lets be changed.
 */
#ifndef MM_CLOCK_H
#define MM_CLOCK_H

#include "mm/units.h"

struct clock_hands {
    pfn_t front, back; /* NO_PFN: the clock has not begun */
    uint32_t spread;   /* frames between them */
    uint32_t ahead;    /* how far they are apart now */
};

/* A moment's picture. */
struct clock_hands clock_hands(void);
/* Frames, at least 1. From the next scan on, which begins with both hands at one place. */
void clock_set_spread(uint32_t frames);

#endif
