/* SPDX-License-Identifier: MIT
 *
 * The memory core's surroundings on the host, and the hardware that its programs run on. One
 * machine at a time; at most 64 address spaces.
 */
#ifndef TESTS_FAKE_HAT_H
#define TESTS_FAKE_HAT_H

#include "mm/as.h"
#include "mm/check.h"
#include "mm/frame.h"
#include "mm/obj.h"

/* A machine with so many frames of RAM, full of garbage; the one before is gone. */
void fake_machine(uint32_t nframes);
/* mm_check with its findings on stderr. */
int fake_check(void);
/* Frames neither free nor droppable cache, after mm_drain. */
uint32_t fake_in_use(void);

/* A file of so many pages with one reference, the caller's, and each byte of it. */
struct obj *fake_file(unsigned number, uint32_t npages);
/* What was written to the file from page `first` on is forgotten. */
void fake_file_cut(struct obj *o, uint32_t first);
uint8_t fake_file_byte(unsigned number, uint32_t page, unsigned offset);

/* A device: pages of memory without frames, whose bytes stay. */
#define FAKE_DEVICE_PFN   0x9000u
#define FAKE_DEVICE_PAGES 16u
uint8_t *fake_device(pfn_t pfn);

/* One access of a program at va by what TLB and tables permit; false: it faults. */
bool fake_access(struct as *as, vaddr_t va, prot_t access, uint8_t *byte);

/* The frame that the access would reach now, or NO_PFN. */
pfn_t fake_translate(struct as *as, vaddr_t va, prot_t access);

/* Provided by who wants to come between: called before something that the MMU can see changes - a
 * page's entries (by its number), all of a node (by its first page), all of an address space - and
 * before a program's access. */
enum fake_mmu { FAKE_MMU_PAGE, FAKE_MMU_NODE, FAKE_MMU_SPACE };
void fake_mmu_changes(enum fake_mmu what, uint32_t which);
void fake_mmu_access(struct as *as, vaddr_t va, prot_t access);
/* And before a page is copied, or (from: NULL) cleared. */
void fake_page_changes(void *page, const void *from);

extern bool fake_walks_free;   /* the MMU looks without locks: the threads are coroutines */
extern int fake_fill_us;       /* how long it takes to read a page of a file; < 0: -EIO */
extern int fake_dawdle;        /* other threads come between where it hurts */
extern int fake_chaos;         /* forgets translations at random */
extern int fake_oom_gives_up;  /* 1: the process short of memory dies; 0: it tries again for ever */
extern unsigned fake_writes;   /* pages that were written to files */
extern bool fake_interrupted;  /* whoever asks is to stop */
extern uint32_t fake_ramdisk;  /* frames at the end of RAM, from the next fake_machine on */
extern int fake_strict_commit; /* overcommit_memory=2, from the next fake_machine on */

#endif
