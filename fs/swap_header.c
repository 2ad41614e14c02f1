/* SPDX-License-Identifier: MIT
 *
 * Nothing that the page says is believed.
 */
#include "fs/swap_header.h"

#include <string.h>

#include "include/uapi/errno.h"

/* Offsets in the page, bytes; words are little-endian. */
#define VERSION_AT   1024u
#define LAST_PAGE_AT 1028u
#define NBAD_AT      1032u
#define BAD_AT       1536u
#define MAGIC_AT     (PAGE_SIZE - 10)

static const char magic[10] = "SWAPSPACE2", old_magic[10] = "SWAP-SPACE";

static uint32_t word_at(const char *page, uint32_t offset)
{
    uint32_t w;

    memcpy(&w, page + offset, sizeof(w));
    return w;
}

static int refuse(const char **why, const char *text)
{
    *why = text;
    return -EINVAL;
}

int swap_header_read(const void *page, uint64_t device_pages, struct swap_header *h,
                     const char **why)
{
    const char *bytes = page;
    uint32_t last = word_at(bytes, LAST_PAGE_AT), nbad = word_at(bytes, NBAD_AT);

    if (memcmp(bytes + MAGIC_AT, old_magic, sizeof(old_magic)) == 0)
        return refuse(why, "its header is of version 0: mkswap makes a new one");
    if (memcmp(bytes + MAGIC_AT, magic, sizeof(magic)) != 0)
        return refuse(why, "it has no swap header: mkswap makes one");
    if (word_at(bytes, VERSION_AT) != 1)
        return refuse(why, "its header is of an unknown version");
    if (last == 0)
        return refuse(why, "its header says that it has no page");
    if (last >= device_pages || last == UINT32_MAX)
        return refuse(why, "its header says that it is larger than the device");
    if (nbad > SWAP_HEADER_BAD_MAX)
        return refuse(why, "its header has more bad pages than there is room for");
    h->pages = last + 1;
    h->nbad = nbad;
    for (uint32_t i = 0; i < nbad; i++) {
        h->bad[i] = word_at(bytes, BAD_AT + i * (uint32_t)sizeof(uint32_t));
        if (h->bad[i] == 0 || h->bad[i] > last || (i && h->bad[i] <= h->bad[i - 1]))
            return refuse(why, "its header's list of bad pages is no list");
    }
    return 0;
}
