/* SPDX-License-Identifier: MIT
 *
 * The drivers' register tables against a second transcription from the same manuals: offsets and
 * bit numbers as the manuals print them, addresses where they print addresses. Bits are written as
 * numbers here and as masks there, so that a slip is not copied.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/intc/bcm2836_regs.h"
#include "drivers/intc/gicv2_regs.h"
#include "drivers/timer/arm_timer_regs.h"
#include "drivers/timer/pl031_regs.h"
#include "drivers/uart/pl011_regs.h"

struct row {
    const char *name;
    uint32_t kernel, manual;
};

#define ROW(name, manual)                                                                          \
    {                                                                                              \
#name, name, manual                                                                        \
    }
#define BIT(n) (UINT32_C(1) << (n))

static void check(const struct row *rows, size_t nrows)
{
    for (size_t i = 0; i < nrows; i++) {
        if (rows[i].kernel != rows[i].manual)
            fail_msg("%s is %#x, the manual says %#x", rows[i].name, rows[i].kernel,
                     rows[i].manual);
    }
}

#define CHECK(table) check(table, sizeof(table) / sizeof((table)[0]))

/* ARM DDI 0183G table 3-1 and 3.3.1-3.3.14. */
static void pl011_matches_manual(void **state)
{
    static const struct row rows[] = {
        ROW(PL011_DR, 0x000),
        ROW(PL011_RSR, 0x004),
        ROW(PL011_FR, 0x018),
        ROW(PL011_ILPR, 0x020),
        ROW(PL011_IBRD, 0x024),
        ROW(PL011_FBRD, 0x028),
        ROW(PL011_LCR_H, 0x02C),
        ROW(PL011_CR, 0x030),
        ROW(PL011_IFLS, 0x034),
        ROW(PL011_IMSC, 0x038),
        ROW(PL011_RIS, 0x03C),
        ROW(PL011_MIS, 0x040),
        ROW(PL011_ICR, 0x044),
        ROW(PL011_DMACR, 0x048),
        ROW(PL011_DR_DATA, 255),
        ROW(PL011_DR_FE, BIT(8)),
        ROW(PL011_DR_PE, BIT(9)),
        ROW(PL011_DR_BE, BIT(10)),
        ROW(PL011_DR_OE, BIT(11)),
        ROW(PL011_FR_BUSY, BIT(3)),
        ROW(PL011_FR_RXFE, BIT(4)),
        ROW(PL011_FR_TXFF, BIT(5)),
        ROW(PL011_FR_RXFF, BIT(6)),
        ROW(PL011_FR_TXFE, BIT(7)),
        ROW(PL011_LCR_H_BRK, BIT(0)),
        ROW(PL011_LCR_H_PEN, BIT(1)),
        ROW(PL011_LCR_H_EPS, BIT(2)),
        ROW(PL011_LCR_H_STP2, BIT(3)),
        ROW(PL011_LCR_H_FEN, BIT(4)),
        ROW(PL011_LCR_H_WLEN8, BIT(6) | BIT(5)),
        ROW(PL011_LCR_H_SPS, BIT(7)),
        ROW(PL011_CR_UARTEN, BIT(0)),
        ROW(PL011_CR_LBE, BIT(7)),
        ROW(PL011_CR_TXE, BIT(8)),
        ROW(PL011_CR_RXE, BIT(9)),
        ROW(PL011_IFLS_TX_1_8, 0),
        ROW(PL011_IFLS_RX_1_8, 0),
        ROW(PL011_INT_RX, BIT(4)),
        ROW(PL011_INT_TX, BIT(5)),
        ROW(PL011_INT_RT, BIT(6)),
        ROW(PL011_INT_ALL, BIT(11) - 1),
    };

    (void)state;
    CHECK(rows);
}

