/* SPDX-License-Identifier: MIT
 *
 * Block devices: numbered sectors of 512 bytes, read and written page by page. Who wants a transfer
 * fills in a struct block_io of its own and is called back; the layer keeps them in the order of
 * their sectors, makes neighbours one request of the driver, tries again what failed, and gives up
 * on a device that does not answer. It allocates nothing: page-out works with no memory left.
 * Order: transfers may be done in any order, so nobody starts two that overlap; a flush begins when
 * all before it has ended, and nothing behind it begins before it has ended.
 * Locks: (q) the device's queue, spinning, interrupts masked; (c) constant.
 * Source: 4.3BSD's disksort() and struct buf; the elevator of Linux's "deadline" scheduler.
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include "kern/waitq.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "mm/units.h"

#define SECTOR_BYTES    512u
#define BLOCK_NAME_MAX  8u
#define BLOCK_DEVICES   8u  /* at most so many disks */
#define BLOCK_DEPTH_MAX 8u  /* requests that a driver may have at work */
#define BLOCK_CHAIN_MAX 16u /* transfers in one request */

struct block_device;

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH };

/* One transfer between sectors in a row and a part of a frame, or a flush. The caller's memory
 * until done was called; it may be used again in done. */
struct block_io {
    struct block_device *dev;
    enum block_op op;
    uint64_t sector; /* of the device, not of a partition */
    pfn_t pfn;
    uint16_t offset, bytes; /* in the frame; multiples of SECTOR_BYTES, within the frame */
    /* Called by the device's own thread, which may sleep for a short time, but not for another
     * transfer of this device. error: 0 or -EIO. */
    void (*done)(struct block_io *io);
    void *arg;
    int error;
    /* The layer's own. */
    struct tree_link by_sector; /* (q) waiting */
    struct list_link by_age;    /* (q) waiting, behind a flush, or ended */
    struct block_io *next;      /* (q) in the same request */
    uint64_t since_ns;          /* (q) submitted */
    uint8_t tries;              /* (q) so far */
};

/* What a driver is given: transfers of one kind whose sectors follow each other. Request n of a
 * device is the same memory each time, so that the driver may keep its own beside it. */
struct block_request {
    unsigned n;             /* (c) 0 .. depth - 1 */
    enum block_op op;       /* (q) */
    uint64_t sector;        /* (q) */
    uint32_t sectors;       /* (q) */
    unsigned ios;           /* (q) members of the chain */
    struct block_io *first; /* (q) the chain, by next; a flush has one */
    uint64_t deadline_ns;   /* (q) */
    bool active;            /* (q) the driver has it */
};

/* (q) is held in all of them, and none sleeps. */
struct block_ops {
    /* Starts a request. Can't fail: what is wrong becomes known by finish or by the deadline. */
    void (*start)(struct block_device *d, struct block_request *r);
    /* Calls block_finish for each request that has ended since the last call. */
    void (*poll)(struct block_device *d);
    /* Some request has passed its deadline. The device forgets all of them: none of their memory is
     * read or written any more, and none will end. 0, or -EIO: it can't be brought to that.
     * Then the device is given up and the transfers end with an error all the same: without an
     * IOMMU nobody can keep it from memory that has other uses by now. */
    int (*reset)(struct block_device *d);
};

/* What a driver says of a disk. */
struct block_info {
    const char *prefix; /* "vd": disks are vda, vdb, ..; "ram": ram0, ram1, .. by number */
    bool by_number;
    uint32_t major; /* Linux's number (devices.txt) */
    const struct block_ops *ops;
    void *data; /* the driver's */
    uint64_t sectors;
    unsigned depth; /* requests at a time, 1 .. BLOCK_DEPTH_MAX */
    unsigned chain; /* transfers in one request, 1 .. BLOCK_CHAIN_MAX */
    bool read_only;
    bool has_flush; /* it has a cache that may lose what was written */
};

/* A new disk; its partitions are read when the root file system is there. NULL: too many disks, or
 * no memory for its thread, or numbers that make no sense. At boot. */
struct block_device *block_register(const struct block_info *info);
/* The device wants its poll called. Any context. */
void block_interrupt(struct block_device *d);
/* The same, from start: (q) is held. */
void block_poke(struct block_device *d);
/* r has ended, with 0 or -EIO. From poll alone. */
void block_finish(struct block_device *d, struct block_request *r, int error);
/* The n-th request of the device. */
struct block_request *block_request(struct block_device *d, unsigned n);
/* What the driver gave at registration. */
void *block_data(const struct block_device *d);

/* Starts transfers, or a flush, chained by next, NULL at the end, with all fields down to arg
 * filled in: neighbours among them become one request. They are of one registered disk. done is
 * called for each in any case; -EIO also where sectors lie outside the disk, or it is written to
 * and may only be read. Does not sleep; takes (q). */
void block_submit(struct block_io *first);
/* The same, with done and arg left to this call, which sleeps until all have ended. 0 or -EIO, the
 * first error; each has its own. */
int block_wait(struct block_io *first);

/* The i-th disk that was registered, or NULL. */
struct block_device *block_disk(unsigned i);
const char *block_name(const struct block_device *d);
const struct block_info *block_info(const struct block_device *d);

/* What a disk has done, for /proc/diskstats; by BLOCK_READ and BLOCK_WRITE. Requests that have
 * ended, transfers that were made one with another, sectors, the time from block_submit to the end
 * summed over transfers, ns. */
struct block_stats {
    struct {
        uint64_t requests, merged, sectors, wait_ns;
    } of[2];
    uint64_t flushes, flush_ns;
    uint64_t busy_ns;  /* time with a request at work */
    unsigned inflight; /* requests */
    uint64_t errors, retries, resets;
};
struct block_stats block_stats(struct block_device *d);

#endif
