/* SPDX-License-Identifier: MIT
 *
 * ChaCha20 and the generator on top of it. The two uses of the block function, giving bytes out and
 * stirring bytes in, differ in the nonce, so that their blocks never coincide. Bytes that have been
 * given out are wiped.
 */
#include "lib/random.h"

#include <string.h>

#define ROUNDS_TWICE 10 /* a column round and a diagonal round each */

enum { USE_GIVE = 0, USE_STIR = 1 };

static uint32_t rotate_left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

/* Inline with constants, so that words stay in registers: each exec needs some bytes. */
static inline __attribute__((always_inline)) void quarter_round(uint32_t x[16], unsigned a,
                                                                unsigned b, unsigned c, unsigned d)
{
    x[a] += x[b];
    x[d] = rotate_left(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate_left(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate_left(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate_left(x[b] ^ x[c], 7);
}

static void store_le32(uint8_t *to, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(x >> (8 * i));
}

static uint32_t load_le32(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

void chacha20_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3],
                    uint8_t out[RANDOM_BLOCK_BYTES])
{
    static const char constant[] = "expand 32-byte k";
    uint32_t start[16], x[16];

    for (unsigned i = 0; i < 4; i++)
        start[i] = load_le32((const uint8_t *)constant + 4 * i);
    memcpy(start + 4, key, RANDOM_KEY_BYTES);
    start[12] = counter;
    memcpy(start + 13, nonce, 3 * sizeof(*nonce));

    memcpy(x, start, sizeof(x));
    for (unsigned round = 0; round < ROUNDS_TWICE; round++) {
        quarter_round(x, 0, 4, 8, 12);
        quarter_round(x, 1, 5, 9, 13);
        quarter_round(x, 2, 6, 10, 14);
        quarter_round(x, 3, 7, 11, 15);
        quarter_round(x, 0, 5, 10, 15);
        quarter_round(x, 1, 6, 11, 12);
        quarter_round(x, 2, 7, 8, 13);
        quarter_round(x, 3, 4, 9, 14);
    }
    for (unsigned i = 0; i < 16; i++)
        store_le32(out + 4 * i, x[i] + start[i]);
}

/* Replaces the key by the first half of the next block. When there is something to give, the other
 * half and the blocks behind it are ready for it. */
static void next_key(struct random *r, uint32_t use, uint32_t len)
{
    const uint32_t nonce[3] = {use, len, 0};
    uint8_t block[RANDOM_BLOCK_BYTES];

    chacha20_block(r->key, 0, nonce, block);
    memcpy(r->ready, block + RANDOM_KEY_BYTES, RANDOM_BLOCK_BYTES - RANDOM_KEY_BYTES);
    r->nready = use == USE_GIVE ? sizeof(r->ready) : 0;
    for (uint32_t at = RANDOM_BLOCK_BYTES - RANDOM_KEY_BYTES, n = 1; at < r->nready;
         at += RANDOM_BLOCK_BYTES)
        chacha20_block(r->key, n++, nonce, r->ready + at);
    for (unsigned i = 0; i < ARRAY_SIZE(r->key); i++)
        r->key[i] = load_le32(block + 4 * i);
}

void random_stir(struct random *r, const void *data, size_t len)
{
    const uint8_t *from = data;

    while (len > 0) {
        size_t n = MIN(len, (size_t)RANDOM_KEY_BYTES);
        uint8_t piece[RANDOM_KEY_BYTES] = {0};

        memcpy(piece, from, n);
        for (unsigned i = 0; i < ARRAY_SIZE(r->key); i++)
            r->key[i] ^= load_le32(piece + 4 * i);
        /* The length is part of the block: "a" and "a\0" stir differently. */
        next_key(r, USE_STIR, (uint32_t)n);
        from += n;
        len -= n;
    }
}

void random_bytes(struct random *r, void *buf, size_t len)
{
    uint8_t *to = buf;

    while (len > 0) {
        if (r->nready == 0)
            next_key(r, USE_GIVE, 0);

        size_t n = MIN(len, (size_t)r->nready);
        uint8_t *from = r->ready + sizeof(r->ready) - r->nready;

        memcpy(to, from, n);
        memset(from, 0, n);
        r->nready -= (uint32_t)n;
        to += n;
        len -= n;
    }
}
