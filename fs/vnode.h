/* SPDX-License-Identifier: MIT
 *
 * Files as the kernel sees them: a vnode is one file, directory, link or device, whoever stores it
 * (ramdisk, /dev, /proc); its operations are one table. A file whose contents can be mapped has an
 * object, and read() goes through the object's pages as mappings do. Names are resolved by
 * vnode_lookup alone.
 * Lifetimes: reference-counted (refs, atomic); ramdisk and /dev vnodes live for ever with the
 * reference of their directory.
 */
#ifndef FS_VNODE_H
#define FS_VNODE_H

#include "lib/base.h"
#include "mm/obj.h"

#define NAME_MAX 255
#define PATH_MAX 4096

/* st_mode's type bits, as in Linux. */
#define S_IFMT  0170000u
#define S_IFIFO 0010000u
#define S_IFCHR 0020000u
#define S_IFDIR 0040000u
#define S_IFBLK 0060000u
#define S_IFREG 0100000u
#define S_IFLNK 0120000u

struct vnode;
struct file;

/* One entry for getdents64. */
struct dirent_info {
    char name[NAME_MAX + 1];
    uint32_t ino, mode;
};

struct vnode_ops {
    /* Finds name in a directory: *found with a reference. -ENOENT. */
    int (*lookup)(struct vnode *dir, const char *name, struct vnode **found);
    /* The entry at *pos (0: first; the driver advances *pos): 1, 0 at the end, -Exxx. "." and ".."
     * are made by the caller. */
    int (*readdir)(struct vnode *dir, uint64_t *pos, struct dirent_info *entry);
    /* The target of a symbolic link: length, without NUL, cut to size. */
    int (*readlink)(struct vnode *v, char *buf, size_t size);
    /* A file without an object: reads at pos into the user buffer; bytes read, 0 end, -Exxx. */
    int (*read)(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
    int (*write)(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
    int (*ioctl)(struct file *f, unsigned request, vaddr_t arg);
    /* Called at open and at last close: f->data is the driver's. NULL: nothing to do. */
    int (*open)(struct file *f);
    void (*close)(struct file *f);
    /* The last reference went. */
    void (*release)(struct vnode *v);
};

struct vnode {
    const struct vnode_ops *ops; /* (c) */
    uint32_t refs;               /* atomic */
    uint32_t mode;               /* (c) type and permission bits */
    uint32_t ino, nlink, rdev;   /* (c) */
    uint32_t mtime;              /* (c) seconds */
    struct obj *obj;             /* (c) contents, or NULL */
    struct vnode *parent;        /* (c) of a directory: its ..; of a ramdisk file: where it is */
    void *data;                  /* owner's */
};

struct vnode *vnode_ref(struct vnode *v);
void vnode_unref(struct vnode *v); /* NULL is fine; may sleep */

/* The root directory, borrowed. NULL before ramdisk_mount. */
struct vnode *vnode_root(void);
void vnode_set_root(struct vnode *v);
/* Mounts a directory over an existing directory of the root: /dev, /proc. Boot only. */
int __must_check vnode_mount(const char *path, struct vnode *dir);

/* Resolves path, relative ones from cwd; follow: the last link, too. *found gets a reference. May
 * sleep. -ENOENT, -ENOTDIR, -ELOOP (8 links), -ENAMETOOLONG. */
int __must_check vnode_lookup(struct vnode *cwd, const char *path, bool follow,
                              struct vnode **found);
/* The file whose contents the object holds, borrowed; NULL: not a file's. For listings. */
struct vnode *vnode_of_obj(const struct obj *o);
/* The path of a directory (or of a file whose parent is set) from the root. -ENOENT, -ERANGE. */
int __must_check vnode_path(struct vnode *dir, char *buf, size_t size);

/* Reads file contents into kernel memory through the object's pages: bytes read (0 at the end) or
 * -Exxx. For exec. May sleep. */
int __must_check vnode_read_kernel(struct vnode *v, uint64_t pos, void *buf, size_t len);

static inline bool vnode_is(const struct vnode *v, uint32_t type)
{
    return (v->mode & S_IFMT) == type;
}

#endif
