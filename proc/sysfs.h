/* SPDX-License-Identifier: MIT
 *
 * What is in /sys, whose nodes are made as those of /proc: proc/procfs.c.
 */
#ifndef PROC_SYSFS_H
#define PROC_SYSFS_H

#include "proc/procfs_impl.h"

extern const struct procfs_file sysfs_root_file;

#endif
