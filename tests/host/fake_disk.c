/* SPDX-License-Identifier: MIT
 *
 * Files on a slow disk, which is a formula until a page is written.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "tests/host/fake_hat.h"

int fake_fill_us;
unsigned fake_writes;

uint8_t fake_file_byte(unsigned number, uint32_t page, unsigned offset)
{
    return (uint8_t)((number + 1) * 0x9e3779b1u + page * 0x85ebca6bu + offset * 37u);
}

#define STORED_FILES 4u
#define STORED_PAGES 1024u

/* Where the page of a file is when it was written, or NULL there; NULL: it never can be. */
static void **stored_page(const struct obj *o, uint32_t page)
{
    static void *stored[STORED_FILES][STORED_PAGES];
    unsigned number = (unsigned)(uintptr_t)o->data;

    return number < STORED_FILES && page < STORED_PAGES ? &stored[number][page] : NULL;
}

static int fill_file(struct obj *o, uint32_t page, void *bytes)
{
    if (fake_fill_us < 0)
        return -EIO;
    if (fake_fill_us)
        usleep((unsigned)fake_fill_us);
    if (stored_page(o, page) && *stored_page(o, page)) {
        memcpy(bytes, *stored_page(o, page), PAGE_SIZE);
        return 0;
    }
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        ((uint8_t *)bytes)[i] = fake_file_byte((unsigned)(uintptr_t)o->data, page, i);
    return 0;
}

static int write_file(struct obj *o, uint32_t page, const void *bytes)
{
    void **to = stored_page(o, page);

    fake_writes++;
    if (fake_fill_us < 0)
        return -EIO;
    if (!*to)
        *to = malloc(PAGE_SIZE);
    memcpy(*to, bytes, PAGE_SIZE);
    return 0;
}

void fake_file_cut(struct obj *o, uint32_t first)
{
    for (uint32_t i = first; stored_page(o, i); i++) {
        free(*stored_page(o, i));
        *stored_page(o, i) = NULL;
    }
}

static void release_file(struct obj *o)
{
    fake_file_cut(o, 0);
    kfree(o);
}

struct obj *fake_file(unsigned number, uint32_t npages)
{
    static const struct obj_ops ops = {
        .fill = fill_file, .write = write_file, .release = release_file, .slow = true};
    struct obj *o = kmalloc(sizeof(*o));

    if (!o)
        abort();
    obj_create(o, &ops, (void *)(uintptr_t)number, page_addr(npages));
    return o;
}
