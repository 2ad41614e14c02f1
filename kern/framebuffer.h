/* SPDX-License-Identifier: MIT
 *
 * The machine's picture: memory that a display shows, 32 bits a pixel. A driver that can have one
 * registers at boot how to ask for it; nobody asks before somebody opens /dev/fb0 (fs/fb.c).
 */
#ifndef KERN_FRAMEBUFFER_H
#define KERN_FRAMEBUFFER_H

#include "lib/base.h"

/* x, y at phys + y * pitch_bytes + x * 4; red_first: red is the lowest byte, else blue is. */
struct framebuffer {
    uint32_t phys, size_bytes; /* phys: page aligned */
    uint32_t width, height;    /* pixels */
    uint32_t pitch_bytes;
    bool red_first;
};

/* start asks the display's firmware and fills *fb; 0 or -Exxx. It is called until it succeeds, by
 * one thread at a time, and may wait as long as it takes. At boot; the first driver counts. */
typedef int framebuffer_start_fn(struct framebuffer *fb);
void framebuffer_register(framebuffer_start_fn *start);
/* What was registered; NULL: the machine has none. */
framebuffer_start_fn *framebuffer_starter(void);

#endif
