/* SPDX-License-Identifier: MIT
 *
 * The generator: the block function against the vectors of RFC 8439, and that the stream depends on
 * all that was stirred in and on nothing else.
 */
#include "tests/host/testing.h"

#include "lib/random.h"

/* RFC 8439, 2.3.2. */
static void block_as_in_the_rfc(void **state)
{
    static const uint8_t expected[RANDOM_BLOCK_BYTES] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    static const uint32_t key[8] = {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                                    0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c};
    static const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0x00000000};
    uint8_t out[RANDOM_BLOCK_BYTES];

    (void)state;
    chacha20_block(key, 1, nonce, out);
    assert_memory_equal(out, expected, sizeof(out));
}

/* RFC 8439, A.1, vectors 1 and 2: all zero, counter 0 and 1. */
static void block_of_zeros(void **state)
{
    static const uint8_t first[] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90};
    static const uint8_t second[] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a};
    static const uint32_t zero[8];
    uint8_t out[RANDOM_BLOCK_BYTES];

    (void)state;
    chacha20_block(zero, 0, zero, out);
    assert_memory_equal(out, first, sizeof(first));
    chacha20_block(zero, 1, zero, out);
    assert_memory_equal(out, second, sizeof(second));
}

static void stream_of(const char *seed, size_t len, uint8_t out[100])
{
    struct random r = {0};

    random_stir(&r, seed, len);
    random_bytes(&r, out, 100);
}

static void stream_depends_on_seed(void **state)
{
    static const struct {
        const char *seed;
        size_t len;
    } seeds[] = {{"", 0},
                 {"a", 1},
                 {"a\0", 2},
                 {"b", 1},
                 {"0123456789abcdef0123456789abcdef", 32},
                 {"0123456789abcdef0123456789abcdef0", 33},
                 {"0123456789abcdef0123456789abcdef1", 33}};
    uint8_t out[ARRAY_SIZE(seeds)][100], again[100];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(seeds); i++) {
        stream_of(seeds[i].seed, seeds[i].len, out[i]);
        stream_of(seeds[i].seed, seeds[i].len, again);
        assert_memory_equal(out[i], again, sizeof(again));
        for (unsigned j = 0; j < i; j++)
            assert_memory_not_equal(out[i], out[j], sizeof(again));
    }
}

/* However the requests are cut, the stream is the same; stirring later changes it. */
static void stream_in_pieces(void **state)
{
    struct random one = {0}, pieces = {0};
    uint8_t whole[500], part[500];

    (void)state;
    random_bytes(&one, whole, sizeof(whole));
    for (size_t at = 0, n = 0; at < sizeof(part); at += n) {
        n = MIN(1 + at % 41, sizeof(part) - at);
        random_bytes(&pieces, part + at, n);
    }
    assert_memory_equal(whole, part, sizeof(whole));
    random_stir(&pieces, "x", 1);
    random_bytes(&one, whole, sizeof(whole));
    random_bytes(&pieces, part, sizeof(part));
    assert_memory_not_equal(whole, part, 32);
}

/* What was given out can not be found in the state, and no key comes back. */
static void state_forgets(void **state)
{
    struct random r = {0}, before;
    uint8_t out[20];

    (void)state;
    random_stir(&r, "seed", 4);
    for (unsigned round = 0; round < 100; round++) {
        before = r;
        random_bytes(&r, out, sizeof(out));
        for (size_t at = 0; at + 8 <= sizeof(r); at++)
            for (size_t o = 0; o + 8 <= sizeof(out); o++)
                assert_memory_not_equal((uint8_t *)&r + at, out + o, 8);
        if (before.nready < sizeof(out))
            assert_memory_not_equal(before.key, r.key, sizeof(r.key));
    }
}

/* A crude look at the bits: each of them is set about half of the time. */
static void bits_are_even(void **state)
{
    struct random r = {0};
    uint32_t word, set[32] = {0};

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        random_bytes(&r, &word, sizeof(word));
        for (unsigned bit = 0; bit < 32; bit++)
            set[bit] += word >> bit & 1;
    }
    for (unsigned bit = 0; bit < 32; bit++)
        assert_in_range(set[bit], 4700, 5300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_as_in_the_rfc),    cmocka_unit_test(block_of_zeros),
        cmocka_unit_test(stream_depends_on_seed), cmocka_unit_test(stream_in_pieces),
        cmocka_unit_test(state_forgets),          cmocka_unit_test(bits_are_even),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
