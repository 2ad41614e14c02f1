/* SPDX-License-Identifier: MIT
 *
 * What keys do to the line. The table holds the keys with a meaning; everything else that is no
 * control character goes into the line. Bytes from 0x80 on are taken as UTF-8, and the cursor steps
 * over whole characters.
 */
#include <stdio.h>
#include <string.h>

#include "edit.h"
#include "sh.h"

#define CTRL(c) ((c)&0x1f)
#define DELETE  0x7f

static struct edit edit;

/* The line that was being typed when the person went back in history, and how far that is. */
static struct {
    size_t back, len;
    char typed[LINE_MAX_BYTES];
} past;

void edit_insert(struct edit *e, const char *bytes, size_t n)
{
    size_t room = sizeof e->text - e->len;

    if (n > room) {
        e->dropped += n - room;
        n = room;
        screen_bell();
    }
    memmove(e->text + e->at + n, e->text + e->at, e->len - e->at);
    memcpy(e->text + e->at, bytes, n);
    e->at += n;
    e->len += n;
}

static size_t before(const struct edit *e, size_t at)
{
    while (at > 0 && !is_start(e->text[--at]))
        continue;
    return at;
}

static size_t behind(const struct edit *e, size_t at)
{
    while (at < e->len && ++at < e->len && !is_start(e->text[at]))
        continue;
    return at;
}

/* Takes out the bytes from `from` up to `to`; the cursor stands there then. */
static void cut(struct edit *e, size_t from, size_t to)
{
    memmove(e->text + from, e->text + to, e->len - to);
    e->len -= to - from;
    e->at = from;
    if (e->len == 0)
        e->dropped = 0;
}

static void move_left(struct edit *e)
{
    e->at = before(e, e->at);
}

static void move_right(struct edit *e)
{
    e->at = behind(e, e->at);
}

static void move_home(struct edit *e)
{
    e->at = 0;
}

static void move_end(struct edit *e)
{
    e->at = e->len;
}

static void erase_before(struct edit *e)
{
    cut(e, before(e, e->at), e->at);
}

static void erase_here(struct edit *e)
{
    cut(e, e->at, behind(e, e->at));
}

static void erase_to_end(struct edit *e)
{
    cut(e, e->at, e->len);
}

static void erase_to_start(struct edit *e)
{
    cut(e, 0, e->at);
}

static void erase_word(struct edit *e)
{
    size_t from = e->at;

    while (from > 0 && e->text[from - 1] == ' ')
        from--;
    while (from > 0 && e->text[from - 1] != ' ')
        from--;
    cut(e, from, e->at);
}

/* Exchanges the characters around the cursor, at the end the last two. */
static void transpose(struct edit *e)
{
    size_t middle = e->at == e->len ? before(e, e->at) : e->at;
    size_t from = before(e, middle), to = behind(e, middle), n = middle - from;
    char first[8];

    if (from == middle || n > sizeof first)
        return;
    memcpy(first, e->text + from, n);
    memmove(e->text + from, e->text + middle, to - middle);
    memcpy(e->text + to - n, first, n);
    e->at = to;
}

static void clear(struct edit *e)
{
    (void)e;
    screen_clear();
}

/* Shows the line entered `back` lines ago; 0: what was typed before going back. */
static void past_show(struct edit *e, size_t back)
{
    const char *line = back ? history_line(back) : past.typed;

    if (!line || (past.back == 0 && e->len > sizeof past.typed)) {
        screen_bell();
        return;
    }
    if (past.back == 0) {
        memcpy(past.typed, e->text, e->len);
        past.len = e->len;
    }
    past.back = back;
    cut(e, 0, e->len);
    edit_insert(e, line, back ? strlen(line) : past.len);
}

static void past_older(struct edit *e)
{
    past_show(e, past.back + 1);
}

static void past_newer(struct edit *e)
{
    if (past.back > 0)
        past_show(e, past.back - 1);
    else
        screen_bell();
}

static const struct {
    short key;
    void (*act)(struct edit *e);
} actions[] = {
    {CTRL('A'), move_home},   {CTRL('B'), move_left},    {CTRL('E'), move_end},
    {CTRL('F'), move_right},  {CTRL('H'), erase_before}, {CTRL('K'), erase_to_end},
    {CTRL('L'), clear},       {CTRL('T'), transpose},    {CTRL('U'), erase_to_start},
    {CTRL('W'), erase_word},  {DELETE, erase_before},    {KEY_LEFT, move_left},
    {KEY_RIGHT, move_right},  {KEY_HOME, move_home},     {KEY_END, move_end},
    {KEY_DELETE, erase_here}, {KEY_UP, past_older},      {KEY_DOWN, past_newer},
    {CTRL('P'), past_older},  {CTRL('N'), past_newer},
};

static void tab_act(bool again)
{
    size_t before = edit.len;

    if (complete(&edit, again))
        screen_begin();
    else if (edit.len == before)
        screen_bell();
}

/* last: the key before this one. */
static void key_act(int key, int last)
{
    if (key == '\t') {
        tab_act(last == '\t');
        return;
    }
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (actions[i].key == key) {
            actions[i].act(&edit);
            return;
        }
    if (key >= ' ' && key < KEY_NONE)
        edit_insert(&edit, &(char){(char)key}, 1);
}

/* Bytes of UTF-8 still to come behind this one. The screen waits for them. */
static int bytes_missing(int key, int missing)
{
    if (key >= 0xf0 && key < 0xf8)
        return 3;
    if (key >= 0xe0 && key < 0xf0)
        return 2;
    if (key >= 0xc0 && key < 0xe0)
        return 1;
    return key >= 0x80 && key < 0xc0 && missing > 0 ? missing - 1 : 0;
}

static enum line_result line_finish(char *line, size_t *len)
{
    screen_end(&edit, "");
    *len = edit.len + edit.dropped;
    if (*len > LINE_MAX_BYTES)
        return LINE_TOO_LONG;
    memcpy(line, edit.text, edit.len);
    line[edit.len] = '\0';
    history_add(line, edit.len);
    return LINE_OK;
}

/* Ctrl-D, and the mark that a Ctrl-D from before the shell read leaves: the end of an empty line,
 * else what Delete does. */
static bool is_end(int key)
{
    if (key != CTRL('D') && key != 0)
        return key == KEY_END_OF_INPUT;
    if (edit.len == 0)
        return true;
    erase_here(&edit);
    return false;
}

enum line_result line_edit(char *line, size_t *len)
{
    int key = KEY_NONE, last, missing = 0;

    terminal_take();
    edit.len = edit.at = edit.dropped = past.back = 0;
    screen_begin();
    for (;;) {
        if (!missing && !key_waits())
            screen_update(&edit);
        last = key;
        key = key_read();
        missing = bytes_missing(key, missing);
        if (key == '\r' || key == '\n')
            return line_finish(line, len);
        if (key == CTRL('C')) {
            screen_end(&edit, "^C");
            return LINE_INTERRUPTED;
        }
        if (key == KEY_ERROR)
            return LINE_ERROR;
        if (is_end(key))
            return LINE_END;
        key_act(key, last);
    }
}
