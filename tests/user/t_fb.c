/* SPDX-License-Identifier: MIT
 *
 * /dev/fb0, where the machine has one: what it says of itself, that mapping, read and write show
 * one memory, shared by all, and what is refused. What a display shows is tests/qemu/test_fb.py's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/mman.h>

#include "include/uapi/fb.h"
#include "mapping.h"
#include "quire.h"
#include "tap.h"

#define FB "/dev/fb0"

static struct fb_var_screeninfo var;
static struct fb_fix_screeninfo fix;

static int fb_open(int flags)
{
    int fd = open(FB, flags);

    if (fd < 0 && errno == ENOENT)
        tap_skip("this machine has no framebuffer");
    CHECK(fd >= 0);
    CHECK_EQ(ioctl(fd, FBIOGET_VSCREENINFO, &var), 0);
    CHECK_EQ(ioctl(fd, FBIOGET_FSCREENINFO, &fix), 0);
    return fd;
}

static long read_at(int fd, void *to, size_t len, uint32_t at)
{
    CHECK_EQ(lseek(fd, (off_t)at, SEEK_SET), at);
    return read(fd, to, len);
}

static long write_at(int fd, const void *from, size_t len, uint32_t at)
{
    CHECK_EQ(lseek(fd, (off_t)at, SEEK_SET), at);
    return write(fd, from, len);
}

static volatile uint32_t *fb_map(int fd)
{
    void *p = mmap(NULL, fix.smem_len, RW, MAP_SHARED, fd, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static void test_info(void)
{
    struct fb_var_screeninfo wanted;
    struct stat st;
    int fd = fb_open(O_RDWR);

    CHECK(var.xres >= 16 && var.yres >= 16 && var.bits_per_pixel == 32);
    CHECK(fix.line_length >= var.xres * 4 && fix.smem_len >= fix.line_length * var.yres);
    CHECK_EQ(fix.smem_len % PAGE, 0);
    CHECK_EQ(var.red.length + var.green.length + var.blue.length, 24);
    CHECK_EQ(var.red.offset + var.blue.offset, 16);
    wanted = var;
    CHECK_EQ(ioctl(fd, FBIOPUT_VSCREENINFO, &wanted), 0);
    wanted.bits_per_pixel = 16;
    CHECK(ioctl(fd, FBIOPUT_VSCREENINFO, &wanted) == -1 && errno == EINVAL);
    CHECK(ioctl(fd, 0x46ff, &wanted) == -1 && errno == ENOTTY);
    CHECK(ioctl(fd, FBIOGET_VSCREENINFO, (void *)16) == -1 && errno == EFAULT);
    CHECK(stat(FB, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == (29 << 8));
}

static int paint(void *arg)
{
    volatile uint32_t *pixels = arg;

    if (pixels[5] != 0x00112233)
        return 1;
    pixels[5] = 0x00445566;
    return 0;
}

/* One memory: of two mappings, of a child, of read and write at any alignment. */
static void test_same(void)
{
    int fd = fb_open(O_RDWR);
    volatile uint32_t *a = fb_map(fd), *b = fb_map(fd);
    uint8_t bytes[700], back[700];

    a[5] = 0x00112233;
    CHECK_EQ(b[5], 0x00112233);
    CHECK(tap_exited_with(tap_child(paint, (void *)a), 0));
    CHECK_EQ(b[5], 0x00445566);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (unsigned at = 0; at < 5; at++) {
        CHECK_EQ(write_at(fd, bytes + 1, 600 + at, 1001 + at), 600 + (long)at);
        CHECK_EQ(read_at(fd, back + at, 600 + at, 1001 + at), 600 + (long)at);
        CHECK_EQ(memcmp(back + at, bytes + 1, 600 + at), 0);
    }
    CHECK_EQ(write_at(fd, "\1\2\3\4", 4, 20), 4);
    CHECK_EQ(a[5], 0x04030201);
}

static void test_ends(void)
{
    int fd = fb_open(O_RDWR);
    uint32_t size = fix.line_length * var.yres;
    volatile uint32_t *pixels = fb_map(fd);
    char bytes[64];

    pixels[fix.smem_len / 4 - 1] = 1;
    CHECK(read_at(fd, bytes, 64, size - 10) >= 10);
    CHECK_EQ(read_at(fd, bytes, 64, fix.smem_len), 0);
    CHECK(write_at(fd, bytes, 64, fix.smem_len) == -1 && errno == ENOSPC);
    CHECK(read_at(fd, (void *)16, 64, 0) == -1 && errno == EFAULT);
    CHECK(write_at(fd, (void *)16, 64, 0) == -1 && errno == EFAULT);
    CHECK(mmap(NULL, fix.smem_len + PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENXIO);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, (off_t)fix.smem_len) == MAP_FAILED &&
          errno == ENXIO);
}

static void test_refused(void)
{
    int fd = fb_open(O_RDWR), reader = fb_open(O_RDONLY);
    char *p = (char *)fb_map(fd);

    CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED &&
          errno == EACCES);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, reader, 0) == MAP_FAILED && errno == EACCES);
    CHECK(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == -1 && errno == EACCES);
    CHECK(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
    CHECK_EQ(mprotect(p, PAGE, PROT_READ), 0);
    CHECK(readable(p) && !writable(p));
}

static void test_pmap(void)
{
    volatile uint32_t *pixels = fb_map(fb_open(O_RDWR));
    char line[128], *text;

    pixels[0] = 1;
    snprintf(line, sizeof line, " %8lu device rw- rw-  s ---- -/%lx 0 0 0\n",
             (unsigned long)fix.smem_len / 1024, (unsigned long)fix.smem_start);
    text = file_read_all("/proc/self/pmap", NULL);
    CHECK(text && strstr(text, line));
    free(text);
}

static const struct tap_test tests[] = {
    {"what it says of itself", test_info},
    {"mapping, child, read and write: one memory", test_same},
    {"its ends", test_ends},
    {"what is refused", test_refused},
    {"pmap", test_pmap},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
