/* SPDX-License-Identifier: MIT
 *
 * What is mounted where, for mount(2), umount2(2) and /proc/mounts. A file system is mounted at one
 * place: tmpfs is made anew each time, of /proc, /sys and /dev there is one each. Those are mounted
 * at boot, where their directories are, so that programs that expect them find them; the first
 * mount(2) of the same kind at the same place takes that over, as if it had not been there.
 * Mounts lie on one another; a walk ends at the topmost.
 * Locks: (n), taken here.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "fs/vnode.h"

/* The root of all, once. */
void mount_root(struct vnode *v);

struct mount_request {
    const char *type, *source, *options; /* options: "a,b=c" or NULL */
    struct vnode *cwd;
    const char *path;
    uint32_t flags; /* FS_* */
};

/* May sleep. -ENODEV: no such file system; -EBUSY: it is mounted elsewhere, or there are too many
 * mounts; -EINVAL: an option that is not known; those of vnode_lookup; -ENOTDIR; -ENOMEM. */
int __must_check mount_add(const struct mount_request *r);
/* Other flags and options for what is mounted at path, or none of them. -EINVAL: nothing is, it
 * can't be read-only, or an option is not known, less than what is used, or a size for a tree that
 * has no own one (the root, /dev); -EBUSY: to be read-only, and something is open for writing. */
int __must_check mount_change(const struct mount_request *r);
/* Takes away what is mounted at path (follow: the last link, too); later: also if it is in use: it
 * is gone when nobody uses it any more. -EINVAL: nothing is mounted there; -EBUSY. */
int __must_check mount_remove(struct vnode *cwd, const char *path, bool follow, bool later);
/* 0, or -EINVAL: nothing is mounted at path; others as vnode_lookup. */
int __must_check mount_find(struct vnode *cwd, const char *path);

/* The n-th line of /proc/mounts, without its end, cut to size; false at the end. */
bool mount_line(unsigned n, char *buf, size_t size);
/* The same of /proc/PID/mountinfo. */
bool mount_info_line(unsigned n, char *buf, size_t size);
#define MOUNT_LINE 336u /* room for one */

#endif
