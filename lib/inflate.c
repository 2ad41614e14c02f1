/* SPDX-License-Identifier: MIT
 *
 * DEFLATE and gzip. Bits are read from the lowest of each byte up into a 32-bit buffer. Behind the
 * end of the input it is fed zeros, which are counted: whoever used one of them has run past the
 * end, and is told so before the next symbol. The window is filled from its start, handed to the
 * sink when full, and filled again; it always holds the last 32 KiB.
 * Called by inflate_gzip's callers only. Source: RFC 1951, RFC 1952.
 */
#include "lib/inflate.h"

#include <string.h>

#define END_OF_BLOCK   256u
#define NLITERALS      286u /* symbols that may occur; 286 and 287 only fill the fixed code */
#define NDISTANCES     30u
#define NLENGTH_CODES  19u
#define CRC_POLYNOMIAL 0xedb88320u

enum {
    GZIP_HEADER_CRC = 2,
    GZIP_EXTRA = 4,
    GZIP_NAME = 8,
    GZIP_COMMENT = 16,
    GZIP_RESERVED = 0xe0
};

struct stream {
    const uint8_t *in, *end;
    uint32_t bits, nbits; /* the next bits, lowest first */
    uint32_t nphantom;    /* how many of nbits were not in the input (or were, and are used) */
    uint32_t at;          /* next free byte of the window */
    uint32_t written;     /* of this member, modulo 2^32 */
    bool wrapped;         /* the window has been full: any distance reaches data */
    uint32_t crc;
    inflate_sink_fn *sink;
    void *arg;
    struct inflate_state *s;
};

/* Bits: 25 at least are there afterwards. */
static void refill(struct stream *z)
{
    while (z->nbits <= 24) {
        if (z->in < z->end)
            z->bits |= (uint32_t)*z->in++ << z->nbits;
        else
            z->nphantom += 8;
        z->nbits += 8;
    }
}

static void drop(struct stream *z, uint32_t n)
{
    z->bits >>= n;
    z->nbits -= n;
}

static uint32_t take(struct stream *z, uint32_t n)
{
    uint32_t value;

    refill(z);
    value = z->bits & ((1u << n) - 1);
    drop(z, n);
    return value;
}

static bool past_end(const struct stream *z)
{
    return z->nphantom > z->nbits;
}

/* Leaves the bit buffer: drops the rest of a byte and gives whole bytes back to the input. */
static bool align_to_byte(struct stream *z)
{
    drop(z, z->nbits % 8);
    if (past_end(z))
        return false;
    z->in -= (z->nbits - z->nphantom) / 8;
    z->bits = z->nbits = z->nphantom = 0;
    return true;
}

/* Output. */

static uint32_t crc_update(const uint32_t table[256], uint32_t crc, const uint8_t *p, size_t n)
{
    crc = ~crc;
    while (n-- > 0)
        crc = table[(crc ^ *p++) & 0xff] ^ crc >> 8;
    return ~crc;
}

static void crc_prepare(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (unsigned bit = 0; bit < 8; bit++)
            c = c & 1 ? CRC_POLYNOMIAL ^ c >> 1 : c >> 1;
        table[i] = c;
    }
}

static int flush(struct stream *z)
{
    uint32_t n = z->at;
    int error = n > 0 ? z->sink(z->arg, z->s->window, n) : 0;

    z->crc = crc_update(z->s->crc_table, z->crc, z->s->window, n);
    z->written += n;
    z->wrapped |= n == INFLATE_WINDOW;
    z->at = 0;
    return MIN(error, 0);
}

static int flush_if_full(struct stream *z)
{
    return z->at == INFLATE_WINDOW ? flush(z) : 0;
}

static int copy_back(struct stream *z, uint32_t distance, uint32_t len)
{
    uint8_t *window = z->s->window;
    int error = 0;

    if (distance > z->at && !z->wrapped)
        return INFLATE_TOO_FAR;
    while (len > 0 && !error) {
        uint32_t from = (z->at - distance) % INFLATE_WINDOW;
        uint32_t n = MIN(len, INFLATE_WINDOW - MAX(z->at, from));

        /* Forwards, byte by byte: source and target may overlap to repeat a pattern. */
        for (uint32_t i = 0; i < n; i++)
            window[z->at + i] = window[from + i];
        z->at += n;
        len -= n;
        error = flush_if_full(z);
    }
    return error;
}

