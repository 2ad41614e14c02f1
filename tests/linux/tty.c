/* SPDX-License-Identifier: MIT
 *
 * Theme tty: the console as a terminal, with nobody typing: its settings, whose it is, reads that
 * find nothing, its queues, and what is refused.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "compare.h"

/* As the kernel has it, not the C library. */
struct kernel_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[19];
};

enum { GET = 0x5401, SET, SET_WAIT, SET_FLUSH };
enum { CC_TIME = 5, CC_MIN = 6 };

static int tty;
static struct kernel_termios was;

static long ms_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void settings(void)
{
    struct kernel_termios t;

    about("settings");
    CALL(ioctl(tty, GET, &was));
    say("oflag %o lflag %o line %u", was.oflag & 05, was.lflag & 0177, was.line);
    for (int i = 0; i < 17; i++)
        if (i != CC_TIME && i != CC_MIN && i != 7)
            say("cc %d is %#x", i, was.cc[i]);
    t = was;
    t.iflag = 02540;
    t.oflag = 075;
    t.lflag = 0105173;
    t.cc[11] = ';';
    t.cc[16] = '.';
    CALL(ioctl(tty, SET, &t));
    CALL(ioctl(tty, GET, &t));
    say("iflag %o oflag %o lflag %o eol %c %c", t.iflag, t.oflag, t.lflag, t.cc[11], t.cc[16]);
    CALL(ioctl(tty, SET_WAIT, &was));
    CALL(ioctl(tty, SET_FLUSH, &was));
    CALL(ioctl(tty, GET, NULL));
    CALL(ioctl(tty, SET, NULL));
    CALL(ioctl(tty, 0x5499, NULL));
}

static void read_raw(int min, int tenths, int flags)
{
    struct kernel_termios t = was;
    char c[4];
    long start, n, ms;

    t.lflag &= ~02u;
    t.cc[CC_MIN] = (uint8_t)min;
    t.cc[CC_TIME] = (uint8_t)tenths;
    ioctl(tty, SET, &t);
    fcntl(tty, F_SETFL, flags);
    start = ms_now();
    n = read(tty, c, 4);
    ms = ms_now() - start;
    fcntl(tty, F_SETFL, 0);
    ioctl(tty, SET, &was);
    say("min %d time %d%s: %s, %s", min, tenths, flags ? " without waiting" : "",
        n < 0 ? error_name(errno)
        : n   ? "bytes"
              : "nothing",
        tenths == 0 || flags ? "at once"
        : ms >= tenths * 100 ? "after its time"
                             : "too early");
}

static void on_alarm(int sig)
{
    (void)sig;
}

static void reads(void)
{
    pid_t child;
    char c;

    about("reads");
    read_raw(0, 0, 0);
    read_raw(0, 2, 0);
    read_raw(0, 0, O_NONBLOCK);
    read_raw(0, 2, O_NONBLOCK);
    read_raw(1, 0, O_NONBLOCK);
    read_raw(2, 2, O_NONBLOCK);
    fcntl(tty, F_SETFL, O_NONBLOCK);
    CALL(read(tty, &c, 1));
    fcntl(tty, F_SETFL, 0);
    CALL(read(tty, &c, 0));
    action_of(SIGALRM, on_alarm, 0);
    child = fork();
    if (child == 0) {
        pause_ms(100);
        kill(getppid(), SIGALRM);
        _exit(0);
    }
    CALL(read(tty, &c, 1));
    waitpid(child, NULL, 0);
}

static void queues(void)
{
    int n = -1;

    about("queues");
    CALL(ioctl(tty, FIONREAD, &n));
    SHOW(n);
    CALL(ioctl(tty, TIOCOUTQ, NULL));
    CALL(ioctl(tty, TCFLSH, 0));
    CALL(ioctl(tty, TCFLSH, 2));
    CALL(ioctl(tty, TCFLSH, 3));
    CALL(ioctl(tty, TCXONC, 9));
    CALL(ioctl(tty, TCSBRK, 1));
    CALL(ioctl(tty, TCXONC, 0));
    fcntl(tty, F_SETFL, O_NONBLOCK);
    CALL(ioctl(tty, TCXONC, 1));
    fcntl(tty, F_SETFL, 0);
    CALL(write(tty, "", 0));
    CALL(lseek(tty, 0, SEEK_SET));
    CALL(pread(tty, &n, 1, 0));
}

static void window(void)
{
    struct winsize w = {0}, other = {50, 132, 0, 0};

    about("window");
    ioctl(tty, TIOCGWINSZ, &w);
    CALL(ioctl(tty, TIOCSWINSZ, &other));
    CALL(ioctl(tty, TIOCGWINSZ, &other));
    say("%u by %u", other.ws_row, other.ws_col);
    ioctl(tty, TIOCSWINSZ, &w);
    CALL(ioctl(tty, TIOCGWINSZ, NULL));
    CALL(ioctl(tty, TIOCSWINSZ, NULL));
}

