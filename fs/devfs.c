/* SPDX-License-Identifier: MIT
 *
 * /dev: a tmpfs with a node for each device that the kernel has built in, and a directory for POSIX
 * shared memory, and one for devices that programs map (regs.c); and a framebuffer where there is
 * one (fb.c). A device is one line of the table below; mknod makes further nodes for it. Locks:
 * none: everything here is constant. Numbers are Linux's (devices.txt).
 */
#include "fs/file.h"

#include <string.h>

#include "fs/blockdev.h"
#include "fs/fb.h"
#include "fs/regs.h"
#include "fs/tally.h"
#include "fs/tmpfs.h"
#include "fs/tty.h"
#include "include/uapi/errno.h"
#include "kern/console.h"
#include "kern/random.h"
#include "lib/fmt.h"
#include "mm/as.h"
#include "mm/uaccess.h"

#define DEV(major, minor)  ((major) << 8 | (minor))
#define RANDOM_CHUNK_BYTES 128u

/* What a device gives or takes for up to n bytes at ubuf, all in one page: bytes done or -Exxx. */
typedef int chunk_fn(vaddr_t ubuf, size_t n);

/* Does a long read page by page; what was done before an error counts. */
static int by_chunks(vaddr_t ubuf, size_t len, size_t chunk_bytes, chunk_fn *chunk)
{
    size_t done = 0;

    while (done < len && !thread_interrupted()) {
        size_t to_edge = PAGE_SIZE - ((ubuf + done) & PAGE_MASK);
        int n = chunk(ubuf + done, MIN(MIN(len - done, to_edge), chunk_bytes));

        if (n < 0)
            return done ? (int)done : n;
        done += (size_t)n;
        rest_point();
    }
    return (int)done;
}

static int null_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)f, (void)pos, (void)ubuf, (void)len;
    return 0;
}

static int null_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)f, (void)pos, (void)ubuf;
    return (int)len;
}

static int full_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)f, (void)pos, (void)ubuf, (void)len;
    return -ENOSPC;
}

static int zero_chunk(vaddr_t ubuf, size_t n)
{
    return clear_user(ubuf, n) ? -EFAULT : (int)n;
}

static int zero_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)f, (void)pos;
    return by_chunks(ubuf, len, PAGE_SIZE, zero_chunk);
}

static int random_chunk(vaddr_t ubuf, size_t n)
{
    uint8_t buf[RANDOM_CHUNK_BYTES];

    random_fill(buf, n);
    return copy_to_user(ubuf, buf, n) ? -EFAULT : (int)n;
}

static int random_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)f, (void)pos;
    return by_chunks(ubuf, len, RANDOM_CHUNK_BYTES, random_chunk);
}

/* Whatever is written stops the machine: the debugger on the UART runs until it lets it go on. */
static int kdb_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    (void)f, (void)pos, (void)ubuf;
    return console_break() ? (int)len : -ENODEV;
}

/* A private mapping is memory of nobody's; a shared one would need an object of its own. */
static int zero_map(struct file *f, struct map_request *r)
{
    (void)f;
    if (r->flags & SEG_SHARED)
        return -ENODEV;
    r->ops = &seg_anon;
    r->obj_page = 0;
    return 0;
}

static const struct vnode_ops null_ops = {.read = null_read, .write = null_write};
static const struct vnode_ops zero_ops = {.read = zero_read, .write = null_write, .map = zero_map};
static const struct vnode_ops full_ops = {.read = zero_read, .write = full_write};
static const struct vnode_ops random_ops = {.read = random_read, .write = null_write};
static const struct vnode_ops kdb_ops = {.read = null_read, .write = kdb_write};
static const struct vnode_ops tty_ops = {
    .read = tty_read, .write = tty_write, .ioctl = tty_ioctl, .poll = tty_poll};
static const struct vnode_ops own_tty_ops = {.open = tty_open_own,
                                             .read = tty_read,
                                             .write = tty_write,
                                             .ioctl = tty_ioctl,
                                             .poll = tty_poll};

static const struct vnode_ops tty_line_ops = {.open = tty_open_line,
                                              .read = tty_read,
                                              .write = tty_write,
                                              .ioctl = tty_ioctl,
                                              .poll = tty_poll};

static int none_open(struct file *f)
{
    (void)f;
    return -ENXIO;
}

static const struct vnode_ops none_ops = {
    .open = none_open, .read = null_read, .write = null_write};

static const struct {
    const char *name;
    const struct vnode_ops *ops;
    uint32_t mode, rdev;
} devices[] = {
    {"console", &tty_ops, 0600, DEV(5, 1)},
    {"tty", &own_tty_ops, 0666, DEV(5, 0)},
    {TTY_LINE_NAME, &tty_line_ops, 0600, DEV(TTY_LINE_MAJOR, TTY_LINE_MINOR)},
    {"null", &null_ops, 0666, DEV(1, 3)},
    {"zero", &zero_ops, 0666, DEV(1, 5)},
    {"full", &full_ops, 0666, DEV(1, 7)},
    {"random", &random_ops, 0666, DEV(1, 8)},
    {"urandom", &random_ops, 0666, DEV(1, 9)},
    {"kdb", &kdb_ops, 0200, DEV(10, 241)},
    {"tally", &tally_ops, 0666, DEV(10, 242)},
};

const struct vnode_ops *device_ops(uint32_t mode, uint32_t rdev)
{
    if ((mode & S_IFMT) == S_IFBLK)
        return blockdev_ops(rdev) ? blockdev_ops(rdev) : &none_ops;
    for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
        if (devices[i].rdev == rdev)
            return devices[i].ops;
    if (fb_ops(rdev))
        return fb_ops(rdev);
    return regs_ops(rdev) ? regs_ops(rdev) : &none_ops;
}

static int make_nodes(void)
{
    int error = 0;

    for (unsigned i = 0; !error && i < ARRAY_SIZE(devices); i++) {
        char path[32];

        fmt_snprint(path, sizeof(path), "/dev/%s", devices[i].name);
        error = vnode_make(NULL, path, S_IFCHR | devices[i].mode, devices[i].rdev, NULL);
    }
    if (!error)
        error = regs_make_nodes();
    if (!error)
        error = fb_make_node();
    if (!error)
        error = blockdev_make_nodes();
    return error ? error : vnode_make(NULL, "/dev/shm", S_IFDIR | 01777, 0, NULL);
}

int devfs_mount(void)
{
    struct vnode *root;
    int error = tmpfs_make_root(&tmpfs_dev_fs, &root);

    if (error)
        return error;
    error = vnode_mount("/dev", root);
    vnode_unref(root);
    if (!error)
        error = make_nodes();
    if (!error)
        tty_init();
    return error;
}