/* Prefix codes. */

static uint32_t reverse15(uint32_t x)
{
    x = (x & 0x5555) << 1 | (x >> 1 & 0x5555);
    x = (x & 0x3333) << 2 | (x >> 2 & 0x3333);
    x = (x & 0x0f0f) << 4 | (x >> 4 & 0x0f0f);
    x = (x & 0x00ff) << 8 | (x >> 8 & 0x00ff);
    return x >> 1;
}

/* Enters a code of len bits, whose first bit is its highest, in all places that begin with it. */
static void fill_fast(struct inflate_code *c, uint32_t code, uint32_t len, uint32_t symbol)
{
    uint32_t step = 1u << len;

    for (uint32_t i = reverse15(code << (INFLATE_MAX_BITS - len)); i < ARRAY_SIZE(c->fast);
         i += step)
        c->fast[i] = (uint16_t)(symbol << 4 | len);
}

/* Builds the code in which symbol i has lengths[i] bits, 0 for none. False if too many codes are
 * asked for, or too few; a single code of one bit passes, as does none at all. */
static bool build_code(struct inflate_code *c, const uint8_t *lengths, uint32_t n)
{
    uint16_t count[INFLATE_MAX_BITS + 1] = {0}, next[INFLATE_MAX_BITS + 1];
    uint32_t code = 0, index = 0, used;

    memset(c->fast, 0, sizeof(c->fast));
    for (uint32_t i = 0; i < n; i++)
        count[lengths[i]]++;
    used = n - count[0];
    for (uint32_t len = 1; len <= INFLATE_MAX_BITS; len++) {
        code <<= 1;
        next[len] = (uint16_t)index;
        c->base[len] = (uint16_t)(index - code);
        code += count[len];
        index += count[len];
        c->limit[len] = code << (INFLATE_MAX_BITS - len);
    }
    if (code != 1u << INFLATE_MAX_BITS && !(used == 0 || (used == 1 && count[1] == 1)))
        return false;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = lengths[i];

        if (len == 0)
            continue;
        c->symbol[next[len]] = (uint16_t)i;
        if (len <= INFLATE_FAST_BITS)
            fill_fast(c, (uint16_t)(next[len] - c->base[len]), len, i);
        next[len]++;
    }
    return true;
}

/* Codes longer than the fast table's, and bit patterns that are no code: -1. */
static int decode_slowly(struct stream *z, const struct inflate_code *c)
{
    uint32_t code = reverse15(z->bits & 0x7fff);

    for (uint32_t len = 1; len <= INFLATE_MAX_BITS; len++) {
        if (code >= c->limit[len])
            continue;
        drop(z, len);
        return c->symbol[(uint16_t)((code >> (INFLATE_MAX_BITS - len)) + c->base[len])];
    }
    return -1;
}

/* The next symbol, or -1. At least 10 bits are left in the buffer. */
static int decode(struct stream *z, const struct inflate_code *c)
{
    uint32_t entry;

    refill(z);
    entry = c->fast[z->bits % ARRAY_SIZE(c->fast)];
    if (entry == 0)
        return decode_slowly(z, c);
    drop(z, entry & 15);
    return (int)(entry >> 4);
}

/* Blocks. */

static int stored_block(struct stream *z)
{
    uint32_t len;

    if (!align_to_byte(z) || z->end - z->in < 4)
        return INFLATE_TRUNCATED;
    len = z->in[0] | (uint32_t)z->in[1] << 8;
    if ((len ^ 0xffff) != (z->in[2] | (uint32_t)z->in[3] << 8))
        return INFLATE_BAD_STORED;
    z->in += 4;
    if ((size_t)(z->end - z->in) < len)
        return INFLATE_TRUNCATED;
    while (len > 0) {
        uint32_t n = MIN(len, INFLATE_WINDOW - z->at);
        int error;

        memcpy(z->s->window + z->at, z->in, n);
        z->at += n;
        z->in += n;
        len -= n;
        error = flush_if_full(z);
        if (error)
            return error;
    }
    return 0;
}

