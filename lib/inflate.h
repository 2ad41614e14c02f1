/* SPDX-License-Identifier: MIT
 *
 * Unpacks gzip files: DEFLATE with the checks of its wrapper. The input lies in memory, the output
 * goes piece by piece to the caller's sink, so that its size need not be known before. All memory
 * is the caller's struct inflate_state (some 40 KiB: not for a stack). Input may be anybody's
 * bytes: it never gets more than its own output, and each kind of damage has its own error. No
 * locks; called at boot for the ramdisk. Source: RFC 1951 (DEFLATE), RFC 1952 (gzip).
 */
#ifndef LIB_INFLATE_H
#define LIB_INFLATE_H

#include "lib/base.h"

#define INFLATE_WINDOW    32768u /* bytes a copy may reach back; also the largest piece */
#define INFLATE_FAST_BITS 9u     /* codes up to this length are found by one look into a table */
#define INFLATE_MAX_BITS  15u
#define INFLATE_SYMBOLS   288u

enum inflate_error {
    INFLATE_OK,
    INFLATE_NOT_GZIP,
    INFLATE_BAD_METHOD,
    INFLATE_BAD_HEADER,
    INFLATE_TRUNCATED,
    INFLATE_BAD_BLOCK,
    INFLATE_BAD_STORED,
    INFLATE_BAD_LENGTHS,
    INFLATE_BAD_CODE,
    INFLATE_TOO_FAR,
    INFLATE_BAD_CRC,
    INFLATE_BAD_SIZE,
    INFLATE_TRAILING,
};

/* One prefix code; codes are compared as 15-bit numbers, first bit highest. */
struct inflate_code {
    uint16_t fast[1u << INFLATE_FAST_BITS]; /* symbol << 4 | length; 0: not a short code */
    uint32_t limit[INFLATE_MAX_BITS + 1];   /* codes of this length are below it */
    uint16_t base[INFLATE_MAX_BITS + 1];    /* code of this length + base = index in symbol[] */
    uint16_t symbol[INFLATE_SYMBOLS];       /* in the order of their codes */
};

struct inflate_state {
    uint8_t window[INFLATE_WINDOW];
    struct inflate_code literal, distance;
    uint32_t crc_table[256];
};

typedef int inflate_sink_fn(void *arg, const uint8_t *bytes, size_t n);

/* Unpacks all members of the file; zero bytes may follow them. sink gets the output in order, at
 * most INFLATE_WINDOW bytes at a time, and stops everything with a negative number. *state needs no
 * preparation. 0; an enum inflate_error; or the sink's negative number. What the sink got before an
 * error is unchecked. */
int inflate_gzip(const uint8_t *in, size_t len, inflate_sink_fn *sink, void *arg,
                 struct inflate_state *state) __must_check;

/* The bytes begin as a gzip file does. */
bool inflate_is_gzip(const uint8_t *in, size_t len);

/* What a positive result of inflate_gzip means, in words. */
const char *inflate_strerror(int error);

#endif
