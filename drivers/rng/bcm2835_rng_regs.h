/* SPDX-License-Identifier: MIT
 *
 * Random number generator of BCM2835 and BCM2836 (iProc RNG100's predecessor). Broadcom's public
 * manual leaves it out; layout as in the device-tree binding's drivers of Linux and NetBSD.
 * Private to drivers/rng/bcm2835_rng.c.
 */
#ifndef DRIVERS_RNG_BCM2835_RNG_REGS_H
#define DRIVERS_RNG_BCM2835_RNG_REGS_H

#define RNG_CTRL       0x00
#define RNG_CTRL_RBGEN (1u << 0) /* generate */

#define RNG_STATUS             0x04
#define RNG_STATUS_WARMUP      0x40000u /* write: bits to throw away first */
#define RNG_STATUS_WORDS_SHIFT 24       /* bits 31:24: words in the FIFO */

#define RNG_DATA 0x08

#endif
