/* SPDX-License-Identifier: MIT
 *
 * Between the parts of the terminal: tty.c (reading and writing), tty_ioctl.c, tty_edit.c (what an
 * arriving character does), tty_output.c (what happens to output on its way). The state is one
 * struct; its lock is the readers' wait-queue lock, so that looking for input and going to sleep
 * are one step.
 */
#ifndef FS_TTY_IMPL_H
#define FS_TTY_IMPL_H

#include "fs/tty.h"
#include "fs/poll.h"
#include "kern/waitq.h"

/* Flags of struct termios that mean something here (octal, as in Linux). Neither breaks nor bad
 * parity ever come to the terminal, so that IGNBRK, BRKINT, IGNPAR and INPCK hold by themselves. */
enum {
    IGNBRK = 01,
    BRKINT = 02,
    IGNPAR = 04,
    INPCK = 020,
    ISTRIP = 040,
    INLCR = 0100,
    IGNCR = 0200,
    ICRNL = 0400,
    IXON = 02000,
    IXANY = 04000,
    IXOFF = 010000,
    IMAXBEL = 020000,
    IUTF8 = 040000,
    OPOST = 01,
    ONLCR = 04,
    OCRNL = 010,
    ONOCR = 020,
    ONLRET = 040,
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

/* What TCSETS takes of what is asked for: all else is off in what TCGETS says then. */
#define TTY_IFLAGS                                                                                 \
    ((uint32_t)(IGNBRK | BRKINT | IGNPAR | INPCK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | \
                IXOFF | IMAXBEL | IUTF8))
#define TTY_OFLAGS ((uint32_t)(OPOST | ONLCR | OCRNL | ONOCR | ONLRET))
#define TTY_LFLAGS                                                                                 \
    ((uint32_t)(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | NOFLSH | TOSTOP | ECHOCTL |        \
                ECHOKE | IEXTEN))

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
#define TTY_SIGHUP   1
#define TTY_SIGINT   2
#define TTY_SIGQUIT  3
#define TTY_SIGCONT  18
#define TTY_SIGTSTP  20
#define TTY_SIGTTIN  21
#define TTY_SIGTTOU  22
#define TTY_SIGWINCH 28

#define TTY_LINE 4096u  /* bytes of the longest line, with its end */
#define TTY_RING 16384u /* a power of two: two lines of type-ahead and more */
#define TTY_HELD 1024u  /* bytes of echo that wait while output stands still */

/* Why output stands still. */
enum tty_stop { STOP_KEY = 1, STOP_CALL = 2 }; /* ^S; TCXONC */

/* tail <= canon <= head: [tail, canon) can be read, [canon, head) is the line being edited. */
struct tty {
    struct mutex writers;     /* a chunk of output stays together; above all spinning locks */
    struct waitq readers;     /* its lock, interrupts masked, is the lock of all of this */
    struct poll_head pollers; /* its lock is below that */
    struct waitq flow;        /* writers, and who waits for the end of output; lock likewise */
    struct tty_termios termios;
    struct tty_winsize winsize;
    int pgid, sid;                /* foreground group, session; 0: none */
    uint32_t head, canon, tail;   /* characters ever put in, finished, taken out */
    uint32_t lost;                /* characters that rang the bell */
    unsigned column, line_column; /* of the cursor; where the edited line begins */
    uint8_t stopped;              /* enum tty_stop; read without, too */
    bool literal;                 /* the next character is one like any other: ^V */
    bool told;                    /* who types was sent a STOP: IXOFF */
    uint32_t nheld;
    char held[TTY_HELD];
    uint8_t ring[TTY_RING];       /* character i at i % TTY_RING */
    uint32_t ends[TTY_RING / 32]; /* bit: the character ends a line; a 0 with it is ^D */
    void (*signal_group)(int pgid, int sig);
    struct tty_caller (*caller)(void);
    int (*background)(int sig);
    int (*session_of)(int pgid);
};

extern struct tty tty_console;

/* What one received character does; the lock is held. The signal to be sent without it, or 0. */
int tty_receive(struct tty *t, uint8_t c);
/* Edits what came while there was no editing and nobody has read: lines end, with a CR as well,
 * which stays one, as on Linux, for who switches editing off again; ^D is an end, and the last
 * signal is returned, to be sent without the lock; 0: none. Nothing but a signal is echoed. More
 * than TTY_LINE characters stay as they are. The lock is held, ICANON is set. */
int tty_edit_again(struct tty *t);
/* Forgets all input. */
void tty_flush_input(struct tty *t);

/* tty_output.c; the lock is held. What becomes of a character on its way out: 0 to 2 characters;
 * follows the cursor. */
#define TTY_POST_MAX 2u
size_t tty_post(struct tty *t, char c, char out[TTY_POST_MAX]);
/* An echo: shows it, or keeps it for later. */
void tty_echo(struct tty *t, const char *s, size_t n);
/* Output stands still for one more reason, or for those of `why` no longer. */
void tty_stop(struct tty *t, enum tty_stop why);
void tty_start(struct tty *t, unsigned why);
/* Forgets the echo that waits. */
void tty_flush_output(struct tty *t);
/* Tells who types to stop or to go on, as the room for input demands with IXOFF. */
void tty_throttle(struct tty *t);
/* Not held: sleeps as long as output stands still. 0, -EINTR. */
int tty_wait_output(struct tty *t);

/* tty.c; not held. The caller is in the background of the session that has the terminal: what
 * becomes of it (0: it goes on). */
int tty_stop_in_background(struct tty *t, int sig);

static inline uint32_t tty_lock(struct tty *t)
{
    return spin_lock_irq(&t->readers.lock);
}

static inline void tty_unlock(struct tty *t, uint32_t mask)
{
    spin_unlock_irq(&t->readers.lock, mask);
}

static inline bool tty_ends_line(const struct tty *t, uint32_t at)
{
    at %= TTY_RING;
    return t->ends[at / 32] >> (at % 32) & 1;
}

#endif
