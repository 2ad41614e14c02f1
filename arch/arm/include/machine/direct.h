/* SPDX-License-Identifier: MIT
 *
 * What mm/frame.h must know of the machine's addresses: kernel addresses have 32 bits.
 */
#ifndef MACHINE_DIRECT_H
#define MACHINE_DIRECT_H

#define DIRECT_BIAS 0u

#endif
