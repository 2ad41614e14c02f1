/* SPDX-License-Identifier: MIT
 *
 * Private to mm: the records of the swap map. All with (w) held unless it says otherwise.
 */
#ifndef MM_SWAP_IMPL_H
#define MM_SWAP_IMPL_H

#include "mm/pt.h"
#include "mm/swap.h"

/* 16 bytes for each page of swap. */
struct slot {
    uint32_t owner; /* kptr of family or object | FRAME_ANON or FRAME_OBJ; 0: free */
    uint32_t index; /* page in owner */
    uint32_t page;  /* pfn:20 | unused:8 | enum slot_flags:4 */
    uint32_t
        chain; /* next:20 | count:12; next: an object's in its hash, else an entry's that is out */
};

enum slot_flags {
    SLOT_READING = 1, /* its frame is being filled, and BUSY */
    SLOT_WRITING = 2, /* its frame is being written, and marked so */
    SLOT_BAD = 4,     /* never given */
};

#define SLOT_FLAGS     15u
#define SLOT_COUNT_MAX 4095u

void swap_lock(void);
void swap_unlock(void);
/* (w) is not needed: an area that has slots in use stays. */
struct slot *swap_record(uint32_t slot);

static inline pfn_t slot_pfn(const struct slot *s)
{
    return s->page >> 12;
}

static inline void slot_set_page(struct slot *s, pfn_t pfn, uint32_t flags)
{
    s->page = pfn << 12 | flags;
}

static inline uint32_t slot_flags(const struct slot *s)
{
    return s->page & SLOT_FLAGS;
}

static inline uint32_t slot_count(const struct slot *s)
{
    return s->chain & 0xfff;
}

/* As swap_area and swap_slot, without (w): for the debugger. */
bool swap_peek_area(unsigned i, struct swap_area_info *info);
bool swap_peek_slot(uint32_t slot, struct swap_slot_info *info);

/* A slot for page `index` of owner | type, which lies in frame pfn; the next one to that of the
 * page before, if it can be. Its count is 0. NO_SLOT: swap is full. */
uint32_t swap_alloc(uint32_t owner, uint32_t index, pfn_t pfn);
/* How many slots are free to be taken. Without (w). */
uint32_t swap_room(void);
/* Entries that name the slot become more; -EAGAIN: too many. */
int __must_check swap_use(uint32_t slot);
/* One entry less. */
void swap_unuse(uint32_t slot);
/* Frees the slot if nobody has a use of it. */
void swap_try_free(uint32_t slot);

/* The frame, of type FRAME_SWAP, may have lost its last user: if no entry names its slot, both are
 * freed. Without (w). */
void swap_unused(pfn_t pfn);
/* The caller's entry is the frame's only user and nothing names its slot: the page is private
 * again, dirty, and the slot free. False: it is not so. Without (w); node lock held. */
bool swap_own(pfn_t pfn);
/* No entry names the slot: it is free, and its frame is private memory of who has it, or free.
 * False: somebody works on it. Without (w). */
bool swap_disown(uint32_t slot);
/* The frame is clean cache: drops it out of its slot, for the caller to free. Without (w). */
bool swap_try_drop(pfn_t pfn);
/* The slot, which one entry names, holds this page of its space from now on. Without (w); node lock
 * held. */
void swap_rename(uint32_t slot, uint32_t index);
/* One entry alone names the slot, and no user has its frame. Without (w). */
bool swap_is_single(uint32_t slot);

/* Nodes that are out, for pt.c; all without (w) and with pt_lock held, but for the last.
 * swap_out_node: the entries of node n, whose lock is held, become a part of as->out; false: they
 * are not all swapped. swap_first_out: where the first entry that is out belongs. swap_in_node: the
 * entries that belong to n, which nobody else knows, are its again. swap_drop_out: nothing is out
 * any more, nor swapped; passes preemption points. */
bool swap_out_node(struct as *as, struct node *n);
vaddr_t swap_first_out(const struct as *as);
void swap_in_node(struct as *as, struct node *n);
void swap_drop_out(struct as *as);
/* The same for count pages from va on, of one node; does not sleep, with pt_lock held. */
void swap_drop_out_of(struct as *as, vaddr_t va, unsigned count);
/* The entry that is out behind this one, or NO_SLOT. For the audit. */
uint32_t swap_next_out(uint32_t slot);

/* Copies what the slot holds, which an entry of the caller's names, into a frame. Without (w); may
 * sleep. -EIO. */
int swap_copy(uint32_t slot, pfn_t to);

/* Brings back what the slots hold, for swap_remove. -ENOMEM, -EIO, -EINTR. */
int swap_bring_back(uint32_t first, uint32_t n);

/* Transfers between frames and slots in a row, all of one area; count it. Without (w); sleep. 0 or
 * -EIO. */
int swap_read(uint32_t slot, unsigned n, const pfn_t *pfns);
int swap_write(uint32_t slot, unsigned n, const pfn_t *pfns);
/* Both are slots of one area. */
bool swap_same_area(uint32_t a, uint32_t b);
void swap_count_found(void);

#endif
