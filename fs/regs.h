/* SPDX-License-Identifier: MIT
 *
 * /dev/regs: registers of devices for programs to map; see regs.c.
 */
#ifndef FS_REGS_H
#define FS_REGS_H

#include "fs/vnode.h"

/* Of the device number, or NULL: it is not of this kind. */
const struct vnode_ops *regs_ops(uint32_t rdev);
/* /dev/regs with a node for each device. -Exxx. */
int __must_check regs_make_nodes(void);

#endif
