/* SPDX-License-Identifier: MIT
 *
 * The terminal as the shell uses it: its modes, and bytes made into keys. While a line is typed the
 * shell does all editing, and Ctrl-C is a key; programs get a terminal that edits lines and sends
 * signals, whatever the program before them, or an earlier shell, left behind.
 */
#include <errno.h>
#include <unistd.h>

#include "edit.h"

#define ESCAPE 0x1b

static struct {
    struct termios programs, editing;
    int waiting; /* bytes known to be in the kernel's hands */
} terminal;

void terminal_begin(void)
{
    struct termios *settings = &terminal.programs;

    tcgetattr(0, settings);
    settings->c_iflag |= ICRNL;
    settings->c_oflag |= OPOST | ONLCR;
    settings->c_lflag |= ISIG | ICANON | ECHO;
    terminal.editing = *settings;
    terminal.editing.c_lflag &= ~(tcflag_t)(ISIG | ICANON | ECHO);
    terminal.editing.c_cc[VMIN] = 1;
    terminal.editing.c_cc[VTIME] = 0;
}

void terminal_take(void)
{
    tcsetattr(0, TCSANOW, &terminal.editing);
    terminal.waiting = 0;
}

void terminal_give(void)
{
    tcsetattr(0, TCSANOW, &terminal.programs);
}

const struct termios *terminal_settings(void)
{
    return &terminal.programs;
}

unsigned terminal_columns(void)
{
    struct winsize size;

    return ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

bool key_waits(void)
{
    if (terminal.waiting <= 0 && ioctl(0, FIONREAD, &terminal.waiting) < 0)
        terminal.waiting = 0;
    return terminal.waiting > 0;
}

static int byte_read(void)
{
    unsigned char byte;
    ssize_t got;

    do
        got = read(0, &byte, 1);
    while (got < 0 && errno == EINTR);
    terminal.waiting--;
    if (got <= 0)
        return got < 0 ? KEY_ERROR : KEY_END_OF_INPUT;
    return byte;
}

/* What a sequence means by its last byte, and by its number where that is '~'. */
static int sequence_key(int final, unsigned number)
{
    switch (final) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return KEY_RIGHT;
    case 'D': return KEY_LEFT;
    case 'H': return KEY_HOME;
    case 'F': return KEY_END;
    case '~': break;
    default: return KEY_NONE;
    }
    switch (number) {
    case 1:
    case 7: return KEY_HOME;
    case 3: return KEY_DELETE;
    case 4:
    case 8: return KEY_END;
    default: return KEY_NONE;
    }
}

/* Behind ESC: "[" or "O", then digits and semicolons, of which the first number counts. */
static int sequence_read(void)
{
    unsigned number = 0;
    bool first = true;
    int c = byte_read();

    if (c < 0)
        return c;
    if (c != '[' && c != 'O')
        return KEY_NONE;
    while ((c = byte_read()) == ';' || (c >= '0' && c <= '9')) {
        if (c == ';')
            first = false;
        else if (first && number < 100)
            number = number * 10 + (unsigned)(c - '0');
    }
    return c < 0 ? c : sequence_key(c, number);
}

int key_read(void)
{
    int c = byte_read();

    return c == ESCAPE ? sequence_read() : c;
}
