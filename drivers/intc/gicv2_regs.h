/* SPDX-License-Identifier: MIT
 *
 * Generic Interrupt Controller, architecture version 2.0: ARM IHI 0048B.b, 4.3 (distributor, GICD)
 * and 4.4 (CPU interface, GICC). Private to drivers/intc/gicv2.c and to the test that transcribes
 * it again. Offsets are from the two bases. Arrays have one bit, two bits or a byte an interrupt;
 * those for interrupts 0-31 are banked by CPU.
 */
#ifndef DRIVERS_INTC_GICV2_REGS_H
#define DRIVERS_INTC_GICV2_REGS_H

#define GICD_CTLR        0x000
#define GICD_CTLR_ENABLE (1u << 0) /* group 0; non-secure view: group 1 */

#define GICD_TYPER               0x004
#define GICD_TYPER_IT_LINES      0x1fu /* (n + 1) * 32 interrupts, at most 1020 */
#define GICD_TYPER_CPUS_SHIFT    5     /* bits 7:5: CPU interfaces - 1 */
#define GICD_TYPER_SECURITY_EXTN (1u << 10)

#define GICD_IIDR               0x008
#define GICD_IGROUPR            0x080 /* bit an interrupt */
#define GICD_ISENABLER          0x100
#define GICD_ICENABLER          0x180
#define GICD_ISPENDR            0x200
#define GICD_ICPENDR            0x280
#define GICD_ISACTIVER          0x300
#define GICD_ICACTIVER          0x380
#define GICD_IPRIORITYR         0x400 /* byte an interrupt, 0 highest */
#define GICD_ITARGETSR          0x800 /* byte an interrupt: bit n = CPU interface n; 0-31 read-only */
#define GICD_ICFGR              0xc00 /* two bits an interrupt: upper bit 1 = edge; lower reserved */
#define GICD_ICFGR_EDGE         2u
#define GICD_SGIR               0xf00 /* write-only; bits 3:0 number, 23:16 CPU interfaces, 25:24 filter */
#define GICD_SGIR_TARGETS_SHIFT 16

#define GICC_CTLR        0x000
#define GICC_CTLR_ENABLE (1u << 0)
#define GICC_PMR         0x004 /* interrupts with priority < this get through */
#define GICC_PMR_ALL     0xffu
#define GICC_BPR         0x008
#define GICC_IAR         0x00c /* read: acknowledges; bits 9:0 interrupt, 12:10 CPU of an SGI */
#define GICC_IAR_ID      0x3ffu
#define GICC_EOIR        0x010 /* write what IAR read */
#define GICC_RPR         0x014
#define GICC_HPPIR       0x018

#define GIC_ID_SPECIAL 1020u /* 1020-1023: no interrupt */
#define GIC_FIRST_PPI  16u   /* 0-15 are SGIs */
#define GIC_FIRST_SPI  32u

#endif
