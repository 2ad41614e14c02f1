/* SPDX-License-Identifier: MIT
 *
 * Linux's ioctls for a framebuffer and what they tell, as 32-bit programs see it.
 * Source: Linux, include/uapi/linux/fb.h.
 */
#ifndef UAPI_FB_H
#define UAPI_FB_H

#include <stdint.h>

#define FBIOGET_VSCREENINFO 0x4600u
#define FBIOPUT_VSCREENINFO 0x4601u
#define FBIOGET_FSCREENINFO 0x4602u

#define FB_VISUAL_TRUECOLOR 2u

/* Where a colour is in a pixel: bits. */
struct fb_bitfield {
    uint32_t offset, length, msb_right;
};

struct fb_var_screeninfo {
    uint32_t xres, yres, xres_virtual, yres_virtual, xoffset, yoffset, bits_per_pixel, grayscale;
    struct fb_bitfield red, green, blue, transp;
    uint32_t nonstd, activate, height_mm, width_mm, accel_flags;
    uint32_t timings[9]; /* pixclock to colorspace */
    uint32_t reserved[6];
};

struct fb_fix_screeninfo {
    char id[16];
    uint32_t smem_start, smem_len; /* physical address, bytes */
    uint32_t type, type_aux, visual;
    uint16_t xpanstep, ypanstep, ywrapstep;
    uint32_t line_length; /* bytes */
    uint32_t mmio_start, mmio_len, accel;
    uint16_t capabilities, reserved[2];
};

_Static_assert(sizeof(struct fb_var_screeninfo) == 160, "as in Linux");
_Static_assert(sizeof(struct fb_fix_screeninfo) == 68, "as in Linux for 32 bits");

#endif
