/* SPDX-License-Identifier: MIT
 *
 * /proc: what the kernel shows of itself, as text made when a file is opened. Nothing else has a
 * window into the kernel.
 */
#ifndef PROC_PROCFS_H
#define PROC_PROCFS_H

#include "lib/base.h"

/* Mounts /proc on the root. */
int __must_check procfs_mount(void);

#endif
