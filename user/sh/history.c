/* SPDX-License-Identifier: MIT
 *
 * The lines entered in this shell, as NUL-terminated strings one behind the other, oldest first.
 * The oldest make room for a new one. Nothing of it outlives the shell.
 */
#include <string.h>

#include "edit.h"
#include "sh.h"

#define HISTORY_BYTES 4096

static struct {
    size_t used;
    char text[HISTORY_BYTES];
} history;

const char *history_line(size_t back)
{
    size_t at = history.used;

    if (back == 0)
        return NULL;
    while (back-- > 0) {
        if (at == 0)
            return NULL;
        for (at--; at > 0 && history.text[at - 1]; at--)
            continue;
    }
    return history.text + at;
}

static void oldest_forget(void)
{
    size_t n = strlen(history.text) + 1;

    history.used -= n;
    memmove(history.text, history.text + n, history.used);
}

void history_begin(void)
{
    memset(history.text, ' ', sizeof history.text);
}

void history_add(const char *line, size_t len)
{
    const char *last = history_line(1);

    if (len == 0 || (last && strcmp(last, line) == 0))
        return;
    while (history.used + len + 1 > sizeof history.text)
        oldest_forget();
    memcpy(history.text + history.used, line, len + 1);
    history.used += len + 1;
}
