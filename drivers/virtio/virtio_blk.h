/* SPDX-License-Identifier: MIT
 *
 * Disks of a virtual machine.
 * Locks: (q) the block layer's queue of the device; (c) constant once it is registered.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_BLK_H
#define DRIVERS_VIRTIO_VIRTIO_BLK_H

#include "block/block.h"
#include "drivers/virtio/virtio_mmio.h"
#include "drivers/virtio/virtio_ring.h"

struct blk_place;

struct virtio_blk {
    struct virtio_device v;               /* (c) */
    unsigned number;                      /* (c) of the disk, for messages */
    struct block_device *dev;             /* NULL until it is registered, then constant */
    uint64_t features;                    /* (c) agreed on */
    unsigned depth, chain;                /* (c) as in struct block_info */
    unsigned segment_bytes, per_request;  /* (c) at most; descriptors */
    struct ring ring;                     /* (q) */
    pfn_t memory;                         /* (c) for the ring and what is beside it */
    volatile struct blk_place *place;     /* (q) of each request, in `memory` */
    uint32_t in_flight;                   /* (q) bits of the requests that the device has */
    uint32_t data_bytes[BLOCK_DEPTH_MAX]; /* (q) that it has to write of each of them */
    bool dead;                            /* (q) it could not be set up again */
    bool complained;                      /* (q) its lie was told to the log */
    bool wants_reset;                     /* atomic: it has said so */
};

/* The next disk is this device, whose interrupt is irq. Errors: -EIO, it does not do its part or
 * says what can't be; -ENOMEM; -ENOSPC, too many disks; those of irq_request. At boot. */
int __must_check virtio_blk_probe(const struct virtio_device *v, int irq);
/* The same with b, which is zeroed but its number, and stays the device's for ever. */
int __must_check virtio_blk_attach(struct virtio_blk *b, const struct virtio_device *v, int irq);

#endif
