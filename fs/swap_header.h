/* SPDX-License-Identifier: MIT
 *
 * The header of a swap area: Linux's, version 1, as mkswap writes it, so that areas made there
 * serve here. Source: Linux's include/linux/swap.h; mkswap(8).
 */
#ifndef FS_SWAP_HEADER_H
#define FS_SWAP_HEADER_H

#include "mm/units.h"

#define SWAP_HEADER_BAD_MAX 637u

struct swap_header {
    uint32_t pages; /* of the area with its header */
    uint32_t nbad;  /* pages that can't be used, ascending */
    uint32_t bad[SWAP_HEADER_BAD_MAX];
};

/* Reads the first page of a device of so many pages. 0; -EINVAL with *why in words. */
int swap_header_read(const void *page, uint64_t device_pages, struct swap_header *h,
                     const char **why);

#endif
