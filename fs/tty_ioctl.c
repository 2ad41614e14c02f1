/* SPDX-License-Identifier: MIT
 *
 * The terminal's ioctls: its settings, its window, whose it is, its queues. Calls of Linux that are
 * not here answer -ENOTTY, and so does sending a break. Locks: the terminal's; user memory is
 * copied and signals are sent without it.
 */
#include <string.h>

#include "fs/tty_impl.h"
#include "include/uapi/errno.h"
#include "kern/console.h"
#include "mm/uaccess.h"

#define INIT_SESSION 1

static bool in_init_session(struct tty *t)
{
    return t->caller && t->caller().sid == INIT_SESSION;
}

/* The caller is of another session than the one that has the terminal, and not of init's. */
static bool is_foreign(struct tty *t)
{
    return t->caller && t->sid && t->caller().sid != t->sid && !in_init_session(t);
}

static int get_termios(struct tty *t, vaddr_t arg)
{
    uint32_t mask = tty_lock(t);
    struct tty_termios copy = t->termios;

    tty_unlock(t, mask);
    return copy_to_user(arg, &copy, sizeof(copy));
}

/* What can be done of what is wanted; the line has one speed and eight bits. */
static void set_flags(struct tty *t, struct tty_termios *wanted)
{
    bool had_flow = t->termios.iflag & IXON;

    wanted->iflag &= TTY_IFLAGS;
    wanted->oflag &= TTY_OFLAGS;
    wanted->lflag &= TTY_LFLAGS;
    wanted->cflag = t->termios.cflag;
    wanted->line = 0;
    t->termios = *wanted;
    t->literal = false;
    if (had_flow && !(wanted->iflag & IXON))
        tty_start(t, STOP_KEY);
    tty_throttle(t);
}

/* drain: what was written is out before. */
static int set_termios(struct tty *t, vaddr_t arg, bool drain, bool flush)
{
    struct tty_termios wanted;
    int error = copy_from_user(&wanted, arg, sizeof(wanted)), sig = 0, pgid;
    uint32_t mask, changed;

    if (!error)
        error = tty_stop_in_background(t, TTY_SIGTTOU);
    if (!error && drain)
        error = tty_wait_output(t);
    if (error)
        return error;
    mask = tty_lock(t);
    if (flush)
        tty_flush_input(t);
    changed = (wanted.lflag ^ t->termios.lflag) & TTY_LFLAGS;
    set_flags(t, &wanted);
    if (changed & ICANON) { /* what was typed can be read as it is, or is edited now */
        t->canon = t->head;
        if (wanted.lflag & ICANON)
            sig = tty_edit_again(t);
        waitq_wake_locked(&t->readers, WAITQ_ALL);
        poll_wake(&t->pollers);
    }
    pgid = t->pgid;
    tty_unlock(t, mask);
    if (sig && pgid && t->signal_group)
        t->signal_group(pgid, sig);
    return 0;
}

static int get_winsize(struct tty *t, vaddr_t arg)
{
    uint32_t mask = tty_lock(t);
    struct tty_winsize copy = t->winsize;

    tty_unlock(t, mask);
    return copy_to_user(arg, &copy, sizeof(copy));
}

static int set_winsize(struct tty *t, vaddr_t arg)
{
    struct tty_winsize wanted;
    int error = copy_from_user(&wanted, arg, sizeof(wanted));
    bool changed;
    uint32_t mask;
    int pgid;

    if (error)
        return error;
    mask = tty_lock(t);
    changed = memcmp(&t->winsize, &wanted, sizeof(wanted)) != 0;
    t->winsize = wanted;
    pgid = t->pgid;
    tty_unlock(t, mask);
    if (changed && pgid && t->signal_group)
        t->signal_group(pgid, TTY_SIGWINCH);
    return 0;
}

/* Init's session gives the terminal to whom it likes; others a group of their own session. */
static int check_group(struct tty *t, int pgid)
{
    int sid;

    if (pgid <= 0)
        return -EINVAL;
    if (is_foreign(t))
        return -ENOTTY;
    if (in_init_session(t) || !t->session_of || !t->sid)
        return 0;
    sid = t->session_of(pgid);
    if (sid < 0)
        return sid;
    return sid == t->sid ? 0 : -EPERM;
}

static int set_pgrp(struct tty *t, vaddr_t arg)
{
    uint32_t pgid, mask;
    int error = get_user32(&pgid, arg);

    if (!error)
        error = check_group(t, (int)pgid);
    if (!error)
        error = tty_stop_in_background(t, TTY_SIGTTOU);
    if (error)
        return error;
    mask = tty_lock(t);
    t->pgid = (int)pgid;
    if (in_init_session(t))
        t->sid = (int)pgid;
    tty_unlock(t, mask);
    return 0;
}

/* The session that has the terminal: the caller's, or -ENOTTY. */
static int own_session(struct tty *t)
{
    int sid = tty_session();

    if (!t->caller)
        return sid;
    return sid && t->caller().sid == sid ? sid : -ENOTTY;
}

/* Who is told of a foreground waits to be in it: in a terminal of another session, or nobody's,
 * that would be for ever. Init's session may have given it to a group of its own. */
