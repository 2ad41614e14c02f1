/* SPDX-License-Identifier: MIT
 *
 * System calls that tell about files and file systems: stat and its kin, statx, statfs.
 */
#include "fs/tmpfs.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/sys_impl.h"

#define BLOCK_SIZE 512u /* of st_blocks */

/* struct stat64 of the ABI. */
struct stat64 {
    uint64_t dev;
    uint32_t pad0, ino32;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev;
    uint32_t pad1[2];
    int64_t size;
    uint32_t blksize, pad2;
    uint64_t blocks;
    uint32_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
    uint64_t ino;
};

_Static_assert(sizeof(struct stat64) == 104, "struct stat64 of the ABI");

struct statx_time {
    int64_t sec;
    uint32_t nsec, pad;
};

struct statx {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, pad0;
    uint64_t ino, size, blocks, attributes_mask;
    struct statx_time atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mnt_id;
    uint64_t spare[13];
};

_Static_assert(sizeof(struct statx) == 256, "struct statx of the ABI");

#define STATX_BASIC    0x7ffu
#define STATX_RESERVED 0x80000000u

/* struct statfs64 of the ABI is 84 bytes, whatever alignment says; C libraries ask for 88. */
struct statfs64 {
    uint32_t type, bsize;
    uint64_t blocks, bfree, bavail, files, ffree;
    uint32_t fsid[2], namelen, frsize, flags, spare[4];
} __packed;

_Static_assert(sizeof(struct statfs64) == 84, "struct statfs64 of the ABI");

#define STATFS_PADDED 88u
#define ST_VALID      0x20u

/* The length of a link's target. */
static int link_length(struct vnode *v)
{
    char *buf = kmalloc(PATH_MAX);
    int n = buf ? v->ops->readlink(v, buf, PATH_MAX) : 0;

    kfree(buf);
    return MAX(n, 0);
}

static uint64_t size_of(struct vnode *v)
{
    if (v->obj)
        return obj_size(v->obj);
    return vnode_is(v, S_IFLNK) && v->ops->readlink ? (uint64_t)link_length(v) : 0;
}

static uint64_t blocks_of(const struct vnode *v)
{
    if (!v->obj)
        return 0;
    return (uint64_t)__atomic_load_n(&v->obj->kept, __ATOMIC_RELAXED) * (PAGE_SIZE / BLOCK_SIZE);
}

static void put_time(uint32_t *sec, uint32_t *nsec, const uint64_t *time)
{
    struct timespec64 t = ns_split(time_get(time));

    *sec = (uint32_t)t.sec;
    *nsec = (uint32_t)t.nsec;
}

/* Uses up the reference to v. */
static int put_stat(struct vnode *v, vaddr_t ubuf)
{
    struct stat64 s = {.dev = v->fs->dev,
                       .ino32 = v->ino,
                       .mode = v->mode,
                       .nlink = v->nlink,
                       .uid = v->uid,
                       .gid = v->gid,
                       .rdev = v->rdev,
                       .size = (int64_t)size_of(v),
                       .blksize = PAGE_SIZE,
                       .blocks = blocks_of(v),
                       .ino = v->ino};

    put_time(&s.atime, &s.atime_ns, &v->atime);
    put_time(&s.mtime, &s.mtime_ns, &v->mtime);
    put_time(&s.ctime, &s.ctime_ns, &v->ctime);
    vnode_unref(v);
    return copy_to_user(ubuf, &s, sizeof(s));
}

static int stat_path(int dirfd, vaddr_t upath, uint32_t flags, vaddr_t ubuf)
{
    struct vnode *v;
    int error = lookup_user(dirfd, upath, flags, &v);

    return error ? error : put_stat(v, ubuf);
}

SYSCALL2(sys_stat64, upath, ubuf)
{
    return stat_path(AT_FDCWD, upath, 0, ubuf);
}

SYSCALL2(sys_lstat64, upath, ubuf)
{
    return stat_path(AT_FDCWD, upath, AT_SYMLINK_NOFOLLOW, ubuf);
}

SYSCALL2(sys_fstat64, fd, ubuf)
{
    struct vnode *v = (int)fd < 0 ? NULL : vnode_of_fd((int)fd);

    return v ? put_stat(v, ubuf) : -EBADF;
}

SYSCALL4(sys_fstatat64, dirfd, upath, ubuf, flags)
{
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    return stat_path((int)dirfd, upath, flags, ubuf);
}

static struct statx_time statx_time(const uint64_t *time)
{
    struct timespec64 t = ns_split(time_get(time));

    return (struct statx_time){t.sec, (uint32_t)t.nsec, 0};
}

/* Uses up the reference to v. */
static int put_statx(struct vnode *v, vaddr_t ubuf)
{
    struct statx s = {.mask = STATX_BASIC,
                      .blksize = PAGE_SIZE,
                      .nlink = v->nlink,
                      .uid = v->uid,
                      .gid = v->gid,
                      .mode = (uint16_t)v->mode,
                      .ino = v->ino,
                      .size = size_of(v),
                      .blocks = blocks_of(v),
                      .atime = statx_time(&v->atime),
                      .ctime = statx_time(&v->ctime),
                      .mtime = statx_time(&v->mtime),
                      .rdev_major = v->rdev >> 8,
                      .rdev_minor = v->rdev & 255,
                      .dev_minor = v->fs->dev};

    vnode_unref(v);
    return copy_to_user(ubuf, &s, sizeof(s));
}

SYSCALL4(sys_statx, dirfd, upath, flags, mask)
{
    const uint32_t sync = 0x6000; /* AT_STATX_FORCE_SYNC and AT_STATX_DONT_SYNC */
    struct vnode *v;
    int error;

    if (mask & STATX_RESERVED || (flags & sync) == sync ||
        flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | sync))
        return -EINVAL;
    error = lookup_user((int)dirfd, upath, flags, &v);
    return error ? error : put_statx(v, syscall_arg(5));
}

static void fill_statfs(const struct fs *fs, struct statfs64 *s)
{
    struct fs_space space;

    *s = (struct statfs64){.type = fs->magic,
                           .bsize = PAGE_SIZE,
                           .frsize = PAGE_SIZE,
                           .fsid = {fs->dev},
                           .namelen = NAME_MAX,
                           .flags = ST_VALID | (fs->state ? fs->state->flags : 0)};
    if (!fs->space)
        return;
    fs->space(fs, &space);
    s->blocks = space.pages_most;
    s->bfree = space.pages_free;
    s->bavail = space.pages_left;
    s->files = space.inodes_most;
    s->ffree = space.inodes_free;
}

/* Uses up the reference to v. */
static int put_statfs(struct vnode *v, uint32_t size, vaddr_t ubuf)
{
    struct statfs64 s;

    fill_statfs(v->fs, &s);
    vnode_unref(v);
    if (size != sizeof(s) && size != STATFS_PADDED)
        return -EINVAL;
    return copy_to_user(ubuf, &s, sizeof(s));
}

SYSCALL3(sys_statfs64, upath, size, ubuf)
{
    struct vnode *v;
    int error = lookup_user(AT_FDCWD, upath, 0, &v);

    return error ? error : put_statfs(v, size, ubuf);
}

SYSCALL3(sys_fstatfs64, fd, size, ubuf)
{
    struct vnode *v = (int)fd < 0 ? NULL : vnode_of_fd((int)fd);

    return v ? put_statfs(v, size, ubuf) : -EBADF;
}
