/* SPDX-License-Identifier: MIT
 *
 * Whole pages, kernel-mapped and page aligned. Implemented by arch/arm/page.S with multi-register
 * transfers (about 200 and 330 instructions), on the host with memset and memcpy.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

void page_clear(void *page);
void page_copy(void *to, const void *from);

/* n bytes, a multiple of 16, 8-byte aligned: at slab objects. */
void words_clear(void *p, unsigned n);

#endif
