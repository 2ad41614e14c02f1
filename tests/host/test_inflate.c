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

/* Bits in the order of the stream, '0' and '1', blanks ignored; then zeros to a whole byte and as
 * many zero bytes as asked for: eight of them are the trailer of an empty file. */
static int try_bits(const char *bits, unsigned nzeros)
{
    uint8_t file[10 + 200] = {0x1f, 0x8b, 8};
    unsigned n = 0;

    for (; *bits; bits++)
        if (*bits != ' ') {
            file[10 + n / 8] |= (uint8_t)((*bits - '0') << n % 8);
            n++;
        }
    return try(file, 10 + (n + 7) / 8 + nzeros);
}

static void blocks(void **state)
{
    (void)state;
    /* last, type 3 */
    assert_int_equal(try_bits("1 11", 100), INFLATE_BAD_BLOCK);
    /* stored, LEN 1, NLEN 1 */
    assert_int_equal(try_bits("1 00 00000 10000000 00000000 10000000 00000000", 100),
                     INFLATE_BAD_STORED);
    /* fixed: length 3 from distance 1 where nothing is; after one literal from distance 2 */
    assert_int_equal(try_bits("1 10 0000001 00000", 100), INFLATE_TOO_FAR);
    assert_int_equal(try_bits("1 10 00110000 0000001 00001", 100), INFLATE_TOO_FAR);
    /* fixed: length symbol 286; distance symbol 30 */
    assert_int_equal(try_bits("1 10 11000110", 100), INFLATE_BAD_CODE);
    assert_int_equal(try_bits("1 10 00110000 0000001 11110", 100), INFLATE_BAD_CODE);
}

static void code_lengths(void **state)
{
    (void)state;
    /* dynamic: 287 literal codes; 31 distance codes */
    assert_int_equal(try_bits("1 01 01111 00000 0000", 100), INFLATE_BAD_LENGTHS);
    assert_int_equal(try_bits("1 01 00000 01111 0000", 100), INFLATE_BAD_LENGTHS);
    /* code length code: five codes of one bit; a single one of two bits */
    assert_int_equal(try_bits("1 01 00000 00000 1000 100 100 100 100 100", 100),
                     INFLATE_BAD_LENGTHS);
    assert_int_equal(try_bits("1 01 00000 00000 0000 010 000 000 000", 100), INFLATE_BAD_LENGTHS);
    /* 16 and 17 with one bit each: a repetition before any length */
    assert_int_equal(try_bits("1 01 00000 00000 0000 100 100 000 000 0", 100), INFLATE_BAD_LENGTHS);
    /* 17 and 18: zeros beyond the end, 138 + 138 of 258 */
    assert_int_equal(try_bits("1 01 00000 00000 0000 000 100 100 000 1 1111111 1 1111111", 100),
                     INFLATE_BAD_LENGTHS);
    /* 17 and 18: all 258 lengths are 0, no end of block */
    assert_int_equal(try_bits("1 01 00000 00000 0000 000 100 100 000 1 1111111 1 1011011", 100),
                     INFLATE_BAD_LENGTHS);
}

/* A literal code with the end of the block only, one bit, and distance codes of no bits. The code
 * length code gives 18 one bit, 0 two, 1 three and 16 and 17 what the arguments say, lowest bit
 * first: 0, 10, 110 and, if one of them has three bits, 111 for it. */
#define ONE_SYMBOL(l16, l17)                                                                       \
    " 0111 " l16 l17 "100 010 000 000 000 000 000 000 000 000 000 000 000 000 000 110 "            \
    "0 1111111 0 1101011 110 "

static void code_with_one_symbol(void **state)
{
    (void)state;
    assert_int_equal(try_bits("1 01 00000 00000" ONE_SYMBOL("000", "110") "10  0", 8), INFLATE_OK);
    /* a 1 instead of the end of the block: no symbol has that code */
    assert_int_equal(try_bits("1 01 00000 00000" ONE_SYMBOL("000", "110") "10  1", 8),
                     INFLATE_BAD_CODE);
    /* three zeros where there are two distance codes, and three */
    assert_int_equal(try_bits("1 01 00000 10000" ONE_SYMBOL("000", "110") "111 000  0", 8),
                     INFLATE_BAD_LENGTHS);
    assert_int_equal(try_bits("1 01 00000 01000" ONE_SYMBOL("000", "110") "111 000  0", 8),
                     INFLATE_OK);
    /* the code length code has one code too few, and one too many, neither in use */
    assert_int_equal(try_bits("1 01 00000 00000" ONE_SYMBOL("000", "000") "10  0", 8),
                     INFLATE_BAD_LENGTHS);
    assert_int_equal(try_bits("1 01 00000 00000" ONE_SYMBOL("110", "110") "10  0", 8),
                     INFLATE_BAD_LENGTHS);
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
