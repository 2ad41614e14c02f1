/* SPDX-License-Identifier: MIT
 *
 * A virtio block device, written from the specification (VIRTIO 1.1: 2.1, 2.6, 4.2, 5.2) and not
 * from the driver: its registers, its use of a queue in the fake RAM, and the lies it can tell. It
 * watches that the driver keeps to the rules and gives it no memory but its own and that of
 * requests that are under way.
 */
#ifndef TESTS_HOST_FAKE_VIRTIO_H
#define TESTS_HOST_FAKE_VIRTIO_H

#include "lib/base.h"

#define FAKE_PAGE      4096u
#define FAKE_PHYS      0x40000000u /* of the fake RAM */
#define FAKE_RING      8u          /* its first pages: what the driver allocates */
#define FAKE_PAGES     (FAKE_RING + 8 * 16 + 1)
#define FAKE_SECTORS   1024u /* of the disk, at most */
#define FAKE_QUEUE_MAX 1024u

enum fake_lie {
    LIE_NONE,
    LIE_IO_ERROR,    /* none, really */
    LIE_UNSUPPORTED, /* the same */
    LIE_STATUS,      /* a byte that means nothing */
    LIE_NO_STATUS,   /* the byte was not written */
    LIE_SHORT,       /* len too small */
    LIE_LONG,        /* len too large */
    LIE_WILD_ID,     /* any id */
    LIE_OLD_ID,      /* one that is not under way */
    LIE_TWICE,       /* the same one again */
    LIE_AHEAD,       /* idx runs ahead of the entries */
    LIE_SCRIBBLE,    /* anything over the ring */
    LIE_SILENT,      /* no answer */
    LIE_NEEDS_RESET,
    LIES
};

enum fake_access { PAGE_HIDDEN, PAGE_TO_READ, PAGE_TO_WRITE };

struct fake_virtio {
    /* What the test sets before the driver comes. */
    uint32_t magic, version, id, queue_max, size_max, seg_max;
    uint64_t features, sectors;
    uint32_t (*below)(uint32_t n);        /* random */
    bool no_features_ok, stuck, unsteady; /* never agrees; does not reset; configuration changes */
    bool busy;                            /* does things while its interrupt is handled */
    uint64_t features_next;               /* not 0: it has these after the next reset */
    bool no_memory;                       /* for the driver */
    /* What it shows. */
    unsigned accesses, resets, notified;
    unsigned frames; /* that the driver has */
    bool edge;       /* it has interrupted */
    bool broken;     /* it has lied since the last reset, so that other requests may suffer */
    bool lied[256];  /* about the request that begins with this descriptor */
    bool done[256];  /* and this one it has really done, and said so */
    /* Its own. */
    uint32_t status, features_sel, driver_sel, queue_sel, num, align, page_size, queue_pfn, ready;
    uint32_t interrupts, generation;
    uint64_t driver_features, desc, driver, device;
    uint16_t seen, used; /* entries of the available ring, and put into the used ring */
    unsigned nwork;
    uint16_t work[256]; /* taken and not ended */
    enum fake_access access[FAKE_PAGES];
};

extern struct fake_virtio fake;
extern uint8_t *fake_ram; /* FAKE_PAGES */
extern uint8_t fake_disk[FAKE_SECTORS * 512];

/* Makes the RAM, and the kernel's doubles for it; at the end it goes. */
void fake_begin(void);
void fake_finish(void);

/* Takes what is new in the queue. */
void fake_take(void);
/* Ends one of the requests that it has taken, so; nothing where it has none. */
void fake_end(enum fake_lie lie);

#endif
