/* SPDX-License-Identifier: MIT
 *
 * The terminal as programs see it: read and write, and the console's notice that characters came.
 * What a character does is in tty_edit.c, on its way out in tty_output.c; ioctl is tty_ioctl.c.
 * Locks: the lock of tty_console.readers, with interrupts masked, for all state; user memory is
 * copied and signals are sent without it; the mutex writers keeps a chunk of output together.
 * Order: terminal lock > console locks.
 */
#include "fs/tty.h"

#include <string.h>

#include "fs/tty_impl.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/console.h"
#include "kern/log.h"
#include "mm/uaccess.h"

#define CHUNK_BYTES 128u
#define NEVER       UINT64_MAX
#define CTRL(c)     ((c)&0x1f)

struct tty tty_console;

static const struct tty_termios default_termios = {
    .iflag = ICRNL | IXON | IMAXBEL | IUTF8,
    .oflag = OPOST | ONLCR,
    .cflag = 02277, /* B38400 CS8 CREAD HUPCL */
    .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .cc = {[VINTR] = CTRL('C'),
           [VQUIT] = CTRL('\\'),
           [VERASE] = 0x7f,
           [VKILL] = CTRL('U'),
           [VEOF] = CTRL('D'),
           [VMIN] = 1,
           [VSTART] = CTRL('Q'),
           [VSTOP] = CTRL('S'),
           [VSUSP] = CTRL('Z'),
           [VREPRINT] = CTRL('R'),
           [VDISCARD] = CTRL('O'),
           [VWERASE] = CTRL('W'),
           [VLNEXT] = CTRL('V')},
};

_Static_assert(sizeof(struct tty_termios) == 36, "struct termios of the ABI");

/* Characters arrived: interrupt context. Takes all of them, whoever reads or does not, so that no
 * Ctrl-C waits behind input that a program leaves lying. */
static void tty_input(void)
{
    struct tty *t = &tty_console;
    int sig;

    do {
        uint32_t mask = tty_lock(t);
        int pgid = t->pgid, c = -1;

        sig = 0;
        while (!sig && (c = console_take()) >= 0)
            sig = tty_receive(t, (uint8_t)c);
        tty_unlock(t, mask);
        if (sig && pgid && t->signal_group)
            t->signal_group(pgid, sig);
    } while (sig);
}

void tty_init(void)
{
    waitq_init(&tty_console.readers);
    lock_classify(&tty_console.readers.lock, LOCK_TTY);
    poll_head_init(&tty_console.pollers, POLL_ANY);
    waitq_init(&tty_console.flow);
    mutex_init(&tty_console.writers);
    lock_classify(&tty_console.writers, LOCK_TTY_WRITERS);
    tty_console.termios = default_termios;
    tty_console.winsize = (struct tty_winsize){.rows = 24, .columns = 80};
    console_on_input(tty_input);
}

void tty_on_interrupt(void (*signal_group)(int pgid, int sig))
{
    tty_console.signal_group = signal_group;
}

void tty_on_caller(struct tty_caller (*caller)(void), int (*background)(int sig),
                   int (*session_of)(int pgid))
{
    tty_console.caller = caller;
    tty_console.background = background;
    tty_console.session_of = session_of;
}

void tty_set_foreground(int pgid)
{
    uint32_t mask = tty_lock(&tty_console);

    tty_console.pgid = pgid;
    tty_unlock(&tty_console, mask);
}

int tty_end_session(int sid)
{
    uint32_t mask = tty_lock(&tty_console);
    int foreground = 0;

    if (tty_console.sid == sid) {
        tty_console.sid = 0;
        foreground = tty_console.pgid;
        tty_console.pgid = 0;
    }
    tty_unlock(&tty_console, mask);
    return foreground;
}

int tty_foreground(void)
{
    return *(volatile int *)&tty_console.pgid;
}

int tty_session(void)
{
    return *(volatile int *)&tty_console.sid;
}

