/* SPDX-License-Identifier: MIT
 *
 * Files as the kernel sees them: a vnode is one file, directory, link or device, whoever stores it
 * (tmpfs, /proc); its operations are one table. A file whose contents can be mapped has an object,
 * and read() and write() go through the object's pages as mappings do. Names are resolved by
 * fs/walk.c, made and taken away by fs/names.c alone.
 * Lifetimes: reference-counted (refs, atomic). Every name of a file holds a reference, and so does
 * everybody who works with it; a file without names lives until the last one goes.
 * Locks: (n) the namespace, which sleeps: held for reading by who walks, for writing by who changes
 * names; (i) the file system's own lock of an inode, below it; (c) constant.
 */
#ifndef FS_VNODE_H
#define FS_VNODE_H

#include "lib/base.h"
#include "mm/obj.h"

#define NAME_MAX 255
#define PATH_MAX 4096

/* st_mode's type bits and permissions, as in Linux. */
#define S_IFMT   0170000u
#define S_IFIFO  0010000u
#define S_IFCHR  0020000u
#define S_IFDIR  0040000u
#define S_IFBLK  0060000u
#define S_IFREG  0100000u
#define S_IFLNK  0120000u
#define S_IFSOCK 0140000u
#define S_ISUID  0004000u
#define S_ISGID  0002000u
#define S_ISVTX  0001000u
#define S_IALL   0007777u

struct vnode;
struct file;
struct file_lock;
struct map_request;
struct poll_wait;
struct pipe;

/* A name in a directory, not terminated, with its hash (name_hash). */
struct name {
    const char *text;
    uint32_t len, hash;
};

/* One entry for getdents64. */
struct dirent_info {
    char name[NAME_MAX + 1];
    uint32_t ino, mode;
};

/* What chmod and its kin change. */
enum attr_mask {
    ATTR_MODE = 1,
    ATTR_UID = 2,
    ATTR_GID = 4,
    ATTR_ATIME = 8,
    ATTR_MTIME = 16,
    ATTR_NOW = 32, /* both times are now: who may write may do that */
};

struct attr {
    unsigned mask;
    uint32_t mode, uid, gid; /* mode: permissions alone */
    uint64_t atime, mtime;   /* ns since 1970 */
};

/* What fallocate does with a range. */
enum allocate_mode { ALLOCATE_KEEP_SIZE = 1, ALLOCATE_PUNCH_HOLE = 2 };

