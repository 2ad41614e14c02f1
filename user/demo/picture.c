/* SPDX-License-Identifier: MIT
 *
 * picture: a test picture on the framebuffer: eight bars of colour above a grey wedge, whose pixel
 * at x is x * 256 / width of each colour. Runs on Linux as well.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/mman.h>

#include "include/uapi/fb.h"
#include "quire.h"

static struct fb_var_screeninfo var;
static struct fb_fix_screeninfo fix;

static uint32_t colour(uint32_t red, uint32_t green, uint32_t blue)
{
    return red << var.red.offset | green << var.green.offset | blue << var.blue.offset;
}

/* White, yellow, cyan, green, magenta, red, blue, black. */
static uint32_t bar(uint32_t n)
{
    return colour(n & 2 ? 0 : 255, n & 4 ? 0 : 255, n & 1 ? 0 : 255);
}

static void draw(volatile uint32_t *pixels)
{
    for (uint32_t y = 0; y < var.yres; y++) {
        volatile uint32_t *line = pixels + y * (fix.line_length / 4);

        for (uint32_t x = 0; x < var.xres; x++) {
            uint32_t grey = x * 256 / var.xres;

            line[x] = y < var.yres / 2 ? bar(x * 8 / var.xres) : colour(grey, grey, grey);
        }
    }
}

int main(void)
{
    int fd = open("/dev/fb0", O_RDWR);
    void *pixels;

    if (fd < 0)
        return fail("picture", "/dev/fb0");
    if (ioctl(fd, FBIOGET_VSCREENINFO, &var) < 0 || ioctl(fd, FBIOGET_FSCREENINFO, &fix) < 0)
        return fail("picture", "ioctl");
    if (var.bits_per_pixel != 32) {
        fprintf(stderr, "picture: %lu bits a pixel\n", (unsigned long)var.bits_per_pixel);
        return 1;
    }
    pixels = mmap(NULL, fix.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pixels == MAP_FAILED)
        return fail("picture", "mmap");
    draw(pixels);
    printf("%lu x %lu pixels of 32 bits at %08lx, %lu bytes a line\n", (unsigned long)var.xres,
           (unsigned long)var.yres, (unsigned long)fix.smem_start, (unsigned long)fix.line_length);
    return 0;
}
