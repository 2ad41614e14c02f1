/* SPDX-License-Identifier: MIT
 *
 * Brings drivers and the nodes of the device tree together: walks the DRIVER() entries between
 * __drivers_start and __drivers_end, level by level. Runs on the boot CPU alone, no locks. A driver
 * that fails is logged and left out: a damaged tree or device stops nothing else.
 */
#include "kern/device.h"

#include "include/uapi/errno.h"
#include "kern/log.h"

extern const struct driver __drivers_start[], __drivers_end[]; /* linker script */

/* What a node says that it is, looked up once for all drivers. */
struct kinds {
    const char *list; /* NULL: nothing */
    size_t len;
};

static struct kinds kinds_of(const struct fdt *fdt, int node)
{
    struct kinds k;

    k.list = fdt_prop(fdt, node, "compatible", &k.len);
    return k;
}

static bool driver_matches(const struct driver *driver, struct kinds k)
{
    for (const char *const *compatible = driver->compatible; *compatible; compatible++) {
        if (fdt_list_has(k.list, k.len, *compatible))
            return true;
    }
    return false;
}

static void device_probe(const struct driver *driver, const struct fdt *fdt, int node)
{
    int error = driver->probe(fdt, node);

    if (error)
        log_printf("%s: %s: error %d\n", driver->name, fdt_name(fdt, node), -error);
}

/* The kernel has a driver for such a node, whatever came of it. */
static bool is_claimed(struct kinds k)
{
    for (const struct driver *d = __drivers_start; d < __drivers_end; d++)
        if (d->level != DRIVER_USER && driver_matches(d, k))
            return true;
    return false;
}

static void device_probe_level(const struct fdt *fdt, enum driver_level level)
{
    for (int node = fdt_next(fdt, 0); node >= 0; node = fdt_next(fdt, node)) {
        struct kinds k = kinds_of(fdt, node);

        for (const struct driver *d = __drivers_start; k.list && d < __drivers_end; d++) {
            bool user = d->level == DRIVER_USER && level == DRIVER_OTHER;

            if ((d->level == level || user) && driver_matches(d, k) && fdt_enabled(fdt, node) &&
                !(user && is_claimed(k)))
                device_probe(d, fdt, node);
        }
    }
}

void device_probe_all(const struct fdt *fdt)
{
    for (int level = 0; level < DRIVER_LEVELS; level++)
        device_probe_level(fdt, (enum driver_level)level);
}

int device_probe_stdout(const struct fdt *fdt)
{
    int node = fdt_stdout(fdt, NULL);

    if (node < 0)
        return node;
    for (const struct driver *d = __drivers_start; d < __drivers_end; d++) {
        if (d->early && driver_matches(d, kinds_of(fdt, node)))
            return d->early(fdt, node);
    }
    return -ENODEV;
}

volatile void *device_map_reg(const struct fdt *fdt, int node, unsigned index)
{
    uint64_t base, size;

    if (fdt_reg(fdt, node, index, &base, &size) != 0 || size == 0 || size > DEVICE_MAX_BYTES)
        return NULL;
    return device_map(base, (size_t)size);
}
