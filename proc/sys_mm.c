/* SPDX-License-Identifier: MIT
 *
 * System calls about memory: arguments checked and turned into requests to the address space. The
 * caller's own address space alone is changed.
 */
#include "fs/tmpfs.h"
#include "mm/as.h"
#include "mm/obj_anon.h"
#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/sys_impl.h"

#define MAP_SHARED          0x1u
#define MAP_PRIVATE         0x2u
#define MAP_SHARED_VALIDATE 0x3u
#define MAP_TYPE            0xfu
#define MAP_FIXED           0x10u
#define MAP_ANONYMOUS       0x20u
#define MAP_GROWSDOWN       0x100u
#define MAP_DENYWRITE       0x800u
#define MAP_EXECUTABLE      0x1000u
#define MAP_LOCKED          0x2000u
#define MAP_NORESERVE       0x4000u
#define MAP_POPULATE        0x8000u
#define MAP_NONBLOCK        0x10000u
#define MAP_STACK           0x20000u
#define MAP_HUGETLB         0x40000u
#define MAP_FIXED_NOREPLACE 0x100000u
/* What Linux knows of MAP_SHARED_VALIDATE's flags; of the others it ignores what it does not know.
 */
#define MAP_KNOWN                                                                                  \
    (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE |       \
     MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB)

#define PROT_SEM 8u /* no meaning on ARM */
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
#define SEALED   (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

/* A heap that is locked may not grow beyond RLIMIT_MEMLOCK. */
static bool heap_fits(const struct as *as, vaddr_t brk)
{
    return brk <= as->brk || pages_of(brk - as->brk) <= limit_lockable();
}

SYSCALL1(sys_brk, brk)
{
    struct as *as = proc_current()->as;

    if (unlikely(as->map_flags) && !heap_fits(as, brk))
        return (long)as->brk;
    return (long)as_brk(as, brk);
}

/* Length and place, before anything is looked at. */
static int check_place(uint32_t addr, uint32_t len, uint32_t flags, bool fixed)
{
    uint32_t npages = pages_of(len), page;

    if (likely(!fixed && flags & MAP_ANONYMOUS && len - 1 < USER_END))
        return 0;
    page = syscall_arg(6);
    if (len == 0)
        return -EINVAL;
    if (npages == 0)
        return -ENOMEM;
    if (page + npages < page)
        return -EOVERFLOW;
    if (len > USER_END)
        return -ENOMEM;
    if (!fixed)
        return 0;
    if (addr >= USER_END || len > USER_END - addr)
        return -ENOMEM;
    if (addr & PAGE_MASK)
        return -EINVAL;
    return addr < FIXED_MIN ? -EINVAL : 0;
}

/* The request for contents of the file: access by how it was opened. */
static int file_request(struct map_request *r, struct file *f, uint32_t flags)
{
    uint32_t type = flags & MAP_TYPE, mode = f->flags & O_ACCMODE;

    if (type == MAP_SHARED_VALIDATE && flags & ~MAP_KNOWN)
        return -EOPNOTSUPP;
    if (type == 0 || type > MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type != MAP_PRIVATE) {
        if (r->prot & PROT_WRITE && mode == O_RDONLY)
            return -EACCES;
        if (mode == O_RDONLY)
            r->maxprot &= ~PROT_WRITE;
        r->flags |= SEG_SHARED;
    }
    if (mode == O_WRONLY)
        return -EACCES;
    if (vnode_fs_is(f->vnode, FS_NOEXEC)) {
        if (r->prot & PROT_EXEC)
            return -EPERM;
        r->maxprot &= ~PROT_EXEC;
    }
    if (!f->vnode->obj && !f->vnode->ops->map)
        return -ENODEV;
    if (flags & MAP_GROWSDOWN)
        return -EINVAL;
    if (f->vnode->ops->map)
        return f->vnode->ops->map(f, r);
    if (type != MAP_PRIVATE && f->vnode->seals & SEALED) {
        if (r->prot & PROT_WRITE)
            return -EPERM;
        r->maxprot &= ~PROT_WRITE;
    }
    r->ops = type == MAP_PRIVATE ? &seg_vn : &seg_shared;
    r->obj = f->vnode->obj;
    return 0;
}

