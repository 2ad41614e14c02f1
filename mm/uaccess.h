/* SPDX-License-Identifier: MIT
 *
 * The only way the kernel touches user memory. Every range is checked against USER_END once; a
 * fault in between is handled as the program's own would be, and if it can't be, the call answers
 * -EFAULT. May sleep, unless _nofault. Implemented by arch/arm/uaccess.S and uaccess.c, on the host
 * by the tests.
 */
#ifndef MM_UACCESS_H
#define MM_UACCESS_H

#include "lib/base.h"
#include "mm/units.h"

/* 0 or -EFAULT; on -EFAULT part of the bytes may have been copied. */
int __must_check copy_from_user(void *to, vaddr_t from, size_t len);
int __must_check copy_to_user(vaddr_t to, const void *from, size_t len);
int __must_check clear_user(vaddr_t to, size_t len);
/* The same of what is in the hardware's tables now: no page is brought, nothing sleeps; with locks
 * held that a fault needs. */
int __must_check copy_from_user_nofault(void *to, vaddr_t from, size_t len);
int __must_check copy_to_user_nofault(vaddr_t to, const void *from, size_t len);
int __must_check clear_user_nofault(vaddr_t to, size_t len);
/* Length of the string at from (without NUL) copied to buf with its NUL; -EFAULT;
 * -ENAMETOOLONG if it does not fit. */
int __must_check copy_string_from_user(char *buf, vaddr_t from, size_t size);
int __must_check get_user32(uint32_t *value, vaddr_t from);
int __must_check put_user32(vaddr_t to, uint32_t value);
/* The word at `at`, 4 bytes aligned, becomes `value` if it is `old`, in one step for all CPUs, with
 * barriers before and after; *seen: what it was. */
int __must_check user_cmpxchg32(vaddr_t at, uint32_t old, uint32_t value, uint32_t *seen);
int __must_check user_cmpxchg32_nofault(vaddr_t at, uint32_t old, uint32_t value, uint32_t *seen);

/* [va, va + len) lies in user space (say nothing about whether it is mapped). */
static inline bool user_range_ok(vaddr_t va, size_t len)
{
    return va < USER_END && len <= USER_END - va;
}

#endif
