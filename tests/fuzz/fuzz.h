/* SPDX-License-Identifier: MIT
 *
 * What a fuzz target gives to the driver, tests/fuzz/fuzz.c. Targets run under sanitizers, which
 * end the program at a wild access; what else must hold they check with FUZZ_CHECK.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs the code under test on the bytes, which are aligned to 8, end where their allocation ends
 * and may be changed. True if it took them for valid: the driver counts how often. */
bool fuzz_one(uint8_t *bytes, size_t len);

/* Ends the program with the seed and the run's number. */
void fuzz_failed(const char *file, int line, const char *what) __attribute__((noreturn));

#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_failed(__FILE__, __LINE__, #condition);                                           \
    } while (0)

#endif
