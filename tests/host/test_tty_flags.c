/* SPDX-License-Identifier: MIT
 *
 * The terminal on the host: what each flag, control character and call changes (fake_tty.h).
 */
#include "fake_tty.h"

static struct tty_termios get_flags(void)
{
    struct tty_termios t;

    assert_int_equal(tty_ioctl(&file, TCGETS, (vaddr_t)&t), 0);
    return t;
}

static void set_flags(uint32_t iflag, uint32_t oflag, uint32_t lflag)
{
    struct tty_termios t = get_flags();

    t.iflag = iflag;
    t.oflag = oflag;
    t.lflag = lflag;
    assert_int_equal(tty_ioctl(&file, TCSETS, (vaddr_t)&t), 0);
}

static int writes(const char *text)
{
    return tty_write(&file, 0, (vaddr_t)text, strlen(text));
}

static void shows(const char *expected)
{
    assert_string_equal(host.screen, expected);
    host.shown = 0;
    host.screen[0] = '\0';
}

static void go_on(void)
{
    type("\x11");
}

/* ^S holds writers and echo, ^Q lets them go on; neither is read. */
static void output_stands_still(void **state)
{
    uint32_t queued;

    (void)state;
    type("\x13"
         "ab");
    shows("");
    assert_int_equal(tty_ioctl(&file, TIOCOUTQ, (vaddr_t)&queued), 0);
    assert_int_equal(queued, 2);
    assert_int_equal(tty_poll(&file, NULL) & POLL_WRITE, 0);
    assert_int_equal(writes("x"), -EINTR);
    file.flags = O_NONBLOCK;
    assert_int_equal(writes("x"), -EAGAIN);
    file.flags = 0;
    assert_int_equal(host.woken, 0);
    type("\x11");
    assert_int_equal(host.woken, 1);
    shows("ab");
    assert_int_equal(tty_poll(&file, NULL) & POLL_WRITE, POLL_WRITE);
    type("\x13");
    host.while_asleep = go_on;
    assert_int_equal(writes("later"), 5);
    shows("later");
    type("\n");
    reads("ab\n");
}

static void what_lets_output_go_on(void **state)
{
    (void)state;
    tty_set_foreground(7);
    type("\x13"
         "zz\x03");
    assert_int_equal(host.signals, 1);
    shows("^C"); /* the echo that waited is forgotten */
    assert_int_equal(writes("x"), 1);
    set_flags(ICRNL | IXON | IXANY, OPOST | ONLCR, ICANON | ECHO);
    type("\x13"
         "k");
    shows("xk");
    type("\x13");
    set_flags(ICRNL, OPOST | ONLCR, ICANON | ECHO); /* without IXON there is none */
    assert_int_equal(writes("y"), 1);
    type("\x13\n");
    reads("k\x13\n");
}

static void flow_by_calls(void **state)
{
    (void)state;
    assert_int_equal(tty_ioctl(&file, TCXONC, 0), 0);
    assert_int_equal(writes("x"), -EINTR);
    type("\x11"); /* what a call stopped no key starts */
    assert_int_equal(writes("x"), -EINTR);
    assert_int_equal(tty_ioctl(&file, TCSBRK, 1), -EINTR);
    host.sleep_answer = -EINTR;
    assert_int_equal(tty_ioctl(&file, TCSETSW, (vaddr_t)&tty_console.termios), -EINTR);
    type("ab");
    assert_int_equal(tty_ioctl(&file, TCFLSH, 1), 0);
    assert_int_equal(tty_ioctl(&file, TCXONC, 1), 0);
    shows("");
    assert_int_equal(tty_ioctl(&file, TCSBRK, 1), 0);
    assert_int_equal(tty_ioctl(&file, TCXONC, 2), 0);
    assert_int_equal(tty_ioctl(&file, TCXONC, 3), 0);
    shows("\x13\x11");
    assert_int_equal(tty_ioctl(&file, TCXONC, 4), -EINVAL);
    assert_int_equal(tty_ioctl(&file, TCSBRK, 0), -ENOTTY);
    assert_int_equal(tty_ioctl(&file, TCFLSH, 3), -EINVAL);
    type("\n");
    reads("ab\n");
}