static void owner(void)
{
    int group = 0, sid = 0;
    pid_t child;

    about("whose it is");
    CALL(open("/dev/tty", O_RDWR));
    CALL(ioctl(tty, TIOCGSID, &sid));
    CALL(ioctl(tty, TIOCGPGRP, &group));
    CALL(ioctl(tty, TIOCNOTTY, 0));
    setsid();
    CALL(ioctl(tty, TIOCSCTTY, 0));
    CALL(ioctl(tty, TIOCSCTTY, 0));
    tty = open("/dev/tty", O_RDWR); /* Linux has no background for /dev/console */
    SHOW(tty > 0);
    CALL(ioctl(tty, TIOCGSID, &sid));
    SHOW(sid == getpid());
    CALL(ioctl(tty, TIOCGPGRP, &group));
    SHOW(group == getpid());
    group = 1;
    CALL(ioctl(tty, TIOCSPGRP, &group));
    group = 30000;
    CALL(ioctl(tty, TIOCSPGRP, &group));
    group = -5;
    CALL(ioctl(tty, TIOCSPGRP, &group));
    CALL(ioctl(tty, TIOCSPGRP, NULL));
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        for (;;)
            pause();
    }
    setpgid(child, child);
    group = child;
    CALL(ioctl(tty, TIOCSPGRP, &group));
    signal(SIGTTOU, SIG_IGN);
    signal(SIGTTIN, SIG_IGN);
    CALL(read(tty, &group, 1)); /* in the background, and the signal ignored */
    group = getpid();
    CALL(ioctl(tty, TIOCSPGRP, &group));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    signal(SIGHUP, SIG_IGN);
}

static void in_a_session(void)
{
    owner();
    settings();
    reads();
    queues();
    window();
    about("given up");
    CALL(ioctl(tty, TIOCNOTTY, 0));
    CALL(open("/dev/tty", O_RDWR));
    CALL(ioctl(tty, TIOCGSID, &tty));
}

static bool has_terminal(void)
{
    int sid = 0;

    return ioctl(tty, TIOCGSID, &sid) == 0 && sid == getsid(0);
}

/* What opening the line itself does, to a session that has no terminal. */
static void opened(void)
{
    pid_t child;
    int group = 0;

    setsid();
    CALL(open("tty", O_RDWR | O_NOCTTY) > 0);
    SHOW(has_terminal());
    CALL(open("tty", O_WRONLY) > 0);
    SHOW(has_terminal());
    CALL(open("/dev/console", O_RDWR) > 0);
    SHOW(has_terminal());
    child = fork();
    if (child == 0) {
        say("no leader");
        CALL(open("tty", O_RDONLY) > 0);
        SHOW(has_terminal());
        CALL(ioctl(tty, TIOCSCTTY, 1));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    SHOW(has_terminal());
    CALL(open("tty", O_RDONLY) > 0);
    SHOW(has_terminal());
    CALL(ioctl(tty, TIOCGPGRP, &group));
    SHOW(group == getpid());
}

/* The other of two sessions. */
static void other_session(void)
{
    int group = 0;

    setsid();
    CALL(open("tty", O_RDWR) > 0);
    SHOW(has_terminal());
    CALL(ioctl(tty, TIOCSCTTY, 0));
    CALL(ioctl(tty, TIOCGPGRP, &group));
    group = getpid();
    CALL(ioctl(tty, TIOCSPGRP, &group));
    CALL(ioctl(tty, TIOCNOTTY, 0));
    CALL(open("/dev/tty", O_RDWR));
}

/* A session that has the terminal, while another asks for it, and who has had none from the
 * beginning. */
static void two_sessions(void)
{
    volatile int *step = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int group = 0;
    pid_t child = fork();

    if (child == 0) {
        setsid();
        CALL(ioctl(tty, TIOCSCTTY, 0));
        *step = 1;
        while (*step == 1)
            pause_ms(1);
        _exit(0);
    }
    while (*step == 0)
        pause_ms(1);
    CALL(ioctl(tty, TIOCGPGRP, &group));
    CALL(ioctl(tty, TIOCGSID, &group));
    CALL(open("/dev/tty", O_RDWR));
    IN_CHILD(other_session);
    *step = 2;
    waitpid(child, NULL, 0);
    say("it has ended");
    CALL(ioctl(tty, TIOCGPGRP, &group));
    fcntl(tty, F_SETFL, O_NONBLOCK);
    CALL(read(tty, &group, 1));
    fcntl(tty, F_SETFL, 0);
}

void theme_tty(void)
{
    tty = open("/dev/console", O_RDWR | O_NOCTTY);
    mknod("tty", S_IFCHR | 0600, makedev(204, 64));
    IN_CHILD(in_a_session);
    about("opening it");
    IN_CHILD(opened);
    about("two sessions");
    two_sessions();
}
