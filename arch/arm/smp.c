/* SPDX-License-Identifier: MIT
 *
 * Starting other cores, one at a time: their stacks and first table, the block that head.S reads,
 * and the first C that they run. A core that does not come keeps what was laid out for it, since
 * nobody knows what it does. Runs on the boot CPU, at boot; no locks.
 */
#include "arch/arm/boot.h"
#include "arch/arm/cp15.h"
#include "arch/arm/mmu.h"
#include "arch/arm/thread.h"
#include "boot/boot.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/irq.h"
#include "mm/frame.h"
#include "proc/thread.h"

#define ARRIVAL_NS      1000000000u
#define MPIDR_AFFINITY  0xffffffu
#define TABLE_FRAMES    4u /* first level of 16 KiB */
#define IRQ_STACK_BYTES 4096u

/* Everything of a core that lies in the direct map; its kernel stack has a guard page. */
struct core {
    char irq_stack[IRQ_STACK_BYTES] __aligned(8);
    char abort_stack[64], undef_stack[64]; /* a word each is used (vectors.S) */
    struct cpu cpu;
    struct thread idle;
};

/* In .data: .bss is cleared, and a core that comes late must find what it found. */
struct secondary_block secondary_block __aligned(64) = {.hw = ~0u};

static void *end_of(char *stack, size_t bytes)
{
    return stack + bytes;
}

static struct core *core_create(uint32_t id)
{
    pfn_t pfn = frame_alloc_contiguous(pages_of(sizeof(struct core)), 1);
    struct core *c = pfn == NO_PFN ? NULL : pfn_to_virt(pfn);

    if (!c)
        return NULL;
    c->cpu = (struct cpu){.id = id, .thread = &c->idle, .idle = &c->idle};
    c->idle = (struct thread){.kstack = arch_kstack_alloc()};
    if (!c->idle.kstack) {
        frame_free_contiguous(pfn, pages_of(sizeof(struct core)));
        return NULL;
    }
    return c;
}

/* The kernel's first level and, at its physical address, the MiB that secondary_start is in. */
static uint32_t *boot_table(void)
{
    pfn_t pfn = frame_alloc_contiguous(TABLE_FRAMES, TABLE_FRAMES);
    uint32_t phys = (uint32_t)mmu_phys((void *)secondary_start) & ~(SECTION_SIZE - 1);
    uint32_t *table = pfn == NO_PFN ? NULL : pfn_to_virt(pfn);

    if (!table)
        return NULL;
    for (unsigned i = 0; i < ARRAY_SIZE(kernel_l1); i++)
        table[i] = kernel_l1[i];
    table[phys >> SECTION_SHIFT] = phys | L1_NORMAL;
    return table;
}

/* The core reads it with its caches off. */
static void block_write(const struct secondary_block *b)
{
    secondary_block = *b;
    dsb();
    cp15_write_dccmvac((uint32_t)&secondary_block);
    dsb();
}

static bool start(uint32_t hw, struct core *c, const uint32_t *table, cpu_start_method *method)
{
    struct secondary_block b = {
        .hw = hw,
        .table = (uint32_t)mmu_phys(table),
        .cpu = &c->cpu,
        .irq_sp = end_of(c->irq_stack, sizeof(c->irq_stack)),
        .abort_sp = end_of(c->abort_stack, sizeof(c->abort_stack)),
        .undef_sp = end_of(c->undef_stack, sizeof(c->undef_stack)),
        .svc_sp = end_of(c->idle.kstack, PAGE_SIZE),
    };
    bool there;

    cpu_table[c->cpu.id] = &c->cpu;
    sched_init_cpu(&c->cpu);
    block_write(&b);
    cpu_expect(c->cpu.id);
    there = method(hw, (uint32_t)mmu_phys((void *)secondary_start)) == 0 &&
            cpu_wait(c->cpu.id, ARRIVAL_NS);
    block_write(&(struct secondary_block){.hw = ~0u});
    return there;
}

/* Steps: is it a core that we can number; its memory; a first table, which goes afterwards; the
 * block, the start and the wait. */
int arch_start_core(uint32_t hw, cpu_start_method *method)
{
    uint32_t own = cp15_read_mpidr() & MPIDR_AFFINITY, id = hw & 0xff;
    struct core *c;
    uint32_t *table;
    bool there;

    if (id >= CPU_MAX || cpu_table[id] || (hw ^ own) >> 8)
        return -EINVAL;
    c = core_create(id);
    table = c ? boot_table() : NULL;
    if (!table)
        return -ENOMEM;
    there = start(hw, c, table, method);
    if (!there)
        return -ETIMEDOUT;
    frame_free_contiguous(virt_to_pfn(table), TABLE_FRAMES);
    return 0;
}

bool arch_is_boot_core(uint32_t hw)
{
    return hw == (cp15_read_mpidr() & MPIDR_AFFINITY);
}

void arch_cpu_main(struct cpu *cpu)
{
    cp15_write_tpidrprw((uint32_t)cpu);
    arch_cpu_setup();
    clock_start_cpu();
    irq_cpu_start();
    if (!cpu_arrive())
        arch_halt();
    sched_idle();
}
