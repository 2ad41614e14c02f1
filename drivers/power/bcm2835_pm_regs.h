/* SPDX-License-Identifier: MIT
 *
 * Power management block of BCM2835 and BCM2836, as far as the watchdog and reset go. Broadcom's
 * public manual leaves it out; this follows the register list of the Raspberry Pi firmware's
 * open headers (bcm2835 PM). Every write carries the password in bits 31:24. Private to
 * drivers/power/bcm2835_wdt.c.
 */
#ifndef DRIVERS_POWER_BCM2835_PM_REGS_H
#define DRIVERS_POWER_BCM2835_PM_REGS_H

#define PM_PASSWORD   0x5a000000u
#define PM_VALUE_MASK 0x00ffffffu

#define PM_RSTC            0x1c /* reset control */
#define PM_RSTC_WRCFG      0x30u
#define PM_RSTC_FULL_RESET 0x20u /* reset when the watchdog ends */

#define PM_RSTS           0x20   /* reset status; the firmware boots the partition given in */
#define PM_RSTS_PARTITION 0x555u /* bits 0 2 4 6 8 10; all ones, 63: stay off */

#define PM_WDOG      0x24 /* bits 19:0 time left, 1/65536 s */
#define PM_WDOG_SOON 10u

#endif
