/* SPDX-License-Identifier: MIT
 *
 * The area, and what else page-out and its policies ask for.
 */
#include "tests/host/fake_swap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/uapi/errno.h"
#include "kern/bootargs.h"
#include "kern/random.h"
#include "mm/as.h"
#include "mm/page.h"
#include "mm/pageout_impl.h"

const char *fake_policy;

bool bootargs_get(const char *key, char *buf, size_t size)
{
    bool there = fake_policy && strcmp(key, "vmpolicy") == 0;

    if (there)
        snprintf(buf, size, "%s", fake_policy);
    return there;
}

/* fs has its own. */
__attribute__((weak)) uint32_t random_u32(void)
{
    static uint32_t state;
    uint32_t x = state += 0x9e3779b9u;

    x = (x ^ x >> 16) * 0x7feb352du;
    return x ^ x >> 15;
}

static void move_page(const struct fake_swap *s, bool write, uint32_t page, pfn_t pfn)
{
    uint8_t *disk = s->bytes + (size_t)page * PAGE_SIZE;

    if (write)
        page_copy(disk, pfn_to_virt(pfn));
    else
        page_copy(pfn_to_virt(pfn), disk);
}

static void call_meanwhile(struct fake_swap *s, bool write, uint32_t page, unsigned n)
{
    void (*meanwhile)(struct fake_swap *, bool, uint32_t, unsigned) = s->meanwhile;

    s->meanwhile = NULL;
    if (meanwhile)
        meanwhile(s, write, page, n);
}

static bool counts_down(unsigned *left)
{
    if (!*left)
        return false;
    --*left;
    return true;
}

static int transfer(struct fake_swap *s, bool write, uint32_t page, unsigned n, const pfn_t *pfns)
{
    static uint8_t before[SWAP_RUN][PAGE_SIZE];
    bool fails = counts_down(write ? &s->write_fails : &s->read_fails) ||
                 (s->bad_page && s->bad_page - page < n);

    if (n == 0 || n > SWAP_RUN || page == 0 || page + n > s->pages)
        panic("a transfer of %u pages from %u on", n, page);
    *(write ? &s->writes : &s->reads) += 1;
    *(write ? &s->out : &s->in) += fails ? 0 : n;
    s->last_page = page;
    s->last_n = n;
    for (unsigned i = 0; i < n; i++)
        memcpy(before[i], pfn_to_virt(pfns[i]), PAGE_SIZE);
    for (unsigned i = n; i-- > 0;)
        if (i % 2)
            move_page(s, write, page + i, pfns[i]);
    call_meanwhile(s, write, page, n);
    for (unsigned i = 0; write && i < n; i++)
        if (memcmp(before[i], pfn_to_virt(pfns[i]), PAGE_SIZE) != 0)
            panic("a page changes on its way out");
    for (unsigned i = n; i-- > 0;)
        if (i % 2 == 0 && !fails)
            move_page(s, write, page + i, pfns[i]);
    return fails ? -EIO : 0;
}

static int fake_read(void *dev, uint32_t page, unsigned n, const pfn_t *pfns)
{
    return transfer(dev, false, page, n, pfns);
}

static int fake_write(void *dev, uint32_t page, unsigned n, const pfn_t *pfns)
{
    return transfer(dev, true, page, n, pfns);
}

static void fake_close(void *dev)
{
    struct fake_swap *s = dev;

    free(s->bytes);
    s->bytes = NULL;
    s->closed++;
}

static const struct swap_ops fake_swap_ops = {
    .read = fake_read, .write = fake_write, .close = fake_close};

static int add(struct fake_swap *s, const struct swap_request *r)
{
    int error;

    *s = (struct fake_swap){.name = r->name, .pages = r->pages};
    error = swap_add(r);
    if (error)
        return error;
    s->bytes = malloc((size_t)r->pages * PAGE_SIZE);
    memset(s->bytes, 0xd5, (size_t)r->pages * PAGE_SIZE);
    return 0;
}

int fake_swap_add(struct fake_swap *s, const char *name, uint32_t pages, int prio)
{
    struct swap_request r = {
        .name = name, .ops = &fake_swap_ops, .dev = s, .pages = pages, .prio = prio};

    return add(s, &r);
}

int fake_swap_add_bad(struct fake_swap *s, const char *name, uint32_t pages, const uint32_t *bad,
                      uint32_t nbad)
{
    struct swap_request r = {.name = name,
                             .ops = &fake_swap_ops,
                             .dev = s,
                             .pages = pages,
                             .prio = -1,
                             .bad = bad,
                             .nbad = nbad};

    return add(s, &r);
}

int fake_swap_remove(struct fake_swap *s)
{
    return swap_remove(s->name);
}

unsigned fake_page_evict(struct as *as, vaddr_t va)
{
    pte_t e = pt_get(as, va);
    pfn_t pfn = pte_in_core(e) ? pte_pfn(e) : NO_PFN;

    if (!pfn || page_look(pfn, true) == PAGE_NOT)
        return 0;
    return page_evict(pfn);
}

unsigned fake_page_out(struct as *as, vaddr_t va)
{
    unsigned n = fake_page_evict(as, va);

    launder_flush();
    return n;
}
