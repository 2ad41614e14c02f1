/* SPDX-License-Identifier: MIT
 *
 * System calls of epoll. As on Linux a wait that a signal interrupts ends with -EINTR whether or
 * not there is a handler, and nothing restarts it.
 */
#include "fs/epoll.h"
#include "kern/clock.h"
#include "mm/uaccess.h"
#include "proc/sys_impl.h"

#define NEVER UINT64_MAX

static struct file *file_of(uint32_t fd)
{
    return fdtable_get(proc_current()->files, (int)fd);
}

SYSCALL1(sys_epoll_create1, flags)
{
    struct file *f;
    int error, fd;

    if (flags & ~(uint32_t)O_CLOEXEC)
        return -EINVAL;
    error = epoll_create(&f);
    if (error)
        return error;
    fd = fdtable_add(proc_current()->files, f, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_unref(f);
    return fd;
}

SYSCALL1(sys_epoll_create, size)
{
    return (int32_t)size > 0 ? sys_epoll_create1(0, 0, 0, 0) : -EINVAL;
}

SYSCALL4(sys_epoll_ctl, epfd, op, fd, uevent)
{
    struct epoll_event e = {0, 0, 0};
    struct file *ep, *f;
    int error = -EBADF;

    if (op != EPOLL_DELETE && copy_from_user(&e, uevent, sizeof(e)))
        return -EFAULT;
    ep = file_of(epfd);
    if (!ep)
        return -EBADF;
    f = file_of(fd);
    if (f) {
        error = epoll_control(ep, (enum epoll_op)op, f, (int)fd, &e);
        file_unref(f);
    }
    file_unref(ep);
    return error;
}

static int wait_for(uint32_t epfd, vaddr_t uevents, uint32_t most, uint64_t until_ns)
{
    struct file *ep;
    int result;

    if (most - 1 >= EPOLL_MOST)
        return -EINVAL;
    /* There may be more room named than our user space has. */
    if (!user_range_ok(uevents, sizeof(struct epoll_event)))
        return -EFAULT;
    ep = file_of(epfd);
    if (!ep)
        return -EBADF;
    result = file_is_epoll(ep) ? epoll_wait(ep, uevents, most, until_ns) : -EINVAL;
    file_unref(ep);
    return result;
}

/* When a wait ends that may last so many milliseconds; negative: never. */
static uint64_t end_of(int32_t ms)
{
    if (ms < 0)
        return NEVER;
    return ms ? signal_deadline((uint32_t)ms * NSEC_PER_MSEC) : 0;
}

SYSCALL4(sys_epoll_wait, epfd, uevents, most, ms)
{
    return wait_for(epfd, uevents, most, end_of((int32_t)ms));
}

static int wait_masked(uint32_t epfd, vaddr_t uevents, uint32_t most, uint64_t until_ns)
{
    struct wait_mask mask;
    int result = wait_mask_get(&mask, syscall_arg(5), syscall_arg(6));

    if (result)
        return result;
    wait_mask_enter(&mask);
    result = wait_for(epfd, uevents, most, until_ns);
    wait_mask_leave(&mask, result);
    return result;
}

SYSCALL4(sys_epoll_pwait, epfd, uevents, most, ms)
{
    return wait_masked(epfd, uevents, most, end_of((int32_t)ms));
}

SYSCALL4(sys_epoll_pwait2, epfd, uevents, most, utime)
{
    uint64_t until;
    int error = wait_end_get(utime, true, &until);

    return error ? error : wait_masked(epfd, uevents, most, until);
}
