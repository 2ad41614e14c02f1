/* SPDX-License-Identifier: MIT
 *
 * The table of interrupt handlers, and the interrupt parents of the device tree.
 * Invariant: a line with a handler has its argument and name set and stays so for ever; an
 * interrupt that nobody asked for is disabled when it comes.
 * Locks: irqs.lock for the tables, with interrupts masked. irq_dispatch reads them without: a
 * handler is stored last, before its interrupt is enabled.
 */
#include "kern/irq.h"

#include "include/uapi/errno.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "kern/spin.h"
#include "kern/trace.h"

#define DOMAINS_MAX 4 /* interrupt controllers of the tree */

struct irq_line {
    irq_handler *handler;    /* lock; NULL: nobody asked */
    void *arg;               /* (c) once there is a handler */
    const char *name;        /* (c) likewise */
    uint32_t count[CPU_MAX]; /* times handled by each CPU, its own */
};

static struct {
    struct spin lock;
    const struct irqchip *chip; /* (c) after boot */
    unsigned ndomains;          /* lock */
    struct {
        int node;
        irq_translate *translate;
    } domain[DOMAINS_MAX]; /* lock */
    struct irq_line line[IRQ_MAX];
    const struct trapframe *frame[CPU_MAX]; /* its CPU's: what was interrupted; NULL: nothing */
} irqs = {.lock = SPIN_INIT(LOCK_IRQS)};

int irq_set_chip(const struct irqchip *chip)
{
    if (irqs.chip)
        return -EBUSY;
    irqs.chip = chip;
    return 0;
}

int irq_add_domain(int node, irq_translate *translate)
{
    uint32_t mask = spin_lock_irq(&irqs.lock);
    int error = -ENOMEM;

    if (irqs.ndomains < DOMAINS_MAX) {
        irqs.domain[irqs.ndomains].node = node;
        irqs.domain[irqs.ndomains].translate = translate;
        irqs.ndomains++;
        error = 0;
    }
    spin_unlock_irq(&irqs.lock, mask);
    return error;
}

int irq_request(int irq, irq_handler *handler, void *arg, const char *name)
{
    if (irq < 0 || irq >= IRQ_MAX || !handler || !irqs.chip)
        return -EINVAL;

    struct irq_line *line = &irqs.line[irq];
    uint32_t mask = spin_lock_irq(&irqs.lock);
    bool busy = line->handler != NULL;

    if (!busy) {
        line->arg = arg;
        line->name = name;
        __atomic_store_n(&line->handler, handler, __ATOMIC_RELEASE);
    }
    spin_unlock_irq(&irqs.lock, mask);
    if (busy)
        return -EBUSY;
    irqs.chip->enable((unsigned)irq);
    return 0;
}

int irq_request_ipi(irq_handler *handler)
{
    if (!irqs.chip || !irqs.chip->send_ipi)
        return -ENODEV;
    return irq_request((int)irqs.chip->ipi, handler, NULL, "ipi");
}

void irq_send_ipi(uint32_t cpus)
{
    irqs.chip->send_ipi(cpus);
}

void irq_cpu_start(void)
{
    irqs.chip->cpu_init();
    for (unsigned i = 0; i < IRQ_PRIVATE; i++)
        if (__atomic_load_n(&irqs.line[i].handler, __ATOMIC_ACQUIRE))
            irqs.chip->enable(i);
}

static void irq_stray(unsigned irq)
{
    irqs.chip->disable(irq);
    log_printf("irq: %u came unasked for, disabled\n", irq);
}

void irq_dispatch(const struct trapframe *tf)
{
    const struct irqchip *chip = irqs.chip;
    unsigned cpu = cpu_id();
    int irq;

    irqs.frame[cpu] = tf;
    while (chip && (irq = chip->claim()) >= 0) {
        struct irq_line *line = irq < IRQ_MAX ? &irqs.line[irq] : NULL;
        irq_handler *handler = line ? __atomic_load_n(&line->handler, __ATOMIC_ACQUIRE) : NULL;

        trace(TRACE_IRQ, (uint32_t)irq, 0);
        if (handler) {
            line->count[cpu]++;
            handler(line->arg);
        } else {
            irq_stray((unsigned)irq);
        }
        chip->complete((unsigned)irq);
    }
    if (cpu_must_pause())
        cpu_pause(tf);
    irqs.frame[cpu] = NULL;
}

const struct trapframe *irq_frame(void)
{
    return irqs.frame[cpu_id()];
}

uint32_t irq_total(void)
{
    uint32_t total = 0;

    for (unsigned i = 0; i < IRQ_MAX; i++)
        for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
            total += irqs.line[i].count[cpu];
    return total;
}

bool irq_info(unsigned n, unsigned *irq, const char **name, uint32_t count[CPU_MAX])
{
    for (unsigned i = 0; i < IRQ_MAX; i++) {
        struct irq_line *line = &irqs.line[i];

        if (__atomic_load_n(&line->handler, __ATOMIC_ACQUIRE) && n-- == 0) {
            *irq = i;
            *name = line->name;
            for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
                count[cpu] = line->count[cpu];
            return true;
        }
    }
    return false;
}

static irq_translate *irq_domain_of(int node)
{
    uint32_t mask = spin_lock_irq(&irqs.lock);
    irq_translate *translate = NULL;

    for (unsigned i = 0; i < irqs.ndomains; i++) {
        if (irqs.domain[i].node == node)
            translate = irqs.domain[i].translate;
    }
    spin_unlock_irq(&irqs.lock, mask);
    return translate;
}

int irq_of_node(const struct fdt *fdt, int node, unsigned index)
{
    uint32_t cells[FDT_MAX_CELLS];
    int controller;
    int ncells = fdt_interrupt(fdt, node, index, &controller, cells);

    if (ncells < 0)
        return ncells;

    irq_translate *translate = irq_domain_of(controller);
    return translate ? translate(cells, (unsigned)ncells) : -ENODEV;
}
