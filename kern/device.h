/* SPDX-License-Identifier: MIT
 *
 * Drivers find their devices by the device tree's `compatible`. A driver is one DRIVER() entry in
 * the image; device_probe_all() calls the entries level by level for each enabled node.
 */
#ifndef KERN_DEVICE_H
#define KERN_DEVICE_H

#include "lib/base.h"
#include "lib/fdt.h"
#include "machine/io.h" /* reg_read, reg_write, device_barrier */

/* DRIVER_USER: gives devices to programs, and is asked, together with the others, only for those
 * that no other driver names. */
enum driver_level {
    DRIVER_INTC,
    DRIVER_TIMER,
    DRIVER_CONSOLE,
    DRIVER_OTHER,
    DRIVER_LEVELS,
    DRIVER_USER = DRIVER_LEVELS
};

struct driver {
    const char *name;
    const char *const *compatible; /* NULL-terminated */
    enum driver_level level;
    int (*probe)(const struct fdt *fdt, int node); /* 0 or -Exxx, which is logged */
    /* Consoles only: makes the device usable by polling, before interrupts, timer and allocator
     * exist; probe() comes later for the same node. 0 or -Exxx. */
    int (*early)(const struct fdt *fdt, int node);
};

#define DRIVER(ident, ...)                                                                         \
    static const struct driver ident##_driver                                                      \
        __attribute__((used, section(".drivers"), aligned(4))) = {__VA_ARGS__}

/* Probes every node with status okay (or none) whose compatible some driver names. */
void device_probe_all(const struct fdt *fdt);
/* The early console: finds /chosen/stdout-path and gives it to its driver before anything else. */
int device_probe_stdout(const struct fdt *fdt);

/* Maps the index-th range of the node's reg, as device_map does; NULL if there is none, or if it
 * claims more than DEVICE_MAX_BYTES. */
#define DEVICE_MAX_BYTES (1u << 20)
volatile void *device_map_reg(const struct fdt *fdt, int node, unsigned index);

/* Maps a device's registers (uncached, never executable) into the kernel; NULL if there is no
 * room. Pages stay mapped. Implemented by arch/arm/mmu.c. */
volatile void *device_map(uint64_t phys, size_t len_bytes);

#endif
