/* SPDX-License-Identifier: MIT
 *
 * Start-up in the order in which things come to need each other: device tree, command line, early
 * console, memory, interrupts and drivers, root file system, process 1. What is missing ends in a
 * message on the UART. Runs once, on the boot CPU, which becomes the idle thread.
 */
#include "boot/boot.h"

#include <string.h>

#include "block/ramdisk.h"
#include "include/uapi/errno.h"
#include "fs/file.h"
#include "kern/arch.h"
#include "kern/bootargs.h"
#include "kern/console.h"
#include "kern/device.h"
#include "kern/kdb.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "kern/power.h"
#include "kern/random.h"
#include "lib/cmdline.h"
#include "lib/fdt.h"
#include "mm/as.h"
#include "mm/obj.h"
#include "mm/pageout.h"
#include "proc/pid.h"
#include "proc/proc.h"
#include "proc/procfs.h"
#include "proc/trace_control.h"

#define DTB_MAX   (2u << 20)
#define INIT_ARGS 127u

static struct {
    struct fdt fdt;
    struct frame_map map;
    uint64_t dtb_phys;
    const char *argv[INIT_ARGS + 1];
    char words[BOOTARGS_BYTES];
} boot;

/* What can't be repaired: says so and stops, or powers off where the command line says so. */
static void __noreturn __printf(1, 2) boot_fail(const char *what, ...)
{
    va_list ap;

    va_start(ap, what);
    log_printf("boot: ");
    log_vprintf(what, ap);
    log_printf("\n");
    va_end(ap);
    if (power_has_semihosting() || bootargs_is("panic", "poweroff"))
        power_off(1);
    cpu_pause_others();
    arch_halt();
}

static void open_device_tree(uint32_t dtb_phys)
{
    static struct fdt_hint hint;
    const void *blob = dtb_phys & 3 ? NULL : arch_map_blob(dtb_phys, DTB_MAX);

    boot.dtb_phys = dtb_phys;
    if (!blob || fdt_open(&boot.fdt, blob, DTB_MAX)) {
        uart_last_word(arch_ram_base(),
                       "\r\nboot: no device tree: the boot loader must pass one in r2\r\n");
        arch_halt();
    }
    boot.fdt.hint = &hint;
}

static void start_console(void)
{
    const char *line = fdt_bootargs(&boot.fdt);

    bool fits = bootargs_set(line ? line : "");

    power_use_semihosting(bootargs_is("exit", "semihosting"));
    if (device_probe_stdout(&boot.fdt))
        uart_last_word(arch_ram_base(), "\r\nboot: the device tree names no console\r\n");
    log_printf("Quire on %s\n", fdt_string(&boot.fdt, 0, "model")
                                    ? fdt_string(&boot.fdt, 0, "model")
                                    : "a machine without a name");
    if (!fits)
        boot_fail("the command line has more than %u bytes", BOOTARGS_BYTES - 1);
}

static unsigned kib(uint32_t frames)
{
    return frames * (PAGE_SIZE / 1024);
}

/* The frame table as acceptance asks for it: the parts add up to the device tree's RAM. */
static void show_frames(void)
{
    struct frame_stats s = frame_stats();
    uint32_t ramdisk = 0;

    for (unsigned i = 0; i < boot.map.nreserved; i++)
        if (boot.map.reserved_type[i] == FRAME_RAMDISK)
            ramdisk += boot.map.reserved[i].count;
    log_printf("frames: %u total = %u kernel + %u ramdisk + %u reserved + %u free (%u KiB)\n",
               s.total, s.total - ramdisk - s.reserved - s.free, ramdisk, s.reserved, s.free,
               kib(s.free));
}

static void start_memory(void)
{
    int table = boot_memory_map(&boot.fdt, boot.dtb_phys, &boot.map);

    if (table == -ENODEV)
        boot_fail("no memory: the device tree has no memory node that holds this kernel");
    if (table < 0)
        boot_fail("no memory: no room for the frame table");
    for (unsigned i = 0; i < boot.map.nram; i++)
        arch_map_ram(boot.map.ram[i]);
    frame_init(&boot.map, pfn_to_virt((pfn_t)table), bootargs_size("memlimit", 0) >> PAGE_SHIFT);
    random_init(&boot.fdt);
    arch_memory_ready();
    if (obj_init())
        boot_fail("no memory: no room for the page hash");
    as_init();
    show_frames();
}

static void mount_root(void)
{
    uint64_t base, end;
    const char *why = "?";

    if (!boot_initrd(&boot.fdt, &base, &end))
        boot_fail("no initrd: pass a cpio archive (newc, plain or gzip) with the kernel");
    if (rootfs_mount(base, (size_t)(end - base), &why)) {
        log_printf("boot: %s\n", why);
        boot_fail("no root file system");
    }
    if (devfs_mount() || procfs_mount())
        boot_fail("/dev or /proc could not be mounted");
}

/* argv of process 1: its path, then the words of the command line behind a lone --, for which the
 * array has room. */
static const char *const *init_argv(const char *path)
{
    const char *p = cmdline_init_words(bootargs_line()), *word;
    unsigned n = 0, used = 0;
    size_t len;

    boot.argv[n++] = path;
    while (cmdline_next(&p, &word, &len)) {
        if (n == INIT_ARGS)
            boot_fail("the command line has more than %u words for init", INIT_ARGS - 1);
        memcpy(boot.words + used, word, len);
        boot.words[used + len] = '\0';
        boot.argv[n++] = boot.words + used;
        used += (unsigned)len + 1;
    }
    boot.argv[n] = NULL;
    return boot.argv;
}

/* Process 1: the command line's choice, or where Linux looks. */
static void start_init(void)
{
    static const char *const defaults[] = {"/init", "/sbin/init", "/bin/init", "/bin/sh"};
    static char path[128];

    if (bootargs_get("rdinit", path, sizeof(path)) || bootargs_get("init", path, sizeof(path))) {
        int error = proc_start_init(path, init_argv(path));

        if (error == 0)
            return;
        if (error == -ENOENT)
            log_printf("boot: %s: not found\n", path);
        else
            log_printf("boot: %s can't be run (error %d)\n", path, -error);
        boot_fail("no init");
    }
    for (unsigned i = 0; i < ARRAY_SIZE(defaults); i++)
        if (proc_start_init(defaults[i], init_argv(defaults[i])) == 0)
            return;
    boot_fail("no init: neither /init nor /sbin/init nor /bin/sh can be run");
}

void kernel_main(uint32_t dtb_phys)
{
    open_device_tree(dtb_phys);
    start_console();
    kdb_init();
    start_memory();
    pid_init();
    sched_init();
    device_probe_all(&boot.fdt);
    ramdisk_init();
    irq_restore(0);
    mount_root();
    boot_start_cores(&boot.fdt);
    trace_boot();
    start_init();
    pageout_set_sleeper(proc_longest_sleeper);
    if (pageout_start())
        boot_fail("no memory: page-out has no thread");
    boot_input();
    panic_test();
    if (IS_ENABLED(CONFIG_LOCKCHECK))
        lock_test();
    sched_idle();
}
