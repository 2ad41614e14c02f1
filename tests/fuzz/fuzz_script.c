/* SPDX-License-Identifier: MIT
 *
 * The first line of scripts: interpreter and argument lie in the first line, hold no NUL, and the
 * interpreter no blank.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "loader/script.h"

bool fuzz_one(uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    struct script s;
    enum script_error error = script_parse(bytes, len, &s);

    FUZZ_CHECK(script_strerror(error) != NULL);
    if (error)
        return false;
    FUZZ_CHECK(s.interp >= text + 2 && s.interp_len > 0);
    FUZZ_CHECK((size_t)(s.interp - text) + s.interp_len <= MIN(len, (size_t)SCRIPT_LINE_MAX));
    for (size_t i = 0; i < s.interp_len; i++)
        FUZZ_CHECK(memchr(" \t\n", s.interp[i], 4) == NULL);
    if (s.arg) {
        FUZZ_CHECK(s.arg > s.interp + s.interp_len && s.arg_len > 0);
        FUZZ_CHECK((size_t)(s.arg - text) + s.arg_len <= MIN(len, (size_t)SCRIPT_LINE_MAX));
        FUZZ_CHECK(memchr(s.arg, '\n', s.arg_len) == NULL &&
                   memchr(s.arg, '\0', s.arg_len) == NULL);
    }
    return true;
}
