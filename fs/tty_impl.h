/* SPDX-License-Identifier: MIT
 *
 * Between the two halves of the terminal: tty.c (reading, writing, ioctl) and tty_edit.c (what an
 * arriving character does). The state is one struct; its lock is the readers' wait-queue lock, so
 * that looking for input and going to sleep are one step.
 */
#ifndef FS_TTY_IMPL_H
#define FS_TTY_IMPL_H

#include "fs/tty.h"
#include "fs/poll.h"
#include "kern/waitq.h"

/* Flags of struct termios that mean something here (octal, as in Linux). */
enum {
    ISTRIP = 040,
    INLCR = 0100,
    IGNCR = 0200,
    ICRNL = 0400,
    IUTF8 = 040000,
    OPOST = 01,
    ONLCR = 04,
    ISIG = 01,
    ICANON = 02,
    ECHO = 010,
    ECHOE = 020,
    ECHOK = 040,
    ECHONL = 0100,
    NOFLSH = 0200,
    TOSTOP = 0400,
    ECHOCTL = 01000,
    ECHOKE = 04000,
    IEXTEN = 0100000,
};

/* Places in cc[]. */
enum {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2,
};

/* Signals, by Linux's numbers: what they mean is proc's. */
#define TTY_SIGINT   2
#define TTY_SIGQUIT  3
#define TTY_SIGTSTP  20
#define TTY_SIGTTIN  21
#define TTY_SIGTTOU  22
#define TTY_SIGWINCH 28

#define TTY_LINE 4096u  /* bytes of the longest line, with its end */
#define TTY_RING 16384u /* a power of two: two lines of type-ahead and more */

/* tail <= canon <= head: [tail, canon) can be read, [canon, head) is the line being edited. */
struct tty {
    struct mutex writers;     /* a chunk of output stays together; above all spinning locks */
    struct waitq readers;     /* its lock, interrupts masked, is the lock of all of this */
    struct poll_head pollers; /* its lock is below that */
    struct tty_termios termios;
    struct tty_winsize winsize;
    int pgid, sid;                /* foreground group, session; 0: none */
    uint32_t head, canon, tail;   /* characters ever put in, finished, taken out */
    uint32_t lost;                /* characters that rang the bell */
    unsigned column, line_column; /* of the cursor; where the edited line begins */
    uint8_t ring[TTY_RING];       /* character i at i % TTY_RING */
    uint32_t ends[TTY_RING / 32]; /* bit: the character ends a line; a 0 with it is ^D */
    void (*signal_group)(int pgid, int sig);
    struct tty_caller (*caller)(void);
    int (*background)(int sig);
};

extern struct tty tty_console;

/* What one received character does; the lock is held. The signal to be sent without it, or 0. */
int tty_receive(struct tty *t, uint8_t c);
/* Edits what came while there was no editing and nobody has read: lines end, ^D is an end, and the
 * last signal is returned, to be sent without the lock; 0: none. Nothing but a signal is echoed.
 * More than TTY_LINE characters stay as they are. The lock is held, ICANON is set. */
int tty_edit_again(struct tty *t);
/* Forgets all input. */
void tty_flush_input(struct tty *t);
/* Follows the cursor over n characters of output. */
void tty_track(struct tty *t, const char *s, size_t n);

static inline bool tty_ends_line(const struct tty *t, uint32_t at)
{
    at %= TTY_RING;
    return t->ends[at / 32] >> (at % 32) & 1;
}

#endif
