/* SPDX-License-Identifier: MIT
 *
 * The kernel's copy of the command line. Written once, before there is a second CPU or thread, and
 * constant from then on; no locks. How words, quotes and key=value are found is lib/cmdline.h's.
 */
#include "kern/bootargs.h"

#include <string.h>

#include "lib/cmdline.h"

static struct {
    char line[BOOTARGS_BYTES]; /* (c) after boot; ends with NUL */
} bootargs;

bool bootargs_set(const char *line)
{
    size_t len = strnlen(line, BOOTARGS_BYTES);
    bool fits = len < BOOTARGS_BYTES;

    len -= !fits;
    memcpy(bootargs.line, line, len);
    bootargs.line[len] = '\0';
    return fits;
}

const char *bootargs_line(void)
{
    return bootargs.line;
}

bool bootargs_get(const char *key, char *buf, size_t size)
{
    size_t len;
    const char *value = cmdline_get(bootargs.line, key, &len);

    if (!value || size == 0)
        return false;
    len = MIN(len, size - 1);
    memcpy(buf, value, len);
    buf[len] = '\0';
    return true;
}

bool bootargs_is(const char *key, const char *value)
{
    size_t len;
    const char *found = cmdline_get(bootargs.line, key, &len);

    return found && len == strlen(value) && memcmp(found, value, len) == 0;
}

bool bootargs_flag(const char *word)
{
    return cmdline_flag(bootargs.line, word);
}

uint32_t bootargs_size(const char *key, uint32_t def)
{
    size_t len;
    uint64_t bytes;
    const char *value = cmdline_get(bootargs.line, key, &len);

    if (!value || cmdline_size(value, len, &bytes) != 0 || bytes > UINT32_MAX)
        return def;
    return (uint32_t)bytes;
}
