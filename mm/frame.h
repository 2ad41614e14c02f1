/* SPDX-License-Identifier: MIT
 *
 * The core map: what each physical frame holds, who uses it, and the free list. 24 bytes a frame.
 * Entries are made when their group of frames is first needed, so that a large machine boots as
 * fast as a small one. Invariants (mm_check audits them): a frame is exactly one thing; a frame on
 * the free list has type FREE and no users; users = page-table entries that name it (an entry in a
 * shared node counts once) plus pins.
 * Locks: (f) frame lock, hashed by frame number; (l) the free-list lock inside frame.c; (k) and (h)
 * the page cache's and the page hash's inside obj.c; (w) swap's.
 * Source: 4.3BSD's core map (cmap.h).
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include "kern/lock.h"
#include "kern/panic.h"
#include "machine/direct.h"
#include "mm/units.h"

/* A kernel object's address in 32 bits, for the frame table. DIRECT_BIAS: 0 on the machine; on the
 * host, whose addresses are longer, what a kptr leaves out. */
static inline uint32_t kptr(const void *p)
{
    return p ? (uint32_t)((uintptr_t)p - DIRECT_BIAS) : 0;
}

static inline void *kptr_to(uint32_t k)
{
    return k ? (void *)((uintptr_t)k + DIRECT_BIAS) : NULL;
}

enum frame_type {
    FRAME_FREE,     /* on the free list */
    FRAME_RESERVED, /* not ours: firmware, holes, reserved-memory */
    FRAME_KERNEL,   /* image, frame table, page allocations of the kernel; owner: none */
    FRAME_SLAB,     /* owner: struct slab_cache */
    FRAME_NODE,     /* page-table node; index: first page << 12 | live entries; users: roots */
    FRAME_TABLE,    /* first level of the hardware's table; owner: struct as */
    FRAME_STACK,    /* kernel stack; owner: none */
    FRAME_ANON,     /* private page; owner: struct family, index: page of its address space */
    FRAME_OBJ,      /* page of an object; owner: struct obj, index: page in it */
    FRAME_ZERO,     /* the permanent zero page: users are not counted */
    FRAME_RAMDISK,  /* initrd bytes that are not page cache */
    FRAME_SWAP,     /* private page that has a slot of swap, where it is found; as FRAME_ANON */
    FRAME_TYPES
};

enum frame_flags {
    FRAME_BUSY = 1,       /* (f) being filled or written; its owner alone changes the frame */
    FRAME_WANTED = 2,     /* (f) somebody sleeps for BUSY */
    FRAME_DIRTY = 4,      /* (f) differs from its backing store */
    FRAME_REF = 8,        /* (f) referenced since the clock looked */
    FRAME_ISYNC = 16,     /* (f) instruction cache is coherent with the contents */
    FRAME_WIRED = 32,     /* (f) not to be dropped: what it holds is nowhere else */
    FRAME_DERIVED = 64,   /* (f) rmap: struct derive */
    FRAME_ERROR = 128,    /* (f) filling failed */
    FRAME_WRITING = 256,  /* (f) on its way out: may be read, not written or freed */
    FRAME_UNSAVED = 512,  /* (f) an object's page that its slot of swap does not hold yet */
    FRAME_ARCHIVE = 1024, /* (f) came with the machine, and never goes to swap */
};

struct frame {
    uint32_t owner;        /* (f) kptr of obj, family, slab cache or as; low 4 bits: frame_type */
    uint32_t index;        /* (f) page in owner; node: first page << 12 | live entries */
    uint32_t rmap;         /* (f) kptr of an entry: a hint that its reader checks; slab: number of
                              the cache; (n) node: groups of entries that were ever used */
    uint16_t users, flags; /* users atomic, see frame_use; flags (f) */
    uint32_t links[2];     /* next:20 prev:12 | hash:20 prev:8: free list (l), object's pages (k),
                              slabs with room (its cache's lock); next: slot of swap (w) */
};

_Static_assert(sizeof(struct frame) == 24, "a frame costs 24 bytes");

/* Users of a frame: entries may be so many, pins may add up to the last. */
#define FRAME_ENTRIES_MAX 61440
#define FRAME_USERS_MAX   65535

/* Counts, in frames. Read without a lock they are a moment's picture. */
struct frame_stats {
    uint32_t total;    /* frames of RAM that the machine has and we can use or hold */
    uint32_t free;     /* on the free list or never touched */
    uint32_t reserved; /* not ours */
    uint32_t boot;     /* image, frame table, ramdisk: used before mm_init ended */
    uint32_t cache;    /* object pages without users that can be filled again */
};

/* A range of physical memory: <first frame, count>. */
struct frame_range {
    pfn_t first;
    uint32_t count;
};

#define FRAME_RANGES_MAX 32

/* What the device tree says of memory; input of frame_init. */
struct frame_map {
    struct frame_range ram[FRAME_RANGES_MAX];
    struct frame_range reserved[FRAME_RANGES_MAX]; /* type in reserved_type */
    enum frame_type reserved_type[FRAME_RANGES_MAX];
    unsigned nram, nreserved;
};

