/* SPDX-License-Identifier: MIT
 *
 * A small area of swap for coop.h, whose bytes are put back with everything else, and page-out of
 * single pages. A transfer takes each page in two steps.
 */
#ifndef TESTS_COOP_SWAP_H
#define TESTS_COOP_SWAP_H

#include "mm/as.h"

void coop_swap_add(void);
/* Nothing may be in it. Panics if something is. */
void coop_swap_remove(void);
/* The page that as has at va goes, used or not, and is written. One thread of a case alone. */
void coop_page_out(struct as *as, vaddr_t va);
/* All that it has goes, and nodes of its page table. One thread of a case alone. */
void coop_space_out(struct as *as);
/* What is cache goes. */
void coop_reclaim(void);

#endif
