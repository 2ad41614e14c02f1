/* SPDX-License-Identifier: MIT
 *
 * May the caller do this to a file? The rules of directories, links and attributes, for fs/walk.c,
 * fs/names.c and the system calls. c is the caller's credentials (cred_current); NULL passes. All
 * but vnode_setattr are called with (n) held or a reference to the vnodes, and sleep only for
 * /proc.
 */
#ifndef FS_ACCESS_H
#define FS_ACCESS_H

#include "fs/cred.h"
#include "fs/vnode.h"

/* Reading, writing, running or searching it (enum may): 0 or -EACCES. */
int __must_check vnode_may(const struct cred *c, struct vnode *v, unsigned want);
/* What open with these flags asks for. */
int __must_check vnode_may_open(const struct cred *c, struct vnode *v, uint32_t flags);
/* A name is made in dir. */
int __must_check vnode_may_make(const struct cred *c, struct vnode *dir);
/* v's name in dir goes: -EACCES; -EPERM: a sticky directory, and neither is the caller's. */
int __must_check vnode_may_remove(const struct cred *c, struct vnode *dir, const struct vnode *v);
/* v, another's, gets one more name: -EPERM where the caller could not read and write it, or it has
 * set-id bits: nobody keeps another's file from going away. */
int __must_check vnode_may_link(const struct cred *c, struct vnode *v);
/* A symbolic link at the end of a path: -EACCES where it is another's and lies in a sticky
 * directory that everybody can write to. Asked of root, too. */
int __must_check vnode_may_follow(const struct cred *c, const struct vnode *dir,
                                  const struct vnode *link);
/* chmod, chown, utimensat: the check and the change. -EPERM, -EACCES, -EROFS. May sleep. */
int __must_check vnode_setattr(struct vnode *v, const struct attr *a);
/* The check alone, for struct fs's setattr, which keeps the attributes as they are until it has
 * changed them; takes from a->mode what the caller may not give. -EPERM, -EACCES. */
int __must_check vnode_may_set(struct vnode *v, struct attr *a);
/* Whose the file is and as whom it runs, at one moment: never the set-id bits of one owner with the
 * id of the next. Takes no lock. */
struct vnode_owner {
    uint32_t uid, gid, mode;
};
struct vnode_owner vnode_owner(const struct vnode *v);
/* The mode that a new file gets in dir: the caller can't make files of groups that he is not in. */
uint32_t vnode_new_mode(const struct cred *c, const struct vnode *dir, uint32_t mode);
/* The set-id bits that a file with this mode keeps when c has written to it. */
uint32_t vnode_written_mode(const struct cred *c, uint32_t mode);

#endif
