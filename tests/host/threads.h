/* SPDX-License-Identifier: MIT
 *
 * For tests with threads: cmocka's asserts belong to the first one, and so does its random
 * generator.
 */
#ifndef TESTS_THREADS_H
#define TESTS_THREADS_H

#include "kern/panic.h"
#include "tests/host/testing.h"

#define check(x)                                                                                   \
    do {                                                                                           \
        if (!(x))                                                                                  \
            panic("%s:%d: not so: %s", __FILE__, __LINE__, #x);                                    \
    } while (0)

/* 0 .. n - 1 of a thread's own generator. */
static inline uint32_t threads_below(uint32_t *random, uint32_t n)
{
    *random = *random * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)*random * n >> 32);
}

#endif
