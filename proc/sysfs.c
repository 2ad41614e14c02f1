/* SPDX-License-Identifier: MIT
 *
 * What is in /sys: the CPUs, as C libraries count them, cpuN being an empty directory, and which
 * terminal is the console's, as who looks for one asks. Nothing else is there.
 * Source: Linux, Documentation/ABI/testing/sysfs-devices-system-cpu and sysfs-tty.
 */
#include "proc/sysfs.h"

#include <string.h>

#include "fs/tty.h"
#include "include/uapi/errno.h"
#include "kern/cpu.h"
#include "lib/fmt.h"

static const struct vnode_ops cpus_ops;

static const struct procfs_file cpu_files[] = {
    {.name = "kernel_max", .print = procfs_cpus_most},
    {.name = "online", .print = procfs_cpus_online},
    {.name = "possible", .print = procfs_cpus_online},
    {.name = "present", .print = procfs_cpus_online},
};
static const struct procfs_table cpu_table_files = {cpu_files, ARRAY_SIZE(cpu_files), 16};
static const struct procfs_table none = {NULL, 0, 0};
static const struct procfs_file one_cpu = {.dir = &none};

static const struct procfs_file system_files[] = {
    {.name = "cpu", .dir = &cpu_table_files, .ops = &cpus_ops},
};
static const struct procfs_table system_table = {system_files, ARRAY_SIZE(system_files), 12};
static const struct procfs_file devices_files[] = {{.name = "system", .dir = &system_table}};
static const struct procfs_table devices_table = {devices_files, ARRAY_SIZE(devices_files), 8};

static procfs_printer console_active, console_dev, line_dev;

static const struct procfs_file console_files[] = {
    {.name = "active", .print = console_active},
    {.name = "dev", .print = console_dev},
};
static const struct procfs_table console_table = {console_files, ARRAY_SIZE(console_files), 32};
static const struct procfs_file line_files[] = {{.name = "dev", .print = line_dev}};
static const struct procfs_table line_table = {line_files, ARRAY_SIZE(line_files), 36};
static const struct procfs_file tty_files[] = {
    {.name = "console", .dir = &console_table},
    {.name = TTY_LINE_NAME, .dir = &line_table},
};
static const struct procfs_table tty_table = {tty_files, ARRAY_SIZE(tty_files), 28};
static const struct procfs_file class_files[] = {{.name = "tty", .dir = &tty_table}};
static const struct procfs_table class_table = {class_files, ARRAY_SIZE(class_files), 24};

static const struct procfs_file top_files[] = {
    {.name = "class", .dir = &class_table},
    {.name = "devices", .dir = &devices_table},
};
static const struct procfs_table top_table = {top_files, ARRAY_SIZE(top_files), 4};

const struct procfs_file sysfs_root_file = {.name = "", .dir = &top_table};

static bool cpu_is_there(int id)
{
    return id >= 0 && id < CPU_MAX && cpus_online() >> id & 1;
}

/* Its inode number is as a process's with the number id + 1. */
static struct procfs_node cpu_like(int id)
{
    return (struct procfs_node){.file = &one_cpu, .pid = id + 1};
}

static int cpus_lookup(struct vnode *dir, const struct name *name, struct vnode **found)
{
    struct name digits = {name->text + 3, name->len - 3, 0};
    struct procfs_node like;
    int id = -1;

    if (name->len > 3 && memcmp(name->text, "cpu", 3) == 0)
        id = procfs_number_of(&digits, CPU_MAX - 1);
    if (!cpu_is_there(id))
        return procfs_table_lookup(dir, name, found);
    like = cpu_like(id);
    return procfs_node_make(dir, &like, 0, id, found);
}

/* Positions: the files of the table, then the CPUs. */
static int cpus_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    struct procfs_node like;
    unsigned id;

    if (*pos < ARRAY_SIZE(cpu_files))
        return procfs_table_readdir(dir, pos, entry);
    if (*pos >= ARRAY_SIZE(cpu_files) + CPU_MAX)
        return 0;
    id = (unsigned)*pos - ARRAY_SIZE(cpu_files);
    while (id < CPU_MAX && !cpu_is_there((int)id))
        id++;
    if (id == CPU_MAX)
        return 0;
    like = cpu_like((int)id);
    fmt_snprint(entry->name, sizeof(entry->name), "cpu%u", id);
    entry->ino = procfs_ino(&like, 0);
    entry->mode = S_IFDIR | 0555;
    *pos = ARRAY_SIZE(cpu_files) + id + 1;
    return 1;
}

static const struct vnode_ops cpus_ops = {.lookup = cpus_lookup, .readdir = cpus_readdir};

/* A list of ranges, as Linux prints it: 0-2,4. */
void procfs_cpu_list(struct text *t, uint32_t cpus)
{
    const char *comma = "";

    for (unsigned id = 0; id < CPU_MAX; id++) {
        unsigned last = id;

        if (!(cpus >> id & 1))
            continue;
        while (last + 1 < CPU_MAX && cpus >> (last + 1) & 1)
            last++;
        text_printf(t, "%s%u", comma, id);
        if (last > id)
            text_printf(t, "-%u", last);
        comma = ",";
        id = last;
    }
    text_printf(t, "\n");
}

void procfs_cpus_online(struct text *t, struct proc *p)
{
    (void)p;
    procfs_cpu_list(t, cpus_online());
}

void procfs_cpus_most(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "%d\n", CPU_MAX - 1);
}

static void console_active(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "%s\n", TTY_LINE_NAME);
}

static void console_dev(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "5:1\n");
}

static void line_dev(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "%u:%u\n", TTY_LINE_MAJOR, TTY_LINE_MINOR);
}
