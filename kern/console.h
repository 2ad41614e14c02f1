/* SPDX-License-Identifier: MIT
 *
 * Between a UART driver and the terminal above it. The driver gives what it receives to
 * console_input() from its interrupt; a ring of 8 KiB in between loses nothing that is typed during
 * boot.
 */
#ifndef KERN_CONSOLE_H
#define KERN_CONSOLE_H

#include "lib/base.h"

struct uart_ops {
    void (*putc)(char c); /* waits for room in the FIFO; any context */
    int (*getc)(void);    /* the next received character, or -1; for the debugger, which polls */
};

/* The machine's console UART. The log's console output goes here from now on. */
void console_register(const struct uart_ops *ops);
/* Writes n bytes, '\n' as CR LF. Any context. */
void console_write(const char *s, size_t n);
/* As console_write without the translation. */
void console_write_raw(const char *s, size_t n);

/* One received character. Any context. */
void console_input(char c);
/* The debugger, which polls, gets its characters from here, not from the UART. */
void console_poll(int (*getc)(void));
/* Takes the next received character, or returns -1. Any context. */
int console_take(void);
/* Who is told that characters arrived: interrupt context. Called at once if some are waiting. */
void console_on_input(void (*notify)(void));
/* Characters received while the ring was full, since boot. */
uint32_t console_lost(void);

/* From the UART's interrupt, where it received a BREAK, and from /dev/kdb: calls the debugger and
 * returns when it lets the machine go on. False: there is none. */
bool console_break(void);
void console_on_break(void (*debugger)(void));
/* For the debugger alone: without locks, the machine being stopped. */
void console_write_stopped(const char *s, size_t n);
int console_getc_stopped(void);

/* For panic alone: forgets who held the UART. */
void console_break_locks(void);

/* A last word where no device tree tells of a UART: tries that of the board whose RAM begins at
 * ram_base (drivers/uart/lastword.c). */
void uart_last_word(uint64_t ram_base, const char *message);

#endif
