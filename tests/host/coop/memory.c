/* SPDX-License-Identifier: MIT
 *
 * Snapshots: of .data and .bss of the program, where all static variables of the kernel are, and of
 * the frames that are not free. What is on the heap stays. Libraries, the sanitizers' too, have
 * their data elsewhere.
 */
#include "tests/host/coop/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kern/panic.h"
#include "mm/frame.h"

#define PAGES_MOST 512u

extern char __data_start[], _end[];

struct image {
    uint64_t *words;
    struct {
        pfn_t pfn;
        char bytes[PAGE_SIZE];
    } page[PAGES_MOST];
    unsigned npages;
};

static size_t words(void)
{
    return ((uintptr_t)_end - (uintptr_t)__data_start) / sizeof(uint64_t);
}

/* Not memcpy, which the sanitizers know: red zones lie between variables. */
static void copy_words(uint64_t *to, const uint64_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
}

static uint64_t *image_of_data(void)
{
    uint64_t *image = malloc(words() * sizeof(uint64_t));

    if (!image)
        abort();
    return image;
}

/* Where the images are is no part of them: on the heap, and known by these two from the start. */
static struct image *snapshot;
static uint64_t *first;

void coop_pristine(void)
{
    if (!first) {
        snapshot = calloc(1, sizeof(*snapshot));
        snapshot->words = image_of_data();
        first = image_of_data();
        copy_words(first, (uint64_t *)(void *)__data_start, words());
    }
    copy_words((uint64_t *)(void *)__data_start, first, words());
}

static void keep_page(pfn_t pfn)
{
    if (snapshot->npages == PAGES_MOST)
        panic("coop: a snapshot of more than %u frames", PAGES_MOST);
    snapshot->page[snapshot->npages].pfn = pfn;
    memcpy(snapshot->page[snapshot->npages++].bytes, pfn_to_virt(pfn), PAGE_SIZE);
}

void coop_snapshot(void)
{
    snapshot->npages = 0;
    for (pfn_t pfn = direct_map.first; pfn < direct_map.end; pfn++)
        (void)frame_find(pfn); /* makes its entry */
    for (pfn_t pfn = direct_map.first; pfn < direct_map.end; pfn++)
        if (frame_type(frame_of(pfn)) != FRAME_FREE)
            keep_page(pfn);
    copy_words(snapshot->words, (uint64_t *)(void *)__data_start, words());
}

void coop_restore(void)
{
    copy_words((uint64_t *)(void *)__data_start, snapshot->words, words());
    for (unsigned i = 0; i < snapshot->npages; i++)
        memcpy(pfn_to_virt(snapshot->page[i].pfn), snapshot->page[i].bytes, PAGE_SIZE);
}
