/* SPDX-License-Identifier: MIT
 *
 * Objects of shared anonymous memory. Filling is clearing; nothing is read or written.
 * Source: SVR4's anonymous maps that shared segments refer to; Linux keeps a file of its tmpfs.
 */
#include "mm/obj_anon.h"

#include "mm/as.h"
#include "mm/page.h"
#include "mm/slab.h"

/* data: what was committed, pages. */
static struct slab_cache anon_cache = SLAB_CACHE("anonobj", sizeof(struct obj));
static uint32_t committed; /* atomic */

static int anon_fill(struct obj *o, uint32_t page, void *frame_bytes)
{
    (void)o;
    (void)page;
    page_clear(frame_bytes);
    return 0;
}

static int commit(int32_t npages)
{
    int error = as_commit_pages(npages);

    if (!error)
        __atomic_fetch_add(&committed, (uint32_t)npages, __ATOMIC_RELAXED);
    return error;
}

static void anon_release(struct obj *o)
{
    (void)!commit(-(int32_t)(uintptr_t)o->data);
    slab_free(&anon_cache, o);
}

static int anon_dirty(struct obj *o, pfn_t pfn)
{
    return obj_keep(o, pfn);
}

static const struct obj_ops anon_ops = {
    .dirty = anon_dirty,
    .fill = anon_fill,
    .release = anon_release,
    .only_copy = true,
};

struct obj *obj_anon_create(uint32_t npages, bool reserve)
{
    uint32_t promised = reserve ? npages : 0;
    struct obj *o = slab_alloc(&anon_cache);

    if (!o)
        return NULL;
    if (commit((int32_t)promised)) {
        slab_free(&anon_cache, o);
        return NULL;
    }
    obj_create(o, &anon_ops, (void *)(uintptr_t)promised, (uint64_t)npages << PAGE_SHIFT);
    return o;
}

bool obj_is_anon(const struct obj *o)
{
    return o->ops == &anon_ops;
}

uint32_t obj_anon_committed(void)
{
    return __atomic_load_n(&committed, __ATOMIC_RELAXED);
}
