/* SPDX-License-Identifier: MIT
 *
 * What the programs of this folder share. They use POSIX alone, are built with glibc and with musl,
 * static and dynamic, and print the same each time and everywhere: no addresses, numbers of
 * processes or times, and of what is up to chance only that it came out well.
 */
#ifndef TESTS_PROGRAMS_H
#define TESTS_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line on descriptor 1, by one write. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define SHOW(value) say("%s = %ld", #value, (long)(value))
/* Words of a pattern; those that are not as fill() left them with this seed. */
void fill(uint32_t *words, size_t count, uint32_t seed);
size_t wrong(const uint32_t *words, size_t count, uint32_t seed);
uint32_t sum_of(const uint32_t *words, size_t count);
void sleep_ms(long ms);

#endif
