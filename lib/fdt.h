/* SPDX-License-Identifier: MIT
 *
 * Reader of the flattened device tree the boot loader passes. The blob is only read, where it lies;
 * nothing is copied or allocated. fdt_open() walks all of it once, so a damaged blob is refused as
 * a whole; still every later access is checked against the blob's end. What the properties *say*
 * may be nonsense all the same: translation and interrupts give errors, never a wild read.
 * A node is its offset in the structure block; the root is 0. Negative numbers are errors, and may
 * be passed on as a node: nothing is found in them. Depth is at most FDT_MAX_DEPTH.
 * No locks: constant data. Called by boot, drivers and kern/.
 * Source: Devicetree Specification v0.4, chapters 2, 3 and 5.
 */
#ifndef LIB_FDT_H
#define LIB_FDT_H

#include "lib/base.h"

#define FDT_MAX_DEPTH 16 /* levels of nodes, the root's included */
#define FDT_MAX_CELLS 4  /* of an interrupt specifier */

/* Where fdt_parent ended last: siblings are asked for one after the other. */
struct fdt_hint {
    int node, parent; /* 0: nothing as yet */
};

struct fdt {
    const uint8_t *blob;     /* borrowed; constant while the struct is in use */
    const uint8_t *structs;  /* structure block, nstructs bytes */
    const char *strings;     /* strings block, nstrings bytes, ends with NUL */
    const uint8_t *reserved; /* memory reservation block */
    uint32_t total_bytes, nstructs, nstrings, nreserved; /* nreserved: entries */
    struct fdt_hint *hint; /* borrowed; the caller's to serialize; NULL: fdt_parent works without */
};

/* Checks header and structure of the blob, of which at most max_bytes may be read, and its
 * position, a multiple of 4. The blob's length in bytes, or -EINVAL. */
int fdt_check(const void *blob, size_t max_bytes) __must_check;
/* The same, and makes *fdt ready for use with 0. */
int fdt_open(struct fdt *fdt, const void *blob, size_t max_bytes) __must_check;

/* Walking. All return a node or -ENOENT. fdt_next: the next node in document order. */
int fdt_next(const struct fdt *fdt, int node);
int fdt_first_child(const struct fdt *fdt, int node);
int fdt_next_sibling(const struct fdt *fdt, int node);
int fdt_parent(const struct fdt *fdt, int node);

/* Finding; a node or -ENOENT. A path component without @address matches a name with one. A
 * path that does not begin with / is the name of an alias. */
int fdt_path(const struct fdt *fdt, const char *path);
int fdt_phandle(const struct fdt *fdt, uint32_t phandle);
/* The first node behind `after` (0: after the root) that is compatible with the string. */
int fdt_find_compatible(const struct fdt *fdt, int after, const char *compatible);

/* The node's name with @address; "" for the root and for no node. */
const char *fdt_name(const struct fdt *fdt, int node);
/* The property's bytes in the blob and, if len is not NULL, their number; NULL: not there. */
const void *fdt_prop(const struct fdt *fdt, int node, const char *name, size_t *len);
/* The property as text, up to its first NUL; NULL if it is not there or holds none. */
const char *fdt_string(const struct fdt *fdt, int node, const char *name);
/* The index-th 32-bit cell of the property; false, *value untouched, if it has none. */
bool fdt_u32(const struct fdt *fdt, int node, const char *name, unsigned index, uint32_t *value);
/* A property of one or two cells as a number. */
bool fdt_number(const struct fdt *fdt, int node, const char *name, uint64_t *value);
/* The string is in a property that is a list of them, len bytes; NULL is an empty one. */
bool fdt_list_has(const char *list, size_t len, const char *string);
/* The same of the node's list `compatible`. */
bool fdt_compatible(const struct fdt *fdt, int node, const char *compatible);
/* The node has no status, or "okay" or "ok". */
bool fdt_enabled(const struct fdt *fdt, int node);

/* The index-th range of the node's reg as the CPU sees it, through the ranges of all buses above
 * it; bytes. 0; -ENOENT: reg has no such entry; -EINVAL: damaged; -ENXIO: a bus above it does not
 * show this range to the CPU. */
int fdt_reg(const struct fdt *fdt, int node, unsigned index, uint64_t *addr, uint64_t *size);

/* The node's index-th interrupt, from interrupts-extended or else interrupts: *controller is the
 * node of its controller and cells its specifier. The number of cells, -ENOENT or -EINVAL. */
int fdt_interrupt(const struct fdt *fdt, int node, unsigned index, int *controller,
                  uint32_t cells[FDT_MAX_CELLS]);

/* The index-th range of RAM over all nodes with device_type "memory", then of reserved memory: the
 * reservation block first, then the children of /reserved-memory (static ones, enabled). Empty
 * ranges are given, too. 0 or -ENOENT; entries that are damaged are left out. */
int fdt_memory(const struct fdt *fdt, unsigned index, uint64_t *addr, uint64_t *size);
int fdt_reserved(const struct fdt *fdt, unsigned index, uint64_t *addr, uint64_t *size);

/* /chosen. The command line, NULL if there is none. */
const char *fdt_bootargs(const struct fdt *fdt);
/* Physical start and end of the ramdisk. 0; -ENOENT: none; -EINVAL: it ends before it starts. */
int fdt_initrd(const struct fdt *fdt, uint64_t *start, uint64_t *end);
/* The console's node, or -ENOENT; *options, if not NULL, is the text behind ':' or "". */
int fdt_stdout(const struct fdt *fdt, const char **options);

#endif
