/* SPDX-License-Identifier: MIT
 *
 * What /proc says of the machine and the kernel that does not change, or is set by few: cpuinfo,
 * devices, filesystems, mounts, and the names and limits of /proc/sys, which can be read only.
 * Linux's formats. Of cpuinfo's fields BogoMIPS, revision and serial number are 0: nobody counts
 * loops, and the others are not asked for. Features are those of AT_HWCAP.
 */
#include <string.h>

#include "fs/blockdev.h"
#include "fs/fb.h"
#include "fs/mount.h"
#include "kern/arch.h"
#include "kern/cpu.h"
#include "lib/fmt.h"
#include "loader/stack.h"
#include "proc/procfs_impl.h"
#include "proc/version.h"

static void print_features(struct text *t)
{
    static const char *const names[] = {
        "swp",   "half",   "thumb",  "26bit",   "fastmult", "fpa",    "vfp",      "edsp",
        "java",  "iwmmxt", "crunch", "thumbee", "neon",     "vfpv3",  "vfpv3d16", "tls",
        "vfpv4", "idiva",  "idivt",  "vfpd32",  "lpae",     "evtstrm"};

    text_printf(t, "Features\t: ");
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (STACK_HWCAP >> i & 1)
            text_printf(t, "%s ", names[i]);
    text_printf(t, "\n");
}

/* The fields of MIDR, ARM DDI 0406C B4.1.105. */
void procfs_cpuinfo(struct text *t, struct proc *p)
{
    uint32_t id = arch_main_id();

    (void)p;
    for (uint32_t cpus = cpus_online(); cpus; cpus &= cpus - 1) {
        text_printf(t, "processor\t: %u\nmodel name\t: ARMv7 Processor rev %u (%s)\n",
                    (unsigned)__builtin_ctz(cpus), (unsigned)(id & 15), STACK_PLATFORM);
        text_printf(t, "BogoMIPS\t: 0.00\n");
        print_features(t);
        text_printf(t, "CPU implementer\t: 0x%02x\nCPU architecture: 7\n", (unsigned)(id >> 24));
        text_printf(t, "CPU variant\t: 0x%x\nCPU part\t: 0x%03x\nCPU revision\t: %u\n\n",
                    (unsigned)(id >> 20 & 15), (unsigned)(id >> 4 & 0xfff), (unsigned)(id & 15));
    }
    text_printf(t, "Hardware\t: Generic DT based system\n");
    text_printf(t, "Revision\t: 0000\nSerial\t\t: 0000000000000000\n");
}

void procfs_filesystems(struct text *t, struct proc *p)
{
    static const char *const types[] = {"sysfs",  "tmpfs",  "proc",        "devtmpfs",
                                        "sockfs", "pipefs", "anon_inodefs"};

    (void)p;
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
        text_printf(t, "nodev\t%s\n", types[i]);
}

/* Majors of block devices that were printed. */
struct majors {
    struct text *t;
    uint32_t seen[8]; /* bits */
};

static void print_major(uint32_t rdev, const char *name, uint64_t sectors, void *arg)
{
    struct majors *m = arg;
    uint32_t major = rdev >> 8 & 0xff;

    (void)sectors;
    if (m->seen[major / 32] >> major % 32 & 1)
        return;
    m->seen[major / 32] |= 1u << major % 32;
    text_printf(m->t, "%3u %s\n", (unsigned)major,
                name[0] == 'v'   ? "virtblk"
                : name[0] == 'r' ? "ramdisk"
                                 : name);
}

void procfs_devices(struct text *t, struct proc *p)
{
    struct majors m = {.t = t};

    (void)p;
    text_printf(t, "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n 10 misc\n");
    if (fb_ops(29u << 8))
        text_printf(t, " 29 fb\n");
    text_printf(t, "204 ttyAMA\n240 regs\n\nBlock devices:\n");
    blockdev_each(print_major, &m);
}

void procfs_mounts(struct text *t, struct proc *p)
{
    char line[MOUNT_LINE];

    (void)p;
    for (unsigned n = 0; mount_line(n, line, sizeof(line)); n++)
        text_printf(t, "%s\n", line);
}

void procfs_mountinfo(struct text *t, struct proc *p)
{
    char line[MOUNT_LINE];

    (void)p;
    for (unsigned n = 0; mount_info_line(n, line, sizeof(line)); n++)
        text_printf(t, "%s\n", line);
}

void procfs_ostype(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "%s\n", VERSION_SYSNAME);
}

void procfs_osrelease(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "%s\n", VERSION_RELEASE);
}

void procfs_osversion(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "%s\n", VERSION_BUILD);
}

void procfs_hostname(struct text *t, struct proc *p)
{
    (void)p;
    char name[UTS_LEN];

    version_nodename(name);
    text_printf(t, "%s\n", name);
}

void procfs_pid_max(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "%d\n", PID_MAX);
}

/* 0: what is plainly too much is refused; 2: what is promised is kept. */
void procfs_overcommit(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "%d\n", as_commit_strict() ? 2 : 0);
}
