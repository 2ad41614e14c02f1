/* SPDX-License-Identifier: MIT
 *
 * Power off, restart and the start of cores by PSCI, ARM DEN 0022D 5.1, through the conduit that
 * the device tree names. A node that is only "arm,psci" (version 0.1) has neither call and is left
 * alone, hence not in the list. State is constant after the probe.
 */
#include <string.h>

#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/cpu.h"
#include "kern/device.h"
#include "kern/power.h"

#define PSCI_CPU_ON       0x84000003u /* 5.1.4: core, entry, context */
#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

static struct {
    bool smc; /* (c) else hvc */
} psci;

static void psci_off(void)
{
    arch_psci_call(psci.smc, PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void psci_restart(void)
{
    arch_psci_call(psci.smc, PSCI_SYSTEM_RESET, 0, 0, 0);
}

static int psci_start_core(uint32_t hw, uint32_t entry)
{
    return arch_psci_call(psci.smc, PSCI_CPU_ON, hw, entry, 0) ? -EIO : 0;
}

static int psci_probe(const struct fdt *fdt, int node)
{
    const char *method = fdt_string(fdt, node, "method");

    if (!method || (strcmp(method, "smc") != 0 && strcmp(method, "hvc") != 0))
        return -EINVAL;
    psci.smc = method[0] == 's';
    power_register(psci_off, psci_restart);
    cpu_add_method("psci", psci_start_core);
    return 0;
}

static const char *const psci_compatible[] = {"arm,psci-1.0", "arm,psci-0.2", NULL};

DRIVER(psci, .name = "psci", .compatible = psci_compatible, .level = DRIVER_OTHER,
       .probe = psci_probe);
