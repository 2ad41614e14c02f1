/* SPDX-License-Identifier: MIT
 *
 * Looks up the symbol table. It comes from kern/symbols_none.c in the first link and from
 * tools/mksymbols.py in the second; both must give the same addresses to functions, so
 * .symtab_quire lies behind the text. Names are found by walking: only panics look.
 */
#include "kern/symbols.h"

#include <string.h>

extern const char __text_start[]; /* linker script */

const char *symbol_name(uint32_t pc, uint32_t *offset)
{
    uint32_t at = pc - (uint32_t)(uintptr_t)__text_start;
    uint32_t low = 0, high = symbol_count; /* the one wanted: low <= i < high */

    if (high < 2 || at < symbol_offset[0] || at >= symbol_offset[high - 1])
        return NULL;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (symbol_offset[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    *offset = at - symbol_offset[low];

    const char *name = symbol_names;
    while (low-- > 0)
        name += strlen(name) + 1;
    return name;
}
