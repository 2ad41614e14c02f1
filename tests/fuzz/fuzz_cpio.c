/* SPDX-License-Identifier: MIT
 *
 * cpio: every entry's name and data lie in the archive, the reader moves on with each, and an error
 * stays with its reason.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/base.h"
#include "lib/cpio.h"

static volatile uint32_t sum;

bool fuzz_one(uint8_t *bytes, size_t len)
{
    struct cpio_entry e;
    struct cpio c;
    size_t before = 0;
    int found;

    cpio_open(&c, bytes, len);
    while ((found = cpio_next(&c, &e)) > 0) {
        const uint8_t *name = (const uint8_t *)e.name;

        FUZZ_CHECK(c.at > before && c.at <= len);
        before = c.at;
        FUZZ_CHECK(name >= bytes && name + e.name_len < bytes + len && name[e.name_len] == 0);
        FUZZ_CHECK(e.data >= bytes && e.size <= len && e.data + e.size <= bytes + len);
        FUZZ_CHECK(e.name[0] != '/' && strncmp(e.name, "./", 2) != 0);
        for (uint32_t i = 0; i < e.size; i++)
            sum += e.data[i];
    }
    FUZZ_CHECK((found < 0) == (c.error != NULL));
    FUZZ_CHECK(cpio_next(&c, &e) == found);
    return found == 0;
}
