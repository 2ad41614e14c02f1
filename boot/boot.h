/* SPDX-License-Identifier: MIT
 *
 * Start-up: what arch/arm gives to boot/main.c and the other way round. All of it runs once, on one
 * CPU, without other threads.
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "kern/cpu.h"
#include "mm/frame.h"

/* From head.S, MMU on, on the boot stack; never returns. */
void kernel_main(uint32_t dtb_phys) __noreturn __noinline; /* so that backtraces name it */

/* Frames from RAM's first byte to the end of the image. */
struct frame_range arch_image_range(void);
/* Physical address of RAM's first byte, as found from the PC. */
uint64_t arch_ram_base(void);
/* The kernel sees these physical bytes from now on; NULL if they can't be RAM. */
const void *arch_map_blob(uint64_t phys, size_t len_bytes);
void arch_map_ram(struct frame_range r);
/* The frame table is there: final protection of the image, kuser page, HAT. */
void arch_memory_ready(void);

/* The core with this MPIDR affinity is the one that boots. */
bool arch_is_boot_core(uint32_t hw);
/* Starts a core by the method and waits until it runs. -EINVAL: its number is not one that we can
 * use; -ENOMEM; -ETIMEDOUT: it did not come, or the method failed; then what it was given is not
 * used again. */
int __must_check arch_start_core(uint32_t hw, cpu_start_method *method);

struct fdt;
/* Every core that /cpus names and maxcpus= allows. */
void boot_start_cores(const struct fdt *fdt);
/* The frames of the machine: RAM, and what of it is taken. The first frame of the place found for
 * the frame table; -ENODEV: no memory node; -ENOMEM: no room. */
int boot_memory_map(const struct fdt *fdt, uint64_t dtb_phys, struct frame_map *map);
/* Where the initrd is; false: none. */
bool boot_initrd(const struct fdt *fdt, uint64_t *base, uint64_t *end);
/* The words input= and idle= of the command line. */
void boot_input(void);
/* With panictest on the command line: the bug that it names, once process 1 has run until it
 * sleeps, so that there is a trace. */
void panic_test(void);
/* With locktest=KIND, in debug builds: locks used wrongly, in that way. */
void lock_test(void);

#endif
