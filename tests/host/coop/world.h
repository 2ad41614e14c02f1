/* SPDX-License-Identifier: MIT
 *
 * Two address spaces and one file that both map, shared and private, and what threads do with them:
 * small programs of words such as "sAs0 fA lCp0", see world_run. Each leaves its events in a
 * history (law.h).
 */
#ifndef TESTS_COOP_WORLD_H
#define TESTS_COOP_WORLD_H

#include "lib/base.h"

/* How a case begins. */
struct world_start {
    bool disk;      /* the file's pages come from somewhere and go there; else tmpfs */
    unsigned pages; /* of the file and its mappings */
    bool kin;       /* B is a child of A, and they share nodes */
    bool hole;      /* nothing was ever written to the file */
    bool warm;      /* every mapping was touched before, and shared ones stored to */
    bool swap;      /* there is swap, and private mappings were stored to */
    bool away;      /* and all of it is there */
};

/* Makes the machine; nothing that was static before is left. */
void world_make(const struct world_start *start);
/* One thread's program, words apart by blanks:
 *   l or s, space A B C, s(hared) or p(rivate), page: load, store; + behind: the second byte
 *   f A: fork, the child is C; c A: with copies ahead; F A: its translations are forgotten
 *   u A s, or u A s 0: munmap of the mapping, or of a page of it
 *   t 0 .. t 3: truncate to so many pages; t 1h: one and a half
 *   w 0, r 0: write or read a byte of the page by a call; m A: msync of the shared mapping
 *   o A p 0: the page goes to swap, or home; O A: all of A goes, with its nodes; d: what is cache
 * is dropped U 0: all translations of the page's frame are taken back, while threads stand still */
void world_run(unsigned thread, const char *program);
/* After the threads: everything is looked at, the kernel's audit and the laws hold, and when all is
 * gone every frame is back. Panics if not. */
void world_check(void);

#endif
