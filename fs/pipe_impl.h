/* SPDX-License-Identifier: MIT
 *
 * A pipe without files: what pipe.c (its ends), pipe_data.c (its bytes) and socket.c (two of them)
 * share.
 * Invariants: the bytes [tail, head), counted from some moment on, lie in the pages of their slots,
 * which are there; [page of tail, page of head) spans at most npages; where the pipe is empty both
 * are the start of one page. held pages are in slots, the first of which a pipe may always have;
 * what lies outside of the bytes' span is kept for a writer who sleeps and will use it at once.
 * Locks: lock, held over copies from and to user memory; it is of the class of open files.
 */
#ifndef FS_PIPE_IMPL_H
#define FS_PIPE_IMPL_H

#include "fs/event.h"
#include "fs/pipe.h"

struct pipe {
    struct mutex lock;
    void **page;               /* (lock) frames by slot: page number modulo npages, or NULL */
    uint32_t npages;           /* (lock) a power of two */
    uint32_t held;             /* (lock) written; frames in slots */
    uint32_t head, tail;       /* (lock) bytes ever written and read, but for what wraps */
    uint32_t readers, writers; /* (lock) open ends */
    uint32_t read_opens, write_opens; /* (lock) ends ever opened, for who waits for the other */
    struct event data;                /* for readers: bytes came, or no writer is left */
    struct event space;               /* for writers: there is room, or no reader is left */
};

/* -ENOMEM. */
int __must_check pipe_init(struct pipe *p);
void pipe_destroy(struct pipe *p);
/* Gives back what lies in it. p->lock held. */
void pipe_drop(struct pipe *p);

/* The capacity becomes npages, a power of two up to PIPE_BYTES_MAX: bytes, or -EBUSY, -ENOMEM. */
int pipe_resize(struct pipe *p, uint32_t npages);

/* What there is, at most len bytes; if there is nothing, waits for some. 0: no writers. -EAGAIN,
 * -EINTR, -EFAULT. May sleep. */
int pipe_read(struct pipe *p, vaddr_t ubuf, size_t len, bool nonblock);
/* All of it, waiting for room; fewer bytes if something came in between. -EPIPE: no readers; the
 * caller sends the signal. -EAGAIN, -EINTR, -EFAULT, -ENOMEM. *broken: no readers, though perhaps
 * bytes were written. May sleep. */
int pipe_write(struct pipe *p, vaddr_t ubuf, size_t len, bool nonblock, bool *broken);
/* An end comes or goes; with the last of a kind the others are told. */
void pipe_open_end(struct pipe *p, bool writer);
void pipe_close_end(struct pipe *p, bool writer);
/* POLL* of each side. */
uint32_t pipe_poll_read(struct pipe *p, struct poll_wait *w, struct file *f);
uint32_t pipe_poll_write(struct pipe *p, struct poll_wait *w, struct file *f);
/* Bytes in it; its frames. */
uint32_t pipe_filled(struct pipe *p);
uint32_t pipe_held(const struct pipe *p);
/* Tells the caller that it wrote where nobody reads. */
void pipe_broken(void);

#endif
