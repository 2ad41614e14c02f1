/* SPDX-License-Identifier: MIT
 *
 * Printing and patterns for the programs of this folder.
 */
#include <time.h>

#include "../linux/line.h"
#include "programs.h"

void say(const char *format, ...)
{
    static __thread char line[256]; /* in the library of those that are linked with one */
    va_list args;

    va_start(args, format);
    line_write(line, sizeof(line), format, args);
    va_end(args);
}

static uint32_t next(uint32_t x)
{
    x ^= x << 13;
    x ^= x >> 17;
    return (x ^ x << 5) + 1;
}

void fill(uint32_t *words, size_t count, uint32_t seed)
{
    for (size_t i = 0; i < count; i++)
        words[i] = seed = next(seed);
}

size_t wrong(const uint32_t *words, size_t count, uint32_t seed)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        seed = next(seed);
        n += words[i] != seed;
    }
    return n;
}

uint32_t sum_of(const uint32_t *words, size_t count)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum = (sum ^ words[i]) * 16777619u;
    return sum;
}

void sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&t, &t))
        ;
}
