/* SPDX-License-Identifier: MIT
 *
 * From head.S to boot/main.c: the boot CPU's own data, the offset of the direct map, the VFP. What
 * boot/main.c needs of the machine while it starts is at the end.
 */
#include "arch/arm/boot.h"

#include "arch/arm/cp15.h"
#include "arch/arm/mmu.h"
#include "arch/arm/thread.h"
#include "boot/boot.h"
#include "proc/thread.h"

extern char _start[], __image_end[];

struct cpu *cpu_table[CPU_MAX];

static struct cpu boot_cpu;
static struct thread boot_thread;

/* in: physical address of the device tree; physical - virtual address of the image */
void arch_boot(uint32_t dtb_phys, uint32_t phys_minus_virt)
{
    direct_map.offset = -(uintptr_t)phys_minus_virt;
    boot_cpu.thread = &boot_thread;
    boot_cpu.idle = &boot_thread;
    boot_cpu.id = cp15_read_mpidr() & 0xff;
    cpu_table[boot_cpu.id] = &boot_cpu;
    cp15_write_tpidrprw((uint32_t)&boot_cpu);
    arch_cpu_setup();
    mmu_boot();
    kernel_main(dtb_phys);
}

void arch_cpu_setup(void)
{
    cp15_write_cntkctl(2); /* programs may read the virtual counter */
    vfp_boot();
}

struct frame_range arch_image_range(void)
{
    pfn_t first = virt_to_pfn(_start) & ~(pfn_t)15; /* from RAM's first byte */
    pfn_t end = virt_to_pfn(__image_end + PAGE_MASK);

    return (struct frame_range){first, end - first};
}

uint64_t arch_ram_base(void)
{
    return mmu_phys((void *)DIRECT_BASE);
}

const void *arch_map_blob(uint64_t phys, size_t len_bytes)
{
    uint64_t base = arch_ram_base(), room = DIRECT_END - DIRECT_BASE;

    if (phys < base || len_bytes > room || phys - base > room - len_bytes)
        return NULL;
    mmu_map_direct((pfn_t)(phys >> PAGE_SHIFT), pages_of((phys & PAGE_MASK) + len_bytes));
    return (const void *)((uintptr_t)phys + direct_map.offset);
}

void arch_map_ram(struct frame_range r)
{
    mmu_map_direct(r.first, r.count);
}

void arch_memory_ready(void)
{
    mmu_protect_kernel();
    mmu_map_kuser();
    hat_boot();
}
