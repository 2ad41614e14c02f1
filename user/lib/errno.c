/* SPDX-License-Identifier: MIT
 *
 * Error numbers: the kernel's (Linux) become newlib's, which are the same up to 34 and nowhere
 * after. Both of newlib's errno are set: the global one, which its reentrant wrappers look at
 * after they called a hook, and the thread's, which a program sees.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "quire.h"

#define FIRST_DIFFERENT 35

static const uint8_t newlib_errors[] = {
    [35 - FIRST_DIFFERENT] = EDEADLK,       [36 - FIRST_DIFFERENT] = ENAMETOOLONG,
    [37 - FIRST_DIFFERENT] = ENOLCK,        [38 - FIRST_DIFFERENT] = ENOSYS,
    [39 - FIRST_DIFFERENT] = ENOTEMPTY,     [40 - FIRST_DIFFERENT] = ELOOP,
    [42 - FIRST_DIFFERENT] = ENOMSG,        [43 - FIRST_DIFFERENT] = EIDRM,
    [61 - FIRST_DIFFERENT] = ENODATA,       [62 - FIRST_DIFFERENT] = ETIME,
    [71 - FIRST_DIFFERENT] = EPROTO,        [74 - FIRST_DIFFERENT] = EBADMSG,
    [75 - FIRST_DIFFERENT] = EOVERFLOW,     [79 - FIRST_DIFFERENT] = ELIBACC,
    [80 - FIRST_DIFFERENT] = ELIBBAD,       [81 - FIRST_DIFFERENT] = ELIBSCN,
    [82 - FIRST_DIFFERENT] = ELIBMAX,       [83 - FIRST_DIFFERENT] = ELIBEXEC,
    [84 - FIRST_DIFFERENT] = EILSEQ,        [88 - FIRST_DIFFERENT] = ENOTSOCK,
    [90 - FIRST_DIFFERENT] = EMSGSIZE,      [95 - FIRST_DIFFERENT] = EOPNOTSUPP,
    [97 - FIRST_DIFFERENT] = EAFNOSUPPORT,  [98 - FIRST_DIFFERENT] = EADDRINUSE,
    [105 - FIRST_DIFFERENT] = ENOBUFS,      [110 - FIRST_DIFFERENT] = ETIMEDOUT,
    [111 - FIRST_DIFFERENT] = ECONNREFUSED, [114 - FIRST_DIFFERENT] = EALREADY,
    [115 - FIRST_DIFFERENT] = EINPROGRESS,  [116 - FIRST_DIFFERENT] = ESTALE,
    [122 - FIRST_DIFFERENT] = EDQUOT,       [125 - FIRST_DIFFERENT] = ECANCELED,
    [130 - FIRST_DIFFERENT] = EOWNERDEAD,   [131 - FIRST_DIFFERENT] = ENOTRECOVERABLE,
};

static int error_from_linux(int error)
{
    if (error < FIRST_DIFFERENT)
        return error;
    unsigned index = (unsigned)error - FIRST_DIFFERENT;
    if (index < sizeof newlib_errors && newlib_errors[index])
        return newlib_errors[index];
    return EIO;
}

static int *thread_errno(void)
{
    return &errno;
}

#undef errno
extern int errno;

long sys_result(long result)
{
    if (result >= 0 || result < -4095)
        return result;
    errno = error_from_linux((int)-result);
    *thread_errno() = errno;
    return -1;
}

long syscall(long nr, ...)
{
    __builtin_va_list list;
    long arg[6];

    __builtin_va_start(list, nr);
    for (int i = 0; i < 6; i++)
        arg[i] = __builtin_va_arg(list, long);
    __builtin_va_end(list);
    return sys_result(sys_raw(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]));
}
