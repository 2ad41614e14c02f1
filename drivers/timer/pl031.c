/* SPDX-License-Identifier: MIT
 *
 * PrimeCell real-time clock (PL031), ARM DDI 0224B: read once at boot, the generic timer counts on
 * from there. Seconds since 1970 until 2106. No locks: used by the probe alone.
 */
#include "drivers/timer/pl031_regs.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/device.h"

static int rtc_probe(const struct fdt *fdt, int node)
{
    volatile void *base = device_map_reg(fdt, node, 0);

    if (!base)
        return -ENXIO;

    uint64_t now_ns = reg_read(base, PL031_DR) * NSEC_PER_SEC;
    uint64_t up_ns = clock_ns();
    if (now_ns > up_ns)
        clock_set_epoch_ns(now_ns - up_ns);
    return 0;
}

static const char *const rtc_compatible[] = {"arm,pl031", NULL};

DRIVER(rtc, .name = "pl031", .compatible = rtc_compatible, .level = DRIVER_OTHER,
       .probe = rtc_probe);
