/* SPDX-License-Identifier: MIT
 *
 * What the three files of the device tree reader share: big-endian loads and paths that do not end
 * with NUL. Private to lib/fdt*.c.
 */
#ifndef LIB_FDT_IMPL_H
#define LIB_FDT_IMPL_H

#include <string.h>

#include "lib/fdt.h"

/* p is a multiple of 4, as all cells are; the host and the machine are little-endian. */
static inline uint32_t be32(const uint8_t *p)
{
    uint32_t raw;

    __builtin_memcpy(&raw, __builtin_assume_aligned(p, 4), sizeof(raw));
    return __builtin_bswap32(raw);
}

static inline uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* As fdt_path, for the first len bytes; the first without, the second with an alias in front. */
int fdt_path_part(const struct fdt *fdt, const char *path, size_t len);
int fdt_path_or_alias(const struct fdt *fdt, const char *path, size_t len);

#endif
