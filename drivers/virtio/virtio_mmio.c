/* SPDX-License-Identifier: MIT
 *
 * Virtio devices by registers in memory, Virtual I/O Device (VIRTIO) version 1.1, 4.2, and their
 * legacy form, 4.2.4. Of the legacy form are QEMU's, unless it is asked for the other; its machine
 * "virt" has 32 places for devices, most of them empty.
 * Such a device is a program on the CPUs that we run on: it sees our caches (and the tree says so,
 * by "dma-coherent").
 */
#include "drivers/virtio/virtio_mmio.h"

#include "drivers/virtio/virtio_blk.h"
#include "drivers/virtio/virtio_mmio_regs.h"
#include "drivers/virtio/virtio_ring.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/device.h"
#include "kern/irq.h"

#define CONFIG_TRIES    8 /* to read it in one piece */
#define INTERRUPT_TRIES 8 /* to acknowledge all there is */

int virtio_reset(const struct virtio_device *v)
{
    uint64_t deadline = clock_ns() + VIRTIO_RESET_MAX_NS;
    bool late = false;

    reg_write(v->base, VIRTIO_STATUS, 0);
    while (reg_read(v->base, VIRTIO_STATUS) != 0) {
        if (late)
            return -EIO;
        late = clock_ns() >= deadline; /* one more look after that: it is we who may be late */
    }
    device_barrier(); /* what it wrote before is there, and what we write now is our own */
    return 0;
}

static uint32_t device_features(const struct virtio_device *v, uint32_t half)
{
    reg_write(v->base, VIRTIO_DEVICE_FEATURES_SEL, half);
    return reg_read(v->base, VIRTIO_DEVICE_FEATURES);
}

static void driver_features(const struct virtio_device *v, uint32_t half, uint32_t features)
{
    reg_write(v->base, VIRTIO_DRIVER_FEATURES_SEL, half);
    reg_write(v->base, VIRTIO_DRIVER_FEATURES, features);
}

/* 3.1.1 steps 2 to 6; 3.1.2: a legacy device knows 32 features, and is not asked whether it agrees.
 */
int virtio_negotiate(const struct virtio_device *v, uint64_t *features)
{
    uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE;

    reg_write(v->base, VIRTIO_STATUS, status);
    status |= VIRTIO_STATUS_DRIVER;
    reg_write(v->base, VIRTIO_STATUS, status);
    *features &= device_features(v, 0) | (v->legacy ? 0 : (uint64_t)device_features(v, 1) << 32);
    driver_features(v, 0, (uint32_t)*features);
    if (v->legacy)
        return 0;
    if (!(*features & VIRTIO_F_VERSION_1))
        return -EIO; /* 6.1: that it must have */
    driver_features(v, 1, (uint32_t)(*features >> 32));
    reg_write(v->base, VIRTIO_STATUS, status | VIRTIO_STATUS_FEATURES_OK);
    return reg_read(v->base, VIRTIO_STATUS) & VIRTIO_STATUS_FEATURES_OK ? 0 : -EIO;
}

/* 4.2.3.2 steps 1 to 3. */
uint32_t virtio_queue_max(const struct virtio_device *v)
{
    reg_write(v->base, VIRTIO_QUEUE_SEL, 0);
    if (reg_read(v->base, v->legacy ? VIRTIO_LEGACY_QUEUE_PFN : VIRTIO_QUEUE_READY) != 0)
        return 0;
    return reg_read(v->base, VIRTIO_QUEUE_NUM_MAX);
}

static void write_phys(const struct virtio_device *v, uint32_t low, uint64_t phys)
{
    reg_write(v->base, low, (uint32_t)phys);
    reg_write(v->base, low + 4, (uint32_t)(phys >> 32));
}

