/* SPDX-License-Identifier: MIT
 *
 * gzip: no input leads out of the input or the workspace, pieces have the size promised, the sink's
 * stop is passed on, and a result is one of the errors.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/inflate.h"

#define MAX_OUTPUT (1u << 18) /* so that one run does not unpack a bomb */

static volatile uint32_t sum;

static int sink(void *arg, const uint8_t *bytes, size_t n)
{
    size_t *total = arg;

    FUZZ_CHECK(n >= 1 && n <= INFLATE_WINDOW);
    sum += bytes[0] + bytes[n - 1];
    *total += n;
    return *total > MAX_OUTPUT ? -28 : 0;
}

bool fuzz_one(uint8_t *bytes, size_t len)
{
    static struct inflate_state *state;
    size_t total = 0;
    int error;

    if (!state)
        state = malloc(sizeof(*state));
    error = inflate_gzip(bytes, len, sink, &total, state);
    FUZZ_CHECK(error == -28 || (error >= 0 && error <= INFLATE_TRAILING));
    FUZZ_CHECK((error == -28) == (total > MAX_OUTPUT));
    FUZZ_CHECK(inflate_strerror(error) != NULL);
    return error == 0;
}
