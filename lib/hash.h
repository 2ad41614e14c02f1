/* SPDX-License-Identifier: MIT
 *
 * Hash of small integers and addresses for tables of 2^bits buckets: multiplication by 2^32 over
 * the golden ratio, whose high bits spread keys that lie close together. Not for keys an adversary
 * chooses. Pure functions, called by whoever has a hash table.
 * Source: D. E. Knuth, The Art of Computer Programming, volume 3, 6.4 (Fibonacci hashing).
 */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include "lib/base.h"

#define HASH_GOLDEN UINT32_C(0x9e3779b1) /* the prime next to 2^32 / phi */

/* A bucket 0 .. 2^bits - 1 for the key; 1 <= bits <= 32. */
static inline uint32_t hash_u32(uint32_t key, unsigned bits)
{
    return (key * HASH_GOLDEN) >> (32 - bits);
}

/* The same for a pair such as object and page: (a, b) and (b, a) differ. */
static inline uint32_t hash_pair(uint32_t a, uint32_t b, unsigned bits)
{
    uint32_t first = a * HASH_GOLDEN;

    return hash_u32((first ^ first >> 15) + b, bits);
}

#endif
