/* SPDX-License-Identifier: MIT
 *
 * What a file system asks about the caller's limits. Implemented by proc/limits.c.
 */
#ifndef FS_LIMIT_H
#define FS_LIMIT_H

#include "lib/base.h"

/* RLIMIT_FSIZE of the caller, bytes; UINT64_MAX: none. */
uint64_t limit_file_size(void);
/* The caller wanted a file to be longer: SIGXFSZ. Locks that sleep may be held. */
void limit_file_hit(void);

struct user;

/* One thing more that epoll watches counts for the caller's user, until limit_watch_end, which may
 * be called by anybody: 0 and *user, or -ENOSPC: it has `most`. */
int __must_check limit_watch_begin(uint32_t most, struct user **user);
void limit_watch_end(struct user *user);

#endif
