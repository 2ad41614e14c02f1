/* SPDX-License-Identifier: MIT
 *
 * The table of system calls by number (Linux, ARM EABI; the same as proc/syscall.c's). A call's
 * letters are its arguments: d decimal, x hexadecimal, o octal, s a path, f a directory's
 * descriptor, p protection, m kinds of mapping; behind = the result, else decimal.
 */
#include "calls.h"

#include <stdio.h>
#include <string.h>

#include <sys/mman.h>

#include "quire.h"

static const struct call {
    uint32_t number;
    const char *name, *args;
} calls[] = {
    {1, "exit", "d"},
    {2, "fork", ""},
    {3, "read", "dxd"},
    {4, "write", "dxd"},
    {5, "open", "sxo"},
    {6, "close", "d"},
    {11, "execve", "sxx"},
    {12, "chdir", "s"},
    {19, "lseek", "ddd"},
    {20, "getpid", ""},
    {24, "getuid", ""},
    {33, "access", "so"},
    {36, "sync", ""},
    {37, "kill", "dd"},
    {41, "dup", "d"},
    {43, "times", "x"},
    {45, "brk", "x=x"},
    {54, "ioctl", "dxx"},
    {55, "fcntl", "ddx"},
    {57, "setpgid", "dd"},
    {60, "umask", "o"},
    {63, "dup2", "dd"},
    {64, "getppid", ""},
    {65, "getpgrp", ""},
    {66, "setsid", ""},
    {76, "getrlimit", "dx"},
    {77, "getrusage", "dx"},
    {78, "gettimeofday", "xx"},
    {85, "readlink", "sxd"},
    {88, "reboot", "xxx"},
    {91, "munmap", "xx"},
    {104, "setitimer", "dxx"},
    {105, "getitimer", "dx"},
    {114, "wait4", "dxxx"},
    {116, "sysinfo", "x"},
    {118, "fsync", "d"},
    {120, "clone", "xxxxx"},
    {122, "uname", "x"},
    {125, "mprotect", "xxp"},
    {132, "getpgid", "d"},
    {133, "fchdir", "d"},
    {140, "_llseek", "dddxd"},
    {145, "readv", "dxd"},
    {146, "writev", "dxd"},
    {147, "getsid", "d"},
    {148, "fdatasync", "d"},
    {158, "sched_yield", ""},
    {162, "nanosleep", "xx"},
    {172, "prctl", "dxxx"},
    {174, "rt_sigaction", "dxxd"},
    {175, "rt_sigprocmask", "dxxd"},
    {180, "pread64", "dxd"},
    {181, "pwrite64", "dxd"},
    {183, "getcwd", "xd"},
    {190, "vfork", ""},
    {191, "ugetrlimit", "dx"},
    {192, "mmap2", "xxpmd=x"},
    {195, "stat64", "sx"},
    {196, "lstat64", "sx"},
    {197, "fstat64", "dx"},
    {199, "getuid32", ""},
    {200, "getgid32", ""},
    {201, "geteuid32", ""},
    {202, "getegid32", ""},
    {217, "getdents64", "dxd"},
    {220, "madvise", "xxd"},
    {221, "fcntl64", "ddx"},
    {224, "gettid", ""},
    {238, "tkill", "dd"},
    {240, "futex", "xddxx"},
    {241, "sched_setaffinity", "ddx"},
    {242, "sched_getaffinity", "ddx"},
    {248, "exit_group", "d"},
    {256, "set_tid_address", "x"},
    {257, "timer_create", "dxx"},
    {258, "timer_settime", "ddxx"},
    {259, "timer_gettime", "dx"},
    {260, "timer_getoverrun", "d"},
    {261, "timer_delete", "d"},
    {263, "clock_gettime", "dx"},
    {264, "clock_getres", "dx"},
    {265, "clock_nanosleep", "ddxx"},
    {268, "tgkill", "ddd"},
    {280, "waitid", "ddxx"},
    {322, "openat", "fsxo"},
    {327, "fstatat64", "fsxx"},
    {332, "readlinkat", "fsxd"},
    {334, "faccessat", "fso"},
    {345, "getcpu", "xx"},
    {358, "dup3", "ddx"},
    {359, "pipe2", "xx"},
    {369, "prlimit64", "ddxx"},
    {384, "getrandom", "xdx"},
    {397, "statx", "fsxxx"},
    {403, "clock_gettime64", "dx"},
    {406, "clock_getres_time64", "dx"},
    {407, "clock_nanosleep_time64", "ddxx"},
    {408, "timer_gettime64", "dx"},
    {409, "timer_settime64", "ddxx"},
    {0xf0002, "cacheflush", "xxx"},
    {0xf0005, "set_tls", "x"},
    {0xf0006, "get_tls", "=x"},
};

