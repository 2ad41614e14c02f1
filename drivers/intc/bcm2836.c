/* SPDX-License-Identifier: MIT
 *
 * Interrupts of the Raspberry Pi 2: the local controller in front of each core (QA7 rev 3.4) and,
 * behind its source 8, the controller of GPU and ARM peripherals (BCM2835 ARM Peripherals chapter
 * 7). One chip, two domains. Numbers: 0-31 local sources, 32-95 GPU, 96-103 ARM ("basic").
 * Lower numbers first; there are no priorities and nothing to acknowledge: an interrupt is pending
 * until its device is satisfied. No locks: enable registers are write-one or a core's own.
 */
#include "arch/arm/cp15.h"
#include "drivers/intc/bcm2836_regs.h"
#include "include/uapi/errno.h"
#include "kern/cpu.h"
#include "kern/device.h"
#include "kern/irq.h"

#define IRQ_IPI   (LOCAL_SOURCE_MAILBOX + LOCAL_MAILBOX_IPI)
#define IRQ_GPU   32u
#define IRQ_BASIC 96u
#define IRQ_END   104u

static struct {
    volatile void *local;   /* (c) */
    volatile void *armctrl; /* (c) NULL: only local sources */
} bcm;

/* Local sources that have an enable bit of their own: timers and mailboxes by core, PMU. */
static void local_set(unsigned source, bool on)
{
    unsigned cpu = cpu_id();
    uint32_t control = LOCAL_TIMER_CTRL, bit = source;

    if (source == LOCAL_SOURCE_PMU) {
        reg_write(bcm.local, on ? LOCAL_PMU_SET : LOCAL_PMU_CLEAR, 1u << cpu);
        return;
    }
    if (source >= LOCAL_SOURCE_GPU)
        return; /* enabled where it arises */
    if (source >= LOCAL_SOURCE_MAILBOX) {
        control = LOCAL_MAILBOX_CTRL;
        bit -= LOCAL_SOURCE_MAILBOX;
    }
    uint32_t value = reg_read(bcm.local, control + 4 * cpu) & ~(1u << bit);
    reg_write(bcm.local, control + 4 * cpu, value | (on ? 1u << bit : 0));
}

static void bcm_set(unsigned irq, bool on)
{
    if (irq < IRQ_GPU) {
        local_set(irq, on);
    } else if (bcm.armctrl && irq < IRQ_END) {
        /* Three words in a row: GPU 0-31, GPU 32-63, basic. */
        uint32_t array = on ? ARMCTRL_ENABLE_1 : ARMCTRL_DISABLE_1;

        reg_write(bcm.armctrl, array + (irq - IRQ_GPU) / 32 * 4, 1u << irq % 32);
    }
}

static void bcm_enable(unsigned irq)
{
    bcm_set(irq, true);
}

static void bcm_disable(unsigned irq)
{
    bcm_set(irq, false);
}

/* What is behind local source 8. The basic register has copies of some GPU interrupts (bits 20:10)
 * and says "more" for the others; the two GPU registers have them all. */
static int armctrl_claim(void)
{
    uint32_t basic = reg_read(bcm.armctrl, ARMCTRL_PENDING_BASIC);

    if (basic & ARMCTRL_BASIC_MASK)
        return (int)IRQ_BASIC + __builtin_ctz(basic & ARMCTRL_BASIC_MASK);
    if (basic & ARMCTRL_BASIC_GPU) {
        uint32_t pending = reg_read(bcm.armctrl, ARMCTRL_PENDING_1);

        if (pending)
            return (int)IRQ_GPU + __builtin_ctz(pending);
        pending = reg_read(bcm.armctrl, ARMCTRL_PENDING_2);
        if (pending)
            return (int)IRQ_GPU + 32 + __builtin_ctz(pending);
    }
    return -1;
}

/* The barriers: this bus may reorder accesses to different peripherals (BCM2835 ARM Peripherals
 * 1.3), and between claim and complete a handler speaks to another one. */