/* The other side is told to stop before the ring is full, and to go on when there is room. */
static void input_is_held_back(void **state)
{
    static char line[1024], buf[1024];

    (void)state;
    set_flags(ICRNL | IXOFF, 0, ICANON);
    memset(line, 'l', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (int i = 0; i < 13; i++)
        type_bytes(line, sizeof(line));
    shows("\x13");
    for (int i = 0; i < 8; i++)
        assert_int_equal(tty_read(&file, 0, (vaddr_t)buf, sizeof(buf)), sizeof(buf));
    shows("");
    assert_int_equal(tty_read(&file, 0, (vaddr_t)buf, sizeof(buf)), sizeof(buf));
    shows("\x11");
    assert_int_equal(tty_lost(), 0);
}

static void literal_characters(void **state)
{
    (void)state;
    type("a\x16\x03"
         "\x16\n\x16\x16"
         "b");
    shows("a^\b^C^\b^J^\b^Vb");
    type("\x7f\x7f\n");
    shows("\b \b\b \b\b \b\r\n");
    reads("a\x03\n\n");
    type("\x16\x04"
         "x\n");
    reads("\x04x\n");
    set_flags(ICRNL, OPOST, ICANON | ECHO); /* without IEXTEN it is a character */
    type("\x16\n");
    reads("\x16\n");
}

static void the_line_is_shown_again(void **state)
{
    (void)state;
    type("ab\x01\x12");
    shows("ab^A^R\r\nab^A");
    type("\x7f\x7f");
    shows("\b \b\b \b\b \b");
    type("\n");
    reads("a\n");
}

static void words_are_erased(void **state)
{
    (void)state;
    type("one two-3_4  \x17.\n");
    reads("one two-.\n");
    type("one two\x17\x17x\n");
    reads("x\n");
}

static void set_cc(unsigned place, uint8_t c)
{
    struct tty_termios t = get_flags();

    t.cc[place] = c;
    assert_int_equal(tty_ioctl(&file, TCSETS, (vaddr_t)&t), 0);
}

static void other_ends_of_lines(void **state)
{
    (void)state;
    set_cc(VEOL, ';');
    set_cc(VEOL2, '.');
    type("a;b.c\n");
    reads("a;");
    reads("b.");
    reads("c\n");
    shows("a;b.c\r\n");
    set_flags(ICRNL, OPOST, ICANON); /* the second one is IEXTEN's */
    type("d.\n");
    reads("d.\n");
    shows("");
    set_flags(ICRNL, OPOST | ONLCR, ICANON | ECHONL);
    type("e\n");
    shows("\r\n");
}

static void a_line_is_killed(void **state)
{
    (void)state;
    type("abc\x15");
    shows("abc\b \b\b \b\b \b");
    set_flags(ICRNL, OPOST | ONLCR, ICANON | ECHO | ECHOK | ECHOCTL);
    type("abc\x15");
    shows("abc^U\r\n");
    set_flags(ICRNL, OPOST | ONLCR, ICANON | ECHO);
    type("abc\x15x\n");
    shows("abc\x15x\r\n");
    reads("x\n");
}

static void ends_are_mapped(void **state)
{
    (void)state;
    set_flags(IGNCR, 0, ICANON);
    type("a\rb\n");
    reads("ab\n");
    set_flags(INLCR, 0, 0);
    type("a\rb\n");
    reads("a\rb\r");
    set_flags(ISTRIP, 0, 0);
    type("\xe1");
    reads("a");
}

static void output_flags(void **state)
{
    (void)state;
    set_flags(0, ONLCR | OCRNL, 0); /* without OPOST nothing */
    writes("a\r\n");
    shows("a\r\n");
    set_flags(0, OPOST | OCRNL, 0);
    writes("a\rb\n");
    shows("a\nb\n");
    set_flags(0, OPOST | ONOCR, 0);
    writes("\r");
    writes("a\r\rb\n\r");
    shows("\ra\rb\n\r"); /* the cursor was not in column 0 at first, nor behind a NL alone */
    set_flags(0, OPOST | ONOCR | ONLRET, 0);
    writes("\ra\n\rb");
    shows("a\nb");
}

/* What is not built is off afterwards. */
static void flags_that_are_not_there(void **state)
{
    struct tty_termios t = get_flags();
    uint32_t cflag = t.cflag;

    (void)state;
    t.iflag = t.oflag = t.cflag = t.lflag = UINT32_MAX;
    t.line = 3;
    assert_int_equal(tty_ioctl(&file, TCSETS, (vaddr_t)&t), 0);
    t = get_flags();
    assert_int_equal(t.iflag, TTY_IFLAGS);
    assert_int_equal(t.oflag, TTY_OFLAGS);
    assert_int_equal(t.lflag, TTY_LFLAGS);
    assert_int_equal(t.cflag, cflag);
    assert_int_equal(t.line, 0);
}

static struct tty_caller member(void)
{
    return (struct tty_caller){.pgid = 8, .sid = 5, .leader = false};
}

static void sessions_take_and_leave(void **state)
{
    uint32_t value = 0;

    (void)state;
    tty_on_caller(member, on_background, session_of);
    background_answer = 0;
    assert_int_equal(tty_open_own(&file), -ENXIO);
    assert_int_equal(tty_ioctl(&file, TIOCGSID, (vaddr_t)&value), -ENOTTY);
    assert_int_equal(tty_ioctl(&file, TIOCNOTTY, 0), -ENOTTY);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), -EPERM); /* no leader */
    tty_on_caller(background, on_background, session_of);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), 0);
    assert_int_equal(tty_open_own(&file), 0);
    assert_int_equal(tty_session(), 5);
    value = 9;
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), 0);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), 0); /* it has it: nothing changes */
    assert_int_equal(tty_foreground(), 9);
    value = 7;
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), -EPERM);
    value = 77;
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), -ESRCH);
    value = 0;
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), -EINVAL);
    tty_on_caller(member, on_background, session_of);
    assert_int_equal(tty_ioctl(&file, TIOCNOTTY, 0), -EPERM);
    tty_on_caller(stranger, on_background, session_of);
    assert_int_equal(tty_ioctl(&file, TIOCNOTTY, 0), -ENOTTY);
    assert_int_equal(tty_open_own(&file), -ENXIO);
    tty_on_caller(background, on_background, session_of);
    assert_int_equal(host.signals, 0);
    assert_int_equal(tty_ioctl(&file, TIOCNOTTY, 0), 0);
    assert_int_equal(host.signals, 2);
    assert_int_equal(host.sig, TTY_SIGCONT);
    assert_int_equal(host.pgid, 9);
    assert_int_equal(tty_open_own(&file), -ENXIO);
    assert_int_equal(tty_foreground(), 0);
}

