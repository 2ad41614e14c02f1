/* SPDX-License-Identifier: MIT
 *
 * PrimeCell real-time clock (PL031) r1p3, ARM DDI 0224B chapter 3. Private to
 * drivers/timer/pl031.c and to the test that transcribes it again.
 */
#ifndef DRIVERS_TIMER_PL031_REGS_H
#define DRIVERS_TIMER_PL031_REGS_H

#define PL031_DR   0x000 /* seconds, read-only */
#define PL031_MR   0x004 /* match */
#define PL031_LR   0x008 /* load: sets the seconds */
#define PL031_CR   0x00c /* bit 0: start; bits 31:1 reserved */
#define PL031_IMSC 0x010
#define PL031_RIS  0x014
#define PL031_MIS  0x018
#define PL031_ICR  0x01c

#endif
