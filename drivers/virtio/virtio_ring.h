/* SPDX-License-Identifier: MIT
 *
 * A split virtqueue in memory of ours: Virtual I/O Device (VIRTIO) version 1.1, 2.6. The device
 * sees all of it and may write what it likes whenever it likes: what counts here is kept beside the
 * ring, and each word of the device is read once.
 * Locks: the owner's.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_RING_H
#define DRIVERS_VIRTIO_VIRTIO_RING_H

#include "mm/units.h"

#define RING_SIZE_MAX 256u /* descriptors */
/* 2.6.2: descriptors, the available ring, and on the next page the used ring. */
#define RING_BYTES_MAX (2 * PAGE_SIZE + 6 + 8 * RING_SIZE_MAX)

#define DESC_NEXT  1u /* another one follows */
#define DESC_WRITE 2u /* for the device to write; else to read */

struct ring_desc {
    uint64_t phys;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
};

struct ring_used {
    uint32_t id;  /* the chain's first descriptor, says the device */
    uint32_t len; /* bytes that it has written, says the device */
};

struct ring_driver_area;
struct ring_device_area;

struct ring {
    volatile struct ring_desc *desc;          /* (c) */
    volatile struct ring_driver_area *driver; /* (c) "available ring" */
    volatile struct ring_device_area *device; /* (c) "used ring" */
    uint64_t phys;                            /* (c) of desc */
    uint16_t size;                            /* (c) descriptors, a power of two */
    uint16_t put, seen;                       /* chains put in, and seen to be used, modulo 2^16 */
};

/* An empty ring of so many descriptors in RING_BYTES_MAX bytes at `memory`, which begin a page and
 * have the physical address phys. The device must not know of them. */
void ring_init(struct ring *ring, void *memory, uint64_t phys, unsigned size);
/* Where the other two parts lie. */
uint64_t ring_driver_phys(const struct ring *ring);
uint64_t ring_device_phys(const struct ring *ring);
/* Gives the device a chain whose descriptors are filled in; true: it wants to be told. No more
 * chains at a time than descriptors. */
bool ring_put(struct ring *ring, unsigned first);
/* Chains that the device says it has used and that were not taken: any number up to 65535. */
unsigned ring_pending(const struct ring *ring);
/* The next of these; nothing about it is checked. */
struct ring_used ring_take(struct ring *ring);

#endif