static void fixed_codes(struct inflate_state *s)
{
    uint8_t lengths[INFLATE_SYMBOLS];

    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 256 - 144);
    memset(lengths + 256, 7, 280 - 256);
    memset(lengths + 280, 8, 288 - 280);
    (void)build_code(&s->literal, lengths, INFLATE_SYMBOLS);
    memset(lengths, 5, 32);
    (void)build_code(&s->distance, lengths, 32);
}

/* Reads n code lengths, themselves packed by the code in s->literal (RFC 1951, 3.2.7). */
static int read_lengths(struct stream *z, uint8_t *lengths, uint32_t n)
{
    for (uint32_t i = 0; i < n;) {
        int symbol = decode(z, &z->s->literal);
        uint32_t times = 1;
        uint8_t value = (uint8_t)symbol;

        if (past_end(z))
            return INFLATE_TRUNCATED;
        if (symbol < 0 || (symbol == 16 && i == 0))
            return INFLATE_BAD_LENGTHS;
        if (symbol == 16) {
            value = lengths[i - 1];
            times = 3 + take(z, 2);
        } else if (symbol > 16) {
            value = 0;
            times = symbol == 17 ? 3 + take(z, 3) : 11 + take(z, 7);
        }
        if (times > n - i)
            return INFLATE_BAD_LENGTHS;
        memset(lengths + i, value, times);
        i += times;
    }
    return 0;
}

