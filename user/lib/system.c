/* SPDX-License-Identifier: MIT
 *
 * Memory, time, the terminal and the machine: newlib's hooks for them and the calls it lacks.
 * Times cross the system call as two 32-bit words and are 64-bit in newlib.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <termios.h>

#define PAGE_BYTES 4096u

/* A failing brk returns the old break instead of an error. */
void *_sbrk(ptrdiff_t increment)
{
    static uintptr_t current;

    if (!current)
        current = (uintptr_t)sys_raw(SYS_brk, 0);
    uintptr_t wanted = current + (uintptr_t)increment;
    bool wraps = increment > 0 ? wanted < current : wanted > current;
    if (wraps || (uintptr_t)sys_raw(SYS_brk, wanted) != wanted)
        return (void *)sys_result(-ENOMEM);
    void *old = (void *)current;
    current = wanted;
    return old;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    if ((unsigned long)offset % PAGE_BYTES)
        return (void *)sys_result(-EINVAL);
    return (void *)syscall(SYS_mmap2, addr, len, prot, flags, fd,
                           (unsigned long)offset / PAGE_BYTES);
}

int munmap(void *addr, size_t len)
{
    return (int)syscall(SYS_munmap, addr, len);
}

int mprotect(void *addr, size_t len, int prot)
{
    return (int)syscall(SYS_mprotect, addr, len, prot);
}

struct linux_timespec {
    int32_t sec, nsec;
};

int clock_gettime(clockid_t clock, struct timespec *now)
{
    struct linux_timespec got;
    long result = syscall(SYS_clock_gettime, clock, &got);

    if (result == 0)
        *now = (struct timespec){.tv_sec = got.sec, .tv_nsec = got.nsec};
    return (int)result;
}

int _gettimeofday(struct timeval *now, void *zone)
{
    struct linux_timespec got;
    long result = syscall(SYS_clock_gettime, 0, &got);

    (void)zone;
    if (result == 0)
        *now = (struct timeval){.tv_sec = got.sec, .tv_usec = got.nsec / 1000};
    return (int)result;
}

clock_t _times(struct tms *times)
{
    return (clock_t)syscall(SYS_times, times);
}

uint64_t time_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    struct linux_timespec want = {(int32_t)wanted->tv_sec, (int32_t)wanted->tv_nsec};
    struct linux_timespec rest = {0, 0};
    long result = syscall(SYS_nanosleep, &want, &rest);

    if (left)
        *left = (struct timespec){.tv_sec = rest.sec, .tv_nsec = rest.nsec};
    return (int)result;
}

unsigned sleep(unsigned seconds)
{
    struct timespec time = {.tv_sec = seconds};

    return nanosleep(&time, &time) == 0 ? 0 : (unsigned)time.tv_sec;
}

int sched_yield(void)
{
    return (int)syscall(SYS_sched_yield);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list list;

    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

#define TCGETS 0x5401
#define TCSETS 0x5402

int tcgetattr(int fd, struct termios *settings)
{
    return ioctl(fd, TCGETS, settings);
}

int tcsetattr(int fd, int when, const struct termios *settings)
{
    return ioctl(fd, TCSETS + (unsigned)when, settings);
}

pid_t tcgetpgrp(int fd)
{
    int group;

    return ioctl(fd, TIOCGPGRP, &group) < 0 ? -1 : group;
}

int tcsetpgrp(int fd, pid_t group)
{
    return ioctl(fd, TIOCSPGRP, &group);
}

int uname(struct utsname *name)
{
    return (int)syscall(SYS_uname, name);
}

ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
    return (ssize_t)syscall(SYS_getrandom, buf, len, flags);
}

#define REBOOT_MAGIC1 0xfee1dead
#define REBOOT_MAGIC2 672274793

int reboot(int command)
{
    return (int)syscall(SYS_reboot, REBOOT_MAGIC1, REBOOT_MAGIC2, command, NULL);
}
