/* SPDX-License-Identifier: MIT
 *
 * Threads without a C library that knows of them.
 */
#ifndef TESTS_USER_RAW_THREAD_H
#define TESTS_USER_RAW_THREAD_H

#include <stdint.h>

/* VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID. */
#define RAW_THREAD_FLAGS 0x3d0f00u
#define RAW_CLEAR_TID    0x200000u

/* clone: the new thread calls run(arg) on a stack that ends at `stack`, and ends; *tid is its
 * number until then. Its own number, or -Exxx. */
long raw_thread(uint32_t flags, void *stack, volatile uint32_t *tid, void (*run)(void *),
                void *arg);

#endif
