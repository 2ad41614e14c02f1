/* SPDX-License-Identifier: MIT
 *
 * Words for errors. newlib's strerror would bring four kilobytes of text into each program; these
 * are the errors that the kernel gives.
 */
#include <errno.h>
#include <stdio.h>

#include "quire.h"

static const struct {
    short error;
    const char *words;
} error_table[] = {
    {EPERM, "not permitted"},
    {ENOENT, "not found"},
    {ESRCH, "no such process"},
    {EINTR, "interrupted"},
    {EIO, "input/output error"},
    {E2BIG, "arguments too long"},
    {ENOEXEC, "not an executable"},
    {EBADF, "bad file descriptor"},
    {ECHILD, "no child process"},
    {EAGAIN, "not now, try again"},
    {ENOMEM, "not enough memory"},
    {EACCES, "permission denied"},
    {EFAULT, "bad address"},
    {EBUSY, "busy"},
    {EEXIST, "exists already"},
    {ENODEV, "no such device"},
    {ENOTDIR, "not a directory"},
    {EISDIR, "is a directory"},
    {EINVAL, "invalid argument"},
    {EMFILE, "too many open files"},
    {ENFILE, "too many open files"},
    {ENOTTY, "not a terminal"},
    {EFBIG, "file too big"},
    {ENOSPC, "no space left"},
    {ESPIPE, "can't seek"},
    {EROFS, "read-only file system"},
    {ENAMETOOLONG, "name too long"},
    {ENOSYS, "no such system call"},
    {ELOOP, "too many symbolic links"},
    {ELIBBAD, "damaged executable"},
};

const char *error_words(int error)
{
    for (size_t i = 0; i < sizeof error_table / sizeof error_table[0]; i++)
        if (error_table[i].error == error)
            return error_table[i].words;
    return "failed";
}

int fail(const char *caller, const char *what)
{
    int error = errno;

    fflush(stdout);
    fprintf(stderr, "%s: %s: %s\n", caller, what, error_words(error));
    return 1;
}
