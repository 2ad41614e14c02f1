/* SPDX-License-Identifier: MIT
 *
 * The kernel command line: words follow one another inside the text, values are found inside it,
 * and sizes agree with the host's strtoull.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base.h"
#include "lib/cmdline.h"

static void check_words(const char *from, const char *end)
{
    const char *p = from, *word, *before = from;
    size_t len;

    while (cmdline_next(&p, &word, &len)) {
        FUZZ_CHECK(word >= before && p > before && word + len <= p && p <= end);
        before = p;
    }
    FUZZ_CHECK(p == end);
}

static void check_size(const char *text)
{
    unsigned long long expected;
    uint64_t bytes = 0;
    char *rest;
    int error = cmdline_size(text, strlen(text), &bytes);

    errno = 0;
    expected = strtoull(text, &rest, strncmp(text, "0x", 2) == 0 ? 16 : 10);
    if (text[0] >= '0' && text[0] <= '9' && *rest == '\0' && errno == 0)
        FUZZ_CHECK(error == 0 && bytes == expected);
    if (error == 0 && *rest == '\0')
        FUZZ_CHECK(bytes == expected && errno == 0);
}

bool fuzz_one(uint8_t *bytes, size_t len)
{
    static const char *const keys[] = {"init", "a", "memlimit", "rdinit", "", "noaslr", "hat"};
    char *line = malloc(len + 1), *end;
    bool any = false;
    size_t n;

    memcpy(line, bytes, len);
    line[len] = '\0';
    end = line + strlen(line);
    check_words(line, end);
    check_words(cmdline_init_words(line), end);
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *value = cmdline_get(line, keys[i], &n);

        FUZZ_CHECK(!value || (value > line + strlen(keys[i]) && value + n <= end));
        any |= value || cmdline_flag(line, keys[i]);
    }
    check_size(line);
    free(line);
    return any;
}
