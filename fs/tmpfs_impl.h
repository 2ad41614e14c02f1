/* SPDX-License-Identifier: MIT
 *
 * The parts of tmpfs among themselves: tmpfs.c (inodes and their attributes), tmpfs_dir.c (names),
 * tmpfs_data.c (contents), tmpfs_mount.c (trees).
 * Locks: (n) the namespace; (i) lock; (c) constant.
 */
#ifndef FS_TMPFS_IMPL_H
#define FS_TMPFS_IMPL_H

#include "fs/tmpfs.h"
#include "fs/walk.h"
#include "lib/tree.h"

/* A tree: what its fs has as state. */
struct tmpfs_state {
    struct fs_state fs;
    bool counted;            /* (c) its pages are, and can have a limit */
    struct obj_share pages;  /* of its files, if so */
    uint32_t inodes;         /* atomic; and further names of files */
    uint32_t inodes_most;    /* atomic; UINT32_MAX: the limit for all is enough */
    uint32_t mode, uid, gid; /* (c) as mount(2) said, for /proc/mounts */
};

/* An inode; of a regular file only with what follows `obj`. */
struct tnode {
    struct vnode vnode;
    struct rwlock lock; /* (i): contents and size for who reads or writes; attributes */
    union {
        struct {               /* a directory */
            struct tree names; /* (n) by position */
            uint64_t next_pos; /* (n) of the next name */
            uint32_t count;    /* (n) names */
        };
        struct {               /* a symbolic link */
            char *target;      /* (c) */
            uint32_t length;   /* (c) without NUL */
            uint32_t reserved; /* (c) pages that it counts for */
        };
        struct {                 /* a regular file from the initrd */
            const uint8_t *data; /* (c) its bytes in the archive */
            uint32_t data_len;   /* (i) so many of them are the file's where no page is in memory */
        };
    };
    struct obj obj; /* a regular file's contents */
};

/* A name. */
struct tentry {
    struct tree_link by_pos;  /* (n) in the directory's names */
    uint64_t pos;             /* (c) for readdir, from 1 on */
    struct tentry *hash_next; /* (n) */
    struct tnode *dir;        /* (n) */
    struct vnode *vnode;      /* (n) with a reference */
    uint32_t hash;            /* (c) of dir and name */
    uint8_t len;              /* (c) */
    char name[];              /* (c) with NUL */
};

#define TMPFS_MODE 01777u /* of a root where mount(2) says nothing */
#define TMPFS_UNLIMITED                                                                            \
    (struct tmpfs_state)                                                                           \
    {                                                                                              \
        .pages.most = UINT32_MAX, .inodes_most = UINT32_MAX, .mode = TMPFS_MODE                    \
    }

static inline struct tmpfs_state *tmpfs_state_of(const struct fs *fs)
{
    return container_of(fs->state, struct tmpfs_state, fs);
}

/* What counts its pages, or NULL. */
static inline struct obj_share *tmpfs_share(const struct fs *fs)
{
    struct tmpfs_state *t = tmpfs_state_of(fs);

    return t->counted ? &t->pages : NULL;
}

static inline struct tnode *tnode_of(const struct vnode *v)
{
    return container_of(v, struct tnode, vnode);
}

/* The file system's operations, fs/tmpfs_mount.c. */
void tmpfs_options(const struct fs *fs, char *buf, size_t size);
int __must_check tmpfs_remount(const struct fs *fs, const char *options);

extern const struct vnode_ops tmpfs_dir_ops, tmpfs_file_ops, tmpfs_link_ops;
extern const struct obj_ops tmpfs_obj_ops;

/* A new inode with one reference and no name. -ENOSPC: too many; -ENOMEM. */
int __must_check tmpfs_node(const struct fs *fs, uint32_t mode, uint32_t rdev, struct tnode **made);
/* The memory of a symbolic link's target. */
int __must_check tmpfs_set_target(struct tnode *n, const char *text, size_t len);
/* One more or one less of what the limit of inodes counts: names of files beyond their first. */
int __must_check tmpfs_count_name(const struct fs *fs);
void tmpfs_uncount_name(const struct fs *fs);

/* Pages that memory has, for limits in percent. */
uint32_t tmpfs_memory(void);

/* tmpfs_dir.c: names are in a table that grows and shrinks with their number. */
int __must_check tmpfs_names_init(void);
/* The name's entry, or NULL. */
struct tentry *tmpfs_find(const struct tnode *dir, const struct name *name);
/* A new entry for the name; v gets a reference from it. -ENOMEM. */
int __must_check tmpfs_enter(struct tnode *dir, const struct name *name, struct vnode *v);
/* Takes the name away; gives the reference to the vnode back to the caller. */
void tmpfs_remove(struct tentry *e);

#endif