/* Makes the frame table, which lies at `table` (frame_table_bytes() bytes, kernel-mapped, part of
 * map->reserved), for the frames of map. limit_frames: use at most so many free frames (memlimit=);
 * 0: all. Sets direct_map.first and .end, which the caller may not change any more. */
void frame_init(const struct frame_map *map, void *table, uint32_t limit_frames);
size_t frame_table_bytes(const struct frame_map *map);

/* The entry of a frame that is in use or was: its group is ready. */
static inline struct frame *frame_of(pfn_t pfn)
{
    kdebug_assert(pfn >= direct_map.first && pfn < direct_map.end);
    return (struct frame *)(direct_map.by_pfn + (uintptr_t)pfn * sizeof(struct frame));
}

/* The same of the frame that the kernel sees at p. */
static inline struct frame *frame_of_virt(const void *p)
{
    return (struct frame *)(direct_map.by_page +
                            ((uintptr_t)p >> PAGE_SHIFT) * sizeof(struct frame));
}

static inline pfn_t frame_pfn(const struct frame *f)
{
    return (pfn_t)(((uintptr_t)f - direct_map.by_pfn) / sizeof(struct frame));
}

/* The entry of any frame, made ready if need be; NULL if pfn is outside the table. */
struct frame *frame_find(pfn_t pfn);
#define FRAME_GROUP 256u /* entries that are made together, from direct_map.first on */

/* pfn, or where its entry was never made the next one whose was, or the end of the table. */
pfn_t frame_skip_untouched(pfn_t pfn);
/* For the debugger: as frame_find, without the lock; NULL also where the entry was never made. */
struct frame *frame_peek(pfn_t pfn);
/* True if the entry's group was never touched and all of its frames, of which *count are not below
 * pfn, are of one type: free, or reserved (by memlimit=). */
bool frame_group_untouched(pfn_t pfn, uint32_t *count, enum frame_type *type);

enum frame_alloc_flags {
    FRAME_FOR_USER = 0,   /* leaves the kernel's reserve alone */
    FRAME_FOR_KERNEL = 1, /* may use the reserve */
    FRAME_CLEAR = 2,      /* filled with zeroes */
};

/* Allocates one frame with users = 0 and the given type, owner and index. NO_PFN if there is none
 * (object pages without users are taken back first). Does not sleep. */
pfn_t frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
/* A private page of the family (borrowed), page index of its spaces: one user, dirty, not cleared.
 */
pfn_t frame_alloc_private(const void *family, uint32_t index);
/* As frame_alloc for count frames in a row, the first a multiple of align frames (a power of two);
 * each of type FRAME_KERNEL. For hardware; O(frames). */
pfn_t frame_alloc_contiguous(uint32_t count, uint32_t align);
/* Gives frames back; users must be 0 and no entry may name them. */
void frame_free(pfn_t pfn);
void frame_free_contiguous(pfn_t first, uint32_t count);

/* What the frame is, in one word; see frame_set. */
static inline void frame_mark(struct frame *f, uint32_t owner)
{
    __atomic_store_n(&f->owner, owner, __ATOMIC_RELAXED);
}

static inline enum frame_type frame_type(const struct frame *f)
{
    return (enum frame_type)(__atomic_load_n(&f->owner, __ATOMIC_RELAXED) & 15);
}

/* The same; what was written before the frame became this is seen. */
static inline enum frame_type frame_type_acquire(const struct frame *f)
{
    return (enum frame_type)(__atomic_load_n(&f->owner, __ATOMIC_ACQUIRE) & 15);
}

/* A page that can be filled again, from its object or from swap: cache as long as it has no user.
 * With users alone a page becomes dirty, or clean but for page-out, which counts it. */
static inline bool frame_is_cache(const struct frame *f)
{
    return (frame_type(f) == FRAME_OBJ || frame_type(f) == FRAME_SWAP) &&
           !(f->flags & (FRAME_WIRED | FRAME_DIRTY | FRAME_UNSAVED));
}

static inline void *frame_owner(const struct frame *f)
{
    return kptr_to(__atomic_load_n(&f->owner, __ATOMIC_RELAXED) & ~15u);
}

/* Changes what the frame is. Caller holds the frame lock or is alone with the frame; the clock of
 * the page cache may look at its type all the same. */
static inline void frame_set(struct frame *f, enum frame_type type, const void *owner,
                             uint32_t index)
{
    __atomic_store_n(&f->owner, kptr(owner) | (uint32_t)type, __ATOMIC_RELAXED);
    __atomic_store_n(&f->index, index, __ATOMIC_RELAXED);
}

/* (f) held. */
static inline void frame_set_flags(struct frame *f, uint16_t clear, uint16_t set)
{
    __atomic_store_n(&f->flags, (uint16_t)((f->flags & ~clear) | set), __ATOMIC_RELAXED);
}

/* The way back: a hint, so that it needs no lock. */
static inline void frame_set_rmap(struct frame *f, uint32_t pte)
{
    __atomic_store_n(&f->rmap, pte, __ATOMIC_RELAXED);
}

