/* SPDX-License-Identifier: MIT
 *
 * The Raspberry Pi's framebuffer: finds the mailbox to the VideoCore, and where the VideoCore sees
 * our RAM, in the device tree. Nothing is asked at boot. State is constant after the probe.
 */
#include "drivers/video/videocore.h"
#include "include/uapi/errno.h"
#include "kern/device.h"

static struct videocore vc; /* (c) */

static int fb_start(struct framebuffer *fb)
{
    return videocore_framebuffer(&vc, fb);
}

/* The bus says where RAM is for who is on it: dma-ranges, <bus address, ours, bytes>. */
static int find_ram(const struct fdt *fdt, int bus)
{
    uint32_t cells = 0, size_cells = 0, root_cells = 0;

    if (!fdt_u32(fdt, bus, "#address-cells", 0, &cells) || cells != 1 ||
        !fdt_u32(fdt, bus, "#size-cells", 0, &size_cells) || size_cells != 1 ||
        !fdt_u32(fdt, fdt_parent(fdt, bus), "#address-cells", 0, &root_cells) || root_cells != 1)
        return -EINVAL;
    if (!fdt_u32(fdt, bus, "dma-ranges", 0, &vc.bus_base) ||
        !fdt_u32(fdt, bus, "dma-ranges", 1, &vc.phys_base) ||
        !fdt_u32(fdt, bus, "dma-ranges", 2, &vc.bytes))
        return -ENXIO;
    return vc.phys_base + vc.bytes < vc.bytes ? -EINVAL : 0;
}

static int fb_probe(const struct fdt *fdt, int node)
{
    int error = find_ram(fdt, fdt_parent(fdt, node));

    if (error)
        return error;
    vc.base = device_map_reg(fdt, node, 0);
    if (!vc.base)
        return -ENXIO;
    framebuffer_register(fb_start);
    return 0;
}

static const char *const fb_compatible[] = {"brcm,bcm2835-mbox", NULL};

DRIVER(fb, .name = "bcm2835-fb", .compatible = fb_compatible, .level = DRIVER_OTHER,
       .probe = fb_probe);
