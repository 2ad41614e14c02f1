/* SPDX-License-Identifier: MIT
 *
 * Device tree: what boot asks of it: RAM, reserved memory, /chosen, aliases.
 * Source: Devicetree Specification v0.4, 3.3-3.6 and 5.3; linux,initrd-*: Linux, chosen.txt.
 */
#include "lib/fdt_impl.h"

#include <string.h>

#include "include/uapi/errno.h"

/* The range that is *skip usable ones away among the node's, or -ENOENT with *skip counted down. */
static int nth_reg(const struct fdt *fdt, int node, unsigned *skip, uint64_t *addr, uint64_t *size)
{
    size_t len = 0;

    fdt_prop(fdt, node, "reg", &len);
    for (unsigned i = 0; i < len / 4; i++)
        if (fdt_reg(fdt, node, i, addr, size) == 0 && (*skip)-- == 0)
            return 0;
    return -ENOENT;
}

int fdt_memory(const struct fdt *fdt, unsigned index, uint64_t *addr, uint64_t *size)
{
    for (int node = fdt_next(fdt, 0); node >= 0; node = fdt_next(fdt, node)) {
        const char *type = fdt_string(fdt, node, "device_type");

        if (type && strcmp(type, "memory") == 0 && fdt_enabled(fdt, node) &&
            nth_reg(fdt, node, &index, addr, size) == 0)
            return 0;
    }
    return -ENOENT;
}

int fdt_reserved(const struct fdt *fdt, unsigned index, uint64_t *addr, uint64_t *size)
{
    int node;

    if (index < fdt->nreserved) {
        *addr = be64(fdt->reserved + 16 * (size_t)index);
        *size = be64(fdt->reserved + 16 * (size_t)index + 8);
        return 0;
    }
    index -= fdt->nreserved;
    node = fdt_first_child(fdt, fdt_path(fdt, "/reserved-memory"));
    for (; node >= 0; node = fdt_next_sibling(fdt, node))
        if (fdt_enabled(fdt, node) && nth_reg(fdt, node, &index, addr, size) == 0)
            return 0;
    return -ENOENT;
}

/* The alias in the first len bytes, which hold no '/': the path it stands for, or NULL. */
static const char *alias_path(const struct fdt *fdt, const char *alias, size_t len)
{
    char name[32]; /* 31 is the longest name the specification allows a property */
    const char *path;

    if (len == 0 || len >= sizeof(name))
        return NULL;
    memcpy(name, alias, len);
    name[len] = '\0';
    path = fdt_string(fdt, fdt_path_part(fdt, "/aliases", strlen("/aliases")), name);
    return path && path[0] == '/' ? path : NULL;
}

/* Follows the rest of the path from the node an alias stands for. */
int fdt_path_or_alias(const struct fdt *fdt, const char *path, size_t len)
{
    const char *stands_for;

    if (len == 0)
        return -ENOENT;
    if (path[0] == '/')
        return fdt_path_part(fdt, path, len);
    stands_for = alias_path(fdt, path, len);
    return stands_for ? fdt_path_part(fdt, stands_for, strlen(stands_for)) : -ENOENT;
}

const char *fdt_bootargs(const struct fdt *fdt)
{
    return fdt_string(fdt, fdt_path(fdt, "/chosen"), "bootargs");
}

int fdt_initrd(const struct fdt *fdt, uint64_t *start, uint64_t *end)
{
    int chosen = fdt_path(fdt, "/chosen");

    if (!fdt_number(fdt, chosen, "linux,initrd-start", start) ||
        !fdt_number(fdt, chosen, "linux,initrd-end", end))
        return -ENOENT;
    return *start < *end ? 0 : -EINVAL;
}

int fdt_stdout(const struct fdt *fdt, const char **options)
{
    int chosen = fdt_path(fdt, "/chosen");
    const char *value = fdt_string(fdt, chosen, "stdout-path");
    size_t len;

    if (!value)
        value = fdt_string(fdt, chosen, "linux,stdout-path");
    if (!value)
        return -ENOENT;
    len = strcspn(value, ":");
    if (options)
        *options = value[len] == ':' ? value + len + 1 : value + len;
    return fdt_path_or_alias(fdt, value, len);
}
