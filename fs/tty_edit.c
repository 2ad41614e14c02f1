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

static void echo_newline(struct tty *t)
{
    tty_echo(t, "\n", 1);
}

/* Shows c as typed: ^X for a control character. */
static void echo_char(struct tty *t, uint8_t c)
{
    char shown[2] = {'^', (char)(c ^ 0x40)};

    if (c == '\n')
        echo_newline(t);
    else if (is_control(c) && c != '\t' && lflag(t, ECHOCTL))
        tty_echo(t, shown, 2);
    else
        tty_echo(t, (const char *)&c, 1);
}

static void echo(struct tty *t, uint8_t c)
{
    if (lflag(t, ECHO))
        echo_char(t, c);
}

/* A character of a line: one that ends lines stands there as ^J. */
static void echo_in_line(struct tty *t, uint8_t c)
{
    if (c == '\n' && lflag(t, ECHO) && lflag(t, ECHOCTL))
        tty_echo(t, "^J", 2);
    else
        echo(t, c);
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
        tty_echo(t, "\b \b", 3);
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

/* Of a word: a letter, a digit or '_', or of a character beyond ASCII. */
static bool is_word(uint8_t c)
{
    uint8_t lower = c | 0x20;

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

static void erase_word(struct tty *t)
{
    uint32_t at = t->head;

    while (at != t->canon && !is_word(char_before(t, at)))
        at--;
    while (at != t->canon && is_word(char_before(t, at)))
        at--;
    erase_to(t, at);
}

static void erase_line(struct tty *t, uint8_t c)
{
    if (lflag(t, ECHOK) && lflag(t, ECHOKE) && lflag(t, ECHOE)) {
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
    if (t->termios.iflag & IXOFF)
        tty_throttle(t);
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
    if (t->termios.iflag & IMAXBEL)
        tty_echo(t, &(char){BELL}, 1);
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
    echo_in_line(t, c);
    put(t, c, false);
}

/* Shows the line again, below. */
static void reprint(struct tty *t, uint8_t c)
{
    echo(t, c);
    echo_newline(t);
    t->line_column = t->column;
    for (uint32_t at = t->canon; at != t->head; at++)
        echo_in_line(t, t->ring[at % TTY_RING]);
}

/* The next character means nothing: it is shown where this one is. */
static void begin_literal(struct tty *t)
{
    if (t->head == t->canon)
        t->line_column = t->column;
    t->literal = true;
    if (lflag(t, ECHO) && lflag(t, ECHOCTL))
        tty_echo(t, "^\b", 2);
}

/* What IEXTEN adds; false: c is none of it. */
static bool receive_extended(struct tty *t, uint8_t c)
{
    if (!lflag(t, IEXTEN))
        return false;
    if (is_cc(t, VWERASE, c))
        erase_word(t);
    else if (is_cc(t, VREPRINT, c) && lflag(t, ECHO))
        reprint(t, c);
    else if (is_cc(t, VLNEXT, c))
        begin_literal(t);
    else if (is_cc(t, VEOL2, c))
        end_line(t, c, true);
    else
        return false;
    return true;
}

static void receive_canonical(struct tty *t, uint8_t c)
{
    if (c == '\n' || is_cc(t, VEOL, c))
        end_line(t, c, true);
    else if (is_cc(t, VEOF, c))
        end_line(t, c, false);
    else if (is_cc(t, VERASE, c) || (c == BACKSPACE && t->termios.cc[VERASE] == DEL))
        erase_char(t, c);
    else if (is_cc(t, VKILL, c))
        erase_line(t, c);
    else if (!receive_extended(t, c))
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

/* The start and stop characters; any other with IXANY lets output go on, and is still itself. */
static bool receive_flow(struct tty *t, uint8_t c)
{
    if (!(t->termios.iflag & IXON))
        return false;
    if (is_cc(t, VSTART, c)) {
        tty_start(t, STOP_KEY);
        return true;
    }
    if (is_cc(t, VSTOP, c)) {
        tty_stop(t, STOP_KEY);
        return true;
    }
    if (t->termios.iflag & IXANY)
        tty_start(t, STOP_KEY);
    return false;
}

/* A signal's character: it lets output go on, and what waits is forgotten. */
static void receive_signal(struct tty *t, uint8_t c)
{
    if (!lflag(t, NOFLSH)) {
        tty_flush_output(t);
        tty_flush_input(t);
    }
    if (t->termios.iflag & IXON)
        tty_start(t, STOP_KEY);
    echo(t, c);
    t->line_column = t->column;
}

/* CR and NL as iflag says; -1: it is left out. */
static int map_end(uint32_t iflag, uint8_t c)
{
    if (c == '\r' && iflag & IGNCR)
        return -1;
    if (c == '\r' && iflag & ICRNL)
        return '\n';
    return c == '\n' && iflag & INLCR ? '\r' : c;
}

int tty_receive(struct tty *t, uint8_t c)
{
    uint32_t iflag = t->termios.iflag;
    int sig, mapped;

    if (iflag & ISTRIP)
        c &= 0x7f;
    if (t->literal) {
        t->literal = false;
        add_char(t, c);
        return 0;
    }
    mapped = map_end(iflag, c);
    if (mapped < 0)
        return 0;
    c = (uint8_t)mapped;
    if (receive_flow(t, c))
        return 0;
    sig = signal_of(t, c);
    if (sig)
        receive_signal(t, c);
    else if (lflag(t, ICANON))
        receive_canonical(t, c);
    else
        receive_raw(t, c);
    return sig;
}

int tty_edit_again(struct tty *t)
{
    uint32_t end = t->head, lflags = t->termios.lflag, iflags = t->termios.iflag;
    int sig = 0;

    if (end - t->tail > TTY_LINE)
        return 0;
    t->head = t->canon = t->tail;
    t->line_column = t->column;
    t->termios.iflag &= ~(uint32_t)(ICRNL | INLCR | IGNCR | ISTRIP); /* it went through them */
    for (uint32_t at = t->tail; at != end; at++) { /* nothing is put beyond what was looked at */
        uint8_t c = t->ring[at % TTY_RING];

        t->termios.lflag = lflags & ~(uint32_t)(ECHO | ECHONL);
        if (c == 0 && tty_ends_line(t, at)) {
            end_line(t, 0, false);
        } else if (c == '\r') {
            end_line(t, c, true);
        } else if (tty_receive(t, c)) {
            sig = signal_of(t, c);
            t->termios.lflag = lflags;
            echo(t, c);
        }
    }
    t->termios.lflag = lflags;
    t->termios.iflag = iflags;
    return sig;
}
