/* SPDX-License-Identifier: MIT
 *
 * Open files and the table of file descriptors. A struct file is one open(): position and flags,
 * shared by dup and fork; reference-counted. A table belongs to a process; its lock is taken for
 * the look-up alone.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "fs/cred.h"
#include "fs/vnode.h"
#include "kern/lock.h"

#define FD_MAX         4096 /* descriptors are below, whatever the limit */
#define FD_SOFT        1024 /* the limit where nobody set one */
#define FD_GROUP       32u  /* a word of bits */
#define FD_GROUPS      (FD_MAX / FD_GROUP)
#define FD_PART_GROUPS 15u
#define FD_PARTS       ((FD_GROUPS - 1 + FD_PART_GROUPS - 1) / FD_PART_GROUPS)

/* Open flags of the Linux ARM ABI. */
#define O_ACCMODE   03
#define O_RDONLY    00
#define O_WRONLY    01
#define O_RDWR      02
#define O_CREAT     0100
#define O_EXCL      0200
#define O_NOCTTY    0400
#define O_TRUNC     01000
#define O_APPEND    02000
#define O_NONBLOCK  04000
#define O_DIRECTORY 040000
#define O_NOFOLLOW  0100000
#define O_LARGEFILE 0400000
#define O_CLOEXEC   02000000
#define O_TMPFILE   (020000000 | O_DIRECTORY)

struct file {
    struct vnode *vnode; /* (c) */
    uint32_t refs;       /* atomic */
    uint32_t flags;      /* (file lock of file.c): O_NONBLOCK and O_APPEND, the others (c) */
    struct mutex lock;
    struct watch *watches; /* (E) of fs/epoll_impl.h: those of epolls, which have no reference */
    uint64_t pos;          /* (lock) */
    void *data;            /* driver's, from open to close */
    uint32_t frames;       /* (c) after open: what data takes */
};

/* So many descriptors in a row; a bit of used is set where file is not NULL, and one of cloexec
 * only where one of used is. */
struct fd_group {
    uint32_t used, cloexec;
    struct file *file[FD_GROUP];
};

/* Descriptors beyond the first group; made where one is needed, kept until the table goes. */
struct fd_part {
    struct fd_group group[FD_PART_GROUPS];
};

struct fdtable {
    struct spin lock;
    uint32_t refs;                  /* (lock) */
    uint32_t ngroups;               /* (lock) every part is below; never less; read without */
    int most;                       /* (lock) new ones are below: RLIMIT_NOFILE; read without */
    uint32_t nlocks;                /* atomic: of ranges of files (fs/lock.h) */
    struct fd_group first;          /* (lock) */
    struct fd_part *part[FD_PARTS]; /* (lock) */
};

/* Opens a vnode: *f with one reference. Takes the caller's reference to v, also when it fails. c:
 * whose permissions are asked for; NULL: nobody's.
 * -EISDIR, -ENOTDIR, -ELOOP, -EACCES, -ETXTBSY, -EOVERFLOW, -ENOMEM, the driver's. */
int __must_check file_open(struct vnode *v, uint32_t flags, const struct cred *c, struct file **f);
struct file *file_ref(struct file *f);
void file_unref(struct file *f); /* may sleep */

/* At the file's position, which moves. Bytes or -Exxx. May sleep. */
int file_read(struct file *f, vaddr_t ubuf, size_t len);
int file_write(struct file *f, vaddr_t ubuf, size_t len);
/* At pos; the file's position stays. For pread64 and pwrite64. -ESPIPE: the file has no positions.
 */
int file_read_at(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
int file_write_at(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
/* F_SETFL: O_NONBLOCK and O_APPEND become as in flags. */
void file_set_flags(struct file *f, uint32_t flags);
/* whence 0 set, 1 cur, 2 end. New position or -EINVAL, -ESPIPE. */
int64_t file_seek(struct file *f, int64_t offset, int whence);
/* getdents64: bytes put into the user buffer. */
int file_getdents(struct file *f, vaddr_t ubuf, size_t len);
int file_ioctl(struct file *f, unsigned request, vaddr_t arg);

/* ftruncate: -EINVAL: not open for writing, or no file that has a size. */
int file_truncate(struct file *f, uint64_t size);
/* mode as Linux's fallocate has it: 0, 1 KEEP_SIZE, 3 PUNCH_HOLE | KEEP_SIZE; others -EOPNOTSUPP.
 */
int file_allocate(struct file *f, uint32_t mode, uint64_t pos, uint64_t len);
/* sendfile: up to len bytes from in, at *pos, which moves, or where that is NULL at its position,
 * to out. -EINVAL: in has no contents in memory, or out takes none from the kernel. */
int file_send(struct file *out, struct file *in, uint64_t *pos, size_t len);

/* For drivers: copies n bytes (at most PAGE_SIZE) out of or into the kernel and answers how many of
 * them the user's memory took or gave: fewer than n where it faulted. May sleep. */
size_t file_copy_out(vaddr_t to, const void *from, size_t n);
size_t file_copy_in(void *to, vaddr_t from, size_t n);

struct fdtable *fdtable_create(void); /* NULL: no memory */
struct fdtable *fdtable_copy(struct fdtable *t);
void fdtable_ref(struct fdtable *t);
void fdtable_unref(struct fdtable *t); /* closes everything with the last; may sleep */
void fdtable_exec(struct fdtable *t);  /* closes what is close-on-exec */
/* The file of a descriptor with a reference, or NULL. */
struct file *fdtable_get(struct fdtable *t, int fd);
/* New descriptors are below this, FD_MAX at most. */
void fdtable_set_most(struct fdtable *t, int most);
/* Every descriptor in use is below; it only grows. */
int fdtable_size(const struct fdtable *t);
uint32_t fdtable_bytes(struct fdtable *t); /* of memory, without the files */
/* Frames that it and its open files keep for themselves; a file that stands twice counts twice. */
uint32_t fdtable_frames(struct fdtable *t);
/* The first descriptor >= fd in use, or -EBADF; *v: its vnode with a reference, *flags: the file's;
 * both may be NULL. Spins; for listings, with the process lock. */
int fdtable_next(struct fdtable *t, int fd, struct vnode **v, uint32_t *flags);
/* Takes f's reference; the lowest descriptor >= from, or -EMFILE, -ENOMEM (f stays the caller's).
 */
int fdtable_add(struct fdtable *t, struct file *f, int from, bool cloexec);
/* dup2: puts f (a reference is taken over) at fd, closing what is there. -EBADF, -ENOMEM. */
int fdtable_set(struct fdtable *t, struct file *f, int fd, bool cloexec);
int fdtable_close(struct fdtable *t, int fd);
/* The descriptor's close-on-exec bit: 0, 1 or -EBADF; 0 or -EBADF. */
int fdtable_get_cloexec(struct fdtable *t, int fd);
int fdtable_set_cloexec(struct fdtable *t, int fd, bool cloexec);

/* Builds the root, a tmpfs, from an initrd (cpio newc, plain or gzip) in RAM at [first, +len).
 * Pages of files that lie page-aligned become the files' as they are. 0, or -Exxx with *why in
 * words. */
int __must_check rootfs_mount(paddr_t base, size_t len_bytes, const char **why);
/* The operations of the device with this number; of one that is not there open fails. */
const struct vnode_ops *device_ops(uint32_t mode, uint32_t rdev);
/* Mounts /dev (console, tty, null, zero, full, random, urandom) on the root and starts the
 * terminal. */
int __must_check devfs_mount(void);

#endif