/* The kernel's errors; newlib has other numbers for those above 34. */
static const struct {
    uint32_t number;
    const char *name;
} errors[] = {
    {1, "EPERM"},   {2, "ENOENT"},     {3, "ESRCH"},    {4, "EINTR"},         {5, "EIO"},
    {7, "E2BIG"},   {8, "ENOEXEC"},    {9, "EBADF"},    {10, "ECHILD"},       {11, "EAGAIN"},
    {12, "ENOMEM"}, {13, "EACCES"},    {14, "EFAULT"},  {16, "EBUSY"},        {17, "EEXIST"},
    {19, "ENODEV"}, {20, "ENOTDIR"},   {21, "EISDIR"},  {22, "EINVAL"},       {23, "ENFILE"},
    {24, "EMFILE"}, {25, "ENOTTY"},    {27, "EFBIG"},   {28, "ENOSPC"},       {29, "ESPIPE"},
    {30, "EROFS"},  {32, "EPIPE"},     {34, "ERANGE"},  {36, "ENAMETOOLONG"}, {38, "ENOSYS"},
    {40, "ELOOP"},  {75, "EOVERFLOW"}, {80, "ELIBBAD"}, {110, "ETIMEDOUT"},
};

static const struct call *call_find(uint32_t number)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (calls[i].number == number)
            return &calls[i];
    return NULL;
}

const char *call_name(uint32_t number, char buf[CALL_NAME_MAX])
{
    const struct call *call = call_find(number);

    if (call)
        return call->name;
    snprintf(buf, CALL_NAME_MAX, "call_%lu", (unsigned long)number);
    return buf;
}

static int flags_format(char *to, size_t size, uint32_t flags)
{
    const char *who = flags & MAP_SHARED ? "shared" : flags & MAP_PRIVATE ? "private" : "-";

    return snprintf(to, size, "%s%s%s", who, flags & MAP_ANONYMOUS ? "|anonymous" : "",
                    flags & MAP_FIXED ? "|fixed" : "");
}

static int arg_format(char *to, size_t size, char letter, uint32_t value, const char *path)
{
    switch (letter) {
    case 'd': return snprintf(to, size, "%ld", (long)(int32_t)value);
    case 'o': return snprintf(to, size, "0%lo", (unsigned long)value);
    case 'f':
        return (int32_t)value == -100 ? snprintf(to, size, "cwd")
                                      : snprintf(to, size, "%ld", (long)(int32_t)value);
    case 's':
        if (path)
            return snprintf(to, size, "\"%s\"", path);
        break;
    case 'p':
        return snprintf(to, size, "%c%c%c", value & PROT_READ ? 'r' : '-',
                        value & PROT_WRITE ? 'w' : '-', value & PROT_EXEC ? 'x' : '-');
    case 'm': return flags_format(to, size, value);
    }
    return value ? snprintf(to, size, "0x%lx", (unsigned long)value) : snprintf(to, size, "0");
}

int call_format(char *line, size_t size, uint32_t number, const uint32_t arg[CALL_ARGS],
                const char *const paths[2])
{
    const struct call *call = call_find(number);
    const char *letters = call ? call->args : "xxxx";
    char name[CALL_NAME_MAX];
    int len = snprintf(line, size, "%s(", call_name(number, name));
    unsigned path = 0;

    for (unsigned i = 0; i < CALL_ARGS && letters[i] && letters[i] != '='; i++) {
        const char *text = letters[i] == 's' && path < 2 ? paths[path++] : NULL;

        if (i > 0)
            len += snprintf(line + len, size - (size_t)len, ", ");
        len += arg_format(line + len, size - (size_t)len, letters[i], arg[i], text);
    }
    return len;
}

int call_format_result(char *line, size_t size, uint32_t number, uint32_t result)
{
    const struct call *call = call_find(number);
    const char *how = call ? strchr(call->args, '=') : NULL;

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (result == -errors[i].number)
            return snprintf(line, size, "-%lu %s", (unsigned long)errors[i].number, errors[i].name);
    return how ? snprintf(line, size, "0x%lx", (unsigned long)result)
               : snprintf(line, size, "%ld", (long)(int32_t)result);
}
