/* SPDX-License-Identifier: MIT
 *
 * Virtio's block device: Virtual I/O Device (VIRTIO) version 1.1, 5.2. Private to drivers/virtio.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_BLK_REGS_H
#define DRIVERS_VIRTIO_VIRTIO_BLK_REGS_H

#include "lib/base.h"

/* 5.2.3. */
#define BLK_F_SIZE_MAX (1ull << 1)
#define BLK_F_SEG_MAX  (1ull << 2)
#define BLK_F_RO       (1ull << 5)
#define BLK_F_FLUSH    (1ull << 9)

/* 5.2.4: in the configuration. */
#define BLK_CONFIG_CAPACITY 0x00 /* 64 bits, sectors of 512 bytes */
#define BLK_CONFIG_SIZE_MAX 0x08 /* bytes of a segment, if BLK_F_SIZE_MAX */
#define BLK_CONFIG_SEG_MAX  0x0c /* segments of a request, if BLK_F_SEG_MAX */

/* 5.2.6: a request is this header, data, and one byte of status. */
struct blk_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

#define BLK_T_IN    0u
#define BLK_T_OUT   1u
#define BLK_T_FLUSH 4u

#define BLK_S_OK     0u
#define BLK_S_IOERR  1u
#define BLK_S_UNSUPP 2u

#endif
