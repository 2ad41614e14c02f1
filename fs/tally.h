/* SPDX-License-Identifier: MIT
 *
 * /dev/tally: memory that counts its faults; see tally.c.
 */
#ifndef FS_TALLY_H
#define FS_TALLY_H

#include "fs/vnode.h"

extern const struct vnode_ops tally_ops;

#endif
