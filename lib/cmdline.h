/* SPDX-License-Identifier: MIT
 *
 * The kernel command line: words separated by white space. A double quote keeps white space
 * together up to the next one, around a whole word ("a b") or a value (key="a b"); a quote left
 * open lasts to the end of the line. Words behind a lone -- belong to init, not to the kernel.
 * Pure functions of the text, which may come from anybody; nothing is copied or changed. Called by
 * kern/bootargs.c and by the code that starts init. Grammar: Linux, kernel-parameters.rst.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "lib/base.h"

/* Steps over one word of the text at *p: *word and *len are the word, without the quotes if they
 * enclose all of it (an empty word "" has length 0), and *p moves behind it. False at the end.
 * The iterator does not stop at --; start it at cmdline_init_words() for init's words. */
bool cmdline_next(const char **p, const char **word, size_t *len);

/* The value of the kernel's last key=value, without its quotes, and its length in bytes; it is not
 * terminated. NULL if the key is not there; an empty value has length 0. */
const char *cmdline_get(const char *line, const char *key, size_t *len);

/* The word stands among the kernel's words, alone, as in noaslr. */
bool cmdline_flag(const char *line, const char *word);

/* The text behind the first lone --, or the empty end of the line. */
const char *cmdline_init_words(const char *line);

/* A number of bytes: decimal or 0x hexadecimal digits, then nothing or one of k K m M g G (powers
 * of 1024). 0; -EINVAL if it is not that; -ERANGE if it does not fit 64 bits. *bytes is written
 * only with 0. */
int cmdline_size(const char *text, size_t len, uint64_t *bytes) __must_check;

#endif
