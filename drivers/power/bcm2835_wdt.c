/* SPDX-License-Identifier: MIT
 *
 * Power off and restart of the Raspberry Pi: the watchdog's reset, after which the firmware boots
 * the partition noted in the reset status - or stays off where that is 63. Registers:
 * bcm2835_pm_regs.h. State is constant after the probe.
 */
#include "drivers/power/bcm2835_pm_regs.h"
#include "include/uapi/errno.h"
#include "kern/device.h"
#include "kern/power.h"

static struct {
    volatile void *base; /* (c) */
} pm;

static void pm_write(uint32_t offset, uint32_t value)
{
    reg_write(pm.base, offset, PM_PASSWORD | value);
}

static void pm_reset(uint32_t partition)
{
    uint32_t status = reg_read(pm.base, PM_RSTS) & PM_VALUE_MASK & ~PM_RSTS_PARTITION;
    uint32_t control = reg_read(pm.base, PM_RSTC) & PM_VALUE_MASK & ~PM_RSTC_WRCFG;

    pm_write(PM_RSTS, status | partition);
    pm_write(PM_WDOG, PM_WDOG_SOON);
    pm_write(PM_RSTC, control | PM_RSTC_FULL_RESET);
}

static void pm_off(void)
{
    pm_reset(PM_RSTS_PARTITION);
}

static void pm_restart(void)
{
    pm_reset(0);
}

static int pm_probe(const struct fdt *fdt, int node)
{
    pm.base = device_map_reg(fdt, node, 0);
    if (!pm.base)
        return -ENXIO;
    power_register(pm_off, pm_restart);
    return 0;
}

static const char *const pm_compatible[] = {"brcm,bcm2835-pm-wdt", NULL};

DRIVER(pm, .name = "bcm2835-pm-wdt", .compatible = pm_compatible, .level = DRIVER_OTHER,
       .probe = pm_probe);