struct vnode_ops {
    /* Finds name in a directory: -ENOENT; 0: *found with a reference; 1: *found, which stays as
     * long as (n) is held. Nothing in here takes (n). */
    int (*lookup)(struct vnode *dir, const struct name *name, struct vnode **found);
    /* The entry at *pos or behind it (0: first; the driver advances *pos): 1, 0 at the end, -Exxx.
     * "." and ".." are made by the caller. Any position is safe. */
    int (*readdir)(struct vnode *dir, uint64_t *pos, struct dirent_info *entry);
    /* The target of a symbolic link: length, without NUL, cut to size. */
    int (*readlink)(struct vnode *v, char *buf, size_t size);
    /* A link that leads to a file whatever its name is by now: *to with a reference. Or NULL. */
    int (*jump)(struct vnode *link, struct vnode **to);
    /* Reads at pos into the user buffer; bytes read, 0 end, -Exxx. */
    int (*read)(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
    int (*write)(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
    /* The same at the file's end, which *pos is then; a file without has none (O_APPEND). */
    int (*append)(struct file *f, uint64_t *pos, vaddr_t ubuf, size_t len);
    int (*ioctl)(struct file *f, unsigned request, vaddr_t arg);
    /* POLL* of fs/poll.h that are true now, w being entered before; NULL: always ready. */
    uint32_t (*poll)(struct file *f, struct poll_wait *w);
    /* Frames that the file keeps besides those of f->frames. Spinning locks are held. */
    uint32_t (*frames)(const struct file *f);
    uint64_t (*size)(const struct file *f); /* where a device with positions ends, or NULL */
    bool positioned; /* a device whose read and write have a position, as files' do */
    /* mmap of what has no object: completes the request, whose access fits how f was opened and
     * whose obj_page counts from the file's start; or -Exxx. NULL: -ENODEV. */
    int (*map)(struct file *f, struct map_request *r);
    /* Called at open and at last close: f->data is the driver's. NULL: nothing to do. */
    int (*open)(struct file *f);
    void (*close)(struct file *f);
    /* Size in bytes, and the space in [pos, pos + len). A file without is not changed so. */
    int (*truncate)(struct vnode *v, uint64_t size);
    int (*allocate)(struct vnode *v, unsigned mode, uint64_t pos, uint64_t len);

    /* Names; (n) held for writing. A directory without these has fixed names. Checks of what POSIX
     * demands are made by the caller, who knows both ends. */
    /* A new file of this type and these permissions; link: the target of a symbolic link. Its
     * reference is the name's. -ENOSPC, -ENOMEM. name NULL: one without a name, with a reference
     * for the caller. */
    int (*create)(struct vnode *dir, const struct name *name, uint32_t mode, uint32_t rdev,
                  const char *link, struct vnode **made);
    int (*link)(struct vnode *dir, const struct name *name, struct vnode *v);
    /* Takes the name of v away; its reference is the caller's now. -ENOTEMPTY. */
    int (*unlink)(struct vnode *dir, const struct name *name, struct vnode *v);
    /* from's name in its directory becomes the other one, which v (or nobody, NULL) has now; v's
     * reference is the caller's then. */
    int (*rename)(struct vnode *dir, const struct name *name, struct vnode *from,
                  struct vnode *to_dir, const struct name *to_name, struct vnode *v);
    /* The two change places. */
    int (*exchange)(struct vnode *dir, const struct name *name, struct vnode *v,
                    struct vnode *to_dir, const struct name *to_name, struct vnode *to);
};

/* Flags of a mounted file system; numbers are those of mount(2) and of statfs. */
enum fs_flags {
    FS_RDONLY = 1,
    FS_NOSUID = 2,
    FS_NODEV = 4,
    FS_NOEXEC = 8,
    FS_NOATIME = 1024,
};

/* What changes in one. */
struct fs_state {
    uint32_t flags;   /* atomic */
    uint32_t writers; /* atomic: open for writing, files without names too */
};

/* What statfs tells of a file system's limits. */
struct fs_space {
    uint32_t pages_most, pages_free; /* the tree's own */
    uint32_t pages_left;             /* of these, what the limit for all leaves as well */
    uint32_t inodes_most, inodes_free;
};

/* What the vnodes of a mounted file system share. */
struct fs {
    const char *type, *source; /* (c) for /proc/mounts */
    uint32_t dev;              /* (c) st_dev */
    uint32_t magic;            /* (c) f_type of statfs */
    const char *label;         /* (c) of files without names, for listings: "pipe" is pipe:[INO];
                                * with a ':' the whole; NULL: files have names */
    struct fs_state *state;    /* (c) NULL: it has no flags, and can't be read-only */
    /* The last reference went. */
    void (*release)(struct vnode *v);
    /* For statfs; NULL: there are no limits. */
    void (*space)(const struct fs *fs, struct fs_space *s);
    /* Writes its own options for /proc/mounts, each behind a comma. NULL: it has none. */
    void (*options)(const struct fs *fs, char *buf, size_t size);
    /* Other options, with (n) held for writing; NULL: they are left out. 0 or -EINVAL, and nothing
     * is changed. */
    int (*remount)(const struct fs *fs, const char *options);
    /* chmod, chown, utimensat, if vnode_may_set allows it. NULL: -EPERM. */
    int (*setattr)(struct vnode *v, const struct attr *a);
    /* Of who is not plain root (enum may; 0: its link is read or followed): by_modes is what owner
     * and mode say, 0 or -EACCES, and so is the answer. NULL: modes say all. */
    int (*may)(struct vnode *v, unsigned want, int by_modes);
};

struct vnode {
    const struct vnode_ops *ops;  /* (c) */
    const struct fs *fs;          /* (c) */
    uint32_t refs;                /* atomic */
    uint32_t mode;                /* (i) written; type (c) and permission bits */
    uint32_t uid, gid;            /* (i) written */
    uint32_t nlink;               /* (n) written */
    uint32_t ino, rdev;           /* (c) */
    uint32_t seals;               /* (i) F_SEAL_*, of files in tmpfs */
    uint64_t atime, mtime, ctime; /* atomic; ns since 1970 */
    struct obj *obj;              /* (c) contents, or NULL */
    struct vnode *parent;         /* (n) where it is: of a directory its .., of others a hint */
    const char *name;             /* (n) what it is called there; NULL: ask parent's readdir */
    struct vnode *mounted;        /* (n) what stands in this directory's place, or NULL */
    bool linkable;                /* (n) without a name, but may get one: O_TMPFILE */
    int32_t writers;              /* atomic: open for writing; < 0: runs and may not be */
    struct file_lock *locks;      /* fs/lock.c */
    struct pipe *pipe;            /* fs/pipe.c: written once; of a FIFO at its first open */
};

struct vnode *vnode_ref(struct vnode *v);
void vnode_unref(struct vnode *v); /* NULL is fine; may sleep */
/* v, which is zeroed, is one without a name from now on, with one reference. */
void vnode_init_unnamed(struct vnode *v, const struct vnode_ops *ops, const struct fs *fs,
                        uint32_t mode);

/* The namespace's lock (n). */
void names_read(void);
void names_read_done(void);
void names_write(void);
void names_write_done(void);

/* The root directory, borrowed. NULL before rootfs_mount. */
struct vnode *vnode_root(void);
void vnode_set_root(struct vnode *v);
/* The same for the caller, whose root directory may be another: borrowed, until (n) is given back.
 * Implemented by proc/proc.c. */
struct vnode *vnode_top(void);
/* Mounts a directory over an existing one, at boot: /dev, /proc. It is the root of a file system
 * that there is one of, which mount(2) finds by its type from then on. */
int __must_check vnode_mount(const char *path, struct vnode *dir);

/* Resolves path, relative ones from cwd; follow: the last link, too. *found gets a reference. May
 * sleep. -ENOENT, -ENOTDIR, -ELOOP (40 links), -ENAMETOOLONG. */
int __must_check vnode_lookup(struct vnode *cwd, const char *path, bool follow,
                              struct vnode **found);
/* The file whose contents the object holds, borrowed; NULL: not a file's. For listings. */
struct vnode *vnode_of_obj(const struct obj *o);
/* The path of a directory (or of a file whose parent is set) from the caller's root; for one that
 * is not below it "(unreachable)" and the path from the first one. size: more than 16. -ENOENT,
 * -ERANGE. */
int __must_check vnode_path(struct vnode *v, char *buf, size_t size);
/* The same with (n) held, or for the debugger, without that word. */
int __must_check vnode_path_locked(struct vnode *v, char *buf, size_t size);

/* Names, fs/names.c. Paths are relative to the directory; may sleep. Errors are Linux's.
 * vnode_open: *f of an existing or, with O_CREAT, new file of these permissions. */
int __must_check vnode_open(struct vnode *cwd, const char *path, uint32_t flags, uint32_t mode,
                            struct file **f);
/* mkdir, mknod, symlink: mode with the type. */
int __must_check vnode_make(struct vnode *cwd, const char *path, uint32_t mode, uint32_t rdev,
                            const char *link);
/* unlink, or rmdir if dir. */
int __must_check vnode_remove(struct vnode *cwd, const char *path, bool dir);
int __must_check vnode_link(struct vnode *v, struct vnode *cwd, const char *path);
#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE  2u
int __must_check vnode_rename(struct vnode *cwd, const char *path, struct vnode *to_cwd,
                              const char *to_path, unsigned flags);

/* May it be open for writing once more, or run once more? -ETXTBSY; -EROFS, even if the caller has
 * looked at that flag: it may sleep for (n), which a remount has. For each that was allowed a
 * _done; shared: one more who runs what runs already. */
int __must_check vnode_write_begin(struct vnode *v);
void vnode_write_done(struct vnode *v);
int __must_check vnode_run_begin(struct vnode *v);
void vnode_run_shared(struct vnode *v);
void vnode_run_done(struct vnode *v);

/* Reads file contents into kernel memory through the object's pages: bytes read (0 at the end) or
 * -Exxx. For exec. May sleep. */
int __must_check vnode_read_kernel(struct vnode *v, uint64_t pos, void *buf, size_t len);
/* Wall clock, ns since 1970. */
uint64_t vnode_now(void);

static inline uint32_t vnode_type(const struct vnode *v)
{
    return __atomic_load_n(&v->mode, __ATOMIC_RELAXED) & S_IFMT;
}

static inline bool vnode_is(const struct vnode *v, uint32_t type)
{
    return vnode_type(v) == type;
}

static inline void time_set(uint64_t *time, uint64_t ns)
{
    __atomic_store_n(time, ns, __ATOMIC_RELAXED);
}

static inline uint64_t time_get(const uint64_t *time)
{
    return __atomic_load_n(time, __ATOMIC_RELAXED);
}

/* The file system that v is in was mounted so (FS_*). */
static inline bool vnode_fs_is(const struct vnode *v, uint32_t flag)
{
    const struct fs_state *s = v->fs->state;

    return s && __atomic_load_n(&s->flags, __ATOMIC_RELAXED) & flag;
}

/* Somebody read it: the time of that changes if it is not after the last modification. */
static inline void vnode_accessed(struct vnode *v)
{
    if (time_get(&v->atime) <= time_get(&v->mtime) && !vnode_fs_is(v, FS_RDONLY | FS_NOATIME))
        time_set(&v->atime, vnode_now());
}

#endif
