/* SPDX-License-Identifier: MIT
 *
 * Objects filled with zeroes that nobody named: shared anonymous memory. The pages are the only
 * copy of what was written and live as long as the object: as its segments and whoever else holds
 * it.
 */
#ifndef MM_OBJ_ANON_H
#define MM_OBJ_ANON_H

#include "mm/obj.h"

/* An object of npages > 0 with one reference, the caller's; reserve: its pages are committed memory
 * once, however often they are mapped. NULL: no memory, or over the commit limit. */
struct obj *obj_anon_create(uint32_t npages, bool reserve);
bool obj_is_anon(const struct obj *o);
/* Pages that all of them promise. */
uint32_t obj_anon_committed(void);

#endif
