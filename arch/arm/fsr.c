/* SPDX-License-Identifier: MIT
 *
 * Fault status codes of the short-descriptor format.
 * Source: ARM DDI 0406C table B3-23, "Short-descriptor format FSR encodings".
 */
#include "arch/arm/trap.h"

static const uint8_t classes[32] = {
    [0x01] = FSR_ALIGNMENT,   [0x02] = FSR_DEBUG,       [0x03] = FSR_ACCESS_FLAG,
    [0x04] = FSR_EXTERNAL, /* instruction cache maintenance */
    [0x05] = FSR_TRANSLATION, [0x06] = FSR_ACCESS_FLAG, [0x07] = FSR_TRANSLATION,
    [0x08] = FSR_EXTERNAL,    [0x09] = FSR_DOMAIN,      [0x0b] = FSR_DOMAIN,
    [0x0c] = FSR_EXTERNAL,    [0x0d] = FSR_PERMISSION,  [0x0e] = FSR_EXTERNAL,
    [0x0f] = FSR_PERMISSION,  [0x16] = FSR_EXTERNAL,    [0x18] = FSR_EXTERNAL,
    [0x19] = FSR_EXTERNAL,    [0x1c] = FSR_EXTERNAL,    [0x1e] = FSR_EXTERNAL,
};

enum fsr_class fsr_classify(uint32_t fsr)
{
    return (enum fsr_class)classes[(fsr >> 6 & 16) | (fsr & 15)];
}
