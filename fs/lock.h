/* SPDX-License-Identifier: MIT
 *
 * Locks on files that programs ask for: of ranges of bytes, which belong to a process (fcntl), and
 * of whole files, which belong to an open file (flock). The two kinds don't see each other. They
 * are advice: read and write don't look at them.
 */
#ifndef FS_LOCK_H
#define FS_LOCK_H

#include "fs/file.h"

enum lock_type { LOCK_SHARED, LOCK_EXCLUSIVE, LOCK_NOTHING };

/* A lock, or a request for one. */
struct lock_range {
    enum lock_type type;
    bool whole;        /* flock's kind */
    const void *owner; /* table of descriptors, or open file */
    int pid;           /* of the owner; -1: flock's */
    uint64_t first, last;
};

/* Sets, changes or gives back (LOCK_NOTHING) the owner's lock of the range. wait: sleeps until
 * others' are gone. -EAGAIN, -EINTR, -EDEADLK (owners wait for each other in a circle), -ENOLCK. */
int __must_check range_lock_set(struct vnode *v, const struct lock_range *request, bool wait);
/* What stands in the way of the request: *found; false: nothing. */
bool range_lock_test(struct vnode *v, const struct lock_range *request, struct lock_range *found);
/* Memory that so many locks take. */
uint32_t range_locks_bytes(uint32_t n);
/* All of an owner's locks of a file go. */
void range_locks_drop(struct vnode *v, const void *owner);

#endif
