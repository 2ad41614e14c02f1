/* SPDX-License-Identifier: MIT
 *
 * Disks and their partitions as files: /dev/vda, /dev/vda1, /dev/ram0. Contents go through the page
 * cache, whether they are read, written or mapped; what was written is on the disk after fsync,
 * msync, sync, or the last close, or a few seconds later.
 */
#ifndef FS_BLOCKDEV_H
#define FS_BLOCKDEV_H

#include "fs/vnode.h"

/* The operations of the block device with this number, or NULL. */
const struct vnode_ops *blockdev_ops(uint32_t rdev);
/* Reads the partition tables, which may take a moment, and makes nodes for all there is. At boot,
 * with interrupts on. */
int blockdev_make_nodes(void);
/* f's device has everything that was written. -EINVAL: f is no block device; -EIO, also for what an
 * earlier write lost. May sleep. */
int blockdev_sync(struct file *f);
/* All devices. Errors are left to who asks for one. May sleep. */
void blockdev_sync_all(void);
/* f's device, which f alone has open, becomes swap: mm/swap.h. -EBUSY; -EINVAL: no block device, or
 * no swap header, which the console says; as swap_add; -EIO. May sleep; one at a time. */
int __must_check blockdev_swap_on(struct file *f, int prio);
/* The device, whatever path led there, is swap no more: as swap_remove. */
int __must_check blockdev_swap_off(const struct vnode *v);
/* The object is a block device's: its node's path, as it was made at boot. */
bool blockdev_path(const struct obj *o, char *buf, size_t size);
/* The number of the i-th disk that was registered; 0: it has no node. */
uint32_t blockdev_number(unsigned i);
/* Calls visit for each device: its number, name, and size in sectors. For /proc/partitions. */
void blockdev_each(void (*visit)(uint32_t rdev, const char *name, uint64_t sectors, void *arg),
                   void *arg);

#endif
