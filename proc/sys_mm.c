/* SPDX-License-Identifier: MIT
 *
 * System calls about memory: arguments checked and turned into requests to the address space. The
 * caller's own address space alone is changed.
 */
#include "mm/as.h"
#include "mm/obj.h"
#include "proc/sys_impl.h"

#define MAP_SHARED          0x1u
#define MAP_PRIVATE         0x2u
#define MAP_SHARED_VALIDATE 0x3u
#define MAP_TYPE            0xfu
#define MAP_FIXED           0x10u
#define MAP_ANONYMOUS       0x20u
#define MAP_DENYWRITE       0x800u
#define MAP_EXECUTABLE      0x1000u
#define MAP_NORESERVE       0x4000u
#define MAP_POPULATE        0x8000u
#define MAP_NONBLOCK        0x10000u
#define MAP_STACK           0x20000u
#define MAP_FIXED_NOREPLACE 0x100000u
/* Hints, and what Linux ignores, too. Populating early is a hint here. */
#define MAP_IGNORED                                                                                \
    (MAP_DENYWRITE | MAP_EXECUTABLE | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK)

#define PROT_SEM 8u /* no meaning on ARM */
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

#define MADV_WILLNEED 3u /* NORMAL, RANDOM, SEQUENTIAL, WILLNEED: 0 to 3 are hints */

SYSCALL1(sys_brk, brk)
{
    return (long)as_brk(proc_current()->as, brk);
}

/* Flags and place, before anything is looked at. Shared mappings need writable objects, a later
 * step: until then they are refused, as a file system without them would. */
static int map_check(uint32_t addr, uint32_t len, uint32_t flags)
{
    const uint32_t known = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_IGNORED;
    uint32_t type = flags & MAP_TYPE;

    if (type == MAP_SHARED || type == MAP_SHARED_VALIDATE)
        return flags & MAP_ANONYMOUS ? -EINVAL : -ENODEV;
    if (type != MAP_PRIVATE || flags & ~known || len == 0)
        return -EINVAL;
    if (len > USER_END)
        return -ENOMEM;
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
        return 0;
    if (addr & PAGE_MASK)
        return -EINVAL;
    if (addr < USER_MIN)
        return -EPERM;
    return addr >= USER_END || len > USER_END - addr ? -ENOMEM : 0;
}

static int map_file(struct map_request *r, int fd, uint32_t page)
{
    struct file *f = fdtable_get(proc_current()->files, fd);
    vaddr_t where;
    int error = 0;

    if (!f)
        return -EBADF;
    if ((f->flags & O_ACCMODE) == O_WRONLY)
        error = -EACCES;
    else if (!f->vnode->obj)
        error = -ENODEV;
    else if (page + r->npages < page)
        error = -EOVERFLOW;
    r->ops = &seg_vn;
    r->obj = f->vnode->obj;
    r->obj_page = page;
    if (!error)
        error = as_map(proc_current()->as, r, &where);
    file_unref(f); /* the segment has a reference to the object of its own */
    return error ? error : (int)where;
}

SYSCALL4(sys_mmap2, addr, len, prot, flags)
{
    struct map_request r = {.base = page_base(addr),
                            .npages = pages_of(len),
                            .prot = prot & PROT_ALL,
                            .maxprot = PROT_ALL,
                            .fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE),
                            .noreplace = flags & MAP_FIXED_NOREPLACE,
                            .ops = &seg_anon};
    vaddr_t where;
    int error = map_check(addr, len, flags);

    if (error)
        return error;
    if (!(flags & MAP_ANONYMOUS))
        return map_file(&r, (int)syscall_arg(5), syscall_arg(6));
    error = as_map(proc_current()->as, &r, &where);
    return error ? error : (long)where;
}

SYSCALL2(sys_munmap, addr, len)
{
    if (addr & PAGE_MASK || len == 0 || !(addr < USER_END && len <= USER_END - addr))
        return -EINVAL;
    return as_unmap(proc_current()->as, addr, pages_of(len));
}

SYSCALL3(sys_mprotect, addr, len, prot)
{
    if (addr & PAGE_MASK || prot & ~(PROT_ALL | PROT_SEM))
        return -EINVAL;
    if (len == 0)
        return 0;
    if (addr >= USER_END || len > USER_END - addr)
        return -ENOMEM;
    return as_protect(proc_current()->as, addr, pages_of(len), prot & PROT_ALL);
}

/* Hints change nothing that a program can see. The others are not built. */
SYSCALL3(sys_madvise, addr, len, advice)
{
    if (addr & PAGE_MASK || advice > MADV_WILLNEED)
        return -EINVAL;
    return addr >= USER_END || len > USER_END - addr ? -ENOMEM : 0;
}
