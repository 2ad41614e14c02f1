/* SPDX-License-Identifier: MIT
 *
 * Flattened device tree: header check, tokens, nodes, properties. All reading of the structure
 * block goes through next_token(), which never leaves it. What the properties mean is in
 * lib/fdt_bus.c (addresses, interrupts) and lib/fdt_boot.c (memory, /chosen).
 * Source: Devicetree Specification v0.4, chapter 5.
 */
#include "lib/fdt.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "lib/fdt_impl.h"

#define MAGIC           0xd00dfeedu
#define VERSION         17u
#define OLDEST_READABLE 16u /* last_comp_version this reader understands at most */

enum header { /* byte offsets of its big-endian words */
              H_MAGIC = 0,
              H_TOTAL = 4,
              H_OFF_STRUCT = 8,
              H_OFF_STRINGS = 12,
              H_OFF_RESERVED = 16,
              H_VERSION = 20,
              H_LAST_COMP = 24,
              H_SIZE_STRINGS = 32,
              H_SIZE_STRUCT = 36,
              HEADER_BYTES = 40,
};

enum token_kind { T_BEGIN = 1, T_END_NODE = 2, T_PROP = 3, T_NOP = 4, T_END = 9, T_DAMAGED = 0 };

struct token {
    enum token_kind kind;
    uint32_t next;    /* offset of the token behind it */
    const char *name; /* of node or property */
    const uint8_t *value;
    uint32_t len; /* of the value, bytes */
};

/* Length of the string at p with its NUL, looking at most at max bytes; 0: no NUL there. */
static uint32_t string_bytes(const void *p, uint32_t max)
{
    const uint8_t *nul = memchr(p, 0, max);

    return nul ? (uint32_t)(nul - (const uint8_t *)p) + 1 : 0;
}

static void begin_token(const struct fdt *fdt, uint32_t at, struct token *t)
{
    uint32_t len = string_bytes(fdt->structs + at, fdt->nstructs - at);

    if (len == 0)
        return;
    t->kind = T_BEGIN;
    t->name = (const char *)fdt->structs + at;
    t->next = at + ALIGN_UP(len, 4u);
}

static void prop_token(const struct fdt *fdt, uint32_t at, struct token *t)
{
    uint32_t name;

    if (fdt->nstructs - at < 8)
        return;
    t->len = be32(fdt->structs + at);
    name = be32(fdt->structs + at + 4);
    at += 8;
    if (t->len > fdt->nstructs - at || name >= fdt->nstrings)
        return;
    t->kind = T_PROP;
    t->name = fdt->strings + name;
    t->value = fdt->structs + at;
    t->next = at + ALIGN_UP(t->len, 4u);
}

/* The token at the offset, a multiple of 4, after any NOPs. T_DAMAGED if there is no whole one;
 * nstructs is a multiple of 4, so a token that begins inside and is padded ends inside. */
static struct token next_token(const struct fdt *fdt, uint32_t at)
{
    struct token t = {.kind = T_DAMAGED};
    uint32_t word = T_NOP;

    while (word == T_NOP) {
        if (at >= fdt->nstructs)
            return t;
        word = be32(fdt->structs + at);
        at += 4;
    }
    switch (word) {
    case T_BEGIN: begin_token(fdt, at, &t); break;
    case T_PROP: prop_token(fdt, at, &t); break;
    case T_END_NODE:
    case T_END:
        t.kind = (enum token_kind)word;
        t.next = at;
        break;
    default: break;
    }
    return t;
}

/* The block of size bytes at the offset lies behind the header and inside the blob. */
static bool block_fits(uint32_t total, uint32_t offset, uint32_t size)
{
    return offset >= HEADER_BYTES && offset <= total && size <= total - offset;
}

/* Counts the entries of the reservation block; false if its end is not in the blob. */
static bool count_reserved(struct fdt *fdt, uint32_t offset)
{
    uint32_t room;

    if (!block_fits(fdt->total_bytes, offset, 16) || offset % 4 != 0)
        return false;
    fdt->reserved = fdt->blob + offset;
    room = (fdt->total_bytes - offset) / 16;
    for (fdt->nreserved = 0; fdt->nreserved < room; fdt->nreserved++) {
        const uint8_t *entry = fdt->reserved + 16 * fdt->nreserved;

        if (be64(entry) == 0 && be64(entry + 8) == 0)
            return true;
    }
    return false;
}

