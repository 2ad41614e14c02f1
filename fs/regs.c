/* SPDX-License-Identifier: MIT
 *
 * /dev/regs: a file for each device of the device tree whose registers a program may have. Such a
 * file is for mapping alone, shared, at offsets from the first page of the device's first range.
 * Only devices of the list below: they reach no memory by themselves and can't stop the machine; of
 * others root could write all of memory. None that a driver of the kernel has, and none that lies
 * in one page with anything else that the tree knows, memory included.
 * That last check takes long, so the first open makes it.
 * Locks: none; the table is filled at boot and constant then, but for what open finds out.
 */
#include "fs/regs.h"

#include <string.h>

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "kern/device.h"
#include "lib/fmt.h"
#include "mm/seg_dev.h"

#define REGS_MOST  8
#define NAME_ROOM  40
#define REGS_MAJOR 240u /* Linux's first for local use */

static struct {
    struct {
        char name[NAME_ROOM]; /* of the tree's node */
        pfn_t first;
        uint32_t npages;
        int node;
        bool alone; /* atomic: nothing else lies in its pages */
    } device[REGS_MOST];
    unsigned count;
    const struct fdt *fdt;
} regs;

/* Some other node of the tree has something in [base, end), bytes. May sleep. */
static bool is_shared(const struct fdt *fdt, int mine, uint64_t base, uint64_t end)
{
    for (int node = fdt_next(fdt, 0); node >= 0; node = fdt_next(fdt, node)) {
        bool more = node != mine && fdt_prop(fdt, node, "reg", NULL);

        for (unsigned i = 0; more; i++) {
            uint64_t at, size;
            int error = fdt_reg(fdt, node, i, &at, &size);

            if (!error && at < end && (at + size > base || at + size < at))
                return true;
            more = !error || error == -ENXIO;
            preempt_point();
        }
    }
    return false;
}

static int regs_open(struct file *f)
{
    unsigned i = f->vnode->rdev & 0xff;
    uint64_t base = (uint64_t)regs.device[i].first << PAGE_SHIFT;
    bool alone = __atomic_load_n(&regs.device[i].alone, __ATOMIC_RELAXED);

    if (!alone)
        alone = !is_shared(regs.fdt, regs.device[i].node, base,
                           base + page_addr(regs.device[i].npages));
    __atomic_store_n(&regs.device[i].alone, alone, __ATOMIC_RELAXED);
    return alone ? 0 : -EBUSY;
}

static int regs_map(struct file *f, struct map_request *r)
{
    unsigned i = f->vnode->rdev & 0xff;

    return seg_dev_request(r, regs.device[i].first, regs.device[i].npages);
}

static const struct vnode_ops ops = {.open = regs_open, .map = regs_map};

const struct vnode_ops *regs_ops(uint32_t rdev)
{
    return rdev >> 8 == REGS_MAJOR && (rdev & 0xff) < regs.count ? &ops : NULL;
}

int regs_make_nodes(void)
{
    int error = vnode_make(NULL, "/dev/regs", S_IFDIR | 0755, 0, NULL);

    for (unsigned i = 0; !error && i < regs.count; i++) {
        char path[sizeof("/dev/regs/") + NAME_ROOM];

        fmt_snprint(path, sizeof(path), "/dev/regs/%s", regs.device[i].name);
        error = vnode_make(NULL, path, S_IFCHR | 0600, REGS_MAJOR << 8 | i, NULL);
        if (error == -EEXIST) /* two of one name, on different buses */
            error = 0;
    }
    return error;
}

static int regs_probe(const struct fdt *fdt, int node)
{
    const char *name = fdt_name(fdt, node);
    uint64_t base, size, end;
    int error = fdt_reg(fdt, node, 0, &base, &size);

    if (error)
        return error;
    end = base + size;
    base = ALIGN_DOWN(base, (uint64_t)PAGE_SIZE);
    end = ALIGN_UP(end, (uint64_t)PAGE_SIZE);
    if (size == 0 || size > DEVICE_MAX_BYTES || end > 1ull << 32 || end <= base)
        return -ENXIO;
    if (strlen(name) >= NAME_ROOM || strchr(name, '/') || !strchr(name, '@'))
        return -EINVAL;
    if (regs.count == REGS_MOST)
        return -ENOSPC;
    memcpy(regs.device[regs.count].name, name, strlen(name) + 1);
    regs.device[regs.count].first = (pfn_t)(base >> PAGE_SHIFT);
    regs.device[regs.count].npages = (uint32_t)((end - base) >> PAGE_SHIFT);
    regs.device[regs.count].node = node;
    regs.fdt = fdt;
    regs.count++;
    return 0;
}

static const char *const regs_compatible[] = {
    "arm,pl031", "arm,pl061", "brcm,bcm2835-gpio", "brcm,bcm2835-system-timer", NULL,
};

DRIVER(regs, .name = "regs", .compatible = regs_compatible, .level = DRIVER_USER,
       .probe = regs_probe);
