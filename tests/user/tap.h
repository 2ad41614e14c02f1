/* SPDX-License-Identifier: MIT
 *
 * User-mode tests that print TAP. Each sub-test runs in a child of its own, so that it may break
 * or be killed and leaves nothing behind in the program that counts: afterwards the number of
 * frames in use must be what it was and the kernel's check of its memory system clean. On a system
 * without /proc/vmcheck (the tests also run on Linux) those two are left out.
 */
#ifndef TESTS_USER_TAP_H
#define TESTS_USER_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

struct tap_test {
    const char *name;
    void (*run)(void);
};

#define TAP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Runs all; returns the status for main: 0 if every one passed. */
int tap_main(const struct tap_test *tests, size_t count);
/* Prints "ok" or "not ok" for test number n, after comparing memory with the picture before. */
bool tap_report(unsigned n, const char *name, bool ok, long frames_before);
/* Checks the memory system and returns the frames in use, for slabs the objects instead; -1: not
 * known here, or others run at the same time; -2: the check failed. Touches no memory of its own
 * but static buffers. */
long tap_frames(void);
/* The same, for tap_report, which then says what objects there are more or fewer. */
long tap_before(void);
bool tap_on_quire(void);
/* How often to do something: the large count where /tests/run was told to soak. */
uint32_t tap_count(uint32_t small, uint32_t large);
/* How many of what costs time for ever: few where /tests/run was told that times do not count,
 * since a slow machine would do nothing else. */
uint32_t tap_at_once(uint32_t usual, uint32_t few);
/* What took ms took less than most_ms. Where /tests/run was told that times do not count, true in
 * any case, and a line says it. */
bool tap_in_time(long ms, long most_ms);
/* Text in front of every line, for a program that runs under another. */
const char *tap_indent(void);

/* Ends the sub-test as passed, with the reason why it could not be tested. */
void tap_skip(const char *why);
void tap_fail(const char *file, int line, const char *what);
void tap_equal(const char *file, int line, const char *what, long got, long wanted);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            tap_fail(__FILE_NAME__, __LINE__, #condition);                                         \
    } while (0)
#define CHECK_EQ(got, wanted) tap_equal(__FILE_NAME__, __LINE__, #got, (long)(got), (long)(wanted))

/* Forks, runs body in the child and returns the wait status; body's return is the exit status. */
int tap_child(int (*body)(void *arg), void *arg);
/* The same for a program: execs argv[0] with no output on descriptors 1 and 2 if quiet. */
int tap_program(char *const argv[], bool quiet);
/* The status says: ended by this signal. */
bool tap_killed_by(int status, int sig);
/* The status says: ended by itself with this code. */
bool tap_exited_with(int status, int code);
/* Sleeps. */
void tap_pause_ms(long ms);

#endif
