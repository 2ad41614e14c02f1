/* SPDX-License-Identifier: MIT
 *
 * What the fake HAT and copies of pages announce to coop.h. A program's access is one step: TLB,
 * walk and memory together, as it is over before an invalidation that it preceded goes on.
 */
#include "tests/host/coop/coop.h"
#include "tests/host/fake_hat.h"

struct user_access {
    struct as *as;
    vaddr_t va;
    prot_t access;
};

void fake_mmu_changes(enum fake_mmu what, uint32_t which)
{
    static const enum coop_thing things[] = {[FAKE_MMU_PAGE] = COOP_MMU_PAGE,
                                             [FAKE_MMU_NODE] = COOP_MMU_NODE,
                                             [FAKE_MMU_SPACE] = COOP_MMU_SPACE};

    coop_point(coop_key(things[what], which), COOP_WRITE);
}

/* What it touches depends on where it leads now. */
static void resolve(struct coop_op *op, void *arg)
{
    const struct user_access *u = arg;
    pfn_t pfn = fake_translate(u->as, u->va, u->access);

    op->n = 3;
    op->access[0] = (struct coop_access){coop_key(COOP_MMU_PAGE, page_of(u->va)), COOP_READ};
    op->access[1] = (struct coop_access){
        coop_key(COOP_MMU_NODE, page_of(u->va & ~(vaddr_t)(NODE_SPAN - 1))), COOP_READ};
    op->access[2] = (struct coop_access){coop_key(COOP_MMU_SPACE, u->as->hat.asid), COOP_READ};
    if (pfn != NO_PFN)
        op->access[op->n++] = (struct coop_access){
            (uintptr_t)pfn_to_virt(pfn), u->access == PROT_WRITE ? COOP_WRITE : COOP_READ};
}

void fake_mmu_access(struct as *as, vaddr_t va, prot_t access)
{
    struct user_access u = {as, va, access};

    coop_step(&(struct coop_op){.resolve = resolve, .arg = &u});
}

/* The page of the fake machine that holds p, if programs may see it, or 0. */
static uintptr_t data_page(const void *p)
{
    uintptr_t page = (uintptr_t)p & ~(uintptr_t)PAGE_MASK;
    uintptr_t first = (uintptr_t)pfn_to_virt(direct_map.first);

    if (page - first >= (uintptr_t)(direct_map.end - direct_map.first) * PAGE_SIZE)
        return 0;
    enum frame_type type = frame_type(frame_of_virt(p));

    return type == FRAME_OBJ || type == FRAME_ANON || type == FRAME_SWAP ? page : 0;
}

void coop_copy(const void *to, const void *from)
{
    struct coop_op op = {.n = 0};
    uintptr_t page;

    if (!coop_inside())
        return;
    if ((page = data_page(to)) != 0)
        op.access[op.n++] = (struct coop_access){page, COOP_WRITE};
    if (from && (page = data_page(from)) != 0)
        op.access[op.n++] = (struct coop_access){page, COOP_READ};
    if (op.n)
        coop_step(&op);
}

void fake_page_changes(void *page, const void *from)
{
    coop_copy(page, from);
}
