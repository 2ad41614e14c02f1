/* SPDX-License-Identifier: MIT
 *
 * Objects: what names pages - a file's contents, shared anonymous memory, a device. A page of an
 * object is found by <object, page> in the page hash; read(), text and data pages share its frame;
 * it stays after its last user and is found again, until memory is short.
 * Locks: (o) obj->lock; (s) the lock of the part, parts.h; (k) the page cache's lock in obj.c; (c)
 * constant. None is held over I/O: the page is BUSY then. Source: SVR4's page cache (vp,
 * offset); 4.3BSD-Reno's text table did the same for text alone.
 */
#ifndef MM_OBJ_H
#define MM_OBJ_H

#include "kern/lock.h"
#include "lib/tree.h"
#include "mm/frame.h"
#include "mm/parts.h"

struct obj;

struct obj_ops {
    /* Fills the frame with the object's page; bytes beyond the end are zero. May sleep. 0, -EIO. */
    int (*fill)(struct obj *o, uint32_t page, void *frame_bytes);
    /* The last reference went and no page is left. */
    void (*release)(struct obj *o);
};

struct obj {
    const struct obj_ops *ops; /* (c) */
    void *data;                /* (c) the owner's */
    struct mutex lock;
    uint64_t size_bytes; /* (o) read again after every sleep */
    uint32_t npages;     /* (k) resident */
    pfn_t pages;         /* (k) first resident page; linked by the frame's next and prev */
    struct parts segs;   /* (s) segments that map it, in the parts of their address spaces */
    uint32_t refs;       /* atomic: segments and files */
    uint32_t version;    /* (o) truncations */
} __aligned(16);

/* Once, before the first object. nbuckets is chosen from the size of RAM. 0 or -ENOMEM. */
int __must_check obj_init(void);

/* A new object with one reference, the caller's. */
void obj_create(struct obj *o, const struct obj_ops *ops, void *data, uint64_t size_bytes);
void obj_ref(struct obj *o);
/* Gives a reference back; the last one frees the pages and calls release. May sleep. */
void obj_unref(struct obj *o);

/* How obj_get found the page. */
enum obj_found { OBJ_CACHED, OBJ_FILLED, OBJ_WAITED };

/* The frame of a page, pinned (one user): from memory, else filled. May sleep. *how may be NULL.
 * -EINVAL: beyond the end; -EIO; -ENOMEM; -EAGAIN: too many users. */
int __must_check obj_get(struct obj *o, uint32_t page, pfn_t *pfn, enum obj_found *how);
/* Gives the pin back. */
void obj_put(pfn_t pfn);

/* Enters a frame that already holds the page (ramdisk pages as they lie): type RAMDISK before,
 * OBJ and WIRED after. */
void obj_adopt(struct obj *o, uint32_t page, pfn_t pfn);
/* The frame of a page if it is in memory, else NO_PFN; no pin: for listings. */
pfn_t obj_lookup(struct obj *o, uint32_t page);
/* Every object page in memory is in its hash chain and on its object's list: errors found. */
int obj_check_frame(pfn_t pfn);

#endif
