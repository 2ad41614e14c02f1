/* SPDX-License-Identifier: MIT
 *
 * A disk in memory, of the size that the command line gives (ram0=8M), for boards whose card has no
 * driver. Its memory is taken at boot and stays; what is on it is gone with the power.
 * Locks: (q).
 */
#include "block/ramdisk.h"

#include <string.h>

#include "block/block.h"
#include "kern/bootargs.h"
#include "kern/log.h"
#include "mm/as.h"
#include "mm/frame.h"

#define RAM_MAJOR   1u
#define CHAIN_PAGES 8u /* copied in one go, with interrupts masked */

static struct {
    char *bytes; /* (c) */
    bool started;
} ram;

static void ram_start(struct block_device *d, struct block_request *r)
{
    (void)r;
    ram.started = true;
    block_poke(d);
}

static void copy(const struct block_io *io)
{
    char *disk = ram.bytes + io->sector * SECTOR_BYTES;
    char *page = (char *)pfn_to_virt(io->pfn) + io->offset;

    if (io->op == BLOCK_WRITE)
        memcpy(disk, page, io->bytes);
    else
        memcpy(page, disk, io->bytes);
}

/* There is one request at a time. */
static void ram_poll(struct block_device *d)
{
    struct block_request *r = block_request(d, 0);

    if (!ram.started)
        return;
    ram.started = false;
    for (const struct block_io *io = r->first; io; io = io->next)
        copy(io);
    block_finish(d, r, 0);
}

static int ram_reset(struct block_device *d)
{
    (void)d;
    ram.started = false;
    return 0;
}

static const struct block_ops ram_ops = {.start = ram_start, .poll = ram_poll, .reset = ram_reset};

void ramdisk_init(void)
{
    uint32_t npages = bootargs_size("ram0", 0) >> PAGE_SHIFT;
    struct block_info info = {.prefix = "ram",
                              .by_number = true,
                              .major = RAM_MAJOR,
                              .ops = &ram_ops,
                              .sectors = (uint64_t)npages * (PAGE_SIZE / SECTOR_BYTES),
                              .depth = 1,
                              .chain = CHAIN_PAGES};
    pfn_t first = npages ? frame_alloc_contiguous(npages, 1) : NO_PFN;

    if (!npages)
        return;
    if (first == NO_PFN) {
        log_printf("ram0: there are no %u KiB of memory for it\n",
                   npages * (unsigned)(PAGE_SIZE / 1024));
        return;
    }
    ram.bytes = pfn_to_virt(first);
    memset(ram.bytes, 0, (size_t)npages << PAGE_SHIFT);
    if (!block_register(&info)) {
        frame_free_contiguous(first, npages);
        return;
    }
    as_commit_limit_add(-(int32_t)npages); /* what nobody can have is not promised */
}
