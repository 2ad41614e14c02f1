/* SPDX-License-Identifier: MIT
 *
 * The split virtqueue: Virtual I/O Device (VIRTIO) version 1.1, 2.6, without event indices,
 * indirect descriptors and ordered use.
 */
#include "drivers/virtio/virtio_ring.h"

#include <string.h>

#include "kern/device.h"

struct ring_driver_area { /* 2.6.6 */
    uint16_t flags;       /* 0: interrupts are wanted */
    uint16_t idx;
    uint16_t ring[];
};

struct ring_device_area { /* 2.6.8 */
    uint16_t flags;
    uint16_t idx;
    struct ring_used ring[];
};

#define USED_NO_NOTIFY 1u

_Static_assert(sizeof(struct ring_desc) == 16 && sizeof(struct ring_used) == 8, "2.6.5, 2.6.8");

uint64_t ring_driver_phys(const struct ring *ring)
{
    return ring->phys + ring->size * sizeof(struct ring_desc);
}

uint64_t ring_device_phys(const struct ring *ring)
{
    size_t driver = sizeof(struct ring_driver_area) + (ring->size + 1u) * sizeof(uint16_t);

    return ring->phys + ALIGN_UP(ring->size * sizeof(struct ring_desc) + driver, PAGE_SIZE);
}

void ring_init(struct ring *ring, void *memory, uint64_t phys, unsigned size)
{
    memset(memory, 0, RING_BYTES_MAX);
    *ring = (struct ring){.desc = memory, .phys = phys, .size = (uint16_t)size};
    ring->driver = (void *)((char *)memory + (size_t)(ring_driver_phys(ring) - phys));
    ring->device = (void *)((char *)memory + (size_t)(ring_device_phys(ring) - phys));
}

/* 2.6.13, steps 2 to 6. */
bool ring_put(struct ring *ring, unsigned first)
{
    ring->driver->ring[ring->put & (ring->size - 1u)] = (uint16_t)first;
    device_barrier(); /* 2.6.13.3.1: the chain is seen before the index that gives it away */
    ring->driver->idx = ++ring->put;
    device_barrier(); /* 2.6.13.4.1: and the index before the device's wish is read */
    return !(ring->device->flags & USED_NO_NOTIFY);
}

unsigned ring_pending(const struct ring *ring)
{
    unsigned n = (uint16_t)(ring->device->idx - ring->seen);

    device_barrier(); /* 2.6.14: entries, and what chains led to, are read after the index */
    return n;
}

struct ring_used ring_take(struct ring *ring)
{
    volatile struct ring_used *from = &ring->device->ring[ring->seen & (ring->size - 1u)];

    ring->seen++;
    return (struct ring_used){from->id, from->len};
}
