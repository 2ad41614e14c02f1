/* SPDX-License-Identifier: MIT
 *
 * Unpacking against what Python's zlib packed (tests/host/data/mkgzip.py), and each kind of damage
 * by itself, built by hand from RFC 1951 and RFC 1952.
 */
#include "tests/host/testing.h"

#include "lib/inflate.h"

static struct inflate_state workspace;

struct output {
    uint8_t *bytes;
    size_t len, room;
    int stop_after; /* calls; 0: never */
};

static int collect(void *arg, const uint8_t *bytes, size_t n)
{
    struct output *o = arg;

    assert_in_range(n, 1, INFLATE_WINDOW);
    if (o->stop_after > 0 && --o->stop_after == 0)
        return -12;
    if (o->len + n > o->room)
        fail_msg("more than %zu bytes", o->room);
    memcpy(o->bytes + o->len, bytes, n);
    o->len += n;
    return 0;
}

static uint8_t *read_data(const char *name, const char *suffix, size_t *len)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s.%s", TEST_DATA, name, suffix);
    return testing_read(path, len);
}

static void unpack(const char *name)
{
    size_t raw_len, packed_len;
    uint8_t *raw = read_data(name, "raw", &raw_len), *packed = read_data(name, "gz", &packed_len);
    struct output o = {.bytes = malloc(raw_len + 1), .room = raw_len};
    int error;

    memset(&workspace, 0xa5, sizeof(workspace));
    error = inflate_gzip(packed, packed_len, collect, &o, &workspace);
    if (error || o.len != raw_len || memcmp(o.bytes, raw, raw_len) != 0)
        fail_msg("%s: %s, %zu of %zu bytes", name, inflate_strerror(error), o.len, raw_len);
    free(raw);
    free(packed);
    free(o.bytes);
}

