/* SPDX-License-Identifier: MIT
 *
 * /dev: a directory of devices that the kernel has built in. All vnodes are static and live for
 * ever; a device is one line of the table below.
 * Locks: none: everything here is constant. Numbers are Linux's (devices.txt).
 */
#include "fs/file.h"

#include <string.h>

#include "fs/tty.h"
#include "include/uapi/errno.h"
#include "kern/console.h"
#include "kern/random.h"
#include "mm/uaccess.h"

#define DEV_INO_BASE       0x20000000u
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

static const struct vnode_ops null_ops = {.read = null_read, .write = null_write};
static const struct vnode_ops zero_ops = {.read = zero_read, .write = null_write};
static const struct vnode_ops full_ops = {.read = zero_read, .write = full_write};
static const struct vnode_ops random_ops = {.read = random_read, .write = null_write};
static const struct vnode_ops kdb_ops = {.read = null_read, .write = kdb_write};
static const struct vnode_ops tty_ops = {.read = tty_read, .write = tty_write, .ioctl = tty_ioctl};

#define DEVICE(place, device_ops, permissions, number)                                             \
    {                                                                                              \
        .ops = &(device_ops), .refs = 1, .mode = S_IFCHR | (permissions),                          \
        .ino = DEV_INO_BASE + 1 + (place), .nlink = 1, .rdev = (number)                            \
    }

static struct vnode devices[] = {
    DEVICE(0, tty_ops, 0600, DEV(5, 1)),    DEVICE(1, tty_ops, 0666, DEV(5, 0)),
    DEVICE(2, null_ops, 0666, DEV(1, 3)),   DEVICE(3, zero_ops, 0666, DEV(1, 5)),
    DEVICE(4, full_ops, 0666, DEV(1, 7)),   DEVICE(5, random_ops, 0666, DEV(1, 8)),
    DEVICE(6, random_ops, 0666, DEV(1, 9)), DEVICE(7, kdb_ops, 0200, DEV(10, 241)),
};

static const char *const names[] = {"console", "tty",    "null",    "zero",
                                    "full",    "random", "urandom", "kdb"};

_Static_assert(ARRAY_SIZE(names) == ARRAY_SIZE(devices), "a name for each device");

static int dev_lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    (void)dir;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *found = vnode_ref(&devices[i]);
            return 0;
        }
    }
    return -ENOENT;
}

static int dev_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    (void)dir;
    if (*pos >= ARRAY_SIZE(names))
        return 0;
    strcpy(entry->name, names[*pos]);
    entry->ino = devices[*pos].ino;
    entry->mode = devices[*pos].mode;
    ++*pos;
    return 1;
}

static const struct vnode_ops dir_ops = {.lookup = dev_lookup, .readdir = dev_readdir};

static struct vnode dev_root = {
    .ops = &dir_ops, .refs = 1, .mode = S_IFDIR | 0755, .ino = DEV_INO_BASE, .nlink = 2};

int devfs_mount(void)
{
    int error = vnode_mount("/dev", &dev_root);

    if (!error)
        tty_init();
    return error;
}
