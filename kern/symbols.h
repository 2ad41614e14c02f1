/* SPDX-License-Identifier: MIT
 *
 * The kernel's own symbols, for backtraces: a table of functions in the image, made from a first
 * link by tools/mksymbols.py and empty in that link. Constant, in .symtab_quire; no locks.
 */
#ifndef KERN_SYMBOLS_H
#define KERN_SYMBOLS_H

#include "lib/base.h"

#define SYMBOL_NAME_MAX 64 /* with its zero */

/* The function that contains pc, put into `name`, and how far into it pc is; NULL where the table
 * knows none. */
const char *symbol_name(uint32_t pc, uint32_t *offset, char name[SYMBOL_NAME_MAX]);

/* The table: symbol_count functions in ascending order from __text_start, each as its size in words
 * (7 bits a byte, the lowest first, bit 7: more follow) and its name, which ends with a zero. A
 * byte of a name from 128 on is short for the two of symbol_pair[byte - 128], which may be short
 * for others (byte pair encoding: Gage, C Users Journal, February 1994). */
#define SYMBOL_DEPTH_MAX 16 /* bytes that wait while a name is expanded */
extern const uint32_t symbol_count;
extern const uint8_t symbol_pair[][2];
extern const uint8_t symbol_table[];

#endif