static int bcm_claim(void)
{
    uint32_t source = reg_read(bcm.local, LOCAL_IRQ_SOURCE + 4 * cpu_id()) & LOCAL_SOURCE_MASK;
    uint32_t own = source & ~(1u << LOCAL_SOURCE_GPU);
    int irq = -1;

    if (own)
        irq = __builtin_ctz(own);
    if (irq == IRQ_IPI)
        reg_write(bcm.local, LOCAL_MAILBOX_CLEAR + 16 * cpu_id() + 4 * LOCAL_MAILBOX_IPI, ~0u);
    else if (irq < 0 && source && bcm.armctrl)
        irq = armctrl_claim();
    dmb();
    return irq;
}

static void bcm_complete(unsigned irq)
{
    (void)irq;
    dmb();
}

/* Cells: source, and flags that say nothing new. */
static int local_translate(const uint32_t *cells, unsigned ncells)
{
    return ncells >= 1 && ncells <= 2 && cells[0] < IRQ_GPU ? (int)cells[0] : -EINVAL;
}

/* Cells: bank (0 basic, 1 GPU 0-31, 2 GPU 32-63) and bit. */
static int armctrl_translate(const uint32_t *cells, unsigned ncells)
{
    if (ncells != 2 || cells[0] > 2 || cells[1] >= (cells[0] ? 32u : 8u))
        return -EINVAL;
    return (int)((cells[0] ? IRQ_GPU + (cells[0] - 1) * 32 : IRQ_BASIC) + cells[1]);
}

/* Nothing but what irq_cpu_start enables: the timers and mailboxes of all cores are off. */
static void bcm_start_cpu(void)
{
}

static void bcm_send_ipi(uint32_t cpus)
{
    dsb();
    for (; cpus; cpus &= cpus - 1) {
        uint32_t core = (uint32_t)__builtin_ctz(cpus);

        reg_write(bcm.local, LOCAL_MAILBOX_SET + 16 * core + 4 * LOCAL_MAILBOX_IPI, 1);
    }
}

/* Firmware's cores wait in WFE for an address in their mailbox 3. */
static int bcm_start_core(uint32_t hw, uint32_t entry)
{
    reg_write(bcm.local, LOCAL_MAILBOX_SET + 16 * (hw & 3) + 4 * LOCAL_MAILBOX_START, entry);
    dsb();
    __asm__ volatile("sev" ::: "memory");
    return 0;
}

static const struct irqchip bcm_chip = {
    .name = "BCM2836",
    .enable = bcm_enable,
    .disable = bcm_disable,
    .claim = bcm_claim,
    .complete = bcm_complete,
    .cpu_init = bcm_start_cpu,
    .ipi = IRQ_IPI,
    .send_ipi = bcm_send_ipi,
};

static int local_probe(const struct fdt *fdt, int node)
{
    volatile void *base = device_map_reg(fdt, node, 0);

    if (!base)
        return -ENXIO;
    bcm.local = base;
    reg_write(base, LOCAL_GPU_ROUTING, cpu_id());
    for (unsigned cpu = 0; cpu < LOCAL_CORES; cpu++) {
        reg_write(base, LOCAL_TIMER_CTRL + 4 * cpu, 0);
        reg_write(base, LOCAL_MAILBOX_CTRL + 4 * cpu, 0);
    }

    cpu_add_method("brcm,bcm2836-smp", bcm_start_core);

    int error = irq_set_chip(&bcm_chip);
    return error ? error : irq_add_domain(node, local_translate);
}

static int armctrl_probe(const struct fdt *fdt, int node)
{
    volatile void *base = device_map_reg(fdt, node, 0);

    if (!base)
        return -ENXIO;
    reg_write(base, ARMCTRL_FIQ_CONTROL, 0);
    reg_write(base, ARMCTRL_DISABLE_1, ~0u);
    reg_write(base, ARMCTRL_DISABLE_2, ~0u);
    reg_write(base, ARMCTRL_DISABLE_BASIC, ARMCTRL_BASIC_MASK);
    bcm.armctrl = base;
    return irq_add_domain(node, armctrl_translate);
}

static const char *const local_compatible[] = {"brcm,bcm2836-l1-intc", NULL};
static const char *const armctrl_compatible[] = {"brcm,bcm2836-armctrl-ic", NULL};

DRIVER(local, .name = "bcm2836-l1-intc", .compatible = local_compatible, .level = DRIVER_INTC,
       .probe = local_probe);
DRIVER(armctrl, .name = "bcm2836-armctrl", .compatible = armctrl_compatible, .level = DRIVER_INTC,
       .probe = armctrl_probe);
