/* SPDX-License-Identifier: MIT
 *
 * Finds the end of the line first and then only looks inside it.
 */
#include "loader/script.h"

#include <string.h>

#include "include/uapi/errno.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts blanks off both ends of [*from, *to). */
static void trim(const char **from, const char **to)
{
    while (*from < *to && is_blank(**from))
        ++*from;
    while (*from < *to && is_blank((*to)[-1]))
        --*to;
}

enum script_error script_parse(const void *bytes, size_t len, struct script *out)
{
    const char *line = bytes, *end, *word;

    if (len < 2 || line[0] != '#' || line[1] != '!')
        return SCRIPT_NOT_A_SCRIPT;
    end = memchr(line, '\n', MIN(len, (size_t)SCRIPT_LINE_MAX + 1));
    if (!end && len > SCRIPT_LINE_MAX)
        return SCRIPT_TOO_LONG;
    if (!end)
        end = line + len;
    line += 2;
    if (memchr(line, '\0', (size_t)(end - line)))
        return SCRIPT_NUL;

    trim(&line, &end);
    for (word = line; word < end && !is_blank(*word); word++)
        ;
    if (word == line)
        return SCRIPT_EMPTY;
    *out = (struct script){.interp = line, .interp_len = (size_t)(word - line)};
    trim(&word, &end);
    if (word < end) {
        out->arg = word;
        out->arg_len = (size_t)(end - word);
    }
    return SCRIPT_OK;
}

bool script_is_text(const void *bytes, size_t len)
{
    const unsigned char *p = bytes, *end = p + MIN(len, (size_t)SCRIPT_LINE_MAX);

    while (p < end && *p != '\n') {
        if ((*p < ' ' && *p != '\t' && *p != '\r') || *p == 0x7f)
            return false;
        p++;
    }
    return len > 0;
}

const char *script_strerror(enum script_error error)
{
    static const char *const text[SCRIPT_NERRORS] = {
        [SCRIPT_OK] = "no error",
        [SCRIPT_NOT_A_SCRIPT] = "not a script",
        [SCRIPT_EMPTY] = "script names no interpreter",
        [SCRIPT_TOO_LONG] = "first line of the script is too long",
        [SCRIPT_NUL] = "zero byte in the first line of the script",
    };

    return (unsigned)error < SCRIPT_NERRORS ? text[error] : "unknown error";
}

int script_errno(enum script_error error)
{
    return error == SCRIPT_OK ? 0 : -ENOEXEC;
}
