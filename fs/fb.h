/* SPDX-License-Identifier: MIT
 *
 * /dev/fb0: the machine's framebuffer; see fb.c.
 */
#ifndef FS_FB_H
#define FS_FB_H

#include "fs/vnode.h"

/* Of the device number, or NULL: it is not the framebuffer, or there is none. */
const struct vnode_ops *fb_ops(uint32_t rdev);
/* /dev/fb0, if a driver has registered one. -Exxx. */
int __must_check fb_make_node(void);

#endif
