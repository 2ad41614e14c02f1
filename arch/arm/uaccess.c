/* SPDX-License-Identifier: MIT
 *
 * Access to user memory: one range check, then the copies of page.S, whose faults trap.c resolves.
 */
#include "mm/uaccess.h"

#include "arch/arm/cp15.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/bugs.h"
#include "kern/lockcheck.h"
#include "mm/fault.h"
#include "proc/thread.h"

int uaccess_copy(void *to, const void *from, size_t n);
int uaccess_clear(void *to, size_t n);
int uaccess_string(char *to, const char *from, size_t n);
int uaccess_cmpxchg(uint32_t *at, uint32_t old, uint32_t value, uint32_t *seen);

/* Under hardware lint user memory is closed but here: domain 1 of DACR. */
static inline void user_open(void)
{
    if (IS_ENABLED(CONFIG_LINT))
        lint_user_open(false);
}

static inline int user_close(int result)
{
    if (IS_ENABLED(CONFIG_LINT))
        lint_user_close();
    return result;
}

static inline int user_copy(void *to, const void *from, size_t len)
{
    user_open();
    return user_close(uaccess_copy(to, from, len));
}

static int user_cmpxchg32_here(vaddr_t at, uint32_t old, uint32_t value, uint32_t *seen)
{
    if (!user_range_ok(at, sizeof(*seen)))
        return -EFAULT;
    user_open();
    return user_close(uaccess_cmpxchg((uint32_t *)at, old, value, seen));
}

int copy_from_user(void *to, vaddr_t from, size_t len)
{
    lock_may_sleep(NULL);
    if (!user_range_ok(from, len))
        return -EFAULT;
    return len ? user_copy(to, (const void *)from, len) : 0;
}

int copy_to_user(vaddr_t to, const void *from, size_t len)
{
    lock_may_sleep(NULL);
    if (!user_range_ok(to, len))
        return -EFAULT;
    return len ? user_copy((void *)to, from, len) : 0;
}

int clear_user(vaddr_t to, size_t len)
{
    lock_may_sleep(NULL);
    if (!user_range_ok(to, len))
        return -EFAULT;
    if (!len)
        return 0;
    user_open();
    return user_close(uaccess_clear((void *)to, len));
}

int copy_from_user_nofault(void *to, vaddr_t from, size_t len)
{
    struct thread *t = thread_current();
    int error;

    if (!user_range_ok(from, len))
        return -EFAULT;
    t->in_uaccess_nofault = true;
    error = len ? user_copy(to, (const void *)from, len) : 0;
    t->in_uaccess_nofault = false;
    return error;
}

int copy_to_user_nofault(vaddr_t to, const void *from, size_t len)
{
    struct thread *t = thread_current();
    int error;

    if (!user_range_ok(to, len))
        return -EFAULT;
    t->in_uaccess_nofault = true;
    error = len ? user_copy((void *)to, from, len) : 0;
    t->in_uaccess_nofault = false;
    return error;
}

int clear_user_nofault(vaddr_t to, size_t len)
{
    struct thread *t = thread_current();
    int error = -EFAULT;

    t->in_uaccess_nofault = true;
    if (user_range_ok(to, len)) {
        user_open();
        error = user_close(uaccess_clear((void *)to, len));
    }
    t->in_uaccess_nofault = false;
    return error;
}

int copy_string_from_user(char *buf, vaddr_t from, size_t size)
{
    size_t most;
    int len;

    lock_may_sleep(NULL);
    if (from >= USER_END)
        return -EFAULT;
    most = MIN(size, (size_t)(USER_END - from));
    user_open();
    len = user_close(uaccess_string(buf, (const char *)from, most));
    if (len >= 0 && (size_t)len == most)
        return most < size ? -EFAULT : -ENAMETOOLONG;
    return len;
}

int get_user32(uint32_t *value, vaddr_t from)
{
    if (BUG(user_pointer) && user_range_ok(from, sizeof(*value))) {
        *value = *(const volatile uint32_t *)from;
        return 0;
    }
    return copy_from_user(value, from, sizeof(*value));
}

int put_user32(vaddr_t to, uint32_t value)
{
    return copy_to_user(to, &value, sizeof(value));
}

int user_cmpxchg32(vaddr_t at, uint32_t old, uint32_t value, uint32_t *seen)
{
    lock_may_sleep(NULL);
    return user_cmpxchg32_here(at, old, value, seen);
}

int user_cmpxchg32_nofault(vaddr_t at, uint32_t old, uint32_t value, uint32_t *seen)
{
    struct thread *t = thread_current();
    int error;

    t->in_uaccess_nofault = true;
    error = user_cmpxchg32_here(at, old, value, seen);
    t->in_uaccess_nofault = false;
    return error;
}

/* Page by page through the frames, so that a hole answers -EFAULT and no address is special. */
int arch_cacheflush(uint32_t start, uint32_t end)
{
    if (end < start || !user_range_ok(start, end - start))
        return -EFAULT;
    for (uint32_t va = start & ~PAGE_MASK; va < end && !thread_interrupted(); va += PAGE_SIZE) {
        pfn_t pfn;
        int error = fault_pin(thread_current()->as, va, PROT_READ, false, &pfn);

        if (error)
            return error;
        hat_sync_icache(pfn);
        frame_unuse(pfn);
        rest_point();
    }
    return 0;
}
