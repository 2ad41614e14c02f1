/* SPDX-License-Identifier: MIT
 *
 * Shared segments of System V, for those who list memory.
 */
#ifndef PROC_SYSV_SHM_H
#define PROC_SYSV_SHM_H

#include "mm/seg.h"

/* What a segment that shmat made is called, as Linux has it: the key it was made with. False: it is
 * none of these. s->as->lock is held. May sleep. */
bool shm_name(const struct seg *s, char *buf, size_t size);

#endif
