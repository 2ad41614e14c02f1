/* SPDX-License-Identifier: MIT
 *
 * Registers of devices, and the order of accesses that a device sees. Included by kern/device.h.
 */
#ifndef MACHINE_IO_H
#define MACHINE_IO_H

#include "lib/base.h"

static inline uint32_t reg_read(volatile void *base, uint32_t offset)
{
    return *(volatile uint32_t *)((volatile char *)base + offset);
}

static inline void reg_write(volatile void *base, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)((volatile char *)base + offset) = value;
}

/* Every access before, to memory and to registers, has been made, and devices see it so, before any
 * after it. ARM DDI 0406C A3.8.3: a DMB would order what other CPUs see, not a register's write
 * with memory that the device reads because of it. */
static inline void device_barrier(void)
{
    __asm__ volatile("dsb" ::: "memory");
}

#endif