static void agrees_with_zlib(void **state)
{
    static const char *const names[] = {
        "empty", "one",     "text1",  "text6", "text9",  "stored", "noise",   "fixed",  "huffman",
        "runs",  "pattern", "skewed", "far",   "window", "header", "members", "padded", "farthest"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        unpack(names[i]);
}

/* Unpacks bytes that are not expected to give more than 1,000. */
static int try(const uint8_t *bytes, size_t len)
{
    static uint8_t out[1000];
    struct output o = {.bytes = out, .room = sizeof(out)};
    uint8_t *copy = malloc(len > 0 ? len : 1);
    int error;

    memcpy(copy, bytes, len);
    error = inflate_gzip(copy, len, collect, &o, &workspace);
    free(copy);
    return error;
}

static void sink_stops(void **state)
{
    size_t len;
    uint8_t *packed = read_data("text6", "gz", &len);
    static uint8_t out[300000];

    (void)state;
    for (int call = 1; call <= 10; call++) {
        struct output o = {.bytes = out, .room = sizeof(out), .stop_after = call};

        assert_int_equal(inflate_gzip(packed, len, collect, &o, &workspace), -12);
        assert_int_equal(o.len, (call - 1) * (int)INFLATE_WINDOW);
    }
    free(packed);
}

/* A file cut anywhere is "truncated", or, in its first two bytes, no gzip file. */
static void truncated(void **state)
{
    static const char *const names[] = {"one", "header", "runs", "pattern"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        size_t len;
        uint8_t *packed = read_data(names[i], "gz", &len);
        static uint8_t out[200000];

        for (size_t cut = 0; cut < len; cut++) {
            struct output o = {.bytes = out, .room = sizeof(out)};
            uint8_t *copy = malloc(cut > 0 ? cut : 1);

            memcpy(copy, packed, cut);
            assert_int_equal(inflate_gzip(copy, cut, collect, &o, &workspace),
                             cut < 2 ? INFLATE_NOT_GZIP : INFLATE_TRUNCATED);
            free(copy);
        }
        free(packed);
    }
}

static void expect_patched(const char *name, long offset, uint8_t flip, enum inflate_error expected)
{
    size_t len;
    uint8_t *packed = read_data(name, "gz", &len);

    packed[offset < 0 ? (long)len + offset : offset] ^= flip;
    assert_int_equal(try(packed, len), expected);
    free(packed);
}

static void wrapper(void **state)
{
    (void)state;
    expect_patched("one", 0, 1, INFLATE_NOT_GZIP);
    expect_patched("one", 1, 1, INFLATE_NOT_GZIP);
    expect_patched("one", 2, 1, INFLATE_BAD_METHOD);
    expect_patched("one", 3, 0x20, INFLATE_BAD_HEADER);
    expect_patched("header", 4, 1, INFLATE_BAD_HEADER); /* the header's own checksum notices */
    expect_patched("one", -8, 1, INFLATE_BAD_CRC);
    expect_patched("one", -5, 0x80, INFLATE_BAD_CRC);
    expect_patched("one", -4, 1, INFLATE_BAD_SIZE);
    expect_patched("one", -1, 0x80, INFLATE_BAD_SIZE);
    expect_patched("padded", -1, 1, INFLATE_TRAILING);
    expect_patched("padded", -400, 0x1f, INFLATE_TRAILING);
}

/* Bits in the order of the stream: '0' and '1', blanks ignored. */
static int try_bits(const char *bits)
{
    uint8_t file[10 + 200] = {0x1f, 0x8b, 8};
    unsigned n = 0;

    for (; *bits; bits++)
        if (*bits != ' ') {
            file[10 + n / 8] |= (uint8_t)((*bits - '0') << n % 8);
            n++;
        }
    return try(file, sizeof(file));
}

static void blocks(void **state)
{
    (void)state;
    /* last, type 3 */
    assert_int_equal(try_bits("1 11"), INFLATE_BAD_BLOCK);
    /* stored, LEN 1, NLEN 1 */
    assert_int_equal(try_bits("1 00 00000 10000000 00000000 10000000 00000000"),
                     INFLATE_BAD_STORED);
    /* fixed: length 3 from distance 1 where nothing is; after one literal from distance 2 */
    assert_int_equal(try_bits("1 10 0000001 00000"), INFLATE_TOO_FAR);
    assert_int_equal(try_bits("1 10 00110000 0000001 00001"), INFLATE_TOO_FAR);
    /* fixed: length symbol 286; distance symbol 30 */
    assert_int_equal(try_bits("1 10 11000110"), INFLATE_BAD_CODE);
    assert_int_equal(try_bits("1 10 00110000 0000001 11110"), INFLATE_BAD_CODE);
}

static void code_lengths(void **state)
{
    (void)state;
    /* dynamic: 287 literal codes; 31 distance codes */
    assert_int_equal(try_bits("1 01 01111 00000 0000"), INFLATE_BAD_LENGTHS);
    assert_int_equal(try_bits("1 01 00000 01111 0000"), INFLATE_BAD_LENGTHS);
    /* code length code: five codes of one bit; a single one of two bits */
    assert_int_equal(try_bits("1 01 00000 00000 1000 100 100 100 100 100"), INFLATE_BAD_LENGTHS);
    assert_int_equal(try_bits("1 01 00000 00000 0000 010 000 000 000"), INFLATE_BAD_LENGTHS);
    /* 16 and 17 with one bit each: a repetition before any length */
    assert_int_equal(try_bits("1 01 00000 00000 0000 100 100 000 000 0"), INFLATE_BAD_LENGTHS);
    /* 17 and 18: zeros beyond the end, 138 + 138 of 258 */
    assert_int_equal(try_bits("1 01 00000 00000 0000 000 100 100 000 1 1111111 1 1111111"),
                     INFLATE_BAD_LENGTHS);
    /* 17 and 18: all 258 lengths are 0, no end of block */
    assert_int_equal(try_bits("1 01 00000 00000 0000 000 100 100 000 1 1111111 1 1011011"),
                     INFLATE_BAD_LENGTHS);
}

/* 18 zeros but for symbol 256, one bit; one distance code of no bits. A length can't be copied. */
static void code_with_one_symbol(void **state)
{
    uint8_t empty_end[8] = {0};
    uint8_t file[64] = {0x1f, 0x8b, 8};
    /* order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1: 18 and 1 and 0 get 1, 2, 2 bits:
     * 18 = 0, 0 = 10, 1 = 11. 138 zeros, 118 zeros, then 1, then 0. */
    const char *bits =
        "1 01 00000 00000 0111 000 000 100 010 000 000 000 000 000 000 000 000 000 000 "
        "000 000 000 010  0 1111111 0 1101011 11 10  0";
    unsigned n = 0;

    (void)state;
    for (const char *b = bits; *b; b++)
        if (*b != ' ') {
            file[10 + n / 8] |= (uint8_t)((*b - '0') << n % 8);
            n++;
        }
    memcpy(file + 10 + (n + 7) / 8, empty_end, 8);
    assert_int_equal(try(file, 10 + (n + 7) / 8 + 8), INFLATE_OK);
    /* The same with a 1 for the end of the block: no symbol has that code. */
    file[10 + (n - 1) / 8] |= (uint8_t)(1 << (n - 1) % 8);
    assert_int_equal(try(file, 10 + (n + 7) / 8 + 8), INFLATE_BAD_CODE);
}

static void messages(void **state)
{
    (void)state;
    for (int e = INFLATE_OK; e <= INFLATE_TRAILING; e++)
        for (int other = -1; other < e; other++)
            assert_string_not_equal(inflate_strerror(e), inflate_strerror(other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_zlib),
        cmocka_unit_test(sink_stops),
        cmocka_unit_test(truncated),
        cmocka_unit_test(wrapper),
        cmocka_unit_test(blocks),
        cmocka_unit_test(code_lengths),
        cmocka_unit_test(code_with_one_symbol),
        cmocka_unit_test(messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
