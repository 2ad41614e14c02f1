/* SPDX-License-Identifier: MIT
 *
 * Reader of cpio archives in the "newc" format (magic 070701, and 070702 with checksums), pulled
 * entry by entry from memory. Names and data stay in the archive; nothing is allocated. Archives
 * may follow one another, with zero bytes between and behind them. Bytes may be anybody's: what
 * does not fit ends the iteration with a reason. Called by the ramdisk's reader at boot. Source:
 * Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include "lib/base.h"

struct cpio {
    const uint8_t *bytes; /* borrowed */
    size_t len, at;       /* at: next header; or where the damage is */
    size_t origin;        /* start of the archive `at` is in; padding counts from here */
    bool ended;           /* the last trailer was passed */
    const char *error;    /* why cpio_next returned an error: a constant text */
};

struct cpio_entry {
    const char *name;    /* in the archive, ends with NUL, without "./" and "/" in front; "" is the
                          * root. May hold "..", "//" and any other bytes. */
    size_t name_len;     /* bytes, without NUL */
    const uint8_t *data; /* in the archive */
    uint32_t size;       /* of data, bytes; for a symbolic link, data is its target without NUL */
    uint32_t mode, ino, uid, gid, nlink, mtime; /* as in stat; mtime in seconds since 1970 */
    uint32_t dev_major, dev_minor, rdev_major, rdev_minor;
};

void cpio_open(struct cpio *c, const void *bytes, size_t len);

/* 1: *e is the next entry. 0: the last archive's trailer was reached and only zeros follow.
 * -EINVAL: damaged; c->error says how, c->at where, and every further call says the same. */
int cpio_next(struct cpio *c, struct cpio_entry *e) __must_check;

#endif