static int dynamic_codes(struct stream *z)
{
    static const uint8_t order[NLENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                 11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[NLITERALS + NDISTANCES] = {0};
    uint32_t nliterals = 257 + take(z, 5), ndistances = 1 + take(z, 5), n = 4 + take(z, 4);
    int error;

    if (nliterals > NLITERALS || ndistances > NDISTANCES)
        return INFLATE_BAD_LENGTHS;
    for (uint32_t i = 0; i < n; i++)
        lengths[order[i]] = (uint8_t)take(z, 3);
    if (past_end(z))
        return INFLATE_TRUNCATED;
    if (!build_code(&z->s->literal, lengths, NLENGTH_CODES))
        return INFLATE_BAD_LENGTHS;
    error = read_lengths(z, lengths, nliterals + ndistances);
    if (error)
        return error;
    if (lengths[END_OF_BLOCK] == 0 || !build_code(&z->s->literal, lengths, nliterals) ||
        !build_code(&z->s->distance, lengths + nliterals, ndistances))
        return INFLATE_BAD_LENGTHS;
    return 0;
}

/* The length and distance behind a length symbol, 257 and up, and the copy itself. */
static int copy_symbol(struct stream *z, uint32_t symbol)
{
    static const uint16_t length_base[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                           2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distance_base[NDISTANCES] = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    uint32_t len;
    int d;

    symbol -= END_OF_BLOCK + 1;
    if (symbol >= ARRAY_SIZE(length_base))
        return INFLATE_BAD_CODE;
    len = length_base[symbol] + take(z, length_extra[symbol]);
    d = decode(z, &z->s->distance);
    if (d < 0 || d >= (int)NDISTANCES)
        return INFLATE_BAD_CODE;
    /* Two distance codes share a number of extra bits, the first four have none. */
    return copy_back(z, distance_base[d] + take(z, d < 2 ? 0 : (uint32_t)d / 2 - 1), len);
}

static int coded_block(struct stream *z)
{
    for (;;) {
        int symbol = decode(z, &z->s->literal), error;

        if (unlikely(past_end(z)))
            return INFLATE_TRUNCATED;
        if (symbol == (int)END_OF_BLOCK)
            return 0;
        if (symbol < 0)
            return INFLATE_BAD_CODE;
        if (symbol < (int)END_OF_BLOCK) {
            z->s->window[z->at++] = (uint8_t)symbol;
            error = flush_if_full(z);
        } else {
            error = copy_symbol(z, (uint32_t)symbol);
        }
        if (unlikely(error))
            return error;
    }
}

static int inflate_block(struct stream *z, uint32_t type)
{
    int error = 0;

    switch (type) {
    case 0: return stored_block(z);
    case 1: fixed_codes(z->s); break;
    case 2: error = dynamic_codes(z); break;
    default: return INFLATE_BAD_BLOCK;
    }
    return error ? error : coded_block(z);
}

static int inflate_blocks(struct stream *z)
{
    uint32_t last;
    int error;

    do {
        last = take(z, 1);
        error = inflate_block(z, take(z, 2));
        if (past_end(z))
            return INFLATE_TRUNCATED;
    } while (!error && !last);
    return error ? error : flush(z);
}

/* The wrapper. */

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Passes over n bytes or a string with its NUL; false if they are not all there. */
static bool skip(struct stream *z, size_t n)
{
    if ((size_t)(z->end - z->in) < n)
        return false;
    z->in += n;
    return true;
}

static bool skip_string(struct stream *z)
{
    const uint8_t *nul = memchr(z->in, 0, (size_t)(z->end - z->in));

    return nul && skip(z, (size_t)(nul - z->in) + 1);
}

static bool skip_extra(struct stream *z)
{
    const uint8_t *size = z->in;

    return skip(z, 2) && skip(z, size[0] | (size_t)size[1] << 8);
}

bool inflate_is_gzip(const uint8_t *in, size_t len)
{
    return len >= 2 && in[0] == 0x1f && in[1] == 0x8b;
}

static int member_header(struct stream *z)
{
    const uint8_t *start = z->in;
    uint32_t crc;

    if (!inflate_is_gzip(start, (size_t)(z->end - start)))
        return INFLATE_NOT_GZIP;
    if (!skip(z, 10))
        return INFLATE_TRUNCATED;
    if (start[2] != 8)
        return INFLATE_BAD_METHOD;
    if (start[3] & GZIP_RESERVED)
        return INFLATE_BAD_HEADER;
    if (((start[3] & GZIP_EXTRA) && !skip_extra(z)) ||
        ((start[3] & GZIP_NAME) && !skip_string(z)) ||
        ((start[3] & GZIP_COMMENT) && !skip_string(z)))
        return INFLATE_TRUNCATED;
    if (!(start[3] & GZIP_HEADER_CRC))
        return 0;
    crc = crc_update(z->s->crc_table, 0, start, (size_t)(z->in - start));
    if (!skip(z, 2))
        return INFLATE_TRUNCATED;
    return (crc & 0xffff) == (z->in[-2] | (uint32_t)z->in[-1] << 8) ? 0 : INFLATE_BAD_HEADER;
}

static int member(struct stream *z)
{
    int error = member_header(z);

    if (!error) {
        z->at = z->written = z->crc = 0;
        z->wrapped = false;
        error = inflate_blocks(z);
    }
    if (error)
        return error;
    if (!align_to_byte(z) || !skip(z, 8))
        return INFLATE_TRUNCATED;
    if (le32(z->in - 8) != z->crc)
        return INFLATE_BAD_CRC;
    return le32(z->in - 4) == z->written ? 0 : INFLATE_BAD_SIZE;
}

int inflate_gzip(const uint8_t *in, size_t len, inflate_sink_fn *sink, void *arg,
                 struct inflate_state *state)
{
    struct stream z = {.in = in, .end = in + len, .sink = sink, .arg = arg, .s = state};
    int error;

    crc_prepare(state->crc_table);
    do {
        error = member(&z);
    } while (!error && inflate_is_gzip(z.in, (size_t)(z.end - z.in)));
    while (!error && z.in < z.end)
        if (*z.in++ != 0)
            error = INFLATE_TRAILING;
    return error;
}

const char *inflate_strerror(int error)
{
    static const char *const text[] = {
        [INFLATE_OK] = "no error",
        [INFLATE_NOT_GZIP] = "not a gzip file",
        [INFLATE_BAD_METHOD] = "packed by an unknown method",
        [INFLATE_BAD_HEADER] = "damaged gzip header",
        [INFLATE_TRUNCATED] = "truncated",
        [INFLATE_BAD_BLOCK] = "unknown type of block",
        [INFLATE_BAD_STORED] = "damaged length of a stored block",
        [INFLATE_BAD_LENGTHS] = "damaged code lengths",
        [INFLATE_BAD_CODE] = "damaged code",
        [INFLATE_TOO_FAR] = "copy from before the start",
        [INFLATE_BAD_CRC] = "checksum does not match",
        [INFLATE_BAD_SIZE] = "length does not match",
        [INFLATE_TRAILING] = "other bytes behind the end",
    };

    return error >= 0 && error < (int)ARRAY_SIZE(text) ? text[error] : "stopped by the receiver";
}
