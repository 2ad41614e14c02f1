/* SPDX-License-Identifier: MIT
 *
 * The kernel's random numbers: one generator (lib/random.h), stirred with what the device tree and
 * hardware generators give. Before anything was stirred in its numbers are the same at every
 * boot; random_seeded() tells. Any context.
 */
#ifndef KERN_RANDOM_H
#define KERN_RANDOM_H

#include "lib/base.h"
#include "lib/fdt.h"

/* Stirs in rng-seed and kaslr-seed of /chosen. */
void random_init(const struct fdt *fdt);
/* Stirs in len bytes that others can not guess; anything is welcome, nothing does harm. */
void random_add_entropy(const void *data, size_t len);
/* Fills buf. */
void random_fill(void *buf, size_t len);
uint32_t random_u32(void);
/* Something was stirred in. */
bool random_seeded(void);

#endif
