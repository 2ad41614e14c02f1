/* SPDX-License-Identifier: MIT
 *
 * Registers of devices on the host: a test of a driver says what they do.
 */
#ifndef MACHINE_IO_H
#define MACHINE_IO_H

#include "lib/base.h"

uint32_t reg_read(volatile void *base, uint32_t offset);
void reg_write(volatile void *base, uint32_t offset, uint32_t value);

static inline void device_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
