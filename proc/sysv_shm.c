/* SPDX-License-Identifier: MIT
 *
 * Shared memory of System V: shmget, shmat, shmdt; shmctl is in sysv_shmctl.c. A table names
 * objects of shared anonymous memory and holds a reference to each, so that their pages stay when
 * nobody maps them. Attached is a segment of a driver that does all that seg_shared does, and
 * counts: each piece that munmap or mprotect made of one is one, as on Linux. A segment has its
 * pages reserved from the day it is made, of what tmpfs can have too, half of RAM together: nobody
 * can fill memory with what no kill gives back.
 * Locks: (t), see sysv_impl.h. Numbers are those of Linux 6.1 on ARM EABI.
 */
#include "proc/sysv_shm.h"

#include "lib/fmt.h"
#include "mm/obj_anon.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/sys_impl.h"
#include "proc/sysv_impl.h"

#define SHMLBA      (4 * PAGE_SIZE) /* so that it suits caches with aliases; asked for by all */
#define INDEX_CYCLE 64u             /* so many indices at least are used in turn */

#define IPC_CREAT 01000u
#define IPC_EXCL  02000u

#define SHM_HUGETLB   04000u
#define SHM_NORESERVE 010000u

#define SHM_RDONLY 010000u
#define SHM_RND    020000u
#define SHM_REMAP  040000u
#define SHM_EXEC   0100000u

static struct {
    struct mutex lock;
    struct shm *at[SHMMNI]; /* (t) by index */
    uint32_t used, npages;  /* (t) */
    uint32_t next;          /* (t) the index after the last that was given out */
    uint32_t seq;           /* (t) grows when indices begin anew: an old id is not a new one */
} shms = {.lock = MUTEX_INIT(shms.lock, LOCK_SHM)};

static struct slab_cache shm_cache = SLAB_CACHE("shm", sizeof(struct shm));

uint64_t shm_now(void)
{
    return (uint64_t)ns_split(vnode_now()).sec;
}

static int own_pid(void)
{
    const struct proc *p = proc_current();

    return p ? p->pid : 0;
}

void shm_lock(void)
{
    mutex_lock(&shms.lock);
}

void shm_unlock(void)
{
    mutex_unlock(&shms.lock);
}

void shm_totals(uint32_t *used, uint32_t *npages)
{
    *used = shms.used;
    *npages = shms.npages;
}

struct shm *shm_at(uint32_t index)
{
    return index < SHMMNI ? shms.at[index] : NULL;
}

struct shm *shm_find(int id)
{
    struct shm *s = id < 0 ? NULL : shm_at(shm_index(id));

    return s && s->id == id ? s : NULL;
}

static struct shm *find_key(int key)
{
    for (uint32_t i = 0; i < SHMMNI; i++)
        if (shms.at[i] && shms.at[i]->key == key)
            return shms.at[i];
    return NULL;
}

static struct shm *find_obj(const struct obj *o)
{
    for (uint32_t i = 0; i < SHMMNI; i++)
        if (shms.at[i] && shms.at[i]->obj == o)
            return shms.at[i];
    return NULL;
}

struct shm *shm_take_unused(struct shm *s)
{
    if (s->nattch || !(s->mode & SHM_DEST))
        return NULL;
    shms.at[shm_index(s->id)] = NULL;
    shms.used--;
    shms.npages -= pages_of(s->bytes);
    return s;
}

void shm_free(struct shm *s)
{
    if (!s)
        return;
    obj_unref(s->obj);
    obj_unreserve(NULL, pages_of(s->bytes));
    slab_free(&shm_cache, s);
}

/* The effective ids count, not those for files. */
int shm_may_use(const struct shm *s, uint32_t bits)
{
    const struct cred *c = cred_current();
    uint32_t want = (bits >> 6 | bits >> 3 | bits) & 7, granted = s->mode;

    if (likely(!c) || !want)
        return 0;
    if (shm_is_mine(s))
        granted >>= 6;
    else if (c->egid == s->gid || c->egid == s->cgid || cred_in_group(c, s->gid) ||
             cred_in_group(c, s->cgid))
        granted >>= 3;
    return want & ~granted && !cred_capable(c, CAP_IPC_OWNER) ? -EACCES : 0;
}

bool shm_is_mine(const struct shm *s)
{
    uint32_t euid = cred_self()->euid;

    return euid == s->uid || euid == s->cuid;
}

/* The driver. */

