/* SPDX-License-Identifier: MIT
 *
 * The lines `front` and `back` of /proc/quire/clock: frames in hexadecimal, or `-`.
 */
#include <stdlib.h>
#include <string.h>

#include "hands.h"

static bool line_parse(const char *text, const char *start, unsigned long *frame)
{
    const char *at = strstr(text, start);
    char *end;

    if (!at)
        return false;
    at += strlen(start);
    *frame = strtoul(at, &end, 16);
    return end != at && *end == '\n';
}

bool hands_parse(const char *text, unsigned long *front, unsigned long *back)
{
    return line_parse(text, "\nfront ", front) && line_parse(text, "\nback ", back);
}
