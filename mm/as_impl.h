/* SPDX-License-Identifier: MIT
 *
 * Private to mm: the tree of segments and the pieces that as.c, as_map.c and as_fork.c share.
 * as->lock is held for writing in all of them.
 */
#ifndef MM_AS_IMPL_H
#define MM_AS_IMPL_H

#include "mm/as.h"
#include "mm/obj.h"

/* Segments of an address space at most, as Linux has by default. */
#define SEGS_MAX 65530u

struct seg *seg_alloc(void);
void seg_free(struct seg *s);
/* All but the links, which are of their lists: obj->segs has a lock of its own. */
void seg_copy(struct seg *to, const struct seg *from);

/* Held while base, npages or obj_page of a segment of an object change, so that who walks the
 * object's segments sees it as it is. */
static inline void seg_lock(const struct seg *s)
{
    if (s->obj)
        spin_lock(&s->obj->segs.of[s->as->part].lock);
}

static inline void seg_unlock(const struct seg *s)
{
    if (s->obj)
        spin_unlock(&s->obj->segs.of[s->as->part].lock);
}

/* Next and previous in order of address, or NULL. */
struct seg *seg_next(const struct seg *s);
struct seg *seg_prev(const struct seg *s);

/* The highest segment, or NULL. */
struct seg *as_last(const struct as *as);

/* A place for a segment, and the segments on both sides of it, or NULL. */
struct place {
    vaddr_t base;
    struct seg *prev, *next;
};

/* The highest gap of npages (of 2^20 at most) below mmap_top; false: there is none. O(log n). */
bool as_find_gap(struct as *as, uint32_t npages, struct place *p);

/* Enters s between its neighbours (NULL: none): there must be room. Links it to its object. */
void as_insert(struct as *as, struct seg *prev, struct seg *s, struct seg *next);
/* Takes s, which next follows, out of tree and object; references are still s's. */
void as_remove(struct as *as, struct seg *s, struct seg *next);
/* The hole below `above` (NULL: there is no segment) has become larger by so many pages. */
void as_hole_changed(struct as *as, struct seg *above, int32_t by);
/* Cuts s at va; `upper` is a fresh segment that becomes the part from va on. */
void as_split(struct as *as, struct seg *s, vaddr_t va, struct seg *upper);
/* Merges s with the neighbours that continue it; returns the segment that holds its pages. */
struct seg *as_merge(struct as *as, struct seg *s);
/* Promises npages more (or, negative, fewer). -ENOMEM by the rule of overcommit_memory=. */
int as_commit(struct as *as, int32_t npages);
/* Promises a copy what its original was promised request by request: together that may be more than
 * there can be. -ENOMEM with overcommit_memory=2 only. */
int as_commit_again(struct as *as, uint32_t npages);
/* A new address space with one user in the family, in that part of all sets; NULL: no memory. */
struct as *as_create_in(struct family *f, uint8_t part);
void as_family_join(struct as *as, struct family *f);

/* mm/as_limit.c: so many pages more are allowed, of which `data` are private, writable and no
 * stack, when what is in the range `gone` (NULL: nothing) is not there any more. -ENOMEM. Asked
 * only if as->limited. */
int __must_check as_limit_check(const struct as *as, uint32_t pages, uint32_t data,
                                const struct range *gone);

/* mm/as_map.c: as_unmap with the lock held. */
int as_unmap_locked(struct as *as, vaddr_t base, uint32_t npages);

#endif
