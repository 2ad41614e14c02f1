/* SPDX-License-Identifier: MIT
 *
 * /dev/fb0: the framebuffer of a display, with Linux's ioctls. Mapped, it is a device's memory
 * (mm/seg_dev.h): never cached, paged or executed, and the same for all. read and write copy by
 * words of the same memory. The first open asks the driver for it, which takes a while; one that
 * would lie in RAM of ours is refused.
 * Locks: fb.lock, sleeping, around that first time; all is constant afterwards.
 */
#include "fs/fb.h"

#include <string.h>

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "include/uapi/fb.h"
#include "kern/device.h"
#include "kern/framebuffer.h"
#include "kern/log.h"
#include "mm/seg_dev.h"
#include "mm/uaccess.h"

#define FB_RDEV     (29u << 8) /* Linux's: 29, 0 */
#define CHUNK_BYTES 256u

static struct {
    struct mutex lock;
    bool ready;              /* atomic: what follows is constant */
    struct framebuffer is;   /* (lock) */
    uint32_t npages;         /* (lock) the last one perhaps not all the picture's */
    volatile uint8_t *bytes; /* (lock) where the kernel sees it */
} fb = {.lock = MUTEX_INIT(fb.lock, LOCK_FRAMEBUFFER)};

/* Asks for it and maps it. May sleep, or at least preempt. */
static int start_locked(void)
{
    struct framebuffer is = {0};
    int error = framebuffer_starter()(&is);
    pfn_t first = is.phys >> PAGE_SHIFT;
    uint32_t npages = pages_of(is.size_bytes);

    if (!error && first < direct_map.end && first + npages > direct_map.first)
        error = -EIO;
    if (!error && !(fb.bytes = device_map(is.phys, is.size_bytes)))
        error = -ENOMEM;
    if (error) {
        log_printf("framebuffer: error %d\n", -error);
        return error;
    }
    fb.is = is;
    fb.npages = npages;
    __atomic_store_n(&fb.ready, true, __ATOMIC_RELEASE);
    return 0;
}

static int fb_open(struct file *f)
{
    int error = 0;

    (void)f;
    if (__atomic_load_n(&fb.ready, __ATOMIC_ACQUIRE))
        return 0;
    mutex_lock(&fb.lock);
    if (!fb.ready)
        error = start_locked();
    mutex_unlock(&fb.lock);
    return error;
}

static int fb_map(struct file *f, struct map_request *r)
{
    (void)f;
    return seg_dev_request(r, fb.is.phys >> PAGE_SHIFT, fb.npages);
}

/* Device memory is read and written by aligned words, at the ends by bytes. */
static void copy_from_device(uint8_t *to, volatile uint8_t *from, size_t n)
{
    for (; n > 0 && (uintptr_t)from % 4; n--)
        *to++ = *from++;
    for (; n >= 4; n -= 4, to += 4, from += 4) {
        uint32_t word = *(volatile uint32_t *)(volatile void *)from;

        memcpy(to, &word, sizeof(word));
    }
    for (; n > 0; n--)
        *to++ = *from++;
}

static void copy_to_device(volatile uint8_t *to, const uint8_t *from, size_t n)
{
    for (; n > 0 && (uintptr_t)to % 4; n--)
        *to++ = *from++;
    for (; n >= 4; n -= 4, to += 4, from += 4) {
        uint32_t word;

        memcpy(&word, from, sizeof(word));
        *(volatile uint32_t *)(volatile void *)to = word;
    }
    for (; n > 0; n--)
        *to++ = *from++;
}

/* How many of len bytes at pos there are. */
static size_t room_at(uint64_t pos, size_t len)
{
    return pos >= fb.is.size_bytes ? 0 : MIN(len, (size_t)(fb.is.size_bytes - pos));
}

/* Bytes done, or -EFAULT before the first. */
static int fb_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    uint8_t chunk[CHUNK_BYTES];
    size_t all = room_at(pos, len), done = 0;

    (void)f;
    while (done < all && !thread_interrupted()) {
        size_t n = MIN(all - done, sizeof(chunk));

        copy_from_device(chunk, fb.bytes + pos + done, n);
        if (copy_to_user(ubuf + done, chunk, n))
            return done ? (int)done : -EFAULT;
        done += n;
        rest_point();
    }
    return (int)done;
}

/* As fb_read; -ENOSPC behind the end, as on Linux. */
static int fb_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    uint8_t chunk[CHUNK_BYTES];
    size_t all = room_at(pos, len), done = 0;

    (void)f;
    if (len > 0 && all == 0)
        return -ENOSPC;
    while (done < all && !thread_interrupted()) {
        size_t n = MIN(all - done, sizeof(chunk));

        if (copy_from_user(chunk, ubuf + done, n))
            return done ? (int)done : -EFAULT;
        copy_to_device(fb.bytes + pos + done, chunk, n);
        done += n;
        rest_point();
    }
    return (int)done;
}

static void var_fill(struct fb_var_screeninfo *var)
{
    *var = (struct fb_var_screeninfo){.xres = fb.is.width,
                                      .yres = fb.is.height,
                                      .xres_virtual = fb.is.width,
                                      .yres_virtual = fb.is.height,
                                      .bits_per_pixel = 32,
                                      .red = {fb.is.red_first ? 0 : 16, 8, 0},
                                      .green = {8, 8, 0},
                                      .blue = {fb.is.red_first ? 16 : 0, 8, 0},
                                      .height_mm = UINT32_MAX,
                                      .width_mm = UINT32_MAX};
}

/* The one mode there is may be set, and is given back. */
static int put_var(vaddr_t arg)
{
    struct fb_var_screeninfo wanted, var;

    if (copy_from_user(&wanted, arg, sizeof(wanted)))
        return -EFAULT;
    var_fill(&var);
    if (wanted.xres != var.xres || wanted.yres != var.yres || wanted.xres_virtual > var.xres ||
        wanted.yres_virtual > var.yres || wanted.bits_per_pixel != var.bits_per_pixel)
        return -EINVAL;
    return copy_to_user(arg, &var, sizeof(var));
}

static int fb_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    struct fb_var_screeninfo var;
    struct fb_fix_screeninfo fix = {.id = "VideoCore",
                                    .smem_start = fb.is.phys,
                                    .smem_len = (uint32_t)page_addr(fb.npages),
                                    .visual = FB_VISUAL_TRUECOLOR,
                                    .line_length = fb.is.pitch_bytes};

    (void)f;
    switch (request) {
    case FBIOGET_VSCREENINFO: var_fill(&var); return copy_to_user(arg, &var, sizeof(var));
    case FBIOPUT_VSCREENINFO: return put_var(arg);
    case FBIOGET_FSCREENINFO: return copy_to_user(arg, &fix, sizeof(fix));
    default: return -ENOTTY;
    }
}

static const struct vnode_ops ops = {
    .open = fb_open,
    .map = fb_map,
    .read = fb_read,
    .write = fb_write,
    .ioctl = fb_ioctl,
    .positioned = true,
};

const struct vnode_ops *fb_ops(uint32_t rdev)
{
    return rdev == FB_RDEV && framebuffer_starter() ? &ops : NULL;
}

int fb_make_node(void)
{
    return framebuffer_starter() ? vnode_make(NULL, "/dev/fb0", S_IFCHR | 0660, FB_RDEV, NULL) : 0;
}
