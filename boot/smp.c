/* SPDX-License-Identifier: MIT
 *
 * The other cores, from the device tree's /cpus: each is started by the method that its
 * enable-method names (or that of /cpus), until maxcpus= is reached. A core that can't be had is
 * named and left out. Source: Devicetree Specification 0.4, 3.8.
 */
#include "boot/boot.h"
#include "include/uapi/errno.h"
#include "kern/bootargs.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "lib/fdt.h"

static const char *reason(int error)
{
    switch (error) {
    case -EINVAL: return "its number is beyond what this kernel knows";
    case -ENODEV: return "no driver knows how to start it";
    case -ENOMEM: return "no memory";
    case -ETIMEDOUT: return "it did not come";
    default: return "starting it failed";
    }
}

static int start_core(const struct fdt *fdt, int cpus, int node, uint32_t hw)
{
    const char *name = fdt_string(fdt, node, "enable-method");
    cpu_start_method *method;

    if (!name)
        name = fdt_string(fdt, cpus, "enable-method");
    method = name ? cpu_find_method(name) : NULL;
    return method ? arch_start_core(hw, method) : -ENODEV;
}

static bool is_cpu(const struct fdt *fdt, int node)
{
    const char *type = fdt_string(fdt, node, "device_type");

    return type && type[0] == 'c' && type[1] == 'p' && type[2] == 'u' && type[3] == '\0';
}

void boot_start_cores(const struct fdt *fdt)
{
    int cpus = fdt_path(fdt, "/cpus");
    uint32_t most = bootargs_size("maxcpus", CPU_MAX), hw;

    if (cpus < 0 || cpu_init())
        return;
    for (int node = fdt_first_child(fdt, cpus); node >= 0; node = fdt_next_sibling(fdt, node)) {
        int error;

        if (cpus_count() >= MAX(most, 1u))
            break;
        if (!is_cpu(fdt, node) || !fdt_u32(fdt, node, "reg", 0, &hw) || arch_is_boot_core(hw))
            continue;
        error = start_core(fdt, cpus, node, hw);
        if (error)
            log_printf("cpu %x: left out: %s\n", hw, reason(error));
    }
    log_printf("cpus: %u\n", cpus_count());
}
