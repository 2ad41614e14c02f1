/* SPDX-License-Identifier: MIT
 *
 * The terminal's output: what OPOST and its kin do to each character, and how it is stopped and
 * goes on. While it stands still writers sleep, and echo waits in t->held; what is more than that
 * is lost, as what is typed into a full ring is.
 * Locks: the terminal's for all state; `stopped` is also read without. Who sleeps looks at it with
 * flow's lock, and who changes it takes that behind the change.
 * Source: POSIX.1-2017 chapter 11; for what it leaves open, Linux's n_tty.
 */
#include "fs/tty_impl.h"

#include <string.h>

#include "kern/console.h"

#define TAB_COLUMNS 8u

static bool is_continuation(const struct tty *t, uint8_t c)
{
    return (t->termios.iflag & IUTF8) && (c & 0xc0) == 0x80;
}

static void track(struct tty *t, uint8_t c)
{
    if (c == '\r')
        t->column = 0;
    else if (c == '\b')
        t->column -= t->column > 0;
    else if (c == '\t')
        t->column = ALIGN_DOWN(t->column + TAB_COLUMNS, TAB_COLUMNS);
    else if (c >= 0x20 && c != 0x7f && !is_continuation(t, c))
        t->column++;
}

size_t tty_post(struct tty *t, char c, char out[TTY_POST_MAX])
{
    uint32_t oflag = t->termios.oflag & OPOST ? t->termios.oflag : 0;
    size_t n = 0;

    if (c == '\r' && oflag & ONOCR && t->column == 0)
        return 0;
    if (c == '\r' && oflag & OCRNL)
        c = '\n';
    else if (c == '\n' && oflag & ONLCR)
        out[n++] = '\r';
    if (c == '\n' && (n || oflag & ONLRET))
        t->column = 0;
    track(t, (uint8_t)c);
    out[n++] = c;
    return n;
}

void tty_echo(struct tty *t, const char *s, size_t n)
{
    char out[TTY_POST_MAX];

    for (size_t i = 0; i < n; i++) {
        size_t len = tty_post(t, s[i], out);

        if (!t->stopped) {
            console_write_raw(out, len);
        } else if (t->nheld + len <= TTY_HELD) {
            memcpy(t->held + t->nheld, out, len);
            t->nheld += (uint32_t)len;
        }
    }
}

void tty_stop(struct tty *t, enum tty_stop why)
{
    __atomic_fetch_or(&t->stopped, (uint8_t)why, __ATOMIC_RELAXED);
}

void tty_start(struct tty *t, unsigned why)
{
    if (!(t->stopped & why))
        return;
    __atomic_fetch_and(&t->stopped, (uint8_t)~why, __ATOMIC_RELAXED);
    if (t->stopped)
        return;
    console_write_raw(t->held, t->nheld);
    tty_flush_output(t);
    waitq_wake(&t->flow, WAITQ_ALL);
    poll_wake(&t->pollers);
}

void tty_flush_output(struct tty *t)
{
    t->nheld = 0;
}

void tty_throttle(struct tty *t)
{
    uint32_t used = t->head - t->tail;
    bool tell = t->told ? used <= TTY_RING / 4 || !(t->termios.iflag & IXOFF)
                        : used >= TTY_RING / 4 * 3 && t->termios.iflag & IXOFF;
    uint8_t c = t->termios.cc[t->told ? VSTART : VSTOP];

    if (!tell)
        return;
    t->told = !t->told;
    if (c)
        console_write_raw((const char *)&c, 1);
}

int tty_wait_output(struct tty *t)
{
    int error = 0;

    while (!error) {
        uint32_t mask = spin_lock_irq(&t->flow.lock);

        if (!__atomic_load_n(&t->stopped, __ATOMIC_RELAXED)) {
            spin_unlock_irq(&t->flow.lock, mask);
            return 0;
        }
        error = waitq_sleep(&t->flow, mask, SLEEP_LIGHT, UINT64_MAX);
    }
    return error;
}
