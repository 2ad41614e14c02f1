/* SPDX-License-Identifier: MIT
 *
 * The header of a swap area: any page is refused with a reason, or says of the area what is within
 * the device and what mkswap could have written, looked at here from scratch. A seed is what counts
 * of the page: ten bytes of magic, three words from offset 1024 on, the list of bad pages.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fs/swap_header.h"
#include "include/uapi/errno.h"

static uint32_t word(const uint8_t *bytes, unsigned at)
{
    return (uint32_t)bytes[at] | (uint32_t)bytes[at + 1] << 8 | (uint32_t)bytes[at + 2] << 16 |
           (uint32_t)bytes[at + 3] << 24;
}

static void check_good(const uint8_t *page, uint64_t device_pages, const struct swap_header *h)
{
    FUZZ_CHECK(memcmp(page + 4086, "SWAPSPACE2", 10) == 0 && word(page, 1024) == 1);
    FUZZ_CHECK(h->pages >= 2 && h->pages <= device_pages);
    FUZZ_CHECK(h->pages - 1 == word(page, 1028));
    FUZZ_CHECK(h->nbad == word(page, 1032) && h->nbad <= SWAP_HEADER_BAD_MAX);
    for (uint32_t i = 0; i < h->nbad; i++) {
        FUZZ_CHECK(h->bad[i] == word(page, 1536 + 4 * i));
        FUZZ_CHECK(h->bad[i] > (i ? h->bad[i - 1] : 0) && h->bad[i] < h->pages);
    }
}

bool fuzz_one(uint8_t *bytes, size_t len)
{
    static const uint64_t sizes[] = {0, 1, 2, 100, 1u << 20, UINT64_C(1) << 32, UINT64_MAX};
    uint8_t *page = calloc(1, PAGE_SIZE);
    struct swap_header *h = malloc(sizeof(*h));
    bool any = false;

    for (unsigned i = 0; i < len && i < 22 + 4 * 638; i++)
        page[i < 10 ? 4086 + i : i < 22 ? 1024 + i - 10 : 1536 + i - 22] = bytes[i];
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const char *why = NULL;
        int error = swap_header_read(page, sizes[i], h, &why);

        FUZZ_CHECK(error == 0 || (error == -EINVAL && why && why[0]));
        if (!error)
            check_good(page, sizes[i], h);
        any |= !error;
    }
    free(h);
    free(page);
    return any;
}