size_t tty_input_ready(void)
{
    uint32_t mask = tty_lock(&tty_console);
    size_t n = tty_console.canon - tty_console.tail;

    tty_unlock(&tty_console, mask);
    return n;
}

size_t tty_room(void)
{
    uint32_t mask = tty_lock(&tty_console);
    size_t used = tty_console.head - tty_console.tail + 1; /* the line's end must fit, too */

    tty_unlock(&tty_console, mask);
    return TTY_RING - MIN(used, TTY_RING);
}

uint32_t tty_lost(void)
{
    return *(volatile uint32_t *)&tty_console.lost;
}

static bool in_background(struct tty *t)
{
    int foreground = tty_foreground();

    return t->caller && foreground && t->caller().pgid != foreground;
}

int tty_stop_in_background(struct tty *t, int sig)
{
    if (!in_background(t) || t->caller().sid != t->sid)
        return 0;
    return t->background(sig);
}

/* Of a reader; init's session, and who has another terminal or none, do not stop. */
static int stop_reader(struct tty *t)
{
    if (!in_background(t))
        return 0;
    return t->caller().sid == t->sid ? t->background(TTY_SIGTTIN) : -EIO;
}

/* Sleeps until at least need characters can be read. 0, -EAGAIN, -ETIMEDOUT, -EINTR. */
static int wait_input(struct tty *t, const struct file *f, uint32_t need, uint64_t until_ns)
{
    int error = 0;

    while (!error) {
        uint32_t mask = tty_lock(t);

        if (t->canon - t->tail >= need || f->flags & O_NONBLOCK) {
            error = t->canon != t->tail ? 0 : -EAGAIN;
            tty_unlock(t, mask);
            return error;
        }
        error = waitq_sleep(&t->readers, mask, SLEEP_LIGHT, until_ns);
    }
    return error;
}

/* The next character is the mark of a ^D. */
static bool at_eof_mark(const struct tty *t)
{
    return t->tail != t->canon && tty_ends_line(t, t->tail) && t->ring[t->tail % TTY_RING] == 0;
}

/* Takes up to n characters, and in canonical mode none behind a line's end; *end: it was met, or
 * nothing is left. The mark of a ^D is taken and not given. -EAGAIN: there was nothing. */
static int take_input(struct tty *t, uint8_t *buf, size_t n, bool *end)
{
    uint32_t mask = tty_lock(t);
    bool canonical = t->termios.lflag & ICANON;
    int got = t->tail == t->canon ? -EAGAIN : 0;

    *end = false;
    while (got >= 0 && (size_t)got < n && t->tail != t->canon && !*end) {
        if (canonical && at_eof_mark(t))
            break;
        *end = canonical && tty_ends_line(t, t->tail);
        buf[got++] = t->ring[t->tail++ % TTY_RING];
    }
    if (got >= 0 && canonical && !*end && at_eof_mark(t)) {
        t->tail++;
        *end = true;
    }
    if (t->told)
        tty_throttle(t);
    if (t->tail == t->canon)
        *end = true;
    else
        waitq_wake_locked(&t->readers, 1); /* there is some left for another reader */
    tty_unlock(t, mask);
    return got;
}

/* Hands out what is there, up to a line's end. -EAGAIN: there was nothing. */
static int copy_input(struct tty *t, vaddr_t ubuf, size_t len)
{
    uint8_t chunk[CHUNK_BYTES];
    size_t done = 0;
    bool end = false;

    while (done < len && !end) {
        int n = take_input(t, chunk, MIN(len - done, CHUNK_BYTES), &end);
        size_t copied;

        if (n < 0)
            return done ? (int)done : n;
        copied = file_copy_out(ubuf + done, chunk, (size_t)n);
        done += copied;
        if (copied < (size_t)n)
            return done ? (int)done : -EFAULT;
        preempt_point();
    }
    return (int)done;
}

/* Without ICANON: waits as VMIN and VTIME (tenths of a second) say. 0 or -Exxx; -ETIMEDOUT: there
 * may be nothing, and the reader gets what there is. */
