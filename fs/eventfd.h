/* SPDX-License-Identifier: MIT
 *
 * eventfd: a file that is a counter of 64 bits. write adds, read takes all of it, or one at a time,
 * and waits where it is 0.
 */
#ifndef FS_EVENTFD_H
#define FS_EVENTFD_H

#include "fs/file.h"

/* A new one with a reference; flags: O_NONBLOCK or 0. one_by_one: EFD_SEMAPHORE. -ENOMEM. */
int __must_check eventfd_create(uint32_t count, uint32_t flags, bool one_by_one, struct file **f);

#endif
