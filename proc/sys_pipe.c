/* SPDX-License-Identifier: MIT
 *
 * System calls that make pipes, event counters and pairs of sockets, and those of sockets alone.
 */
#include "fs/eventfd.h"
#include "fs/pipe.h"
#include "fs/socket.h"
#include "mm/uaccess.h"
#include "proc/sys_impl.h"

#define EFD_SEMAPHORE  1u
#define AF_UNIX        1u
#define SOCK_STREAM    1u
#define SOCK_TYPE_MASK 15u

static struct fdtable *files(void)
{
    return proc_current()->files;
}

/* A descriptor for f, whose reference is used up. */
static int install(struct file *f, bool cloexec)
{
    int fd = fdtable_add(files(), f, 0, cloexec);

    if (fd < 0)
        file_unref(f);
    return fd;
}

/* Descriptors for both, told at ufds. */
static int install_two(struct file *const f[2], bool cloexec, vaddr_t ufds)
{
    int32_t fd[2];

    fd[0] = install(f[0], cloexec);
    if (fd[0] < 0) {
        file_unref(f[1]);
        return fd[0];
    }
    fd[1] = install(f[1], cloexec);
    if (fd[1] >= 0 && copy_to_user(ufds, fd, sizeof(fd)) == 0)
        return 0;
    fdtable_close(files(), fd[0]);
    if (fd[1] < 0)
        return fd[1];
    fdtable_close(files(), fd[1]);
    return -EFAULT;
}

/* O_DIRECT, pipes of packets, is not built. */
SYSCALL2(sys_pipe2, ufds, flags)
{
    struct file *end[2] = {NULL, NULL};
    int error;

    if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    error = pipe_create(flags & O_NONBLOCK, end);
    return error ? error : install_two(end, flags & O_CLOEXEC, ufds);
}

SYSCALL1(sys_pipe, ufds)
{
    return sys_pipe2(ufds, 0, 0, 0);
}

SYSCALL2(sys_eventfd2, count, flags)
{
    struct file *f;
    int error;

    if (flags & ~(uint32_t)(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    error = eventfd_create(count, flags & O_NONBLOCK, flags & EFD_SEMAPHORE, &f);
    return error ? error : install(f, flags & O_CLOEXEC);
}

SYSCALL1(sys_eventfd, count)
{
    return sys_eventfd2(count, 0, 0, 0);
}

/* What can be said of a socket's kind without one: 0 for what socketpair makes. */
static int check_kind(uint32_t family, uint32_t type, uint32_t protocol)
{
    if (type & ~(SOCK_TYPE_MASK | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (family != AF_UNIX)
        return -EAFNOSUPPORT;
    if (protocol != 0 && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    return (type & SOCK_TYPE_MASK) == SOCK_STREAM ? 0 : -ESOCKTNOSUPPORT;
}

SYSCALL4(sys_socketpair, family, type, protocol, ufds)
{
    struct file *end[2];
    int error = check_kind(family, type, protocol);

    if (!error)
        error = socket_pair(type & O_NONBLOCK, end);
    return error ? error : install_two(end, type & O_CLOEXEC, ufds);
}

/* The address of a socket, or of whom it is connected to: none of them has a name, so that it is
 * the family alone. At most *ulen bytes are written, and *ulen says how many there are. */
static int socket_name(uint32_t fd, vaddr_t uaddr, vaddr_t ulen)
{
    const uint16_t family = AF_UNIX;
    struct file *f = fdtable_get(files(), (int)fd);
    bool is_socket = f && file_is_socket(f);
    uint32_t room;

    if (!f)
        return -EBADF;
    file_unref(f);
    if (!is_socket)
        return -ENOTSOCK;
    if (get_user32(&room, ulen))
        return -EFAULT;
    if ((int)room < 0)
        return -EINVAL;
    if (copy_to_user(uaddr, &family, MIN(room, (uint32_t)sizeof(family))))
        return -EFAULT;
    return put_user32(ulen, sizeof(family));
}

SYSCALL3(sys_getsockname, fd, uaddr, ulen)
{
    return socket_name(fd, uaddr, ulen);
}

SYSCALL3(sys_getpeername, fd, uaddr, ulen)
{
    return socket_name(fd, uaddr, ulen);
}

/* There is nothing that a single socket could be connected to. */
SYSCALL0(sys_socket)
{
    return -EAFNOSUPPORT;
}

/* send and sendto, recv and recvfrom: an address that is sent to is one too many, and who sent is
 * told as nobody. */
static int transfer(uint32_t fd, vaddr_t ubuf, uint32_t len, uint32_t flags,
                    int (*move)(struct file *, vaddr_t, size_t, uint32_t))
{
    struct file *f = fdtable_get(files(), (int)fd);
    int result;

    if (!f)
        return -EBADF;
    result = move(f, ubuf, len, flags);
    file_unref(f);
    return restartable(result);
}

SYSCALL4(sys_send, fd, ubuf, len, flags)
{
    return transfer(fd, ubuf, len, flags, socket_send);
}

SYSCALL4(sys_sendto, fd, ubuf, len, flags)
{
    if (syscall_arg(5))
        return -EISCONN;
    return transfer(fd, ubuf, len, flags, socket_send);
}

SYSCALL4(sys_recv, fd, ubuf, len, flags)
{
    return transfer(fd, ubuf, len, flags, socket_receive);
}

SYSCALL4(sys_recvfrom, fd, ubuf, len, flags)
{
    int n = transfer(fd, ubuf, len, flags, socket_receive);

    if (n >= 0 && syscall_arg(5) && put_user32(syscall_arg(6), 0))
        return -EFAULT;
    return n;
}

SYSCALL2(sys_shutdown, fd, how)
{
    struct file *f = fdtable_get(files(), (int)fd);
    int result;

    if (!f)
        return -EBADF;
    result = socket_shutdown(f, how);
    file_unref(f);
    return result;
}