static int wait_raw(struct tty *t, const struct file *f, size_t len)
{
    uint32_t min = MIN(t->termios.cc[VMIN], len);
    uint64_t time_ns = t->termios.cc[VTIME] * (NSEC_PER_SEC / 10);
    int error;

    if (min == 0)
        return time_ns ? wait_input(t, f, 1, clock_ns() + time_ns) : 0;
    if (time_ns == 0)
        return wait_input(t, f, min, NEVER);
    error = wait_input(t, f, 1, NEVER);
    for (uint32_t n = 2; !error && n <= min; n++)
        error = wait_input(t, f, n, clock_ns() + time_ns);
    return error;
}

/* Waits for input of the mode that is set. As wait_raw; *empty_ok: nothing is an answer, too. */
static int wait_mode(struct tty *t, const struct file *f, size_t len, bool *empty_ok)
{
    int error;

    if (t->termios.lflag & ICANON) {
        *empty_ok = false;
        return wait_input(t, f, 1, NEVER);
    }
    error = wait_raw(t, f, len);
    *empty_ok = error == -ETIMEDOUT || t->termios.cc[VMIN] == 0;
    return error == -ETIMEDOUT ? 0 : error;
}

int tty_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct tty *t = &tty_console;
    bool empty_ok;
    int n;

    (void)pos;
    if (len == 0)
        return 0;
    do { /* again where another reader was faster */
        n = stop_reader(t);
        if (n)
            return n;
        n = wait_mode(t, f, len, &empty_ok);
        if (n)
            return n;
        n = copy_input(t, ubuf, len);
        if (n == -EAGAIN && empty_ok)
            return 0;
    } while (n == -EAGAIN && !(f->flags & O_NONBLOCK));
    return n;
}

/* A chunk on its way to the UART: its bytes after OPOST. */
static size_t post_chunk(struct tty *t, const char *chunk, size_t n, char *out)
{
    uint32_t mask = tty_lock(t);
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += tty_post(t, chunk[i], out + len);
    tty_unlock(t, mask);
    return len;
}

/* The caller may write now: 0, or -Exxx. */
static int write_begin(struct tty *t, const struct file *f)
{
    if (likely(!__atomic_load_n(&t->stopped, __ATOMIC_RELAXED)))
        return 0;
    return f->flags & O_NONBLOCK ? -EAGAIN : tty_wait_output(t);
}

int tty_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct tty *t = &tty_console;
    char chunk[CHUNK_BYTES], out[CHUNK_BYTES * TTY_POST_MAX];
    size_t done = 0;
    int stop = t->termios.lflag & TOSTOP ? tty_stop_in_background(t, TTY_SIGTTOU) : 0;

    (void)pos;
    if (stop)
        return stop;
    while (done < len) {
        size_t n = MIN(len - done, CHUNK_BYTES);
        size_t copied = file_copy_in(chunk, ubuf + done, n);
        int error = write_begin(t, f);

        if (error)
            return done ? (int)done : error;
        mutex_lock(&t->writers);
        log_pass(console_write_raw, out, post_chunk(t, chunk, copied, out));
        mutex_unlock(&t->writers);
        done += copied;
        if (copied < n)
            return done ? (int)done : -EFAULT;
        if (thread_signalled())
            break;
        rest_point();
    }
    return (int)done;
}

/* Without ICANON what VMIN says is not waited for if VTIME may end the wait: as Linux. */
uint32_t tty_poll(struct file *f, struct poll_wait *w)
{
    struct tty *t = &tty_console;
    uint32_t events = t->stopped ? 0 : POLL_WRITE, need = 1, mask;

    poll_add(w, &t->pollers, f);
    mask = tty_lock(t);
    if (!(t->termios.lflag & ICANON) && !t->termios.cc[VTIME] && t->termios.cc[VMIN])
        need = t->termios.cc[VMIN];
    if (t->canon - t->tail >= need)
        events |= POLL_READ;
    tty_unlock(t, mask);
    return events;
}
