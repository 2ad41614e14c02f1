/* SPDX-License-Identifier: MIT
 *
 * Bits of the generic timer's CNTV_CTL: ARM DDI 0406C B4.1 CNTV_CTL. The registers themselves are
 * in CP15 (arch/arm/cp15.h), or memory-mapped where the kernel does not use them. Private to
 * drivers/timer/arm_timer.c and to the test that transcribes it again.
 */
#ifndef DRIVERS_TIMER_ARM_TIMER_REGS_H
#define DRIVERS_TIMER_ARM_TIMER_REGS_H

#define CNTV_CTL_ENABLE  (1u << 0)
#define CNTV_CTL_IMASK   (1u << 1)
#define CNTV_CTL_ISTATUS (1u << 2) /* read-only; bits 31:3 reserved */

#endif
