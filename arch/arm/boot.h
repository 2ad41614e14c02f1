/* SPDX-License-Identifier: MIT
 *
 * Pieces of arch/arm that run once, at boot. Private to arch/arm.
 */
#ifndef ARM_BOOT_H
#define ARM_BOOT_H

#include "lib/base.h"

void arch_boot(uint32_t dtb_phys, uint32_t phys_minus_virt);
void hat_boot(void);

#endif