/* 4.2.3.2 steps 5 to 7, 4.2.4, and 3.1.1 step 8. The queue is selected. */
void virtio_start(const struct virtio_device *v, const struct ring *ring)
{
    device_barrier(); /* the ring is seen to be empty */
    reg_write(v->base, VIRTIO_QUEUE_NUM, ring->size);
    if (v->legacy) {
        reg_write(v->base, VIRTIO_LEGACY_PAGE_SIZE, PAGE_SIZE);
        reg_write(v->base, VIRTIO_LEGACY_QUEUE_ALIGN, PAGE_SIZE);
        reg_write(v->base, VIRTIO_LEGACY_QUEUE_PFN, (uint32_t)(ring->phys >> PAGE_SHIFT));
    } else {
        write_phys(v, VIRTIO_QUEUE_DESC_LOW, ring->phys);
        write_phys(v, VIRTIO_QUEUE_DRIVER_LOW, ring_driver_phys(ring));
        write_phys(v, VIRTIO_QUEUE_DEVICE_LOW, ring_device_phys(ring));
        reg_write(v->base, VIRTIO_QUEUE_READY, 1);
    }
    reg_write(v->base, VIRTIO_STATUS,
              VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK |
                  (v->legacy ? 0 : VIRTIO_STATUS_FEATURES_OK));
}

void virtio_give_up(const struct virtio_device *v)
{
    reg_write(v->base, VIRTIO_STATUS, VIRTIO_STATUS_FAILED);
}

uint32_t virtio_config(const struct virtio_device *v, uint32_t offset)
{
    return reg_read(v->base, VIRTIO_CONFIG + offset);
}

/* 2.4.1: in one piece if its number is the same before and after; 2.4.3: a legacy device does not
 * number them, there it is when it reads the same twice. */
int virtio_config64(const struct virtio_device *v, uint32_t offset, uint64_t *value)
{
    for (int i = 0; i < CONFIG_TRIES; i++) {
        uint32_t again = v->legacy ? VIRTIO_CONFIG + offset : VIRTIO_CONFIG_GENERATION;
        uint32_t before = reg_read(v->base, again);
        uint32_t low = virtio_config(v, offset), high = virtio_config(v, offset + 4);

        *value = (uint64_t)high << 32 | low;
        if (reg_read(v->base, again) == before && (!v->legacy || low == before) &&
            virtio_config(v, offset + 4) == high)
            return 0;
    }
    return -EIO;
}

/* 4.2.3.3. */
void virtio_notify(const struct virtio_device *v)
{
    reg_write(v->base, VIRTIO_QUEUE_NOTIFY, 0);
}

/* 4.2.3.4. It interrupts by an edge, where the tree says so, and there is none as long as some bit
 * is set: so it is read until none is, though not for ever. */
struct virtio_events virtio_interrupt(const struct virtio_device *v)
{
    uint32_t all = 0, bits;

    for (int i = 0; i < INTERRUPT_TRIES; i++) {
        bits = reg_read(v->base, VIRTIO_INTERRUPT_STATUS) &
               (VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);
        if (!bits)
            break;
        reg_write(v->base, VIRTIO_INTERRUPT_ACK, bits);
        all |= bits;
    }
    device_barrier(); /* acknowledged before the ring is looked at: what comes then interrupts */
    return (struct virtio_events){
        .used = all & VIRTIO_INTERRUPT_USED,
        .reset = (all & VIRTIO_INTERRUPT_CONFIG) &&
                 (reg_read(v->base, VIRTIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET),
    };
}

/* 4.2.2.2, 4.2.3.1.1: of an empty place nothing else is read, and nothing is said. */
int virtio_mmio_probe(const struct fdt *fdt, int node)
{
    struct virtio_device v = {.base = device_map_reg(fdt, node, 0)};
    uint32_t version;

    if (!v.base)
        return -ENXIO;
    version = reg_read(v.base, VIRTIO_VERSION);
    if (reg_read(v.base, VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE ||
        (version != VIRTIO_VERSION_LEGACY && version != VIRTIO_VERSION_MODERN))
        return -ENODEV;
    v.legacy = version == VIRTIO_VERSION_LEGACY;
    if (reg_read(v.base, VIRTIO_DEVICE_ID) != VIRTIO_ID_BLOCK)
        return 0;

    int irq = irq_of_node(fdt, node, 0);
    return irq < 0 ? irq : virtio_blk_probe(&v, irq);
}

static const char *const virtio_compatible[] = {"virtio,mmio", NULL};

DRIVER(virtio, .name = "virtio", .compatible = virtio_compatible, .level = DRIVER_OTHER,
       .probe = virtio_mmio_probe);
