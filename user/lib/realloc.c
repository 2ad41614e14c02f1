/* SPDX-License-Identifier: MIT
 *
 * realloc in place of newlib-nano's, which copies as many bytes as the new block has and so reads
 * past the end of the old one: past the break when the old one is the last of the heap.
 * Both entries are replaced, the plain one and the one that newlib itself calls.
 */
#include <malloc.h>
#include <reent.h>
#include <stdlib.h>
#include <string.h>

void *_realloc_r(struct _reent *reent, void *old, size_t size)
{
    if (!old)
        return _malloc_r(reent, size);
    if (size == 0) {
        _free_r(reent, old);
        return NULL;
    }
    size_t room = _malloc_usable_size_r(reent, old);
    if (room >= size)
        return old;
    void *block = _malloc_r(reent, size);
    if (!block)
        return NULL;
    memcpy(block, old, room);
    _free_r(reent, old);
    return block;
}

void *realloc(void *old, size_t size)
{
    return _realloc_r(_REENT, old, size);
}
