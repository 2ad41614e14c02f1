/* SPDX-License-Identifier: MIT
 *
 * Disks and partitions as swap areas. Pages go between frames and sectors directly, not through the
 * page cache, and need no memory on the way. As long as one is a swap area nobody can open it, or
 * what overlaps it, for writing.
 */
#include <string.h>

#include "fs/blockdev_impl.h"
#include "fs/file.h"
#include "fs/swap_header.h"
#include "include/uapi/errno.h"
#include "kern/log.h"
#include "mm/slab.h"
#include "mm/swap.h"

#define SECTORS_IN_PAGE (PAGE_SIZE / SECTOR_BYTES)
#define SLOTS_MAX       ((1u << 20) - 1)

static int transfer(const struct bdev *b, enum block_op op, uint32_t page, unsigned n,
                    const pfn_t *pfns)
{
    struct block_io io[SWAP_RUN];

    for (unsigned i = 0; i < n; i++)
        io[i] = (struct block_io){.dev = b->disk,
                                  .op = op,
                                  .sector = b->first + (uint64_t)(page + i) * SECTORS_IN_PAGE,
                                  .pfn = pfns[i],
                                  .bytes = PAGE_SIZE,
                                  .next = i + 1 < n ? &io[i + 1] : NULL};
    return block_wait(io);
}

static struct bdev *bdev_of(const void *file)
{
    return ((const struct file *)file)->data;
}

static int area_read(void *dev, uint32_t page, unsigned n, const pfn_t *pfns)
{
    return transfer(bdev_of(dev), BLOCK_READ, page, n, pfns);
}

static int area_write(void *dev, uint32_t page, unsigned n, const pfn_t *pfns)
{
    return transfer(bdev_of(dev), BLOCK_WRITE, page, n, pfns);
}

static void area_close(void *dev)
{
    bdev_set_swap(bdev_of(dev), false);
    file_unref(dev);
}

static const struct swap_ops area_ops = {
    .read = area_read, .write = area_write, .close = area_close};

/* The header of the device into *h. */
static int read_header(const struct bdev *b, const char *name, struct swap_header *h)
{
    uint64_t pages = b->sectors / SECTORS_IN_PAGE;
    pfn_t pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);
    const char *why = NULL;
    int error;

    if (pfn == NO_PFN)
        return -ENOMEM;
    error = pages == 0 ? -EINVAL : transfer(b, BLOCK_READ, 0, 1, &pfn);
    if (!error)
        error = swap_header_read(pfn_to_virt(pfn), pages, h, &why);
    if (why)
        log_printf("swapon: %s: %s\n", name, why);
    frame_free(pfn);
    return error;
}

int blockdev_swap_on(struct file *f, const char *name, int prio)
{
    struct swap_header *h = NULL;
    struct bdev *b;
    int error;

    if (f->vnode->ops != &bdev_ops)
        return -EINVAL;
    b = f->data;
    error = bdev_set_swap(b, true);
    if (error)
        return error;
    error = bdev_drop(b);
    h = kmalloc(sizeof(*h));
    if (!h)
        error = -ENOMEM;
    if (!error)
        error = read_header(b, name, h);
    if (!error) {
        struct swap_request r = {.name = name,
                                 .ops = &area_ops,
                                 .dev = f,
                                 .pages = MIN(h->pages, SLOTS_MAX),
                                 .prio = prio,
                                 .bad = h->bad,
                                 .nbad = h->nbad};

        error = swap_add(&r);
    }
    kfree(h);
    if (error)
        bdev_set_swap(b, false);
    else
        file_ref(f);
    return error;
}
