/* SPDX-License-Identifier: MIT
 *
 * The model that test_mm_model.c compares the memory core with: an array of what each page of up to
 * six address spaces should be, and what files and shared memory hold. It knows nothing of nodes,
 * frames or copy-on-write: a page is mapped or not, has protections, comes from nothing or an
 * object, and holds bytes, of which four are watched.
 */
#ifndef TESTS_MM_MODEL_H
#define TESTS_MM_MODEL_H

#include "tests/host/testing.h"

#include "mm/obj_anon.h"
#include "tests/host/cpu.h"

#define SPACES      6
#define FILES       3
#define OBJECTS     6  /* files, then two of shared anonymous memory, */
#define MEMORY_FILE 5u /* then a file that lives in memory */
#define FRAMES      12288

/* Three regions of each address space, in the order of the model's pages. The window lies across
 * two ends of nodes and covers a whole one; mappings are made in it alone. */
#define WINDOW      1200u
#define WINDOW_BASE (0x10000000u - 200 * PAGE_SIZE)
#define WINDOW_END  (WINDOW_BASE + WINDOW * PAGE_SIZE)
#define HEAP        64u
#define HEAP_BASE   (0x11000000u - 20 * PAGE_SIZE)
#define STACK       64u
#define STACK_TOP   (0x12000000u + 30 * PAGE_SIZE)
#define STACK_LIMIT 48u
#define STACK_FIRST (WINDOW + HEAP)
#define PAGES       (WINDOW + HEAP + STACK)

#define RW  (PROT_READ | PROT_WRITE)
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

#define WATCHED 4u
extern const uint16_t watched[WATCHED]; /* offsets in a page */

struct page {
    uint8_t mapped, prot, maxprot;
    uint8_t committed; /* was writable */
    uint8_t written;   /* differs from its source for good */
    uint8_t file;      /* number of the object + 1, or 0 */
    uint8_t shared;
    uint16_t flags; /* SEG_GROWS, SEG_HEAP */
    uint32_t file_page;
    uint8_t byte[WATCHED];
};

struct space {
    struct as *as; /* NULL: this one does not live */
    vaddr_t brk;
    struct page page[PAGES];
};

extern struct space spaces[SPACES];
extern struct obj *files[OBJECTS];
extern uint32_t file_pages[OBJECTS];
extern bool dirty[FILES][900]; /* stored to through a shared mapping since the last msync */
extern bool resizing;          /* objects change their size */
extern bool swapping; /* pages go to swap; with either of them nodes may stay without entries */
extern uint8_t contents[OBJECTS][900][WATCHED];

vaddr_t va_of(unsigned i);
/* The model's page of va, or PAGES. */
unsigned index_of(vaddr_t va);
/* Where the page's bytes are: its own when it was written, else its source's. */
uint8_t *bytes_of(struct page *p);
/* The same, for a program that writes to the page. */
uint8_t *written_bytes(struct page *p);
/* The page as it is when nobody wrote to it; file: number of the object + 1, or 0. */
struct page fresh_page(prot_t prot, prot_t maxprot, unsigned file, uint32_t file_page);
/* A random range of the window: mostly short, at times longer than a node. */
unsigned random_range(unsigned *npages);
bool range_free(const struct space *sp, unsigned first, unsigned npages);
/* Where a mapping without a place must go: the highest gap, which may begin below the window. */
vaddr_t highest_gap(const struct space *sp, unsigned npages);
/* mm_model_range.c: operations, each compared with what the model expects. */
void do_remap(struct space *sp);
void do_discard(struct space *sp);
void do_sync(struct space *sp);
/* mm_model_file.c: objects, and what else is done with them. */
void make_machine(void);
void make_objects(void);
void drop_objects(void);
void do_resize(void);
void do_file(void);
void do_take_back(struct space *sp);
/* mm_model_swap.c: an area of swap, and pages that go there. */
void make_swap(void);
void drop_swap(void);
const uint8_t *swapped_bytes(uint32_t slot);
void do_page_out(struct space *sp);
void do_reclaim(void);
void do_swapoff(void);
/* The object is shared anonymous memory, which nobody maps otherwise. */
static inline bool is_nameless(unsigned o)
{
    return o >= FILES && o < MEMORY_FILE;
}
/* Entries of all address spaces that name the frame. */
unsigned entries_of(pfn_t pfn);
bool beyond_end(const struct page *p);
bool allows(prot_t prot, prot_t access);
/* Fails where the address space is not what the model says; check_all: all of them, the audit, and
 * what that does not know. */
void compare(struct space *sp);
void check_all(void);

#endif
