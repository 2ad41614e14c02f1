/* SPDX-License-Identifier: MIT
 *
 * Page faults: the one function that arch/arm/trap.c calls, the order of its steps, and the
 * counters. entries = the sum of all kinds + in progress, at every moment.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "mm/as.h"

/* How a fault ended: the dearest thing it did. */
enum fault_kind {
    FAULT_SPURIOUS, /* the work was done already */
    FAULT_RECLAIM,  /* the page was there, the hardware had forgotten it */
    FAULT_UPGRADE,  /* the page was there, it got write or execute access */
    FAULT_ATTACH,   /* found in memory: the page cache */
    FAULT_TRANSIT,  /* waited for another's fault on the same page */
    FAULT_ZERO,     /* filled with zeroes, or the zero page */
    FAULT_COPY,     /* copied */
    FAULT_PAGEIN,   /* read from its file or from swap */
    FAULT_PAGER,    /* asked a pager */
    FAULT_ERROR,    /* refused */
    FAULT_KINDS
};

const char *fault_kind_name(enum fault_kind kind);

/* A driver's answer: it released as->lock to wait for something, and has taken it again: segment
 * and entry may be others by now, look again. Who released it takes it again, also to answer
 * -Exxx. The fault stays one, however often it begins anew: kind is kept, the rest is found again.
 */
#define FAULT_RETRY 1

/* One fault on its way: fault.c fills it, drivers read and add. */
struct fault {
    struct as *as;
    struct seg *seg;   /* valid while as->lock is held, as are node and pte */
    vaddr_t va;        /* page aligned */
    prot_t access;     /* one of PROT_READ, PROT_WRITE, PROT_EXEC */
    struct node *node; /* va's, if it is there and nobody shares it: then it stays so */
    pte_t pte;         /* as found */
    enum fault_kind kind;
    bool loaded; /* the hardware knows already: fault_load was called */
    bool agreed; /* the object has agreed to a write */
};

/* Tells the hardware what page table and segment say of f->va now: the last step of a fault, in
 * fault.c; a driver that holds the node's lock anyway may take it. n: f->va's node, locked. */
void fault_load(struct fault *f, struct node *n);

/* Why a fault was refused, in words, for the message. */
enum fault_error {
    FAULT_OK = 0,
    FAULT_NO_SEGMENT = 1, /* SIGSEGV, SEGV_MAPERR */
    FAULT_PROTECTION,     /* SIGSEGV, SEGV_ACCERR */
    FAULT_STACK_LIMIT,    /* SIGSEGV, SEGV_MAPERR: the stack is at its limit */
    FAULT_BEYOND_END,     /* SIGBUS: behind the end of the object */
    FAULT_IO,             /* SIGBUS: the page could not be read */
    FAULT_NO_MEMORY,      /* SIGKILL: out of memory, and this process was chosen */
};

/* Handles a fault of a thread in address space `as` at va. May sleep. The page is accessible
 * when it answers FAULT_OK, unless somebody takes it away again. */
enum fault_error fault_handle(struct as *as, vaddr_t va, prot_t access, vaddr_t pc);

/* Makes the page of va present for `access` and pins its frame; for as_peek and as_poke. -EFAULT:
 * no access, or the page has no frame: a device's. force:
 * ignores the segment's protection now, not maxprot; not so to write to what is shared. The caller
 * unpins by frame_unuse. */
int __must_check fault_pin(struct as *as, vaddr_t va, prot_t access, bool force, pfn_t *pfn);

/* entries = all kinds + in_progress, whenever it is read, without locks. in_progress: faults that
 * had begun and not ended at one moment, of no more than one for each thread; if faults begin all
 * the time while one reads, those that did as well. */
struct fault_counters {
    uint32_t entries, kind[FAULT_KINDS], in_progress;
};
struct fault_counters fault_counters(void);

/* Needed by mm, provided by proc/oom.c: no frame is left for as. Chooses a victim, kills it and
 * waits a little; true: try again, false: the caller is the victim. May sleep. */
bool oom_handle(struct as *as);
/* Provided by proc: per-thread counting for ps; the trace looks at the thread's last kind. */
void fault_account(enum fault_kind kind);

#endif
