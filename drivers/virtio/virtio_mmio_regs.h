/* SPDX-License-Identifier: MIT
 *
 * Registers of a virtio device in memory: Virtual I/O Device (VIRTIO) version 1.1, 4.2.2 and, for
 * version 1 of the registers, 4.2.4; status bits 2.1, features 2.2 and 6. All are 32 bits wide.
 * Private to drivers/virtio.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_MMIO_REGS_H
#define DRIVERS_VIRTIO_VIRTIO_MMIO_REGS_H

#define VIRTIO_MAGIC               0x000
#define VIRTIO_MAGIC_VALUE         0x74726976u /* "virt" */
#define VIRTIO_VERSION             0x004
#define VIRTIO_VERSION_LEGACY      1u
#define VIRTIO_VERSION_MODERN      2u
#define VIRTIO_DEVICE_ID           0x008
#define VIRTIO_ID_NONE             0u
#define VIRTIO_ID_BLOCK            2u
#define VIRTIO_DEVICE_FEATURES     0x010 /* 32 of them, of the half that was selected */
#define VIRTIO_DEVICE_FEATURES_SEL 0x014
#define VIRTIO_DRIVER_FEATURES     0x020
#define VIRTIO_DRIVER_FEATURES_SEL 0x024
#define VIRTIO_LEGACY_PAGE_SIZE    0x028 /* bytes; legacy only */
#define VIRTIO_QUEUE_SEL           0x030
#define VIRTIO_QUEUE_NUM_MAX       0x034 /* descriptors; 0: no such queue */
#define VIRTIO_QUEUE_NUM           0x038
#define VIRTIO_LEGACY_QUEUE_ALIGN  0x03c /* of the used ring, bytes; legacy only */
#define VIRTIO_LEGACY_QUEUE_PFN    0x040 /* in pages; not 0: in use; legacy only */
#define VIRTIO_QUEUE_READY         0x044 /* not legacy, and so the next three pairs */
#define VIRTIO_QUEUE_NOTIFY        0x050 /* number of the queue */
#define VIRTIO_INTERRUPT_STATUS    0x060
#define VIRTIO_INTERRUPT_ACK       0x064
#define VIRTIO_INTERRUPT_USED      (1u << 0) /* something in a used ring */
#define VIRTIO_INTERRUPT_CONFIG    (1u << 1) /* the configuration, or NEEDS_RESET */
#define VIRTIO_STATUS              0x070     /* 0 resets; bits 31:8 and 5:4 reserved */
#define VIRTIO_STATUS_ACKNOWLEDGE  (1u << 0)
#define VIRTIO_STATUS_DRIVER       (1u << 1)
#define VIRTIO_STATUS_DRIVER_OK    (1u << 2)
#define VIRTIO_STATUS_FEATURES_OK  (1u << 3) /* not legacy */
#define VIRTIO_STATUS_NEEDS_RESET  (1u << 6)
#define VIRTIO_STATUS_FAILED       (1u << 7)
#define VIRTIO_QUEUE_DESC_LOW      0x080
#define VIRTIO_QUEUE_DESC_HIGH     0x084
#define VIRTIO_QUEUE_DRIVER_LOW    0x090
#define VIRTIO_QUEUE_DRIVER_HIGH   0x094
#define VIRTIO_QUEUE_DEVICE_LOW    0x0a0
#define VIRTIO_QUEUE_DEVICE_HIGH   0x0a4
#define VIRTIO_CONFIG_GENERATION   0x0fc /* not legacy */
#define VIRTIO_CONFIG              0x100

#define VIRTIO_F_VERSION_1      (1ull << 32)
#define VIRTIO_F_ORDER_PLATFORM (1ull << 36) /* it wants barriers as real hardware does */

#endif
