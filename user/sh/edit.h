/* SPDX-License-Identifier: MIT
 *
 * The line editor's parts: what keys do (edit.c), what the screen shows of it (screen.c), earlier
 * lines (history.c), names to complete (complete.c), keys and modes of the terminal (terminal.c).
 */
#ifndef SH_EDIT_H
#define SH_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include <termios.h>

#define PROMPT         "quire# "
#define EDIT_MAX_BYTES 2048 /* more than a line may have, so that it can be cut down again */

/* The line being edited. It never holds control characters. */
struct edit {
    size_t len, at; /* bytes; at: the cursor, in front of a character or at the end */
    size_t dropped; /* bytes that found no room; the line can't be used any more */
    char text[EDIT_MAX_BYTES];
};

/* Keys that are not one byte. */
enum key {
    KEY_ERROR = -2,
    KEY_END_OF_INPUT = -1,
    KEY_NONE = 256, /* a sequence that means nothing here */
    KEY_UP,
    KEY_DOWN,
    KEY_RIGHT,
    KEY_LEFT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
};

/* Learns the modes that programs get; once, before the others. */
void terminal_begin(void);
/* No echo, no editing, no signals: keys come as they are typed. */
void terminal_take(void);
/* The modes for programs: set now, or for the child to set once it is in the foreground. */
void terminal_give(void);
const struct termios *terminal_settings(void);
unsigned terminal_columns(void);
/* The next key. One byte a read, so that what was typed behind a line is left for the program that
 * the line starts. */
int key_read(void);
/* There is more to come at once: the screen may wait. */
bool key_waits(void);

/* First byte of a character, as opposed to the following ones of UTF-8. */
static inline bool is_start(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* A prompt on a fresh line. */
void screen_begin(void);
/* Makes the row show the line, or the part around the cursor that fits. */
void screen_update(const struct edit *edit);
/* Leaves the row: shows the whole line, then `mark`, and goes to the next. */
void screen_end(const struct edit *edit, const char *mark);
void screen_clear(void);
void screen_bell(void);

/* Takes the memory that history will ever need, so that no frame more is in use at the end of a
 * session than at its begin; once. */
void history_begin(void);
/* Remembers a line unless it is empty or the same as the last. */
void history_add(const char *line, size_t len);
/* The line entered `back` lines ago, 1 the last; NULL if there is none. */
const char *history_line(size_t back);

/* Puts in n bytes at the cursor, as many as fit. */
void edit_insert(struct edit *edit, const char *bytes, size_t n);

/* Completes the word in front of the cursor; again: a Tab came just before, so list what there is
 * to choose. True if it listed: the screen is on a fresh line. */
bool complete(struct edit *edit, bool again);

#endif
