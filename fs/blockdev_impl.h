/* SPDX-License-Identifier: MIT
 *
 * What the files of block devices share.
 */
#ifndef FS_BLOCKDEV_IMPL_H
#define FS_BLOCKDEV_IMPL_H

#include "block/block.h"
#include "fs/blockdev.h"

#define PARTS           4u  /* primary partitions */
#define MINORS          16u /* numbers of a disk with partitions, as in Linux */
#define RUN_PAGES       OBJ_RUN
#define SECTORS_IN_PAGE (PAGE_SIZE / SECTOR_BYTES)
#define BDEVS_MAX       (BLOCK_DEVICES * (1 + PARTS))
#define DIRTY_MAX       64u /* pages; who makes more writes them back himself */

/* What is read or written together, ascending. */
struct run {
    unsigned n;
    uint32_t page[RUN_PAGES];
    pfn_t pfn[RUN_PAGES];
    struct block_io io[RUN_PAGES];
};

/* A disk or a partition; as long as the machine runs. */
struct bdev {
    struct obj obj;            /* the contents */
    struct block_device *disk; /* (c) */
    uint32_t rdev;             /* (c) */
    char name[BLOCK_NAME_MAX + 2];
    uint64_t first, sectors;   /* (w) written: a partition table may be read again */
    struct mutex lock;         /* (w): one writer, or one who writes back */
    const void *whole;         /* (w) what the page is filled with that is written whole, or NULL */
    uint32_t whole_page;       /* (w) */
    uint32_t dirty[DIRTY_MAX]; /* (w) dirty pages, ascending */
    unsigned ndirty;           /* (w) of them; fewer than DIRTY_MAX */
    bool unflushed;            /* (w) something was written since the disk's last flush */
    bool writable;             /* (w) when it was written back last, some mapping could store */
    uint32_t stored;           /* atomic: first-write faults since it was written back */
    int error;                 /* (w) of a page that is lost; the next to sync hears of it */
    struct run run;            /* (w) room, so that writing back needs no memory */
    uint32_t ahead;            /* atomic: page behind the one that was read last; a hint */
    uint32_t opens;            /* atomic */
    bool swap;                 /* (table.lock) it is a swap area */
};

extern const struct vnode_ops bdev_ops;
extern const struct obj_ops bdev_obj_ops;

/* The i-th place of BDEVS_MAX: a disk and behind it its partitions; NULL: empty. */
struct bdev *bdev_nth(unsigned i);
struct bdev *bdev_find(uint32_t rdev);
/* Writes back, and drops all pages that nobody uses. As blockdev_sync. */
int bdev_drop(struct bdev *b);
/* Writes back, and is these sectors of the disk from now on. Nobody has it open or mapped. */
int bdev_become(struct bdev *b, uint64_t first, uint64_t sectors);
/* One more has it open, who is to give that back; -ENXIO: it has no sectors. May sleep. */
int bdev_hold(struct bdev *b);
/* It is a swap area, or no more. -EBUSY: it is already, or somebody else has it open, or part of
 * it. */
int bdev_set_swap(struct bdev *b, bool swap);
/* It is, or overlaps one that is. */
bool bdev_is_swap(const struct bdev *b);
/* Reads the disk's partition table (again). -EINVAL: b is a partition, or has no room for any;
 * -EBUSY: one is open; -EIO, -ENOMEM. May sleep. */
int bdev_read_table(struct bdev *b);
/* One page's transfer; done and arg are the caller's. */
void bdev_io_fill(struct block_io *io, const struct bdev *b, enum block_op op, uint32_t page,
                  pfn_t pfn);
/* Does the run's transfers, and waits; each has its error. */
void bdev_transfer(struct run *r);
/* The page, which was clean, is to be written back: in a while, or when there are many. (w). */
void bdev_note_dirty(struct bdev *b, uint32_t page);
/* What is dirty goes to the disk, and through its cache; 0, or the first error since the last call
 * that gave one. (w). */
int bdev_write_back(struct bdev *b);
/* The same; an error stays for the next who asks. (w) is not held. May sleep. */
void bdev_sync_quietly(struct bdev *b);
/* struct obj_ops: of pages that mappings store to. */
int bdev_obj_dirty(struct obj *o, pfn_t pfn);
void bdev_obj_room(struct obj *o);
int bdev_obj_sync(struct obj *o, uint32_t first, uint32_t npages);
void bdev_obj_launder(struct obj *o, uint32_t page);
/* At boot, and the thread that writes back what nobody else has. */
void bdev_back_init(void);
void bdev_write_back_run(void *arg);

#endif
