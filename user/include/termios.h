/* SPDX-License-Identifier: MIT
 *
 * The terminal's settings, as the kernel lays them out (Linux, ARM: 36 bytes). Takes the place of
 * newlib's header, which has nothing behind it on a bare-metal ARM.
 */
#ifndef TERMIOS_H
#define TERMIOS_H

#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

typedef uint32_t tcflag_t;
typedef uint8_t cc_t;

#define NCCS 19

struct termios {
    tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
    cc_t c_line;
    cc_t c_cc[NCCS];
};

struct winsize {
    uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};

#define OPOST  01
#define ONLCR  04
#define ISIG   01
#define ICANON 02
#define ECHO   010
#define ICRNL  0400

#define VINTR  0
#define VERASE 2
#define VKILL  3
#define VEOF   4
#define VTIME  5
#define VMIN   6

#define TCSANOW   0
#define TCSADRAIN 1
#define TCSAFLUSH 2

#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f
#define TIOCSPGRP  0x5410
#define TIOCGWINSZ 0x5413
#define FIONREAD   0x541b

int tcgetattr(int fd, struct termios *settings);
int tcsetattr(int fd, int when, const struct termios *settings);

#endif
