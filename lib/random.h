/* SPDX-License-Identifier: MIT
 *
 * A generator of unpredictable bytes: ChaCha20 whose key is replaced by the first half of every
 * block it makes, so that nobody who reads the state later learns what was given out before. A
 * zeroed struct random is a valid generator with a known stream; it is as good as what has been
 * stirred into it. No locks of its own; called by kern/random.c under its lock.
 * Source: RFC 8439, 2.1-2.3 (block function); key erasure as described by D. J. Bernstein, 2017.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include "lib/base.h"

#define RANDOM_KEY_BYTES   32u
#define RANDOM_BLOCK_BYTES 64u
#define RANDOM_READY_BYTES 288u /* made at once: half a block and four whole ones */

struct random {
    uint32_t key[RANDOM_KEY_BYTES / 4];
    uint8_t ready[RANDOM_READY_BYTES]; /* its last nready bytes: not given yet */
    uint32_t nready;
};

/* Mixes len bytes into the state. What was unpredictable before stays so whatever the bytes are. */
void random_stir(struct random *r, const void *data, size_t len);

/* Fills buf with len bytes of the stream. */
void random_bytes(struct random *r, void *buf, size_t len);

/* The block function: 64 bytes of key stream for the key, block counter and nonce (words of the
 * RFC's little-endian byte strings). */
void chacha20_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3],
                    uint8_t out[RANDOM_BLOCK_BYTES]);

#endif