/* Memory of nobody's: an object of its own, with a reference, if it is shared. */
static int anonymous_request(struct map_request *r, uint32_t flags, struct obj **shared)
{
    uint32_t type = flags & MAP_TYPE;

    if (type != MAP_PRIVATE && (type != MAP_SHARED || flags & MAP_GROWSDOWN))
        return -EINVAL;
    r->obj_page = 0;
    if (type == MAP_PRIVATE) {
        r->flags |= flags & MAP_GROWSDOWN ? SEG_GROWS : 0;
        return 0;
    }
    *shared = obj_anon_create(r->npages, !(r->flags & SEG_NORESERVE));
    r->flags |= SEG_SHARED;
    r->ops = &seg_shared;
    r->obj = *shared;
    return *shared ? 0 : -ENOMEM;
}

/* Of a file, or shared; the segment takes a reference to the object of its own. */
static __noinline int map_obj(struct map_request *r, uint32_t flags, struct file *f, vaddr_t *where)
{
    struct obj *shared = NULL;
    bool sealable = f && f->vnode->obj && !(f->vnode->seals & F_SEAL_SEAL);
    int error;

    if (sealable)
        tmpfs_seals_hold(f->vnode);
    error = f ? file_request(r, f, flags) : anonymous_request(r, flags, &shared);
    if (!error)
        error = as_map(proc_current()->as, r, where);
    if (sealable)
        tmpfs_seals_release(f->vnode);
    if (shared)
        obj_unref(shared);
    return error;
}

static __noinline uint16_t special_flags(uint32_t flags)
{
    return (flags & MAP_NORESERVE && !as_commit_strict() ? SEG_NORESERVE : 0) |
           (flags & MAP_LOCKED ? SEG_WIRED : 0);
}

/* What is mapped now is populated at once: by the call's flags, or as mlockall wants it. */
static inline bool wants_pages(const struct as *as, uint32_t flags)
{
    return as->map_fill || (flags & (MAP_POPULATE | MAP_LOCKED) &&
                            (flags & (MAP_NONBLOCK | MAP_LOCKED)) != MAP_NONBLOCK);
}

/* So many pages more may be locked; asks: by MAP_LOCKED, not by what mlockall wants. */
static __noinline int check_lock(uint32_t npages, bool asks)
{
    if (asks && limit_soft(proc_current(), RLIMIT_MEMLOCK) == 0 && !capable(CAP_IPC_LOCK))
        return -EPERM;
    return npages <= limit_lockable() ? 0 : -EAGAIN;
}

SYSCALL4(sys_mmap2, addr, len, prot, flags)
{
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    struct map_request r = {.base = page_base(addr),
                            .npages = pages_of(len),
                            .prot = prot & PROT_ALL,
                            .maxprot = PROT_ALL,
                            .fixed = fixed,
                            .noreplace = flags & MAP_FIXED_NOREPLACE,
                            .ops = &seg_anon};
    struct as *as = proc_current()->as;
    struct file *f = NULL;
    vaddr_t where;
    int error;

    if (!(flags & MAP_ANONYMOUS)) {
        f = fdtable_get(proc_current()->files, (int)syscall_arg(5));
        if (!f)
            return -EBADF;
        r.obj_page = syscall_arg(6);
    }
    if (unlikely(flags & (MAP_NORESERVE | MAP_LOCKED | MAP_HUGETLB))) {
        r.flags = special_flags(flags);
        if (flags & MAP_HUGETLB)
            len = 0; /* -EINVAL: there are no large pages */
    }
    error = check_place(addr, len, flags, fixed);
    if (unlikely((r.flags | as->map_flags) & SEG_WIRED) && !error)
        error = check_lock(r.npages, r.flags & SEG_WIRED);
    if (!error)
        error =
            (flags & (MAP_TYPE | MAP_ANONYMOUS | MAP_GROWSDOWN)) == (MAP_PRIVATE | MAP_ANONYMOUS)
                ? as_map(as, &r, &where)
                : map_obj(&r, flags, f, &where);
    if (unlikely(wants_pages(as, flags)) && !error)
        (void)!as_populate(as, where, r.npages, POPULATE); /* as much as there is memory for */
    if (f)
        file_unref(f);
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
