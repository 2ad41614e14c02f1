/* SPDX-License-Identifier: MIT
 *
 * The empty symbol table of the first link: weak, so that the one which tools/mksymbols.py makes
 * takes its place in the second. In a file of its own, so that no code is compiled knowing that
 * these arrays are short.
 */
#include "kern/symbols.h"

#define SYMTAB __attribute__((weak, section(".symtab_quire")))

const uint32_t symbol_count SYMTAB = 0;
const uint8_t symbol_pair[1][2] SYMTAB = {{0, 0}};
const uint8_t symbol_table[1] SYMTAB = {0};
