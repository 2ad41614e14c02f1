/* SPDX-License-Identifier: MIT
 *
 * Bugs on purpose, to test what should find bugs: in builds with CONFIG_BUGS the boot argument
 * bug=NAME chooses one of BUGS. Each is one BUG(NAME) at the place where a true kernel does what
 * the hardware needs, or gives a lock back. In other builds BUG is 0 and costs nothing.
 */
#ifndef KERN_BUGS_H
#define KERN_BUGS_H

#include "lib/base.h"

#define BUGS(X)                                                                                    \
    X(tlb_unmap)         /* no TLB invalidation after an unmap */                                  \
    X(tlb_protect)       /* nor after less protection */                                           \
    X(tlb_other_cpu)     /* invalidated on the own core alone */                                   \
    X(tlb_wrong_asid)    /* for another ASID */                                                    \
    X(tlb_walk)          /* when a node takes another's place */                                   \
    X(tlb_kernel)        /* when a kernel stack goes */                                            \
    X(asid_reuse)        /* ASIDs given again, TLBs not flushed */                                 \
    X(icache_write)      /* the flag that the I-cache is coherent survives a write */              \
    X(icache_copy)       /* and is set for the copy that a write made */                           \
    X(icache_local)      /* other cores' instruction caches not invalidated */                     \
    X(make_before_break) /* a valid descriptor replaced by another frame's */                      \
    X(use_before_dsb)    /* no barrier between a store to a table and its use */                   \
    X(tlbi_before_dsb)   /* nor between it and the invalidation */                                 \
    X(tlbi_without_dsb)  /* nor behind the invalidation */                                         \
    X(switch_order)      /* ASID changed while the former table is shown */                        \
    X(user_pointer)      /* the kernel dereferences a program's pointer */                         \
    X(lock_kept)         /* a read of a file returns with the file's lock */

#define BUG_ENUM(name) BUG_##name,
enum bug { BUG_none, BUGS(BUG_ENUM) BUG_COUNT };
#undef BUG_ENUM

extern uint8_t bug_chosen;

/* At boot: the kernel line is known. */
void bugs_boot(void);

#define BUG(name) (IS_ENABLED(CONFIG_BUGS) && unlikely(bug_chosen == BUG_##name))

#endif
