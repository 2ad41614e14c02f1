/* SPDX-License-Identifier: MIT
 *
 * The hardware address translation layer: what the MMU has been told. Only a cache of page table
 * and segments: the implementation may forget any translation at any moment, and it comes back by
 * a fault. Needed by mm/, implemented by arch/arm/hat.c, on the host by tests/host/fake_hat.c.
 * All functions that take a node are called with its lock held; none sleeps.
 * Source: the HAT layer of SunOS (Gingell, Moran, Shannon 1987).
 */
#ifndef MM_HAT_H
#define MM_HAT_H

#include "mm/pt.h"
#include "mm/units.h"

struct as;

/* One per address space, embedded in struct as; the implementation's own. */
struct hat {
    void *table;   /* first level */
    uint32_t base; /* what the base register is told of it */
    uint32_t asid; /* generation and number */
    uint32_t cpus; /* CPUs that may hold translations of it; atomic */
};

/* An empty first level. -ENOMEM. */
int __must_check hat_init(struct hat *h, const struct as *owner);
/* Frees the first level; runs nowhere any more. */
void hat_destroy(struct hat *h);
/* Makes h the address space of this CPU; NULL: no user space at all. Interrupts may be on. */
void hat_switch(struct hat *h);
/* True if h is this CPU's address space now. */
bool hat_is_current(const struct hat *h);

/* The first level's slot now leads to this node; NULL: to nothing. Translations through the slot's
 * former node are invalidated, unless both give the same for every page (an unshared copy). */
void hat_attach(struct hat *h, unsigned slot, struct node *n);
void hat_detach(struct hat *h, unsigned slot);
void hat_replace(struct hat *h, unsigned slot, struct node *copy);

/* With prot of hat_load: the page is a device's: never cached, in order, not to be executed. */
#define HAT_DEVICE 8u

/* Enters a translation into a node: page va -> pfn with the access that prot gives; prot must not
 * be more than page table and segment permit. Replaces what was there and invalidates it if it
 * was valid. */
void hat_load(struct hat *h, struct node *n, vaddr_t va, pfn_t pfn, prot_t prot);
/* The same where nothing is entered: nothing to invalidate. */
void hat_enter(struct node *n, vaddr_t va, pfn_t pfn, prot_t prot);
/* What is entered: PROT_* (0: nothing valid), the frame into *pfn. For fault.c, checks, listings.
 */
prot_t hat_probe(const struct node *n, unsigned index, pfn_t *pfn);
/* A valid translation is of a device. For checks. */
bool hat_is_device(const struct node *n, unsigned index);
/* Takes count translations from va on (within one node) away and invalidates them everywhere. */
void hat_unload(struct hat *h, struct node *n, vaddr_t va, unsigned count);
/* The same for one page of a node that is h's alone and gets another entry at once. */
void hat_unload_own(struct hat *h, struct node *n, vaddr_t va);
/* Takes the translation of one page away for whoever has the node, which the caller need not know.
 */
void hat_forget(struct node *n, vaddr_t va);
/* As hat_unload, but leaves read (and execute) access. */
void hat_readonly(struct hat *h, struct node *n, vaddr_t va, unsigned count);
/* hat_readonly of all of a node without the invalidation: hat_flush follows. True if any was
 * writable. */
bool hat_node_readonly(struct node *n);
/* Invalidates every translation of h. */
void hat_flush(struct hat *h);
/* A new node's hardware part: nothing valid. The copy's: the original's. */
void hat_node_init(struct node *n);
void hat_node_copy(struct node *to, const struct node *from);

/* Makes instruction fetches see what was written to the frame. */
void hat_sync_icache(pfn_t pfn);

/* With CONFIG_LINT only: the kernel wrote to the frame at its own address; the frame, still of its
 * former type, goes back to those that are free. */
void hat_frame_written(pfn_t pfn);
void hat_frame_freed(pfn_t pfn);

/* hat=chaos: faults are to ask hat_chaos. */
bool hat_is_chaotic(void);
/* Then called at each fault before it is handled; throws translations of the address space
 * away at random. True: leave this fault alone too, it will come again. Of eight faults in a row at
 * one pc it lets five alone, so that an instruction which needs several pages gets through. May
 * sleep. */
bool hat_chaos(struct as *as, vaddr_t pc);

#endif
