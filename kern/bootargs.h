/* SPDX-License-Identifier: MIT
 *
 * What the boot loader said: the kernel command line, readable by every layer. Constant after boot.
 */
#ifndef KERN_BOOTARGS_H
#define KERN_BOOTARGS_H

#include "lib/base.h"

#define BOOTARGS_BYTES 2048u /* with the NUL */

/* Copies the line; false if it is too long, and the beginning of it is kept. */
bool bootargs_set(const char *line);
const char *bootargs_line(void);
/* Copies the value of key=value into buf (cut to fit); false if the key is not there. */
bool bootargs_get(const char *key, char *buf, size_t size);
/* key=value is exactly this value, as in bootargs_is("hat", "chaos"). */
bool bootargs_is(const char *key, const char *value);
/* The word alone stands on the line, as in noaslr. */
bool bootargs_flag(const char *word);
/* key=SIZE with K, M or G; def if absent or damaged. */
uint32_t bootargs_size(const char *key, uint32_t def);

#endif
