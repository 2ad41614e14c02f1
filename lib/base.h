/* SPDX-License-Identifier: MIT
 *
 * The few words every file of the kernel uses: fixed-width integers, min and max, container_of,
 * attributes. Nothing here allocates, sleeps or knows of hardware.
 */
#ifndef LIB_BASE_H
#define LIB_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/cdefs.h> /* __unused, __packed, __aligned, __noinline of the C library, if it has them */

#define __must_check   __attribute__((warn_unused_result))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __noreturn     __attribute__((noreturn))
#define __cold         __attribute__((cold)) /* runs seldom: for size */
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __unused
#define __unused __attribute__((unused))
#endif
#ifndef __packed
#define __packed __attribute__((packed))
#endif
#ifndef __aligned
#define __aligned(n) __attribute__((aligned(n)))
#endif

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* n rounded up or down to a multiple of a, which is a power of two. */
#define ALIGN_UP(n, a)   (((n) + (a)-1) & ~((a)-1))
#define ALIGN_DOWN(n, a) ((n) & ~((a)-1))

/* 1 where the debug switch is compiled in, else 0: for if (IS_ENABLED(CONFIG_DEBUG)). */
#define IS_ENABLED(option) (option)
#ifndef CONFIG_DEBUG
#define CONFIG_DEBUG 0
#endif
/* Locks are watched (kern/lockcheck.h): in the debug kernel, not in the host's tests of it. */
#ifndef CONFIG_LOCKCHECK
#define CONFIG_LOCKCHECK 0
#endif
#ifndef CONFIG_LINT
#define CONFIG_LINT 0
#endif
#ifndef CONFIG_BUGS
#define CONFIG_BUGS 0
#endif

/* A pointer that carries a negative errno instead of an address. */
static inline bool is_err(const void *p)
{
    return (uintptr_t)p >= (uintptr_t)-4095;
}

static inline int ptr_err(const void *p)
{
    return (int)(intptr_t)p;
}

static inline void *err_ptr(int error)
{
    return (void *)(intptr_t)error;
}

#endif
