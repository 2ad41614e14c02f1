/* SPDX-License-Identifier: MIT
 *
 * Device registers in programs: how a driver of a device file makes mmap's request one for them.
 */
#ifndef MM_SEG_DEV_H
#define MM_SEG_DEV_H

#include "mm/as.h"

/* Makes r, whose obj_page counts from the device's first page, a request for pages of the device
 * that lies at frames [first, first + npages) of physical memory. -EINVAL: it is private; -ENXIO:
 * it reaches beyond the device, or the device is no device but RAM; -EACCES: it is to be executed.
 */
int __must_check seg_dev_request(struct map_request *r, pfn_t first, uint32_t npages);

#endif
