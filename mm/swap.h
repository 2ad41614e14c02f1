/* SPDX-License-Identifier: MIT
 *
 * Swap: areas of disks that hold pages which memory has no room for. A slot is one page of an area;
 * slots of all areas have numbers of one kind, 1 to 2^20 - 1. The swap map says what each slot
 * holds, how many page-table entries name it, and the frame where its contents are in memory, too.
 * A slot is free when no entry names it and no frame holds its page.
 * Locks: (w) swap's, spinning, below the node lock and above the frame lock; (c) constant.
 * Source: 4.3BSD's swap maps (vm_swap.c, vm_drum.c); SunOS's swap cache, by which a page is found
 * again before it is read.
 */
#ifndef MM_SWAP_H
#define MM_SWAP_H

#include "mm/frame.h"

#define SWAP_AREAS    8u
#define SWAP_RUN      16u /* pages that are read or written together at most */
#define SWAP_NAME_MAX 32u
#define NO_SLOT       0u

/* What an area lies on. Pages are counted from the area's first, its header. */
struct swap_ops {
    /* Transfers n pages in a row, at most SWAP_RUN; sleeps, but allocates nothing. 0 or -EIO. */
    int (*read)(void *dev, uint32_t page, unsigned n, const pfn_t *pfns);
    int (*write)(void *dev, uint32_t page, unsigned n, const pfn_t *pfns);
    /* The area is not used any more. May sleep. */
    void (*close)(void *dev);
};

struct swap_request {
    const char *name; /* of the file, for listings; copied */
    const struct swap_ops *ops;
    void *dev;
    uint32_t pages;      /* of the area with its header: page 0 is not used */
    int prio;            /* higher ones are filled first; < 0: behind all that came before */
    const uint32_t *bad; /* pages that can't be used, ascending */
    uint32_t nbad;
};

/* A new area; one call at a time. 0; -EBUSY: there is one with this name; -EPERM: too many;
 * -EINVAL: no usable page; -ENOMEM. Passes preemption points. */
int __must_check swap_add(const struct swap_request *r);
/* Brings back all that the area holds and gives it up. -EINVAL: no such area; -EBUSY: another call
 * does it already; -ENOMEM: there is no room for what is in it; -EIO: a page can't be read; -EINTR.
 * May sleep. */
int __must_check swap_remove(const char *name);

struct swap_area_info {
    char name[SWAP_NAME_MAX];
    uint32_t first, pages; /* slots: the first one, and how many there are */
    uint32_t usable, used;
    int prio;
};
/* The i-th area; false: there is none at that place. */
bool swap_area(unsigned i, struct swap_area_info *info);

struct swap_stats {
    uint32_t total, used;               /* usable slots */
    uint32_t in, out;                   /* pages read and written since boot */
    uint32_t reads, writes;             /* transfers of these */
    uint32_t found;                     /* faults that found their page before it was read */
    uint32_t read_errors, write_errors; /* transfers */
};
struct swap_stats swap_stats(void);

/* What a slot holds; owner 0: nothing. */
struct swap_slot_info {
    enum frame_type
        type; /* FRAME_ANON: page `index` of a family's spaces; FRAME_OBJ: of an object */
    const void *owner;
    uint32_t index;
    unsigned count; /* entries that name it */
    pfn_t pfn;      /* where it is in memory, too, or NO_PFN */
    bool reading, writing;
};
/* False: there is no such slot. For listings and checks. */
bool swap_slot(uint32_t slot, struct swap_slot_info *info);

#endif