static bool header_valid(struct fdt *fdt, const uint8_t *blob, size_t max_bytes)
{
    uint32_t structs, strings;

    if ((uintptr_t)blob % 4 != 0 || max_bytes < HEADER_BYTES || be32(blob + H_MAGIC) != MAGIC)
        return false;
    fdt->blob = blob;
    fdt->total_bytes = be32(blob + H_TOTAL);
    if (fdt->total_bytes > max_bytes || fdt->total_bytes > INT32_MAX)
        return false;
    if (be32(blob + H_VERSION) < VERSION || be32(blob + H_LAST_COMP) > VERSION ||
        be32(blob + H_LAST_COMP) < OLDEST_READABLE)
        return false;

    structs = be32(blob + H_OFF_STRUCT);
    strings = be32(blob + H_OFF_STRINGS);
    fdt->nstructs = be32(blob + H_SIZE_STRUCT);
    fdt->nstrings = be32(blob + H_SIZE_STRINGS);
    if (!block_fits(fdt->total_bytes, structs, fdt->nstructs) ||
        !block_fits(fdt->total_bytes, strings, fdt->nstrings) || structs % 4 != 0)
        return false;
    fdt->structs = blob + structs;
    fdt->nstructs = ALIGN_DOWN(fdt->nstructs, 4u);
    fdt->strings = (const char *)blob + strings;
    if (fdt->nstrings > 0 && fdt->strings[fdt->nstrings - 1] != '\0')
        return false;
    return count_reserved(fdt, be32(blob + H_OFF_RESERVED));
}

/* Nodes nest and end, there is one root, properties come before children, END follows. */
static bool structure_valid(const struct fdt *fdt)
{
    struct token t = next_token(fdt, 0);
    int depth = 0;
    bool props_allowed = false;

    if (t.kind != T_BEGIN)
        return false;
    for (;; t = next_token(fdt, t.next)) {
        switch (t.kind) {
        case T_BEGIN:
            if (++depth > FDT_MAX_DEPTH)
                return false;
            props_allowed = true;
            break;
        case T_PROP:
            if (!props_allowed)
                return false;
            break;
        case T_END_NODE:
            props_allowed = false;
            if (--depth == 0)
                return next_token(fdt, t.next).kind == T_END;
            break;
        default: return false;
        }
    }
}

int fdt_open(struct fdt *fdt, const void *blob, size_t max_bytes)
{
    struct fdt f = {0};

    if (!header_valid(&f, blob, max_bytes) || !structure_valid(&f))
        return -EINVAL;
    *fdt = f;
    return 0;
}

int fdt_check(const void *blob, size_t max_bytes)
{
    struct fdt fdt;
    int error = fdt_open(&fdt, blob, max_bytes);

    return error ? error : (int)fdt.total_bytes;
}

/* The BEGIN token of the node; T_DAMAGED for what is not a node. */
static struct token node_token(const struct fdt *fdt, int node)
{
    struct token t = {.kind = T_DAMAGED};

    if (node < 0 || node % 4 != 0)
        return t;
    t = next_token(fdt, (uint32_t)node);
    if (t.kind != T_BEGIN)
        t.kind = T_DAMAGED;
    return t;
}

/* Walks from the node to the next one and adds the levels it went down (or up) to *depth. */
static int step(const struct fdt *fdt, int node, int *depth)
{
    struct token t = node_token(fdt, node);
    uint32_t at = t.next;

    if (t.kind != T_BEGIN)
        return -ENOENT;
    for (++*depth;; at = t.next) {
        t = next_token(fdt, at);
        if (t.kind == T_BEGIN)
            return (int)at;
        if (t.kind == T_END_NODE)
            --*depth;
        else if (t.kind != T_PROP)
            return -ENOENT;
    }
}

int fdt_next(const struct fdt *fdt, int node)
{
    int depth = 0;

    return step(fdt, node, &depth);
}

int fdt_first_child(const struct fdt *fdt, int node)
{
    int depth = 0, child = step(fdt, node, &depth);

    return depth == 1 ? child : -ENOENT;
}

int fdt_next_sibling(const struct fdt *fdt, int node)
{
    int depth = 0;

    do {
        node = step(fdt, node, &depth);
    } while (node >= 0 && depth > 0);
    return depth == 0 ? node : -ENOENT;
}

/* The parent of a node that is found from `at` on, a child of `parent`, or among what is below
 * those; -ENOENT: not there. */
static int parent_from(const struct fdt *fdt, int parent, int at, int node)
{
    int above[FDT_MAX_DEPTH + 1], depth = 1;

    above[0] = parent;
    for (; at >= 0 && depth > 0 && depth <= FDT_MAX_DEPTH; at = step(fdt, at, &depth)) {
        above[depth] = at;
        if (at == node)
            return above[depth - 1];
    }
    return -ENOENT;
}

