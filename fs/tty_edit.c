/* SPDX-License-Identifier: MIT
 *
 * What an arriving character does: signals, line editing, echo. Runs in interrupt context with the
 * terminal's lock held (fs/tty_impl.h) and is bounded: one character, or at most ERASE_COLUMNS_MAX
 * columns to wipe.
 * A line being edited holds at most TTY_LINE - 1 characters, so that its end always fits; more ring
 * the bell and are dropped.
 * Source: POSIX.1-2017 chapter 11 for what each flag means; the echo looks as Linux's does.
 */
#include "fs/tty_impl.h"

#include <string.h>

#include "kern/console.h"

#define ERASE_COLUMNS_MAX 256u
#define TAB_COLUMNS       8u
#define DEL               0x7f
#define BACKSPACE         0x08
#define BELL              '\a'

static bool lflag(const struct tty *t, uint32_t flag)
{
    return (t->termios.lflag & flag) != 0;
}

/* c is the control character of that place; 0 there switches it off. */
static bool is_cc(const struct tty *t, unsigned place, uint8_t c)
{
    return c != 0 && t->termios.cc[place] == c;
}

static bool is_control(uint8_t c)
{
    return c < 0x20 || c == DEL;
}

/* A following byte of a UTF-8 sequence: takes no column of its own. */
static bool is_continuation(const struct tty *t, uint8_t c)
{
    return (t->termios.iflag & IUTF8) && (c & 0xc0) == 0x80;
}

static void output(struct tty *t, const char *s, size_t n)
{
    tty_track(t, s, n);
    console_write_raw(s, n);
}

void tty_track(struct tty *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)s[i];

        if (c == '\r' || c == '\n')
            t->column = 0;
        else if (c == '\b')
            t->column -= t->column > 0;
        else if (c == '\t')
            t->column = ALIGN_DOWN(t->column + TAB_COLUMNS, TAB_COLUMNS);
        else if (!is_control(c) && !is_continuation(t, c))
            t->column++;
    }
}

static void echo_newline(struct tty *t)
{
    bool both = (t->termios.oflag & (OPOST | ONLCR)) == (OPOST | ONLCR);

    output(t, both ? "\r\n" : "\n", both ? 2 : 1);
}

/* Shows c as typed: ^X for a control character. */
static void echo_char(struct tty *t, uint8_t c)
{
    char shown[2] = {'^', (char)(c ^ 0x40)};

    if (c == '\n')
        echo_newline(t);
    else if (is_control(c) && c != '\t' && lflag(t, ECHOCTL))
        output(t, shown, 2);
    else
        output(t, (const char *)&c, 1);
}

static void echo(struct tty *t, uint8_t c)
{
    if (lflag(t, ECHO))
        echo_char(t, c);
}

static unsigned width_at(const struct tty *t, uint8_t c, unsigned column)
{
    if (c == '\t')
        return TAB_COLUMNS - column % TAB_COLUMNS;
    if (is_control(c))
        return lflag(t, ECHOCTL) ? 2 : 0;
    return !is_continuation(t, c);
}

/* Columns that the edited line's characters below `end` take, with what stands before it. */
static unsigned column_of(const struct tty *t, uint32_t end)
{
    unsigned column = t->line_column;

    for (uint32_t i = t->canon; i != end; i++)
        column += width_at(t, t->ring[i % TTY_RING], column);
    return column;
}

static void wipe(struct tty *t, unsigned columns)
{
    while (columns-- > 0)
        output(t, "\b \b", 3);
}

/* Takes characters off the edited line's end down to `to`, on the screen as well. */
static void erase_to(struct tty *t, uint32_t to)
{
    unsigned columns = 0;

    if (lflag(t, ECHO))
        columns = column_of(t, t->head) - column_of(t, to);
    t->head = to;
    if (columns > ERASE_COLUMNS_MAX) {
        echo_newline(t);
        t->line_column = 0;
    } else {
        wipe(t, columns);
    }
}

static uint8_t char_before(const struct tty *t, uint32_t at)
{
    return t->ring[(at - 1) % TTY_RING];
}

/* Where the edited line ends without its last character. */
static uint32_t before_last(const struct tty *t, uint32_t at)
{
    while (at != t->canon && is_continuation(t, char_before(t, at)))
        at--;
    return at == t->canon ? at : at - 1;
}

