/* SPDX-License-Identifier: MIT
 *
 * The segment driver of anonymous memory: bss, heap, stack, private mappings of nothing. A page is
 * made when it is touched: the permanent zero page for a read, a cleared one for a write.
 * Source: SVR4's seg_vn without a vnode; 4.3BSD's zero-fill-on-demand.
 */
#include "mm/private.h"
#include "mm/seg.h"

static int anon_fault(struct fault *f)
{
    if (pte_is_none(f->pte))
        return private_zero(f);
    return private_write(f);
}

const struct seg_ops seg_anon = {
    .name = "anon",
    .fault = anon_fault,
};
