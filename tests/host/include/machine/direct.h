/* SPDX-License-Identifier: MIT
 *
 * What mm/frame.h must know of the host's addresses: they have more bits than a kptr.
 */
#ifndef MACHINE_DIRECT_H
#define MACHINE_DIRECT_H

#include "lib/base.h"

extern uintptr_t fake_bias; /* the fake RAM's first byte less 0x50000000 */

#define DIRECT_BIAS fake_bias

#endif
