/* SPDX-License-Identifier: MIT
 *
 * Looks up the symbol table. It comes from kern/symbols_none.c in the first link and from
 * tools/mksymbols.py in the second; both must give the same addresses to functions, so
 * .symtab_quire lies behind the text. It is small and walked: only panics and kdb look.
 */
#include "kern/symbols.h"

extern const char __text_start[]; /* linker script */

static char *byte_expand(uint8_t byte, char *out, const char *end)
{
    uint8_t wait[SYMBOL_DEPTH_MAX];
    unsigned n = 0;

    wait[n++] = byte;
    while (n > 0) {
        byte = wait[--n];
        if (byte < 128) {
            if (out < end)
                *out++ = (char)byte;
        } else if (n + 2 <= SYMBOL_DEPTH_MAX) {
            wait[n++] = symbol_pair[byte - 128][1];
            wait[n++] = symbol_pair[byte - 128][0];
        }
    }
    return out;
}

static const char *name_expand(const uint8_t *p, char name[SYMBOL_NAME_MAX])
{
    char *out = name;

    while (*p)
        out = byte_expand(*p++, out, name + SYMBOL_NAME_MAX - 1);
    *out = '\0';
    return name;
}

const char *symbol_name(uint32_t pc, uint32_t *offset, char name[SYMBOL_NAME_MAX])
{
    uint32_t at = pc - (uint32_t)(uintptr_t)__text_start, start = 0;
    const uint8_t *p = symbol_table;

    for (uint32_t i = 0; i < symbol_count; i++) {
        uint32_t words = 0;
        unsigned shift = 0;

        for (; *p & 128; shift += 7)
            words |= (uint32_t)(*p++ & 127) << shift;
        words |= (uint32_t)*p++ << shift;
        if (at - start < words * 4) {
            *offset = at - start;
            return name_expand(p, name);
        }
        start += words * 4;
        while (*p++)
            continue;
    }
    return NULL;
}
