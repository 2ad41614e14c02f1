/* SPDX-License-Identifier: MIT
 *
 * The terminal on the host: lines, editing keys, signals, modes, sessions (fake_tty.h).
 */
#include "fake_tty.h"

static void lines_are_echoed_and_read_one_by_one(void **state)
{
    (void)state;
    type("ab\rcd\n");
    assert_string_equal(host.screen, "ab\r\ncd\r\n");
    assert_int_equal(tty_input_ready(), 6);
    reads("ab\n");
    reads("cd\n");
    assert_int_equal(read_len(1), -EINTR);
}

static void an_unfinished_line_is_not_read(void **state)
{
    (void)state;
    type("abc");
    assert_int_equal(read_len(8), -EINTR);
    file.flags = O_NONBLOCK;
    assert_int_equal(read_len(8), -EAGAIN);
    type("\n");
    reads("abc\n");
}

static void pollers_hear_of_a_line(void **state)
{
    struct list_link poller;

    (void)state;
    list_push_back(&tty_console.pollers.entries, &poller);
    polls_woken = 0;
    type("ab");
    assert_int_equal(polls_woken, 0);
    assert_int_equal(tty_poll(&file, NULL), POLL_WRITE);
    type("c\n");
    assert_int_equal(polls_woken, 1);
    assert_int_equal(tty_poll(&file, NULL), POLL_WRITE | POLL_READ);
    reads("abc\n");
    assert_int_equal(tty_poll(&file, NULL), POLL_WRITE);
}

static void editing_keys(void **state)
{
    (void)state;
    type("abx\x7f"
         "c\b\n");
    assert_string_equal(host.screen, "abx\b \bc\b \b\r\n");
    reads("ab\n");
    type("one two  \x17three\n");
    reads("one three\n");
    type("wrong\x15right\n");
    reads("right\n");
    type("\x7f\x7f\x15\x17ok\n");
    reads("ok\n");
}

static void erasing_takes_what_was_shown(void **state)
{
    (void)state;
    type("\x01\x7f");
    assert_string_equal(host.screen, "^A\b \b\b \b");
    host.shown = 0;
    type("a\t\x7f");
    assert_int_equal(host.shown, 2 + 7 * 3);
    host.shown = 0;
    type("\xc3\xa4\x7f");
    assert_string_equal(host.screen, "\xc3\xa4\b \b");
    type("\n");
    reads("a\n");
}

static void end_of_file(void **state)
{
    (void)state;
    type("\x04");
    assert_int_equal(read_len(8), 0);
    type("abc\x04");
    assert_int_equal(read_len(3), 3); /* takes the mark as well */
    assert_int_equal(read_len(8), -EINTR);
    type("abc\x04z\n");
    reads("abc");
    reads("z\n");
    type_bytes("\0\n", 2);
    assert_int_equal(read_len(8), 2);
}

static void a_short_read_leaves_the_rest(void **state)
{
    (void)state;
    type("abcdef\nxy\n");
    assert_int_equal(read_len(4), 4);
    reads("ef\n");
    host.user_room = 1;
    assert_int_equal(read_len(8), 1);
    type("q\n");
    host.user_room = 0;
    assert_int_equal(read_len(8), -EFAULT);
}

static void control_c_signals_at_once_and_forgets_input(void **state)
{
    (void)state;
    type("\x03");
    assert_int_equal(host.signals, 0); /* nobody is in the foreground */
    tty_set_foreground(7);
    type("lost\nlost\x03"
         "kept\n");
    assert_int_equal(host.signals, 1);
    assert_int_equal(host.pgid, 7);
    assert_int_equal(host.sig, 2);
    reads("kept\n");
    type("\x1c");
    assert_int_equal(host.sig, 3);
    assert_non_null(strstr(host.screen, "^C"));
    assert_non_null(strstr(host.screen, "^\\"));
}

static void control_c_passes_a_full_ring(void **state)
{
    char line[TTY_LINE];

    (void)state;
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    tty_set_foreground(7);
    for (int i = 0; i < 6; i++)
        type_bytes(line, sizeof(line));
    type("\x03");
    assert_int_equal(host.signals, 1);
    assert_int_equal(tty_input_ready(), 0);
}

static void type_ahead_of_two_lines_is_kept(void **state)
{
    static char keys[2 * TTY_LINE], buf[TTY_LINE];

    (void)state;
    memset(keys, 'k', sizeof(keys));
    keys[TTY_LINE - 1] = keys[2 * TTY_LINE - 1] = '\n';
    type_bytes(keys, sizeof(keys));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tty_read(&file, 0, (vaddr_t)buf, sizeof(buf)), TTY_LINE);
        assert_memory_equal(buf, keys, TTY_LINE);
    }
}

