/* SPDX-License-Identifier: MIT
 *
 * Generic Interrupt Controller version 2, ARM IHI 0048B.b. Works in whichever security state the
 * kernel was entered: it uses the one group that this state sees as its own, signalled as IRQ.
 * All interrupts have one priority; shared ones go to the CPU that probed.
 * Interrupt numbers are the architecture's INTIDs. Invariant: iar[n] is what CPU n acknowledged
 * last; handlers do not nest. No locks: the enable registers are write-one, trigger() runs at boot.
 */
#include "arch/arm/cp15.h"
#include "drivers/intc/gicv2_regs.h"
#include "include/uapi/errno.h"
#include "kern/cpu.h"
#include "kern/device.h"
#include "kern/irq.h"

#define PRIORITY_ALL 0xa0a0a0a0u
#define GIC_SGI_IPI  0u
#define FLAGS_EDGE   3u /* third cell: 1 rising, 2 falling edge; 4, 8 levels */

static struct {
    volatile void *dist; /* (c) */
    volatile void *cpu;  /* (c) */
    unsigned lines;      /* (c) interrupts there are */
    uint32_t iar[CPU_MAX];
    uint8_t target[CPU_MAX]; /* (c) bit of the CPU's interface */
} gic;

static void gic_write_bit(uint32_t array, unsigned irq)
{
    reg_write(gic.dist, array + irq / 32 * 4, 1u << irq % 32);
}

static void gic_enable(unsigned irq)
{
    gic_write_bit(GICD_ISENABLER, irq);
}

static void gic_disable(unsigned irq)
{
    gic_write_bit(GICD_ICENABLER, irq);
}

static int gic_claim(void)
{
    uint32_t iar = reg_read(gic.cpu, GICC_IAR);

    if ((iar & GICC_IAR_ID) >= GIC_ID_SPECIAL)
        return -1;
    gic.iar[cpu_id()] = iar;
    return (int)(iar & GICC_IAR_ID);
}

static void gic_complete(unsigned irq)
{
    (void)irq;
    reg_write(gic.cpu, GICC_EOIR, gic.iar[cpu_id()]);
}

/* The trigger may only change while the interrupt is disabled: it is translated before that. */
static void gic_set_trigger(unsigned irq, bool edge)
{
    uint32_t at = GICD_ICFGR + irq / 16 * 4;
    unsigned shift = irq % 16 * 2;
    uint32_t config = reg_read(gic.dist, at) & ~(GICD_ICFGR_EDGE << shift);

    reg_write(gic.dist, at, config | (edge ? GICD_ICFGR_EDGE << shift : 0));
}

/* Cells: 0 shared (SPI) or 1 private (PPI); number within these; flags. */
static int gic_translate(const uint32_t *cells, unsigned ncells)
{
    if (ncells != 3 || cells[0] > 1)
        return -EINVAL;
    if (cells[0] == 1)
        return cells[1] < 16 ? (int)(GIC_FIRST_PPI + cells[1]) : -EINVAL;
    if (cells[1] >= gic.lines - GIC_FIRST_SPI)
        return -EINVAL;

    unsigned irq = GIC_FIRST_SPI + cells[1];
    gic_set_trigger(irq, (cells[2] & FLAGS_EDGE) != 0);
    return (int)irq;
}

/* Private interrupts of this CPU: off, idle, at one priority. Which interface is its own it reads
 * in the targets of those (4.3.12). */
static void gic_init_private(void)
{
    reg_write(gic.dist, GICD_ICENABLER, ~0u);
    reg_write(gic.dist, GICD_ICPENDR, ~0u);
    reg_write(gic.dist, GICD_ICACTIVER, ~0u);
    for (unsigned i = 0; i < GIC_FIRST_SPI; i += 4)
        reg_write(gic.dist, GICD_IPRIORITYR + i, PRIORITY_ALL);
    gic.target[cpu_id()] = reg_read(gic.dist, GICD_ITARGETSR) & 0xff;
}

/* Everything off, idle and at one priority; shared interrupts to this CPU. */
static void gic_init_distributor(void)
{
    uint32_t self;

    reg_write(gic.dist, GICD_CTLR, 0);
    gic.lines = ((reg_read(gic.dist, GICD_TYPER) & GICD_TYPER_IT_LINES) + 1) * 32;
    gic.lines = MIN(gic.lines, GIC_ID_SPECIAL);
    gic_init_private();
    for (unsigned i = GIC_FIRST_SPI; i < gic.lines; i += 32) {
        reg_write(gic.dist, GICD_ICENABLER + i / 8, ~0u);
        reg_write(gic.dist, GICD_ICPENDR + i / 8, ~0u);
        reg_write(gic.dist, GICD_ICACTIVER + i / 8, ~0u);
    }
    self = gic.target[cpu_id()] * 0x01010101u;
    for (unsigned i = GIC_FIRST_SPI; i < gic.lines; i += 4) {
        reg_write(gic.dist, GICD_IPRIORITYR + i, PRIORITY_ALL);
        reg_write(gic.dist, GICD_ITARGETSR + i, self);
    }
    reg_write(gic.dist, GICD_CTLR, GICD_CTLR_ENABLE);
}

static void gic_init_cpu(void)
{
    reg_write(gic.cpu, GICC_PMR, GICC_PMR_ALL);
    reg_write(gic.cpu, GICC_BPR, 0);
    reg_write(gic.cpu, GICC_CTLR, GICC_CTLR_ENABLE);
}

static void gic_start_cpu(void)
{
    gic_init_private();
    gic_init_cpu();
}

/* The barrier: what was written before is there when the interrupt is. */
static void gic_send_ipi(uint32_t cpus)
{
    uint32_t targets = 0;

    for (; cpus; cpus &= cpus - 1)
        targets |= gic.target[__builtin_ctz(cpus)];
    dsb();
    reg_write(gic.dist, GICD_SGIR, targets << GICD_SGIR_TARGETS_SHIFT | GIC_SGI_IPI);
}

static const struct irqchip gic_chip = {
    .name = "GICv2",
    .enable = gic_enable,
    .disable = gic_disable,
    .claim = gic_claim,
    .complete = gic_complete,
    .cpu_init = gic_start_cpu,
    .ipi = GIC_SGI_IPI,
    .send_ipi = gic_send_ipi,
};

static int gic_probe(const struct fdt *fdt, int node)
{
    if (gic.dist)
        return -EBUSY; /* one per machine */

    volatile void *dist = device_map_reg(fdt, node, 0);
    gic.cpu = device_map_reg(fdt, node, 1);
    if (!dist || !gic.cpu)
        return -ENXIO;
    gic.dist = dist;
    gic_init_distributor();
    gic_init_cpu();

    int error = irq_set_chip(&gic_chip);
    return error ? error : irq_add_domain(node, gic_translate);
}

static const char *const gic_compatible[] = {
    "arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a7-gic", "arm,cortex-a9-gic", NULL,
};

DRIVER(gic, .name = "gicv2", .compatible = gic_compatible, .level = DRIVER_INTC,
       .probe = gic_probe);