static int get_pgrp(struct tty *t, vaddr_t arg)
{
    int sid = own_session(t), pgid = tty_foreground();

    if (sid == -ENOTTY && in_init_session(t) && tty_session() && t->session_of)
        sid = t->session_of(pgid) == INIT_SESSION ? INIT_SESSION : -ENOTTY;
    return sid < 0 ? sid : put_user32(arg, (uint32_t)pgid);
}

static int get_session(struct tty *t, vaddr_t arg)
{
    int sid = own_session(t);

    return sid < 0 ? sid : put_user32(arg, (uint32_t)sid);
}

/* The caller's session gets the terminal if nobody has it, or `also` so. Its own stays as it is. */
static int take(struct tty *t, const struct tty_caller *caller, bool also)
{
    uint32_t mask = tty_lock(t);
    int error = 0;

    if (!t->sid || (also && t->sid != caller->sid)) {
        t->sid = caller->sid;
        t->pgid = caller->pgid;
    } else if (t->sid != caller->sid) {
        error = -EPERM;
    }
    tty_unlock(t, mask);
    return error;
}

static int take_session(struct tty *t)
{
    struct tty_caller caller = {.leader = true};

    if (t->caller)
        caller = t->caller();
    return caller.leader ? take(t, &caller, in_init_session(t)) : -EPERM;
}

int tty_open_line(struct file *f)
{
    struct tty *t = &tty_console;
    struct tty_caller caller;

    if (!t->caller || f->flags & O_NOCTTY || (f->flags & O_ACCMODE) == O_WRONLY)
        return 0;
    caller = t->caller();
    if (caller.leader && caller.sid != INIT_SESSION)
        (void)take(t, &caller, false);
    return 0;
}

/* The leader gives it up for its whole session, whose foreground hears of it. One process alone
 * can't. */
static int give_up(struct tty *t)
{
    int sid = own_session(t), pgid;

    if (sid < 0)
        return sid;
    if (t->caller && !t->caller().leader)
        return -EPERM;
    pgid = tty_end_session(sid);
    if (pgid && t->signal_group) {
        t->signal_group(pgid, TTY_SIGHUP);
        t->signal_group(pgid, TTY_SIGCONT);
    }
    return 0;
}

int tty_open_own(struct file *f)
{
    (void)f;
    return own_session(&tty_console) < 0 ? -ENXIO : 0;
}

enum { FLUSH_INPUT, FLUSH_OUTPUT, FLUSH_BOTH };

static int flush(struct tty *t, uint32_t queue)
{
    uint32_t mask;
    int stop = tty_stop_in_background(t, TTY_SIGTTOU);

    if (stop || queue > FLUSH_BOTH)
        return stop ? stop : -EINVAL;
    mask = tty_lock(t);
    if (queue != FLUSH_OUTPUT)
        tty_flush_input(t);
    if (queue != FLUSH_INPUT)
        tty_flush_output(t);
    tty_unlock(t, mask);
    return 0;
}

enum { OUTPUT_OFF, OUTPUT_ON, INPUT_OFF, INPUT_ON };

/* TCXONC: output, ours and (by a character) that of the other side. */
static int flow(struct tty *t, uint32_t what)
{
    uint32_t mask;
    int stop = tty_stop_in_background(t, TTY_SIGTTOU);
    char c;

    if (stop || what > INPUT_ON)
        return stop ? stop : -EINVAL;
    mask = tty_lock(t);
    c = (char)t->termios.cc[what == INPUT_OFF ? VSTOP : VSTART];
    if (what == OUTPUT_OFF)
        tty_stop(t, STOP_CALL);
    else if (what == OUTPUT_ON)
        tty_start(t, STOP_CALL | STOP_KEY);
    else if (c)
        console_write_raw(&c, 1);
    tty_unlock(t, mask);
    return 0;
}

/* TCSBRK: waits for the end of output. A break can't be sent. */
static int drain(struct tty *t, uint32_t arg)
{
    int error = tty_stop_in_background(t, TTY_SIGTTOU);

    if (!error && arg == 0)
        error = -ENOTTY;
    return error ? error : tty_wait_output(t);
}

int tty_ioctl(struct file *f, unsigned request, vaddr_t arg)
{
    struct tty *t = &tty_console;

    (void)f;
    switch (request) {
    case TCGETS: return get_termios(t, arg);
    case TCSETS: return set_termios(t, arg, false, false);
    case TCSETSW: return set_termios(t, arg, true, false);
    case TCSETSF: return set_termios(t, arg, true, true);
    case TCSBRK: return drain(t, (uint32_t)arg);
    case TCXONC: return flow(t, (uint32_t)arg);
    case TCFLSH: return flush(t, (uint32_t)arg);
    case TIOCSCTTY: return take_session(t);
    case TIOCNOTTY: return give_up(t);
    case TIOCGPGRP: return get_pgrp(t, arg);
    case TIOCSPGRP: return set_pgrp(t, arg);
    case TIOCGSID: return get_session(t, arg);
    case TIOCGWINSZ: return get_winsize(t, arg);
    case TIOCSWINSZ: return set_winsize(t, arg);
    case FIONREAD: return put_user32(arg, (uint32_t)tty_input_ready());
    case TIOCOUTQ: return put_user32(arg, *(volatile uint32_t *)&t->nheld);
    case TIOCGETD: return put_user32(arg, 0); /* N_TTY */
    default: return -ENOTTY;
    }
}
