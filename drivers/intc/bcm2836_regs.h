/* SPDX-License-Identifier: MIT
 *
 * The two interrupt controllers of BCM2836. Local, one register a core: "BCM2836 ARM-local
 * peripherals" (QA7, rev 3.4) chapter 4. GPU and ARM ("basic"): BCM2835 ARM Peripherals (2012)
 * chapter 7, offsets from 0x200 of its block, which is where the device tree's node begins.
 * Private to drivers/intc/bcm2836.c and to the test that transcribes it again.
 */
#ifndef DRIVERS_INTC_BCM2836_REGS_H
#define DRIVERS_INTC_BCM2836_REGS_H

/* Local controller: core n's word at + 4 * n. */
#define LOCAL_CORES          4
#define LOCAL_GPU_ROUTING    0x0c /* bits 1:0 core for GPU IRQs, 3:2 for FIQs, others reserved */
#define LOCAL_PMU_SET        0x10 /* bit n: core n's PMU interrupt as IRQ; n + 4: as FIQ */
#define LOCAL_PMU_CLEAR      0x14
#define LOCAL_TIMER_CTRL     0x40 /* + 4 n: bits 3:0 CNTPS CNTPNS CNTHP CNTV as IRQ, 7:4 as FIQ */
#define LOCAL_MAILBOX_CTRL   0x50 /* + 4 n: bits 3:0 mailbox as IRQ, 7:4 as FIQ */
#define LOCAL_IRQ_SOURCE     0x60 /* + 4 n, read-only; bits 31:12 reserved */
#define LOCAL_SOURCE_MAILBOX 4    /* bits 7:4; bits 3:0 are the timers */
#define LOCAL_SOURCE_GPU     8
#define LOCAL_SOURCE_PMU     9
#define LOCAL_SOURCE_MASK    0xfffu
/* Mailbox m of core n, at + 16 n + 4 m: bits that are set interrupt; written ones set or clear. */
#define LOCAL_MAILBOX_SET   0x80 /* write-only */
#define LOCAL_MAILBOX_CLEAR 0xc0 /* read: its bits */
#define LOCAL_MAILBOX_IPI   0
#define LOCAL_MAILBOX_START 3 /* a core that waits for its start goes to the address in here */

/* GPU and ARM controller. */
#define ARMCTRL_PENDING_BASIC 0x00  /* bits 7:0 ARM sources, 8 and 9 "more in 1, 2" */
#define ARMCTRL_BASIC_MASK    0xffu /* 20:10 copies of GPU 7 9 10 18 19 53-57 62 */
#define ARMCTRL_BASIC_GPU     0x1fff00u
#define ARMCTRL_PENDING_1     0x04 /* GPU 0-31, all that are enabled and pending */
#define ARMCTRL_PENDING_2     0x08 /* GPU 32-63 */
#define ARMCTRL_FIQ_CONTROL   0x0c
#define ARMCTRL_ENABLE_1      0x10 /* write 1 to enable */
#define ARMCTRL_ENABLE_2      0x14
#define ARMCTRL_ENABLE_BASIC  0x18
#define ARMCTRL_DISABLE_1     0x1c /* write 1 to disable */
#define ARMCTRL_DISABLE_2     0x20
#define ARMCTRL_DISABLE_BASIC 0x24

#endif