static int shm_fault(struct fault *f)
{
    return seg_shared.fault(f);
}

static void shm_dup(const struct seg *from, struct seg *to)
{
    struct shm *s;

    seg_shared.dup(from, to);
    shm_lock();
    s = find_obj(to->obj);
    s->nattch++;
    s->atime = shm_now();
    s->lpid = own_pid();
    shm_unlock();
}

static void shm_release(struct seg *seg)
{
    struct shm *s;

    shm_lock();
    s = find_obj(seg->obj);
    s->nattch--;
    s->dtime = shm_now();
    s->lpid = own_pid();
    s = shm_take_unused(s);
    shm_unlock();
    seg_shared.release(seg);
    shm_free(s);
}

static bool shm_incore(const struct seg *s, vaddr_t va)
{
    return seg_shared.incore(s, va);
}

static int shm_advise(const struct seg *s, struct range r, enum seg_advice advice)
{
    return seg_shared.advise(s, r, advice);
}

static const struct seg_ops seg_shm = {
    .name = "shm",
    .fault = shm_fault,
    .dup = shm_dup,
    .split = shm_dup,
    .release = shm_release,
    .sync = obj_sync,
    .incore = shm_incore,
    .advise = shm_advise,
};

bool shm_name(const struct seg *seg, char *buf, size_t size)
{
    const struct shm *s;

    if (seg->ops != &seg_shm)
        return false;
    shm_lock();
    s = find_obj(seg->obj);
    fmt_snprint(buf, size, "/SYSV%08x (deleted)", (unsigned)s->first_key);
    shm_unlock();
    return true;
}

/* shmget. */

/* Indices are used in turn, so that an id that is gone is not soon another's. There is a free one
 * below `most`, which is more than are used. (t). */
static int id_choose(void)
{
    uint32_t most = MIN(MAX(shms.used * 3 / 2, INDEX_CYCLE), SHMMNI);
    uint32_t i = shms.next < most ? shms.next : 0;

    while (shms.at[i])
        i = i + 1 < most ? i + 1 : 0;
    if (i < shms.next)
        shms.seq = (shms.seq + 1) & (INT32_MAX >> INDEX_BITS);
    shms.next = i + 1;
    return (int)(shms.seq << INDEX_BITS | i);
}

static struct shm *shm_alloc(uint32_t npages, uint32_t flags)
{
    struct shm *s = slab_alloc(&shm_cache);

    if (!s)
        return NULL;
    s->obj = obj_anon_create(npages, !(flags & SHM_NORESERVE) || as_commit_strict());
    if (s->obj)
        return s;
    slab_free(&shm_cache, s);
    return NULL;
}

/* The new one's id, or -Exxx. (t). */
static int shm_create(int key, size_t bytes, uint32_t flags)
{
    uint32_t npages = pages_of(bytes);
    struct shm *s;

    if (bytes == 0 || bytes > SHMMAX)
        return -EINVAL;
    if (shms.used == SHMMNI || obj_reserve(NULL, npages))
        return -ENOSPC;
    s = flags & SHM_HUGETLB ? NULL : shm_alloc(npages, flags);
    if (!s) {
        obj_unreserve(NULL, npages);
        return flags & SHM_HUGETLB ? -EINVAL : -ENOMEM;
    }
    s->key = s->first_key = key;
    s->id = id_choose();
    s->bytes = bytes;
    s->mode = flags & IPC_MODES;
    s->uid = s->cuid = cred_self()->euid;
    s->gid = s->cgid = cred_self()->egid;
    s->ctime = shm_now();
    s->cpid = own_pid();
    shms.at[shm_index(s->id)] = s;
    shms.used++;
    shms.npages += npages;
    return s->id;
}

SYSCALL3(sys_shmget, key, bytes, flags)
{
    struct shm *s;
    long result;

    shm_lock();
    s = key == IPC_PRIVATE ? NULL : find_key((int)key);
    if (!s && key != IPC_PRIVATE && !(flags & IPC_CREAT))
        result = -ENOENT;
    else if (!s)
        result = shm_create((int)key, bytes, flags);
    else if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
        result = -EEXIST;
    else if (s->bytes < bytes)
        result = -EINVAL;
    else
        result = shm_may_use(s, flags) ? -EACCES : s->id;
    shm_unlock();
    return result;
}

/* shmat and shmdt. */