static void a_line_too_long_rings_and_drops(void **state)
{
    static char buf[TTY_LINE + 8];
    uint32_t lost = tty_lost();
    size_t room = tty_room();

    (void)state;
    memset(buf, 'y', sizeof(buf));
    type_bytes(buf, TTY_LINE + 3);
    assert_int_equal(tty_lost() - lost, 4); /* the line's end has a place */
    assert_int_equal(tty_room(), room - (TTY_LINE - 1));
    assert_int_equal(host.screen[host.shown - 1], '\a');
    type("\n");
    assert_int_equal(tty_read(&file, 0, (vaddr_t)buf, sizeof(buf)), TTY_LINE);
    assert_int_equal(buf[TTY_LINE - 1], '\n');
}

static void set_raw(uint8_t min, uint8_t time)
{
    struct tty_termios t;

    assert_int_equal(tty_ioctl(&file, TCGETS, (vaddr_t)&t), 0);
    t.lflag &= ~(uint32_t)(ICANON | ECHO | ISIG);
    t.iflag &= ~(uint32_t)ICRNL;
    t.cc[VMIN] = min;
    t.cc[VTIME] = time;
    assert_int_equal(tty_ioctl(&file, TCSETS, (vaddr_t)&t), 0);
}

static void raw_mode(void **state)
{
    (void)state;
    type("ahead");
    set_raw(1, 0);
    host.shown = 0;
    reads("ahead"); /* what was being edited can be read */
    type("\x03\r\x7f");
    reads("\x03\r\x7f");
    assert_int_equal(host.shown, 0);
    set_raw(3, 0);
    type("ab");
    assert_int_equal(read_len(8), -EINTR);
    assert_int_equal(read_len(2), 2);
    set_raw(0, 0);
    assert_int_equal(read_len(8), 0);
    set_raw(0, 1);
    host.sleep_answer = -ETIMEDOUT;
    assert_int_equal(read_len(8), 0);
    set_raw(4, 1);
    type("ab");
    assert_int_equal(read_len(8), 2);
}

static void set_cooked(void)
{
    struct tty_termios t;

    assert_int_equal(tty_ioctl(&file, TCGETS, (vaddr_t)&t), 0);
    t.lflag |= ICANON | ECHO | ISIG;
    t.iflag |= ICRNL;
    assert_int_equal(tty_ioctl(&file, TCSETS, (vaddr_t)&t), 0);
}

/* A program that edits by itself starts one that does not: what came in between is edited. */
static void what_came_raw_is_edited_later(void **state)
{
    (void)state;
    set_raw(1, 0);
    type("onf\x7f"
         "e\rtw\x04p");
    set_cooked();
    assert_int_equal(host.shown, 0);
    reads("one\r");
    reads("tw");
    type("art\n");
    reads("part\n");
    assert_int_equal(read_len(8), -EINTR);
    assert_string_equal(host.screen, "art\r\n");
}

/* Enter, typed ahead while a program changes to editing and back, is what it was. */
static void typed_ahead_over_editing(void **state)
{
    (void)state;
    set_raw(1, 0);
    type("\r\n\r");
    set_cooked();
    set_raw(1, 0);
    reads("\r\n\r");
}

static void a_signal_that_came_raw_is_sent_later(void **state)
{
    (void)state;
    tty_set_foreground(7);
    set_raw(1, 0);
    type("lost\n\x03kept\n");
    assert_int_equal(host.signals, 0);
    set_cooked();
    assert_int_equal(host.signals, 1);
    assert_int_equal(host.pgid, 7);
    assert_int_equal(host.sig, 2);
    assert_string_equal(host.screen, "^C");
    reads("kept\n");
    set_cooked();
    assert_int_equal(host.signals, 1);
}

/* The marks of a ^D survive a mode in which they are bytes. */
static void marks_survive_raw_mode(void **state)
{
    (void)state;
    type("ab\x04"
         "cd\n");
    set_raw(1, 0);
    set_cooked();
    reads("ab");
    reads("cd\n");
}

/* Init's session gives the terminal to another. Who is of another session gets neither the terminal
 * nor its foreground, until the leader ends. */
