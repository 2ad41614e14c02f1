/* SPDX-License-Identifier: MIT
 *
 * The file system in memory: the root, /dev, and files without names for memfd_create. Contents are
 * pages of objects, each the only copy of what it holds; all files together may take half of the
 * memory, and there are as many inodes at most as memory has pages. A tree can have limits of its
 * own below those.
 */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include "fs/vnode.h"

/* Once, before the first file. -ENOMEM. */
int __must_check tmpfs_init(void);
/* The limit of pages holds from now on: the initrd is in, whatever its size. */
void tmpfs_set_limit(void);
/* A new tree: *root with a reference. */
int __must_check tmpfs_make_root(const struct fs *fs, struct vnode **root);
extern const struct fs tmpfs_root_fs, tmpfs_dev_fs;

/* For mount(2), fs/tmpfs_mount.c. A tree with an fs of its own: *root with a reference. options:
 * mode=, uid=, gid=, size=, nr_blocks=, nr_inodes=, as tmpfs(5) of Linux has them. flags: FS_*.
 * -EINVAL, -ENOMEM, -ENOSPC. */
int __must_check tmpfs_make(const char *options, uint32_t flags, struct vnode **root);
/* Takes a tree of tmpfs_make that is not in use apart, and uses up the last reference to its root.
 * May sleep; takes (n). */
void tmpfs_unmake(struct vnode *root);
/* Somebody has anything of the tree but its root. Of what is no tmpfs nothing is known: false. (n)
 * held for writing. May sleep. */
bool tmpfs_in_use(const struct vnode *root);
/* Something in the tree is open for writing. The same. */
bool tmpfs_is_written(const struct vnode *root);

/* A regular file without a name, with a reference. */
int __must_check tmpfs_make_unnamed(uint32_t mode, struct vnode **v);

/* Of a tree, see struct fs. */
void tmpfs_space(const struct fs *fs, struct fs_space *s);
/* Inodes of all trees. */
uint32_t tmpfs_inodes(void);

/* For sendfile: as read and write of the file's operations, in kernel memory; one page at most,
 * which may not be crossed. */
int tmpfs_read_kernel(struct vnode *v, uint64_t pos, void *buf, size_t len);
int tmpfs_write_kernel(struct file *f, uint64_t *pos, const void *buf, size_t len);

/* Seals of memfd_create, as in Linux. Any other file has F_SEAL_SEAL alone: it gets none. */
#define F_SEAL_SEAL         1u
#define F_SEAL_SHRINK       2u
#define F_SEAL_GROW         4u
#define F_SEAL_WRITE        8u
#define F_SEAL_FUTURE_WRITE 16u
/* -EPERM: not sealable any more; -EBUSY: F_SEAL_WRITE, and it is mapped shared by somebody who may
 * write. */
int __must_check tmpfs_add_seals(struct vnode *v, uint32_t seals);
/* Between the two nobody adds seals, and who maps the file finds those that hold. May sleep. */
void tmpfs_seals_hold(struct vnode *v);
void tmpfs_seals_release(struct vnode *v);

#endif