int fdt_parent(const struct fdt *fdt, int node)
{
    struct fdt_hint *hint = fdt->hint;
    int parent = -ENOENT;

    if (hint && hint->node > 0 && hint->node <= node)
        parent = parent_from(fdt, hint->parent, hint->node, node);
    if (parent < 0 && node > 0)
        parent = parent_from(fdt, 0, fdt_first_child(fdt, 0), node);
    if (hint && parent >= 0)
        *hint = (struct fdt_hint){node, parent};
    return parent;
}

const char *fdt_name(const struct fdt *fdt, int node)
{
    struct token t = node_token(fdt, node);

    return t.kind == T_BEGIN ? t.name : "";
}

const void *fdt_prop(const struct fdt *fdt, int node, const char *name, size_t *len)
{
    struct token t = node_token(fdt, node);

    if (t.kind != T_BEGIN)
        return NULL;
    for (t = next_token(fdt, t.next); t.kind == T_PROP; t = next_token(fdt, t.next)) {
        if (strcmp(t.name, name) != 0)
            continue;
        if (len)
            *len = t.len;
        return t.value;
    }
    return NULL;
}

const char *fdt_string(const struct fdt *fdt, int node, const char *name)
{
    size_t len;
    const char *text = fdt_prop(fdt, node, name, &len);

    return text && string_bytes(text, (uint32_t)len) > 0 ? text : NULL;
}

bool fdt_u32(const struct fdt *fdt, int node, const char *name, unsigned index, uint32_t *value)
{
    size_t len;
    const uint8_t *cells = fdt_prop(fdt, node, name, &len);

    if (!cells || index >= len / 4)
        return false;
    *value = be32(cells + 4 * (size_t)index);
    return true;
}

bool fdt_number(const struct fdt *fdt, int node, const char *name, uint64_t *value)
{
    size_t len;
    const uint8_t *cells = fdt_prop(fdt, node, name, &len);

    if (!cells || (len != 4 && len != 8))
        return false;
    *value = len == 4 ? be32(cells) : be64(cells);
    return true;
}

bool fdt_list_has(const char *list, size_t len, const char *string)
{
    while (list && len > 0) {
        uint32_t n = string_bytes(list, (uint32_t)len);

        if (n == 0)
            return false;
        if (strcmp(list, string) == 0)
            return true;
        list += n;
        len -= n;
    }
    return false;
}

bool fdt_compatible(const struct fdt *fdt, int node, const char *compatible)
{
    size_t len;
    const char *list = fdt_prop(fdt, node, "compatible", &len);

    return fdt_list_has(list, len, compatible);
}

bool fdt_enabled(const struct fdt *fdt, int node)
{
    const char *status = fdt_string(fdt, node, "status");

    return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

int fdt_find_compatible(const struct fdt *fdt, int after, const char *compatible)
{
    int node = fdt_next(fdt, after);

    while (node >= 0 && !fdt_compatible(fdt, node, compatible))
        node = fdt_next(fdt, node);
    return node;
}

int fdt_phandle(const struct fdt *fdt, uint32_t phandle)
{
    uint32_t value;

    for (int node = 0; node >= 0; node = fdt_next(fdt, node)) {
        if (!fdt_u32(fdt, node, "phandle", 0, &value) &&
            !fdt_u32(fdt, node, "linux,phandle", 0, &value))
            continue;
        if (value == phandle)
            return node;
    }
    return -ENOENT;
}

/* The child whose name is the component of len bytes, or that with an @address behind it. */
static int find_child(const struct fdt *fdt, int node, const char *component, size_t len)
{
    for (int c = fdt_first_child(fdt, node); c >= 0; c = fdt_next_sibling(fdt, c)) {
        const char *name = fdt_name(fdt, c);

        if (strncmp(name, component, len) != 0)
            continue;
        if (name[len] == '\0' || (name[len] == '@' && !memchr(component, '@', len)))
            return c;
    }
    return -ENOENT;
}

int fdt_path_part(const struct fdt *fdt, const char *path, size_t len)
{
    const char *end = path + len;
    int node = 0;

    while (node >= 0 && path < end) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        size_t n = (size_t)((slash ? slash : end) - path);

        if (n > 0)
            node = find_child(fdt, node, path, n);
        path += n + (slash != NULL);
    }
    return node;
}

int fdt_path(const struct fdt *fdt, const char *path)
{
    return fdt_path_or_alias(fdt, path, strlen(path));
}
