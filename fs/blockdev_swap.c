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
#include "lib/fmt.h"
#include "mm/pageout.h"
#include "mm/slab.h"
#include "mm/swap.h"

#define SLOTS_MAX ((1u << 20) - 1)

/* A device in use as swap. One thread alone writes pages, with these transfers. */
struct area {
    struct file *file;
    struct block_io io[SWAP_RUN];
};

struct chain {
    struct block_io io[SWAP_RUN];
};

static struct slab_cache chain_cache = SLAB_CACHE("swapchain", sizeof(struct chain));

static struct bdev *bdev_of(const struct area *a)
{
    return a->file->data;
}

static int transfer(const struct bdev *b, struct block_io *io, enum block_op op, uint32_t page,
                    unsigned n, const pfn_t *pfns)
{
    for (unsigned i = 0; i < n; i++) {
        struct block_io *t = &io[i]; /* the layer's own fields need no clearing */

        t->dev = b->disk;
        t->op = op;
        t->sector = b->first + (uint64_t)(page + i) * SECTORS_IN_PAGE;
        t->pfn = pfns[i];
        t->offset = 0;
        t->bytes = PAGE_SIZE;
        t->next = i + 1 < n ? t + 1 : NULL;
    }
    return block_wait(io);
}

static int read_one(const struct bdev *b, uint32_t page, pfn_t pfn)
{
    struct block_io io;

    return transfer(b, &io, BLOCK_READ, page, 1, &pfn);
}

/* With no room for so many transfers, one after the other. */
static int area_read(void *dev, uint32_t page, unsigned n, const pfn_t *pfns)
{
    const struct bdev *b = bdev_of(dev);
    struct chain *c = n > 1 ? slab_alloc(&chain_cache) : NULL;
    int error = 0;

    if (c)
        error = transfer(b, c->io, BLOCK_READ, page, n, pfns);
    for (unsigned i = 0; !c && !error && i < n; i++)
        error = read_one(b, page + i, pfns[i]);
    if (c)
        slab_free(&chain_cache, c);
    return error;
}

static int area_write(void *dev, uint32_t page, unsigned n, const pfn_t *pfns)
{
    struct area *a = dev;

    return transfer(bdev_of(a), a->io, BLOCK_WRITE, page, n, pfns);
}

static void area_close(void *dev)
{
    struct area *a = dev;

    bdev_set_swap(bdev_of(a), false);
    file_unref(a->file);
    kfree(a);
}

static const struct swap_ops area_ops = {
    .read = area_read, .write = area_write, .close = area_close};

/* The header of the device into *h. */
static int read_header(const struct bdev *b, const char *name, struct swap_header *h)
{
    uint64_t pages = b->sectors / SECTORS_IN_PAGE;
    pfn_t pfn = pageout_frame();
    const char *why = NULL;
    int error;

    if (pfn == NO_PFN)
        return -ENOMEM;
    error = pages == 0 ? -EINVAL : read_one(b, 0, pfn);
    if (!error)
        error = swap_header_read(pfn_to_virt(pfn), pages, h, &why);
    if (why)
        log_printf("swapon: %s: %s\n", name, why);
    frame_free(pfn);
    return error;
}

/* What the header says becomes an area. */
static int add_area(struct area *a, const struct swap_header *h, const char *name, int prio)
{
    struct swap_request r = {.name = name,
                             .ops = &area_ops,
                             .dev = a,
                             .pages = MIN(h->pages, SLOTS_MAX),
                             .prio = prio,
                             .bad = h->bad,
                             .nbad = h->nbad};

    return swap_add(&r);
}

/* b is marked as swap. */
static int swap_on(struct bdev *b, struct file *f, const char *name, int prio)
{
    struct swap_header *h = kmalloc(sizeof(*h));
    struct area *a = kmalloc(sizeof(*a));
    int error = h && a ? bdev_drop(b) : -ENOMEM;

    if (!error)
        error = read_header(b, name, h);
    if (!error) {
        a->file = f;
        error = add_area(a, h, name, prio);
    }
    kfree(h);
    if (error)
        kfree(a);
    return error;
}

/* What listings call it: its name in /dev. */
static void area_name(const struct bdev *b, char name[SWAP_NAME_MAX])
{
    fmt_snprint(name, SWAP_NAME_MAX, "/dev/%s", b->name);
}

int blockdev_swap_off(const struct vnode *v)
{
    const struct bdev *b = v->ops == &bdev_ops ? bdev_find(v->rdev) : NULL;
    char name[SWAP_NAME_MAX];

    if (!b)
        return -EINVAL;
    area_name(b, name);
    return swap_remove(name);
}

int blockdev_swap_on(struct file *f, int prio)
{
    struct bdev *b = f->data;
    char name[SWAP_NAME_MAX];
    int error = f->vnode->ops == &bdev_ops ? bdev_set_swap(b, true) : -EINVAL;

    if (error)
        return error;
    area_name(b, name);
    error = swap_on(b, f, name, prio);
    if (error)
        bdev_set_swap(b, false);
    else
        file_ref(f);
    return error;
}
