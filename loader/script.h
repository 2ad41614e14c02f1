/* SPDX-License-Identifier: MIT
 *
 * The first line of a script, "#!interpreter [argument]": parsed from the file's first bytes alone,
 * so that exec can decide before it changes anything. Everything behind the interpreter is one
 * argument, as on Linux: inner spaces stay, those around it go. Pure; no locks; called by exec.
 * Source: Linux, execve(2), "Interpreter scripts".
 */
#ifndef LOADER_SCRIPT_H
#define LOADER_SCRIPT_H

#include "lib/base.h"

#define SCRIPT_LINE_MAX 255u /* bytes of the line, #! included, its end not */

enum script_error {
    SCRIPT_OK,
    SCRIPT_NOT_A_SCRIPT,
    SCRIPT_EMPTY,
    SCRIPT_TOO_LONG,
    SCRIPT_NUL,
    SCRIPT_NERRORS,
};

struct script {
    const char *interp, *arg; /* in the given bytes, not terminated; arg NULL: there is none */
    size_t interp_len, arg_len;
};

/* The bytes are the file's first len ones: all of it, or more than SCRIPT_LINE_MAX. *out is written
 * with SCRIPT_OK only. */
enum script_error script_parse(const void *bytes, size_t len, struct script *out) __must_check;

/* Whether the first line has no control characters: what a shell takes for a script of its own when
 * exec refuses it with -ENOEXEC. Source: POSIX.1-2017, XCU 2.9.1.1. */
bool script_is_text(const void *bytes, size_t len) __must_check;

/* Why, in words, and as a negative errno: -ENOEXEC, or 0 for SCRIPT_OK. */
const char *script_strerror(enum script_error error);
int script_errno(enum script_error error);

#endif
