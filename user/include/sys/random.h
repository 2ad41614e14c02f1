/* SPDX-License-Identifier: MIT
 *
 * Random bytes from the kernel.
 */
#ifndef SYS_RANDOM_H
#define SYS_RANDOM_H

#include <sys/types.h>

#define GRND_NONBLOCK 1

ssize_t getrandom(void *buf, size_t len, unsigned flags);

#endif
