/* SPDX-License-Identifier: MIT
 *
 * Private to the calls of System V's shared memory: the table, which sysv_shm.c has.
 * Locks: (t) shm_lock, which sleeps, below as->lock; no user memory is touched with it; (c)
 * constant once in the table.
 */
#ifndef PROC_SYSV_IMPL_H
#define PROC_SYSV_IMPL_H

#include "mm/obj.h"

#define SHMMNI     128u
#define SHMMAX     0xfeffffffu
#define INDEX_BITS 15 /* of an id; above them is how often indices began anew */

#define IPC_PRIVATE 0
#define IPC_MODES   0777u
#define SHM_DEST    01000u /* of the mode: goes with the last who has it attached */
#define SHM_LOCKED  02000u

struct shm {
    int key;                      /* (t) IPC_PRIVATE: nobody finds it by one */
    int first_key;                /* (c) */
    int id;                       /* (c) */
    size_t bytes;                 /* (c) as asked for */
    struct obj *obj;              /* (c) a reference */
    uint32_t mode, uid, gid;      /* (t) mode: with SHM_DEST, SHM_LOCKED */
    uint32_t cuid, cgid;          /* (c) who made it */
    uint64_t atime, dtime, ctime; /* (t) s since 1970; 0: never */
    int cpid, lpid;               /* (c), (t) */
    uint32_t nattch;              /* (t) segments, and calls of shmat on their way */
};

void shm_lock(void); /* (t); may sleep */
void shm_unlock(void);
/* Of an id that exists, or NULL; of an index, that of an id or smaller than SHMMNI. (t). */
struct shm *shm_find(int id);
struct shm *shm_at(uint32_t index);
/* Takes s out of the table if it is to go and nobody has it: then it is shm_free's, else NULL. (t).
 */
struct shm *shm_take_unused(struct shm *s);
/* NULL is fine. May sleep; (t) not held. */
void shm_free(struct shm *s);
/* How many there are, and their pages. (t). */
void shm_totals(uint32_t *used, uint32_t *npages);
/* The caller may use s so, with the bits of a mode (any class's): -EACCES. (t). */
int shm_may_use(const struct shm *s, uint32_t bits) __must_check;
/* It is the caller's, by its owner or who made it. (t). */
bool shm_is_mine(const struct shm *s);
/* Seconds since 1970. */
uint64_t shm_now(void);

static inline uint32_t shm_index(int id)
{
    return (uint32_t)id & ((1u << INDEX_BITS) - 1);
}

/* Pages in memory. */
static inline uint32_t shm_resident(const struct shm *s)
{
    return __atomic_load_n(&s->obj->npages, __ATOMIC_RELAXED);
}

#endif