/* The frame lock of pfn (hashed: a lock covers many frames; never take two). */
#define FRAME_LOCKS 64
extern struct spin frame_locks[FRAME_LOCKS];

static inline void frame_lock(pfn_t pfn)
{
    spin_lock(&frame_locks[pfn % FRAME_LOCKS]);
}

static inline void frame_unlock(pfn_t pfn)
{
    spin_unlock(&frame_locks[pfn % FRAME_LOCKS]);
}

/* Users are counted atomically; only the steps of an object's page from none to one and from one to
 * none are taken under the frame lock, so that who holds it knows whether there is any. */

/* One user more; -EAGAIN at the limit, where the caller must copy or refuse. The zero page is not
 * counted. pte: kptr of the entry, for the way back; 0 for a pin. */
int __must_check frame_use(pfn_t pfn, uint32_t pte);
/* The same for an entry where it takes no lock: false, where frame_use must be asked. rmap stays.
 */
static inline bool frame_use_quickly(struct frame *f)
{
    bool wired = __atomic_load_n(&f->flags, __ATOMIC_RELAXED) & FRAME_WIRED;
    uint16_t users = __atomic_load_n(&f->users, __ATOMIC_RELAXED);

    while (users < FRAME_ENTRIES_MAX && (users || wired))
        if (__atomic_compare_exchange_n(&f->users, &users, (uint16_t)(users + 1), true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return true;
    return false;
}
/* How many users a frame has at this moment. */
static inline unsigned frame_count(const struct frame *f)
{
    return __atomic_load_n(&f->users, __ATOMIC_RELAXED);
}

static inline unsigned frame_users(pfn_t pfn)
{
    return frame_count(frame_of(pfn));
}

/* The caller is alone with the frame. */
static inline void frame_set_users(struct frame *f, unsigned users)
{
    __atomic_store_n(&f->users, (uint16_t)users, __ATOMIC_RELAXED);
}

/* One user less; returns the number left. A private page without users is freed here; an object's
 * page stays in memory as cache. What the user did with the page is over before. */
unsigned frame_unuse(pfn_t pfn);

/* Link fields: 20-bit frame numbers, NO_PFN for none. Who follows a hash chain may do so while
 * prev, in the same word, changes. */
static inline pfn_t frame_next(const struct frame *f)
{
    return f->links[0] & 0xfffff;
}

static inline void frame_set_next(struct frame *f, pfn_t pfn)
{
    f->links[0] = (f->links[0] & ~0xfffffu) | pfn;
}

static inline pfn_t frame_prev(const struct frame *f)
{
    return f->links[0] >> 20 | (f->links[1] >> 20 & 0xff) << 12;
}

static inline void frame_set_prev(struct frame *f, pfn_t pfn)
{
    f->links[0] = (f->links[0] & 0xfffff) | pfn << 20;
    __atomic_store_n(&f->links[1], (f->links[1] & 0xfffff) | pfn >> 12 << 20, __ATOMIC_RELAXED);
}

/* FRAME_SWAP: its slot. */
static inline uint32_t frame_slot(const struct frame *f)
{
    return frame_next(f);
}

/* Its reader may share the word with who changes prev: another list. */
static inline pfn_t frame_hash_next(const struct frame *f)
{
    return __atomic_load_n(&f->links[1], __ATOMIC_RELAXED) & 0xfffff;
}

static inline void frame_set_hash_next(struct frame *f, pfn_t pfn)
{
    __atomic_store_n(&f->links[1], (f->links[1] & ~0xfffffu) | pfn, __ATOMIC_RELAXED);
}

struct frame_stats frame_stats(void);
/* At least n frames are free or cache; quick and without a lock where there is plenty. */
bool frame_at_least(uint32_t n);
/* stats.total, which does not change. */
uint32_t frame_total(void);
const char *frame_type_name(enum frame_type type);
/* Whether frame_alloc and frame_free get records of TRACE_ALLOC and TRACE_FREE. */
void frame_set_trace(bool on);
/* The permanent page of zeroes. */
pfn_t frame_zero_page(void);
/* Number of frames in the chain of the free list (walks it), in the CPUs' stores, and never
 * touched; for mm_check. -EINVAL if one of them is damaged. */
int64_t frame_count_free(void);
/* An object's page got its first user or lost its last: keeps stats.cache right. */
void frame_cache_count(int delta);
/* stats.cache alone. */
uint32_t frame_cached(void);
/* Called by frame_alloc when nothing is free: gives back up to n frames of cache, returns how
 * many. Set by mm/obj.c. */
void frame_set_reclaim(uint32_t (*reclaim)(uint32_t n));

/* Calls `tell` when an allocation finds fewer than `least` frames on the free list, from then on;
 * true: there is hope of more soon. */
void frame_set_short(uint32_t least, bool (*tell)(void));
/* Frames that only the kernel may take. */
uint32_t frame_reserve(void);

/* Who keeps things ready for the next that needs one: gives all of it back when memory is short and
 * by mm_drain. At most four; takes spinning locks that no allocation is made under. */
void frame_add_drain(void (*drain)(void));
/* Everything that is kept ready anywhere goes back to where it is free for all. */
void mm_drain(void);

#endif
