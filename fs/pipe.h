/* SPDX-License-Identifier: MIT
 *
 * Pipes: bytes that go in at one end and come out at the other, without a name (pipe) or with one
 * (FIFOs, made by mknod). Up to PIPE_BUF bytes of one write stay together.
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/file.h"

#define PIPE_BUF       4096u
#define PIPE_BYTES     65536u    /* capacity at first */
#define PIPE_BYTES_MAX 0x100000u /* and at most */

/* A new pipe: end[0] to read, end[1] to write, each with a reference. flags: O_NONBLOCK or 0.
 * -ENOMEM. */
int __must_check pipe_create(uint32_t flags, struct file *end[2]);
/* F_GETPIPE_SZ, F_SETPIPE_SZ: the capacity in bytes. -EBADF: no pipe; -EINVAL; -EPERM: too much;
 * -EBUSY: more lies in it; -ENOMEM. May sleep. */
int pipe_capacity(struct file *f);
int pipe_set_capacity(struct file *f, uint32_t bytes);
/* Frames that all pipes together may hold beyond the first of each, and those that they hold. */
uint32_t pipe_frames(uint32_t *most);

/* Who sends SIGPIPE to the calling process when it writes and nobody can read. Thread context. */
void pipe_on_broken(void (*signal)(void));

/* For tmpfs: operations of a FIFO, and the end of what its vnode's pipe is. */
extern const struct vnode_ops fifo_ops;
void fifo_release(struct vnode *v);

#endif