/* Opening the line takes the terminal that nobody has, for a leader that may read, but init. */
static void opening_takes(void **state)
{
    (void)state;
    tty_on_caller(member, on_background, session_of);
    file.flags = O_RDWR;
    assert_int_equal(tty_open_line(&file), 0);
    assert_int_equal(tty_session(), 0); /* no leader */
    tty_on_caller(of_init, on_background, session_of);
    assert_int_equal(tty_open_line(&file), 0);
    assert_int_equal(tty_session(), 0);
    tty_on_caller(background, on_background, session_of);
    file.flags = O_RDWR | O_NOCTTY;
    assert_int_equal(tty_open_line(&file), 0);
    file.flags = O_WRONLY;
    assert_int_equal(tty_open_line(&file), 0);
    assert_int_equal(tty_session(), 0);
    file.flags = O_RDONLY;
    assert_int_equal(tty_open_line(&file), 0);
    assert_int_equal(tty_session(), 5);
    assert_int_equal(tty_foreground(), 8);
    tty_on_caller(stranger, on_background, session_of);
    assert_int_equal(tty_open_line(&file), 0);
    assert_int_equal(tty_session(), 5);
    file.flags = 0;
}

/* Init's session, too, is told of no foreground but its own: it would wait to be there. When the
 * leader has ended there is none, and nobody is behind it. */
static void no_foreground_of_others(void **state)
{
    uint32_t value = 0;

    (void)state;
    type("line\n");
    tty_on_caller(background, on_background, session_of);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), 0);
    tty_on_caller(of_init, on_background, session_of);
    assert_int_equal(tty_ioctl(&file, TIOCGPGRP, (vaddr_t)&value), -ENOTTY);
    assert_int_equal(read_len(8), -EIO);
    assert_int_equal(tty_end_session(5), 8);
    assert_int_equal(tty_foreground(), 0);
    reads("line\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(output_stands_still, setup),
        cmocka_unit_test_setup(what_lets_output_go_on, setup),
        cmocka_unit_test_setup(flow_by_calls, setup),
        cmocka_unit_test_setup(input_is_held_back, setup),
        cmocka_unit_test_setup(literal_characters, setup),
        cmocka_unit_test_setup(the_line_is_shown_again, setup),
        cmocka_unit_test_setup(words_are_erased, setup),
        cmocka_unit_test_setup(other_ends_of_lines, setup),
        cmocka_unit_test_setup(a_line_is_killed, setup),
        cmocka_unit_test_setup(ends_are_mapped, setup),
        cmocka_unit_test_setup(output_flags, setup),
        cmocka_unit_test_setup(flags_that_are_not_there, setup),
        cmocka_unit_test_setup(sessions_take_and_leave, setup),
        cmocka_unit_test_setup(opening_takes, setup),
        cmocka_unit_test_setup(no_foreground_of_others, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
