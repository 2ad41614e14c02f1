/* SPDX-License-Identifier: MIT
 *
 * Keys while something is shown: the terminal's own timeout serves as the clock. A program that is
 * killed here leaves the terminal like this; the shell sets it right.
 */
#include <unistd.h>

#include <termios.h>

#include "watch.h"

static struct {
    struct termios before;
    bool keys; /* descriptor 0 is a terminal */
} watch;

void window_size(unsigned *columns, unsigned *rows)
{
    struct winsize size;
    bool known = ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row;

    *columns = known ? size.ws_col : 80;
    *rows = known ? size.ws_row : 24;
}

void watch_begin(void)
{
    watch.keys = tcgetattr(0, &watch.before) == 0;
}

bool watch_wait(unsigned seconds)
{
    struct termios settings = watch.before;
    char key;

    if (!watch.keys) {
        sleep(seconds);
        return false;
    }
    settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    settings.c_cc[VMIN] = 0;
    settings.c_cc[VTIME] = (cc_t)(seconds * 10);
    tcsetattr(0, TCSANOW, &settings);
    ssize_t got = read(0, &key, 1);
    if (got < 0) { /* in the background there are no keys */
        watch.keys = false;
        sleep(seconds);
    }
    return got == 1 && (key == 'q' || key == 'Q');
}

void watch_end(void)
{
    if (watch.keys)
        tcsetattr(0, TCSANOW, &watch.before);
}