static void erase_char(struct tty *t, uint8_t c)
{
    if (t->head == t->canon)
        return;
    if (lflag(t, ECHOE)) {
        erase_to(t, before_last(t, t->head));
    } else {
        t->head = before_last(t, t->head);
        echo(t, c);
    }
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static void erase_word(struct tty *t)
{
    uint32_t at = t->head;

    while (at != t->canon && is_blank(char_before(t, at)))
        at--;
    while (at != t->canon && !is_blank(char_before(t, at)))
        at--;
    erase_to(t, at);
}

static void erase_line(struct tty *t, uint8_t c)
{
    if (lflag(t, ECHOKE) && lflag(t, ECHOE)) {
        erase_to(t, t->canon);
        return;
    }
    t->head = t->canon;
    echo(t, c);
    if (lflag(t, ECHOK))
        echo_newline(t);
    t->line_column = t->column;
}

void tty_flush_input(struct tty *t)
{
    t->tail = t->canon = t->head;
    t->line_column = t->column;
}

static void put(struct tty *t, uint8_t c, bool end)
{
    uint32_t at = t->head++ % TTY_RING;
    uint32_t bit = 1u << (at % 32);

    t->ring[at] = c;
    t->ends[at / 32] = end ? t->ends[at / 32] | bit : t->ends[at / 32] & ~bit;
}

/* Everything typed so far can be read. */
static void finish(struct tty *t)
{
    t->canon = t->head;
    t->line_column = t->column;
    waitq_wake_locked(&t->readers, 1);
    poll_wake(&t->pollers);
}

/* There is no room for a character: who types hears it, who feeds a script can look it up. */
static void drop_char(struct tty *t)
{
    t->lost++;
    output(t, &(char){BELL}, 1);
}

/* Room for n characters in the ring; if not, the one at hand is dropped. */
static bool has_room(struct tty *t, uint32_t n)
{
    if (t->head - t->tail + n <= TTY_RING)
        return true;
    drop_char(t);
    return false;
}

static void end_line(struct tty *t, uint8_t c, bool shown)
{
    if (!has_room(t, 1))
        return;
    if (shown && (lflag(t, ECHO) || (c == '\n' && lflag(t, ECHONL))))
        echo_char(t, c);
    put(t, shown ? c : 0, true);
    finish(t);
}

static void add_char(struct tty *t, uint8_t c)
{
    if (t->head - t->canon >= TTY_LINE - 1) {
        drop_char(t);
        return;
    }
    if (!has_room(t, 2)) /* its line's end must fit, too */
        return;
    if (t->head == t->canon)
        t->line_column = t->column;
    echo(t, c);
    put(t, c, false);
}

static void receive_canonical(struct tty *t, uint8_t c)
{
    if (c == '\n' || is_cc(t, VEOL, c) || is_cc(t, VEOL2, c))
        end_line(t, c, true);
    else if (is_cc(t, VEOF, c))
        end_line(t, c, false);
    else if (is_cc(t, VERASE, c) || (c == BACKSPACE && t->termios.cc[VERASE] == DEL))
        erase_char(t, c);
    else if (is_cc(t, VKILL, c))
        erase_line(t, c);
    else if (is_cc(t, VWERASE, c) && lflag(t, IEXTEN))
        erase_word(t);
    else
        add_char(t, c);
}

static void receive_raw(struct tty *t, uint8_t c)
{
    if (!has_room(t, 1))
        return;
    echo(t, c);
    put(t, c, false);
    finish(t);
}

/* The signal that c stands for, or 0. */
static int signal_of(const struct tty *t, uint8_t c)
{
    if (!lflag(t, ISIG))
        return 0;
    if (is_cc(t, VINTR, c))
        return TTY_SIGINT;
    if (is_cc(t, VQUIT, c))
        return TTY_SIGQUIT;
    return is_cc(t, VSUSP, c) ? TTY_SIGTSTP : 0;
}

int tty_receive(struct tty *t, uint8_t c)
{
    uint32_t iflag = t->termios.iflag;
    int sig;

    if (iflag & ISTRIP)
        c &= 0x7f;
    if (c == '\r') {
        if (iflag & IGNCR)
            return 0;
        if (iflag & ICRNL)
            c = '\n';
    } else if (c == '\n' && iflag & INLCR) {
        c = '\r';
    }
    sig = signal_of(t, c);
    if (sig) {
        echo(t, c);
        if (!lflag(t, NOFLSH))
            tty_flush_input(t);
    } else if (lflag(t, ICANON)) {
        receive_canonical(t, c);
    } else {
        receive_raw(t, c);
    }
    return sig;
}

int tty_edit_again(struct tty *t)
{
    uint32_t end = t->head, lflags = t->termios.lflag;
    int sig = 0;

    if (end - t->tail > TTY_LINE)
        return 0;
    t->head = t->canon = t->tail;
    t->line_column = t->column;
    for (uint32_t at = t->tail; at != end; at++) { /* nothing is put beyond what was looked at */
        uint8_t c = t->ring[at % TTY_RING];

        t->termios.lflag = lflags & ~(uint32_t)(ECHO | ECHONL);
        if (c == 0 && tty_ends_line(t, at)) {
            end_line(t, 0, false);
        } else if (tty_receive(t, c)) {
            sig = signal_of(t, c);
            t->termios.lflag = lflags;
            echo(t, c);
        }
    }
    t->termios.lflag = lflags;
    return sig;
}
