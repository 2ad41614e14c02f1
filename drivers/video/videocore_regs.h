/* SPDX-License-Identifier: MIT
 *
 * Mailbox 0 and 1 of BCM2835 and BCM2836, between ARM and VideoCore, and the messages of its
 * property channel. Broadcom's public manual leaves both out; this follows the wiki of the
 * Raspberry Pi's firmware ("Accessing mailboxes", "Mailbox property interface"). Private to
 * drivers/video/videocore.c.
 */
#ifndef DRIVERS_VIDEO_VIDEOCORE_REGS_H
#define DRIVERS_VIDEO_VIDEOCORE_REGS_H

/* To the ARM. */
#define MBOX_READ         0x00 /* bits 3:0 channel, 31:4 data */
#define MBOX_STATUS       0x18
#define MBOX_STATUS_EMPTY (1u << 30)

/* To the VideoCore. */
#define MBOX_WRITE             0x20
#define MBOX_WRITE_STATUS      0x38
#define MBOX_WRITE_STATUS_FULL (1u << 31)

#define MBOX_CHANNEL_PROPERTY 8u

/* A message: its bytes, its code, tags, 0. A tag: what, bytes of its values, code, values. */
#define MESSAGE_REQUEST 0u
#define MESSAGE_DONE    0x80000000u /* code of a message that was understood */
#define TAG_ANSWERED    0x80000000u /* in a tag's code, beside the bytes of its answer */

#define TAG_ALLOCATE        0x00040001u /* alignment, unused -> address, bytes */
#define TAG_GET_SIZE        0x00040003u /* unused, unused -> width, height */
#define TAG_GET_PITCH       0x00040008u /* unused -> bytes */
#define TAG_SET_SIZE        0x00048003u /* width, height */
#define TAG_SET_VIRTUAL     0x00048004u /* width, height */
#define TAG_SET_DEPTH       0x00048005u /* bits */
#define TAG_SET_PIXEL_ORDER 0x00048006u /* PIXEL_* */
#define TAG_SET_OFFSET      0x00048009u /* x, y */

#define PIXEL_BLUE_FIRST 0u /* blue in the lowest byte */
#define PIXEL_RED_FIRST  1u

/* Bits 31:30 of an address of the VideoCore say by which of its caches; the rest is where. */
#define BUS_PLACE 0x3fffffffu

#endif
