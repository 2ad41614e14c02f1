/* SPDX-License-Identifier: MIT
 *
 * What every host test needs: cmocka with the headers it wants before it, a small random generator
 * whose seed is printed and can be given as SEED=, the larger count under SOAK=1, and files of
 * TEST_DATA. Included by tests/host and tests/fuzz, once per program.
 */
#ifndef TESTS_HOST_TESTING_H
#define TESTS_HOST_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/base.h"

static uint64_t testing_state;

static inline bool testing_soak(void)
{
    const char *env = getenv("SOAK");

    return env && strcmp(env, "1") == 0;
}

/* SEED from the environment; else a soak takes one from the clock, and what a change must pass is
 * the same each time. Printed, so that a failure can be repeated. */
static inline void testing_seed(void)
{
    const char *env = getenv("SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    testing_state = env              ? strtoull(env, NULL, 0)
                    : testing_soak() ? (uint64_t)now.tv_sec * 1000003u + (uint64_t)now.tv_nsec
                                     : 1;
    printf("SEED=%llu\n", (unsigned long long)testing_state);
    fflush(stdout);
}

/* A Weyl sequence with its bits mixed by multiplication. */
static inline uint32_t testing_random(void)
{
    uint64_t x = testing_state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 29) * UINT64_C(0xd1342543de82ef95);
    x = (x ^ x >> 32) * UINT64_C(0xd1342543de82ef95);
    return (uint32_t)(x >> 32);
}

/* 0 .. n - 1. */
static inline uint32_t testing_below(uint32_t n)
{
    return (uint32_t)((uint64_t)testing_random() * n >> 32);
}

static inline unsigned testing_count(unsigned usual, unsigned soak)
{
    return testing_soak() ? soak : usual;
}

/* The whole file, to be freed; its bytes end where the allocation ends. Exits if it is not there.
 */
static inline uint8_t *testing_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size = -1;

    if (f && fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0)
        bytes = malloc(size > 0 ? (size_t)size : 1);
    if (!bytes || fread(bytes, 1, (size_t)size, f) != (size_t)size) {
        fprintf(stderr, "%s: can not be read\n", path);
        exit(1);
    }
    fclose(f);
    *len = (size_t)size;
    return bytes;
}

#endif
