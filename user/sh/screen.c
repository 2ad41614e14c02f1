/* SPDX-License-Identifier: MIT
 *
 * One row of the screen: the prompt and as much of the line as fits, scrolled sideways, with < and
 * > where it goes on. One row only, because the width of a terminal on a serial line is a guess: a
 * narrow row is right on a wide terminal, a wrapped one is not.
 * What the row shows is remembered, so that only what differs is written. Each character is taken
 * to be one column wide.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"

#define COLUMNS_MAX 255
#define COLUMNS_MIN 8
#define JUMP_MAX    4 /* as long as the shortest sequence that moves the cursor */

static struct {
    unsigned width;         /* columns for the line */
    unsigned first, cursor; /* column of the line at the left edge; of the row under the cursor */
    size_t len;
    char shown[4 * COLUMNS_MAX + 4];
} screen;

static unsigned columns(const char *text, size_t len)
{
    unsigned count = 0;

    for (size_t i = 0; i < len; i++)
        count += is_start(text[i]);
    return count;
}

void screen_begin(void)
{
    unsigned all = terminal_columns(), prompt = sizeof PROMPT; /* one column stays free */

    memset(&screen, 0, sizeof screen);
    screen.width = all < prompt + COLUMNS_MIN ? COLUMNS_MIN : all - prompt;
    if (screen.width > COLUMNS_MAX)
        screen.width = COLUMNS_MAX;
    fputs(PROMPT, stdout);
    fflush(stdout);
}

static void cursor_move(unsigned to)
{
    unsigned back = screen.cursor > to ? screen.cursor - to : 0;

    if (back > JUMP_MAX)
        printf("\x1b[%uD", back);
    else
        while (back-- > 0)
            putchar('\b');
    if (to > screen.cursor)
        printf("\x1b[%uC", to - screen.cursor);
    screen.cursor = to;
}

/* Scrolls so that the cursor is in view, by half a row at a time: typing on and on then costs two
 * columns of output a character. */
static void view_move(unsigned cursor, unsigned total)
{
    unsigned half = screen.width / 2;

    if (total < screen.width)
        screen.first = 0;
    else if ((screen.first && cursor <= screen.first) || cursor + 1 >= screen.first + screen.width)
        screen.first = cursor > half ? cursor - half : 0;
}

/* The row that shows the line from column screen.first on; returns its length in bytes. */
static size_t row_make(const struct edit *edit, char row[sizeof screen.shown])
{
    unsigned column = 0, total = columns(edit->text, edit->len);
    unsigned end = screen.first + screen.width;
    size_t len = 0;

    for (size_t i = 0; i < edit->len && len < sizeof screen.shown - 1; i++) {
        bool start = is_start(edit->text[i]);
        column += start;
        if (column <= screen.first || column > end)
            continue;
        if (column == screen.first + 1 && screen.first) {
            if (start)
                row[len++] = '<';
        } else if (column == end && total > end) {
            if (start)
                row[len++] = '>';
        } else {
            row[len++] = edit->text[i];
        }
    }
    return len;
}

/* Bytes that both begin with, up to the start of a character. */
static size_t common(const char *row, size_t len)
{
    size_t same = 0;

    while (same < len && same < screen.len && row[same] == screen.shown[same])
        same++;
    while (same > 0 && ((same < len && !is_start(row[same])) ||
                        (same < screen.len && !is_start(screen.shown[same]))))
        same--;
    return same;
}

static void row_show(const char *row, size_t len)
{
    size_t same = common(row, len);
    unsigned before = columns(screen.shown, screen.len);

    if (same == len && same == screen.len)
        return;
    cursor_move(columns(row, same));
    fwrite(row + same, 1, len - same, stdout);
    screen.cursor = columns(row, len);
    if (screen.cursor < before)
        fputs("\x1b[K", stdout);
    memcpy(screen.shown, row, len);
    screen.len = len;
}

void screen_update(const struct edit *edit)
{
    char row[sizeof screen.shown];
    unsigned cursor = columns(edit->text, edit->at);

    view_move(cursor, columns(edit->text, edit->len));
    row_show(row, row_make(edit, row));
    cursor_move(cursor - screen.first);
    fflush(stdout);
}

void screen_end(const struct edit *edit, const char *mark)
{
    if (columns(edit->text, edit->len) < screen.width) {
        screen_update(edit);
        cursor_move(columns(edit->text, edit->len));
    } else {
        fputs("\r" PROMPT, stdout);
        fflush(stdout);
        write(1, edit->text, edit->len); /* past stdout's buffer, which it would make grow */
    }
    printf("%s\n", mark);
    fflush(stdout);
}

void screen_clear(void)
{
    fputs("\x1b[H\x1b[2J", stdout);
    screen_begin();
}

void screen_bell(void)
{
    putchar('\a');
}
