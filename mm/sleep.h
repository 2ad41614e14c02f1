/* SPDX-License-Identifier: MIT
 *
 * Sleeping for a page that is BUSY: wait queues hashed by frame number.
 */
#ifndef MM_SLEEP_H
#define MM_SLEEP_H

#include "mm/units.h"

void frame_sleep_init(void);
/* Sleeps until the frame is not BUSY, or a little: the caller looks again. */
void frame_sleep(pfn_t pfn);
/* BUSY ended: wakes all who sleep for the frame. */
void frame_wake(pfn_t pfn);

/* Sleeps a millisecond. */
void frame_nap(void);

#endif
