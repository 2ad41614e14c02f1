/* SPDX-License-Identifier: MIT
 *
 * The terminal: Linux's line discipline over the console's UART. Characters are edited, echoed and
 * turned into signals in the interrupt that brings them, so that Ctrl-C reaches a program that
 * never reads. What proc knows and fs may not ask for comes through the two hooks.
 */
#ifndef FS_TTY_H
#define FS_TTY_H

#include "fs/file.h"

#define TCGETS     0x5401u
#define TCSETS     0x5402u
#define TCSETSW    0x5403u
#define TCSETSF    0x5404u
#define TCSBRK     0x5409u
#define TCXONC     0x540au
#define TCFLSH     0x540bu
#define TIOCSCTTY  0x540eu
#define TIOCGPGRP  0x540fu
#define TIOCSPGRP  0x5410u
#define TIOCOUTQ   0x5411u
#define TIOCGWINSZ 0x5413u
#define TIOCSWINSZ 0x5414u
#define FIONREAD   0x541bu
#define TIOCNOTTY  0x5422u
#define TIOCGETD   0x5424u
#define TIOCGSID   0x5429u

/* The console's line, by Linux's name and number: the UART is a PL011. */
#define TTY_LINE_NAME  "ttyAMA0"
#define TTY_LINE_MAJOR 204u
#define TTY_LINE_MINOR 64u

/* struct termios of the Linux ARM ABI: 36 bytes. */
struct tty_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line;
    uint8_t cc[19];
};

struct tty_winsize {
    uint16_t rows, columns, xpixels, ypixels;
};

/* The process that calls, for job control. */
struct tty_caller {
    int pgid, sid;
    bool leader; /* of its session */
};

/* Takes the console over; what was typed before is edited and echoed now. Once. */
void tty_init(void);

/* Who sends sig (SIGINT, SIGQUIT, SIGTSTP, SIGWINCH; SIGHUP and SIGCONT to who loses it) to the
 * foreground process group: called in interrupt context, too, no lock held. */
void tty_on_interrupt(void (*signal_group)(int pgid, int sig));
/* Who asks for the caller's group and session; once it is known there is a background. A caller
 * there, whose session has the terminal, is stopped by SIGTTIN or SIGTTOU before it gets on:
 * `background` sends it and answers -EINTR, 0: it does not stop and goes on, or -EIO; readers of
 * other sessions get -EIO. session_of: that of a group, or -ESRCH. Thread context. */
void tty_on_caller(struct tty_caller (*caller)(void), int (*background)(int sig),
                   int (*session_of)(int pgid));
/* The foreground process group; 0: none. TIOCSPGRP sets it, too. */
void tty_set_foreground(int pgid);
int tty_foreground(void);
/* The session that has the terminal; 0: none. */
int tty_session(void);
/* The leader of session sid ends: if that had the terminal, any other may take it, nobody is in the
 * foreground, and who was is to be hung up: that group, or 0. As long as one has it, TIOCSCTTY is
 * -EPERM, for root and to steal it as well, and TIOCSPGRP and TIOCGPGRP are -ENOTTY for processes
 * of others. Init's session is above that but for TIOCGPGRP: by TIOCSPGRP it gives the terminal,
 * whoever has it, to the session of that number. */
int tty_end_session(int sid);

/* Bytes that a read would get now, without sleeping; in canonical mode of finished lines only. */
size_t tty_input_ready(void);
/* How many characters could be typed ahead without a loss, if no line is too long. */
size_t tty_room(void);
/* Characters dropped since boot because their line was too long or too many were typed ahead. */
uint32_t tty_lost(void);

/* For devfs: operations of the vnode. tty_read: -EINTR when a signal came while it slept,
 * -EAGAIN with O_NONBLOCK, -EIO in the background. */
int tty_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
int tty_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
int tty_ioctl(struct file *f, unsigned request, vaddr_t arg);
int tty_open_own(struct file *f); /* /dev/tty: -ENXIO: the caller's session has no terminal */
/* /dev/ttyAMA0: nobody's terminal becomes that of a session's leader who opens it to read, without
 * O_NOCTTY; not init's. 0. */
int tty_open_line(struct file *f);
uint32_t tty_poll(struct file *f, struct poll_wait *w);

#endif
