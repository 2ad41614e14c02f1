/* SPDX-License-Identifier: MIT
 *
 * What programs may see of one file that is mapped, shared and private, in a few address spaces: a
 * machine without caches, frames or page tables that does one event at a time. A history of events,
 * each with the time when it began and when it ended, is lawful if there is an order of all of
 * them, each within its time, in which this machine answers as the kernel did (linearizability,
 * Herlihy and Wing 1990). Truncation is several events: in between a mapping may show either.
 */
#ifndef TESTS_COOP_LAW_H
#define TESTS_COOP_LAW_H

#include <stdbool.h>
#include <stdint.h>

#define LAW_SPACES  3u
#define LAW_PAGES   3u
#define LAW_OFFSETS 2u  /* watched bytes of a page */
#define LAW_EVENTS  64u /* of a history at most */

enum law_what {
    LAW_LOAD,  /* result: the byte, or less than 0: -enum fault_error */
    LAW_STORE, /* into a shared mapping */
    LAW_COPY,  /* a store to a private one takes the page as it is, */
    LAW_SET,   /* and from then on it is the space's own, with the byte in it */
    LAW_READ,  /* result: the byte, or -1: beyond the end */
    LAW_WRITE, /* the byte gets into the page, */
    LAW_GROW,  /* and then the size is at least `value` bytes */
    LAW_SIZE,  /* truncate: the size is `value` bytes, */
    LAW_DROP,  /* then pages behind it are others, */
    LAW_END,   /* then no mapping has the old ones, */
    LAW_TAIL,  /* then the rest of the last page is zero */
    LAW_UNMAP, /* a page of a mapping */
    LAW_FORK,  /* space `to` is as `space` */
    LAW_SYNC,  /* the page goes to the disk */
    LAW_DISK,  /* result: the byte there */
};

struct law_event {
    enum law_what what;
    uint8_t thread, space, to, page, offset;
    bool shared;
    int value, result;
    unsigned begin, end;
    int after; /* number of an event that comes before, or -1 */
};

struct law_start {
    unsigned pages;      /* mapped */
    uint32_t size_bytes; /* of the file */
    unsigned spaces;     /* that exist in the beginning */
    bool own;            /* whose private pages are their own, as the file's are */
    uint16_t offset[LAW_OFFSETS];
    uint8_t byte[LAW_PAGES][LAW_OFFSETS];
};

struct law_history {
    struct law_start start;
    unsigned n;
    struct law_event event[LAW_EVENTS];
};

bool law_holds(const struct law_history *h);
void law_print(const struct law_history *h);

#endif