/* ARM IHI 0048B.b table 4-1 (distributor), table 4-2 (CPU interface), 2.2.1, 3.2.5. */
static void gicv2_matches_manual(void **state)
{
    static const struct row rows[] = {
        ROW(GICD_CTLR, 0x000),         ROW(GICD_TYPER, 0x004),
        ROW(GICD_IIDR, 0x008),         ROW(GICD_IGROUPR, 0x080),
        ROW(GICD_ISENABLER, 0x100),    ROW(GICD_ICENABLER, 0x180),
        ROW(GICD_ISPENDR, 0x200),      ROW(GICD_ICPENDR, 0x280),
        ROW(GICD_ISACTIVER, 0x300),    ROW(GICD_ICACTIVER, 0x380),
        ROW(GICD_IPRIORITYR, 0x400),   ROW(GICD_ITARGETSR, 0x800),
        ROW(GICD_ICFGR, 0xC00),        ROW(GICD_SGIR, 0xF00),
        ROW(GICD_CTLR_ENABLE, BIT(0)), ROW(GICD_TYPER_IT_LINES, 0x1F),
        ROW(GICD_TYPER_CPUS_SHIFT, 5), ROW(GICD_TYPER_SECURITY_EXTN, BIT(10)),
        ROW(GICD_ICFGR_EDGE, BIT(1)),  ROW(GICC_CTLR, 0x0000),
        ROW(GICC_PMR, 0x0004),         ROW(GICC_BPR, 0x0008),
        ROW(GICC_IAR, 0x000C),         ROW(GICC_EOIR, 0x0010),
        ROW(GICC_RPR, 0x0014),         ROW(GICC_HPPIR, 0x0018),
        ROW(GICC_CTLR_ENABLE, BIT(0)), ROW(GICC_PMR_ALL, 255),
        ROW(GICC_IAR_ID, 1023),        ROW(GIC_ID_SPECIAL, 1020),
        ROW(GIC_FIRST_PPI, 16),        ROW(GIC_FIRST_SPI, 32),
    };

    (void)state;
    CHECK(rows);
}

/* QA7 rev 3.4 chapter 4 and the table of addresses; BCM2835 ARM Peripherals 7.5, addresses from
 * 0x7e00b000, the device tree's node from 0x7e00b200. */
static void bcm2836_matches_manual(void **state)
{
    static const struct row rows[] = {
        ROW(LOCAL_GPU_ROUTING, 0x4000000C - 0x40000000),
        ROW(LOCAL_PMU_SET, 0x40000010 - 0x40000000),
        ROW(LOCAL_PMU_CLEAR, 0x40000014 - 0x40000000),
        ROW(LOCAL_TIMER_CTRL, 0x40000040 - 0x40000000),
        ROW(LOCAL_MAILBOX_CTRL, 0x40000050 - 0x40000000),
        ROW(LOCAL_IRQ_SOURCE, 0x40000060 - 0x40000000),
        ROW(LOCAL_SOURCE_MAILBOX, 4),
        ROW(LOCAL_SOURCE_GPU, 8),
        ROW(LOCAL_SOURCE_PMU, 9),
        ROW(LOCAL_SOURCE_MASK, BIT(12) - 1),
        ROW(ARMCTRL_PENDING_BASIC, 0x200 - 0x200),
        ROW(ARMCTRL_PENDING_1, 0x204 - 0x200),
        ROW(ARMCTRL_PENDING_2, 0x208 - 0x200),
        ROW(ARMCTRL_FIQ_CONTROL, 0x20C - 0x200),
        ROW(ARMCTRL_ENABLE_1, 0x210 - 0x200),
        ROW(ARMCTRL_ENABLE_2, 0x214 - 0x200),
        ROW(ARMCTRL_ENABLE_BASIC, 0x218 - 0x200),
        ROW(ARMCTRL_DISABLE_1, 0x21C - 0x200),
        ROW(ARMCTRL_DISABLE_2, 0x220 - 0x200),
        ROW(ARMCTRL_DISABLE_BASIC, 0x224 - 0x200),
        ROW(ARMCTRL_BASIC_MASK, BIT(8) - 1),
        ROW(ARMCTRL_BASIC_GPU, BIT(21) - BIT(8)),
    };

    (void)state;
    CHECK(rows);
}

/* ARM DDI 0224B table 3-1; ARM DDI 0406C B4.1 CNTV_CTL. */
static void timers_match_manuals(void **state)
{
    static const struct row rows[] = {
        ROW(PL031_DR, 0x000),        ROW(PL031_MR, 0x004),          ROW(PL031_LR, 0x008),
        ROW(PL031_CR, 0x00C),        ROW(PL031_IMSC, 0x010),        ROW(PL031_RIS, 0x014),
        ROW(PL031_MIS, 0x018),       ROW(PL031_ICR, 0x01C),         ROW(CNTV_CTL_ENABLE, BIT(0)),
        ROW(CNTV_CTL_IMASK, BIT(1)), ROW(CNTV_CTL_ISTATUS, BIT(2)),
    };

    (void)state;
    CHECK(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pl011_matches_manual),
        cmocka_unit_test(gicv2_matches_manual),
        cmocka_unit_test(bcm2836_matches_manual),
        cmocka_unit_test(timers_match_manuals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
