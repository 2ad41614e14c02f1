/* SPDX-License-Identifier: MIT
 *
 * What the project's programs share beyond the C library: starting programs, words for errors and
 * signals, reading /proc.
 */
#ifndef QUIRE_H
#define QUIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct termios;

/* The stack pointer at the first instruction. */
extern uintptr_t entry_stack;

/* One of few words for an errno (newlib's numbers). */
const char *error_words(int error);
/* "segmentation fault"; sig in newlib's numbers. */
const char *signal_words(int sig);
/* "SEGV"; NULL if there is no such signal. */
const char *signal_name(int sig);
/* From "9", "KILL", "SIGKILL", any case; numbers are the kernel's. -1 if it is none. */
int signal_parse(const char *word);
int signal_to_linux(int sig);
int signal_from_linux(int sig);
/* Ignores sig, or gives it back its default effect. */
int signal_ignore(int sig, bool ignore);

#define SPAWN_GROUP      1u /* a process group of its own */
#define SPAWN_FOREGROUND 2u /* which gets the terminal at descriptor 0; with SPAWN_GROUP */
#define SPAWN_SIGNALS    4u /* gives INT, QUIT, TTIN, TTOU their default effect */

/* In a child: does what the flags say, then sets modes for the terminal if it is in the foreground
 * now and settings is not NULL. A Ctrl-C that came earlier waits as a character for that. */
void foreground_enter(unsigned flags, const struct termios *settings);
/* Starts argv[0]. If it is no program, the child says so on descriptor 2, with the name of the
 * caller in front, and ends with status 127 (not found) or 126. Returns the pid, or -1 and errno
 * if there is no child. */
pid_t spawn(const char *caller, char *const argv[], unsigned flags);
/* The same, with modes for the terminal as foreground_enter sets them (or NULL); in this process
 * group, if it is not 0; and with these descriptors as its 0 and 1, -1: the caller's. */
struct spawn {
    unsigned flags;
    const struct termios *settings;
    pid_t group;
    int in, out;
};
pid_t spawn_with(const char *caller, char *const argv[], const struct spawn *how);
/* Where the command word is: itself if it has a slash, else in /bin, else in /tests. False if it
 * is in neither. */
bool command_find(const char *word, char *path, size_t size);
/* 0..255: the status as a shell counts it, 128 + signal (the kernel's number) if killed. */
int status_to_code(int status);
/* "NAME: killed by signal 11 (segmentation fault)" on descriptor 2, if the status says so. */
void status_report(const char *name, int status);

/* open() that takes files of 2 GiB and more, and makes new ones with mode 0666. newlib's offsets
 * have 32 bits: reading and writing go on behind them, its lseek and fstat do not. */
int file_open_large(const char *path, int flags);
/* The whole file, NUL-terminated, by malloc; its length in *len if that is not NULL. NULL and errno
 * if it can't be read. The caller takes the buffer. */
char *file_read_all(const char *path, size_t *len);
/* The same to standard output; 0, or -1 after a message "caller: path: reason". */
int file_print(const char *caller, const char *path);
/* The number after "key" at the start of a line of text, decimal; false if there is none. */
bool text_number(const char *text, const char *key, uint64_t *value);
/* The same for a line of a file. */
bool proc_number(const char *path, const char *key, uint64_t *value);
/* Decimal digits of value, in buf, which it returns (newlib-nano prints no 64-bit numbers). */
#define U64_DIGITS 21
char *u64_format(uint64_t value, char buf[U64_DIGITS]);
/* A decimal number that is the whole word; false if it is none. */
bool number_parse(const char *word, uint32_t *value);
/* 12, 12K, 12M; false if it is none or too big. */
bool size_parse(const char *word, uint32_t *bytes);
/* Milliseconds since some moment before the program began. */
uint64_t time_ms(void);
/* "caller: what: words for errno" on descriptor 2; returns 1, for main. */
int fail(const char *caller, const char *what);

#endif
