/* SPDX-License-Identifier: MIT
 *
 * The kernel's log: a ring of text that the console shows and /proc/kmsg reads. Any context, any
 * time: before a console exists the text waits in the ring and is printed when one registers.
 */
#ifndef KERN_LOG_H
#define KERN_LOG_H

#include "lib/base.h"
#include <stdarg.h>

/* Appends one line (with its '\n') to the log and to the console. */
void log_printf(const char *format, ...) __printf(1, 2);
void log_vprintf(const char *format, va_list ap);

/* Copies up to len bytes of the log from position *pos (bytes since boot; moved to the oldest kept
 * byte if that is later) and advances it. Returns the number copied, 0 at the end. */
size_t log_read(uint64_t *pos, char *buf, size_t len);

/* Writes to the console by `write`, and no line of the log comes in between; what is logged
 * meanwhile follows. Waits, spinning, for a CPU that prints. Not from interrupts. */
void log_pass(void (*write)(const char *s, size_t n), const char *s, size_t n);

/* From now on the log also goes here (polled output, any context). NULL: no console. What is in
 * the ring so far is printed at once. */
void log_set_console(void (*write)(const char *s, size_t n));

/* For panic alone: forgets who held the log's lock or was printing. */
void log_break_locks(void);

#endif
