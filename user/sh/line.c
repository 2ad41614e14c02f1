/* SPDX-License-Identifier: MIT
 *
 * Lines of input that nobody types: from a file, a pipe, an argument.
 * A line that is too long is read to its end and refused as a whole, never cut.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

/* The next byte, -1 at the end, -2 on an error. */
static int source_next(struct source *from)
{
    if (from->used == from->filled) {
        if (from->fd < 0)
            return -1;
        ssize_t got;
        do
            got = read(from->fd, from->buf, sizeof from->buf);
        while (got < 0 && errno == EINTR);
        if (got <= 0)
            return got < 0 ? -2 : -1;
        from->text = from->buf;
        from->used = 0;
        from->filled = (size_t)got;
    }
    return (unsigned char)from->text[from->used++];
}

enum line_result line_read(struct source *from, char *line, size_t *len)
{
    int c;

    *len = 0;
    while ((c = source_next(from)) >= 0 && c != '\n') {
        if (*len < LINE_MAX_BYTES)
            line[*len] = (char)(c ? c : '?');
        ++*len;
    }
    if (c == -2)
        return LINE_ERROR;
    if (c < 0 && *len == 0)
        return LINE_END;
    if (*len > LINE_MAX_BYTES)
        return LINE_TOO_LONG;
    line[*len] = '\0';
    return LINE_OK;
}
