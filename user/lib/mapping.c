/* SPDX-License-Identifier: MIT
 *
 * The calls about mapped memory beyond mmap, munmap and mprotect.
 */
#include <stdarg.h>
#include <sys/syscall.h>

#include <sys/mman.h>

void *mremap(void *addr, size_t old_len, size_t new_len, int flags, ...)
{
    void *to = NULL;
    va_list ap;

    va_start(ap, flags);
    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
        to = va_arg(ap, void *);
    va_end(ap);
    return (void *)syscall(SYS_mremap, addr, old_len, new_len, flags, to);
}

int msync(void *addr, size_t len, int flags)
{
    return (int)syscall(SYS_msync, addr, len, flags);
}

int madvise(void *addr, size_t len, int advice)
{
    return (int)syscall(SYS_madvise, addr, len, advice);
}

int mincore(void *addr, size_t len, unsigned char *vec)
{
    return (int)syscall(SYS_mincore, addr, len, vec);
}

int mlock(const void *addr, size_t len)
{
    return (int)syscall(SYS_mlock, addr, len);
}

int munlock(const void *addr, size_t len)
{
    return (int)syscall(SYS_munlock, addr, len);
}

int mlockall(int flags)
{
    return (int)syscall(SYS_mlockall, flags);
}

int munlockall(void)
{
    return (int)syscall(SYS_munlockall);
}
