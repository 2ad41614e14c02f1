/* SPDX-License-Identifier: MIT
 *
 * Between the two halves of the ramdisk: ramdisk.c (the tree and its operations) and
 * ramdisk_load.c (which makes it from an archive at boot). The tree is made by one thread and
 * constant afterwards: no locks. Its nodes live for ever.
 */
#ifndef FS_RAMDISK_IMPL_H
#define FS_RAMDISK_IMPL_H

#include "fs/vnode.h"
#include "lib/list.h"

/* A name in a directory, and the file behind it. A further hard link is a node of its own, whose
 * `file` is the first one's; that one's vnode is everybody's. */
struct rnode {
    struct vnode vnode; /* ino: its number in the table of nodes, from 1 on */
    struct obj obj;     /* of a regular file */
    const char *name;
    struct rnode *file;
    struct rnode *hash_next;
    struct list children; /* of a directory, by sibling, as they came */
    struct list_link sibling;
    const uint8_t *data;       /* a file's bytes in the archive; a link's target, a copy */
    uint32_t size;             /* of data, bytes */
    struct rnode *next;        /* files in the order of their data; while loading */
    struct rnode *next_linked; /* files with several names; while loading */
    uint32_t link_ino, link_dev;
};

/* Prepares an empty tree. -ENOMEM. */
int __must_check ramdisk_init(void);
/* An unnamed node; a regular file has an object of 0 bytes. NULL: no memory or too many. */
struct rnode *ramdisk_node(uint32_t mode, uint32_t mtime);
struct rnode *ramdisk_root(void);
/* A copy of n bytes with a NUL behind them, n < PATH_MAX; NULL: no memory. */
char *ramdisk_string(const void *bytes, size_t n);
/* The directory's node of that name (n bytes), or NULL. */
struct rnode *ramdisk_find(const struct rnode *dir, const char *name, size_t n);
/* Enters n, which has a name already; takes the name away. */
void ramdisk_enter(struct rnode *dir, struct rnode *n);
void ramdisk_remove(struct rnode *n);

#endif
