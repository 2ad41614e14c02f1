/* SPDX-License-Identifier: MIT
 *
 * What all virtio devices have in common, by registers in memory: reset, features, one queue,
 * configuration, interrupt. Nothing sleeps or takes a lock; who calls sees to it that one at a time
 * sets a device up, while virtio_interrupt may be called at any time.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_MMIO_H
#define DRIVERS_VIRTIO_VIRTIO_MMIO_H

#include "lib/base.h"
#include "lib/fdt.h"

struct ring;

struct virtio_device {
    volatile void *base; /* (c) registers */
    bool legacy;         /* (c) version 1 of the registers */
};

/* Whatever the node has in it: 0, also if that is nothing, or nothing that there is a driver for.
 * -ENXIO, -ENODEV: that is no virtio device that we know. At boot. */
int __must_check virtio_mmio_probe(const struct fdt *fdt, int node);

/* Setting up (3.1.1): these in their order. -EIO: the device does not do its part. */
/* It forgets everything: no memory of ours is read or written any more. At most
 * VIRTIO_RESET_MAX_NS. */
#define VIRTIO_RESET_MAX_NS 20000000u
int __must_check virtio_reset(const struct virtio_device *v);
/* *features: out of these, then those that it has, too. */
int __must_check virtio_negotiate(const struct virtio_device *v, uint64_t *features);
/* The most descriptors that queue 0 can have; 0: there is none. */
uint32_t virtio_queue_max(const struct virtio_device *v);
/* Queue 0 is this ring, of at most so many; the device may use it from now on. */
void virtio_start(const struct virtio_device *v, const struct ring *ring);
/* It is not going to be used. */
void virtio_give_up(const struct virtio_device *v);

/* The device's own configuration, by offset in bytes: 32 bits, and 64 in one piece. */
uint32_t virtio_config(const struct virtio_device *v, uint32_t offset);
int __must_check virtio_config64(const struct virtio_device *v, uint32_t offset, uint64_t *value);

/* There is something new in queue 0. */
void virtio_notify(const struct virtio_device *v);
/* In its interrupt: acknowledges it. What it is for: */
struct virtio_events {
    bool used;  /* chains may have been used */
    bool reset; /* it can't go on without a reset */
};
struct virtio_events virtio_interrupt(const struct virtio_device *v);

#endif
