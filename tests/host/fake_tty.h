/* SPDX-License-Identifier: MIT
 *
 * The terminal on the host: keys go in as a UART's interrupt would bring them, what the screen
 * shows and what a reader gets is compared. The console, wait queues and user memory are stand-ins;
 * a read that would sleep answers host.sleep_answer.
 */
#ifndef TESTS_FAKE_TTY_H
#define TESTS_FAKE_TTY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fs/tty.h"
#include "fs/tty_impl.h"
#include "include/uapi/errno.h"

struct tty_host {
    char screen[65536];
    size_t shown;
    char keys[65536];
    size_t head, tail;
    void (*notify)(void);
    int pgid, sig, signals;
    int sleep_answer;
    int woken; /* writers, after output stood still */
    void (*while_asleep)(void);
    size_t user_room; /* bytes of the user's buffer that exist */
};

extern struct tty_host host;
extern struct file file;
extern unsigned polls_woken; /* fake_poll.c */

int setup(void **state);
void type_bytes(const char *keys, size_t n);
void type(const char *keys);
void reads(const char *expected);
int read_len(size_t len);

/* Callers: of sessions 5, 6 and init's, each its leader. Who is in the background gets that answer.
 */
struct tty_caller background(void);
struct tty_caller stranger(void);
struct tty_caller of_init(void);
extern int background_sig, background_answer;
int on_background(int sig);
/* Groups 8 and 9 are of session 5, 7 of another; the others are none. */
int session_of(int pgid);

#endif