static void other_sessions(void **state)
{
    uint32_t value = 9;

    (void)state;
    tty_on_caller(background, on_background, session_of);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), 0);
    tty_on_caller(stranger, on_background, session_of);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), -EPERM);
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), -ENOTTY);
    tty_end_session(6);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), -EPERM);
    assert_int_equal(tty_foreground(), 8);
    tty_on_caller(of_init, on_background, session_of);
    value = 6; /* the stranger's */
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), 0);
    assert_int_equal(tty_foreground(), 6);
    tty_on_caller(background, on_background, session_of);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), -EPERM);
    tty_on_caller(of_init, on_background, session_of);
    value = 5;
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), 0);
    tty_on_caller(stranger, on_background, session_of);
    tty_end_session(5);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), 0);
    assert_int_equal(tty_foreground(), 9);
}

/* The session has the terminal, its group 9 the foreground, and the caller is of group 8. */
static void stops_in_background(void)
{
    struct tty_termios t;
    uint32_t value = 9;

    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), 0);
    background_answer = -EINTR;
    assert_int_equal(read_len(8), -EINTR);
    assert_int_equal(background_sig, TTY_SIGTTIN);
    assert_int_equal(tty_ioctl(&file, TCGETS, (vaddr_t)&t), 0);
    assert_int_equal(tty_ioctl(&file, TCSETS, (vaddr_t)&t), -EINTR);
    assert_int_equal(background_sig, TTY_SIGTTOU);
    value = 8;
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), -EINTR);
    background_answer = 0; /* the signal is ignored */
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), 0);
}

static void job_control(void **state)
{
    uint32_t value = 9;

    (void)state;
    type("line\n");
    tty_on_caller(background, on_background, session_of);
    assert_int_equal(tty_ioctl(&file, TIOCSPGRP, (vaddr_t)&value), 0);
    assert_int_equal(read_len(8), -EIO);
    assert_int_equal(background_sig, 0); /* the session has no terminal yet */
    assert_int_equal(tty_ioctl(&file, TIOCGPGRP, (vaddr_t)&value), -ENOTTY);
    assert_int_equal(tty_ioctl(&file, TIOCSCTTY, 0), 0);
    stops_in_background();
    assert_int_equal(tty_ioctl(&file, TIOCGPGRP, (vaddr_t)&value), 0);
    assert_int_equal(value, 8);
    assert_int_equal(tty_ioctl(&file, TIOCGSID, (vaddr_t)&value), 0);
    assert_int_equal(value, 5);
    assert_int_equal(tty_ioctl(&file, FIONREAD, (vaddr_t)&value), 0);
    assert_int_equal(value, 5);
    reads("line\n");
    assert_int_equal(tty_ioctl(&file, 0x1234, 0), -ENOTTY);
}

static void output_is_translated(void **state)
{
    char text[300];

    (void)state;
    memset(text, 'o', sizeof(text));
    text[299] = '\n';
    assert_int_equal(tty_write(&file, 0, (vaddr_t)text, sizeof(text)), 300);
    assert_int_equal(host.shown, 301);
    assert_string_equal(host.screen + 299, "\r\n");
    set_raw(1, 0);
    tty_console.termios.oflag = 0;
    host.shown = 0;
    assert_int_equal(tty_write(&file, 0, (vaddr_t) "\n", 1), 1);
    assert_int_equal(host.shown, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_are_echoed_and_read_one_by_one, setup),
        cmocka_unit_test_setup(an_unfinished_line_is_not_read, setup),
        cmocka_unit_test_setup(pollers_hear_of_a_line, setup),
        cmocka_unit_test_setup(editing_keys, setup),
        cmocka_unit_test_setup(erasing_takes_what_was_shown, setup),
        cmocka_unit_test_setup(end_of_file, setup),
        cmocka_unit_test_setup(a_short_read_leaves_the_rest, setup),
        cmocka_unit_test_setup(control_c_signals_at_once_and_forgets_input, setup),
        cmocka_unit_test_setup(control_c_passes_a_full_ring, setup),
        cmocka_unit_test_setup(type_ahead_of_two_lines_is_kept, setup),
        cmocka_unit_test_setup(a_line_too_long_rings_and_drops, setup),
        cmocka_unit_test_setup(raw_mode, setup),
        cmocka_unit_test_setup(what_came_raw_is_edited_later, setup),
        cmocka_unit_test_setup(typed_ahead_over_editing, setup),
        cmocka_unit_test_setup(a_signal_that_came_raw_is_sent_later, setup),
        cmocka_unit_test_setup(marks_survive_raw_mode, setup),
        cmocka_unit_test_setup(job_control, setup),
        cmocka_unit_test_setup(other_sessions, setup),
        cmocka_unit_test_setup(output_is_translated, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
