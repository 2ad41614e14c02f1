/* SPDX-License-Identifier: MIT
 *
 * Interrupts: which handler runs for which interrupt. One struct irqchip takes and ends the
 * machine's interrupts, in one number space. Each node of the device tree that others name as
 * interrupt parent is a domain: it knows how the cells of `interrupts` become a number of that
 * space (the Pi has two such nodes for one chip). Handlers run with interrupts masked and may not
 * sleep.
 */
#ifndef KERN_IRQ_H
#define KERN_IRQ_H

#include "lib/base.h"
#include "lib/fdt.h"
#include "machine/cpu.h"

#define IRQ_MAX     256
#define IRQ_PRIVATE 32 /* numbers below are each CPU's own, enabled on each */

struct irqchip {
    const char *name;
    void (*enable)(unsigned irq);
    void (*disable)(unsigned irq);
    /* Takes the next pending interrupt, or returns -1. */
    int (*claim)(void);
    void (*complete)(unsigned irq);
    /* Of a CPU other than the one that probed: its own interface, on that CPU. */
    void (*cpu_init)(void);
    /* Interrupts between CPUs: the number they are claimed as, and how to send one to the CPUs of
     * the mask. What the sender wrote before is seen by the receiver. */
    unsigned ipi;
    void (*send_ipi)(uint32_t cpus);
};

typedef void irq_handler(void *arg);
/* The interrupt number for the cells of one `interrupts` entry, or -EINVAL. May note how the
 * interrupt is triggered. */
typedef int irq_translate(const uint32_t *cells, unsigned ncells);

/* Registers the controller. -EBUSY if there is one. */
int __must_check irq_set_chip(const struct irqchip *chip);
/* The node is an interrupt parent, and this is how its cells are read. -ENOMEM. */
int __must_check irq_add_domain(int node, irq_translate *translate);
/* Installs the handler and enables the interrupt. -EINVAL, -EBUSY. */
int __must_check irq_request(int irq, irq_handler *handler, void *arg, const char *name);
/* The number of a device node's index-th interrupt, or -Exxx: -ENOENT it has none, -ENODEV no
 * driver serves its parent, -EINVAL the tree is damaged. */
int irq_of_node(const struct fdt *fdt, int node, unsigned index);
/* The handler of interrupts between CPUs. -ENODEV: the controller has none; -EBUSY. */
int __must_check irq_request_ipi(irq_handler *handler);
void irq_send_ipi(uint32_t cpus);
/* A new CPU's interface to the controller, and its private interrupts that have handlers. */
void irq_cpu_start(void);
struct trapframe;

/* From the IRQ vector: runs handlers until nothing is pending, and stops where another CPU wants
 * it. tf: what was interrupted. */
void irq_dispatch(const struct trapframe *tf);
/* In an interrupt handler: the registers that this CPU was interrupted with; NULL: it is in none.
 */
const struct trapframe *irq_frame(void);
/* Interrupts handled since boot. */
uint32_t irq_total(void);
/* Text of /proc/interrupts: the n-th registered interrupt into the arguments; false at the end. */
bool irq_info(unsigned n, unsigned *irq, const char **name, uint32_t count[CPU_MAX]);

#endif
