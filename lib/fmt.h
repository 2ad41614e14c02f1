/* SPDX-License-Identifier: MIT
 *
 * Formatted text into a buffer, for the log, /proc and the panic path. Needs no lock, allocates
 * nothing and does not sleep, so any context may call it.
 * Conversions: d i u x X p s c and %%, with the lengths h hh l ll z t j; flags - and 0; width and
 * precision as digits or *. The precision limits a string and is the least number of digits of a
 * number. %p is 0x and all digits of an address. No floating point, no %n. A conversion outside
 * this list is copied as it stands and takes no argument.
 * Source: ISO/IEC 9899:2018, 7.21.6.1, of which this is a subset.
 */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <stdarg.h>

#include "lib/base.h"

/* Writes at most size bytes with the terminating NUL (nothing if size is 0; buf may then be NULL).
 * Returns the length in bytes, without NUL, that the whole text has: >= size means it was cut.
 * A NULL string prints as (null). */
int fmt_vsnprint(char *buf, size_t size, const char *f, va_list ap) __printf(3, 0);
int fmt_snprint(char *buf, size_t size, const char *f, ...) __printf(3, 4);

#endif
