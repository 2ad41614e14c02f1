/* SPDX-License-Identifier: MIT
 *
 * Reading and writing the memory of an address space that need not be the current one, page by
 * page through pinned frames: exec writes the new stack so, /proc reads arguments so.
 */
#include <string.h>

#include "mm/as.h"
#include "mm/fault.h"

int as_peek(struct as *as, vaddr_t va, void *buf, size_t len)
{
    char *to = buf;

    while (len) {
        size_t offset = va & PAGE_MASK, n = MIN(len, PAGE_SIZE - offset);
        pfn_t pfn;
        int error = fault_pin(as, va, PROT_READ, true, &pfn);

        if (error)
            return error;
        memcpy(to, (char *)pfn_to_virt(pfn) + offset, n);
        frame_unuse(pfn);
        va += n;
        to += n;
        len -= n;
        preempt_point();
    }
    return 0;
}

int as_poke(struct as *as, vaddr_t va, const void *buf, size_t len)
{
    const char *from = buf;

    while (len) {
        size_t offset = va & PAGE_MASK, n = MIN(len, PAGE_SIZE - offset);
        pfn_t pfn;
        int error = fault_pin(as, va, PROT_WRITE, true, &pfn);

        if (error)
            return error;
        memcpy((char *)pfn_to_virt(pfn) + offset, from, n);
        if (IS_ENABLED(CONFIG_LINT))
            hat_frame_written(pfn);
        frame_unuse(pfn);
        va += n;
        from += n;
        len -= n;
        preempt_point();
    }
    return 0;
}
