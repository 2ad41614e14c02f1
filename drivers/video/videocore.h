/* SPDX-License-Identifier: MIT
 *
 * Asks the VideoCore's firmware for a framebuffer, by the mailbox's property channel.
 */
#ifndef DRIVERS_VIDEO_VIDEOCORE_H
#define DRIVERS_VIDEO_VIDEOCORE_H

#include "kern/framebuffer.h"

struct videocore {
    volatile void *base;                 /* the mailbox's registers */
    uint32_t bus_base, phys_base, bytes; /* RAM: where the VideoCore sees it, and we; how much */
};

/* The firmware's answer, checked: a picture of the display's size, or 640 x 480 where that is not
 * known, 32 bits a pixel, all of it in the vc's RAM. -ETIMEDOUT: no answer within a second; -EIO:
 * one that makes no sense; -EFAULT: our message is not where the VideoCore can see it. One caller
 * at a time; passes preempt points, holds no spinlock. */
int __must_check videocore_framebuffer(const struct videocore *vc, struct framebuffer *fb);

#endif
