/* SPDX-License-Identifier: MIT
 *
 * Pairs of connected sockets, each of which is two pipes: AF_UNIX, SOCK_STREAM, without names and
 * without addresses. There are no others.
 */
#ifndef FS_SOCKET_H
#define FS_SOCKET_H

#include "fs/file.h"

enum socket_shutdown { SHUT_RD, SHUT_WR, SHUT_RDWR };

#define MSG_DONTWAIT 0x40u
#define MSG_WAITALL  0x100u /* until all is there, the end, an error or a signal */
#define MSG_NOSIGNAL 0x4000u

/* Two files, each with a reference; flags: O_NONBLOCK or 0. -ENOMEM. */
int __must_check socket_pair(uint32_t flags, struct file *end[2]);
/* As read and write, with MSG_*. -ENOTSOCK; -EOPNOTSUPP: another flag. May sleep. */
int socket_receive(struct file *f, vaddr_t ubuf, size_t len, uint32_t flags);
int socket_send(struct file *f, vaddr_t ubuf, size_t len, uint32_t flags);
bool file_is_socket(const struct file *f);
/* No more is received, or sent, by anybody who has the socket. -ENOTSOCK, -EINVAL. */
int socket_shutdown(struct file *f, uint32_t how);

#endif
