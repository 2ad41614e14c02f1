/* SPDX-License-Identifier: MIT
 *
 * A machine without pipes, for tests of tmpfs that make no FIFO.
 */
#include "fs/pipe.h"

const struct vnode_ops fifo_ops;

void fifo_release(struct vnode *v)
{
    (void)v;
}
