/* SPDX-License-Identifier: MIT
 *
 * timerfd: a file that counts how often a timer expired. read takes the count, and waits where it
 * is 0. The timer is the file's, not its process's: it is shared, inherited and kept as that is.
 */
#ifndef PROC_TIMERFD_H
#define PROC_TIMERFD_H

#include "fs/file.h"
#include "proc/utimer_impl.h"

/* A new one with a reference; flags: O_NONBLOCK or 0. -ENOMEM. */
int __must_check timerfd_create(const struct clock_of *clock, uint32_t flags, struct file **f);
/* -EINVAL: f is something else. */
int __must_check timerfd_set(struct file *f, const struct utimer_value *v, bool absolute,
                             struct utimer_value *old);
int __must_check timerfd_get(struct file *f, struct utimer_value *v);

#endif
