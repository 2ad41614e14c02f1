/* SPDX-License-Identifier: MIT
 *
 * The kernel's own symbols, for backtraces: a table of functions in the image, made from a first
 * link by tools/mksymbols.py and empty in that link. Constant, in .symtab_quire; no locks.
 */
#ifndef KERN_SYMBOLS_H
#define KERN_SYMBOLS_H

#include "lib/base.h"

/* The function that contains pc, and how far into it pc is; NULL where the table knows none. */
const char *symbol_name(uint32_t pc, uint32_t *offset);

/* The table: symbol_offset[i] is the i-th function's address minus __text_start, ascending; its
 * name is the i-th string of symbol_names. The last entry marks the end and has no name. */
extern const uint32_t symbol_count;
extern const uint32_t symbol_offset[];
extern const char symbol_names[];

#endif