/* Where and how, by address and flags; the segment is not known yet. */
static int attach_request(struct map_request *r, vaddr_t addr, uint32_t flags)
{
    prot_t exec = flags & SHM_EXEC ? PROT_EXEC : 0;
    bool read_only = flags & SHM_RDONLY;

    if (addr & (SHMLBA - 1) && !(flags & SHM_RND))
        return -EINVAL;
    *r = (struct map_request){.base = ALIGN_DOWN(addr, SHMLBA),
                              .prot = PROT_READ | (read_only ? 0 : PROT_WRITE) | exec,
                              .maxprot = PROT_READ | PROT_EXEC | (read_only ? 0 : PROT_WRITE),
                              .flags = SEG_SHARED | SEG_APART,
                              .fixed = addr != 0,
                              .noreplace = !(flags & SHM_REMAP),
                              .ops = &seg_shm};
    if (r->base == 0 && flags & SHM_REMAP)
        return -EINVAL;
    return 0;
}

/* What attaching so asks for. */
static uint32_t bits_of(uint32_t flags)
{
    return 4u | (flags & SHM_RDONLY ? 0 : 2u) | (flags & SHM_EXEC ? 1u : 0);
}

/* Counts twice: for the segment to come and for the caller, who must not lose it when somebody
 * unmaps the segment at once. */
static int attach_begin(int id, uint32_t bits, struct shm **attached)
{
    struct shm *s;
    int error;

    shm_lock();
    s = shm_find(id);
    error = s ? shm_may_use(s, bits) : -EINVAL;
    if (!error)
        s->nattch += 2;
    shm_unlock();
    *attached = s;
    return error;
}

static void attach_end(struct shm *s, int error)
{
    shm_lock();
    s->nattch -= error ? 2 : 1;
    if (!error) {
        s->atime = shm_now();
        s->lpid = own_pid();
    }
    s = shm_take_unused(s);
    shm_unlock();
    shm_free(s);
}

/* Maps it where the request says. */
static int attach_map(struct map_request *r, const struct shm *s, vaddr_t *where)
{
    struct as *as = proc_current()->as;
    int error;

    r->npages = pages_of(s->bytes);
    r->obj = s->obj;
    if (r->noreplace && r->base + s->bytes < r->base)
        return -EINVAL;
    if (r->fixed && r->base < FIXED_MIN)
        return -EINVAL;
    error = as_map(as, r, where);
    if (!error && as->map_fill)
        (void)!as_populate(as, *where, r->npages, POPULATE);
    return error == -EEXIST ? -EINVAL : error;
}

SYSCALL3(sys_shmat, id, addr, flags)
{
    struct map_request r;
    vaddr_t where = 0;
    struct shm *s;
    int error = attach_request(&r, addr, flags);

    if (error)
        return error;
    error = attach_begin((int)id, bits_of(flags), &s);
    if (error)
        return error;
    error = attach_map(&r, s, &where);
    attach_end(s, error);
    return error ? error : (long)where;
}

/* What shmdt looks for: pieces of one attachment, which began at addr. */
struct attached {
    vaddr_t addr, from; /* from: looks above it */
    const struct obj *obj;
    uint32_t npages; /* of all of it; 0: none found yet */
};

/* The next piece; false: no more. */
static bool piece_next(struct as *as, struct attached *a, struct range *r)
{
    const struct seg *s;
    bool found = false;

    rwlock_read(&as->lock);
    while (!found && (s = as_find_above(as, a->from))) {
        if (a->npages && page_of(seg_end(s) - a->addr) > a->npages)
            break;
        a->from = seg_end(s);
        found = s->ops == &seg_shm && s->base >= a->addr &&
                page_of(s->base - a->addr) == s->obj_page && (!a->npages || s->obj == a->obj);
        if (found) {
            *r = (struct range){s->base, s->npages};
            a->npages = pages_of((size_t)obj_size(s->obj));
            a->obj = s->obj;
        }
        preempt_point();
    }
    rwlock_read_done(&as->lock);
    return found;
}

SYSCALL1(sys_shmdt, addr)
{
    struct attached a = {.addr = addr, .from = addr};
    struct as *as = proc_current()->as;
    struct range r;
    long error = 0;

    if (addr & PAGE_MASK)
        return -EINVAL;
    while (!error && piece_next(as, &a, &r))
        error = sys_munmap(r.base, page_addr(r.npages), 0, 0); /* as_unmap stays inlined there */
    return error ? error : a.npages ? 0 : -EINVAL;
}
